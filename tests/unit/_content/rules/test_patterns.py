"""`matches`: Python's re is the oracle, and no pattern takes long."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._content.rules.nodes import PlacedError
from appconfig_env._content.rules.pattern_syntax import DEEPEST, LONGEST
from appconfig_env._content.rules.patterns import LONGEST_TEXT, MOST_STEPS, Pattern

PATTERNS = [
    "h.*y", "^a+b?$", "(a|b)*c", "[a-c]{2,3}d", r"\d+\.\d", "(?i)hello", "[^a-c]", r"\bfoo\b",
    "a{0}b", "(ab|a)(c|bcd)(d*)", "^$", "[]a]", "[a-]", r"\w+@\w+\.com$", "(?:a|b|)c", "(?i:A)b",
    "x*", "a|", r"[\d-]x", r"[\Wa]", "(?s)a.b", "(a*)*b", "(?i)[^a]", r"\Bc", "(?P<n>a)b", "a{2,}",
    r"\x41\t?", "a{", "a{x}", "}", "[a\\]]+", "a.?b", "(?i)é", r"[^\w]", r"\S\s\D", r"\.\\\/",
    "a??b",
    "(a{1,2}){2}", r"\Aa", "[.]",
]  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
@given(text=st.text("abcdxyzAéÉ @.\nfo1-]\\/{}HELlh\t", max_size=8) | st.text(max_size=5))
def test_a_pattern_finds_what_python_finds(pattern: str, text: str) -> None:
    # RE2's $ is the end of the text alone, and its classes are of ASCII.
    same = pattern.replace("$", r"\Z")
    flags = re.ASCII if text.isascii() else 0
    if flags or not re.search(r"\\[dDwWsSbB]|\(\?i", pattern):
        assert Pattern(pattern).is_found_in(text) == bool(re.search(same, text, flags))


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("a$", "a\n", False), ("(?m)^b$", "a\nb\nc", True), ("^b$", "a\nb\nc", False),
        (r"\d", "٣", False), (r"\w", "é", False), (r"\s", "\v", False), ("(?i)STRASSE",
        "straße", False),
        ("(?i)É", "é", True), ("(?-i:a)", "A", False), ("(?i)a(?-i)b", "AB", False),
        ("(?i)a(?-i)b", "Ab", True), ("(a(?i)b)c", "aBC", False), ("(a(?i)b)c", "aBc", True),
        ("(?<n>a)", "a", True), ("", "", True), ("h.*y", "oh, happy", True), (".", "\n", False),
    ],
)  # fmt: skip
def test_what_re_reads_differently_is_as_in_re2(pattern: str, text: str, expected: bool) -> None:
    assert Pattern(pattern).is_found_in(text) is expected


@pytest.mark.parametrize(
    "pattern",
    [
        "(a", "a)", "[a", "a**", "a*+", "a++", "a{2}{3}", "(?=a)", "(?!a)", "(?<=a)", "(?>a)",
        "(?#a)",
        "(?(1)a)", "(?P=n)", "(?x)a", "(?L)a", "(?U)a", r"\1", r"\pL", r"\Qa\E", r"\C", r"\z",
        r"\Z",
        r"\é", "a{,3}", "a{3,2}", f"a{{{1001}}}", "(a{100}){100}", "x" * (LONGEST + 1), "\\", "[\\",
        "(" * (DEEPEST + 1) + ")" * (DEEPEST + 1), "[[:alpha:]]", "[z-a]", r"[a-\d]", r"[\b]",
        "[a&&b]",
        "+", "*", "?", "{2}", "|+", "(?", "(?i", "[^", "[", "\\x4", r"\x{41}",
    ],
)  # fmt: skip
def test_what_only_one_of_them_reads_is_an_error_with_its_place(pattern: str) -> None:
    with pytest.raises(PlacedError) as raised:
        Pattern(pattern)

    assert 0 <= raised.value.offset <= len(pattern)
    assert raised.value.hint


@given(st.text("ab()[]{}|*+?.^$\\dwi-:,09P<>=", max_size=15) | st.text(max_size=10))
def test_any_text_is_a_pattern_or_an_error(pattern: str) -> None:
    offset = 0
    try:
        Pattern(pattern).is_found_in("aab")
    except PlacedError as error:
        offset = error.offset

    assert 0 <= offset <= len(pattern)


def steps(pattern: str, text: str) -> int:
    """Return how many steps a search takes."""
    taken = 0

    class Counted(Pattern):
        def _followed(self, reached: list[int], text: str, at: int) -> list[int] | None:
            nonlocal taken
            taken += len(reached)
            return super()._followed(reached, text, at)

    assert not Counted(pattern).is_found_in(text)
    return taken


@pytest.mark.parametrize(
    "pattern", ["(a*)*b", "(a|a)*b", "(a|aa)+$b", "a*a*a*a*a*b", "(.*)(.*)(.*)b"]
)
def test_a_search_takes_time_in_proportion_to_the_text(pattern: str) -> None:
    # re takes twice as long for each further character, or eight times for twice as many.
    assert steps(pattern, "a" * 200) < 2.1 * steps(pattern, "a" * 100)


def test_texts_and_patterns_are_bounded() -> None:
    pattern = Pattern("a")

    assert pattern.is_found_in("b" * (LONGEST_TEXT - 1) + "a")
    assert not pattern.is_found_in("a" * (LONGEST_TEXT + 1))
    Pattern("a" * (MOST_STEPS - 1))
    with pytest.raises(PlacedError, match="too large"):
        Pattern("a" * MOST_STEPS)
