"""The credentials that Lambda gives: environment variables, container endpoint, an assumed role."""

from __future__ import annotations

import json
from _thread import allocate_lock  # threading itself costs a cold start 5 ms

from .port import NO_CREDENTIALS, AwsError
from .signing import Credentials
from .transport import TransportError, Url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .transport import Transport

    Find = Callable[[float], Credentials]

FULL_URI = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
RELATIVE_URI = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
ECS_HOST = "http://169.254.170.2"
EARLY_SECONDS = 300.0  # before they expire, new ones are asked for


def has_own(environ: Mapping[str, str]) -> bool:
    """Whether the environment itself names credentials; a variable that is empty counts as absent."""
    pair = environ.get("AWS_ACCESS_KEY_ID") and environ.get("AWS_SECRET_ACCESS_KEY")
    return bool(pair or environ.get(FULL_URI) or environ.get(RELATIVE_URI))


class Kept:
    """Credentials that expire: asked for once, by one thread, and again shortly before they do."""

    def __init__(self, find: Find, now: Callable[[], float]) -> None:
        self._find = find
        self._now = now
        self._kept: Credentials | None = None
        self._lock = allocate_lock()

    def __call__(self, timeout: float) -> Credentials:
        """The credentials; `timeout` in seconds.

        Raises:
            AwsError: there are none.
        """
        with self._lock:
            kept = self._kept
            if kept is None or self._is_stale(kept):
                kept = self._kept = self._find(timeout)
            return kept

    def _is_stale(self, kept: Credentials) -> bool:
        return kept.expires_at is not None and self._now() >= kept.expires_at - EARLY_SECONDS


def own(environ: Mapping[str, str], transport: Transport, now: Callable[[], float]) -> Find:
    """How a function finds its credentials: in `environ` at each call, else at its container endpoint."""
    container = Kept(lambda timeout: _from_container(environ, transport, timeout), now)

    def find(timeout: float) -> Credentials:
        access_key, secret_key = environ.get("AWS_ACCESS_KEY_ID"), environ.get("AWS_SECRET_ACCESS_KEY")
        if access_key and secret_key:
            return Credentials(access_key, secret_key, environ.get("AWS_SESSION_TOKEN", ""))
        return container(timeout)

    return find


def of_role(fields: Mapping[str, str]) -> Credentials:
    """The credentials in AssumeRole's answer."""
    return Credentials(
        fields["AccessKeyId"],
        fields["SecretAccessKey"],
        fields["SessionToken"],
        unix_seconds(fields["Expiration"]),
    )


def _from_container(environ: Mapping[str, str], transport: Transport, timeout: float) -> Credentials:
    relative = environ.get(RELATIVE_URI)
    text = ECS_HOST + relative if relative else environ.get(FULL_URI, "")
    url = Url(text)
    _refuse_remote(url)
    path = "/" + text.partition("://")[2].partition("/")[2]
    headers = {"host": url.authority, "accept": "application/json"}
    token = environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", "")
    token_file = environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "")
    try:
        if token_file:
            with open(token_file) as file:
                token = file.read().strip()
        if token:
            headers["authorization"] = token
        answer = transport.send(url, "GET", path, headers, b"", timeout=timeout, direct=True)
    except TransportError as error:
        raise _none(f"the container endpoint did not answer: {error}") from None
    except OSError as error:
        raise _none(f"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: {error.strerror}") from None
    try:
        fields = json.loads(answer.body)
        return Credentials(
            fields["AccessKeyId"],
            fields["SecretAccessKey"],
            fields.get("Token") or "",
            unix_seconds(fields["Expiration"]) if fields.get("Expiration") else None,
        )
    except (ValueError, KeyError, TypeError):
        raise _none(f"the container endpoint answered {answer.status} without credentials") from None


def unix_seconds(text: str) -> float:
    """`2026-01-02T03:04:05Z` (ISO 8601) in Unix seconds.

    Raises:
        ValueError: it is not of that form.
    """
    from datetime import UTC, datetime  # 2 ms that only credentials with an end pay

    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _refuse_remote(url: Url) -> None:
    """Tokens go over plain HTTP to this host only, as in the SDKs."""
    local = url.host in ("localhost", "::1", "169.254.170.2", "169.254.170.23", "fd00:ec2::23")
    if url.scheme == "http" and not local and not url.host.startswith("127."):
        raise _none(f"{FULL_URI}: want https, or http to this host, got http to {url.host}")


def _none(message: str) -> AwsError:
    return AwsError("GetCredentials", NO_CREDENTIALS, message)
