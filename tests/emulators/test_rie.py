"""Tests that the sandbox behaves like Lambda: wrapper, paths, crashes, shutdown."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from ..support.pythons import PYTHONS
from ..support.rie import Sandbox

if TYPE_CHECKING:
    from ..support.fake_aws import FakeAws

Start = Callable[..., Sandbox]

HANDLER = """
    import json, os, sys, urllib.request
    STARTED = os.getpid()

    def handler(event, context):
        if event == "die":
            os._exit(9)
        return eval(event)
"""
WRAPPER = """\
    #!/bin/sh
    export FROM_WRAPPER="$*"
    echo "the wrapper ran"
    exec "$@"
"""


def write(path: Path, text: str, mode: int = 0o644) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text))
    path.chmod(mode)
    return path


@pytest.fixture
def task(tmp_path: Path) -> Path:
    return write(tmp_path / "task" / "handler.py", HANDLER).parent


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    write(tmp_path / "layer" / "python" / "in_layer.py", "NUMBER = 7\n")
    return write(tmp_path / "layer" / "appconfig-env", WRAPPER, 0o755).parent


def alive(pids: list[int]) -> list[int]:
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def test_the_wrapper_runs_before_the_runtime(sandbox: Start, task: Path, layer: Path) -> None:
    function = sandbox(task, layer, {"GREETING": "hello"})
    status, environ = function.invoke("dict(os.environ)")
    assert status == 200
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    expected = f"/var/lang/bin/python{version} /var/runtime/bootstrap.py"
    assert environ["FROM_WRAPPER"] == expected
    assert environ["GREETING"] == "hello"
    assert environ["AWS_EXECUTION_ENV"] == f"AWS_Lambda_python{version}"
    assert environ["PYTHONPATH"] == "/var/runtime"
    assert "VIRTUAL_ENV" not in environ
    assert function.log().count("the wrapper ran") == 1
    (init_ms,) = function.init_durations_ms()
    assert init_ms > 1


def test_without_a_wrapper_the_runtime_starts_alone(sandbox: Start, task: Path) -> None:
    function = sandbox(task, wrapper=None)
    assert function.invoke("os.environ.get('AWS_LAMBDA_EXEC_WRAPPER')") == (200, None)


def test_the_layer_is_importable_unless_pythonpath_is_set(
    sandbox: Start, task: Path, layer: Path
) -> None:
    number = "__import__('in_layer').NUMBER"
    assert sandbox(task, layer).invoke(number) == (200, 7)
    write(layer / "appconfig-env", '#!/bin/sh\nexport PYTHONPATH=/x\nexec "$@"\n', 0o755)
    _, response = sandbox(task, layer).invoke(number)
    assert response["errorType"] == "ModuleNotFoundError"


@pytest.mark.parametrize(("mode", "exit_status"), [(None, 127), (0o644, 126)])
def test_a_wrapper_that_cannot_run_fails_the_init(
    sandbox: Start, task: Path, layer: Path, mode: int | None, exit_status: int
) -> None:
    if mode is None:
        (layer / "appconfig-env").unlink()
    else:
        (layer / "appconfig-env").chmod(mode)
    function = sandbox(task, layer)
    status, _ = function.invoke()
    assert status == 502
    assert f"exit status {exit_status}" in function.log()


def test_only_tmp_is_writable_and_can_be_read_from_outside(
    sandbox: Start, task: Path, layer: Path
) -> None:
    function = sandbox(task, layer)
    assert function.invoke("open('/tmp/note', 'w').write('hi')") == (200, 2)
    assert (function.tmp / "note").read_text() == "hi"
    assert function.invoke("os.listdir('/tmp')") == (200, ["note"])
    if os.geteuid() == 0:
        for folder in ("/opt", "/var/task", "/var/runtime", "/var/lang", "/etc"):
            _, response = function.invoke(f"open('{folder}/note', 'w')")
            assert "Read-only" in response["errorMessage"]


def test_a_crash_repeats_init_and_keeps_tmp(sandbox: Start, task: Path, layer: Path) -> None:
    function = sandbox(task, layer)
    function.invoke("open('/tmp/note', 'w').write('hi')")
    _, first = function.invoke("STARTED")
    status, response = function.invoke("die")
    assert (status, response["errorType"]) == (502, "Runtime.ExitError")
    status, second = function.invoke("STARTED")
    assert status == 200
    assert second != first
    assert function.log().count("the wrapper ran") == 2
    assert function.invoke("os.listdir('/tmp')") == (200, ["note"])


def test_no_process_survives_a_stop(sandbox: Start, task: Path, layer: Path) -> None:
    function = sandbox(task, layer)
    # A child in its own session, like a daemon.
    daemon = "__import__('subprocess').Popen(['sleep', '600'], start_new_session=True).pid"
    assert function.invoke(daemon)[0] == 200
    pids = function.pids()
    assert len(pids) >= 3
    function.stop()
    assert alive(pids) == []
    assert "Shutting down" in function.log()


@pytest.mark.usefixtures("namespaces")
def test_no_process_survives_a_failing_test(task: Path, layer: Path) -> None:
    pids = []

    def fail() -> None:
        with Sandbox(task, layer) as function:
            function.invoke("1")
            pids.extend(function.pids())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert pids
    assert alive(pids) == []


def test_a_timeout_ends_the_runtime(sandbox: Start, task: Path, layer: Path) -> None:
    function = sandbox(task, layer, timeout_seconds=4)
    _, response = function.invoke("__import__('time').sleep(10)")
    assert "timed out after 4.00 seconds" in json.dumps(response)
    assert function.invoke("1") == (200, 1)


def test_a_frozen_sandbox_does_not_run(sandbox: Start, task: Path, layer: Path) -> None:
    function = sandbox(task, layer)
    function.invoke("1")
    function.freeze()
    with ThreadPoolExecutor(1) as pool:
        response = pool.submit(function.invoke, "2")
        time.sleep(0.3)
        assert not response.done()
        function.thaw()
        assert response.result() == (200, 2)


def test_credentials_can_come_from_a_container_endpoint(
    sandbox: Start, task: Path, layer: Path
) -> None:
    function = sandbox(task, layer, {"AWS_ACCESS_KEY_ID": "ASIAMINE"}, init_caching=True)
    request = (
        "json.load(urllib.request.urlopen(urllib.request.Request("
        "os.environ['AWS_CONTAINER_CREDENTIALS_FULL_URI'], headers={'Authorization':"
        "os.environ['AWS_CONTAINER_AUTHORIZATION_TOKEN']})))['AccessKeyId']"
    )
    assert function.invoke(request) == (200, "ASIAMINE")
    assert function.invoke("os.environ.get('AWS_ACCESS_KEY_ID')") == (200, None)


def test_a_custom_credentials_endpoint_can_replace_the_keys(
    sandbox: Start, task: Path, layer: Path, fake_aws: FakeAws
) -> None:
    function = sandbox(task, layer, fake_aws.environ(container=True))
    request = (
        "json.load(urllib.request.urlopen(urllib.request.Request("
        "os.environ['AWS_CONTAINER_CREDENTIALS_FULL_URI'], headers={'Authorization':"
        "os.environ['AWS_CONTAINER_AUTHORIZATION_TOKEN']})))['AccessKeyId']"
    )
    _, key = function.invoke(request)
    assert key in fake_aws.account.identities
    assert function.invoke("[name for name in os.environ if 'KEY' in name]") == (200, [])


def test_several_workers_share_one_environment(sandbox: Start, task: Path, layer: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("the emulator changes its user")
    function = sandbox(task, layer, max_concurrency=3)
    # A worker answers once another one has a request too.
    meet = (
        "[open(f'/tmp/meets-{os.getpid()}', 'w').close(),"
        " next(None for _ in iter(int, 1) if len(__import__('glob').glob('/tmp/meets-*')) > 1"
        " or __import__('time').sleep(0.01)), os.getpid()][2]"
    )
    with ThreadPoolExecutor(3) as pool:
        responses = list(pool.map(function.invoke, [meet] * 3))
    assert {status for status, _ in responses} == {200}
    assert len({pid for _, pid in responses}) >= 2
    assert function.log().count("the wrapper ran") == 1


def test_a_ca_bundle_can_be_read_inside(
    sandbox: Start, task: Path, layer: Path, fake_aws_tls: FakeAws
) -> None:
    function = sandbox(task, layer, fake_aws_tls.environ())
    reach = (
        "urllib.request.urlopen(os.environ['AWS_ENDPOINT_URL'] + '/_fake/summary',"
        "context=__import__('ssl').create_default_context("
        "cafile=os.environ['AWS_CA_BUNDLE'])).status"
    )
    assert function.invoke(reach) == (200, 200)


def test_another_language_can_replace_the_runtime(sandbox: Start, task: Path, layer: Path) -> None:
    write(
        task / "loop.sh",
        """\
        api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
        while true; do
          id=$(curl -s -D - -o /dev/null "$api/next" | tr -d '\\r' |
               sed -n 's/^[Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d: //p')
          curl -s -o /dev/null -d "\\"$FROM_WRAPPER\\"" "$api/$id/response"
        done
        """,
    )
    if shutil.which("curl", path="/usr/local/bin:/usr/bin:/bin") is None:
        pytest.skip("needs curl")
    function = sandbox(task, layer, command=["/bin/sh", "/var/task/loop.sh"])
    assert function.invoke() == (200, "/bin/sh /var/task/loop.sh")


def test_a_program_can_be_hidden(sandbox: Start, task: Path, layer: Path) -> None:
    function = sandbox(task, layer, hide=["/usr/bin/id", "/usr/bin/none"])
    status, response = function.invoke("os.access('/usr/bin/id', os.X_OK)")
    assert (status, response) == (200, False)


def test_an_invocation_returns_the_handler_s_exception(
    sandbox: Start, task: Path, layer: Path
) -> None:
    status, response = sandbox(task, layer).invoke("1/0")
    assert (status, response["errorType"]) == (200, "ZeroDivisionError")


@pytest.mark.parametrize("version", PYTHONS)
def test_another_python_can_be_the_runtime(
    sandbox: Start, task: Path, layer: Path, version: str
) -> None:
    function = sandbox(task, layer, python=PYTHONS[version])
    assert function.invoke("'%d.%d' % sys.version_info[:2]") == (200, version)
