"""Rules: AWS's own examples, what its pages leave open, and errors with their place."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._content.rules.nodes import PlacedError, place
from appconfig_env._content.rules.operands import ContextError
from appconfig_env._content.rules.operators import OPERATORS
from appconfig_env._content.rules.rule import LONGEST, compiled
from appconfig_env._content.rules.run import Run


def matches(rule: str, context: dict[str, Any]) -> bool:
    return compiled(rule).is_true(Run(context, "checkout"))


# "Defining rules for multi-variant feature flags": each example, with contexts that match and not.
OF_FLAGS: list[tuple[str, list[dict[str, Any]], list[dict[str, Any]]]] = [
    ('(eq $state "Virginia")', [{"state": "Virginia"}], [{"state": "virginia"}, {}]),
    ("(gt $age 65)", [{"age": 66}, {"age": "70.5"}], [{"age": 65}, {"age": "x"}, {}]),
    ("(gte $age 65)", [{"age": 65}, {"age": "65"}], [{"age": 64.9}, {}]),
    ("(lt $age 65)", [{"age": 64}, {"age": "-1"}], [{"age": 65}, {}]),
    ("(lte $age 65)", [{"age": 65.0}], [{"age": 66}, {}]),
    (
        '(and \n    (eq $state "Virginia") \n    (gt $age 65)\n)',
        [{"state": "Virginia", "age": 70}],
        [{"state": "Virginia", "age": 60}, {"age": 70}, {}],
    ),
    (
        '(or\n    (eq $state "Virginia") \n    (gt $age 65)\n)',
        [{"state": "Virginia"}, {"age": "70"}],
        [{"state": "Ohio", "age": 60}, {}],
    ),
    ('(not (eq $state "Virginia"))', [{"state": "Ohio"}, {}], [{"state": "Virginia"}]),
    ('(begins_with $state "A")', [{"state": "Alabama"}], [{"state": "Iowa"}, {"state": "a"}, {}]),
    ('(ends_with $email "amazon.com")', [{"email": "a@amazon.com"}], [{"email": "a@b.c"}, {}]),
    ('(contains $promoCode "WIN")', [{"promoCode": "WINTER"}], [{"promoCode": "win"}, {}]),
    ('(in $userId ["123", "456"])', [{"userId": "123"}, {"userId": 456}], [{"userId": "12"}, {}]),
    (
        '(matches in::$greeting pattern::"h.*y")',
        [{"greeting": "oh, happy"}],
        [{"greeting": "hi"}, {}],
    ),
    ('(exists key::"country")', [{"country": "US"}, {"country": ""}], [{"country": None}, {}]),
    ('(exists key::"opted_in_to_beta")', [{"opted_in_to_beta": True}], [{"optedIn": True}]),
    (
        '(ends_with $email "qa-testers.mycompany.com")',
        [{"email": "x@qa-testers.mycompany.com"}],
        [{}],
    ),
]
# "Creating audience rules", the same language with `ne` and lists without commas.
OF_AUDIENCES: list[tuple[str, list[dict[str, Any]], list[dict[str, Any]]]] = [
    (
        '(and\n    (eq $system "iPhone")\n    (lt $osVersion 1.8)\n)',
        [{"system": "iPhone", "osVersion": "1.7"}],
        [{"system": "iPhone", "osVersion": 1.8}, {"system": "Android", "osVersion": 1}],
    ),
    (
        '(and\n (eq $region "us-east-1")\n (or (eq $system "iPhone") (eq $system "Android")))',
        [{"region": "us-east-1", "system": "Android"}],
        [{"region": "us-east-1", "system": "Web"}, {"system": "iPhone"}],
    ),
    ('(ne $region "us-west-2")', [{"region": "us-east-1"}, {}], [{"region": "us-west-2"}]),
    ("(lte $osVersion 2.0)", [{"osVersion": "2"}], [{"osVersion": "2.1"}]),
    ("(gt $appVersion 5.0)", [{"appVersion": 5.1}], [{"appVersion": 5}]),
    ('(in $region ["us-east-1" "us-west-2"])', [{"region": "us-west-2"}], [{"region": "us"}]),
    ('(contains $deviceName "iPhone")', [{"deviceName": "My iPhone"}], [{"deviceName": "Mac"}]),
]
IN_MAY = dt.datetime(2024, 5, 1, tzinfo=dt.UTC)
# What the pages leave open; docs/variants.md has each decision.
OPEN: list[tuple[str, list[dict[str, Any]], list[dict[str, Any]]]] = [
    (
        "(gt $now 2024-01)",
        [{"now": IN_MAY}, {"now": "2024-05-01"}],
        [{"now": "2023"}, {"now": 2024}],
    ),
    (
        "(lt $born 2012-03-04T05:06:07-08:00)",
        [{"born": IN_MAY.replace(year=2000)}],
        [{"born": IN_MAY}],
    ),
    ('(gt $now "2024-01")', [{"now": IN_MAY}], [{"now": IN_MAY.replace(year=2023)}]),
    ("(eq $beta true)", [{"beta": True}, {"beta": "true"}], [{"beta": 1}, {"beta": "True"}, {}]),
    ("(eq $n 1)", [{"n": 1}, {"n": 1.0}, {"n": "1"}], [{"n": True}, {"n": [1]}]),
    ('(eq $id "007")', [{"id": "007"}], [{"id": "7"}]),
    ("(eq $a $b)", [{"a": "x", "b": "x"}, {"a": 1, "b": "1"}], [{"a": "x"}, {}]),
    ("$beta", [{"beta": True}, {"beta": "true"}], [{"beta": False}, {"beta": "yes"}, {}]),
    ("(and $beta (gt $n 1))", [{"beta": True, "n": 2}], [{"beta": True, "n": 1}]),
    ("(eq (gt $n 1) true)", [{"n": 2}], [{"n": 1}, {}]),
    ("true", [{}], []),
    ("false", [], [{}]),
    ('(contains $groups "beta")', [{"groups": ["beta"]}], [{"groups": ["betas"]}, {"groups": []}]),
    ('(in "beta" $groups)', [{"groups": ["alpha", "beta"]}], [{"groups": "beta"}, {}]),
    ('(in $groups ["a"])', [], [{"groups": ["a"]}]),
    ("(in $n [1 2.5 true])", [{"n": "2.5"}, {"n": True}], [{"n": 2}, {"n": "x"}]),
    ("(in $n [])", [], [{"n": 1}]),
    ('(begins_with $n "12")', [{"n": 123}, {"n": 12.5}], [{"n": 21}, {"n": ["12"]}]),
    ('(begins_with "abc" $part)', [{"part": "ab"}], [{"part": "b"}, {}]),
    ("(eq $'a-b' 1)".replace("$'a-b'", "'$a-b'"), [{"a-b": 1}], [{"a": 1}]),
    ("(eq $plan /* the cheap one */ '''beta''') // only", [{"plan": "beta"}], [{}]),
    (
        '(matches pattern::"^[a-z]+@x\\\\.com$" in::$mail)',
        [{"mail": "a@x.com"}],
        [{"mail": "a@xacom"}],
    ),
    ("(and true)", [{}], []),
    ("(split pct::100 by::$id)", [{"id": "x"}, {"id": ["x", 1]}], [{}]),
    ("(split by::$id pct::0.0)", [], [{"id": "x"}]),
]


@pytest.mark.parametrize(
    ("rule", "context", "expected"),
    [
        (rule, context, expected)
        for rule, true, false in [*OF_FLAGS, *OF_AUDIENCES, *OPEN]
        for expected, contexts in ((True, true), (False, false))
        for context in contexts
    ],
)
def test_a_rule_is_true_or_false(rule: str, context: dict[str, Any], expected: bool) -> None:
    assert matches(rule, context) is expected


def test_each_operator_is_in_an_example() -> None:
    rules = " ".join(rule for rule, *_ in [*OF_FLAGS, *OF_AUDIENCES])

    assert {name for name in OPERATORS if f"({name}" not in rules} == {"split"}


def shares(*rules: str) -> list[float]:
    """Return which shares of random values the rules select, the first that is true each."""
    tests, counts = [compiled(rule) for rule in rules], [0] * (len(rules) + 1)
    for number in range(5_000):
        run = Run({"uniqueId": f"id-{number}"}, "checkout")
        counts[next((i for i, test in enumerate(tests) if test.is_true(run)), len(rules))] += 1
    return [count / 5_000 for count in counts]


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (["(split by::$uniqueId pct::20)"], [0.2, 0.8]),
        (["(split by::$uniqueId pct::20)", "(split by::$uniqueId pct::20)"], [0.2, 0, 0.8]),
        (["(split by::$uniqueId pct::20)", "(split by::$uniqueId pct::25)"], [0.2, 0.05, 0.75]),
        (
            [
                '(split by::$uniqueId pct::20 seed::"seed_one")',
                '(split by::$uniqueId pct::25 seed::"seed_two")',
            ],
            [0.2, 0.2, 0.6],
        ),
    ],
)
def test_splits_distribute_as_the_examples_of_aws_say(
    rules: list[str], expected: list[float]
) -> None:
    # "Understanding the split operator"; four standard deviations of 20 % of 5,000 are 2.3 %.
    assert shares(*rules) == pytest.approx(expected, abs=0.023)
    assert expected[1] != 0 or shares(*rules)[1] == 0


@pytest.mark.parametrize(
    ("rule", "context", "has_split"),
    [
        ("(split pct::100 by::$id)", {"id": "x"}, True),
        ("(split pct::100 by::$id)", {}, False),
        ('(or (eq $id "x") (split pct::100 by::$id))', {"id": "x"}, False),
        ('(or (eq $id "y") (split pct::100 by::$id))', {"id": "x"}, True),
        ('(and (eq $id "x") (split pct::100 by::$id))', {"id": "x"}, True),
        ("(not (split pct::0 by::$id))", {"id": "x"}, True),
    ],
)
def test_a_run_knows_whether_a_split_has_decided(
    rule: str, context: dict[str, Any], has_split: bool
) -> None:
    run = Run(context, "checkout")

    compiled(rule).is_true(run)

    assert run.has_split is has_split


@pytest.mark.parametrize(
    ("rule", "column", "summary"),
    [
        ("", 1, "an empty rule"),
        (" // x", 1, "an empty rule"),
        ("(eq $a 1) (eq $b 2)", 11, "more than one expression"),
        ("(equals $a 1)", 2, "unknown operator 'equals'"),
        ('(begin_with $a "x")', 2, "unknown operator 'begin_with' (nearest: begins_with)"),
        ("()", 1, "expected an operator"),
        ('("eq" $a 1)', 2, "expected an operator"),
        ("(x::eq $a 1)", 5, "expected an operator"),
        ("(eq $a)", 2, "eq takes 2 operands, got 1"),
        ("(gt $a 1 2)", 2, "gt takes 2 operands, got 3"),
        ('(eq "a" 1)', 9, "a text is compared with a number"),
        ("(lt 2024-01 1)", 13, "a timestamp is compared with a number"),
        ("(gt $a true)", 8, "gt takes a text, a number or a timestamp, got a boolean"),
        ("(eq $a [1])", 8, "eq takes"),
        ("(not 5)", 6, "expected true or false, got a number"),
        ('(and $a "x")', 9, "expected true or false, got a text"),
        ('"x"', 1, "expected true or false"),
        ("[true]", 1, "expected true or false, got a list"),
        ("(and)", 2, "and takes expressions"),
        ("(or)", 2, "or takes expressions"),
        ("(not)", 2, "not takes 1"),
        ("(not $a $b)", 2, "not takes 1"),
        ('(in $a "x")', 8, "in takes a list"),
        ("(in $a [$b])", 9, "expected a constant"),
        ("(in $a [[1]])", 9, "expected a constant"),
        ("(in $a [x::1])", 12, "expected a constant"),
        ("(in [1] $a)", 5, "in takes"),
        ("(in $a (eq $b 1))", 8, "in takes a list"),
        ("(begins_with $a 5)", 17, "begins_with takes a text, got a number"),
        ('(contains true "x")', 11, "contains takes a text"),
        ("(exists $a)", 9, "exists takes only arguments with a name"),
        ("(exists key::$a)", 14, "exists takes a key as a text"),
        ("(exists)", 2, "exists without the argument key"),
        ('(exists name::"a")', 15, "exists has no argument 'name'"),
        ('(matches $a "x")', 10, "matches takes only arguments"),
        ("(matches in::$a)", 2, "matches without the argument pattern"),
        ("(matches in::$a pattern::5)", 26, "matches takes a pattern"),
        ('(matches in::5 pattern::"x")', 14, "matches takes a text"),
        ('(matches in::$a pattern::"a(")', 26, "the pattern, at its character 3: ( is not closed"),
        ("(split by::$a)", 2, "split without the argument pct"),
        ("(split pct::101 by::$a)", 13, "pct takes a number from 0 to 100"),
        ('(split pct::"1" by::$a)', 13, "pct takes"),
        ("(split pct::-1 by::$a)", 13, "pct takes"),
        ('(split pct::1 by::"x")', 19, "by takes"),
        ('(split pct::1 by::$a sed::"x")', 27, "split has no argument 'sed' (nearest: seed)"),
        ("(split pct::1 by::$a seed::1)", 28, "seed takes a text"),
        ("(split pct::1 pct::2 by::$a)", 20, "the argument pct comes twice"),
        ("(split a::pct::1 by::$a)", 16, "split takes only arguments"),
        ("(eq $a bob)", 8, "a name that is neither"),
        ("(eq $a $)", 8, "a name that is neither"),
        ("(eq $a 'bob')", 8, "a name in single quotes"),
        ("(eq $a x::1)", 11, "a named argument, 'x'"),
        ("(eq $a 9223372036854775808)", 8, "an integer of more than 64 bits"),
        ("(eq $a null)", 8, "expected a constant"),
        ("(eq $a {b:1})", 8, "expected a constant"),
        ("x::(eq $a 1)", 4, "a named argument"),
        ("(eq $a", 1, "( is not closed"),
        ("(eq $a c4n4ry@x)", 14, "expected a value"),
        (f'(eq $a "{"x" * LONGEST}")', LONGEST + 1, f"more than {LONGEST} characters"),
    ],
)
def test_an_error_has_its_place_and_what_to_do(rule: str, column: int, summary: str) -> None:
    with pytest.raises(PlacedError) as raised:
        compiled(rule)

    assert place(rule, raised.value.offset) == f"line 1 column {column}"
    assert raised.value.summary.startswith(summary)
    assert raised.value.hint[:1].islower()
    assert "c4n4ry" not in str(raised.value)


def test_an_error_counts_lines() -> None:
    rule = '(and\n  (eq $a "x")\n  (equals $b 1))'

    with pytest.raises(PlacedError) as raised:
        compiled(rule)

    assert place(rule, raised.value.offset) == "line 3 column 4"


def test_only_values_that_a_rule_uses_must_have_a_type_of_rules() -> None:
    context = {"plan": "beta", "user": {"name": "c4n4ry"}}

    assert matches('(eq $plan "beta")', context)
    assert matches('(or (eq $plan "beta") (eq $user 1))', context)
    with pytest.raises(ContextError, match="the context's 'user' has the type dict"):
        matches("(eq $user 1)", context)


WORDS = st.sampled_from(
    [
        *OPERATORS,
        "$a",
        "$b",
        '"x"',
        "1",
        "2.5",
        "true",
        "2024-01",
        "[",
        "]",
        "(",
        ")",
        "key::",
        "in::",
        "pattern::",
        "pct::",
        "by::",
        "seed::",
        "null",
        "'q'",
        ",",
    ]
)
CONTEXTS = st.dictionaries(
    st.sampled_from(["a", "b"]),
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text()),
)


@given(st.lists(WORDS, max_size=20).map(" ".join) | st.text(max_size=20), CONTEXTS)
def test_any_text_is_a_rule_that_is_true_or_false_or_an_error(
    rule: str, context: dict[str, Any]
) -> None:
    offset, found = 0, False
    try:
        found = matches(rule, context)
    except PlacedError as error:
        offset = error.offset

    assert 0 <= offset <= len(rule)
    assert found in (True, False)


EXPRESSIONS = st.recursive(
    st.sampled_from([rule for rule, *_ in [*OF_FLAGS, *OF_AUDIENCES, *OPEN]]).filter(
        lambda rule: "//" not in rule
    ),
    lambda inner: (
        inner.map("(not {})".format)
        | st.tuples(inner, inner).map(lambda both: "(and {} {})".format(*both))
        | st.tuples(inner, inner).map(lambda both: "(or {} {})".format(*both))
    ),
    max_leaves=6,
)


@given(EXPRESSIONS, EXPRESSIONS, CONTEXTS)
def test_logic_is_that_of_python(one: str, other: str, context: dict[str, Any]) -> None:
    first, second = matches(one, context), matches(other, context)

    assert matches(f"(and {one} {other})", context) is (first and second)
    assert matches(f"(or {one} {other})", context) is (first or second)
    assert matches(f"(not {one})", context) is not first
