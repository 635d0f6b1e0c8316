"""The fake backend: documents from memory, and the requests it received."""

from __future__ import annotations

import pytest

from appconfig_env._backends.base import Request, Unchanged
from appconfig_env._backends.fake import NO_RESPONSE, FakeBackend
from appconfig_env._config.references import parse
from appconfig_env._content.document import Document


def request(reference: str, token: str = "") -> Request:
    return Request(parse(reference).resource, token)


def test_bytes_are_documents_outcomes_are_returned_and_the_rest_is_unavailable() -> None:
    unchanged = Unchanged("t2")
    backend = FakeBackend({"ssm:a": b"1", "ssm:b": unchanged})

    found = backend([request("ssm:a"), request("ssm:b"), request("ssm:c")], 1.0)

    assert isinstance(found["ssm:a"], Document)
    assert found["ssm:a"].body == b"1"
    assert found["ssm:b"] is unchanged
    assert found["ssm:c"] is NO_RESPONSE
    assert NO_RESPONSE.is_unavailable


def test_each_request_is_returned_once() -> None:
    backend = FakeBackend()
    backend([request("ssm:a", "t1")], 1.0)

    assert backend.asked() == [("ssm:a", "t1")]
    assert backend.asked() == []


def test_a_call_without_time_is_a_bug_of_its_caller() -> None:
    with pytest.raises(AssertionError):
        FakeBackend()([], 0.0)
