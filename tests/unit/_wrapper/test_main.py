"""The wrapper as a process: environment, exec, exit codes, failures."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import venv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from appconfig_env._cache import handoff as handoffs
from appconfig_env._content.document import Document
from appconfig_env._wrapper.main import main
from appconfig_env.errors import Failure

from ...support.canary import SECRET
from ...support.fakes import steadily
from ...support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from appconfig_env._backends.base import Outcome, Request
    from appconfig_env._config.settings import Settings

    from ...support.fake_aws import FakeAws

WRAPPER = ROOT / "wrapper" / "appconfig-env"
SHOW = "import json, os; print(json.dumps(dict(os.environ)))"
PYTHON = [sys.executable, "-I", "-S"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder to read instead of AWS."""
    local = tmp_path / "local"
    local.mkdir()
    (local / "shop:prod:app.json").write_text('{"db": {"host": "db.example", "port": 5432}}')
    (local / "ssm.json").write_text(
        '{"/shop/prod/mail/from": "a=b $HOME \'\\"é", "/shop/one": "1"}'
    )
    secrets = {"prod/db": {"password": SECRET}, "plain": "p1a1n"}
    (local / "secrets.json").write_text(json.dumps(secrets))
    return local


def environ(folder: Path, **more: str) -> dict[str, str]:
    return {
        "PATH": "/usr/bin:/bin",
        "APPCONFIG_ENV_LOCAL_DIR": str(folder),
        "APPCONFIG_ENV_SNAPSHOT": str(folder / "snapshot.json"),
        **more,
    }


def start(
    environment: Mapping[str, str], *command: str, **options: Any
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(WRAPPER), *command],
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        **options,
    )


