"""A SAM template gets what its function does not have, and keeps every line that it has."""

from __future__ import annotations

import difflib
from typing import Any

import pytest

from appconfig_env._cli.init import sam
from appconfig_env._cli.init.starter import IN_LAYER, LAYER_FILE, WRAPPER, RefusedError, Starter
from appconfig_env._cli.policy.audit import audit_of
from appconfig_env._cli.policy.needs import Place
from appconfig_env._cli.policy.template_yaml import parse
from appconfig_env._cli.policy.templates import rules_of

from .starters import LAYER, starter

ANYWHERE = Place("*", "*", "*")
HEAD = """\
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
# what the shop needs
Resources:
  Shop: # the only function
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.handler
      Runtime: python3.13
"""
TAIL = """\

  # where its files are
  Bucket:
    Type: AWS::S3::Bucket

Outputs:
  Name: {Value: !Ref Bucket}
"""
OTHER = """\
  Mail:
    Type: AWS::Serverless::Function
    Properties:
      Handler: mail.handler
"""
PROPERTIES = {
    "nothing": "",
    "lists": """\
      Layers:
        - !Ref OwnLayer # own
      Environment:
        Variables:
          LIMIT: 10
          TITLE: # a comment
            own
      Policies:
        - AmazonS3ReadOnlyAccess
""",
    "lists with dashes below their key": """\
      Layers:
      - !Ref OwnLayer
      Policies:
      - AmazonS3ReadOnlyAccess
""",
    "flow style": """\
      Layers: [!Ref OwnLayer]
      Environment: {Variables: {LIMIT: 10}}
""",
    "an empty list": """\
      Layers: []
""",
    "an environment without variables": """\
      Environment:
        Other: 1
""",
    "a text at the end": """\
      InlineCode: |
        # no comment
        def handler(): ...

""",
}


def function(text: str, name: str = "Shop") -> dict[str, Any]:
    data: Any = parse(text)
    properties: dict[str, Any] = data["Resources"][name]["Properties"]
    return properties


def edited(text: str, name: str = "", wanted: Starter | None = None) -> str:
    (edit,) = sam.edit("template.yaml", text, name, wanted or starter()).edits
    assert (edit.path, edit.before) == ("template.yaml", text)
    return edit.after


@pytest.mark.parametrize("properties", PROPERTIES.values(), ids=PROPERTIES)
@pytest.mark.parametrize("layer", ["", LAYER])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_function_gets_layer_variables_and_policy(properties: str, layer: str, ends: str) -> None:
    text = (HEAD + properties + TAIL).replace("\n", ends)
    wanted = starter(layer=layer)

    after = edited(text, wanted=wanted)

    found = function(after)
    assert (LAYER if layer else {"Ref": "AppConfigEnvLayer"}) in found["Layers"]
    variables = found["Environment"]["Variables"]
    assert variables[WRAPPER] == IN_LAYER
    own = {"TITLE": "own"} if "TITLE" in properties else {}
    assert variables | {WRAPPER: IN_LAYER, **wanted.variables, **own} == variables
    judged = audit_of(wanted.needs.function, rules_of(parse(after), ANYWHERE, "Shop"), ANYWHERE)
    assert judged.missing == ()
    assert not [note for note in judged.notes if "no statement allows it" in note]


@pytest.mark.parametrize("properties", PROPERTIES.values(), ids=PROPERTIES)
def test_every_line_stays_as_it_is_written(properties: str) -> None:
    text = HEAD + properties + TAIL

    changes = list(difflib.ndiff(text.splitlines(), edited(text).splitlines()))

    removed = [line for line in changes if line.startswith("-")]
    in_flow = [line for line in properties.splitlines() if line.endswith(("]", "}"))]
    assert removed == [f"- {line}" for line in in_flow]


@pytest.mark.parametrize("properties", PROPERTIES.values(), ids=PROPERTIES)
@pytest.mark.parametrize("layer", ["", LAYER])
def test_a_second_run_changes_nothing(properties: str, layer: str) -> None:
    wanted = starter(layer=layer)
    after = edited(HEAD + properties + TAIL, wanted=wanted)

    assert sam.edit("template.yaml", after, "", wanted).edits == []


