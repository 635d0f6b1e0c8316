"""uvicorn and gunicorn: workers that are spawned, and workers that are forked after the import."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from ..support import ports
from ..support.life import VALUES
from .web import APPLICATION, ask, wait_until_it_listens

if TYPE_CHECKING:
    from ..support.life import Life

WORKERS = 3
UVICORN = ["-m", "uvicorn", "--workers", str(WORKERS), "--log-level", "error", "--host", ports.HOST]
GUNICORN = [
    "-m", "gunicorn", "--preload", "--workers", str(WORKERS), "--no-control-socket",
    "--log-level", "error", "--worker-class", "uvicorn_worker.UvicornWorker",
]  # fmt: skip
SERVERS = {
    # Each worker is a new interpreter, which imports the application itself.
    "uvicorn": lambda port: [*UVICORN, "--port", str(port)],
    # The workers are forks of a process that has imported the application and called get().
    "gunicorn with uvicorn's worker": lambda port: [*GUNICORN, "--bind", f"{ports.HOST}:{port}"],
}


def responses(port: int, path: str, least: int) -> dict[int, dict[str, Any]]:
    """Return the last response of each worker, once as many as `least` have responded."""
    seen: dict[int, dict[str, Any]] = {}
    with ThreadPoolExecutor(6) as pool:
        while len(seen) < least:
            for found in pool.map(ask, [port] * 6, [path] * 6):
                seen[found["process"]] = found
    return seen


@pytest.mark.parametrize("server", SERVERS)
def test_every_worker_has_the_values_and_refreshes_them(life: Life, server: str) -> None:
    (life.folder / "application.py").write_text(APPLICATION)
    port = ports.free_port()
    runtime = life.start(
        words=SERVERS[server](port),
        arguments=["application:app"],
        PYTHONPATH=str(life.folder),
    )
    wait_until_it_listens(port, runtime)

    workers = responses(port, "/", WORKERS)

    assert runtime.pid not in workers
    assert {found["is_forked"] for found in workers.values()} == {server != "uvicorn"}
    assert [found["environ"] for found in workers.values()] == [VALUES] * WORKERS
    assert [found["values"] for found in workers.values()] == [VALUES] * WORKERS
    life.deploy(11)
    refreshed = responses(port, "/refresh", WORKERS)
    assert refreshed.keys() == workers.keys(), "none was killed because it hung"
    later = responses(port, "/", WORKERS)
    assert [found["values"] for found in later.values()] == [["11", *VALUES[1:]]] * WORKERS
    assert life.aws.count("StartConfigurationSession") == 1, "the wrapper's"
    assert life.aws.received == {"shop/prod/app": 2}
    assert life.aws.problems == []
    runtime.process.send_signal(signal.SIGTERM)
    runtime.end()
