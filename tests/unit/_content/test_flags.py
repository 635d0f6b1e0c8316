"""AppConfig's feature flags as Flag objects."""

from __future__ import annotations

import pytest

from appconfig_env._content.flags import Flag, flag_of, is_flag


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


def test_a_flags_repr_has_only_the_names_of_its_attributes() -> None:
    flag = flag_of("a", {"enabled": True, "limit": "c4n4ry"})
    assert repr(flag) == "<Flag a on (limit)>"
    assert repr(Flag("b")) == "<Flag b off ()>"
