"""The exceptions that users may catch."""

from __future__ import annotations

import pickle

import pytest

from appconfig_env import errors

SOURCE = errors.SourceError("ssm:/a", "no response", unreachable=True)


def test_all_errors_have_one_base_class() -> None:
    kinds = [errors.SettingsError, errors.SourceError, errors.LoadError, errors.MissingKeyError]
    kinds += [errors.AmbiguousFlagError, errors.ConversionError]
    assert all(issubclass(kind, errors.AppConfigEnvError) for kind in kinds)
    assert issubclass(errors.MissingKeyError, KeyError)
    assert issubclass(errors.ConversionError, ValueError)


def test_each_of_several_problems_has_its_own_line() -> None:
    settings = errors.SettingsError(iter(["A: expected b", "C: expected d"]))
    assert (str(settings), settings.problems) == (
        "A: expected b\nC: expected d",
        ("A: expected b", "C: expected d"),
    )
    load = errors.LoadError([SOURCE, errors.SourceError("ssm:/b", "denied")])
    assert str(load) == "ssm:/a: no response\nssm:/b: denied"
    assert load.errors[0] is SOURCE


def test_the_message_of_a_missing_key_is_not_a_repr() -> None:
    assert str(errors.MissingKeyError("no 'x'")) == "no 'x'"


@pytest.mark.parametrize(
    "error",
    [
        SOURCE,
        errors.SettingsError(["A: expected b", "C: expected d"]),
        errors.LoadError([SOURCE]),
        errors.MissingKeyError("x"),
    ],
)
def test_errors_can_be_pickled(error: errors.AppConfigEnvError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    for name in ("source", "reason", "unreachable", "problems"):
        assert getattr(copy, name, None) == getattr(error, name, None)
