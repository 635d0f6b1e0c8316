"""The one port to AWS: what a client does and how a call fails; knows no client."""

from __future__ import annotations

from ..._config.wording import printable
from ..._http.errors import BETWEEN
from ...errors import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Protocol

    class Client(Protocol):
        """Makes one API call at a time per thread; safe to share between threads.

        Operations, parameters and answers are those of botocore's service models, with three
        differences: `Configuration` and `SecretBinary` are bytes, times are of no fixed type, and
        answers hold no `ResponseMetadata`.
        """

        def call(
            self, operation: str, parameters: Mapping[str, Any], *, timeout: float, region: str = ""
        ) -> dict[str, Any]:
            """Make one attempt.

            Args:
                operation: a name in SERVICES.
                parameters: its input.
                timeout: seconds for the whole attempt.
                region: another Region than the settings' own; empty for that.

            Raises:
                AwsError: it failed, whatever the reason.
            """

        def close(self) -> None:
            """Close what connections are open; the client stays usable."""


SERVICES = {
    "StartConfigurationSession": "appconfigdata",
    "GetLatestConfiguration": "appconfigdata",
    "GetParametersByPath": "ssm",
    "GetParameters": "ssm",
    "GetSecretValue": "secretsmanager",
    "BatchGetSecretValue": "secretsmanager",
    "AssumeRole": "sts",
}

# What IAM calls the right to an operation, where that is not service:operation.
_ACTIONS = {
    "StartConfigurationSession": "appconfig:StartConfigurationSession",
    "GetLatestConfiguration": "appconfig:GetLatestConfiguration",
}

# Codes of denial, per AWS's common errors.
DENIALS = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthFailure"}
)
# What a signature made by a clock that is off is refused with, among other reasons.
CLOCK_CODES = frozenset({
    "InvalidSignatureException", "SignatureDoesNotMatch", "RequestExpired", "RequestTimeTooSkewed",
})  # fmt: skip
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException"})
_STALE_CREDENTIALS = CLOCK_CODES | _EXPIRED | {
    "UnrecognizedClientException", "InvalidClientTokenId",
    "MissingAuthenticationToken", "MissingAuthenticationTokenException", "IncompleteSignature",
}  # fmt: skip
# As in botocore's legacy retry definitions (botocore/data/_retry.json): over a quota ...
_THROTTLING = frozenset({
    "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled",
    "RequestThrottledException", "TooManyRequestsException", "RequestLimitExceeded", "RateExceeded",
    "ProvisionedThroughputExceededException", "BandwidthLimitExceeded", "LimitExceededException",
    "SlowDown", "EC2ThrottledException",
})  # fmt: skip
# ... or worth another try for another reason.
_TRANSIENT = _THROTTLING | {
    "PriorRequestNotComplete", "TransactionInProgressException",
    "InternalServerError", "InternalServerException", "InternalServiceError", "InternalFailure",
    "ServiceUnavailable", "ServiceUnavailableException", "RequestTimeout",
    "RequestTimeoutException", "IDPCommunicationError",
}  # fmt: skip
_TRANSIENT_STATUSES = (429, 500, 502, 503, 504)
_ABSENT = frozenset({"ResourceNotFoundException", "ParameterNotFound", "ParameterVersionNotFound"})
_KEY_CODES = frozenset({"DecryptionFailure", "InvalidKeyId"})
# Before what a refused signature's message repeats of the request, the session token included.
_REPEATED = ("The Canonical String for this request", "The String-to-Sign should have been")

# Codes of our own, where no AWS code came back.
UNREACHABLE = "Unreachable"  # no connection, a broken one, or none in time
INVALID_RESPONSE = "InvalidResponse"  # an answer that is not of the protocol
NO_CREDENTIALS = "NoCredentials"
MISCONFIGURED = "Misconfigured"  # a setting that only the call could find wrong
_CODELESS = "HTTP "  # and the status of an answer that gave no code

# What to do, where no answer came, or one that is not AWS's.
ROUTE = "is there a route to AWS (NAT or VPC endpoint, security group, DNS)?"
_STAND_IN = "let APPCONFIG_ENV_FALLBACK stand in at starts"


