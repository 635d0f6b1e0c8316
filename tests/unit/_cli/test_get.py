"""`get` prints one value: of a variable as the helper returns it, or of any reference."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from appconfig_env._backends.fake import FakeBackend
from appconfig_env._content.document import Document
from appconfig_env.errors import Failure

from .process import ran

if TYPE_CHECKING:
    from appconfig_env._backends.base import Outcome

DOCUMENTS: dict[str, bytes | Outcome] = {
    "appconfig:shop/prod/app": Document(
        b'{"db": {"host": "h", "port": 5432.0}, "on": true, "none": null}',
        content_type="application/json",
    ),
    "ssm:/shop/host": b"h1",
    "ssm:/shop/": Document(parameters={"a": "1", "b/c": "2"}),
    "secretsmanager:shop/db": Document(b'{"password": "p"}', secret=True),
    "secretsmanager:key?format=binary": Document(b"\x00\xff", secret=True),
    "ssm:/denied": Failure("denied", "no access", "allow it"),
}
ENVIRON = {
    "APPCONFIG_ENV_SOURCES": "appconfig:shop/prod/app ssm:/shop/?env=no&prefix=P_",
    "HOST": "ssm:/shop/host",
    "OWN": "own",
    "DB_PORT": "1",
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_HOST", "h"),  # of a source
        ("P_B_C", "2"),  # of a deferred source
        ("HOST", "h1"),  # in place
        ("OWN", "own"),  # of the environment alone
        ("DB_PORT", "1"),  # of a source, but configured: it wins
    ],
)
def test_a_variable_has_the_value_that_the_program_gets(name: str, value: str) -> None:
    assert ran("get", name, documents=DOCUMENTS, environ=ENVIRON) == (0, f"{value}\n", "")


def test_overwrite_lets_sources_win() -> None:
    environ = {**ENVIRON, "APPCONFIG_ENV_OVERWRITE": "yes"}

    assert ran("get", "DB_PORT", documents=DOCUMENTS, environ=environ).out == "5432.0\n"


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("HOST", ["ssm:/shop/host"]),
        ("MAYBE", ["appconfig:shop/prod/app", "ssm:/shop/maybe"]),
        ("P_A", ["appconfig:shop/prod/app", "ssm:/shop/"]),
        ("DB_HOST", ["appconfig:shop/prod/app"]),
        ("OWN", []),
    ],
)
def test_only_sources_that_may_set_the_name_are_read(name: str, read: list[str]) -> None:
    environ = {**ENVIRON, "MAYBE": "ssm:/shop/maybe?optional"}
    backend = FakeBackend(DOCUMENTS)

    ran("get", name, environ=environ, backend=backend)

    assert [reference for reference, _ in backend.asked()] == read


def test_an_unknown_name_names_the_nearest_one() -> None:
    done = ran("get", "DB_HOTS", documents=DOCUMENTS, environ=ENVIRON)

    assert (done.exit_code, done.out) == (1, "")
    assert "DB_HOTS: neither a source nor the environment has this name (nearest: DB_HOST)" in (
        done.err
    )


def test_a_parameter_without_its_scheme_is_recognized() -> None:
    done = ran("get", "/shop/host", documents=DOCUMENTS, environ=ENVIRON)

    assert done.exit_code == 1
    assert done.err.endswith(
        "correct it, or write the scheme before a reference, as in ssm:/shop/prod/host\n"
    )


def test_a_name_whose_source_failed_has_its_reason() -> None:
    environ = {"A": "ssm:/denied"}

    done = ran("get", "A", documents=DOCUMENTS, environ=environ)

    assert (done.exit_code, done.out) == (1, "")
    assert done.err == "appconfig-env: error: A=ssm:/denied: no access; allow it\n"


@pytest.mark.parametrize(
    ("reference", "value"),
    [
        ("ssm:/shop/host", "h1"),
        ("secretsmanager:shop/db#password", "p"),
        ("secretsmanager:shop/db", '{"password": "p"}'),
        ("appconfig:shop/prod/app#db.port", "5432.0"),
        ("appconfig:shop/prod/app#on", "true"),
        ("appconfig:shop/prod/app?only=IGNORED&prefix=X_#db.host", "h"),
        ("ssm:/shop/", '{"a":"1","b/c":"2"}'),
        ("secretsmanager:key?format=binary", "AP8="),
        ("ssm:/denied?default=d", "d"),
    ],
)
def test_a_reference_has_the_value_that_a_variable_would_have(reference: str, value: str) -> None:
    assert ran("get", reference, documents=DOCUMENTS) == (0, f"{value}\n", "")


@pytest.mark.parametrize(
    ("reference", "data"),
    [
        ("ssm:/shop/", {"a": "1", "b/c": "2"}),
        ("appconfig:shop/prod/app#db", {"host": "h", "port": 5432.0}),
        ("appconfig:shop/prod/app#on", True),
        ("ssm:/shop/host", "h1"),
        ("secretsmanager:key?format=binary", "AP8="),
        ("ssm:/denied?default=d", "d"),
        ("appconfig:shop/prod/app#no?default=d", "d"),
    ],
)
def test_json_has_the_data(reference: str, data: object) -> None:
    done = ran("get", reference, "--json", documents=DOCUMENTS)

    assert json.loads(done.out) == {"reference": reference.replace("?default=d", ""), "value": data}


@pytest.mark.parametrize("number", ["1.50", "1e2", "12345678901234567890.5", "9" * 40, "-0"])
def test_numbers_in_json_are_those_of_the_document(number: str) -> None:
    documents: dict[str, bytes | Outcome] = {
        "appconfig:a/b/c": Document(f'{{"x": [{number}]}}'.encode())
    }

    done = ran("get", "appconfig:a/b/c#x", "--json", documents=documents)

    assert done.out == f'{{"reference":"appconfig:a/b/c#x","value":[{number}]}}\n'


def test_json_of_a_variable_has_its_text() -> None:
    done = ran("get", "DB_HOST", "--json", documents=DOCUMENTS, environ=ENVIRON)

    assert json.loads(done.out) == {"name": "DB_HOST", "value": "h"}


@pytest.mark.parametrize(
    ("reference", "error"),
    [
        ("ssm:/denied", "ssm:/denied: no access; allow it"),
        ("ssm:/denied?optional", "ssm:/denied: no access; allow it"),
        ("ssm:/nowhere", "ssm:/nowhere: no response; add it to the documents of this backend"),
        ("appconfig:shop/prod/app#no", "it has 'none', 'on', 'db'; correct #KEY"),
        ("appconfig:shop/prod/app#none", "the key 'none' is null; set a value"),
        ("appconfig:shop/prod/app?optional#no", "remove optional to see why"),
    ],
)
def test_a_reference_without_a_value_is_an_error(reference: str, error: str) -> None:
    done = ran("get", reference, documents=DOCUMENTS)

    assert (done.exit_code, done.out) == (1, "")
    assert done.err.endswith(f"{error}\n")


@pytest.mark.parametrize(
    ("reference", "error"),
    [
        ("arn:aws:ssm:eu-west-1:1:parameter/x", "write ssm: before it\n"),
        ("arn:aws:secretsmanager:eu-west-1:1:secret:x", "write secretsmanager: before it\n"),
        ("arn:", "write secretsmanager: before it\n"),
        ("smm:/x", "(nearest: ssm:); correct the reference"),
        ("ssm:x/y", "add it"),
        ("ssm:/x?defualt=s3cret", "unknown option 'defualt' (nearest: default); correct its name"),
        ("secretsmanager:a,b", "separate references with white space"),
    ],
)
def test_an_invalid_reference_is_a_wrong_command_line(reference: str, error: str) -> None:
    done = ran("get", reference)

    assert (done.exit_code, done.out) == (2, "")
    assert "s3cret" not in done.err
    assert error in done.err
    assert "--help" not in done.err  # the error has a remedy of its own