def test_the_layer_is_a_resource_of_its_own_unless_it_is_published() -> None:
    data: Any = parse(edited(HEAD + TAIL))
    published: Any = parse(edited(HEAD + TAIL, wanted=starter(layer=LAYER)))

    layer = data["Resources"]["AppConfigEnvLayer"]
    assert layer["Type"] == "AWS::Serverless::LayerVersion"
    assert layer["Properties"]["ContentUri"] == LAYER_FILE
    assert list(published["Resources"]) == ["Shop", "Bucket"]


def test_a_variable_with_another_value_is_kept_and_noted() -> None:
    text = HEAD + "      Environment:\n        Variables:\n          DB_PASSWORD: own\n" + TAIL

    result = sam.edit("template.yaml", text, "", starter())

    assert function(result.edits[0].after)["Environment"]["Variables"]["DB_PASSWORD"] == "own"
    assert "DB_PASSWORD has another value already, which was kept; check it" in result.notes


def test_a_variable_of_all_functions_is_not_repeated() -> None:
    everywhere = "Globals:\n  Function:\n    Environment:\n      Variables:\n        "
    text = f"{everywhere}{WRAPPER}: {IN_LAYER}\n{HEAD}{TAIL}"

    assert WRAPPER not in function(edited(text))["Environment"]["Variables"]


def test_only_what_the_policy_does_not_have_is_added() -> None:
    policy = """\
      Policies:
        - Statement:
            - Effect: Allow
              Action: ssm:GetParametersByPath
              Resource: !Sub arn:aws:ssm:${AWS::Region}:${AWS::AccountId}:parameter/shop/prod
"""

    found = function(edited(HEAD + policy + TAIL))["Policies"]

    assert len(found) == 2
    assert "ssm:GetParametersByPath" not in str(found[1])


def test_a_role_of_its_own_is_left_to_the_user() -> None:
    text = HEAD + "      Role: !GetAtt Own.Arn\n" + TAIL

    result = sam.edit("template.yaml", text, "", starter())

    assert "Policies" not in function(result.edits[0].after)
    assert any("add to it what appconfig-env policy prints" in note for note in result.notes)


def test_one_of_several_functions_is_named() -> None:
    text = HEAD + OTHER + TAIL

    after = edited(text, "Mail")

    assert function(after, "Shop") == function(text, "Shop")
    assert "Layers" in function(after, "Mail")
    with pytest.raises(RefusedError, match="several functions: 'Mail', 'Shop'; name one with --f"):
        sam.edit("template.yaml", text, "", starter())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: [", "invalid YAML at line 1; correct it"),
        ('{"Resources": {}}', "expected a YAML mapping with a key on each line"),
        ("Resources: {}", "no Resources, or not with a key on each line"),
        ("Resources:\n  B:\n    Type: AWS::S3::Bucket", "no AWS::Serverless::Function 'Shop'"),
        (HEAD.replace("Shop:", "Shp:"), "no AWS::Serverless::Function 'Shop', only 'Shp'"),
        (HEAD.partition("    Properties")[0], "Shop has no Properties with a key on each line"),
        (HEAD + "      PackageType: Image\n", "Shop is a container image, which has no layers"),
        (HEAD + "      Layers: !Ref All\n", "Layers is not a list"),
        (HEAD + "      Environment: !Ref All\n", "the Environment has a form that is not edited"),
        (HEAD + "      Policies: ReadOnlyAccess\n", "Policies is not a list with an item on each"),
        (
            HEAD + "  AppConfigEnvLayer:\n    Type: AWS::S3::Bucket\n",
            "AppConfigEnvLayer is something else in this template; rename it",
        ),
    ],
)
def test_a_template_of_another_form_is_refused_with_the_lines_to_add(
    text: str, problem: str
) -> None:
    with pytest.raises(RefusedError, match=problem) as caught:
        sam.edit("template.yaml", text, "Shop", starter())

    by_hand = "\n".join(caught.value.by_hand)
    assert f"    {WRAPPER}: {IN_LAYER}" in by_hand
    assert "  - !Ref AppConfigEnvLayer" in by_hand
    assert "Action: ssm:GetParametersByPath" in by_hand


def test_the_lines_to_add_are_yaml() -> None:
    for wanted in (starter(), starter(layer=LAYER)):
        assert isinstance(parse("\n".join(sam.lines(wanted))), dict)
