"""How a call to AWS fails: codes, kinds and remedies; independent of any client; pure."""

from __future__ import annotations

from ..._config.wording import printable
from ..._http.errors import BETWEEN
from ...errors import Failure
from .services import SERVICES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ..._config.aws import Access
    from ..._config.sources import Resource

# Codes of denial, per AWS's common errors.
DENIALS = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthFailure"}
)
# A signature is refused with these if the clock is wrong, and for other reasons.
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
# The message about a refused signature repeats the request after these, with its session token.
_REPEATED = ("The Canonical String for this request", "The String-to-Sign should have been")

# Codes of our own, for failures without a code of AWS.
UNREACHABLE = "Unreachable"  # no connection, a broken one, or none in time
INVALID_RESPONSE = "InvalidResponse"  # a response that does not follow the protocol
NO_CREDENTIALS = "NoCredentials"
MISCONFIGURED = "Misconfigured"  # a setting that only the call found wrong
_OURS = frozenset({UNREACHABLE, INVALID_RESPONSE, NO_CREDENTIALS, MISCONFIGURED})
_CODELESS = "HTTP "  # before the status of a response without a code

CHECK_CREDENTIALS = "check the credentials of this environment, and where they come from"
INSTALL_TENACITY = "install tenacity in this Python, without which no call is tried again"
CORRECT_SETTING = "correct that setting"
REPORT = "report it as a bug of appconfig-env"
# What to do if there was no response.
ROUTE = "check the Region and the route to AWS (NAT or VPC endpoint, security group, DNS)"
_FALLBACK = "use APPCONFIG_ENV_FALLBACK for cold starts"


