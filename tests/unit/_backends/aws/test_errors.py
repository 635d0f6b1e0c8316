"""How a failed call is told, and what is made of it."""

from __future__ import annotations

import pytest

from appconfig_env._backends.aws import errors as port
from appconfig_env._backends.aws.errors import AwsError
from appconfig_env._config.wording import printable


def test_a_reason_says_what_failed_which_request_and_what_to_do() -> None:
    error = AwsError("GetParameters", "AccessDeniedException", "User u may not", request_id="r-1")
    assert str(error) == error.reason
    assert error.reason == (
        "GetParameters failed: AccessDeniedException: User u may not (request r-1); "
        "allow ssm:GetParameters in the function's role"
    )
    assert AwsError("GetSecretValue", "HTTP 500").reason == "GetSecretValue failed: HTTP 500"


@pytest.mark.parametrize(
    ("operation", "message", "remedy"),
    [
        ("GetLatestConfiguration", "", "allow appconfig:GetLatestConfiguration in"),
        ("BatchGetSecretValue", "", "allow secretsmanager:BatchGetSecretValue in"),
        ("GetSecretValue", "Access to KMS is not allowed", "allow kms:Decrypt on its key in"),
        ("GetParameters", "not authorized to perform: kms:Decrypt", "allow kms:Decrypt on its key"),
        ("AssumeRole", "", "allow sts:AssumeRole in the function's role, and the caller in the"),
    ],
)
def test_a_denial_names_the_action_to_allow(operation: str, message: str, remedy: str) -> None:
    assert f"; {remedy}" in AwsError(operation, "AccessDenied", message).reason


def test_an_operation_that_is_none_of_aws_has_no_remedy() -> None:
    for code in ("AccessDenied", port.UNREACHABLE):
        assert (
            AwsError("GetCredentials", code, "why").reason == f"GetCredentials failed: {code}: why"
        )


@pytest.mark.parametrize(
    ("code", "status", "transient", "about_input"),
    [
        ("ThrottlingException", 400, True, False),
        ("ThrottlingException", 429, True, False),
        ("HTTP 503", 503, True, False),
        ("Other", 500, True, False),
        (port.UNREACHABLE, 0, True, False),
        (port.INVALID_RESPONSE, 200, False, False),
        (port.NO_CREDENTIALS, 0, False, False),
        ("AccessDeniedException", 403, False, True),
        ("ValidationException", 400, False, True),
        ("ExpiredTokenException", 400, False, False),
        ("InvalidSignatureException", 403, False, False),
    ],
)
def test_an_error_knows_what_may_help(
    code: str, status: int, transient: bool, about_input: bool
) -> None:
    error = AwsError("GetParameters", code, status=status)
    assert (error.is_transient, error.is_about_input) == (transient, about_input)
    assert error.is_unreachable is (transient or code == port.INVALID_RESPONSE)


def test_a_bare_error_says_the_same_and_holds_no_frames() -> None:
    error = AwsError(
        "GetParameters", "X", "why", status=400, request_id="r", details={"a": 1}, is_final=True
    )
    try:
        raise error from ValueError("canary")
    except AwsError as caught:
        bare = caught.bare()
    assert vars(bare) == vars(error)
    assert str(bare) == str(error)
    assert (bare.__traceback__, bare.__context__, bare.__cause__) == (None, None, None)


def test_an_error_that_is_final_is_unreachable_and_not_tried_again() -> None:
    error = AwsError("GetParameters", port.UNREACHABLE, "certificate not accepted", is_final=True)
    assert (error.is_transient, error.is_unreachable) == (False, True)
    assert "route" not in error.reason


def test_what_aws_says_stays_on_one_line_of_bounded_length() -> None:
    assert printable("a\r\nb\x1b[2Jc\u2028d") == "a??b?[2Jc?d"
    assert printable("grün") == "grün"
    assert printable("x" * 1000) == "x" * 399 + "…"
