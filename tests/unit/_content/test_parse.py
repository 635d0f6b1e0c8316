"""Parsing documents into data; errors contain no part of the document."""

from __future__ import annotations

import gzip
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._content.document import DocumentError
from appconfig_env._content.parse import LARGEST_DOTENV, LONGEST_SPACE, kind_of, parse, text_of

from .parsing import error_of

CANARY = "c4n4ry"
JSON = "application/json"


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        ("application/json", "json"),
        ("Application/JSON; charset=utf-8", "json"),
        ("application/vnd.api+json", "json"),
        ("application/x-yaml", "yaml"),
        ("text/yaml", "yaml"),
        ("application/vnd.oai.openapi+yaml", "yaml"),
        ("text/x-dotenv", "dotenv"),
        ("text/plain", ""),
        ("application/octet-stream", ""),
        ("", ""),
    ],
)
def test_the_content_type_determines_the_format(content_type: str, kind: str) -> None:
    assert kind_of(content_type) == kind


def test_the_format_option_wins_over_the_content_type() -> None:
    assert kind_of(JSON, "text") == "text"
    assert parse(b'{"a": 1}', JSON, "text") == '{"a": 1}'
    assert parse(b'{"a": 1}', "text/plain", "json") == {"a": 1}


def test_without_a_type_objects_and_lists_are_json_and_everything_else_is_text() -> None:
    assert parse(b' {"a": 1}') == {"a": 1}
    assert parse(b"[1]", "text/plain") == [1]
    assert parse(b"5") == "5"
    assert parse(b'"x"') == '"x"'
    assert parse(b"[section]\na=1") == "[section]\na=1"
    assert parse(b"{{ template }}") == "{{ template }}"
    assert parse(b"") == ""


def test_a_byte_order_mark_is_not_part_of_a_document() -> None:
    assert parse(b'\xef\xbb\xbf{"a": 1}', JSON) == {"a": 1}
    assert text_of(b"\xef\xbb\xbfx") == "x"


def test_json_that_is_not_strict_is_not_treated_as_text() -> None:
    assert "duplicate key" in error_of(b'{"a": 1, "a": 2}')
    assert "NaN" in error_of(b"[NaN]")


@given(st.binary(), st.sampled_from(["", "application/json", "text/plain; charset=utf-8"]))
def test_binary_is_the_same_bytes_whatever_they_are(body: bytes, content_type: str) -> None:
    assert parse(body, content_type, "binary") == body


@pytest.mark.parametrize("kind", ["json", "yaml", "dotenv", "text", ""])
@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"\x80\x00c4n4ry", "got binary content; store it as text, such as base64"),
        ('{"a": "c4n4ry"}'.encode("utf-16"), "got UTF-16 text; save it as UTF-8"),
        ('{"a": "c4n4ry"}'.encode("utf-32"), "got UTF-32 text; save it as UTF-8"),
        (b"\xfe\xff" + '{"a": "c4n4ry"}'.encode("utf-16-be"), "got UTF-16 text"),
        (b"\x00\x00\xfe\xff" + '{"a": "c4n4ry"}'.encode("utf-32-be"), "got UTF-32 text"),
        (
            '{\n"a": "c4n4ry é"}'.encode("latin-1"),
            "text in another encoding at line 2; save",
        ),
        ("c4n4ry €\n".encode("cp1252"), "text in another encoding at line 1; save"),
        (b"\xe0\x01\x00\xea\xee\x8f\x81\x83", "got binary Amazon Ion; convert it to JSON"),
        (gzip.compress(b"c4n4ry", mtime=0), "got data compressed with gzip; store it uncompressed"),
        (b"PK\x03\x04\x14\x00\x80c4n4ry", "got a ZIP archive; store its files"),
        (b"\xfe\xed\xfe\xed\x00c4n4ry", "got a Java keystore; store it as text"),
    ],
)
def test_what_is_not_utf_8_is_named(kind: str, body: bytes, error: str) -> None:
    found = error_of(body, format=kind)
    assert f"expected UTF-8 text, got {error.removeprefix('got ')}" in found
    assert "c4n4ry" not in found


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
        ("export A=1", "1"),
        ("A=1\r", "1"),
        ("# comment\n\nA=1 # one", "1"),
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
        ("A=1\nKEY=-----BEGIN\nMIIE\n-----END", "line 3"),
        ("A=1\nA=2", "duplicate name 'A'"),
        ("A=1\nB=`id`", "line 2 has a value that begins with a backtick"),
        ("A=1\nB= `c4n4ry # x`", "line 2 has a value that begins with a backtick"),
        ("A=1\nexport B=`c4n4ry\nx`\n", "line 2 has a value that begins with a backtick"),
        ("B=`", "line 1 has a value that begins with a backtick"),
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
    text = "# " + "x" * (LARGEST_DOTENV - 2)
    assert parse(text.encode(), format="dotenv") == {}
    assert "at most 262144 characters, got 262145" in error_of(f"{text}x".encode(), format="dotenv")


def test_a_dotenv_document_may_be_empty() -> None:
    assert parse(b"# nothing yet\n", format="dotenv") == {}


# Characters that a single-quoted value can contain without escapes.
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="'\\\r\x00")))
def test_any_text_survives_dotenv(value: str) -> None:
    value = "".join(value.splitlines())
    assert parse(f"A='{value}'".encode(), format="dotenv") == {"A": value}


@pytest.mark.parametrize(
    ("module", "kind", "part"),
    [("yaml", "yaml", "appconfig-env[yaml]"), ("dotenv", "dotenv", "python-dotenv")],
)
def test_the_error_of_a_format_without_its_package_names_what_to_install(
    module: str, kind: str, part: str
) -> None:
    before = sys.modules.get(module)
    sys.modules[module] = None  # type: ignore[assignment]  # makes the import fail
    try:
        assert part in error_of(b"a=1", format=kind)
    finally:
        del sys.modules[module]
        if before is not None:
            sys.modules[module] = before


@pytest.mark.parametrize("kind", ["json", "yaml", "dotenv"])
@given(before=st.text(max_size=20), after=st.text(max_size=20))
def test_no_error_repeats_the_document(kind: str, before: str, after: str) -> None:
    body = f'{before}"{CANARY}"{after}'.encode(errors="replace")
    message = ""
    try:
        parse(body, format=kind)
    except DocumentError as error:
        message = str(error)
        message += repr(None if error.__suppress_context__ else error.__context__)
    # Keys are names, and errors may contain names.
    assert CANARY not in message or "duplicate" in message
