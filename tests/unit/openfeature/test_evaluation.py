"""Evaluating flags and attributes with the real SDK: values, reasons and error codes."""

from __future__ import annotations

import copy
import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason

from appconfig_env.openfeature.evaluation import context_of

from .shop import CHECKOUT, FLAGS

if TYPE_CHECKING:
    from collections.abc import Callable

    from .shop import Shop


def test_a_boolean_is_whether_the_flag_is_enabled(shop: Shop) -> None:
    client = shop.client()

    on = client.get_boolean_details("checkout", default_value=False)
    off = client.get_boolean_details("search", default_value=True)

    assert (on.value, on.reason, on.error_code) == (True, Reason.STATIC, None)
    assert (off.value, off.reason, off.error_code) == (False, Reason.DISABLED, None)
    scalars = {name: CHECKOUT[name] for name in ("limit", "ratio", "title", "beta")}
    assert on.flag_metadata == {"source": FLAGS, "version": "v1", **scalars}
    assert off.flag_metadata == {"source": FLAGS, "version": "v1"}
    assert on.variant is None


def test_attributes_have_their_json_types(shop: Shop) -> None:
    client = shop.client()

    assert client.get_integer_value("checkout.limit", 1) == 10
    assert client.get_float_value("checkout.ratio", 1.0) == 0.5
    assert client.get_string_value("checkout.title", "") == "Buy"
    assert client.get_boolean_value("checkout.beta", default_value=True) is False
    assert client.get_object_value("checkout.regions", []) == ["eu", "us"]
    attributes = {name: value for name, value in CHECKOUT.items() if name != "enabled"}
    assert client.get_object_value("checkout", {}) == attributes


def test_an_integer_is_converted_if_a_float_is_requested(shop: Shop) -> None:
    value = shop.client().get_float_value("checkout.limit", 1.5)

    assert value == 10
    assert isinstance(value, float)


@pytest.mark.parametrize("name", ["limit", "ratio", "title", "beta", "regions"])
def test_an_attribute_of_another_type_is_a_mismatch_without_its_value(
    shop: Shop, name: str
) -> None:
    client = shop.client()
    key = f"checkout.{name}"
    by_attribute = {
        "limit": client.get_string_details(key, "default"),
        "ratio": client.get_integer_details(key, 7),
        "title": client.get_object_details(key, {}),
        "beta": client.get_integer_details(key, 7),
        "regions": client.get_boolean_details(key, default_value=True),
    }
    details = by_attribute[name]

    assert details.value in ("default", 7, {}, True)
    assert (details.reason, details.error_code) == (Reason.ERROR, ErrorCode.TYPE_MISMATCH)
    assert str(CHECKOUT[name]) not in str(details.error_message)


def test_a_flag_as_a_string_is_a_mismatch_that_explains_attribute_keys(shop: Shop) -> None:
    details = shop.client().get_string_details("checkout", "default")

    assert (details.value, details.error_code) == ("default", ErrorCode.TYPE_MISMATCH)
    assert "checkout.NAME" in str(details.error_message)


@pytest.mark.parametrize("key", ["missing", "missing.limit", "checkout.missing", ""])
def test_a_flag_or_attribute_that_no_profile_has_is_not_found(shop: Shop, key: str) -> None:
    details = shop.client().get_integer_details(key, 5)

    assert (details.value, details.reason) == (5, Reason.ERROR)
    assert details.error_code == ErrorCode.FLAG_NOT_FOUND


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (
            "chekout",
            f"flag 'chekout' is not in {FLAGS}, which has 'checkout', 'search'",
        ),
        (
            "checkout.limt",
            (
                "flag 'checkout' has no attribute 'limt', it has 'limit', 'beta', 'ratio', "
                "'regions', 'title'"
            ),
        ),
    ],
)
def test_the_error_of_what_is_not_found_lists_what_there_is(
    shop: Shop, key: str, message: str
) -> None:
    details = shop.client().get_integer_details(key, 5)

    assert details.error_message == f"{message}; correct its name, or add it"


def test_attributes_of_a_disabled_flag_are_the_defaults(shop: Shop) -> None:
    client = shop.client()

    number = client.get_integer_details("search.limit", 5)
    whole = client.get_object_details("search", {"limit": 5})

    assert (number.value, number.reason, number.error_code) == (5, Reason.DISABLED, None)
    assert (whole.value, whole.reason) == ({"limit": 5}, Reason.DISABLED)


def test_a_variant_is_named_and_counts_as_targeting(shop: Shop) -> None:
    shop.put(checkout={**CHECKOUT, "_variant": "few"})
    details = shop.client().get_integer_details("checkout.limit", 1)

    assert (details.variant, details.reason) == ("few", Reason.TARGETING_MATCH)


def test_a_member_that_is_not_a_flag_is_not_found(shop: Shop) -> None:
    shop.put(checkout={"limit": 1}, other="text")
    client = shop.client()

    for key in ("checkout", "other"):
        details = client.get_boolean_details(key, default_value=True)
        assert details.error_code == ErrorCode.FLAG_NOT_FOUND


def test_after_a_failed_refresh_values_are_stale_until_one_succeeds(shop: Shop) -> None:
    client = shop.client()
    shop.aws.deny("GetLatestConfiguration")
    shop.clock.tick(60)
    stale = client.get_integer_details("checkout.limit", 1)
    off = client.get_boolean_details("search", default_value=True)
    shop.aws.recover()
    shop.clock.tick(3600)
    recovered = client.get_integer_details("checkout.limit", 1)

    assert (stale.value, stale.reason, stale.error_code) == (10, "STALE", None)
    assert (off.value, off.reason) == (False, "STALE")
    assert (recovered.value, recovered.reason) == (10, Reason.STATIC)


