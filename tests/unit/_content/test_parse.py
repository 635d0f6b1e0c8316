"""Parsing documents into data; errors contain no part of the document."""

from __future__ import annotations

import gzip
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._content.document import DocumentError
from appconfig_env._content.parse import kind_of, parse, text_of

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


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/octet-stream"])
def test_yaml_is_text_unless_it_is_requested_or_declared(content_type: str) -> None:
    document = "host: db\nport: 5432\n"

    assert parse(document.encode(), content_type) == document
    assert parse(document.encode(), content_type, "yaml") == {"host": "db", "port": 5432}
    assert parse(document.encode(), "text/yaml") == {"host": "db", "port": 5432}


def test_a_byte_order_mark_is_not_part_of_a_document() -> None:
    assert parse(b'\xef\xbb\xbf{"a": 1}', JSON) == {"a": 1}
    assert text_of(b"\xef\xbb\xbfx") == "x"


@pytest.mark.parametrize("text", ["a\0b", "a\0\0b", "abcd\0", "\x01\0\x02\0", "é\0a\0", "\0"])
def test_text_with_null_characters_is_not_taken_for_another_encoding(text: str) -> None:
    assert text_of(text.encode()) == text


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
        ('{"a": "c4n4ry"}'.encode("utf-16-le"), "got UTF-16 text; save it as UTF-8"),
        ('{"a": "c4n4ry é"}'.encode("utf-16-be"), "got UTF-16 text; save it as UTF-8"),
        ("A=c4n4ry".encode("utf-32-le"), "got UTF-32 text; save it as UTF-8"),
        ("A=c4n4ry €".encode("utf-32-be"), "got UTF-32 text; save it as UTF-8"),
        (b"\x01\x00\x02\x00\x80c4n4ry", "got binary content; store it as text, such as base64"),
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