class AwsError(Exception):
    """A call that failed.

    Attributes:
        operation: the operation as AWS's API has it; empty if it failed before any call.
        code: AWS's error code, or one of this module's own.
        message: AWS's message or ours, which may end in `; ` and a remedy; never a value.
        hint: the remedy, if neither the message nor the code has it; may be empty.
        status: the HTTP status; 0 if there was none.
        request_id: AWS's, or an empty string.
        details: the error's other fields, such as `Details` and `ResourceType`.
        is_final: whether the same call would fail in the same way, even if the code is transient.
        is_untried: whether no further attempt could be made, because tenacity is not installed.
        region: where the call was made; the client sets it.
        role_arn: the role that the client assumes for the call; empty for the function's own.
        role_setting: the setting that names this role.
    """

    def __init__(
        self,
        operation: str,
        code: str,
        message: str = "",
        *,
        hint: str = "",
        status: int = 0,
        request_id: str = "",
        details: Mapping[str, Any] | None = None,
        is_final: bool = False,
    ) -> None:
        self.operation = operation
        self.code = code
        self.message = _without_request(message)
        self.hint = hint
        self.status = status
        self.request_id = request_id
        self.details = details or {}
        self.is_final = is_final
        self.is_untried = False
        self.region = self.role_arn = self.role_setting = ""
        super().__init__(operation, code)

    def __str__(self) -> str:
        return self.reason

    def locate(self, region: str, access: Access) -> None:
        """Set where the call was made, and for which role."""
        self.region, self.role_arn = region, access.role_arn
        self.role_setting = access.role_setting

    def bare(self) -> AwsError:
        """Return a copy without traceback and context, which refer to frames and their values.

        An error that is kept must be bare, and each raise needs its own copy: otherwise every raise
        makes the traceback longer, and threads that share the error mix their tracebacks.
        """
        copy = AwsError(
            self.operation,
            self.code,
            self.message,
            hint=self.hint,
            status=self.status,
            request_id=self.request_id,
            details=self.details,
            is_final=self.is_final,
        )
        copy.region, copy.role_arn = self.region, self.role_arn
        copy.role_setting = self.role_setting
        copy.is_untried = self.is_untried
        return copy

    @property
    def is_throttled(self) -> bool:
        """Whether the call exceeded a quota, and nothing else is wrong with it."""
        return self.code in _THROTTLING or self.status == 429

    @property
    def is_transient(self) -> bool:
        """Whether the same call may succeed a moment later."""
        if self.is_final:
            return False
        return (
            self.code in _TRANSIENT
            or self.code == UNREACHABLE
            or self.status in _TRANSIENT_STATUSES
        )

    @property
    def is_unreachable(self) -> bool:
        """Whether AWS did not decide on the call, so that an older value or a fallback may be used.

        AWS's own refusals have a code: a bare `403` comes from a proxy or gateway.
        """
        return (
            self.is_transient
            or self.code in (UNREACHABLE, INVALID_RESPONSE)
            or self.code.startswith(_CODELESS)
        )

    @property
    def is_denial(self) -> bool:
        """Whether the caller is not allowed to do this."""
        return self.code in DENIALS

    @property
    def is_about_input(self) -> bool:
        """Whether AWS refused this input from this caller: other input may be accepted."""
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
        return self.failure_of(None)

    def failure_of(self, resource: Resource | None) -> Failure:
        """Return `failure` for one resource: a denial names the action and the ARN to allow."""
        code = printable(self.code)  # a proxy may have written anything there
        message, own_hint = self._message_and_hint()
        action = arn = ""
        service = SERVICES.get(self.operation)
        if self.is_denial and service:
            from . import iam  # only a denial needs it

            action = iam.action(service, self.operation, self.message)
            arn = iam.resource_arn(
                action, self.message, resource, region=self.region, role_arn=self.role_arn
            )
        hint = printable(own_hint) or self._hint(action, arn)
        if self.is_untried:
            hint = f"{INSTALL_TENACITY}; {hint}" if hint else INSTALL_TENACITY
        return Failure(
            self.kind,
            self._summary(code, printable(message)),
            hint,
            operation=self.operation,
            code=code,
            request_id=printable(self.request_id),
            action=action,
            resource_arn=arn,
            region=printable(self.region) if self.operation else "",
            role_arn=printable(self.role_arn) if self.operation else "",
        )

    @property
    def reason(self) -> str:
        """The same as a sentence."""
        return str(self.failure)

    def _summary(self, code: str, message: str) -> str:
        # A wrong setting begins its message, and is not the failure of a call.
        if self.code == MISCONFIGURED and not self.operation and message:
            return message
        return f"{code}: {message}" if message else code

    def _message_and_hint(self) -> tuple[str, str]:
        """Return the message, and the remedy that one of our own ends with."""
        if self.hint or self.code not in _OURS:
            return self.message, self.hint
        message, _, hint = self.message.partition("; ")
        while hint and message.count("(") != message.count(")"):  # that one was in parentheses
            more, _, hint = hint.partition("; ")
            message += f"; {more}"
        return message, hint

    def _hint(self, action: str, arn: str) -> str:
        if action:
            return _grant(action, arn, self.message, self._grantee(action))
        if self.code in _EXPIRED:
            return "log in again: the credentials have expired (Lambda renews its own)"
        if self.code in _STALE_CREDENTIALS:
            return "check the credentials, which AWS does not accept, and this machine's clock"
        if self.code in _OURS:
            return "" if self.is_final else self._hint_of_ours()
        if self.operation not in SERVICES:
            return CHECK_CREDENTIALS
        return self._hint_by_status()

    def _hint_of_ours(self) -> str:
        if self.code == MISCONFIGURED:
            return CORRECT_SETTING
        if self.code == INVALID_RESPONSE:
            return BETWEEN
        if self.code == NO_CREDENTIALS or self.operation not in SERVICES:
            return CHECK_CREDENTIALS
        return ROUTE

    def _hint_by_status(self) -> str:
        if self.code.startswith(_CODELESS) and self.status < 500:
            return f"without an error code of AWS: {BETWEEN}"
        if self.is_throttled:
            return f"raise the account's quota for such calls, or {_FALLBACK}"
        if self.is_transient or self.status >= 500:
            return f"wait until AWS recovers (health.aws.amazon.com), or {_FALLBACK}"
        if self.code in _ABSENT:
            return "check the name, account and Region"
        if self.code in _KEY_CODES:
            grantee = self._grantee("kms:Decrypt")
            return f"enable its KMS key, and grant kms:Decrypt on it to {grantee}"
        if self.operation == "AssumeRole":
            return f"check {self.role_setting or 'the role'}"
        return "check the reference"

    def _grantee(self, action: str) -> str:
        """Return the role that needs the right to `action`: a role is assumed with our own."""
        if not self.role_arn or action.startswith("sts:"):
            return "the function's role"
        return f"the role {printable(self.role_arn)}"


def _grant(action: str, arn: str, message: str, grantee: str) -> str:
    on_arn = f"{action} on {arn}" if arn else action
    if "explicit deny" in message:  # a statement that allows it would not help
        return f"change the policy that explicitly denies {on_arn} to {grantee}"
    granted = f"grant {on_arn} to {grantee}"
    if action.startswith("sts:"):
        return f"{granted}, and allow it in the role's trust policy (with its external ID)"
    return granted


def _without_request(message: str) -> str:
    for repeated in _REPEATED:
        message = message.partition(repeated)[0]
    return message.rstrip()
