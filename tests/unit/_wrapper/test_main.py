"""The wrapper as a process: which Python runs it, wrappers in a chain, failures."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from ...support.canary import SECRET
from ...support.paths import WRAPPER
from .starts import (
    PYTHON,
    SHOW,
    Reads,
    bare_python,
    environ,
    prefetched,
    run,
    shown,
    start,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from appconfig_env._config.settings import Settings

    from ...support.fake_aws import FakeAws


def test_sources_and_references_are_resolved_in_the_environment(folder: Path) -> None:
    found = shown(
        environ(
            folder,
            APPCONFIG_ENV_SOURCES="appconfig:shop/prod/app ssm:/shop/prod/",
            DB_PASSWORD="secretsmanager:prod/db#password",
            ONE="ssm:/shop/one?default=2",
            KEPT="https://example.org/ssm:/x",
        )
    )
    assert found["DB_HOST"] == "db.example"
    assert found["DB_PORT"] == "5432"
    assert found["MAIL_FROM"] == "a=b $HOME '\"é"
    assert found["DB_PASSWORD"] == SECRET
    assert found["ONE"] == "1"
    assert found["KEPT"] == "https://example.org/ssm:/x"


def test_with_nothing_to_read_the_environment_is_untouched(tmp_path: Path) -> None:
    given = {"A": "1", "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "s"), "PWD": str(tmp_path)}
    script = "import sys; sys.stdout.write(open('/proc/self/environ').read())"
    done = start(given, *PYTHON, "-c", script, cwd=tmp_path)
    assert dict(item.split("=", 1) for item in done.stdout.split("\0") if item) == given
    assert done.stderr == (
        "appconfig-env: nothing to read; set APPCONFIG_ENV_SOURCES, or a variable to a reference\n"
    )
    assert not (tmp_path / "s").exists()


def test_an_entry_without_a_name_is_left_out(folder: Path) -> None:
    given = environ(folder, ONE="ssm:/shop/one")
    done = subprocess.run(
        ["/usr/bin/env", "-i", "=x", *[f"{name}={value}" for name, value in given.items()],
         str(WRAPPER), *PYTHON, "-c", SHOW],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["ONE"] == "1"


def test_the_reason_of_a_failure_is_written_even_without_a_log(folder: Path) -> None:
    for given in ({"A": "ssm:/none"}, {"APPCONFIG_ENV_X": "1"}):
        level = {"AWS_APPCONFIG_EXTENSION_LOG_LEVEL": "none"}
        ended = prefetched(environ(folder, **given, **level))
        assert ended.code == 1
        assert "error: " in ended.log


def test_the_interpreter_is_the_one_of_the_runtimes_command(tmp_path: Path) -> None:
    python = tmp_path / "bin" / "python3.99"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\necho chosen >&2\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    done = start({"PATH": "/nowhere"}, str(python), "-c", "print('ran')")
    own = [line for line in done.stderr.splitlines() if not line.startswith("appconfig-env: ")]
    assert own == ["chosen"] * 2, "once for the wrapper, once for the command"
    assert done.stdout == "ran\n"


def test_a_missing_interpreter_is_reported(tmp_path: Path) -> None:
    assert not Path("/var/lang/bin/python3").exists(), "this test cannot run in Lambda's image"
    done = start({"PATH": str(tmp_path)}, "/bin/true")
    assert done.returncode == 127
    assert "python3 not found" in done.stderr


@pytest.mark.parametrize("path", ["/usr/bin:/bin", "/nowhere"])
def test_it_works_through_a_link(folder: Path, tmp_path: Path, path: str) -> None:
    (tmp_path / "link").symlink_to(WRAPPER)
    done = subprocess.run(
        [str(tmp_path / "link"), sys.executable, "-c", "print('fine')"],
        env=environ(folder, PATH=path),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "fine\n"


def test_it_works_as_a_script_of_sh(folder: Path) -> None:
    done = subprocess.run(
        ["sh", WRAPPER.name, "/bin/echo", "fine"],
        cwd=WRAPPER.parent,
        env=environ(folder),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "fine\n"


def test_a_command_with_python_in_its_name_is_not_taken_for_an_interpreter(tmp_path: Path) -> None:
    command = tmp_path / "python-app"
    command.write_text('#!/bin/sh\necho "$@"\n')
    command.chmod(0o755)
    assert start({"PATH": "/usr/bin:/bin"}, str(command), "one").stdout == "one\n"


def test_an_old_python_is_refused_with_its_version() -> None:
    program = (WRAPPER.parent.parent / "appconfig_env" / "__main__.py").read_text()
    script = f"import sys; sys.version_info = (3, 10, 1); exec({program!r})"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("appconfig-env: error: expected Python 3.11 or newer, got 3.10 (")


def test_the_functions_pythonpath_has_no_effect_on_the_wrapper(
    folder: Path, tmp_path: Path
) -> None:
    for module in ("json", "encodings"):  # Python itself imports the second one
        (tmp_path / f"{module}.py").write_text("raise SystemExit('a module of the function')")
    given = environ(folder, PYTHONPATH=str(tmp_path), PYTHONSTARTUP="/x", ONE="ssm:/shop/one")
    done = start(given, "/usr/bin/env", cwd=tmp_path)
    assert f"PYTHONPATH={tmp_path}\n" in done.stdout
    assert "ONE=1\n" in done.stdout


def test_the_next_wrapper_comes_first_and_only_once(folder: Path, tmp_path: Path) -> None:
    following = tmp_path / "next"
    following.write_text(
        '#!/bin/sh\nexport SEEN="$ONE:$1:${APPCONFIG_ENV_NEXT_WRAPPER-gone}"\nexec "$@"\n'
    )
    following.chmod(0o755)
    given = environ(folder, ONE="ssm:/shop/one", APPCONFIG_ENV_NEXT_WRAPPER=str(following))
    assert "SEEN=1:/usr/bin/env:gone\n" in start(given, "/usr/bin/env").stdout


def test_a_next_wrapper_that_comes_back_does_not_loop(folder: Path, tmp_path: Path) -> None:
    following = tmp_path / "next"
    following.write_text(f'#!/bin/sh\nexec {WRAPPER} "$@"\n')
    following.chmod(0o755)
    given = environ(folder, ONE="ssm:/shop/one", APPCONFIG_ENV_NEXT_WRAPPER=str(following))
    done = start(given, "/usr/bin/env")
    assert "ONE=1\n" in done.stdout
    assert done.stderr.count("value from") == 1


def test_the_error_for_a_missing_next_wrapper_names_its_setting(folder: Path) -> None:
    done = start(environ(folder, APPCONFIG_ENV_NEXT_WRAPPER="/opt/none"), "/bin/true")
    assert done.returncode == 1
    assert "APPCONFIG_ENV_NEXT_WRAPPER: expected an executable file, got '/opt/none'" in done.stderr


def test_what_only_exec_finds_wrong_with_the_next_wrapper_names_its_setting(
    folder: Path, tmp_path: Path
) -> None:
    following = tmp_path / "next"
    following.write_text("#!/no/such/interpreter\n")
    following.chmod(0o755)
    done = start(environ(folder, APPCONFIG_ENV_NEXT_WRAPPER=str(following)), "/bin/true")
    assert done.returncode == 127
    assert f"APPCONFIG_ENV_NEXT_WRAPPER: {following}: exists, but its interpreter" in done.stderr


def test_a_next_wrapper_that_is_this_one_is_refused(folder: Path) -> None:
    given = environ(folder, APPCONFIG_ENV_NEXT_WRAPPER="/opt/x", AWS_LAMBDA_EXEC_WRAPPER="/opt/x")
    done = start(given, "/bin/true")
    assert done.returncode == 1
    assert "APPCONFIG_ENV_NEXT_WRAPPER" in done.stderr


def test_all_problems_are_reported_at_once(folder: Path) -> None:
    given = environ(
        folder,
        APPCONFIG_ENV_SOURCES="smm:/x ssm:/x?shout=yes",
        APPCONFIG_ENV_SOURCE="typo",
        AWS_APPCONFIG_EXTENSION_POLL_INTERVAL_SECONDS="soon",
        APPCONFIG_ENV_LOCAL_DIR="/no/folder",
        APPCONFIG_ENV_FALLBACK="/no/fallback",
        APPCONFIG_ENV_NEXT_WRAPPER="/no/wrapper",
    )
    ended = prefetched(given)
    assert ended.code == 1
    paths = ("'/no/folder'", "'/no/fallback'", "'/no/wrapper'")
    for part in ("'smm:/x'", "'shout'", "nearest: APPCONFIG_ENV_SOURCES)", "'soon'", *paths):
        assert part in ended.log
    assert "Traceback" not in ended.log


@pytest.mark.parametrize("name", ["LOCAL_DIR", "FALLBACK", "NEXT_WRAPPER"])
@pytest.mark.parametrize("sources", ["", "ssm:/none/?optional", "ssm:/none?default=1"])
def test_a_path_that_does_not_exist_is_an_error_whatever_the_sources_are(
    folder: Path, name: str, sources: str
) -> None:
    given = environ(folder, APPCONFIG_ENV_SOURCES=sources)
    ended = prefetched({**given, f"APPCONFIG_ENV_{name}": "/no/such"})
    assert ended.code == 1
    assert f"APPCONFIG_ENV_{name}: expected" in ended.log
    assert "got '/no/such'" in ended.log


def test_without_a_command_it_explains_itself(folder: Path) -> None:
    done = start(environ(folder))
    assert done.returncode == 2
    assert "usage: appconfig-env" in done.stderr
    done = start(environ(folder), "chekc")
    assert done.returncode == 2
    assert "unknown command 'chekc' (nearest: check); correct it" in done.stderr
    assert start(environ(folder), "--help").stdout.startswith("usage: appconfig-env")


def test_our_own_bug_is_reported_without_a_traceback_or_a_message(life: dict[str, str]) -> None:
    class Breaks(Reads):
        def __call__(self, settings: Settings, environment: Mapping[str, str]) -> Reads.Fetch:
            raise ZeroDivisionError(f"s3cret {settings} {environment}")

    code, execve, lines = run(Breaks(), 1000.0, life)
    assert (code, execve.environ) == (1, {})
    assert "unexpected ZeroDivisionError at test_main.py:" in lines[0]
    assert "s3cret" not in lines[0]


def test_a_missing_package_is_not_reported_as_our_bug(tmp_path: Path, life: dict[str, str]) -> None:
    # Without credentials in the environment, boto3 is needed to find them.
    python = bare_python(tmp_path)
    done = start({**life, "AWS_EC2_METADATA_DISABLED": "true"}, python, "-c", "")
    assert done.returncode == 1
    assert f"{python} has no package boto3" in done.stderr
    assert "a bug" not in done.stderr


@pytest.fixture
def shop(fake_aws_tls: FakeAws, tmp_path: Path) -> dict[str, str]:
    """Fill a fake AWS; return the environment to read it."""
    fake_aws_tls.put_parameter("/one", "1")
    return {
        **fake_aws_tls.environ(),
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
        "ONE": "ssm:/one",
        "APPCONFIG_ENV_DEADLINE_SECONDS": "60",  # longer than any start takes, on any machine
    }


def test_throttling_and_faults_are_retried_within_the_prefetch(
    shop: dict[str, str], fake_aws_tls: FakeAws
) -> None:
    fake_aws_tls.throttle("GetParameters", times=1)
    fake_aws_tls.fail("GetParameters", close="midway")
    assert shown(shop)["ONE"] == "1"
    assert fake_aws_tls.count("GetParameters") == 3


def test_without_tenacity_the_first_failure_is_reported(
    shop: dict[str, str], fake_aws_tls: FakeAws, tmp_path: Path
) -> None:
    fake_aws_tls.throttle("GetParameters", times=None)
    done = start(shop, bare_python(tmp_path), "-c", "")
    assert done.returncode == 1
    assert "ThrottlingException" in done.stderr
    remedy = "; install tenacity in this Python, without which no call is tried again; raise the"
    assert remedy in done.stderr
    assert fake_aws_tls.count("GetParameters") == 1


def test_boto3_finds_credentials_that_are_not_in_the_environment(
    shop: dict[str, str], tmp_path: Path
) -> None:
    keys = {
        f"aws_{name}": shop.pop(f"AWS_{name.upper()}")
        for name in ("access_key_id", "secret_access_key", "session_token")
    }
    lines = [f"{name} = {value}" for name, value in keys.items()]
    (tmp_path / "credentials").write_text("\n".join(["[shop]", *lines, ""]))
    shop["AWS_SHARED_CREDENTIALS_FILE"] = str(tmp_path / "credentials")
    shop["AWS_PROFILE"] = "shop"
    assert shown(shop)["ONE"] == "1"


def test_the_functions_packages_are_searched_once_one_is_missing(
    folder: Path, tmp_path: Path
) -> None:
    bare = bare_python(tmp_path)  # an interpreter without PyYAML, like Lambda's
    (tmp_path / "task").mkdir()
    (tmp_path / "task" / "yaml").symlink_to(Path(yaml.__file__).parent)
    # PyYAML imports this one, which is not missing.
    (tmp_path / "task" / "datetime.py").write_text("raise SystemExit('a module of the function')")
    (folder / "shop:prod:y.yaml").write_text("level: high")
    given = environ(folder, X="appconfig:shop/prod/y#level")
    done = start(given, bare, "-I", "-S", "-c", SHOW)
    assert "PyYAML" in done.stderr
    done = start(given | {"LAMBDA_TASK_ROOT": str(tmp_path / "task")}, bare, "-I", "-S", "-c", SHOW)
    assert json.loads(done.stdout)["X"] == "high", done.stderr
