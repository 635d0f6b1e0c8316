"""A failed call: its sentence, its kind, and what may help."""

from __future__ import annotations

import pytest

from appconfig_env._backends.aws import errors
from appconfig_env._backends.aws.errors import AwsError
from appconfig_env._config.aws import Access
from appconfig_env._config.sources import SSM, Resource
from appconfig_env._config.wording import printable

ROLE = "arn:aws:iam::123456789012:role/reader"

ARN = "arn:aws:ssm:eu-west-1:1:parameter/x"
DENIED = f"not authorized to perform: ssm:GetParameters on resource: {ARN}"


def test_a_reason_names_the_failure_the_request_and_the_remedy() -> None:
    error = AwsError("GetParameters", "AccessDeniedException", "User u may not", request_id="r-1")
    assert str(error) == error.reason
    assert error.reason == (
        "GetParameters failed: AccessDeniedException: User u may not (request r-1); "
        "grant ssm:GetParameters to the function's role"
    )
    assert AwsError("GetSecretValue", "BadRequest", status=400).reason == (
        "GetSecretValue failed: BadRequest; check the reference"
    )


@pytest.mark.parametrize(
    ("operation", "message", "remedy"),
    [
        ("GetLatestConfiguration", "", "grant appconfig:GetLatestConfiguration to"),
        ("BatchGetSecretValue", "", "grant secretsmanager:BatchGetSecretValue on * to"),
        ("GetSecretValue", "Access to KMS is not allowed", "grant kms:Decrypt to"),
        ("GetParameters", "not authorized to perform: kms:Decrypt", "grant kms:Decrypt to"),
        (
            "AssumeRole",
            "",
            "grant sts:AssumeRole to the function's role, and allow it in the role's",
        ),
        (
            "GetParameters",
            f"{DENIED} with an explicit deny in a service control policy",
            f"change the policy that explicitly denies ssm:GetParameters on {ARN} to",
        ),
    ],
)
def test_a_denial_names_the_action_to_allow(operation: str, message: str, remedy: str) -> None:
    assert f"; {remedy}" in AwsError(operation, "AccessDenied", message).reason


def test_a_failure_before_any_call_names_no_operation_but_the_credentials() -> None:
    for code in ("AccessDenied", errors.UNREACHABLE):
        assert AwsError("", code, "why").reason == f"{code}: why; {errors.CHECK_CREDENTIALS}"


@pytest.mark.parametrize(("operation", "region"), [("", ""), ("GetParameters", "eu-west-1")])
def test_only_the_failure_of_a_call_has_the_region_where_it_was_made(
    operation: str, region: str
) -> None:
    error = AwsError(operation, errors.NO_CREDENTIALS)
    error.region, error.role_arn = "eu-west-1", "arn:aws:iam::1:role/r"
    failure = error.failure
    assert (failure.region, bool(failure.role_arn)) == (region, bool(region))


@pytest.mark.parametrize(
    ("message", "summary", "hint"),
    [
        ("no such file; check the name", "no such file", "check the name"),
        (
            "no TLS (bad; worse) here; check it; or not",
            "no TLS (bad; worse) here",
            "check it; or not",
        ),
        ("no TLS (bad; worse", "no TLS (bad; worse", errors.ROUTE),
        ("no TLS", "no TLS", errors.ROUTE),
    ],
)
def test_a_remedy_in_our_own_message_is_the_hint(message: str, summary: str, hint: str) -> None:
    failure = AwsError("GetParameters", errors.UNREACHABLE, message).failure
    assert (failure.summary, failure.hint) == (f"Unreachable: {summary}", hint)
    theirs = AwsError("GetParameters", "ValidationException", message, status=400).failure
    assert theirs.summary == f"ValidationException: {message}"


def test_a_remedy_of_its_own_leaves_the_message_as_it_is() -> None:
    error = AwsError("", errors.NO_CREDENTIALS, "the login failed; why", hint="log in again")
    assert error.failure.summary == "NoCredentials: the login failed; why"
    assert error.failure.hint == error.bare().failure.hint == "log in again"


@pytest.mark.parametrize(
    ("code", "status", "hint"),
    [
        ("ExpiredTokenException", 400, "log in again: "),
        ("InvalidSignatureException", 403, "check the credentials, "),
        ("HTTP 403", 403, "without an error code of AWS: a proxy or gateway may"),
        ("ThrottlingException", 400, "raise the account's quota for such calls, or use APPCONFIG"),
        ("InternalServerError", 500, "wait until AWS recovers "),
        ("ParameterNotFound", 400, "check the name, account and Region"),
        ("InvalidKeyId", 400, "enable its KMS key, and grant kms:Decrypt on it to the function's"),
        ("ValidationException", 400, "check the reference"),
    ],
)
def test_hints_are_imperatives(code: str, status: int, hint: str) -> None:
    failure = AwsError("GetParameters", code, "why", status=status).failure
    assert failure.hint.startswith(hint)
    assert not failure.hint.endswith("?")


