"""`export`: every value, whatever its characters, is read back by the program that it is for."""

from __future__ import annotations

import json
import shlex
import subprocess
from io import StringIO
from typing import TYPE_CHECKING

import dotenv
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._cli import export, verbs
from appconfig_env._content.document import Document
from appconfig_env._content.strict_dotenv import parse
from appconfig_env.errors import Failure

from .process import ran

if TYPE_CHECKING:
    from pathlib import Path

    from appconfig_env._backends.base import Outcome

# What tempts a writer to forget a quote.
AWKWARD = (
    "", " ", "a b", " a ", "it's", '"quoted"', "'quoted'", "a\nb", "a\r\nb", "a\rb", "\n", "\n\n",
    "#x", "a #b", "a\\", "\\", "\\\\", "\\n", "a\\'b", "$HOME", "$(id)", "`id`", "!x", "*", "~",
    "a=b", "export A=b", "ü", "\u2028", "\x85", "\x1b[0m", "\t", "\x0b", "{}", "${", "$$", "&;|<>",
    "a\\\nb", "EOF", "end_", "%41", "\ufeff", "=",
)  # fmt: skip
TEXT = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=30)
TRICKY = st.text("\\'\"\n\r #$`{}ab=", max_size=12)
VALUES = st.dictionaries(
    st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,5}", fullmatch=True),
    st.one_of(TEXT, TRICKY, st.sampled_from(AWKWARD)),
    max_size=4,
)


def github_reads(text: str) -> dict[str, str]:
    """Read the file as GitHub's runner does.

    Source: actions/runner, `EnvFileKeyValuePairs` in src/Runner.Worker/FileCommandManager.cs.
    """
    found = {}
    place = 0
    while place < len(text):
        line, _, _ = text[place:].partition("\n")
        place += len(line) + 1
        equals, heredoc = line.find("="), line.find("<<")
        assert heredoc >= 0
        assert equals < 0 or heredoc < equals
        name, delimiter = line[:heredoc], line[heredoc + 2 :]
        assert name
        assert delimiter
        start = end = place
        while True:
            newline = text.index("\n", place)
            line, place = text[place:newline], newline + 1
            if line == delimiter:
                break
            end = newline
        found[name] = text[start:end] if end > start else ""
    return found


@given(values=VALUES)
def test_dotenv_is_read_back_by_python_dotenv(values: dict[str, str]) -> None:
    try:
        text = export.dotenv(values)
    except export.ExportError:
        return  # see below

    # As from a file: Python reads each line end as \n.
    as_read = StringIO(text, newline=None)
    assert dotenv.dotenv_values(stream=as_read, interpolate=False) == values


@given(values=VALUES)
def test_dotenv_is_read_back_by_our_own_file_sources(values: dict[str, str]) -> None:
    try:
        text = export.dotenv(values)
    except export.ExportError:
        return  # see below

    assert parse(text) == values


def test_most_values_can_be_written_as_dotenv() -> None:
    refused = []
    for value in AWKWARD:
        try:
            export.dotenv({"A": value})
        except export.ExportError:
            refused.append(value)

    assert refused == []


@pytest.mark.parametrize("value", ["a\nb\\", " \\", "'\\", "a #b\\", "a\r\\", "`\\", "#\\"])
def test_a_value_that_no_dotenv_file_can_have_is_an_error(value: str) -> None:
    with pytest.raises(export.ExportError) as caught:
        export.dotenv({"A": "1", "B": value})

    assert str(caught.value) == (
        "B: no dotenv file can have a value that needs quotes and ends in a backslash; "
        "use --format json"
    )


@given(values=VALUES)
def test_json_is_read_back(values: dict[str, str]) -> None:
    assert json.loads(export.as_json(values)) == values


@given(values=VALUES)
def test_github_reads_each_value_back(values: dict[str, str]) -> None:
    text = export.github(values)

    assert github_reads(text) == values


def test_a_delimiter_is_never_part_of_the_value() -> None:
    words = iter(["a", "b", "c"])

    text = export.github({"A": "end_a and end_ab"}, lambda: next(words))

    assert github_reads(text) == {"A": "end_a and end_ab"}
    assert text.endswith("\nend_abc\n")


def test_a_shell_reads_each_awkward_value_back(tmp_path: Path) -> None:
    values = {f"V{number}": value for number, value in enumerate(AWKWARD)}
    script = tmp_path / "values.sh"
    script.write_text(export.shell(values), newline="")
    read = 'eval "$(cat "$1")" && env -0'

    done = subprocess.run(
        ["/bin/sh", "-c", read, "sh", str(script)],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=True,
    )

    pairs = dict(item.partition(b"=")[::2] for item in done.stdout.split(b"\0"))
    found = {name.decode(): value.decode() for name, value in pairs.items()}
    assert {name: found[name] for name in values} == values


