"""The exceptions that users may catch."""

from __future__ import annotations

import pickle

import pytest

from appconfig_env import errors

SOURCE = errors.SourceError("ssm:/a", "no answer", unreachable=True)


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
    load = errors.LoadError([SOURCE, errors.SourceError("ssm:/b", "denied")])
    assert str(load) == "ssm:/a: no answer\nssm:/b: denied"
    assert load.errors[0] is SOURCE


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
    for name in ("source", "reason", "unreachable", "problems"):
        assert getattr(again, name, None) == getattr(error, name, None)
