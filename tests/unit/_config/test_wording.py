"""Names and lines as messages show them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._config.wording import (
    LONGEST_SHOWN,
    alternatives,
    counted,
    enumerated,
    nearest,
    nearest_note,
    one_line,
    one_line_each,
    printable,
    quoted,
    repeated,
)


def test_a_noun_is_counted() -> None:
    assert [counted(number, "call") for number in (0, 1, 2)] == ["0 calls", "1 call", "2 calls"]


def test_names_are_enumerated_with_and_before_the_last_one() -> None:
    names = ["A", "B", "C"]
    assert [enumerated(names[:number]) for number in range(4)] == [
        "",
        "A",
        "A and B",
        "A, B and C",
    ]


def test_a_name_is_quoted_and_shortened() -> None:
    assert quoted("a\n'b'") == repr("a\n'b'")
    assert quoted("k" * LONGEST_SHOWN) == repr("k" * LONGEST_SHOWN)
    assert quoted("k" * (LONGEST_SHOWN + 1)) == repr("k" * (LONGEST_SHOWN - 1) + "…")


@given(st.text(max_size=30), st.integers(1, 20))
def test_a_line_is_printable_and_at_most_as_long_as_asked(text: str, longest: int) -> None:
    line = printable(text, longest)
    assert line.isprintable()
    assert len(line) <= longest
    if text.isprintable() and len(text) <= longest:
        assert line == text


def test_control_characters_become_question_marks() -> None:
    assert printable("a\x1b[31m\r\nb") == "a?[31m??b"


@given(st.text(max_size=30))
def test_a_text_is_one_line_as_it_is_if_it_can_be_printed(text: str) -> None:
    line = one_line(text)
    assert line.isprintable()
    assert len(line) == len(text)
    assert line == text or not text.isprintable()


def test_each_text_in_the_fields_of_a_line_is_one_line() -> None:
    fields = {"source": "a\nb", "names": ["A", "B\r"], "more": ("\u2028",), "duration_ms": 12}
    assert one_line_each(fields) == {
        "source": "a?b",
        "names": ["A", "B?"],
        "more": ["?"],
        "duration_ms": 12,
    }


def test_the_nearest_name_is_found_in_any_case_but_only_if_it_is_near() -> None:
    assert nearest("PREFX", ["prefix", "names"]) == "prefix"
    assert nearest("prefx", ["PREFIX", "NAMES"]) == "PREFIX"
    assert nearest("shout", ["prefix", "names"]) == ""
    assert nearest("x", []) == ""
    assert nearest_note("prefx", ["prefix"]) == " (nearest: prefix)"
    assert nearest_note("shout", ["prefix"]) == ""


def test_alternatives_are_separated_by_commas_and_one_or() -> None:
    assert alternatives(["a"]) == "a"
    assert alternatives(["a", "b"]) == "a or b"
    assert alternatives(["a", "b", "c"]) == "a, b or c"


def test_the_first_duplicate_is_found() -> None:
    assert repeated(["a", "b", "b", "a"]) == "b"
    assert repeated(["a", "b"]) == ""
    assert repeated([]) == ""
