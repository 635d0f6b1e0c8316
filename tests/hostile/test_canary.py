"""The canary's watch: a run of pytest in which the secret comes out fails and says where."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ..support import canary
from ..support.canary import Watch, forms
from ..support.fake_aws import FakeAws
from ..support.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

OTHER = "an0ther-canary-of-an-inner-run"
LEAKS = f"""
import base64, logging, os, subprocess, sys, warnings
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

def test_words_after_exec():
    script = "import os, time; os.execv(os.sys.executable, ['python', '-I', '-S', '-c', "
    script += "'import time; time.sleep(0.5)', os.environ['X']])"
    subprocess.run([sys.executable, "-I", "-S", "-c", script], env={{"X": CANARY}}, check=True)

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

def test_what_is_shown_on_purpose(tmp_path):
    (tmp_path / "secrets.json").write_text(CANARY)
    show = ECHO[-1].replace("write(2", "write(1")
    subprocess.run([*ECHO[:-1], show], env={{"X": CANARY}}, capture_output=True, check=True)
    assert CANARY
"""
FOUND = {
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


def inner_run(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
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
        [*command, "--tb=short", "test_inner.py"],
        cwd=folder,
        env={**os.environ, canary.VARIABLE: OTHER, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def leaky(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, str]:
    done = inner_run(tmp_path_factory.mktemp("leaky"), LEAKS)
    return done.returncode, done.stdout.partition("the canary secret came out")[2]


@pytest.mark.parametrize("test", FOUND)
def test_each_way_out_is_watched(leaky: tuple[int, str], test: str) -> None:
    code, summary = leaky
    assert code == pytest.ExitCode.TESTS_FAILED
    lines = [line for line in summary.splitlines() if re.search(rf"{test}\b|{test}0/", line)]
    assert any(line.startswith(f"CANARY in {FOUND[test]}") for line in lines), summary


def test_where_it_stood_is_told_and_not_what(leaky: tuple[int, str]) -> None:
    _, summary = leaky
    told = [line for line in summary.splitlines() if line.startswith("CANARY in")]
    assert len(told) >= len(FOUND)
    assert not any(OTHER in line for line in told)


def test_what_is_shown_on_purpose_is_no_leak(leaky: tuple[int, str]) -> None:
    assert "shown_on_purpose" not in leaky[1].partition("short test summary")[0]


def test_a_leak_alone_fails_a_run_whose_tests_pass(tmp_path: Path) -> None:
    done = inner_run(tmp_path, f"import os\ndef test_it(): print(os.environ['{canary.VARIABLE}'])")
    assert "1 passed" in done.stdout
    assert done.returncode == pytest.ExitCode.TESTS_FAILED


def test_a_quiet_run_passes_and_says_how_much_was_searched(tmp_path: Path) -> None:
    done = inner_run(tmp_path, "def test_it(tmp_path): (tmp_path / 'x').write_text('y' * 9000)")
    assert done.returncode == 0
    size = re.search(r"canary: not in (\d+\.\d+) MB", done.stdout)
    assert size
    assert 0.009 <= float(size[1]) < 0.1


def test_it_is_planted_where_secrets_stand() -> None:
    with FakeAws() as aws:
        given = aws.environ()
        assumed = aws.account.new_identity("r/s", 900)
        inside = aws.environ(container=True)
    assert canary.VALUE in given["AWS_SECRET_ACCESS_KEY"]
    assert canary.VALUE in given["AWS_SESSION_TOKEN"]
    assert canary.VALUE in assumed.secret_key
    assert canary.VALUE in assumed.session_token
    assert canary.VALUE in inside["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
    assert os.environ[canary.UNRELATED] == canary.VALUE


def test_this_run_is_watched(request: pytest.FixtureRequest) -> None:
    plugin = request.config.pluginmanager.get_plugin("canary-watch")
    assert plugin is not None
    assert plugin.watch.test == request.node.nodeid


@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
def test_base64_is_seen_through(before: str) -> None:
    watch = Watch("s3cret-s3cret")
    watch.search(base64.b64encode(f"{before}s3cret-s3cret and more".encode()), "there")
    assert watch.places == ["there"]
    assert all(len(form) >= 8 for form in forms("s3cret-s3cret"))
