"""The exceptions that users may catch."""

from __future__ import annotations

import pickle

import pytest

from appconfig_env import errors

FAILURE = errors.Failure("unavailable", "no answer", "check the route", operation="GetParameters")
SOURCE = errors.SourceError("ssm:/a", FAILURE)


def test_everything_has_one_base() -> None:
    raised = [errors.SettingsError, errors.SourceError, errors.LoadError, errors.MissingKeyError]
    raised += [errors.AmbiguousFlagError, errors.ConversionError]
    assert all(issubclass(kind, errors.AppConfigEnvError) for kind in raised)
    assert issubclass(errors.MissingKeyError, KeyError)
    assert issubclass(errors.ConversionError, ValueError)


def test_several_problems_stand_on_lines_of_their_own() -> None:
    settings = errors.SettingsError(iter(["A: want b", "C: want d"]))
    assert (str(settings), settings.problems) == (
        "A: want b\nC: want d",
        ("A: want b", "C: want d"),
    )
    denied = errors.SourceError("ssm:/b", errors.Failure("denied", "denied"))
    load = errors.LoadError([SOURCE, denied])
    assert str(load) == "ssm:/a: no answer; check the route\nssm:/b: denied"
    assert load.errors[0] is SOURCE


def test_a_source_error_says_what_its_failure_says() -> None:
    assert SOURCE.failure is FAILURE
    assert (SOURCE.source, SOURCE.reason) == ("ssm:/a", "no answer; check the route")
    assert str(errors.Failure("denied", "no hint")) == "no hint"


@pytest.mark.parametrize("kind", errors.KINDS)
def test_another_attempt_may_help_only_where_aws_gave_no_verdict(kind: str) -> None:
    failure = errors.Failure(kind, "failed")
    assert failure.is_unavailable == (kind in {"throttled", "unavailable"})
    assert errors.SourceError("ssm:/a", failure).unreachable == failure.is_unavailable


def test_failures_are_equal_where_all_of_them_is() -> None:
    fields = FAILURE.fields()
    assert errors.Failure(**fields) == FAILURE
    assert hash(errors.Failure(**fields)) == hash(FAILURE)
    for name in fields:
        assert errors.Failure(**(fields | {name: "other"})) != FAILURE


def test_a_missing_keys_message_is_no_repr() -> None:
    assert str(errors.MissingKeyError("no 'x'")) == "no 'x'"


@pytest.mark.parametrize(
    "error",
    [
        SOURCE,
        errors.SettingsError(["A: want b", "C: want d"]),
        errors.LoadError([SOURCE]),
        errors.MissingKeyError("x"),
    ],
)
def test_an_error_survives_the_way_to_another_process(error: errors.AppConfigEnvError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    for name in ("source", "failure", "reason", "unreachable", "problems"):
        assert getattr(again, name, None) == getattr(error, name, None)
