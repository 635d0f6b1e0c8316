"""The AWS account behind the fake: clock, keys, permissions; verifies signatures."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from .. import canary
from .wire import Denied, Protocol, Refusal, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ACCOUNT_ID = "123456789012"
SKEW_LIMIT_SECONDS = 300
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/\s]+)/(\d{8})/([^/\s]+)/([^/\s]+)/aws4_request, ?"
    r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})"
)


class Identity(NamedTuple):
    """One access key and its owner."""

    access_key: str
    secret_key: str
    session_token: str
    arn: str
    expires_at: float | None = None


class Caller(NamedTuple):
    """The caller, and the Region of the signature."""

    access_key: str = ""
    arn: str = ""
    region: str = ""
    protocol: Protocol = Protocol.PLAIN


class Account:
    """Keys, permissions, clock, and the contract violations so far."""

    def __init__(self, clock: Callable[[], float], region: str) -> None:
        self.clock = clock
        self.region = region
        self.regions = {region}
        self.skew_seconds = 0.0
        self.forwarded_seconds = 0.0
        self.problems: list[str] = []
        self.identities: dict[str, Identity] = {}
        self.denials: set[tuple[str, str | None]] = set()
        self.function = self.new_identity("shop-function/worker", None)

    def now(self) -> float:
        """Return the services' time: for the age of tokens and the poll interval."""
        return self.clock() + self.forwarded_seconds

    def signing_now(self) -> float:
        """Return the front end's time: for signatures, key expiry and the Date header."""
        return self.clock() + self.skew_seconds

    def new_identity(self, role: str, lifetime_seconds: float | None) -> Identity:
        """Issue an access key for an assumed role."""
        expires_at = None if lifetime_seconds is None else self.signing_now() + lifetime_seconds
        identity = Identity(
            "ASIA" + secrets.token_hex(8).upper(),
            (canary.VALUE + secrets.token_urlsafe(30))[:38] + "/+",
            "IQoJb3JpZ2lu" + canary.VALUE + secrets.token_urlsafe(284) + "/+==",
            f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/{role}",
            expires_at,
        )
        self.identities[identity.access_key] = identity
        return identity

    def arn(self, service: str, resource: str, region: str | None = None) -> str:
        """Return a resource's ARN."""
        return f"arn:aws:{service}:{region or self.region}:{ACCOUNT_ID}:{resource}"

    def check(self, caller: Caller, operation: str, action: str, arn: str, *names: str) -> None:
        """Refuse a call that `deny` forbids, by operation and any of the resource's names."""
        if any((operation, name) in self.denials for name in (None, arn, *names)):
            raise Denied(
                "AccessDenied" if caller.protocol is Protocol.QUERY else "AccessDeniedException",
                f"User: {caller.arn} is not authorized to perform: {action} on resource: {arn}"
                f" because no identity-based policy allows the {action} action",
            )

    def authenticate(self, request: Request, service: str, protocol: Protocol) -> Caller:
        """Verify the signature as AWS does; a client's mistake is also recorded as a problem."""
        query = protocol is Protocol.QUERY
        wrong = "SignatureDoesNotMatch" if query else "InvalidSignatureException"
        unknown = "InvalidClientTokenId" if query else "UnrecognizedClientException"
        header = request.headers.get("authorization")
        if header is None:
            raise self.blame(Denied("MissingAuthenticationToken", "Missing Authentication Token"))
        match = _AUTHORIZATION.fullmatch(header)
        if match is None:
            raise self.blame(Denied("IncompleteSignature", "Authorization header is malformed."))
        access_key, day, region, scope_service, signed, signature = match.groups()
        if region not in self.regions:
            message = "Credential should be scoped to a valid region."
            raise self.blame(Denied(wrong, message), f"region {region}")
        if scope_service != service:
            message = f"Credential should be scoped to correct service: '{service}'."
            raise self.blame(Denied(wrong, message), f"service {scope_service}")
        identity = self.identities.get(access_key)
        token = request.headers.get("x-amz-security-token", "")
        if identity is None or not hmac.compare_digest(token, identity.session_token):
            message = "The security token included in the request is invalid."
            raise self.blame(Denied(unknown, message), f"access key {access_key}")
        if identity.expires_at is not None and identity.expires_at <= self.signing_now():
            code = "ExpiredToken" if query else "ExpiredTokenException"
            raise Denied(code, "The security token included in the request is expired")
        self._check_date(request, day, wrong)
        names = signed.split(";")
        if missing := _unsigned(request, names):
            message = f"There were headers present in the request which were not signed: {missing}"
            raise self.blame(Denied(wrong, message))
        if not hmac.compare_digest(
            signature, _signature(request, identity, service, region, names)
        ):
            message = (
                "The request signature we calculated does not match the signature you provided. "
                "Check your AWS Secret Access Key and signing method. Consult the service "
                "documentation for details."
            )
            raise self.blame(Denied(wrong, message))
        return Caller(access_key, identity.arn, region, protocol)

    def blame(self, refusal: Refusal, detail: str = "") -> Refusal:
        """Record a refusal as the client's mistake."""
        self.problems.append(f"{refusal.code}: {refusal.message} {detail}".rstrip())
        return refusal

    def _check_date(self, request: Request, day: str, wrong: str) -> None:
        stamp = request.headers.get("x-amz-date", "")
        if not re.fullmatch(r"\d{8}T\d{6}Z", stamp) or stamp[:8] != day:
            raise self.blame(Denied(wrong, "Date in Credential scope does not match x-amz-date."))
        signed_at = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
        now = self.signing_now()
        # Not recorded as a problem: a wrong clock is not the client's mistake.
        if signed_at < now - SKEW_LIMIT_SECONDS:
            limit = amz_date(now - SKEW_LIMIT_SECONDS)
            message = (
                f"Signature expired: {stamp} is now earlier than {limit} ({amz_date(now)} - 5 min.)"
            )
            raise Denied(wrong, message)
        if signed_at > now + SKEW_LIMIT_SECONDS:
            limit = amz_date(now + SKEW_LIMIT_SECONDS)
            message = (
                f"Signature not yet current: {stamp} is still later than {limit} "
                f"({amz_date(now)} + 5 min.)"
            )
            raise Denied(wrong, message)


