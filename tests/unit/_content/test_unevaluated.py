"""Feature flags whose rules were not evaluated are never taken for flags that are off."""

from __future__ import annotations

import pytest

from appconfig_env._content.flags import Flag, find, no_longer_evaluated
from appconfig_env._content.unevaluated import unevaluated_form
from appconfig_env.errors import UnevaluatedFlagError

STORED = {
    "version": "1",
    "flags": {"checkout": {"name": "Checkout"}},
    "values": {"checkout": {"enabled": True, "limit": 5}},
}
WITH_VARIANTS = {
    "checkout": {
        "_variants": [
            {"name": "beta", "enabled": True, "rule": '(eq $plan "beta")'},
            {"name": "rest", "enabled": False},
        ]
    },
    "search": {"enabled": True},
}
ION = """'checkout'::[
  [(eq $plan "beta"), '''{"_variant": "beta", "enabled": true}'''],
  '''{"_variant": "rest", "enabled": false}'''
]"""


@pytest.mark.parametrize(
    "data",
    [
        STORED,
        {**STORED, "$schema": "x"},
        {"flags": STORED["flags"], "values": STORED["values"]},
        WITH_VARIANTS,
        {"checkout": {"enabled": True, "_variants": []}},
        ION,
        f"$ion_1_0 {ION}",
        f"// flags\n// of the shop\n{ION}",
        """checkout::'''{"enabled": true}'''""",
        """ 'search' :: "{}" 'checkout'::"{}" """,
    ],
)
def test_a_flag_with_rules_that_were_not_evaluated_is_an_error_and_never_off(data: object) -> None:
    assert unevaluated_form(data)
    with pytest.raises(UnevaluatedFlagError) as raised:
        find("checkout", [("appconfig:shop/prod/flags", data)])
    assert str(raised.value).startswith("appconfig:shop/prod/flags has the flag 'checkout' ")
    assert str(raised.value).endswith('such as {"NAME": {"enabled": true}}')


@pytest.mark.parametrize(
    "data",
    [
        {"checkout": {"enabled": True}},
        {"flags": ["a"], "values": {}, "version": "1"},
        {"flags": {}, "values": {}},
        {"a": {"variants": []}, "_variants": []},
        "std::string is a type",
        "'it''s'::'''x'''",
        "::[",
        "'a':[",
        "",
        [{"_variants": []}],
        None,
    ],
)
def test_other_documents_are_not_taken_for_unevaluated_flags(data: object) -> None:
    assert not unevaluated_form(data)
    find("checkout", [("appconfig:shop/prod/flags", data)])


@pytest.mark.parametrize("data", [STORED, WITH_VARIANTS, ION])
def test_a_flag_that_such_a_document_does_not_have_is_unknown_as_in_others(data: object) -> None:
    assert find("unheard-of", [("appconfig:shop/prod/flags", data)]) is None


@pytest.mark.parametrize("name", ["check", "out", "checkout-v2", "beta", "enabled", "", "plan"])
def test_a_name_within_another_text_of_ion_is_not_a_flag(name: str) -> None:
    assert not unevaluated_form(ION, name)
    assert find(name, [("appconfig:shop/prod/flags", ION)]) is None


@pytest.mark.parametrize(
    "text", [ION, ION.replace("'checkout'::", "checkout ::"), f'a::"x"\n{ION}']
)
def test_a_symbol_of_ion_is_a_flag_with_and_without_quotes(text: str) -> None:
    assert unevaluated_form(text, "checkout")


def test_ion_without_annotations_may_have_any_flag() -> None:
    text = "$ion_1_0\n{checkout:{enabled:true}, 'search' : {enabled:false}}"
    assert unevaluated_form(text)
    assert unevaluated_form(text, "checkout")
    assert unevaluated_form(text, "search")
    assert not unevaluated_form(text, "check")


def test_flags_next_to_one_with_variants_are_evaluated() -> None:
    found = find("search", [("a", WITH_VARIANTS)])

    assert found is not None
    assert (found.profile, found.flag) == ("a", Flag("search", enabled=True))


@pytest.mark.parametrize("data", [STORED, WITH_VARIANTS, ION])
def test_a_flag_is_no_longer_evaluated_if_it_was_before(data: object) -> None:
    assert no_longer_evaluated({"checkout": {"enabled": False}}, data)
    assert not no_longer_evaluated({"another": {"enabled": True}}, data)
    assert not no_longer_evaluated({"checkout": "text"}, data)
    assert not no_longer_evaluated("checkout", data)
    assert not no_longer_evaluated(data, data)
