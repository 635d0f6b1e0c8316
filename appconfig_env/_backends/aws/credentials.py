"""Credentials in Lambda: environment variables, container endpoint, an assumed role."""

from __future__ import annotations

import time
from _thread import allocate_lock  # threading itself costs a cold start 4 ms

from ..._content import fast_json as json
from ..._http.transport import TransportError, Url
from .errors import INVALID_RESPONSE, NO_CREDENTIALS, UNREACHABLE, AwsError
from .sigv4 import Credentials

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..._http.messages import HttpResponse
    from ..._http.transport import Transport

    # Returns credentials before a deadline, a time of `time.monotonic`.
    Find = Callable[[float], Credentials]

FULL_URI = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
RELATIVE_URI = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
AUTHORIZATION = "AWS_CONTAINER_AUTHORIZATION_TOKEN"
AUTHORIZATION_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
ECS_HOST = "http://169.254.170.2"
LOCAL_HOSTS = ("localhost", "::1", "169.254.170.2", "169.254.170.23", "fd00:ec2::23")
EARLY_SECONDS = 300.0  # they are renewed so long before they expire
OPERATION = ""  # the search for credentials is not an operation of AWS's API


def has_own(environ: Mapping[str, str]) -> bool:
    """Whether the environment itself names credentials; an empty variable counts as absent."""
    pair = environ.get("AWS_ACCESS_KEY_ID") and environ.get("AWS_SECRET_ACCESS_KEY")
    return bool(pair or environ.get(FULL_URI) or environ.get(RELATIVE_URI))


class Kept:
    """Credentials that expire: fetched by one thread, and renewed shortly before they expire."""

    def __init__(self, find: Find, now: Callable[[], float]) -> None:
        self._find = find
        self._now = now
        self._kept: Credentials | None = None
        self._failure: AwsError | None = None
        self._failures = 0
        self._lock = allocate_lock()

    def __call__(self, deadline: float) -> Credentials:
        """Return the credentials before `deadline`.

        Raises:
            AwsError: there are none.
        """
        failures = self._failures
        if not self._lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
            raise AwsError(OPERATION, UNREACHABLE, "no credentials in time")
        try:
            kept = self._kept
            if kept is not None and self._lasts(kept, EARLY_SECONDS):
                return kept
            if self._failure is not None and self._failures != failures:
                raise self._failure.bare()  # fetched by another thread while this one waited
            try:
                self._kept = self._find(deadline)
            except AwsError as error:
                if kept is not None and self._lasts(kept, 0.0):
                    return kept
                self._failure = error.bare()
                self._failures += 1
                raise
            return self._kept
        finally:
            self._lock.release()

    def _lasts(self, kept: Credentials, seconds: float) -> bool:
        return kept.expires_at is None or self._now() + seconds < kept.expires_at


def own(environ: Mapping[str, str], transport: Transport, now: Callable[[], float]) -> Find:
    """Return what finds credentials: in `environ` at each call, or at the container endpoint."""
    container = Kept(lambda deadline: _from_container(environ, transport, deadline), now)

    def find(deadline: float) -> Credentials:
        access_key, secret_key = (
            environ.get("AWS_ACCESS_KEY_ID"),
            environ.get("AWS_SECRET_ACCESS_KEY"),
        )
        if access_key and secret_key:
            return Credentials(access_key, secret_key, environ.get("AWS_SESSION_TOKEN", ""))
        return container(deadline)

    return find


def of_role(fields: Mapping[str, str]) -> Credentials:
    """Return the credentials in a result of AssumeRole."""
    try:
        expires_at = unix_seconds(fields["Expiration"])
    except ValueError:
        raise AwsError("AssumeRole", INVALID_RESPONSE, "Expiration is not a date") from None
    return Credentials(
        fields["AccessKeyId"], fields["SecretAccessKey"], fields["SessionToken"], expires_at
    )


def _from_container(
    environ: Mapping[str, str], transport: Transport, deadline: float
) -> Credentials:
    relative = environ.get(RELATIVE_URI)
    named = RELATIVE_URI if relative else FULL_URI
    try:
        url = Url(ECS_HOST + relative if relative else environ.get(FULL_URI, ""))
    except ValueError:
        message = f"{named}: expected a URL such as http://127.0.0.1:80/path; correct it"
        raise AwsError(OPERATION, NO_CREDENTIALS, message) from None
    if url.scheme == "http" and not _is_local(url.host):
        # As in the SDKs: the token goes over plain HTTP to this host only.
        message = (
            f"{named}: expected https, or http to this host, got http to {url.host}; use https"
        )
        raise AwsError(OPERATION, NO_CREDENTIALS, message)
    headers = {"host": url.authority, "accept": "application/json", **_authorization(environ)}
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    left = deadline - time.monotonic()
    response: HttpResponse | AwsError
    try:
        response = transport.send(url, "GET", target, headers, b"", timeout=left, direct=True)
    except TransportError as error:
        message = f"no credentials from the container endpoint: {error}"
        response = AwsError(OPERATION, UNREACHABLE, message, is_final=error.is_final)
    if isinstance(response, AwsError):
        raise response  # outside of `except`: a __context__ would hold the request and its token
    try:
        fields = json.loads(response.body)
        pair = fields["AccessKeyId"], fields["SecretAccessKey"]
        token, end = fields.get("Token") or "", fields.get("Expiration")
        if all(isinstance(part, str) for part in (*pair, token)) and all(pair):
            return Credentials(*pair, token, unix_seconds(end) if end else None)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass  # an error page, or anything else
    problem = f"the container endpoint answered {response.status} without credentials"
    message = f"{problem}; check {named} and its authorization token"
    raise AwsError(OPERATION, NO_CREDENTIALS, message, status=response.status)


def _authorization(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the header with the token; a file wins, since its token may be renewed."""
    token = environ.get(AUTHORIZATION, "")
    if path := environ.get(AUTHORIZATION_FILE):
        try:
            with open(path, encoding="utf-8") as file:
                token = file.read().strip()
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "not UTF-8"
            message = f"{AUTHORIZATION_FILE}: cannot be read ({why}); name a readable file"
            raise AwsError(OPERATION, NO_CREDENTIALS, message) from None
    return {"authorization": token} if token else {}


def _is_local(host: str) -> bool:
    numbers = host.split(".")
    is_ipv4 = len(numbers) == 4 and all(number.isdigit() for number in numbers)
    return host in LOCAL_HOSTS or (is_ipv4 and numbers[0] == "127")


def unix_seconds(text: str) -> float:
    """Return `2026-01-02T03:04:05Z` (ISO 8601) in Unix seconds.

    Raises:
        ValueError: it is not of that form.
    """
    from datetime import UTC, datetime  # 2 ms, needed only for credentials that expire

    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
