"""The calls of a backend, with its outcomes."""

from __future__ import annotations

from appconfig_env._backends.base import Unchanged, calls_of
from appconfig_env._backends.calls import Call, Outcomes
from appconfig_env.errors import Failure


def test_outcomes_are_a_mapping_that_also_has_the_calls() -> None:
    call = Call("GetParameters", ["ssm:/x"])
    outcomes = Outcomes({"ssm:/x": Unchanged("token")}, [call])
    assert list(outcomes) == ["ssm:/x"]
    assert calls_of(outcomes) == [call]


def test_the_repr_of_a_call_has_its_operation_and_its_failure() -> None:
    failure = Failure("denied", "no")
    assert repr(Call("GetParameters", failure=failure)) == ("<Call GetParameters failure no>")
