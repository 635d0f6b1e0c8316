"""Strict YAML: data that JSON can express, and the errors for the rest."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from appconfig_env._content import strict_yaml as _yaml
from appconfig_env._content.fast_json import NumberText
from appconfig_env._content.parse import parse
from appconfig_env._content.yaml_dialect import YamlError
from appconfig_env._content.yaml_loader import Loader

from .parsing import error_of, json_data


def test_a_yaml_mapping_that_is_merged_before_it_is_constructed_has_no_duplicate_keys() -> None:
    text = b"a: &a {x: 0}\nbase:\n  inner: &i {<<: *a, x: 1}\nc: {<<: *i}\n"
    expected = {"a": {"x": 0}, "base": {"inner": {"x": 1}}, "c": {"x": 1}}
    assert parse(text, "application/yaml") == expected


@pytest.mark.parametrize(
    ("merged", "expected"),
    [
        ("{<<: *one}", {"x": 1, "y": 1}),
        ("{<<: *one, x: own}", {"x": "own", "y": 1}),
        ("{x: own, <<: *one}", {"x": "own", "y": 1}),
        ("{<<: [*one, *two]}", {"x": 1, "y": 1, "z": 2}),
        ("{<<: [*two, *one]}", {"x": 2, "y": 1, "z": 2}),
        ("{<<: [*one, *two], z: own}", {"x": 1, "y": 1, "z": "own"}),
        ("{<<: *late}", {"x": "late", "y": 1}),
        ("{<<: [*late, *two]}", {"x": "late", "y": 1, "z": 2}),
        ("{<<: []}", {}),
        ("&self {<<: *self, x: own}", {"x": "own"}),
        ("{=: 1, <<: *one}", {"=": 1, "x": 1, "y": 1}),
    ],
)
def test_yaml_merges_as_specified_with_any_pyyaml(merged: str, expected: dict[str, object]) -> None:
    text = f"""
one: &one {{x: 1, y: 1}}
two: &two {{x: 2, z: 2}}
deep: {{er: &late {{<<: *one, x: late}}}}
merged: {merged}
"""
    data = parse(text.encode(), "application/yaml")
    assert isinstance(data, dict)
    assert data["merged"] == expected
    assert data["one"] == {"x": 1, "y": 1}
    assert data["deep"] == {"er": {"x": "late", "y": 1}}


@pytest.mark.parametrize("base", ["text", "[text]", "[{x: 1}, text]", "[[{x: 1}]]"])
def test_yaml_that_merges_what_is_not_a_mapping_is_rejected(base: str) -> None:
    error = error_of(f"a: 1\nmerged: {{<<: {base}}}".encode(), "application/yaml")
    assert "line 2 column " in error


def test_yaml_becomes_json_data() -> None:
    text = """
