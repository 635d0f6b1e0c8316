"""What a verb writes: aligned columns, colours on terminals only, JSON, no forged lines."""

from __future__ import annotations

import io
import json

import pytest

from appconfig_env._cli.output import STYLES, Line, Output, has_colours, table

from .process import Terminal


def written(*lines: Line, terminal: bool = False, environ: dict[str, str] | None = None) -> str:
    stream = Terminal() if terminal else io.StringIO()
    Output(stream, environ or {}).lines(lines)
    return stream.getvalue()


@pytest.mark.parametrize("style", STYLES)
def test_a_pipe_gets_no_colours(style: str) -> None:
    assert written(Line("text", style)) == "text\n"


@pytest.mark.parametrize("style", [style for style in STYLES if style])
def test_a_terminal_gets_colours(style: str) -> None:
    text = written(Line("text", style), terminal=True)

    assert "\x1b[" in text
    assert "text" in text


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"NO_COLOR": "yes"}, {"TERM": "dumb"}])
def test_a_terminal_gets_no_colours_if_its_user_wants_none(environ: dict[str, str]) -> None:
    assert written(Line("text", "error"), terminal=True, environ=environ) == "text\n"


def test_an_empty_no_color_counts_as_unset() -> None:
    assert has_colours(Terminal(), {"NO_COLOR": ""})


@pytest.mark.parametrize("terminal", [False, True])
def test_a_line_cannot_end_early_or_control_the_terminal(terminal: bool) -> None:
    text = written(Line("a\nb\x1b[2Jc\r"), terminal=terminal)

    assert text == "a?b?[2Jc?\n"


@pytest.mark.parametrize("terminal", [False, True])
def test_text_in_brackets_is_text(terminal: bool) -> None:
    assert written(Line("[bold]x[/bold] :warning:"), terminal=terminal) == (
        "[bold]x[/bold] :warning:\n"
    )


def test_a_long_line_is_not_wrapped() -> None:
    assert written(Line("x " * 300), terminal=True).count("\n") == 1


def test_columns_are_aligned_under_their_heads() -> None:
    rows = [("DB_HOST", "ssm:/shop/prod/", "3"), ("A", "b", "")]

    lines = table(("name", "source", "version"), rows, styles=("", "warn"))

    assert [line.text for line in lines] == [
        "name     source           version",
        "DB_HOST  ssm:/shop/prod/  3",
        "A        b",
    ]
    assert [line.style for line in lines] == ["title", "", "warn"]


def test_a_table_without_rows_has_its_heads() -> None:
    assert [line.text for line in table(("name", "source"), [])] == ["name  source"]


def test_json_keeps_every_character() -> None:
    stream = io.StringIO()
    Output(stream, {}).json({"name": "ü\n\x1b", "value": 1})

    assert json.loads(stream.getvalue()) == {"name": "ü\n\x1b", "value": 1}
    assert "ü" in stream.getvalue()


def test_text_is_written_as_it_is() -> None:
    stream = Terminal()
    Output(stream, {}).text("[a]\x1b\n")

    assert stream.getvalue() == "[a]\x1b\n"
