"""AWS's runtime client beneath the wrapper: what it does without the wrapper, it does with it.

The wrapper may only add variables: each fact about the process, each kind of failure and the format
of the log must be the same with and without it.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest

from appconfig_env._content.protected import is_protected

from ..support.paths import ROOT
from ..support.rie import Sandbox, ensure_runtime

if TYPE_CHECKING:
    from pathlib import Path

Start = Callable[..., Sandbox]

HANDLER = """
    import json, logging, os, resource, signal, sys, threading

    def handler(event, context):
        return eval(event)
"""
VALUES = {"LIMIT": "10", "GREETING": "hello"}
ENVIRON = {"APPCONFIG_ENV_SOURCES": "file:/var/task/values.json"}
# What a process inherits through exec, or what the runtime client makes of it.
FACTS = {
    "the command": "[sys.argv, sys.orig_argv, sys.executable, sys.prefix]",
    "the options": "str(sys.flags), sys._xoptions, sys.warnoptions",
    "the import path": "sys.path",
    "the modules that the runtime client has loaded": "sorted(sys.modules)",
    "the encodings": "[sys.getfilesystemencoding(), sys.stdin.encoding, sys.stdout.encoding]",
    "the folder and the mask for files": "[os.getcwd(), os.umask(0o22), os.umask(0o22)]",
    "the open files": "sorted(os.listdir('/proc/self/fd'))",
    "the process, its group and its session": (
        "[os.getpid() == os.getpgrp(), os.getsid(0) == os.getpid(), os.getppid() == 1]"
    ),
    "the users": "[os.getresuid(), os.getresgid(), os.getgroups()]",
    "the children and the threads": (
        "[open(f'/proc/self/task/{os.getpid()}/children').read(), threading.active_count()]"
    ),
    "the signals that are blocked, ignored and caught": (
        "[line for line in open('/proc/self/status') if line.startswith('Sig')][1:]"
    ),
    "the signal handlers": "[repr(signal.getsignal(number)) for number in range(1, 32)]",
    "the limits": "[resource.getrlimit(number) for number in range(16)]",
    "the priority": "[os.nice(0), sorted(os.sched_getaffinity(0))]",
    "the timers": "[signal.getitimer(number) for number in range(3)]",
    "the log": "[logging.root.level, [type(one).__name__ for one in logging.root.handlers]]",
    "the context": "[context.function_name, context.function_version, context.memory_limit_in_mb]",
}
# A module's text and the handler's name; what the caller receives is the runtime client's.
AT_INIT = {
    "a module that does not exist": ("", "missing.handler", "Runtime.ImportModuleError"),
    "a function that does not exist": ("", "handler.missing", "Runtime.HandlerNotFound"),
    "a handler's name without a dot": ("", "handler", "Runtime.MalformedHandlerName"),
    "a syntax error": ("def handler(:", "handler.handler", "Runtime.UserCodeSyntaxError"),
    "an import that fails": ("import missing", "handler.handler", "Runtime.ImportModuleError"),
    "an exception": ("raise ValueError('x')", "handler.handler", "ValueError"),
    # The emulator has no response for these; its log has the exit code or the signal.
    "sys.exit": ("import sys; sys.exit(3)", "handler.handler", ""),
    "the end of the process": ("import os; os._exit(9)", "handler.handler", ""),
    "a signal": ("import os; os.kill(os.getpid(), 15)", "handler.handler", ""),
}
AT_AN_INVOCATION = {
    "[][1]": "IndexError",
    "{1, 2}": "Runtime.MarshalError",
    "object()": "Runtime.MarshalError",
    "sys.exit(3)": "Runtime.ExitError",
    "os._exit(9)": "Runtime.ExitError",
    "os.kill(os.getpid(), signal.SIGTERM)": "Runtime.ExitError",
    "os.kill(os.getpid(), signal.SIGPIPE)": "",  # Python ignores it, and so it must here
}
# What differs between two environments of one function.
OF_EACH_ENVIRONMENT = re.compile(
    "_X_AMZN_TRACE_ID|AWS_LAMBDA_(RUNTIME_API|METADATA_API|METADATA_TOKEN|LOG_STREAM_NAME)"
)
ENDED = re.compile(r"exit status \d+|signal: \w+")
# What the runtime client reads that no source could misuse.
HARMLESS = {"LAMBDA_DISABLE_PREVIEW_WARN"}


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    """The wrapper and the package where a layer has them, without byte code."""
    folder = tmp_path / "layer"
    shutil.copytree(
        ROOT / "appconfig_env",
        folder / "python" / "appconfig_env",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    shutil.copy2(ROOT / "wrapper" / "appconfig-env", folder / "appconfig-env")
    return folder


@pytest.fixture
def task(tmp_path: Path) -> Path:
    folder = tmp_path / "task"
    (folder / "package").mkdir(parents=True)
    for path in ("handler.py", "package/module.py"):
        (folder / path).write_text(dedent(HANDLER))
    (folder / "values.json").write_text(json.dumps(VALUES))
    return folder


def both(sandbox: Start, task: Path, layer: Path, **options: Any) -> tuple[Sandbox, Sandbox]:
    """Return one environment with the wrapper and one without it, otherwise the same."""
    environ = {**ENVIRON, **options.pop("environ", {})}
    return (
        sandbox(task, layer, environ, **options),
        sandbox(task, layer, environ, wrapper=None, **options),
    )


def test_the_process_is_the_one_that_lambda_would_have_started(
    sandbox: Start, task: Path, layer: Path
) -> None:
    wrapped, alone = both(sandbox, task, layer)

    for fact, expression in FACTS.items():
        found = wrapped.invoke(expression)
        assert found == alone.invoke(expression), fact
        assert found[0] == 200, fact


def test_the_environment_has_the_values_and_is_otherwise_unchanged(
    sandbox: Start, task: Path, layer: Path
) -> None:
    wrapped, alone = both(sandbox, task, layer)

    _, environ = wrapped.invoke("dict(os.environ)")
    _, unwrapped = alone.invoke("dict(os.environ)")

    expected = {**unwrapped, **VALUES}
    different = {name for name in expected if environ.get(name) != expected[name]}
    assert {name for name in different if not OF_EACH_ENVIRONMENT.fullmatch(name)} == set()
    assert environ.keys() - expected.keys() <= {
        "AWS_LAMBDA_EXEC_WRAPPER",
        "_APPCONFIG_ENV_HANDOFF",
        "_",
    }


@pytest.mark.parametrize("name", ["package.module.handler", "package/module.handler"])
def test_a_handler_may_be_in_a_package(sandbox: Start, task: Path, layer: Path, name: str) -> None:
    function = sandbox(task, layer, ENVIRON, handler=name)

    found = function.invoke("[os.environ['_HANDLER'], os.environ['LIMIT'], __file__]")

    assert found == (200, [name, "10", "/var/task/package/module.py"])


def test_modules_of_the_function_never_run_in_the_wrapper(
    sandbox: Start, task: Path, layer: Path
) -> None:
    for module in ("posix", "ssl", "hashlib", "dotenv", "tenacity", "boto3", "sitecustomize"):
        (task / f"{module}.py").write_text("raise SystemExit('a module of the function')\n")
    (task / "hostile.pth").write_text("import hostile_module\n")
    function = sandbox(task, layer, {**ENVIRON, "PYTHONSTARTUP": "/var/task/ssl.py"})

    assert function.invoke("os.environ['LIMIT']") == (200, "10")
    assert "a module of the function" not in function.log()


@pytest.mark.parametrize("failure", AT_INIT)
def test_a_failure_of_the_functions_own_init_is_reported_as_without_the_wrapper(
    sandbox: Start, task: Path, layer: Path, failure: str
) -> None:
    text, name, kind = AT_INIT[failure]
    if text:
        (task / "handler.py").write_text(text + "\n")
    wrapped, alone = both(sandbox, task, layer, handler=name)

    status, response = wrapped.invoke("1")
    status_alone, response_alone = alone.invoke("1")

    assert (response or {}).get("errorType", "") == kind
    assert (status, without_request(response)) == (status_alone, without_request(response_alone))
    assert set(ENDED.findall(wrapped.log())) == set(ENDED.findall(alone.log()))
    assert kind or ENDED.search(wrapped.log())


def test_a_failure_of_an_invocation_is_reported_as_without_the_wrapper(
    sandbox: Start, task: Path, layer: Path
) -> None:
    wrapped, alone = both(sandbox, task, layer)

    for expression, kind in AT_AN_INVOCATION.items():
        status, response = wrapped.invoke(expression)
        status_alone, response_alone = alone.invoke(expression)

        assert (status, without_request(response)) == (
            status_alone,
            without_request(response_alone),
        ), expression
        assert (response or {}).get("errorType", "") == kind, expression
    assert wrapped.invoke("os.environ['LIMIT']") == (200, "10"), "after crashes too"


def without_request(response: object) -> object:
    """Return a response without what is different in every environment."""
    text = re.sub(r'"requestId": "[^"]*"', "", json.dumps(response))
    return re.sub(r"RequestId: \S+", "", text)


@pytest.mark.parametrize("log_format", ["Text", "JSON"])
def test_the_functions_own_log_has_the_format_that_lambda_was_given(
    sandbox: Start, task: Path, layer: Path, log_format: str
) -> None:
    wrapped, alone = both(
        sandbox,
        task,
        layer,
        environ={"AWS_LAMBDA_LOG_FORMAT": log_format, "AWS_LAMBDA_LOG_LEVEL": "INFO"},
    )
    for function in (wrapped, alone):
        function.invoke("logging.getLogger('shop').info('sold %s', 3)")
        function.invoke("print('plain')")
        function.invoke("[][1]")

    assert own_lines(wrapped) == own_lines(alone)
    ours = [line for line in wrapped.log().splitlines() if "values from" in line]
    assert len(ours) == 1
    assert ("{" in ours[0]) is (log_format == "JSON")


def test_the_open_file_for_the_log_reaches_the_runtime_client(
    sandbox: Start, task: Path, layer: Path
) -> None:
    first = task / "first"
    first.write_text(
        "#!/bin/sh\nexec 7>/tmp/telemetry\nexport _LAMBDA_TELEMETRY_LOG_FD=7\n"
        'exec /opt/appconfig-env "$@"\n'
    )
    first.chmod(0o755)
    sources = f"{ENVIRON['APPCONFIG_ENV_SOURCES']} file:/var/task/values.json?env=no&prefix=LATER_"
    function = sandbox(task, layer, {"APPCONFIG_ENV_SOURCES": sources}, wrapper="/var/task/first")

    function.invoke("logging.getLogger('shop').error('sold')")

    frames = (function.tmp / "telemetry").read_bytes()
    assert frames.startswith(b"\xa5\x5a")  # as Lambda's own log expects each record
    assert b"sold" in frames


def own_lines(function: Sandbox) -> list[str]:
    """Return the lines of the function's own log, without times and IDs."""
    lines = [line for line in function.log().splitlines() if re.search("sold|plain|IndexErr", line)]
    lines = [re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", line) for line in lines]
    return [re.sub(r"\d{4}-\d\d-\d\d[T ][\d:.,]+Z?", "TIME", line) for line in lines]


def test_what_the_runtime_client_reads_is_protected() -> None:
    read: set[str] = set()
    for path in (ensure_runtime(sys.executable) / "awslambdaric").glob("*.py"):
        text = path.read_text()
        read |= set(re.findall(r'environ(?:\.get\(|\[)\s*"(\w+)"', text))
        read |= set(re.findall(r'^    [A-Z_]+ = "(_?[A-Z]+_[A-Z_]+)"$', text, re.MULTILINE))

    assert {"AWS_LAMBDA_RUNTIME_API", "AWS_LAMBDA_LOG_FORMAT", "_LAMBDA_TELEMETRY_LOG_FD"} <= read
    assert {name for name in read if not is_protected(name)} == HARMLESS
