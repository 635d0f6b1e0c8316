"""Flags as documents define them: each documented form, and what is wrong with one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._content.document import DocumentError
from appconfig_env._content.rules.definitions import MOST_VARIANTS, Variant, flags_in, variants_of
from appconfig_env._content.rules.rule import LONGEST

# The example of "Creating a multi-variant feature flag" in the AppConfig User Guide.
STORED = {
    "flags": {
        "ui_refresh": {
            "attributes": {"dark_mode_support": {"constraints": {"type": "boolean"}}},
            "description": "A release flag used to release a new UI",
            "name": "UI Refresh",
        }
    },
    "values": {
        "ui_refresh": {
            "_variants": [
                {
                    "attributeValues": {"dark_mode_support": True},
                    "enabled": True,
                    "name": "QA",
                    "rule": '(ends_with $email "qa-testers.mycompany.com")',
                },
                {
                    "attributeValues": {"dark_mode_support": False},
                    "enabled": True,
                    "name": "Sample Population",
                    "rule": "(split pct::10 by::$email)",
                },
                {
                    "attributeValues": {"dark_mode_support": False},
                    "enabled": False,
                    "name": "Default Variant",
                },
            ]
        }
    },
    "version": "1",
}
ION = """'ui_refresh'::[
  [(ends_with $email "x"), '''{"_variant": "QA", "enabled": true, "dark_mode_support": true}'''],
  '''{"_variant": "Default Variant", "enabled": false}''',
]
'button_color'::'''{"enabled": true, "color": "orange", "size": 1.50}'''
"""
DEFAULT = {"name": "rest", "enabled": False}


def read(data: object, key: str = "ui_refresh") -> list[tuple[Any, ...]]:
    """Return name, state, attributes and whether there is a rule, of each variant."""
    return [
        (one.name, one.enabled, one.attributes, one.rule is not None) for one in variants(data, key)
    ]


def variants(data: object, key: str = "ui_refresh") -> list[Variant]:
    return variants_of(key, flags_in(data)[key], data if isinstance(data, str) else "")


@pytest.mark.parametrize("data", [STORED, STORED["values"]])
def test_the_example_of_aws_has_its_variants(data: object) -> None:
    attributes: dict[str, Any] = {"dark_mode_support": True}
    assert read(data) == [
        ("QA", True, attributes, True),
        ("Sample Population", True, {"dark_mode_support": False}, True),
        ("Default Variant", False, {}, False),
    ]


def test_ion_text_has_its_variants() -> None:
    assert read(ION) == [
        ("QA", True, {"dark_mode_support": True}, True),
        ("Default Variant", False, {}, False),
    ]
    assert read(ION, "button_color") == [(None, True, {"color": "orange", "size": 1.5}, False)]
    assert type(variants(ION, "button_color")[0].attributes["size"]) is float


@pytest.mark.parametrize(
    "data",
    [
        {"version": "1", "flags": {"a": {}}, "values": {"a": {"enabled": True, "n": 1}}},
        {"version": "1", "values": {"a": {"enabled": True, "n": 1, "_createdAt": "2024"}}},
        {"a": {"enabled": True, "n": 1}, "b": {"_variants": []}, "c": 1, "d": {"enabled": "x"}},
        "$ion_1_0 {a:{enabled:true, n:1}}",
        "a::'''{\"enabled\": true,''' '''\"n\": 1}'''",
    ],
)
def test_a_flag_without_variants_is_one(data: object) -> None:
    assert read(data, "a") == [(None, True, {"n": 1}, False)]


def test_flags_are_those_with_a_value_or_a_definition() -> None:
    assert list(flags_in({"flags": {"a": {}, "b": {}}, "values": {"b": {"enabled": True}}})) == [
        "b",
        "a",
    ]
    assert list(flags_in({"a": {"_variants": []}, "b": {"enabled": False}, "c": {}})) == ["a", "b"]
    assert list(flags_in(ION)) == ["ui_refresh", "button_color"]
    assert flags_in([]) == {}


def test_equal_flags_have_equal_definitions() -> None:
    assert flags_in(STORED) == flags_in(dict(STORED))
    assert flags_in(ION) == flags_in(ION.replace("[(", "[ ("))
    assert flags_in(ION) != flags_in(ION.replace('"x"', '"y"'))
    changed: Any = {"ui_refresh": {"_variants": [DEFAULT]}}
    assert flags_in(STORED["values"]) != flags_in(changed)
    assert flags_in(changed)["ui_refresh"] != changed


def with_variants(*variants: object) -> dict[str, Any]:
    return {"ui_refresh": {"_variants": list(variants)}}


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (with_variants(), "flag 'ui_refresh': no default variant"),
        (with_variants({**DEFAULT, "rule": "true"}), "flag 'ui_refresh': no default variant"),
        (
            with_variants(DEFAULT, {**DEFAULT, "rule": "true"}),
            "flag 'ui_refresh': a variant without",
        ),
        (with_variants(DEFAULT, DEFAULT), "flag 'ui_refresh': a variant without a rule"),
        (with_variants("x"), "flag 'ui_refresh', variant 1: it is not an object"),
        (with_variants({"enabled": True}), "flag 'ui_refresh', variant 1: no name"),
        (with_variants({"name": "", "enabled": True}), "flag 'ui_refresh', variant 1: no name"),
        (with_variants({"name": "a"}), "flag 'ui_refresh', variant 'a': enabled is not true or"),
        (
            with_variants({**DEFAULT, "enabled": "yes"}),
            "flag 'ui_refresh', variant 'rest': enabled",
        ),
        (
            with_variants({**DEFAULT, "attributes": {}}),
            (
                "flag 'ui_refresh', variant 'rest': unknown member 'attributes' (nearest: "
                "attributeValues); correct its name"
            ),
        ),
        (
            with_variants({**DEFAULT, "attributeValues": []}),
            "flag 'ui_refresh', variant 'rest': attr",
        ),
        (
            with_variants({**DEFAULT, "rule": 1}),
            "flag 'ui_refresh', variant 'rest': the rule is not",
        ),
        (
            with_variants({**DEFAULT, "rule": '(and\n (equals $a "c4n4ry"))'}),
            (
                "flag 'ui_refresh', variant 'rest': the rule, at line 2 column 3: unknown operator "
                "'equals'; write eq, ne"
            ),
        ),
        (with_variants({**DEFAULT, "rule": ""}), "flag 'ui_refresh', variant 'rest': the rule, at"),
        (
            with_variants({**DEFAULT, "attributeValues": {"a": {}}}),
            "flag 'ui_refresh', variant 'rest'",
        ),
        ({"ui_refresh": {"_variants": "x"}}, "flag 'ui_refresh': _variants is not a list"),
        (with_variants(*[DEFAULT] * (MOST_VARIANTS + 1)), "flag 'ui_refresh' has 33 variants"),
        ({"flags": {"ui_refresh": {}}, "values": {}}, "flag 'ui_refresh' has no value; add it"),
        (
            {"flags": {"ui_refresh": 1}, "values": {"ui_refresh": 1}},
            "flag 'ui_refresh' is not an obj",
        ),
        (
            {"flags": {"a": {}}, "values": {"ui_refresh": {"n": 1}}},
            "flag 'ui_refresh': enabled is not",
        ),
        (
            {
                "flags": {"ui_refresh": {"attributes": {"n": {"constraints": {"type": "number"}}}}},
                "values": {"ui_refresh": {"enabled": True, "n": "c4n4ry"}},
            },
            "flag 'ui_refresh': the attribute 'n' is not a number; correct it",
        ),
        ("'ui_refresh'::5", "flag 'ui_refresh': expected a list of variants, or a text of JSON"),
        ("'ui_refresh'::[]", "flag 'ui_refresh': no default variant"),
        ("'ui_refresh'::[5]", "flag 'ui_refresh', variant 1: expected a text of JSON"),
        ("'ui_refresh'::'''c4n4ry'''", "flag 'ui_refresh': invalid JSON at line 1 column 1"),
        ("'ui_refresh'::'''[]'''", "flag 'ui_refresh': expected a JSON object in the text"),
        ("'ui_refresh'::'''{}'''", "flag 'ui_refresh': enabled is not true or false"),
        (
            """'ui_refresh'::[\n[(equals $a "c4n4ry"), '''{"enabled":true,"_variant":"QA"}''']]""",
            "flag 'ui_refresh', variant 1 ('QA'): the rule, at line 2 column 3: unknown operator",
        ),
        (
            f"""'ui_refresh'::[[(eq $a "{"x" * LONGEST}"), '''{{"enabled":true}}''']]""",
            "flag 'ui_refresh', variant 1: the rule has more than 16384 characters",
        ),
    ],
)
def test_a_wrong_definition_is_an_error_that_names_flag_and_variant(
    data: object, problem: str
) -> None:
    with pytest.raises(DocumentError) as raised:
        variants(data)

    assert str(raised.value).startswith(problem)
    assert "c4n4ry" not in str(raised.value)


def test_text_that_is_not_ion_is_an_error_with_its_place() -> None:
    with pytest.raises(DocumentError) as raised:
        flags_in("'a'::[\n")

    assert str(raised.value) == "the Ion text, at line 1 column 6: [ is not closed; close it with ]"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "enabled", "rule", "attributeValues", "_variants", "n"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(["flags", "values", "version", "a"]), JSON))
def test_any_document_has_flags_or_an_error(data: dict[str, Any]) -> None:
    for key, flag in flags_in(data).items():
        try:
            assert variants_of(key, flag)[-1].rule is None
        except DocumentError as error:
            problem = str(error)
            assert problem.startswith("flag "), problem
