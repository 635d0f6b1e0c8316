"""Evaluating flags with variants: which profile has one, and each document is read once."""

from __future__ import annotations

from typing import Any

import pytest

from appconfig_env._content.evaluation import Evaluations
from appconfig_env._content.flags import FoundFlag, find, flags_of
from appconfig_env.errors import AmbiguousFlagError, UnevaluatedFlagError

FLAGS, MORE = "appconfig:shop/prod/flags", "appconfig:shop/prod/more"
BETA = {"name": "beta", "enabled": True, "rule": '(eq $plan "beta")', "attributeValues": {"n": [1]}}
DEFAULT = {"name": "rest", "enabled": False}
STORED: dict[str, Any] = {
    "version": "1",
    "flags": {"checkout": {"name": "Checkout"}, "search": {"name": "Search"}},
    "values": {"checkout": {"_variants": [BETA, DEFAULT]}, "search": {"enabled": True, "n": 1}},
}
ION = """'checkout'::[
  [(eq $plan "beta"), '''{"_variant": "beta", "enabled": true, "n": [1]}'''],
  '''{"_variant": "rest", "enabled": false}'''
]
'search'::'''{"enabled": true, "n": 1}'''"""
FORMS = [STORED, STORED["values"], ION]


def found(
    name: str,
    documents: dict[str, object],
    evaluations: Evaluations | None = None,
    **context: object,
) -> FoundFlag | None:
    return find(name, [*documents.items()], (evaluations or Evaluations()).of(context))


@pytest.mark.parametrize("data", FORMS)
def test_a_context_chooses_the_variant_in_every_form(data: object) -> None:
    beta = found("checkout", {FLAGS: data}, plan="beta")
    rest = found("checkout", {FLAGS: data}, plan="free")

    assert beta is not None
    assert rest is not None
    assert (beta.flag.variant, beta.flag.enabled, beta.flag.attributes) == (
        "beta",
        True,
        {"n": [1]},
    )
    assert (beta.profile, beta.reason) == (FLAGS, "TARGETING_MATCH")
    assert (rest.flag.variant, rest.flag.enabled, rest.reason) == ("rest", False, "DEFAULT")


@pytest.mark.parametrize("data", FORMS)
def test_flags_without_variants_are_found_in_every_form(data: object) -> None:
    flag = found("search", {FLAGS: data})

    assert flag is not None
    assert (flag.flag.variant, bool(flag.flag), flag.flag.attributes) == (None, True, {"n": 1})
    assert found("plan", {FLAGS: data}) is None
    assert found("seed", {FLAGS: data}) is None


def test_a_flag_belongs_to_its_caller() -> None:
    evaluations = Evaluations()
    for _ in range(2):
        flag = found("checkout", {FLAGS: STORED}, evaluations, plan="beta")
        assert flag is not None
        assert flag.flag.attributes == {"n": [1]}
        flag.flag.attributes["n"].append(2)


def test_a_document_is_read_once_until_another_one_comes() -> None:
    evaluations = Evaluations()
    first = evaluations.flags(FLAGS, ION)
    assert evaluations.flags(FLAGS, ION) is first
    assert evaluations.flags(MORE, ION) is not first

    changed = ION.replace("beta", "gamma")

    flag = found("checkout", {FLAGS: changed}, evaluations, plan="gamma")
    assert flag is not None
    assert flag.flag.variant == "gamma"
    assert evaluations.flags(FLAGS, changed) is not first


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (
            {"checkout": {"_variants": [{**BETA, "rule": "(eq $plan c4n4ry@x)"}, DEFAULT]}},
            f"{FLAGS}: flag 'checkout', variant 'beta': the rule, at line 1 column 17: expected a",
        ),
        ({"checkout": {"_variants": []}}, f"{FLAGS}: flag 'checkout': no default variant"),
        ("'checkout'::[(", f"{FLAGS}: the Ion text, at line 1 column 14: ( is not closed"),
    ],
)
def test_a_wrong_definition_is_an_error_that_names_profile_flag_and_variant(
    data: object, problem: str
) -> None:
    evaluations = Evaluations()
    for _ in range(2):
        with pytest.raises(UnevaluatedFlagError) as raised:
            found("checkout", {FLAGS: data}, evaluations)
        assert str(raised.value).startswith(problem)
        assert "c4n4ry" not in str(raised.value)
        assert not raised.value.is_of_context
        assert raised.value.__context__ is None


def test_a_context_that_a_rule_cannot_use_is_an_error_of_the_context() -> None:
    with pytest.raises(UnevaluatedFlagError) as raised:
        found("checkout", {FLAGS: STORED}, plan={"c4n4ry": 1})

    assert raised.value.is_of_context
    assert str(raised.value).startswith(
        f"{FLAGS}: flag 'checkout': the context's 'plan' has the type dict; pass text, "
    )


@pytest.mark.parametrize("context", ["plan", [("plan", "beta")], {"plan"}, 1])
def test_a_context_that_is_not_a_mapping_is_a_type_error(context: object) -> None:
    with pytest.raises(TypeError, match=r"^context: expected a mapping by key, got .*; pass "):
        Evaluations().of(context)


def test_a_flag_of_two_profiles_is_ambiguous_with_rules_too() -> None:
    with pytest.raises(AmbiguousFlagError, match="both have a flag 'checkout'"):
        found("checkout", {FLAGS: STORED, MORE: ION})
    with pytest.raises(AmbiguousFlagError):
        found("checkout", {FLAGS: {"checkout": {"enabled": True}}, MORE: ION})


def test_without_a_context_no_form_is_evaluated() -> None:
    for data in FORMS:
        with pytest.raises(UnevaluatedFlagError, match="; pass context= to flag"):
            find("checkout", [(FLAGS, data)])


@pytest.mark.parametrize("data", FORMS)
def test_flags_with_rules_are_listed_and_compared(data: object) -> None:
    assert list(flags_of(data)) == ["checkout", "search"]
    assert flags_of(data) == flags_of(data)
    assert flags_of("'a'::[(") == {}
    assert flags_of({"a": {"enabled": True}, "b": 1}) == {"a": {"enabled": True}}
