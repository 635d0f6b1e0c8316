"""Shows the example function under the wrapper, with a folder in place of AWS: `make demo`.

It runs twice: outside, where it does what Lambda does with AWS_LAMBDA_EXEC_WRAPPER, and inside,
where it plays Lambda's runtime and calls the handler.
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
    """Start the function as Lambda does; the exit code."""
    say("The function's settings (template.yaml has the same, with AWS behind them):")
    show({"AWS_LAMBDA_EXEC_WRAPPER": "wrapper/appconfig-env", **SETTINGS})
    with tempfile.TemporaryDirectory(prefix="appconfig-env-demo-") as folder:
        local = Path(folder) / "local"
        shutil.copytree(EXAMPLES / "local", local)
        # Nothing of this shell gets in: a function has the environment that Lambda gives it.
        environ = {
            "PATH": os.defpath,
            **SETTINGS,
            "APPCONFIG_ENV_LOCAL_DIR": str(local),
            "APPCONFIG_ENV_SNAPSHOT": str(Path(folder) / "snapshot.json"),
        }
        say("The wrapper starts, and becomes the runtime:")
        command = [str(WRAPPER), sys.executable, str(Path(__file__).resolve()), "--inside"]
        code = subprocess.run(command, env=environ, check=False).returncode  # noqa: S603 - our own wrapper
    if code == 0:
        say("All as expected.")
    else:
        print(f"\nmake demo: the function ended with exit code {code}", file=sys.stderr)
    return code


def inside() -> int:
    """Play the runtime: call the handler, change a document, call it again; the exit code."""
    password = os.environ.get("DB_PASSWORD", "")
    masked = "*" * 8 + f" ({len(password)} characters)"
    got = {name: os.environ.get(name, "(missing)") for name in EXPECTED}
    say("Its environment, before a line of the function has run:")
    show({**got, "DB_PASSWORD": masked})
    check(got == EXPECTED, "these variables are not what examples/local holds")
    check(password == _password(), "DB_PASSWORD is not what examples/local/secrets.json holds")

    from handler import handler  # as late as the runtime imports it

    import appconfig_env

    before = handler({}, None)
    say("The first invocation answers:")
    print(f"  {json.dumps(before)}")

    local = Path(os.environ["APPCONFIG_ENV_LOCAL_DIR"])
    (local / DOCUMENT).write_text('{"greeting": "Welcome back", "catalog": {"page-size": 50}}')
    (local / FLAGS).write_text('{"checkout": {"enabled": true, "limit": 10}}')
    say(f"Now {DOCUMENT} and {FLAGS} change. A poll would see it within 45 seconds;")
    changed = appconfig_env.refresh()
    print(f"appconfig_env.refresh() sees it at once: {', '.join(sorted(changed))}")

    after = handler({}, None)
    say("The next invocation answers:")
    print(f"  {json.dumps(after)}")
    wanted = {**before, "greeting": "Welcome back", "page_size": 50, "checkout": True}
    check(after == wanted, "the handler does not see the changed documents")
    check(os.environ["GREETING"] == "Hello", "os.environ is not as of the cold start any more")
    return 0


def say(text: str) -> None:
    """Print a headline."""
    print(f"\n{text}", flush=True)


def show(variables: dict[str, str]) -> None:
    """Print variables, name by name."""
    width = max(map(len, variables))
    for name, value in sorted(variables.items()):
        print(f"  {name:<{width}}  {value}", flush=True)


def check(holds: bool, problem: str) -> None:  # noqa: FBT001 - read as an assertion
    """End the demo where something is not as it should be."""
    if not holds:
        sys.exit(f"\nmake demo: {problem}")


def _password() -> object:
    secrets = json.loads((EXAMPLES / "local" / "secrets.json").read_text())
    return secrets["shop/prod/db"]["password"]


if __name__ == "__main__":
    sys.exit(inside() if "--inside" in sys.argv[1:] else outside())
