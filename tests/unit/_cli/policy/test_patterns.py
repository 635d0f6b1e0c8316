"""IAM's patterns: what two of them have in common."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._cli.policy.patterns import (
    arn_contains,
    arns_intersect,
    contains,
    intersect,
)

PATTERNS = st.text("ab*?", max_size=6)
TEXTS = st.text("ab", max_size=8)
PATH = "arn:aws:ssm:eu-west-1:111122223333:parameter/shop/prod"


def matches(pattern: str, text: str) -> bool:
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, text) is not None


@given(PATTERNS, PATTERNS, TEXTS)
def test_a_text_that_matches_two_patterns_shows_that_they_intersect(
    one: str, other: str, text: str
) -> None:
    if matches(one, text) and matches(other, text):
        assert intersect(one, other)


@given(PATTERNS, TEXTS)
def test_a_pattern_intersects_a_text_that_it_matches_and_no_other(pattern: str, text: str) -> None:
    assert intersect(pattern, text) == matches(pattern, text)
    assert contains(pattern, text) == matches(pattern, text)


@given(PATTERNS, PATTERNS)
def test_which_pattern_comes_first_makes_no_difference(one: str, other: str) -> None:
    assert intersect(one, other) == intersect(other, one)


@given(PATTERNS, PATTERNS, TEXTS)
def test_a_pattern_that_contains_another_matches_all_of_its_texts(
    larger: str, smaller: str, text: str
) -> None:
    if contains(larger, smaller) and matches(smaller, text):
        assert matches(larger, text)


@pytest.mark.parametrize(
    ("granted", "is_enough"),
    [
        (PATH, True),
        ("*", True),
        ("arn:aws:ssm:*:*:parameter/shop/*", True),
        ("arn:aws:ssm:eu-west-1:111122223333:parameter/shop/pro?", True),
        ("arn:aws:ssm", True),  # IAM completes it
        (f"{PATH}/*", False),  # AWS checks the path alone
        (f"{PATH}/", False),
        ("arn:aws-cn:ssm:eu-west-1:111122223333:parameter/shop/prod", False),
        ("arn:aws:ssm:us-east-1:111122223333:parameter/shop/prod", False),
        ("arn:aws:*:parameter/shop/prod", False),  # a wildcard does not reach beyond its field
    ],
)
def test_an_arn_is_matched_field_by_field(granted: str, is_enough: bool) -> None:
    assert arns_intersect(granted, PATH) == is_enough
    assert arn_contains(granted, PATH) == is_enough


@pytest.mark.parametrize(
    ("granted", "is_within"),
    [
        ("secret:prod/db-AbCdEf", True),
        ("secret:prod/db-??????", True),
        ("secret:prod/db-*", False),
        ("secret:prod/db*", False),
        ("secret:*", False),
    ],
)
def test_a_pattern_with_other_secrets_is_not_contained(granted: str, is_within: bool) -> None:
    assert contains("secret:prod/db-??????", granted) == is_within
