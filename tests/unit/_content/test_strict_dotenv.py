"""Dotenv documents: values are literal, and what their parser would drop or guess is an error."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._content.parse import parse
from appconfig_env._content.strict_dotenv import LARGEST, LONGEST_SPACE

from .parsing import error_of


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=1", "1"),
        ("A=a=b", "a=b"),
        ("A=$HOME${PATH}", "$HOME${PATH}"),
        ('A="$HOME"', "$HOME"),
        ("A='a\nb'", "a\nb"),
        (r'A="a\nb"', "a\nb"),
        (r"A='a\nb'", r"a\nb"),
        ("A='say \"x\"'", 'say "x"'),
        ('A="it\'s"', "it's"),
        ("A=für", "für"),
        ("A=", ""),
        ("A='#1'", "#1"),
        ("A='`id`'", "`id`"),
        ('A="`id`"', "`id`"),
        ("A=a`b`", "a`b`"),
        ("A=it's # one", "it's"),
        ("A=a 'b' # 'c'", "a 'b'"),
        ("A='it\\'s' # it's", "it's"),
        ("A=x \u2003", "x"),
        ("export A=1", "1"),
        ("A=1\r", "1"),
        ("# comment\n\nA=1 # one", "1"),
        ("# 'comment'=1\n# `x`\nA=1", "1"),
    ],
)
def test_dotenv_values_are_taken_literally(line: str, value: str) -> None:
    assert parse(line.encode(), "text/x-dotenv") == {"A": value}


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("A=1\nB", "line 2"),
        ("A=1\nnot a pair\n", "line 2"),
        ("A='open", "line 1"),
        ("A=1\nKEY=-----BEGIN\nMIIE\n-----END", "lines 3 and 4: no ="),
        ("A=1\nA=2", "duplicate name 'A' (line 2)"),
        ("A=1\nB=`id`", "line 2: a value that begins with a backtick"),
        ("A=1\nB= `c4n4ry # x`", "line 2: a value that begins with a backtick"),
        ("A=1\nexport B=`c4n4ry\nx`\n", "line 2: a value that begins with a backtick"),
        ("A=1\n\n\r\n  \nB", "line 5: no ="),
        ("\n\nA=1\n\n# c\n\n B=`x`", "line 7: a value that begins with a backtick"),
        ("A=1\n\nA=2", "duplicate name 'A' (line 3)"),
        ("A='x\ny'\n\nB", "line 4: no ="),
        ("A=1\n'B'=2", "line 2: a name in quotation marks"),
        ('A=1\nexport "B" = 2', "line 2: a name in quotation marks"),
        ("A=1\nexport 'B C'=2", "line 2: a name in quotation marks"),
        ("A=1\nB=a 'b # c'", "line 2: a # between quotation marks"),
        ('A=1\nB=--x="b # c" # d', "line 2: a # between quotation marks"),
        ("B=`", "line 1: a value that begins with a backtick"),
    ],
)
def test_lines_that_dotenv_would_drop_are_an_error(text: str, part: str) -> None:
    assert part in error_of(text.encode(), format="dotenv")


@pytest.mark.parametrize("space", [" ", "\t", "\u2003", "\u3000"])
def test_dotenv_that_its_parser_takes_hours_for_is_an_error(space: str) -> None:
    longest = f"A='{space * LONGEST_SPACE}'"
    assert parse(longest.encode(), format="dotenv") == {"A": space * LONGEST_SPACE}
    error = error_of(f"A=1\nB='{space * (LONGEST_SPACE + 1)}'".encode(), format="dotenv")
    assert "at most 1000 spaces in a row, got more in line 2" in error


def test_the_length_of_dotenv_is_limited() -> None:
    text = "# " + "x" * (LARGEST - 2)
    assert parse(text.encode(), format="dotenv") == {}
    assert "at most 262144 characters, got 262145" in error_of(f"{text}x".encode(), format="dotenv")


def test_a_dotenv_document_may_be_empty() -> None:
    assert parse(b"# nothing yet\n", format="dotenv") == {}


# Characters that a single-quoted value can contain without escapes.
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="'\\\r\x00")))
def test_any_text_survives_dotenv(value: str) -> None:
    value = "".join(value.splitlines())
    assert parse(f"A='{value}'".encode(), format="dotenv") == {"A": value}
