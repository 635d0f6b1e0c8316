"""The interface of backends."""

from __future__ import annotations

from appconfig_env._backends.base import Request, Unchanged, calls_of
from appconfig_env._config.settings import from_environ


def test_the_repr_of_a_request_does_not_contain_its_token() -> None:
    resource = from_environ({"X": "ssm:/x"}).sources[0].resource
    assert repr(Request(resource, "token")) == "<Request ssm:/x>"


def test_the_repr_of_a_confirmation_does_not_contain_its_token() -> None:
    assert repr(Unchanged("token", 60.0)) == "<Unchanged>"
    assert repr(Unchanged("token", is_early=True)) == "<Unchanged early>"


def test_a_backend_on_this_machine_has_made_no_calls() -> None:
    assert calls_of({"file:a": Unchanged("token")}) == ()
