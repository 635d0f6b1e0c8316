"""Lambda Web Adapter: its script starts a web server in place of the runtime.

The adapter itself is an extension, which sees HTTP only. Its layer's wrapper, `/opt/bootstrap`, has
one command: it executes the function's handler, a script in the task's folder.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ..support import ports
from ..support.life import VALUES
from ..support.paths import WRAPPER
from .web import APPLICATION, ask, wait_until_it_listens

if TYPE_CHECKING:
    from ..support.life import Life, Runtime

BOOTSTRAP = '#!/bin/bash\n\nexec -- "${LAMBDA_TASK_ROOT}/${_HANDLER}"\n'
SERVE = "python -m uvicorn --log-level error application:app --port"


def script(path: Path, text: str) -> str:
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def served(life: Life, run: str, *, first: str, **environ: str) -> tuple[Runtime, int]:
    """Start the function as Lambda does: `first` is AWS_LAMBDA_EXEC_WRAPPER."""
    (life.folder / "application.py").write_text(APPLICATION)
    port = ports.free_port()
    text = run.replace("PORT_NUMBER", str(port))
    script(life.folder / "run.sh", f"#!/bin/sh\ncd {life.folder}\n{text}\n")
    life.aws.put_parameter("/shop/prod/port", str(port))  # the adapter's own settings may come too
    runtime = life.start(
        wrapper=False,
        prefix=[first],
        LAMBDA_TASK_ROOT=str(life.folder),
        _HANDLER="run.sh",
        AWS_LAMBDA_EXEC_WRAPPER=first,
        **environ,
    )
    wait_until_it_listens(port, runtime)
    return runtime, port


def end(runtime: Runtime) -> None:
    os.killpg(runtime.pid, signal.SIGTERM)
    runtime.end()


def test_the_adapter_s_wrapper_comes_after_ours(life: Life) -> None:
    following = script(life.folder / "bootstrap", BOOTSTRAP)

    runtime, port = served(
        life, f"exec {SERVE} $PORT", first=str(WRAPPER), APPCONFIG_ENV_NEXT_WRAPPER=following
    )

    found = ask(port)
    assert (found["environ"], found["values"]) == (VALUES, VALUES)
    assert found["process"] == runtime.pid, "all of them have replaced one process"
    life.deploy(11)
    assert ask(port, "/refresh")["values"] == ["11", *VALUES[1:]]
    assert ask(port)["environ"] == VALUES, "as of the cold start"
    assert life.aws.count("StartConfigurationSession") == 1, "the wrapper's"
    assert life.aws.problems == []
    end(runtime)


@pytest.mark.parametrize("command", [f"exec {WRAPPER}", str(WRAPPER)])
def test_the_script_of_the_handler_can_start_the_wrapper_too(life: Life, command: str) -> None:
    following = script(life.folder / "bootstrap", BOOTSTRAP)
    # A word with a slash: the wrapper is called as Lambda calls it.
    python = f"{Path(sys.executable).parent}/{SERVE} PORT_NUMBER"

    runtime, port = served(life, f"{command} {python}", first=following)

    found = ask(port)
    assert (found["environ"], found["values"]) == (VALUES, VALUES)
    life.deploy(11)
    assert ask(port, "/refresh")["values"] == ["11", *VALUES[1:]]
    assert life.aws.problems == []
    end(runtime)


def test_deferred_secrets_reach_the_web_server(life: Life) -> None:
    following = script(life.folder / "bootstrap", BOOTSTRAP)
    del life.environ["DB_PASSWORD"]
    life.environ["APPCONFIG_ENV_SOURCES"] += " secretsmanager:prod/db?env=no&prefix=DB_"

    runtime, port = served(
        life, f"exec {SERVE} $PORT", first=str(WRAPPER), APPCONFIG_ENV_NEXT_WRAPPER=following
    )

    found = ask(port)
    assert (found["environ"], found["values"]) == ([*VALUES[:2], None], VALUES)
    assert life.aws.count("GetSecretValue") == 1, "the child process has read it"
    end(runtime)
