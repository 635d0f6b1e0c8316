"""Percent-encoding, compared with the standard library's."""

from __future__ import annotations

from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._http.percent import decode, encode

# Text that UTF-8 can encode: no lone surrogates.
texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(texts)
def test_encoding_is_that_of_the_standard_library(text: str) -> None:
    assert encode(text) == quote(text, safe="-._~")


@given(texts, st.sets(st.sampled_from("/:@+=,!'()*")))
def test_chosen_characters_are_kept(text: str, keep: set[str]) -> None:
    kept = "".join(sorted(keep))
    assert encode(text, keep=kept) == quote(text, safe=kept + "-._~")


@given(texts)
def test_encoded_text_is_decoded_to_the_same_text(text: str) -> None:
    assert decode(encode(text)) == text == unquote(encode(text))


@given(
    st.lists(st.one_of(texts.map(encode), texts.map(lambda text: text.replace("%", "")))).map(
        "".join
    )
)
def test_decoding_is_that_of_the_standard_library(text: str) -> None:
    assert decode(text) == unquote(text, errors="strict")


@pytest.mark.parametrize("text", ["%", "a%2", "%zz", "%2g", "% 1", "%-1", "%+1", "%٣٣", "%%41"])
def test_a_percent_sign_without_two_digits_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="expected two hexadecimal digits after %"):
        decode(text)


@pytest.mark.parametrize("text", ["%ff", "%c3", "%ed%a0%80", "%c0%af"])
def test_bytes_that_are_not_utf_8_are_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="utf-8"):
        decode(text)