def test_flag_metadata_is_read_only_and_its_copies_are_not(shop: Shop) -> None:
    metadata: Any = shop.client().get_boolean_details("checkout", default_value=False).flag_metadata

    for change in CHANGES:
        with pytest.raises(TypeError, match="read-only"):
            change(metadata)
    before = dict(metadata)
    assert (before["source"], before["version"]) == (FLAGS, "v1")
    for copied in (copy.copy(metadata), copy.deepcopy(metadata)):
        copied["source"] = "mine"
        assert copied == {**before, "source": "mine"}
    assert metadata == before


CHANGES: list[Callable[[Any], object]] = [
    lambda metadata: metadata.__setitem__("source", "x"),
    lambda metadata: metadata.__delitem__("source"),
    lambda metadata: metadata.update(source="x"),
    lambda metadata: metadata.setdefault("other", "x"),
    lambda metadata: metadata.pop("source"),
    lambda metadata: metadata.popitem(),
    lambda metadata: metadata.clear(),
    lambda metadata: metadata.__ior__({"source": "x"}),
]


def test_details_can_be_logged_as_json(shop: Shop) -> None:
    details = shop.client().get_boolean_details("checkout", default_value=False)

    assert json.loads(json.dumps(dataclasses.asdict(details)))["flag_metadata"]["source"] == FLAGS


@pytest.mark.parametrize(
    ("kind", "value", "default"),
    [("boolean", False, True), ("string", "", "x"), ("integer", 0, 1), ("float", 0.0, 1.0)],
)
def test_a_value_that_is_false_is_not_a_missing_one(
    shop: Shop, kind: str, value: object, default: object
) -> None:
    shop.put(checkout={"enabled": True, "attribute": value})
    client = shop.client()

    details = getattr(client, f"get_{kind}_details")("checkout.attribute", default)

    assert (details.value, details.reason, details.error_code) == (value, Reason.STATIC, None)


def test_an_empty_list_and_a_flag_without_attributes_are_objects(shop: Shop) -> None:
    shop.put(checkout={"enabled": True, "regions": []}, plain={"enabled": True})
    client = shop.client()

    assert client.get_object_details("checkout.regions", ["x"]).value == []
    assert client.get_object_details("plain", {"x": 1}).value == {}


RULES = {
    "_variants": [
        {"name": "beta", "enabled": True, "rule": '(eq $plan "beta")', "attributeValues": {"n": 1}},
        {"name": "off", "enabled": False, "rule": '(eq $plan "off")'},
        {"name": "rest", "enabled": True, "attributeValues": {"n": 2}},
    ]
}


def test_a_variant_that_is_off_was_chosen_by_its_rule_and_its_attributes_are_the_default(
    shop: Shop,
) -> None:
    shop.put(checkout=RULES)
    client = shop.client()
    context = EvaluationContext(attributes={"plan": "off"})

    flag = client.get_boolean_details("checkout", True, context)
    attribute = client.get_integer_details("checkout.n", 7, context)

    assert (flag.value, flag.reason, flag.variant) == (False, "TARGETING_MATCH", "off")
    assert (attribute.value, attribute.reason, attribute.variant) == (7, "DISABLED", "off")


def test_after_a_failed_refresh_variants_are_chosen_by_the_last_rules(shop: Shop) -> None:
    shop.put(checkout=RULES)
    client = shop.client()
    shop.fail()
    shop.clock.tick(60)

    found = client.get_integer_details("checkout.n", 7, EvaluationContext("", {"plan": "beta"}))

    assert (found.value, found.reason, found.variant) == (1, "STALE", "beta")


def test_a_rule_that_cannot_be_read_and_a_context_that_it_cannot_use_are_different_errors(
    shop: Shop,
) -> None:
    wrong = {"_variants": [{**RULES["_variants"][0], "rule": "(x)"}, RULES["_variants"][2]]}
    shop.put(checkout=RULES, search=wrong)
    client = shop.client()
    context = EvaluationContext(attributes={"plan": {"c4n4ry": 1}})

    of_context = client.get_integer_details("checkout.n", 7, context)
    of_rule = client.get_boolean_details("search", True, context)

    assert (of_context.value, of_context.error_code) == (7, ErrorCode.INVALID_CONTEXT)
    assert "the context's 'plan' has the type dict; pass " in str(of_context.error_message)
    assert (of_rule.value, of_rule.error_code) == (True, ErrorCode.PARSE_ERROR)
    assert "flag 'search', variant 'beta': the rule, at line 1 column 2: unknown operator" in str(
        of_rule.error_message
    )


def test_an_attribute_of_the_name_of_the_targeting_key_comes_first() -> None:
    assert context_of(EvaluationContext("a", {"x": 1})) == {"targetingKey": "a", "x": 1}
    assert context_of(EvaluationContext("a", {"targetingKey": "b"})) == {"targetingKey": "b"}
    assert context_of(None) == context_of(EvaluationContext()) == {}


def test_a_change_of_rules_is_a_change_of_the_flag(shop: Shop) -> None:
    shop.put(checkout=RULES, search=RULES)
    provider = shop.provider(FLAGS)
    changed = {"_variants": RULES["_variants"][1:]}
    shop.put(checkout=changed, search=RULES)
    shop.clock.tick(60)

    provider.resolve_boolean_details("checkout", False)

    assert [details.flags_changed for _, details in provider.events if details.flags_changed] == [
        ["checkout"]
    ]
