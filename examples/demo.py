"""Demonstrate the example function under the wrapper, with a folder instead of AWS: `make demo`.

The script runs twice: outside, it starts the wrapper as Lambda does with AWS_LAMBDA_EXEC_WRAPPER;
inside, it acts as Lambda's runtime and calls the handler.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parent
WRAPPER = EXAMPLES.parent / "wrapper" / "appconfig-env"
DOCUMENT = "shop:prod:app.json"
FLAGS = "shop:prod:flags.json"
SETTINGS = {
    "APPCONFIG_ENV_SOURCES": "appconfig:shop/prod/app appconfig:shop/prod/flags ssm:/shop/prod/",
    "DB_PASSWORD": "secretsmanager:shop/prod/db#password",
}
EXPECTED = {
    "CATALOG_PAGE_SIZE": "20",
    "CHECKOUT_ENABLED": "false",
    "CHECKOUT_LIMIT": "10",
    "DB_HOST": "localhost",
    "DB_PORT": "5432",
    "GREETING": "Hello",
}


def outside() -> int:
    """Start the function as Lambda does; return the exit code."""
    heading("The function's settings (as in template.yaml, but read from a folder instead of AWS):")
    show({"AWS_LAMBDA_EXEC_WRAPPER": "wrapper/appconfig-env", **SETTINGS})
    with tempfile.TemporaryDirectory(prefix="appconfig-env-demo-") as folder:
        local = Path(folder) / "local"
        shutil.copytree(EXAMPLES / "local", local)
        # Not the shell's environment: a function has only what Lambda passes to it.
        environ = {
            "PATH": os.defpath,
            **SETTINGS,
            "APPCONFIG_ENV_LOCAL_DIR": str(local),
            "APPCONFIG_ENV_SNAPSHOT": str(Path(folder) / "snapshot.json"),
        }
        heading("The wrapper starts and becomes the runtime:")
        command = [str(WRAPPER), sys.executable, str(Path(__file__).resolve()), "--inside"]
        code = subprocess.run(command, env=environ, check=False).returncode  # noqa: S603 - our own wrapper
    if code == 0:
        heading("Everything is as expected.")
    else:
        print(f"\nmake demo: the function ended with exit code {code}", file=sys.stderr)
    return code


def inside() -> int:
    """Act as the runtime: call the handler, change the documents, call it again.

    Returns:
        The exit code.
    """
    password = os.environ.get("DB_PASSWORD", "")
    masked = "*" * 8 + f" ({len(password)} characters)"
    actual = {name: os.environ.get(name, "(missing)") for name in EXPECTED}
    heading("The environment before any of the function's code has run:")
    show({**actual, "DB_PASSWORD": masked})
    check(actual == EXPECTED, "these variables do not match examples/local")
    check(password == _password(), "DB_PASSWORD does not match examples/local/secrets.json")

    from handler import handler  # as late as the runtime imports it

    import appconfig_env

    before = handler({}, None)
    heading("The first invocation returns:")
    print(f"  {json.dumps(before)}")

    local = Path(os.environ["APPCONFIG_ENV_LOCAL_DIR"])
    (local / DOCUMENT).write_text('{"greeting": "Welcome back", "catalog": {"page-size": 50}}')
    (local / FLAGS).write_text('{"checkout": {"enabled": true, "limit": 10}}')
    heading(f"Now {DOCUMENT} and {FLAGS} change. A poll would notice within 45 seconds;")
    changed = appconfig_env.refresh()
    print(f"appconfig_env.refresh() notices at once: {', '.join(sorted(changed))}")

    after = handler({}, None)
    heading("The next invocation returns:")
    print(f"  {json.dumps(after)}")
    expected = {**before, "greeting": "Welcome back", "page_size": 50, "checkout": True}
    check(after == expected, "the handler did not return the changed values")
    check(os.environ["GREETING"] == "Hello", "os.environ changed after the cold start")
    return 0


def heading(text: str) -> None:
    """Print a heading."""
    print(f"\n{text}", flush=True)


def show(variables: dict[str, str]) -> None:
    """Print variables, sorted by name."""
    width = max(map(len, variables))
    for name, value in sorted(variables.items()):
        print(f"  {name:<{width}}  {value}", flush=True)


def check(holds: bool, problem: str) -> None:  # noqa: FBT001 - read as an assertion
    """End the demo with `problem` unless `holds`."""
    if not holds:
        sys.exit(f"\nmake demo: {problem}")


def _password() -> object:
    secrets = json.loads((EXAMPLES / "local" / "secrets.json").read_text())
    return secrets["shop/prod/db"]["password"]


if __name__ == "__main__":
    sys.exit(inside() if "--inside" in sys.argv[1:] else outside())
