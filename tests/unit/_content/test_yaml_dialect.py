"""The rules of the YAML dialect that need no parser: tags, line breaks, surrogates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._content.yaml_dialect import (
    TAG,
    YamlError,
    paired,
    reject_old_line_breaks,
    reject_tag,
)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("str", "NO"), ("int", "12"), ("int", "-0"), ("float", "12"), ("float", "1.50"),
        ("bool", "true"), ("bool", "FALSE"), ("null", "~"), ("null", ""),
    ],
)  # fmt: skip
def test_a_tag_is_accepted_with_a_text_that_it_fits(kind: str, text: str) -> None:
    reject_tag(TAG + kind, text, 1)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("int", "012"), ("int", "0x1F"), ("int", "0o14"), ("int", "1:30"), ("int", "1_000"),
        ("int", "+1"), ("int", "1.5"), ("int", ""), ("float", ".inf"), ("float", "1:30.5"),
        ("bool", "yes"), ("bool", "off"), ("null", "none"), ("int", "1\n"),
    ],
)  # fmt: skip
def test_a_tag_is_rejected_with_a_text_that_only_some_versions_of_yaml_read(
    kind: str, text: str
) -> None:
    with pytest.raises(YamlError, match=r"does not fit its tag \(line 7\)"):
        reject_tag(TAG + kind, text, 7)


@pytest.mark.parametrize("tag", [f"{TAG}set", f"{TAG}binary", f"{TAG}merge", "!Ref", "tag:x,1:y"])
def test_a_tag_that_json_has_no_type_for_is_rejected(tag: str) -> None:
    with pytest.raises(YamlError, match=r"got a tag \(line 7\)"):
        reject_tag(tag, "x", 7)


@pytest.mark.parametrize("char", ["\x85", "\u2028", "\u2029"])
def test_a_line_break_of_yaml_1_1_only_is_rejected(char: str) -> None:
    with pytest.raises(YamlError) as caught:
        reject_old_line_breaks(f"a: b\n# c{char}d: e")

    assert f"U+{ord(char):04X}" in caught.value.summary
    assert caught.value.summary.endswith("(line 2)")
    reject_old_line_breaks("a: b\r\nc: d\x0b\x0c")


@given(st.text(st.characters()))
def test_pairs_of_surrogates_become_characters_and_nothing_else_changes(text: str) -> None:
    halves = "".join(
        f"{chr(0xD800 + (ord(char) - 0x10000 >> 10))}{chr(0xDC00 + (ord(char) - 0x10000 & 0x3FF))}"
        if ord(char) > 0xFFFF
        else char
        for char in text
    )

    assert paired(halves) == text
    assert paired(text) == text