base: &base {x: 1}
list: [true, no, ~, 1.5, text]
date: 2020-01-02
merged: {<<: *base, y: 2}
overridden: {<<: *base, x: 3}
again: *base
1: number
true: word
on: word
2020-01-02: day
"""
    assert parse(text.encode(), "application/yaml") == {
        "base": {"x": 1},
        "list": [True, "no", None, "1.5", "text"],
        "date": "2020-01-02",
        "merged": {"x": 1, "y": 2},
        "overridden": {"x": 3},
        "again": {"x": 1},
        "1": "number",
        "true": "word",
        "on": "word",
        "2020-01-02": "day",
    }
    assert parse(b"", format="yaml") is None
    assert parse(b"~: x", format="yaml") == {"~": "x"}


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)
)


# Twenty keys, merged more than a hundred thousand times in all.
MERGES = "".join((
    f"a: &a {{{', '.join(f'k{number}: x' for number in range(20))}}}\n",
    f"b: &b {{<<: [{', '.join(['*a'] * 100)}]}}\n",
    f"c: {{<<: [{', '.join(['*b'] * 60)}]}}\n",
))  # fmt: skip


def test_a_yaml_number_may_have_as_many_characters_as_every_python_can_write() -> None:
    assert parse(b"a: " + b"1" * 500, format="yaml") == {"a": int("1" * 500)}


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("a: [", "line 1"),
        ("a: 1\na: 2", "duplicate key 'a' in a mapping (line 2)"),
        ("1: a\n'1': b", "duplicate key '1' in a mapping (line 2)"),
        ("--- 1\n--- 2", "expected one YAML document, got another at line 2 column 1"),
        ("- 1\n- !!python/object:os.system x", "got a tag (line 2)"),
        ("- 1\n- !!python/object:os.system {a: b}", "got a tag (line 2)"),
        ("- 1\n- !!python/tuple [a]", "got a tag (line 2)"),
        ("a: !!binary aGk=", "got a tag (line 1)"),
        ("a: !!timestamp 2020-01-01", "got a tag (line 1)"),
        ("a: !!set {b, a}", "got a tag (line 1)"),
        ("a: !!merge x", "got a tag (line 1)"),
        ("a: !!value =", "got a tag (line 1)"),
        ("a: !<tag:yaml.org,2002:omap> []", "got a tag (line 1)"),
        ("a: !secret", "remove the tag, or quote a text that begins with !"),
        ("a: !", "remove the tag, or quote a text that begins with !"),
        ("a:\n- !!int ''", "does not fit its tag (line 2)"),
        ("a:\n- !!float .inf", "does not fit its tag (line 2)"),
        ("a:\n- !!float .nan", "does not fit its tag (line 2)"),
        ("a: !!int 1" + ":59" * 200, "does not fit its tag (line 1)"),
        ("? [a]\n: b", "invalid YAML at line 1 column 3"),
        ("a: &a [*a]", "levels deep"),
        ("a: &a {b: *a}", "levels deep"),
        ("[\n" * 5000, "levels deep (line 101)"),  # on one line, PyYAML's time grows quadratically
        ("{a:\n" * 101 + "1" + "}" * 101, "levels deep (line 101)"),
        (BOMB, "at most 100000 values"),
        (MERGES, "at most 100000 values"),
        ("a:\n- " + "1" * 501, "numbers of at most 500 characters (line 2)"),
        ("a:\n- 1e309", "too large (line 2)"),
        ("a:\n- \x00", "control character (line 2)"),
        (
            "a: b\n# c\u2028d: e",
            "the character U+2028, which not every parser takes for a line break",
        ),
        ("a: b\tc\n\td: e", "use spaces instead of the tab"),
        ("a: *b", "quote a text that begins with *, or correct it"),
        ("a: @b", "quote a text that begins with @, or correct it"),
    ],
)
def test_yaml_that_json_cannot_express_is_an_error(text: str, part: str) -> None:
    assert part in error_of(text.encode(), format="yaml")


def test_without_the_check_of_tags_the_loader_would_construct_no_object_either() -> None:
    tags = [tag for tag in Loader.yaml_constructors if tag is not None and "python" in tag]

    assert tags == []
    assert Loader.yaml_multi_constructors == {}


def test_an_error_without_a_position_has_a_remedy_too() -> None:
    error = _yaml._translated("a: 1", RecursionError())

    assert str(error) == "invalid YAML; correct it"


def test_levels_are_accepted_up_to_the_limit() -> None:
    assert parse(b"[" * 100 + b"]" * 100, format="yaml") is not None
    assert parse(b"{a: " * 99 + b"[1]" + b"}" * 99, format="yaml") is not None


def test_a_number_that_is_also_a_key_by_an_alias_remains_a_number() -> None:
    text = b"port: &port 80\nnames: {*port : web}\n"

    assert parse(text, format="yaml") == {"port": 80, "names": {"80": "web"}}


@given(json_data)
def test_parsed_yaml_can_be_encoded_as_json(data: object) -> None:
    text = json.dumps(data)
    try:
        parsed = _yaml.parse(text)
    except YamlError:
        return  # 1e300 and the like are not YAML numbers, and YAML excludes control characters
    json.dumps(parsed, allow_nan=False)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (".5", "0.5"),
        ("-.5e3", "-0.5e3"),
        (".12345678901234567890123", "0.12345678901234567890123"),
        (".00000001", "0.00000001"),
        ("-.50", "-0.50"),
    ],
)
def test_a_number_with_a_leading_point_keeps_its_digits(text: str, number: str) -> None:
    found = parse(f"a: {text}\nb: [{text}]".encode(), format="yaml")
    assert found == {"a": number, "b": [number]}
    assert type(parse(text.encode(), format="yaml")) is NumberText