class AwsError(Exception):
    """A call that failed.

    Attributes:
        operation: which call.
        code: AWS's error code, or one of this module's own.
        message: AWS's message or ours; never a value.
        status: the HTTP status, 0 where there was none.
        request_id: AWS's, or an empty string.
        details: the error's other fields, such as `Details` and `ResourceType`.
        is_final: the same call would fail in the same way, whatever the code says.
    """

    def __init__(
        self,
        operation: str,
        code: str,
        message: str = "",
        *,
        status: int = 0,
        request_id: str = "",
        details: Mapping[str, Any] | None = None,
        is_final: bool = False,
    ) -> None:
        self.operation = operation
        self.code = code
        self.message = _without_request(message)
        self.status = status
        self.request_id = request_id
        self.details = details or {}
        self.is_final = is_final
        super().__init__(self.reason)

    def bare(self) -> AwsError:
        """The same error without a traceback and a context, which hold frames and their values.

        One that is kept must be bare, and each time that it is raised a copy of its own: else
        every raise makes its traceback longer, and threads that share it mix theirs.
        """
        return AwsError(
            self.operation,
            self.code,
            self.message,
            status=self.status,
            request_id=self.request_id,
            details=self.details,
            is_final=self.is_final,
        )

    @property
    def is_throttled(self) -> bool:
        """Whether the call came over a quota, and nothing else is wrong with it."""
        return self.code in _THROTTLING or self.status == 429

    @property
    def is_transient(self) -> bool:
        """Whether the same call may well succeed a moment later."""
        if self.is_final:
            return False
        return (
            self.code in _TRANSIENT
            or self.code == UNREACHABLE
            or self.status in _TRANSIENT_STATUSES
        )

    @property
    def is_unreachable(self) -> bool:
        """Whether AWS gave no verdict on the call, so that an older value may stand in.

        AWS's verdicts have a code: a bare `403` comes from something on the way.
        """
        return (
            self.is_transient
            or self.code in (UNREACHABLE, INVALID_RESPONSE)
            or self.code.startswith(_CODELESS)
        )

    @property
    def is_denial(self) -> bool:
        """Whether the caller may not do this."""
        return self.code in DENIALS

    @property
    def is_about_input(self) -> bool:
        """Whether AWS refused this input from this caller: other input may be taken."""
        return (
            400 <= self.status < 500
            and not self.is_transient
            and self.code not in _STALE_CREDENTIALS
        )

    @property
    def kind(self) -> str:
        """The failure's kind, one of `KINDS`."""
        if self.is_throttled and not self.is_final:
            return "throttled"
        if self.is_unreachable:
            return "unavailable"
        if self.is_denial:
            return "denied"
        if self.code in _ABSENT:
            return "missing"
        if self.code in _STALE_CREDENTIALS or self.code in (NO_CREDENTIALS, MISCONFIGURED):
            return "misconfigured"
        return "invalid"

    @property
    def failure(self) -> Failure:
        """The same as data: what failed, and what to do."""
        code = printable(self.code)  # a proxy may have written anything there
        described = f"{code}: {printable(self.message)}" if self.message else code
        request = f" (request {printable(self.request_id)})" if self.request_id else ""
        return Failure(
            self.kind,
            f"{self.operation} failed: {described}{request}",
            self._remedy(),
            operation=self.operation,
            code=code,
            request_id=printable(self.request_id),
        )

    @property
    def reason(self) -> str:
        """The same as a sentence."""
        return str(self.failure)

    def _remedy(self) -> str:
        service = SERVICES.get(self.operation)
        if self.is_denial and service:
            action = _ACTIONS.get(self.operation, f"{service}:{self.operation}")
            if "kms:" in self.message or "KMS" in self.message:
                action = "kms:Decrypt on its key"
            also = (
                ", and the caller in the trust policy (with its external ID)"
                if service == "sts"
                else ""
            )
            return f"allow {action} in the function's role{also}"
        if self.code in _EXPIRED:
            return "the credentials are not valid any more: log in again (Lambda renews its own)"
        if self.code in _STALE_CREDENTIALS:
            return "the credentials are not valid (any more), or this clock is off"
        if self.code == UNREACHABLE:
            # A message with a remedy of its own knows better.
            has_remedy = self.is_final or ";" in self.message or not service
            return "" if has_remedy else ROUTE
        return self._remedy_by_status()

    def _remedy_by_status(self) -> str:
        if self.code.startswith(_CODELESS) and 300 <= self.status < 500:
            return f"no error code of AWS came with it: {BETWEEN}"
        if self.is_throttled:
            return f"the account's quota for such calls is used up: raise it, or {_STAND_IN}"
        if self.is_transient and self.status:
            return f"a fault on AWS's side (health.aws.amazon.com): wait, or {_STAND_IN}"
        if self.code in _ABSENT:
            return "is the name right, and is it there in this account and Region?"
        if not 400 <= self.status < 500:
            return ""
        if self.code in _KEY_CODES:
            return "is its KMS key enabled, and allowed to the function's role?"
        if self.operation == "AssumeRole":
            return "is AWS_APPCONFIG_EXTENSION_ROLE_ARN right?"
        return "is the reference right?"


def _without_request(message: str) -> str:
    for repeated in _REPEATED:
        message = message.partition(repeated)[0]
    return message.rstrip()
