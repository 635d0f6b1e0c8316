"""Other wrappers after ours: OpenTelemetry's and Datadog's scripts, with their published packages.

The scripts of their layers are not in a registry. Those here have the same form: what they set, and
how they start the runtime. `opentelemetry-instrument`, the instrumentation of handlers, and the
handler of Datadog come from their packages on PyPI.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest

from ..support.life import VALUES, Life
from ..support.paths import ROOT

if TYPE_CHECKING:
    from ..support.life import Runtime

# As Lambda's bootstrap: it finds the handler by _HANDLER, and calls it for each event.
RUNTIME = """
import importlib, json, os, sys
sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
module, _, name = os.environ["_HANDLER"].rpartition(".")
handler = getattr(importlib.import_module(module), name)

class Context:
    aws_request_id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"
    function_name, function_version, memory_limit_in_mb = "shop", "1", "128"
    invoked_function_arn = "arn:aws:lambda:us-east-1:111122223333:function:shop"
    client_context = identity = None
    def get_remaining_time_in_millis(self):
        return 30_000

for line in sys.stdin:
    print(json.dumps(handler(json.loads(line), Context())), flush=True)
"""
HANDLER = f"""
import os, sys
sys.path.insert(0, {str(ROOT)!r})
import appconfig_env

NAMES = ("LIMIT", "HOST", "DB_PASSWORD")

def handler(event, context):
    if event.get("refresh"):
        appconfig_env.refresh()
    return {{
        "process": os.getpid(),
        "environ": [os.environ.get(name) for name in NAMES],
        "values": [appconfig_env.get(name) for name in NAMES],
        "traced": traced(),
    }}

def traced():
    if "opentelemetry" in sys.modules:
        from opentelemetry import trace
        return trace.get_current_span().get_span_context().is_valid
    return "datadog_lambda" in sys.modules
"""
# The layer's environment for Python: its packages and the runtime's come first on PYTHONPATH. Then
# opentelemetry-instrument adds a folder of its own, whose sitecustomize instruments libraries.
OTEL_INSTRUMENT = """\
    #!/bin/bash
    set -ef -o pipefail
    export LAMBDA_LAYER_PKGS_DIR={packages}
    export PYTHONPATH="$LAMBDA_LAYER_PKGS_DIR:$PYTHONPATH"
    export PYTHONPATH="$LAMBDA_RUNTIME_DIR:$PYTHONPATH"
    export OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=aws-lambda
    export OTEL_RESOURCE_ATTRIBUTES="service.name=shop"
    export ORIG_HANDLER="$_HANDLER"
    export _HANDLER="otel_wrapper.lambda_handler"
    exec {python} {instrument} "$@"
"""
OTEL_WRAPPER = """
import importlib, os
from opentelemetry.instrumentation.aws_lambda import AwsLambdaInstrumentor

AwsLambdaInstrumentor().instrument()
module, name = os.environ["ORIG_HANDLER"].rsplit(".", 1)
lambda_handler = getattr(importlib.import_module(module), name)
"""
OTEL = {f"OTEL_{signal}_EXPORTER": "none" for signal in ("TRACES", "METRICS", "LOGS")}
# Earlier layers, and AWS's own examples of wrappers: the runtime becomes a child of a shell.
AS_A_CHILD = """\
    #!{python}
    import os, sys
    os.environ["FROM_WRAPPER"] = "yes"
    sys.exit(os.waitstatus_to_exitcode(os.system(" ".join(sys.argv[1:]))))
"""
DATADOG_WRAPPER = """\
    #!/bin/bash
    args=("$@")
    DD_LOG_LEVEL=$(echo "$DD_LOG_LEVEL" | tr '[:upper:]' '[:lower:]')
    export DD_TRACE_STARTUP_LOGS=0
    exec "${{args[@]}}"
