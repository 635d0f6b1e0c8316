"""The canary: a pytest run that leaks the secret fails and reports where."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from ..support import canary
from ..support.canary import Watch, forms
from ..support.fake_aws import FakeAws
from ..support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OTHER = "an0ther-canary-of-an-inner-run"
LEAKS = f"""
import base64, logging, os, subprocess, sys, time, warnings
import pytest

CANARY = os.environ["{canary.VARIABLE}"]
ECHO = [sys.executable, "-I", "-S", "-c", "import os; os.write(2, os.environ['X'].encode())"]

def test_print():
    print("value:", CANARY)

def test_stderr():
    sys.stderr.write(CANARY)

def test_log():
    logging.getLogger("x").error("got %s", CANARY)

def test_bytes_below_python():
    os.write(1, CANARY.encode())

def test_error():
    raise ValueError(f"no such value: {{CANARY}}")

def test_local_of_a_failed_assertion():
    found = CANARY
    assert found == "x"

def test_warning():
    warnings.warn(f"see {{CANARY}}", stacklevel=1)

def test_captured_child():
    subprocess.run(ECHO, env={{"X": CANARY}}, capture_output=True, check=True)

def test_inherited_child():
    subprocess.run(ECHO, env={{"X": CANARY}}, check=True)

def test_arguments():
    subprocess.run(["/bin/true", "--password", CANARY], check=True)

def test_words_after_exec(request):
    watch = request.config.pluginmanager.get_plugin("canary-watch").watch
    script = "import os; os.execv(os.sys.executable, [os.sys.executable, '-I', '-S', '-c', "
    script += "'input()', os.environ['X']])"
    command = [sys.executable, "-I", "-S", "-c", script]
    with subprocess.Popen(command, env={{"X": CANARY}}, stdin=subprocess.PIPE) as process:
        until = time.monotonic() + 60
        place = f"the command line of a process of {{request.node.nodeid}}"
        while place not in watch.places:
            assert time.monotonic() < until
            time.sleep(0.01)
        process.communicate(b"\\n")

def test_file(tmp_path):
    (tmp_path / "snapshot.json").write_text(f'{{{{"v": "{{CANARY}}"}}}}')

def test_base64(tmp_path):
    token = base64.b64encode(f"user:{{CANARY}}:more".encode())
    (tmp_path / "header").write_bytes(b"Basic " + token)

@pytest.fixture
def loud():
    yield
    print(CANARY)

def test_teardown(loud):
    pass

def test_intended_output(tmp_path):
    (tmp_path / "secrets.json").write_text(CANARY)
    show = ECHO[-1].replace("write(2", "write(1")
    subprocess.run([*ECHO[:-1], show], env={{"X": CANARY}}, capture_output=True, check=True)
    assert CANARY
"""
REPORTED = {
    "test_print": "Captured stdout call of",
    "test_stderr": "Captured stderr call of",
    "test_log": "Captured log call of",
    "test_bytes_below_python": "Captured stdout call of",
    "test_error": "the report of",
    "test_local_of_a_failed_assertion": "the report of",
    "test_warning": "a warning of",
    "test_captured_child": "the standard error of a process of",
    "test_inherited_child": "Captured stderr call of",
    "test_arguments": "the arguments of a process of",
    "test_words_after_exec": "the command line of a process of",
    "test_file": "the file",
    "test_base64": "the file",
    "test_teardown": "Captured stdout teardown of",
}


def inner_run(folder: Path, text: str, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_inner.py").write_text(text)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "tests.support.canary_plugin",
        "-p",
        "no:cacheprovider",
    ]
    command += ["-c", os.devnull, "--rootdir", str(folder), "--basetemp", str(folder / "temp")]
    return subprocess.run(
        [*command, "--tb=short", *options, "test_inner.py"],
        cwd=folder,
        env={
            **os.environ,
            canary.VARIABLE: OTHER,
            "PYTHONPATH": str(ROOT),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # loading them takes longer than the run
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


# The options of an inner run: in a single process, or in workers that report to it.
WORKER = ("-p", "xdist.plugin", "-n", "1")
WORKERS = ("-p", "xdist.plugin", "-n", "2")
each_run = pytest.mark.parametrize("workers", [(), WORKER], ids=["single", "worker"])


@pytest.fixture(scope="module", params=[(), WORKERS], ids=["single", "workers"])
def leaky(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[int, str]:
    done = inner_run(tmp_path_factory.mktemp("leaky"), LEAKS, *request.param)
    return done.returncode, done.stdout.partition("the canary secret leaked")[2]


@pytest.mark.parametrize("test", REPORTED)
def test_a_leak_through_any_channel_is_reported(leaky: tuple[int, str], test: str) -> None:
    code, summary = leaky
    assert code == pytest.ExitCode.TESTS_FAILED
    lines = [line for line in summary.splitlines() if re.search(rf"{test}\b|{test}0/", line)]
    assert any(line.startswith(f"CANARY in {REPORTED[test]}") for line in lines), summary


def test_the_report_shows_the_place_but_not_the_secret(leaky: tuple[int, str]) -> None:
    _, summary = leaky
    lines = [line for line in summary.splitlines() if line.startswith("CANARY in")]
    assert len(lines) >= len(REPORTED)
    assert not any(OTHER in line for line in lines)


def test_intended_output_is_not_reported_as_a_leak(leaky: tuple[int, str]) -> None:
    assert "intended_output" not in leaky[1].partition("short test summary")[0]


@each_run
def test_a_leak_fails_a_run_whose_tests_all_pass(tmp_path: Path, workers: tuple[str, ...]) -> None:
    text = f"import os\ndef test_it(): print(os.environ['{canary.VARIABLE}'])"
    done = inner_run(tmp_path, text, *workers)
    assert "1 passed" in done.stdout
    assert done.returncode == pytest.ExitCode.TESTS_FAILED


@each_run
def test_a_run_without_leaks_passes_and_reports_how_much_was_searched(
    tmp_path: Path, workers: tuple[str, ...]
) -> None:
    text = "def test_it(tmp_path): (tmp_path / 'x').write_text('y' * 9000)"
    done = inner_run(tmp_path, text, *workers)
    assert done.returncode == 0
    size = re.search(r"canary: not in (\d+\.\d+) MB", done.stdout)
    assert size
    assert 0.009 <= float(size[1]) < 0.1


BROKEN = """
def broken(process):
    raise ValueError("a message")