@given(values=VALUES)
def test_a_shells_words_are_quoted(values: dict[str, str]) -> None:
    assert shlex.split(export.shell(values)) == [
        word for name, value in values.items() for word in ("export", f"{name}={value}")
    ]


DOCUMENTS: dict[str, bytes | Outcome] = {
    "ssm:/shop/": Document(
        parameters={"a": "1", "b": "x y", "PATH": "p", "own": "2", "s": "50%\ntwo"},
        secret_parameters=frozenset({"s"}),
    ),
    "ssm:/late": b"late",
    "ssm:/denied": Failure("denied", "no access", "allow it"),
}
ENVIRON = {"APPCONFIG_ENV_SOURCES": "ssm:/shop/ ssm:/late?env=no", "OWN": "configured"}


def test_it_prints_what_run_would_set() -> None:
    done = ran("export", documents=DOCUMENTS, environ=ENVIRON)

    assert (done.exit_code, done.out) == (verbs.OK, "A=1\nB='x y'\nS='50%\ntwo'\n")
    assert done.err == (
        "appconfig-env: warn: ssm:/shop/: PATH is protected and was left out; rename it, or "
        "configure it on the function\n"
    )


@pytest.mark.parametrize(
    ("words", "start"),
    [
        (["--format", "json"], '{\n  "A": "1",'),
        (["--json"], '{\n  "A": "1",'),
        (["--format", "shell"], "export A=1\nexport B='x y'\n"),
        (["--format", "github"], "A<<end_"),
        (["--format", "dotenv"], "A=1\n"),
    ],
)
def test_the_form_is_chosen(words: list[str], start: str) -> None:
    assert ran("export", *words, documents=DOCUMENTS, environ=ENVIRON).out.startswith(start)


@pytest.mark.parametrize(
    ("form", "nearest"),
    [("yaml", ""), ("jsn", " (nearest: json)"), ("Dotenv", " (nearest: dotenv)"), ("it's", "")],
)
def test_an_unknown_form_is_a_wrong_command_line(form: str, nearest: str) -> None:
    done = ran("export", "--format", form)

    assert done.exit_code == verbs.MISUSED
    assert done.err.endswith(
        f"'dotenv', 'json', 'shell', 'github'{nearest}; run appconfig-env export --help\n"
    )


def test_secrets_are_masked_in_a_workflow_alone() -> None:
    in_workflow = {**ENVIRON, "GITHUB_ACTIONS": "true"}
    masks = "::add-mask::50%25\n::add-mask::two\n"

    done = ran("export", "--format", "github", documents=DOCUMENTS, environ=in_workflow)
    assert masks in done.err
    assert "::add-mask::1\n" not in done.err
    for words, environ in ((["--format", "github"], ENVIRON), ([], in_workflow)):
        assert "add-mask" not in ran("export", *words, documents=DOCUMENTS, environ=environ).err


def test_a_reference_in_place_that_has_no_value_is_left_out_with_a_warning() -> None:
    environ = {"APPCONFIG_ENV_SOURCES": "ssm:/shop/?only=A", "X": "ssm:/denied?optional"}

    done = ran("export", documents=DOCUMENTS, environ=environ)

    assert (done.exit_code, done.out) == (verbs.OK, "A=1\n")
    assert done.err == ("appconfig-env: warn: ssm:/denied: no access; X is not set; allow it\n")


def test_a_missing_source_prints_nothing() -> None:
    environ = {"APPCONFIG_ENV_SOURCES": "ssm:/shop/ ssm:/denied"}

    done = ran("export", documents=DOCUMENTS, environ=environ)

    assert (done.exit_code, done.out) == (verbs.PROBLEMS, "")
    assert done.err == "appconfig-env: error: ssm:/denied: no access; allow it\n"


def test_where_a_cold_start_may_go_on_without_a_source_so_does_the_export() -> None:
    environ = {
        "APPCONFIG_ENV_SOURCES": "ssm:/shop/ ssm:/denied",
        "APPCONFIG_ENV_ON_ERROR": "continue",
    }

    done = ran("export", documents=DOCUMENTS, environ=environ)

    assert (done.exit_code, done.out.split("\n")[0]) == (verbs.OK, "A=1")
    assert "ssm:/denied: no access; continuing without it" in done.err


def test_what_python_dotenv_expands_is_warned_of() -> None:
    documents: dict[str, bytes | Outcome] = {"ssm:/a": b"${HOME}/x", "ssm:/b": b"$HOME"}
    environ = {"APPCONFIG_ENV_SOURCES": "ssm:/a ssm:/b"}

    done = ran("export", documents=documents, environ=environ)

    assert done.out == "A='${HOME}/x'\nB='$HOME'\n"
    assert done.err == (
        "appconfig-env: warn: A has ${...}, which python-dotenv expands, whatever the quotes; "
        "read the file with interpolate=False\n"
    )
