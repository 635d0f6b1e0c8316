"""AppConfig's feature flags as Flag objects."""

from __future__ import annotations

import json
from typing import Any

import pytest

from appconfig_env._content.flags import Flag, copy_of, flag_of, is_flag


def test_a_flag_is_truthy_if_it_is_enabled() -> None:
    assert flag_of("a", {"enabled": True})
    assert not flag_of("a", {"enabled": False})
    assert not Flag("a")


def test_attributes_exclude_enabled_and_variant() -> None:
    flag = flag_of("a", {"enabled": True, "_variant": "blue", "limit": 10, "names": ["x"]})
    assert (flag.enabled, flag.variant) == (True, "blue")
    assert flag.attributes == {"limit": 10, "names": ["x"]}
    assert flag_of("a", {"enabled": True}).variant is None


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"enabled": True}, True),
        ({"enabled": False, "x": 1}, True),
        ({"enabled": "true"}, False),
        ({"enabled": 1}, False),
        ({}, False),
        ([], False),
        (None, False),
        ("enabled", False),
    ],
)
def test_a_flag_is_an_object_whose_enabled_is_a_boolean(data: object, expected: bool) -> None:
    assert is_flag(data) is expected


def test_flags_with_equal_name_and_data_are_equal() -> None:
    data = {"enabled": True, "limit": 10}
    assert flag_of("a", data) == flag_of("a", dict(data))
    assert flag_of("a", data) != flag_of("b", data)
    assert flag_of("a", data) != flag_of("a", {**data, "limit": 11})
    assert flag_of("a", data) != "a"
    with pytest.raises(TypeError):
        hash(flag_of("a", data))


def test_a_flag_copies_its_attributes() -> None:
    data = {"enabled": True, "limit": 10}
    flag_of("a", data).attributes.clear()
    assert data == {"enabled": True, "limit": 10}


@pytest.mark.parametrize(
    "attribute", [["x"], [1, 2], {"a": ["x"]}, [["x"]], {"a": {"b": "x"}}, [{"a": 1}]]
)
def test_a_flag_shares_no_list_and_no_object_with_its_data(attribute: Any) -> None:
    data = {"enabled": True, "attribute": attribute}
    before = json.dumps(data)
    flag = flag_of("a", data)
    copied = copy_of(flag)
    assert copied == flag
    for one in (flag, copied):
        change_all(one.attributes)
    assert json.dumps(data) == before


def change_all(value: Any) -> None:
    """Change every list and object in `value`."""
    for one in list(value.values() if isinstance(value, dict) else value):
        if isinstance(one, (dict, list)):
            change_all(one)
    if isinstance(value, dict):
        value["new"] = "x"
    else:
        value.append("x")


def test_a_copy_of_a_flag_has_its_variant() -> None:
    flag = Flag("a", enabled=True, attributes={"names": ["x"]}, variant="blue")
    copied = copy_of(flag)
    copied.attributes["names"].append("y")
    assert flag.attributes == {"names": ["x"]}
    assert (copied.name, copied.enabled, copied.variant) == ("a", True, "blue")


def test_a_flags_repr_has_only_the_names_of_its_attributes() -> None:
    flag = flag_of("a", {"enabled": True, "limit": "c4n4ry"})
    assert repr(flag) == "<Flag a on (limit)>"
    assert repr(Flag("b")) == "<Flag b off ()>"
