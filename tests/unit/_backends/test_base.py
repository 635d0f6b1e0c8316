"""The interface of backends."""

from __future__ import annotations

from appconfig_env._backends.base import Call, Outcomes, Request, Unchanged, calls_of
from appconfig_env._config.settings import from_environ
from appconfig_env.errors import Failure


def test_the_repr_of_a_request_does_not_contain_its_token() -> None:
    resource = from_environ({"X": "ssm:/x"}).sources[0].resource
    assert repr(Request(resource, "token")) == "<Request ssm:/x>"


def test_the_repr_of_a_confirmation_does_not_contain_its_token() -> None:
    assert repr(Unchanged("token", 60.0)) == "<Unchanged>"
    assert repr(Unchanged("token", is_early=True)) == "<Unchanged early>"


def test_outcomes_are_a_mapping_that_also_has_the_calls() -> None:
    call = Call("GetParameters", ["ssm:/x"])
    outcomes = Outcomes({"ssm:/x": Unchanged("token")}, [call])
    assert list(outcomes) == ["ssm:/x"]
    assert calls_of(outcomes) == [call]


def test_a_backend_on_this_machine_has_made_no_calls() -> None:
    assert calls_of({"file:a": Unchanged("token")}) == ()


def test_the_repr_of_a_call_has_its_operation_and_its_failure() -> None:
    failure = Failure("denied", "no")
    assert repr(Call("GetParameters", failure=failure)) == ("<Call GetParameters failure no>")
