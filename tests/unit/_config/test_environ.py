"""Plain settings as typed values, and the errors of invalid ones."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._config.environ import (
    LOG_LEVELS,
    Reader,
    configured_names,
    is_in_lambda,
    is_snap_start,
)
from appconfig_env._config.options import yes_or_no
from appconfig_env._content.protected import is_protected

NAME = "SETTING"


def read(kind: str, text: str | None, *arguments: Any, **options: Any) -> tuple[object, list[str]]:
    """Return what the reader's method `kind` returns for `text`, and the errors."""
    reader = Reader({} if text is None else {NAME: text})
    return getattr(reader, kind)(NAME, *arguments, **options), reader.problems


@pytest.mark.parametrize("text", [None, ""])
def test_an_empty_variable_counts_as_unset(text: str | None) -> None:
    assert read("text", text) == ("", [])
    assert read("seconds", text, 45.0) == (45.0, [])
    assert read("millis", text, 3000.0) == (3000.0, [])
    assert read("yes_no", text, default=True) == (True, [])
    assert read("one_of", text, "fail", "continue") == ("fail", [])
    assert read("log_level", text) == ("info", [])
    assert read("file_path", text, "/tmp/x") == ("/tmp/x", [])


@pytest.mark.parametrize(
    ("kind", "text", "arguments", "value"),
    [
        ("seconds", "90", (1.0,), 90.0),
        ("seconds", "5m", (1.0,), 300.0),
        ("seconds", "0", (1.0,), 0.0),
        ("millis", "500", (1.0,), 500.0),
        ("millis", "300MS", (1.0,), 300.0),
        ("millis", "5s", (1.0,), 5000.0),
        ("one_of", "CONTINUE", ("fail", "continue"), "continue"),
        ("log_level", "Warning", (), "warn"),
        ("log_level", "NONE", (), "none"),
        ("file_path", "/x", ("/y",), "/x"),
    ],
)
def test_a_valid_value_is_converted(
    kind: str, text: str, arguments: tuple[Any, ...], value: object
) -> None:
    assert read(kind, text, *arguments) == (value, [])


@pytest.mark.parametrize("text", ["yes", "ON", "true", "1"])
@pytest.mark.parametrize("default", [True, False])
def test_four_words_mean_yes_and_four_mean_no_in_any_case(text: str, default: bool) -> None:
    opposite = {"yes": "No", "ON": "off", "true": "FALSE", "1": "0"}[text]
    assert read("yes_no", text, default=default) == (True, [])
    assert read("yes_no", opposite, default=default) == (False, [])


@pytest.mark.parametrize(
    ("kind", "text", "arguments", "options", "expected"),
    [
        ("seconds", "soon", (45.0,), {}, "a number of seconds (45, 45s, 5m, 1h)"),
        ("seconds", "0", (8.0,), {"allow_zero": False}, "a positive number of seconds (45,"),
        ("millis", "0", (3.0,), {}, "a positive number of milliseconds (3000, 300ms, 5s)"),
        ("millis", "5sms", (3.0,), {}, "a positive number of milliseconds"),
        ("yes_no", "perhaps", (), {"default": True}, "yes or no (also true or false, on or off,"),
        ("one_of", "ignore", ("fail", "continue"), {}, "fail or continue"),
        ("log_level", "loud", (), {}, f"one of {', '.join(LOG_LEVELS)}"),
        ("file_path", "x/y", ("/d",), {}, "the absolute path of a file"),
    ],
)
def test_an_invalid_value_is_an_error_and_the_default_is_used(
    kind: str, text: str, arguments: tuple[Any, ...], options: dict[str, Any], expected: str
) -> None:
    value, (problem,) = read(kind, text, *arguments, **options)
    assert value == read(kind, None, *arguments, **options)[0]
    assert problem.startswith(f"{NAME}: expected {expected}")
    assert problem.endswith(f", got {text!r}; correct or unset the variable")


@pytest.mark.parametrize("text", ["", "perhaps", "y", "yes ", "2"])
def test_any_other_word_is_neither_yes_nor_no(text: str) -> None:
    assert yes_or_no(text) is None


def test_a_function_is_in_lambda_if_it_has_a_name() -> None:
    assert is_in_lambda({"AWS_LAMBDA_FUNCTION_NAME": "f"})
    assert not is_in_lambda({"AWS_LAMBDA_FUNCTION_NAME": ""})
    assert not is_in_lambda({"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001"})


@pytest.mark.parametrize("kind", ["", "on-demand", "provisioned-concurrency", "SNAP-START"])
def test_only_one_type_of_initialization_is_snap_start(kind: str) -> None:
    assert not is_snap_start({"AWS_LAMBDA_INITIALIZATION_TYPE": kind})
    assert is_snap_start({"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"})
    assert not is_snap_start({})


def test_errors_are_collected_in_order() -> None:
    reader = Reader({"A": "x", "B": "y"})
    reader.seconds("A", 1.0)
    reader.file_path("B", "/")
    assert [problem.partition(":")[0] for problem in reader.problems] == ["A", "B"]


# As printed by `env` in functions of several runtimes, without credentials and addresses.
OF_LAMBDA = {
    "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
    "AWS_LAMBDA_FUNCTION_NAME": "shop",
    "AWS_REGION": "eu-west-1",
    "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
    "AWS_XRAY_DAEMON_ADDRESS": "169.254.79.129:2000",
    "LAMBDA_RUNTIME_DIR": "/var/runtime",
    "LAMBDA_TASK_ROOT": "/var/task",
    "LANG": "en_US.UTF-8",
    "LD_LIBRARY_PATH": "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/opt/lib",
    "NODE_EXTRA_CA_CERTS": "/var/runtime/ca-cert.pem",
    "NODE_PATH": "/opt/nodejs/node22/node_modules:/opt/nodejs/node_modules",
    "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
    "PWD": "/var/task",
    "PYTHONPATH": "/var/runtime",
    "SHLVL": "0",
    "TZ": ":UTC",
    "_": "/usr/bin/env",
    "_HANDLER": "shop.handler",
}
# By variable: the values of Lambda itself, and one that only a function's configuration can have.
VALUES = {
    "AWS_XRAY_CONTEXT_MISSING": (("LOG_ERROR",), "IGNORE_ERROR"),
    "LANG": (("en_US.UTF-8",), "de_DE.UTF-8"),
    "TZ": ((":UTC", ":/etc/localtime"), "UTC"),
}


def test_a_name_that_lambda_sets_is_protected_or_known_as_one_of_lambda() -> None:
    own = OF_LAMBDA.keys() - configured_names(OF_LAMBDA)

    assert own == VALUES.keys()
    assert {name for name in OF_LAMBDA if not is_protected(name)} == own


@pytest.mark.parametrize("name", VALUES)
def test_a_value_tells_a_functions_configuration_from_lambdas_own(name: str) -> None:
    of_lambda, configured = VALUES[name]

    for value in of_lambda:
        assert configured_names({name: value, "DB_HOST": value}) == {"DB_HOST"}
    for value in (configured, "", of_lambda[0].lower(), f"{of_lambda[0]} "):
        assert configured_names({name: value}) == {name}


@given(st.dictionaries(st.text(), st.text() | st.sampled_from([":UTC", "en_US.UTF-8"])))
def test_all_other_names_are_configured(environ: dict[str, str]) -> None:
    assert environ.keys() - configured_names(environ) <= VALUES.keys()
