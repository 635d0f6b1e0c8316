"""Insertions into YAML: each is where it belongs, and every other character stays."""

from __future__ import annotations

import difflib

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from yaml import MappingNode, SequenceNode

from appconfig_env._cli.init.starter import RefusedError
from appconfig_env._cli.init.yaml_edit import YamlText, is_block, member, scalar

LAST = [
    "1",
    "'two' # comment",
    '"three\n     lines"',
    "plain\n     on two lines",
    "|\n   # text\n\n   more\n",
    ">-\n   folded",
    "[1,\n  2]",
    "{x: 1}",
    "\n    x: 1\n    y:\n      - 2",
    "\n    - x: 1\n      y: 2",
    "\n  - 1\n  - 2",
    "&a\n    x: 1",
    "",
]
AFTER = ["", "# comment\n", "\n\n  # comment\n\n", "next: 1\n", "\n# comment\nnext: [1]\n"]


@pytest.mark.parametrize("last", LAST)
@pytest.mark.parametrize("after", AFTER)
def test_a_member_is_added_directly_after_the_last_one(last: str, after: str) -> None:
    text = f"# start\nparent:\n  first: 0\n  last: {last}\n{after}"
    document = YamlText(text)
    parent = document.find("parent")
    assert parent is not None

    document.add_member(parent.value, ["new:", "  x: 9"])
    edited = document.edited()

    data = yaml.safe_load(text)
    data["parent"]["new"] = {"x": 9}
    assert yaml.safe_load(edited) == data
    changes = difflib.ndiff(text.splitlines(), edited.splitlines())
    assert [line for line in changes if line[0] in "-+"] == ["+   new:", "+     x: 9"]
    assert f"{last.rstrip()}\n" in edited


@pytest.mark.parametrize("last", [one for one in LAST if one])
@pytest.mark.parametrize("after", AFTER)
@pytest.mark.parametrize("indent", ["", "  "])
def test_an_item_is_added_directly_after_the_last_one(last: str, after: str, indent: str) -> None:
    text = f"parent:\n{indent}- {last.lstrip()}\n{after}"
    if "\n" in last.strip():
        return  # whose lines would be indented too little
    document = YamlText(text)
    parent = document.find("parent")
    assert parent is not None
    assert isinstance(parent.value, SequenceNode)

    document.add_item(parent.value, ["x: 8", "y: 9"])

    data = yaml.safe_load(text)
    data["parent"].append({"x": 8, "y": 9})
    assert yaml.safe_load(document.edited()) == data
    assert text.rstrip() in document.edited() or after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a: []", "a: [9]\n"),
        ("a: [1]", "a: [1, 9]\n"),
        ("a: [ 1 ]", "a: [ 1, 9 ]\n"),
        ("a: [1, ]", "a: [1,9 ]\n"),
        ("a: [\n  1,\n  2\n]\n", "a: [\n  1,\n  2, 9\n]\n"),
    ],
)
def test_an_item_in_flow_style_is_before_the_bracket(before: str, after: str) -> None:
    document = YamlText(before)
    found = document.find("a")
    assert found is not None
    assert isinstance(found.value, SequenceNode)

    document.add_item(found.value, ["9"])

    assert document.edited() == after


def test_the_lines_of_windows_stay_so() -> None:
    document = YamlText("a:\r\n  b: 1\r\n")
    found = document.find("a")
    assert found is not None

    document.add_member(found.value, ["c: 2"])

    assert document.edited() == "a:\r\n  b: 1\r\n  c: 2\r\n"


def test_additions_at_one_place_keep_their_order() -> None:
    document = YamlText("a:\n  b: 1")
    found = document.find("a")
    assert found is not None

    document.add_member(found.value, ["c: 2"])
    document.add_member(found.value, ["d: 3"])

    assert document.edited() == "a:\n  b: 1\n  c: 2\n  d: 3\n"


def test_an_alias_is_not_where_its_anchor_is() -> None:
    document = YamlText("a: &x\n  b: 1\nc:\n  d: *x\ne: 1\n")
    found = document.find("c")
    assert found is not None

    document.add_member(found.value, ["f: 2"])

    assert document.edited() == "a: &x\n  b: 1\nc:\n  d: *x\n  f: 2\ne: 1\n"


@pytest.mark.parametrize("text", ["a: [", "[1]", "{a: 1}", "", "text", "a: 1\n--- \nb: 2"])
def test_all_but_a_mapping_in_lines_is_refused(text: str) -> None:
    with pytest.raises(RefusedError):
        YamlText(text)


@given(st.text(min_size=1))
def test_a_scalar_is_read_as_the_text_that_it_was(text: str) -> None:
    assert yaml.safe_load(f"key: {scalar(text)}") == {"key": text}


@pytest.mark.parametrize("text", ["ssm:/shop/prod/", "secretsmanager:db#key", "/opt/appconfig-env"])
def test_a_reference_needs_no_quotes(text: str) -> None:
    assert scalar(text) == text


def test_members_are_found_by_their_path() -> None:
    document = YamlText("a:\n  b:\n    c: 1\n  d: []\n")
    a, d = document.find("a"), document.find("a", "d")
    assert a is not None
    assert d is not None

    assert document.find("a", "b", "x") is None
    assert document.find("a", "b", "c", "x") is None
    assert member(d.value, "x") is None
    assert document.step(a) == 2
    assert document.step(d) == 2
    assert is_block(a.value, MappingNode)
    assert not is_block(d.value, SequenceNode)