"""
DATADOG = {
    "DD_LAMBDA_HANDLER": "shop.handler",
    "DD_API_KEY": "0" * 32,  # never used: metrics go to the log, and traces nowhere
    "DD_FLUSH_TO_LOG": "true",
    "DD_TRACE_ENABLED": "false",
    "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
    "DD_REMOTE_CONFIGURATION_ENABLED": "false",
    "DD_CRASHTRACKING_ENABLED": "false",
    "DD_ENHANCED_METRICS": "false",
}


def started(life: Life, wrapper: str, handler: str = "shop.handler", **environ: str) -> Runtime:
    """Start the runtime as Lambda does, with `wrapper` as the one after ours."""
    following = life.folder / "next"
    instrument = Path(sys.executable).parent / "opentelemetry-instrument"
    following.write_text(
        dedent(wrapper).format(
            packages=":".join(map(shlex.quote, [str(ROOT), *filter(None, sys.path)])),
            python=sys.executable,
            instrument=instrument,
        )
    )
    following.chmod(0o755)
    files = {"runtime.py": RUNTIME, "shop.py": HANDLER, "otel_wrapper.py": OTEL_WRAPPER}
    for name, text in files.items():
        (life.folder / name).write_text(text)
    life.environ |= {
        "_HANDLER": handler,
        "LAMBDA_TASK_ROOT": str(life.folder),
        "LAMBDA_RUNTIME_DIR": str(life.folder),
        "AWS_LAMBDA_FUNCTION_NAME": "shop",
        "APPCONFIG_ENV_NEXT_WRAPPER": str(following),
        **environ,
    }
    return life.start(words=[str(life.folder / "runtime.py")])


def invoke(runtime: Runtime, event: str = "{}") -> dict[str, Any]:
    runtime.send(event)
    while not isinstance(found := runtime.response(), dict) or "process" not in found:
        pass  # what a library has logged
    return found


CHAINS = {
    "OpenTelemetry": (OTEL_INSTRUMENT, "shop.handler", OTEL),
    "Datadog": (DATADOG_WRAPPER, "datadog_lambda.handler.handler", DATADOG),
}


@pytest.mark.parametrize("name", CHAINS)
def test_the_handler_is_instrumented_and_has_the_values(life: Life, name: str) -> None:
    wrapper, handler, environ = CHAINS[name]

    runtime = started(life, wrapper, handler, **environ)

    first = invoke(runtime)
    assert first["traced"], "their instrumentation works"
    assert (first["environ"], first["values"]) == (VALUES, VALUES)
    assert first["process"] == runtime.pid, "all of them have replaced one process"
    life.deploy(11)
    assert invoke(runtime, '{"refresh": true}')["values"] == ["11", *VALUES[1:]]
    assert life.aws.count("StartConfigurationSession") == 1, "the wrapper's"
    assert life.aws.problems == []
    assert runtime.end() == 0


@pytest.mark.parametrize("name", CHAINS)
def test_a_deferred_secret_reaches_the_helper_through_the_chain(life: Life, name: str) -> None:
    wrapper, handler, environ = CHAINS[name]
    del life.environ["DB_PASSWORD"]
    life.environ["APPCONFIG_ENV_SOURCES"] += " secretsmanager:prod/db?env=no&prefix=DB_"

    runtime = started(life, wrapper, handler, **environ)

    found = invoke(runtime)
    assert (found["environ"], found["values"]) == ([*VALUES[:2], None], VALUES)
    assert life.aws.count("GetSecretValue") == 1, "the child process has read it"
    assert life.aws.problems == []


def test_a_wrapper_that_runs_the_runtime_as_a_child_works_too(life: Life) -> None:
    runtime = started(life, AS_A_CHILD)

    first = invoke(runtime)

    assert (first["environ"], first["values"]) == (VALUES, VALUES)
    assert first["process"] != runtime.pid
    life.deploy(11)
    assert invoke(runtime, '{"refresh": true}')["values"] == ["11", *VALUES[1:]]
    assert life.aws.problems == []
    assert runtime.end() == 0
