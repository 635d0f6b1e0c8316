"""Each cause of a dotenv line that cannot be read has an error and a remedy of its own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._content.document import DocumentError
from appconfig_env._content.parse import parse
from appconfig_env._content.strict_dotenv import MOST_LINES

from .parsing import error_of

NO_PAIR = "write NAME=value, or quote a value that spans several lines"


@pytest.mark.parametrize(
    ("line", "cause", "remedy"),
    [
        ("A: 1", "a colon instead of =", "write NAME=value"),
        ("A:1", "a colon instead of =", "write NAME=value"),
        ("A : 1", "a colon instead of =", "write NAME=value"),
        ("export A: 1", "a colon instead of =", "write NAME=value"),
        ('"A": 1', "a colon instead of =", "write NAME=value"),
        ("A: b=1", "a colon instead of =", "write NAME=value"),
        ("/shop/prod/HOST: x", "a colon instead of =", "write NAME=value"),
        ("set A=1", "more than one word before =", "write NAME=value, or export NAME=value"),
        ("declare -x A=1", "more than one word before =", "write NAME=value, or export NAME=value"),
        ("MY NAME=1", "more than one word before =", "write NAME=value, or export NAME=value"),
        ("A='a' b", "text after the closing quote", "quote the whole value"),
        ('A="a"b', "text after the closing quote", "quote the whole value"),
        (r"A='a\'b' c", "text after the closing quote", "quote the whole value"),
        ("A='a", "a quote that is not closed", "close it"),
        ("/a:b='c", "a quote that is not closed", "close it"),
        ('export A = "', "a quote that is not closed", "close it"),
        (r'A="a\"', "a quote that is not closed", "close it"),
        (
            "A='a\nB='b'",
            "a quote that a later line closes, with text after it",
            "close it in its own line, or quote the whole value",
        ),
        ("NAME", "no = after the name", NO_PAIR),
        ("export NAME", "no = after the name", NO_PAIR),
        ("NAME # a=b", "no = after the name", NO_PAIR),
        ("two words", "no = after the name", NO_PAIR),
        ("https://example.com/", "no = after the name", NO_PAIR),
        ("-----END KEY-----", "no = after the name", NO_PAIR),
        ("=1", "no name before =", "write NAME=value"),
        ("'A'=1", "a name in quotation marks", "remove the quotation marks"),
        ('export "A B"=1', "a name in quotation marks", "remove the quotation marks"),
        ("A=`b`", "a value that begins with a backtick", "quote it with single or double quotes"),
    ],
)
def test_each_cause_has_its_own_remedy(line: str, cause: str, remedy: str) -> None:
    assert error_of(f"A1=1\n{line}\n".encode(), format="dotenv") == f"line 2: {cause}; {remedy}"


def test_all_bad_lines_are_in_one_error_each_cause_with_its_remedy() -> None:
    text = "A: 1\nB=1\nset C=1\n\nD: 1\nB=2\nE\nF='x"

    assert error_of(text.encode(), format="dotenv") == (
        "lines 1 and 5: a colon instead of =; write NAME=value"
        "; line 3: more than one word before =; write NAME=value, or export NAME=value"
        f"; line 7: no = after the name; {NO_PAIR}"
        "; line 8: a quote that is not closed; close it"
        "; duplicate name 'B' (line 6); remove one"
    )


def test_a_document_of_another_format_does_not_list_every_line() -> None:
    error = error_of(b"A: 1\n" * (MOST_LINES + 3), format="dotenv")

    assert error.startswith("lines 1, 2, 3, ")
    assert error.endswith(f", {MOST_LINES} and 3 more: a colon instead of =; write NAME=value")


@given(st.text("\"'`#= :\n\\e", max_size=12), st.text("\"'`#= :\n\\e", max_size=12))
def test_no_text_of_the_document_is_in_an_error(before: str, after: str) -> None:
    error = ""

    try:
        parse(f"A={before}c4n4ry{after}".encode(), format="dotenv")
    except DocumentError as caught:
        error = str(caught)

    assert "c4n4ry" not in error  # a name is shown only if it comes twice