def amz_date(at: float) -> str:
    """Format a time as SigV4 does."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y%m%dT%H%M%SZ")


def iso_date(at: float) -> str:
    """Format a time as STS does."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class _Verifier(SigV4Auth):  # type: ignore[misc]
    """botocore's signer, restricted to the headers that the client signed."""

    def headers_to_sign(self, request: Any) -> Any:
        return request.headers


def _signature(
    request: Request, identity: Identity, service: str, region: str, names: list[str]
) -> str:
    # AWS decodes and re-encodes the query, so a client that signed the raw query is refused.
    query = "&".join(f"{_encode(name)}={_encode(value)}" for name, value in request.query)
    url = f"http://{request.headers['host']}{request.path}" + (f"?{query}" if query else "")
    headers = {name: request.headers.get(name, "") for name in names}
    rebuilt = AWSRequest(request.method, url, headers=headers, data=request.body)
    rebuilt.context["timestamp"] = request.headers["x-amz-date"]
    if "x-amz-content-sha256" in headers:
        headers["x-amz-content-sha256"] = hashlib.sha256(request.body).hexdigest()
        rebuilt.headers.replace_header("x-amz-content-sha256", headers["x-amz-content-sha256"])
    credentials = Credentials(identity.access_key, identity.secret_key, identity.session_token)
    signer = _Verifier(credentials, service, region)
    text = signer.string_to_sign(rebuilt, signer.canonical_request(rebuilt))
    signature: str = signer.signature(text, rebuilt)
    return signature


def _encode(text: str) -> str:
    return quote(text, safe="-_.~")


def _unsigned(request: Request, names: list[str]) -> str:
    """Return the names of headers that must be signed but are not."""
    needed = {
        name
        for name in request.headers
        if name in {"host", "content-type"} or name.startswith("x-amz-")
    }
    return ", ".join(sorted(needed - set(names)))


def checked(
    account: Account, operation: str, params: Mapping[str, Any], model: Mapping[str, type[Any]]
) -> None:
    """Check input against the operation's model; an unknown name is recorded as a problem."""
    for name, value in params.items():
        kind = model.get(name)
        if kind is None:
            account.problems.append(f"{operation}: unknown parameter {name}")
        elif not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise account.blame(
                Refusal(400, "SerializationException", f"{name} is not of type {kind.__name__}")
            )
        elif kind is list and not all(isinstance(item, str) for item in value):
            raise account.blame(
                Refusal(
                    400, "SerializationException", f"{name} contains a value that is not a string"
                )
            )
