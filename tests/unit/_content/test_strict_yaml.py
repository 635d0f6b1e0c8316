"""Strict YAML: data that JSON can express, and the errors for the rest."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from appconfig_env._content import strict_yaml as _yaml
from appconfig_env._content.parse import parse

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
set: !!set {b, a}
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
        "set": ["a", "b"],
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
        ("a: 1\na: 2", "duplicate key 'a'"),
        ("1: a\n'1': b", "duplicate key '1'"),
        ("--- 1\n--- 2", "invalid YAML"),
        ("a: !!python/object:os.system x", "invalid YAML"),
        ("a: !!binary aGk=", "binary"),
        ("a: !!int ''", "invalid YAML"),
        ("a: !!timestamp x", "invalid YAML"),
        ("a: !!float .inf", "finite"),
        ("a: !!float .nan", "finite"),
        ("? !!python/tuple [a]\n: b", "invalid YAML"),
        ("? [a]\n: b", "invalid YAML"),
        ("? !!binary aGk=\n: b", "keys are text"),
        ("a: &a [*a]", "levels deep"),
        ("a: &a {b: *a}", "levels deep"),
        ("[\n" * 5000, "invalid YAML"),  # on one line, PyYAML's time grows with the square
        (BOMB, "at most 100000 values"),
        (MERGES, "at most 100000 values"),
        ("a: " + "1" * 501, "numbers of at most 500 characters"),
        ("a: !!int 1" + ":59" * 200, "numbers of at most 500 characters"),
        ("a: \x00", "invalid YAML"),
    ],
)
def test_yaml_that_json_cannot_express_is_an_error(text: str, part: str) -> None:
    assert part in error_of(text.encode(), format="yaml")


@given(json_data)
def test_parsed_yaml_can_be_encoded_as_json(data: object) -> None:
    text = json.dumps(data)
    try:
        parsed = _yaml.parse(text)
    except _yaml.YamlError:
        return  # 1e300 and the like are not YAML numbers, and YAML excludes control characters
    json.dumps(parsed, allow_nan=False)
