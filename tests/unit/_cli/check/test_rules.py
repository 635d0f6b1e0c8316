"""A check reports wrong rules of feature flags, of profiles and files, in every form."""

from __future__ import annotations

import json

import pytest

from appconfig_env._cli.check.findings import ERROR
from appconfig_env._cli.check.rules import problems_of_rules
from appconfig_env._content.document import Document

from .checked import checked


def stored(rule: str) -> bytes:
    variants = [
        {"name": "beta", "enabled": True, "rule": rule},
        {"name": "all", "enabled": False},
    ]
    return json.dumps(
        {
            "version": "1",
            "flags": {"new": {"name": "new"}},
            "values": {"new": {"_variants": variants}},
        }
    ).encode()


GOOD, WRONG = '(eq $plan "beta")', '(equals $plan "beta")'


@pytest.mark.parametrize("reference", ["appconfig:a/b/c", "file:/flags.json"])
def test_a_wrong_rule_is_an_error_that_names_the_flag_and_the_variant(reference: str) -> None:
    given = checked(
        reference, {reference: Document(stored(WRONG), content_type="application/json")}
    )

    (found,) = problems_of_rules(given.settings, given.snapshot)

    assert (found.level, found.source) == (ERROR, reference)
    assert found.message.startswith(f"{reference}: flag 'new', variant 'beta'")
    assert "equals" in found.message


@pytest.mark.parametrize(
    ("reference", "body"),
    [
        ("appconfig:a/b/c", stored(GOOD)),
        ("appconfig:a/b/c", b'{"new": {"enabled": true}}'),
        ("appconfig:a/b/c", b'{"a": {"b": 1}}'),
        ("appconfig:a/b/c", b"{"),  # a failure of the source itself
        ("appconfig:a/b/c?format=binary", b"\x00"),
        ("appconfig:a/b/c?format=text", b"text"),
        ("ssm:/x", stored(WRONG)),  # only profiles and files have flags
    ],
)
def test_nothing_else_is_reported(reference: str, body: bytes) -> None:
    given = checked(reference, {reference: Document(body)})

    assert list(problems_of_rules(given.settings, given.snapshot)) == []


def test_what_was_not_read_is_not_checked() -> None:
    given = checked("appconfig:a/b/c")

    assert list(problems_of_rules(given.settings, given.snapshot)) == []
