"""What a folder has of documents: values of parameters and profiles, and only names of secrets."""

from __future__ import annotations

import base64
import json

import pytest

from appconfig_env._backends.local import CONTENT_TYPES
from appconfig_env._cli.contents import (
    PLACEHOLDER,
    Contents,
    Profile,
    contents,
    extension,
    without_values,
)
from appconfig_env._config.references import parse
from appconfig_env._content.document import Document

CANARY = "c4n4ry-of-contents"
ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf"


def of(**documents: Document) -> Contents:
    return contents([(parse(name).resource, one) for name, one in documents.items()])


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("ssm:/shop/host", "/shop/host"),
        ("ssm:host", "host"),
        ("ssm:/shop/host:3", "/shop/host"),
        ("ssm:/shop/host:good", "/shop/host"),
        ("ssm:arn:aws:ssm:eu-west-1:123456789012:parameter/shop/host", "/shop/host"),
        ("ssm:arn:aws:ssm:eu-west-1:123456789012:parameter/shop/host:3", "/shop/host"),
        ("ssm:arn:aws:ssm:eu-west-1:123456789012:parameter/host", "host"),
    ],
)
def test_a_parameter_has_its_name_without_arn_and_version(reference: str, name: str) -> None:
    assert of(**{reference: Document(b"h1")}).parameters == {name: "h1"}


def test_the_parameters_below_a_path_have_their_whole_names() -> None:
    document = Document(parameters={"a": "1", "b/c": CANARY}, secret_parameters=frozenset({"b/c"}))

    found = of(**{"ssm:/shop/": document})

    assert found.parameters == {"/shop/a": "1", "/shop/b/c": PLACEHOLDER}
    assert found.placeholders == {"/shop/b/c"}


@pytest.mark.parametrize("order", [1, -1])
def test_the_current_version_takes_precedence(order: int) -> None:
    documents = {"ssm:/x:1": Document(b"old"), "ssm:/x": Document(b"new")}

    assert of(**dict([*documents.items()][::order])).parameters == {"/x": "new"}


@pytest.mark.parametrize(
    ("reference", "document", "name"),
    [
        ("secretsmanager:prod/db", Document(b"x", secret=True), "prod/db"),
        ("secretsmanager:prod/db?stage=AWSPREVIOUS", Document(b"x", secret=True), "prod/db"),
        (f"secretsmanager:{ARN}", Document(b"x", secret=True, name="prod/db"), "prod/db"),
        (f"secretsmanager:{ARN}", Document(b"x", secret=True), "prod/db"),
        (f"secretsmanager:{ARN[:-7]}", Document(b"x", secret=True), "prod/db"),
    ],
)
def test_a_secret_has_its_own_name(reference: str, document: Document, name: str) -> None:
    assert of(**{reference: document}).secrets == {name: PLACEHOLDER}


@pytest.mark.parametrize(
    ("options", "body", "placeholder"),
    [
        ("", b'{"user": "u", "port": 5432}', {"user": PLACEHOLDER, "port": 0}),
        ("", b'{"a": {"b": [1], "c": true, "d": null}}', {"a": {"b": [], "c": False, "d": None}}),
        ("", b"text", PLACEHOLDER),
        ("", b"[1, 2]", PLACEHOLDER),
        ("?format=text", b'{"user": "u"}', PLACEHOLDER),
        ("?format=json", b"{broken", PLACEHOLDER),
        ("?format=dotenv", b"A=1\nB='2'\n", f"A={PLACEHOLDER}\nB={PLACEHOLDER}\n"),
        ("?format=yaml", b"a: 1\nb: x", {"a": 0, "b": PLACEHOLDER}),
        ("?format=binary", b"\x00\xff", base64.b64encode(PLACEHOLDER.encode()).decode()),
    ],
)
def test_a_secret_keeps_its_form_but_no_value(
    options: str, body: bytes, placeholder: object
) -> None:
    found = of(**{f"secretsmanager:db{options}": Document(body, secret=True)})

    assert found.secrets == {"db": placeholder}


@pytest.mark.parametrize("template", ['{"a": "%s"}', '{"a": ["%s"]}', '{"a": {"b": "%s"}}', "%s"])
def test_no_value_of_a_secret_is_in_the_contents(template: str) -> None:
    body = (template % CANARY).encode()
    found = of(
        **{
            "secretsmanager:db": Document(body, secret=True),
            "ssm:/x": Document(body, secret=True),
            "ssm:/y/": Document(
                parameters={"z": body.decode()}, secret_parameters=frozenset({"z"})
            ),
        }
    )

    assert CANARY not in str(found)
    assert CANARY not in json.dumps(without_values(CANARY))


def test_a_profile_is_kept_byte_for_byte() -> None:
    document = Document(b'{"a": 1.50}\n', content_type="application/json; charset=utf-8")

    found = of(**{"appconfig:shop/prod/app": document})

    assert found.profiles == {("shop", "prod", "app"): Profile(b'{"a": 1.50}\n', ".json")}


@pytest.mark.parametrize("ending", [one for one in CONTENT_TYPES if one != ".yml"])
def test_the_extension_is_that_of_local_files(ending: str) -> None:
    assert extension(CONTENT_TYPES[ending]) == ending


@pytest.mark.parametrize(
    ("content_type", "ending"),
    [
        ("", ""),
        ("json", ""),
        ("a/../../x", ""),
        ("a/b/c", ""),
        ("../x", ""),
        ("a.b/c", ""),  # which would be read as another type
        ("a/b\0c", ""),
        ("APPLICATION/JSON", ".json"),
        ("application/vnd.shop+json", ".application%vnd.shop+json"),
        ("text/html; charset=utf-8", ".text%html"),
    ],
)
def test_another_type_is_the_extension_itself(content_type: str, ending: str) -> None:
    assert extension(content_type) == ending


def test_a_local_file_has_no_place_in_a_folder() -> None:
    with pytest.raises(ValueError, match="no file of a local folder has file:"):
        of(**{"file:/etc/x": Document(b"x")})