def shown(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment that the command sees."""
    done = start(environment, *PYTHON, "-c", SHOW)
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


def bare_python(folder: Path) -> str:
    """An interpreter without any package."""
    venv.create(folder / "bare", symlinks=True)
    return str(folder / "bare" / "bin" / "python3")


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


def test_all_four_places_of_references_are_read(folder: Path) -> None:
    (folder / "a:b:c.json").write_text('{"from_prefetch": 1}')
    (folder / "a:b:d.json").write_text('{"also": 2}')
    found = shown(
        environ(
            folder,
            APPCONFIG_ENV_SOURCES="secretsmanager:plain?as=PLAIN",
            AWS_APPCONFIG_EXTENSION_PREFETCH_LIST=(
                "a:b:c,/applications/a/environments/b/configurations/d"
            ),
            APP_PARAMS_PATH="prod/mail",
            APP_ENV="shop",
            ONE="ssm:/shop/one",
        )
    )
    names = ("PLAIN", "FROM_PREFETCH", "ALSO", "from", "ONE")
    assert [found[name] for name in names] == ["p1a1n", "1", "2", "a=b $HOME '\"é", "1"]


def test_with_nothing_to_read_the_environment_is_untouched(tmp_path: Path) -> None:
    given = {"A": "1", "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "s"), "PWD": str(tmp_path)}
    script = "import sys; sys.stdout.write(open('/proc/self/environ').read())"
    done = start(given, *PYTHON, "-c", script, cwd=tmp_path)
    assert dict(item.split("=", 1) for item in done.stdout.split("\0") if item) == given
    assert done.stderr == ""
    assert not (tmp_path / "s").exists()


def test_a_variable_that_is_configured_on_the_function_stays(folder: Path) -> None:
    given = environ(folder, APPCONFIG_ENV_SOURCES="appconfig:shop/prod/app", DB_HOST="mine")
    assert shown(given)["DB_HOST"] == "mine"
    assert shown({**given, "APPCONFIG_ENV_OVERWRITE": "yes"})["DB_HOST"] == "db.example"


def test_references_can_be_turned_off(folder: Path) -> None:
    found = shown(environ(folder, APPCONFIG_ENV_REFERENCES="off", ONE="ssm:/shop/one"))
    assert found["ONE"] == "ssm:/shop/one"


@pytest.mark.parametrize("name", ["one two", 'quo"te', "$HOME", "", "é", "new\nline", "*", "`id`"])
def test_arguments_are_untouched(folder: Path, name: str) -> None:
    script = "import json, sys; print(json.dumps(sys.argv[1:]))"
    done = start(environ(folder), *PYTHON, "-c", script, name, "--", "-x")
    assert json.loads(done.stdout) == [name, "--", "-x"]


def test_exec_is_in_place_and_keeps_inherited_descriptors(folder: Path) -> None:
    reading, writing = os.pipe()
    try:
        script = f"import os; os.write({writing}, str(os.getpid()).encode())"
        given = environ(folder, APPCONFIG_ENV_SOURCES="appconfig:shop/prod/app")
        with subprocess.Popen(
            [str(WRAPPER), *PYTHON, "-c", script],
            env=given,
            pass_fds=[writing],
            stderr=subprocess.DEVNULL,
        ) as process:
            assert process.wait(timeout=30) == 0
        assert int(os.read(reading, 100)) == process.pid
    finally:
        os.close(reading)
        os.close(writing)


def test_the_command_inherits_no_ignored_signal(folder: Path) -> None:
    done = start(environ(folder), "/bin/grep", "SigIgn", "/proc/self/status")
    ignored = int(done.stdout.split()[1], 16)
    # Only the two that Python ignores; other signals may be ignored by the parent.
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        assert not ignored >> (number - 1) & 1


def test_the_exit_code_is_the_commands(folder: Path) -> None:
    assert start(environ(folder), "/bin/sh", "-c", "exit 42").returncode == 42


def test_a_command_that_does_not_exist_exits_127(folder: Path) -> None:
    done = start(environ(folder), "/no/such/command")
    assert done.returncode == 127
    assert "/no/such/command: does not exist" in done.stderr


def test_a_command_that_is_not_executable_exits_126(folder: Path) -> None:
    (folder / "plain").write_text("text")
    done = start(environ(folder), str(folder / "plain"))
    assert done.returncode == 126
    assert "cannot be executed" in done.stderr


@pytest.mark.parametrize("words", [["run", "--"], ["run"], []])
def test_a_relative_command_is_looked_up_in_the_path(folder: Path, words: list[str]) -> None:
    done = start(environ(folder), *words, "sh", "-c", "echo found")
    assert done.stdout == "found\n"


def test_a_script_that_cannot_run_is_explained(folder: Path) -> None:
    script = folder / "script"
    script.write_text("#!/bin/sh\r\n")
    script.chmod(0o755)
    done = start(environ(folder), str(script))
    assert done.returncode == 127
    assert "exists, but its interpreter (#!) or loader is missing" in done.stderr
    script.write_text("echo\n")
    done = start(environ(folder), str(script))
    assert done.returncode == 126
    assert "begin it with a #! line" in done.stderr


def test_the_interpreter_is_the_one_of_the_runtimes_command(tmp_path: Path) -> None:
    python = tmp_path / "bin" / "python3.99"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\necho chosen >&2\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    done = start({"PATH": "/nowhere"}, str(python), "-c", "print('ran')")
    assert done.stderr == "chosen\nchosen\n", "once for the wrapper, once for the command"
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
    (tmp_path / "json.py").write_text("raise SystemExit('a module of the function')")
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
    assert done.returncode == 127
    assert "APPCONFIG_ENV_NEXT_WRAPPER: /opt/none: does not exist" in done.stderr


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
    )
    done = start(given, "/bin/true")
    assert done.returncode == 1
    for part in ("'smm:/x'", "'shout'", "APPCONFIG_ENV_SOURCES?", "'soon'"):
        assert part in done.stderr
    assert "Traceback" not in done.stderr


def test_all_failed_sources_are_reported_at_once(folder: Path) -> None:
    given = environ(
        folder, APPCONFIG_ENV_SOURCES="appconfig:shop/prod/none ssm:/none/", X="secretsmanager:none"
    )
    done = start(given, "/bin/true")
    assert done.returncode == 1
    for part in ("appconfig:shop/prod/none: ", "ssm:/none/: ", "X=secretsmanager:none: "):
        assert part in done.stderr


def test_an_optional_reference_is_removed_or_its_default_is_used(folder: Path) -> None:
    found = shown(
        environ(folder, A="ssm:/none?optional", B="ssm:/none?default=b%20c", C="ssm:/shop/one")
    )
    assert "A" not in found
    assert (found["B"], found["C"]) == ("b c", "1")


def test_on_error_continue_starts_without_and_removes_the_reference(folder: Path) -> None:
    given = environ(folder, A="ssm:/none", C="ssm:/shop/one", APPCONFIG_ENV_ON_ERROR="continue")
    done = start(given, "/usr/bin/env")
    assert done.returncode == 0
    assert "\nA=" not in "\n" + done.stdout
    assert "C=1\n" in done.stdout
    assert "A=ssm:/none" in done.stderr


def test_protected_names_are_left_out_with_a_warning(folder: Path) -> None:
    (folder / "ssm.json").write_text('{"/e/PATH": "evil", "/e/LD_PRELOAD": "evil", "/e/ok": "1"}')
    given = environ(folder, APPCONFIG_ENV_SOURCES="ssm:/e/", PYTHONSTARTUP="ssm:/e/ok")
    done = start(given, "/usr/bin/env")
    assert "evil" not in done.stdout
    assert "OK=1\n" in done.stdout
    assert "PYTHONSTARTUP" not in done.stdout.replace("_APPCONFIG_ENV_HANDOFF", "").split("{")[0]
    for name in ("PATH", "LD_PRELOAD", "PYTHONSTARTUP"):
        assert f"{name} is protected" in done.stderr


def test_an_environment_that_is_too_large_is_explained(folder: Path) -> None:
    values = {f"/big/p{number}": "x" * 100_000 for number in range(40)}
    (folder / "ssm.json").write_text(json.dumps(values))
    done = start(environ(folder, APPCONFIG_ENV_SOURCES="ssm:/big/"), "/bin/true")
    assert done.returncode == 126
    assert "environment is too large" in done.stderr
    assert "env=no" in done.stderr


def test_a_broken_snapshot_is_ignored_with_a_warning(folder: Path) -> None:
    (folder / "snapshot.json").write_text("{")
    (folder / "snapshot.json").chmod(0o600)
    done = start(environ(folder, C="ssm:/shop/one"), "/usr/bin/env")
    assert "C=1\n" in done.stdout
    assert "was not used: it is not a complete snapshot" in done.stderr


def test_a_folder_that_cannot_be_written_costs_only_the_snapshot(folder: Path) -> None:
    given = environ(folder, C="ssm:/shop/one", APPCONFIG_ENV_SNAPSHOT="/proc/none/s.json")
    done = start(given, "/usr/bin/env")
    assert "C=1\n" in done.stdout
    assert "was not written" in done.stderr


def test_log_level_none_is_silent_and_json_is_json(folder: Path) -> None:
    given = environ(folder, C="ssm:/shop/one")
    level = "AWS_APPCONFIG_EXTENSION_LOG_LEVEL"
    assert start({**given, level: "none"}, "/bin/true").stderr == ""
    line = json.loads(start({**given, "AWS_LAMBDA_LOG_FORMAT": "JSON"}, "/bin/true").stderr)
    assert line["level"] == "INFO"
    assert "1 value from 1 source in " in line["message"]


def test_no_value_is_logged_at_any_level(folder: Path) -> None:
    given = environ(
        folder,
        APPCONFIG_ENV_SOURCES="ssm:/shop/prod/ secretsmanager:plain",
        P="secretsmanager:prod/db#password",
        AWS_APPCONFIG_EXTENSION_LOG_LEVEL="trace",
        MAIL_FROM="configured",
    )
    done = start(given, "/bin/true")
    assert "configured on the function" in done.stderr
    for value in ("s3cret", "p1a1n", "a=b"):
        assert value not in done.stderr


def test_without_a_command_it_explains_itself(folder: Path) -> None:
    done = start(environ(folder))
    assert done.returncode == 2
    assert "usage: appconfig-env" in done.stderr
    done = start(environ(folder), "chekc")
    assert done.returncode == 2
    assert "unknown command 'chekc', and no such program on PATH" in done.stderr
    assert start(environ(folder), "--help").stdout.startswith("usage: appconfig-env")


class Reads:
    """A fake backend: answers from a table, and counts."""

    def __init__(self, **answers: Outcome) -> None:
        self.answers = answers
        self.asked: list[list[str]] = []

    def __call__(self, settings: Settings, environment: Mapping[str, str]) -> Reads.Fetch:
        assert settings.sources
        assert environment
        return self.Fetch(self)

    class Fetch:
        def __init__(self, reads: Reads) -> None:
            self.reads = reads

        def __call__(self, requests: list[Request], timeout: float) -> dict[str, Outcome]:
            assert timeout > 0
            self.reads.asked.append([request.resource.reference for request in requests])
            return {request.resource.reference: self.answer(request) for request in requests}

        def answer(self, request: Request) -> Outcome:
            found = self.reads.answers.get(request.resource.name)
            if isinstance(found, Failure):
                return found
            assert isinstance(found, Document)
            return Document(found.body, secret=found.secret, token=found.token)


class FakeExecve:
    """A fake of execve that keeps its arguments."""

    def __init__(self) -> None:
        self.environ: dict[str, str] = {}

    def __call__(self, path: str, words: list[str], environ: dict[str, str]) -> None:
        self.path, self.words, self.environ = path, words, environ


def document(body: bytes, *, secret: bool = False, token: str = "") -> Document:
    return Document(body, secret=secret, token=token)


def run(
    reads: Reads, at: float, environment: Mapping[str, str]
) -> tuple[int, FakeExecve, list[str]]:
    execve, lines = FakeExecve(), list[str]()
    code = main(
        ["/bin/x"],
        environment,
        now=lambda: at,
        execve=execve,
        make_backend=reads,
        jitter=steadily,
        write_line=lines.append,
    )
    return code, execve, lines


@pytest.fixture
def life(tmp_path: Path) -> dict[str, str]:
    return {
        "AWS_REGION": "us-east-1",
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
        "P": "appconfig:a/b/profile",
        "S": "secretsmanager:secret",
    }


def test_a_repeated_init_requests_only_secrets(life: dict[str, str]) -> None:
    reads = Reads(profile=document(b"one", token="t1"), secret=document(b"two", secret=True))
    run(reads, 1000.0, life)
    _, execve, _ = run(reads, 1044.0, life)
    assert reads.asked == [
        ["appconfig:a/b/profile", "secretsmanager:secret"],
        ["secretsmanager:secret"],
    ]
    assert (execve.environ["P"], execve.environ["S"]) == ("one", "two")


def test_the_order_of_variables_does_not_matter_to_the_snapshot(life: dict[str, str]) -> None:
    life["A"] = "appconfig:a/b/profile#a"
    reads = Reads(profile=document(b'{"a": 1}'), secret=document(b"two", secret=True))
    run(reads, 1000.0, life)
    run(reads, 1001.0, dict(reversed(life.items())))
    assert reads.asked[1] == ["secretsmanager:secret"]


def test_a_snapshot_that_is_old_or_from_other_settings_is_not_reused(life: dict[str, str]) -> None:
    reads = Reads(profile=document(b"one", token="t1"), secret=document(b"two", secret=True))
    run(reads, 1000.0, life)
    run(reads, 1046.0, life)
    run(reads, 1047.0, {**life, "AWS_APPCONFIG_EXTENSION_SERVICE_REGION": "eu-west-1"})
    run(reads, 900.0, {**life, "AWS_APPCONFIG_EXTENSION_SERVICE_REGION": "eu-west-1"})
    assert [len(asked) for asked in reads.asked] == [2, 2, 2, 2]


def test_a_repeated_init_requests_failed_sources_again(life: dict[str, str]) -> None:
    reads = Reads(profile=document(b"one"), secret=document(b"two", secret=True))
    run(reads, 1000.0, life)
    reads = Reads(profile=Failure("unavailable", "no answer"), secret=document(b"2", secret=True))
    code, execve, _ = run(reads, 1046.0, life)
    assert (code, execve.environ["P"]) == (0, "one"), "the last value is used"
    reads = Reads(profile=document(b"new"), secret=document(b"2", secret=True))
    code, execve, _ = run(reads, 1047.0, life)
    assert (code, execve.environ["P"]) == (0, "new")


def test_a_deferred_secret_is_left_to_the_helper(life: dict[str, str]) -> None:
    reads = Reads(profile=document(b"one"))
    del life["S"]
    run(reads, 1000.0, {**life, "APPCONFIG_ENV_SOURCES": "secretsmanager:secret?env=no"})
    assert reads.asked == [["appconfig:a/b/profile"]]


def test_values_for_get_only_stay_out_of_the_environment(life: dict[str, str]) -> None:
    reads = Reads(profile=document(b'{"a": 1}'), secret=document(b"two", secret=True))
    _, execve, _ = run(
        reads, 1000.0, {**life, "APPCONFIG_ENV_SOURCES": "appconfig:a/b/profile?env=no"}
    )
    assert "A" not in execve.environ


def test_the_handoff_has_the_original_references(life: dict[str, str]) -> None:
    reads = Reads(profile=document(b"one"), secret=document(b"two", secret=True))
    _, execve, _ = run(reads, 1000.0, life)
    handoff = handoffs.loads(execve.environ["_APPCONFIG_ENV_HANDOFF"])
    assert handoff is not None
    assert handoff.references == {"P": life["P"], "S": life["S"]}
    assert handoff.configured == {"AWS_REGION", "APPCONFIG_ENV_SNAPSHOT"}
    assert (handoff.process, handoff.taken_at) == (os.getpid(), 1000.0)


def test_an_unavailable_source_uses_the_fallback_and_a_denied_one_does_not(
    life: dict[str, str], tmp_path: Path
) -> None:
    good = Reads(profile=document(b"one"), secret=document(b"two", secret=True))
    run(good, 1000.0, life)
    fallback = tmp_path / "fallback.json"
    fallback.write_bytes(Path(life["APPCONFIG_ENV_SNAPSHOT"]).read_bytes())
    Path(life["APPCONFIG_ENV_SNAPSHOT"]).unlink()
    later = {**life, "APPCONFIG_ENV_FALLBACK": str(fallback)}

    down = Reads(profile=Failure("unavailable", "no route"), secret=document(b"2", secret=True))
    code, execve, lines = run(down, 9000.0, later)
    assert (code, execve.environ["P"]) == (0, "one")
    assert any("no route" in line for line in lines)

    Path(life["APPCONFIG_ENV_SNAPSHOT"]).unlink()
    denied = Reads(profile=Failure("denied", "denied"), secret=document(b"2", secret=True))
    assert run(denied, 9000.0, later)[0] == 1


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


def test_nothing_is_written_to_a_closed_standard_error(folder: Path) -> None:
    # Then 2 is the lowest free descriptor, and the first file to be opened gets it.
    given = environ(folder, APPCONFIG_ENV_SOURCES="appconfig:shop/prod/app")
    Path(given["APPCONFIG_ENV_SNAPSHOT"]).write_text("broken")
    command = ["/bin/sh", "-c", 'exec "$@" 2>&-', "sh", str(WRAPPER), "/usr/bin/env"]
    done = subprocess.run(command, env=given, capture_output=True, text=True, check=True)
    assert "DB_HOST=db.example\n" in done.stdout
    assert Path(given["APPCONFIG_ENV_SNAPSHOT"] + ".lock").read_text() == ""


def test_a_missing_fallback_is_reported_at_every_startup(life: dict[str, str]) -> None:
    reads = Reads(profile=document(b"one"), secret=document(b"two", secret=True))
    code, _, lines = run(reads, 1000.0, {**life, "APPCONFIG_ENV_FALLBACK": "/no/such.json"})
    assert code == 1
    assert "APPCONFIG_ENV_FALLBACK" in lines[0]
    assert reads.asked == []


@pytest.fixture
def shop(fake_aws_tls: FakeAws, tmp_path: Path) -> dict[str, str]:
    """Fill a fake AWS; return the environment to read it."""
    fake_aws_tls.put_parameter("/one", "1")
    return {
        **fake_aws_tls.environ(),
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
        "ONE": "ssm:/one",
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
    assert fake_aws_tls.count("GetParameters") == 1


def test_the_deadline_ends_startup_with_the_reason(
    shop: dict[str, str], fake_aws_tls: FakeAws
) -> None:
    fake_aws_tls.throttle("GetParameters", times=None)
    done = start({**shop, "APPCONFIG_ENV_DEADLINE_SECONDS": "1"}, *PYTHON, "-c", "")
    assert done.returncode == 1
    assert "ONE=ssm:/one: " in done.stderr
    assert "ThrottlingException" in done.stderr


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


def test_an_unreachable_runtime_api_changes_nothing(folder: Path) -> None:
    for address in ("127.0.0.1:9", "not an address", "127.0.0.1:99999"):
        done = start(environ(folder, X="ssm:/none", AWS_LAMBDA_RUNTIME_API=address), "/bin/true")
        assert done.returncode == 1
        assert done.stderr.count("\n") == 1


def test_the_functions_packages_are_searched_once_one_is_missing(
    folder: Path, tmp_path: Path
) -> None:
    bare = bare_python(tmp_path)  # an interpreter without PyYAML, like Lambda's
    (tmp_path / "task").mkdir()
    (tmp_path / "task" / "yaml").symlink_to(Path(yaml.__file__).parent)
    (folder / "shop:prod:y.yaml").write_text("level: high")
    given = environ(folder, X="appconfig:shop/prod/y#level")
    done = start(given, bare, "-I", "-S", "-c", SHOW)
    assert "PyYAML" in done.stderr
    done = start(given | {"LAMBDA_TASK_ROOT": str(tmp_path / "task")}, bare, "-I", "-S", "-c", SHOW)
    assert json.loads(done.stdout)["X"] == "high", done.stderr
