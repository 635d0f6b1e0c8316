"""gunicorn, which loads an application once and then forks its workers."""

from __future__ import annotations

import http.client
import json
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from ..support import ports
from ..support.life import PATIENCE_SECONDS, VALUES, Life, eventually, process_state
from ..support.paths import ROOT

APPLICATION = f"""
import json, os, sys, time
sys.path.insert(0, {str(ROOT)!r})
import appconfig_env

appconfig_env.get("LIMIT")  # before the workers are forked
AT_IMPORT = os.getpid()

def app(environ, start_response):
    time.sleep(0.05)  # long enough for the next request to go to another worker
    changed = sorted(appconfig_env.refresh()) if environ["PATH_INFO"] == "/refresh" else []
    values = [appconfig_env.get(name) for name in ("LIMIT", "HOST", "DB_PASSWORD")]
    body = json.dumps([os.getpid(), os.getpid() != AT_IMPORT, values]).encode()
    start_response("200 OK", [("Content-Type", "application/json")])
    return [body]
"""


def ask(port: int, path: str) -> tuple[int, bool, list[str]]:
    connection = http.client.HTTPConnection(ports.HOST, port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        text = response.read().decode()
        assert response.status == 200, text
        pid, is_worker, values = json.loads(text)
        return pid, is_worker, values
    finally:
        connection.close()


def test_gunicorn_workers_forked_after_the_first_read_get_and_refresh_values(life: Life) -> None:
    (life.folder / "application.py").write_text(APPLICATION)
    port = ports.free_port()
    options = ["--preload", "--workers", "3", "--bind", f"{ports.HOST}:{port}"]
    options += ["--chdir", str(life.folder), "--no-control-socket", "--log-level", "error"]
    runtime = life.start(words=["-m", "gunicorn"], arguments=[*options, "application:app"])

    def responses(path: str, least: int = 3) -> dict[int, list[str]]:
        seen: dict[int, list[str]] = {}
        with ThreadPoolExecutor(6) as pool:
            while len(seen) < least:
                for pid, is_worker, values in pool.map(ask, [port] * 6, [path] * 6):
                    assert is_worker
                    seen[pid] = values
        return seen

    def listens() -> bool:
        assert process_state(runtime.pid) not in "ZX", runtime.stderr()
        with suppress(OSError):
            return bool(ask(port, "/"))
        return False

    eventually(listens)
    workers = responses("/")
    assert list(workers.values()) == [VALUES] * 3
    life.deploy(11)
    life.aws.forward(60)
    life.aws.appconfig.enforces_interval = False  # many workers refresh at once
    assert responses("/refresh").keys() == workers.keys(), "none was killed because it hung"
    assert list(responses("/").values()) == [["11", "db.one", "s3cret"]] * 3
    assert life.aws.count("StartConfigurationSession") == 1, "the wrapper's"
    assert life.aws.received == {"shop/prod/app": 2}
    assert life.aws.problems == []
    runtime.process.send_signal(signal.SIGTERM)
    assert runtime.end() == 0
