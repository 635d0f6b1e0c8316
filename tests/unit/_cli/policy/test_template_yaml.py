"""Policies and templates as text."""

from __future__ import annotations

import pytest

from appconfig_env._cli.policy.rules import RulesError
from appconfig_env._cli.policy.template_yaml import parse


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ('{"a": [1]}', {"a": [1]}),
        ("a: [1]", {"a": [1]}),
        ("a: !Ref B", {"a": {"Ref": "B"}}),
        ("a: !Sub '${B}'", {"a": {"Fn::Sub": "${B}"}}),
        ("a: !Sub ['${B}', {B: c}]", {"a": {"Fn::Sub": ["${B}", {"B": "c"}]}}),
        ("a: !GetAtt B.Arn", {"a": {"Fn::GetAtt": "B.Arn"}}),
        ("a: !Transform {Name: b}", {"a": {"Fn::Transform": {"Name": "b"}}}),
        ("a: !If [B, !Ref C, d]", {"a": {"Fn::If": ["B", {"Ref": "C"}, "d"]}}),
    ],
)
def test_short_forms_are_read_as_long_ones(text: str, data: object) -> None:
    assert parse(text) == data


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: [", "at line 1 column 5"),
        ("a: b: c", "at line 1 column 5"),
        ("\0", ""),
        ("[" * 9999, ""),
    ],
)
def test_what_cannot_be_parsed_is_an_error_with_its_place(text: str, place: str) -> None:
    with pytest.raises(RulesError, match=f"neither JSON nor YAML.*{place}.*; correct it"):
        parse(text)


def test_a_tag_that_would_create_an_object_is_not_evaluated() -> None:
    with pytest.raises(RulesError):
        parse("!!python/object/apply:os.getcwd []")