@pytest.mark.parametrize("setting", ["AWS_APPCONFIG_EXTENSION_ROLE_ARN", "APPCONFIG_ENV_ROLE_ARN"])
def test_a_refused_role_is_named_by_its_setting(setting: str) -> None:
    error = AwsError("AssumeRole", "ValidationError", "why", status=400)
    error.locate("eu-west-1", Access(role_arn=ROLE, role_setting=setting))
    assert error.failure.hint == error.bare().failure.hint == f"check {setting}"


@pytest.mark.parametrize(
    ("operation", "code", "message", "hint"),
    [
        ("GetParameters", "AccessDeniedException", "", "grant ssm:GetParameters to the role ROLE"),
        ("GetSecretValue", "AccessDeniedException", "with an explicit deny",
         "change the policy that explicitly denies secretsmanager:GetSecretValue to the role ROLE"),
        ("GetParameters", "InvalidKeyId", "",
         "enable its KMS key, and grant kms:Decrypt on it to the role ROLE"),
        # It is the function itself that assumes the role.
        ("AssumeRole", "AccessDenied", "", "grant sts:AssumeRole on ROLE to the function's role"),
    ],
)  # fmt: skip
def test_a_denial_names_the_role_that_made_the_call(
    operation: str, code: str, message: str, hint: str
) -> None:
    error = AwsError(operation, code, message, status=400)
    error.locate("eu-west-1", Access(role_arn=ROLE))
    assert error.failure.hint.startswith(hint.replace("ROLE", ROLE))


def test_requests_do_not_keep_failures_with_one_cause_apart() -> None:
    failures = [
        AwsError(operation, "ExpiredTokenException", "expired", status=400, request_id=request)
        for operation, request in [("GetParameters", "r-1"), ("GetSecretValue", "r-2")]
    ]
    first, second = (error.failure for error in failures)
    assert first != second
    assert first.cause() == second.cause()
    assert (first.kind, first.code, first.summary) == (second.kind, second.code, second.summary)


def test_a_denial_is_made_for_its_resource() -> None:
    error = AwsError("GetParametersByPath", "AccessDeniedException")
    error.region = "eu-west-1"
    failure = error.failure_of(Resource(SSM, ("/shop/prod/",)))
    assert (failure.kind, failure.action) == ("denied", "ssm:GetParametersByPath")
    assert failure.resource_arn == "arn:aws:ssm:eu-west-1:*:parameter/shop/prod"
    assert failure.hint == (
        "grant ssm:GetParametersByPath on arn:aws:ssm:eu-west-1:*:parameter/shop/prod "
        "to the function's role"
    )


@pytest.mark.parametrize(
    ("code", "status", "transient", "about_input"),
    [
        ("ThrottlingException", 400, True, False),
        ("ThrottlingException", 429, True, False),
        ("HTTP 503", 503, True, False),
        ("Other", 500, True, False),
        ("HTTP 403", 403, False, True),
        (errors.UNREACHABLE, 0, True, False),
        (errors.INVALID_RESPONSE, 200, False, False),
        (errors.NO_CREDENTIALS, 0, False, False),
        ("AccessDeniedException", 403, False, True),
        ("ValidationException", 400, False, True),
        ("ExpiredTokenException", 400, False, False),
        ("InvalidSignatureException", 403, False, False),
    ],
)
def test_an_error_knows_whether_a_retry_or_other_input_may_help(
    code: str, status: int, transient: bool, about_input: bool
) -> None:
    error = AwsError("GetParameters", code, status=status)
    assert (error.is_transient, error.is_about_input) == (transient, about_input)
    # AWS's own refusals have a code: without one, a proxy or gateway may have responded.
    is_unreachable = transient or code in (errors.INVALID_RESPONSE, "HTTP 403")
    assert error.is_unreachable is is_unreachable


def test_a_bare_error_is_equal_and_refers_to_no_frames() -> None:
    error = AwsError(
        "GetParameters",
        "X",
        "why",
        hint="do it",
        status=400,
        request_id="r",
        details={"a": 1},
        is_final=True,
    )
    error.region, error.role_arn = "eu-west-1", "arn:aws:iam::1:role/r"
    try:
        raise error from ValueError("canary")
    except AwsError as caught:
        bare = caught.bare()
    assert vars(bare) == vars(error)
    assert str(bare) == str(error)
    assert (bare.__traceback__, bare.__context__, bare.__cause__) == (None, None, None)


def test_a_final_error_is_unreachable_and_not_transient() -> None:
    error = AwsError("GetParameters", errors.UNREACHABLE, "certificate not accepted", is_final=True)
    assert (error.is_transient, error.is_unreachable) == (False, True)
    assert "route" not in error.reason


def test_a_message_of_aws_stays_on_one_line_of_bounded_length() -> None:
    assert printable("a\r\nb\x1b[2Jc\u2028d") == "a??b?[2Jc?d"
    assert printable("grün") == "grün"
    assert printable("x" * 1000) == "x" * 399 + "…"
