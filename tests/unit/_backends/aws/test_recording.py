"""Which data a call leaves for the log."""

from __future__ import annotations

from appconfig_env._backends.aws.errors import MISCONFIGURED, AwsError
from appconfig_env._backends.aws.recording import failed, succeeded


def test_a_success_has_the_metadata_of_the_client_which_leaves_the_result() -> None:
    response = {"Parameters": [], "ResponseMetadata": {"RequestId": "r-1", "Region": "eu-west-9"}}
    call = succeeded("GetParameters", ["ssm:/x"], response, "eu-west-1", 0.5)
    assert response == {"Parameters": []}
    assert (call.operation, call.references) == ("GetParameters", ["ssm:/x"])
    assert (call.region, call.request_id, call.seconds) == ("eu-west-9", "r-1", 0.5)
    assert call.failure is None


def test_a_success_without_metadata_is_in_the_region_of_the_settings() -> None:
    call = succeeded("GetParameters", [], {}, "eu-west-1", 0.5)
    assert (call.region, call.request_id) == ("eu-west-1", "")


def test_a_failure_has_the_operation_of_the_error_and_its_request_id() -> None:
    error = AwsError("AssumeRole", "AccessDenied", "no", request_id="r-1")
    error.region = "eu-west-1"
    call = failed(error, ["ssm:/x"], 0.5)
    assert call is not None
    assert (call.operation, call.references) == ("AssumeRole", ["ssm:/x"])
    assert (call.region, call.request_id, call.seconds) == ("eu-west-1", "r-1", 0.5)
    assert call.failure is not None
    assert (call.failure.kind, call.failure.code) == ("denied", "AccessDenied")


def test_an_error_before_any_call_leaves_nothing() -> None:
    assert failed(AwsError("", MISCONFIGURED, "no Region; set AWS_REGION"), [], 0.5) is None


def test_what_a_proxy_has_written_is_printable() -> None:
    error = AwsError("GetParameters", "Bad\x1b[2J", request_id="r\n1")
    call = failed(error, [], 0.5)
    assert call is not None
    assert call.request_id == "r?1"
    assert call.failure is not None
    assert call.failure.code == "Bad?[2J"