"""


@each_run
@pytest.mark.parametrize(
    ("death", "why"),
    [
        ("watch.descendants = broken", "ValueError in test_inner.py, line 3"),
        ("watch.stop()", "its thread has ended"),
    ],
)
def test_a_watch_that_ends_early_fails_the_run_but_no_test(
    tmp_path: Path, death: str, why: str, workers: tuple[str, ...]
) -> None:
    text = f"""
import threading
def test_it(request):
    watch = request.config.pluginmanager.get_plugin("canary-watch").watch
    (sampler,) = [one for one in threading.enumerate() if "sample" in one.name]
    {death}
    sampler.join(60)
    assert not sampler.is_alive()
def test_another(): pass
"""
    done = inner_run(tmp_path, BROKEN + text, "-W", "error", *workers)
    assert "2 passed" in done.stdout
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    worker = r"gw\d: " if workers else ""
    line = rf"^CANARY command lines were not watched to the end: {worker}{re.escape(why)}$"
    assert re.search(line, done.stdout, re.MULTILINE)
    assert "a message" not in done.stdout
    assert "canary: not in" not in done.stdout


def test_a_worker_that_does_not_report_fails_the_run(tmp_path: Path) -> None:
    text = """
import pytest
@pytest.hookimpl(trylast=True, wrapper=True)
def pytest_sessionfinish(session):
    yield
    getattr(session.config, "workeroutput", {}).pop("canary", None)
"""
    (tmp_path / "mute.py").write_text(text)
    done = inner_run(tmp_path, "def test_it(): pass", "-p", "mute", *WORKER)
    assert "1 passed" in done.stdout
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert "CANARY command lines were not watched to the end: gw0: did not report" in done.stdout
    assert "canary: not in" not in done.stdout


def ended_process() -> int:
    with subprocess.Popen(["/bin/true"]) as process:
        process.wait()
    return process.pid


def test_a_process_that_has_ended_has_no_descendants() -> None:
    assert list(canary.descendants(ended_process())) == []


def test_processes_that_vanish_during_the_search_do_not_hide_other_descendants(
    tmp_path: Path,
) -> None:
    def thread(process: int, number: int) -> Path:
        folder = tmp_path / str(process) / "task" / str(number)
        folder.mkdir(parents=True)
        return folder

    (thread(1, 1) / "children").write_text("2 3 4 ")
    thread(1, 5)  # ended before its file was opened
    (thread(1, 6) / "children").write_text("7 ")
    (thread(2, 2) / "children").mkdir()  # opened, but reading it fails
    (thread(4, 4) / "children").write_text("8 ")  # and process 3 has ended
    assert set(canary.descendants(1, tmp_path)) == {2, 3, 4, 7, 8}


def test_descendants_are_found_for_every_thread_that_started_them() -> None:
    code = "import subprocess, sys; subprocess.run(['sh', '-c', 'echo $$; read x; exit 0'])"
    started = []

    def start() -> None:
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        )

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    with started[0] as process:
        assert process.stdout
        grandchild = int(process.stdout.readline())
        assert {process.pid, grandchild} <= set(canary.descendants(os.getpid()))
        process.communicate(b"\n")


def test_a_process_that_ends_between_listing_and_reading_is_skipped() -> None:
    watch = Watch("s3cret-s3cret")
    rounds = iter(range(3))
    seen = []

    def with_one_that_ended(process: int) -> Iterator[int]:
        seen.append(process)
        if next(rounds) == 2:
            watch.stop()
        yield ended_process()
        yield process

    watch.descendants = with_one_that_ended
    watch.sample()
    assert len(seen) == 3
    assert watch.failure == ""
    assert watch.searched


def test_the_canary_is_planted_in_every_credential() -> None:
    with FakeAws() as aws:
        environ = aws.environ()
        assumed = aws.account.new_identity("r/s", 900)
        container = aws.environ(container=True)
    assert canary.VALUE in environ["AWS_SECRET_ACCESS_KEY"]
    assert canary.VALUE in environ["AWS_SESSION_TOKEN"]
    assert canary.VALUE in assumed.secret_key
    assert canary.VALUE in assumed.session_token
    assert canary.VALUE in container["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
    assert os.environ[canary.UNRELATED] == canary.VALUE


def test_this_run_is_watched(request: pytest.FixtureRequest) -> None:
    plugin = request.config.pluginmanager.get_plugin("canary-watch")
    assert plugin is not None
    assert plugin.watch.test == request.node.nodeid


@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
def test_the_secret_is_found_in_base64(before: str) -> None:
    watch = Watch("s3cret-s3cret")
    watch.search(base64.b64encode(f"{before}s3cret-s3cret and more".encode()), "there")
    assert watch.places == ["there"]
    assert all(len(form) >= 8 for form in forms("s3cret-s3cret"))
