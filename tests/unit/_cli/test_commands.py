"""How a verb starts and ends: its help, its errors, its exit codes, and what it needs installed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from appconfig_env._cli import commands, verbs
from appconfig_env._cli.main import main

from ...support.paths import ROOT, WRAPPER
from .process import ran

if TYPE_CHECKING:
    from appconfig_env._backends.base import Outcome, Request

WITH_EXTRA = [verb.name for verb in verbs.VERBS if verb.needs_extra]
WITHOUT = [verb.name for verb in verbs.VERBS if not verb.needs_extra and verb.name != "run"]
# Does not find click, as an environment without the extra.
WITHOUT_CLICK = """
import sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == {missing!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Finder())
from appconfig_env._cli.main import main
raise SystemExit(main(sys.argv[1:]))
"""


def without_extra(
    *words: str, missing: str = "click", environ: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONPATH": str(ROOT), **(environ or {})}
    program = WITHOUT_CLICK.format(missing=missing)
    command = [sys.executable, "-c", program, *words]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", WITH_EXTRA)
def test_a_verbs_help_has_its_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    verb = verbs.find(name)
    assert verb is not None

    assert main([name, "--help"]) == 0

    text = capsys.readouterr().out
    assert text.startswith(f"Usage: appconfig-env {name} ")
    assert all(f"  {line}\n" in text for line in verb.example.split("\n"))
    assert "Show this message and exit." in text


@pytest.mark.parametrize("name", WITH_EXTRA)
def test_every_verb_has_json_for_machines(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    main([name, "--help"])

    assert "  --json " in capsys.readouterr().out


@pytest.mark.parametrize("name", WITH_EXTRA)
@pytest.mark.parametrize(
    ("option", "nearest"),
    [("--hlep", " (nearest: --help)"), ("--jsn", " (nearest: --json)"), ("--xyzzy", "")],
)
def test_an_unknown_option_names_the_nearest_one(name: str, option: str, nearest: str) -> None:
    done = ran(name, option)

    assert (done.exit_code, done.out) == (verbs.MISUSED, "")
    usage, error, _ = done.err.split("\n")
    assert usage.startswith(f"Usage: appconfig-env {name} ")
    assert error == (
        f"appconfig-env {name}: error: unknown option {option}{nearest}; "
        f"run appconfig-env {name} --help"
    )


def test_too_many_and_too_few_words_are_errors() -> None:
    for words, problem in (
        (["A", "B"], "got unexpected extra argument (B)"),
        ([], "missing argument 'NAME|REFERENCE'"),
    ):
        done = ran("get", *words)

        assert done.exit_code == verbs.MISUSED
        assert done.err.endswith(f"error: {problem}; run appconfig-env get --help\n")


def test_invalid_settings_are_all_reported_and_exit_with_1() -> None:
    environ = {"APPCONFIG_ENV_SORCES": "x", "SECRETS_MANAGER_TTL": "soon"}

    done = ran("get", "A", environ=environ)

    assert (done.exit_code, done.out) == (verbs.PROBLEMS, "")
    lines = done.err.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("appconfig-env: error: ") for line in lines)
    assert "(nearest: APPCONFIG_ENV_SOURCES)" in lines[0]


@pytest.mark.parametrize("words", [["check"], ["show"], ["export"], ["get", "DB_HOST"]])
def test_variables_of_a_file_are_used_where_the_environment_has_none(
    tmp_path: Path, words: list[str]
) -> None:
    first, second = tmp_path / "1.env", tmp_path / "2.env"
    first.write_text("DB_HOST=ssm:/no\nOWN=file\n")
    second.write_text("DB_HOST=ssm:/db\n")
    options = ["--env-file", str(first), "--env-file", str(second)]

    done = ran(*words, *options, documents={"ssm:/db": b"h"}, environ={"OWN": "environment"})

    assert (done.exit_code, done.err) == (verbs.OK, "")
    assert {"check": "DB_HOST=ssm:/db", "show": "DB_HOST", "export": "DB_HOST=h", "get": "h"}[
        words[0]
    ] in done.out


@pytest.mark.parametrize("words", [["check"], ["show"], ["export"], ["get", "DB_HOST"]])
def test_a_file_that_cannot_be_read_is_an_error(words: list[str]) -> None:
    done = ran(*words, "--env-file", "/no/such")

    assert (done.exit_code, done.out) == (verbs.PROBLEMS, "")
    assert done.err == (
        "appconfig-env: error: --env-file: cannot read /no/such (No such file or directory); "
        "correct its path\n"
    )


def test_what_a_source_has_set_is_not_read_as_a_reference_below_the_wrapper(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "app.env"
    source.write_text("A=ssm:/never/read\n")
    environ = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "APPCONFIG_ENV_SOURCES": f"file:{source}",
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
    }
    words = [sys.executable, "-m", "appconfig_env"]

    code = subprocess.run([*words, "run", "--", *words, "get", "A"], env=environ, check=False)

    assert code.returncode == 0
    assert capfd.readouterr().out == "ssm:/never/read\n"


@pytest.mark.parametrize("missing", ["click", "rich"])
@pytest.mark.parametrize("name", WITH_EXTRA)
def test_without_the_extra_a_verb_says_what_to_install(name: str, missing: str) -> None:
    done = without_extra(name, "--help", missing=missing)

    assert (done.returncode, done.stdout) == (verbs.MISUSED, "")
    assert done.stderr == (
        f"appconfig-env: error: {name} needs {missing}, which is not installed; "
        'run pip install "appconfig-env[cli]"\n'
    )


@pytest.mark.parametrize("name", WITHOUT)
def test_the_other_verbs_need_no_extra(name: str) -> None:
    done = without_extra(name, "--help")

    assert done.returncode == 0, done.stderr
    assert f"usage: appconfig-env {name} " in done.stdout


def test_run_needs_no_extra(tmp_path: Path) -> None:
    done = without_extra(
        "run", "--", "/bin/echo", "ran",
        environ={"APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json")},
    )  # fmt: skip

    assert (done.returncode, done.stdout) == (0, "ran\n")


def test_a_reader_that_has_seen_enough_is_not_an_error(tmp_path: Path) -> None:
    source = tmp_path / "a.txt"
    source.write_text("x" * 1_000_000)
    command = f'"{sys.executable}" -m appconfig_env get "file:{source}" | head -c 1'

    done = subprocess.run(
        ["/bin/sh", "-c", command],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout, done.stderr) == ("x", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_result_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    source = tmp_path / "a.txt"
    source.write_text("x")

    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "appconfig_env", "get", f"file:{source}"],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert done.returncode == verbs.PROBLEMS
    assert done.stderr == (
        "appconfig-env: error: the result cannot be written (No space left on device); "
        "check where it goes\n"
    )


def test_our_own_bug_ends_in_a_line_without_a_value() -> None:
    def broken(requests: list[Request], timeout: float) -> dict[str, Outcome]:
        raise RuntimeError(f"s3cret {timeout} {requests}")

    done = ran("get", "ssm:/a", backend=broken)

    assert (done.exit_code, done.out) == (verbs.PROBLEMS, "")
    assert re.fullmatch(
        r"appconfig-env: fatal: unexpected RuntimeError at test_commands\.py:\d+; "
        r"report it as a bug of appconfig-env\n",
        done.err,
    )


def test_the_installed_command_finds_the_extra(tmp_path: Path) -> None:
    source = tmp_path / "a.env"
    source.write_text("A=1\n")
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    environ = {"PATH": path, "APPCONFIG_ENV_SOURCES": f"file:{source}"}

    done = subprocess.run(
        [str(WRAPPER), "get", "A"], env=environ, capture_output=True, text=True, check=False
    )

    assert (done.stdout, done.stderr) == ("1\n", "")


def test_the_output_is_utf_8_whatever_the_locale_is(tmp_path: Path) -> None:
    source = tmp_path / "a.txt"
    source.write_text("grün", encoding="utf-8")
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "LC_ALL": "C", "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "appconfig_env", "get", f"file:{source}"]

    done = subprocess.run(
        command,
        env={**environ, "PYTHONCOERCECLOCALE": "0"},
        capture_output=True,
        check=True,
    )

    assert done.stdout == "grün\n".encode()


def test_a_process_without_a_terminal_shows_no_progress(
    capsys: pytest.CaptureFixture[str],
) -> None:
    process = commands.this_process()

    assert not process.shows_progress
    process.out.line("x", "error")
    assert capsys.readouterr().out == "x\n"
