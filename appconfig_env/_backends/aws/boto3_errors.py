"""Translates botocore's errors: names and codes, never a call's URL, which contains tokens."""

from __future__ import annotations

import json
import traceback
from typing import TYPE_CHECKING, Any

from botocore import exceptions as its
from botocore.parsers import ResponseParserError

from ..._http.errors import BETWEEN, PROXY_CHECK, PROXY_REMEDIES
from ..._http.sockets import distrust_of
from .errors import (
    CHECK_CREDENTIALS,
    CORRECT_SETTING,
    INVALID_RESPONSE,
    MISCONFIGURED,
    NO_CREDENTIALS,
    REPORT,
    UNREACHABLE,
    AwsError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CUT_OFF = "the connection closed before the response was complete"
_WITHOUT_BODY = (204, 304)  # nor length
_NOT_OF_AWS = f"a response that does not follow the protocol; {BETWEEN}"

# Their messages describe a problem with a profile, a login or a setting, and have no value.
_CREDENTIALS = (
    its.NoCredentialsError,
    its.PartialCredentialsError,
    its.CredentialRetrievalError,
    its.TokenRetrievalError,
    its.NoAuthTokenError,
    its.MetadataRetrievalError,
    its.SSOError,
    *([its.LoginError] if hasattr(its, "LoginError") else []),  # of 2025
)
_SETTINGS = (
    its.ProfileNotFound,
    its.ConfigParseError,
    its.InvalidConfigError,
    its.NoRegionError,
    its.InvalidRegionError,
    its.UnknownRegionError,
    its.InvalidProxiesConfigError,
    its.InvalidRetryConfigurationError,
)


class BrokenResponseError(Exception):
    """A response that is incomplete or invalid, and that botocore accepted."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


def refuse_broken_response(response_dict: dict[str, Any] | None = None, **_: object) -> None:
    """Refuse half a response, and a success that is not JSON: for botocore they are empty results.

    A handler of `response-received` for the services that respond in JSON. A body that is a stream
    is checked by its reader.

    Raises:
        BrokenResponseError: it is one of these.
    """
    if not response_dict:
        return
    body, headers = response_dict["body"], response_dict["headers"]
    if not isinstance(body, bytes):
        return
    length = str(headers.get("content-length", ""))
    if length.isdecimal() and len(body) < int(length):
        raise BrokenResponseError(UNREACHABLE, CUT_OFF)
    status = response_dict["status_code"]
    refuse_cut_headers(status, headers, body)
    if status < 300 and status not in _WITHOUT_BODY:
        try:
            found = json.loads(body)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise BrokenResponseError(INVALID_RESPONSE, _NOT_OF_AWS)


def refuse_cut_headers(status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Refuse a body that is empty because the connection closed in the middle of the headers.

    AWS always sends the length of a body. What responds in its place (moto, a proxy) may not: then
    a body counts as whole if there is one, because it comes after all of the headers.

    Raises:
        BrokenResponseError: there is neither a length nor a body.
    """
    if body or status in _WITHOUT_BODY:
        return
    if "content-length" not in headers and "transfer-encoding" not in headers:
        raise BrokenResponseError(UNREACHABLE, CUT_OFF)


def aws_error(operation: str, host: str, error: Exception) -> AwsError:
    """Return the `AwsError` for an error of boto3 or botocore in a call of `host`."""
    if isinstance(error, its.ClientError):
        return _refused(error)
    if isinstance(error, _CREDENTIALS):
        return AwsError(operation, NO_CREDENTIALS, str(error), hint=CHECK_CREDENTIALS)
    if isinstance(error, _SETTINGS):
        return AwsError(operation, MISCONFIGURED, str(error), hint=CORRECT_SETTING)
    if isinstance(error, BrokenResponseError):
        return AwsError(operation, error.code, str(error))
    if isinstance(error, ResponseParserError):
        return AwsError(operation, INVALID_RESPONSE, _NOT_OF_AWS)
    if isinstance(error, its.ProxyConnectionError):
        return _proxy_error(operation, error)
    if isinstance(error, its.SSLError):
        distrust = _distrust(error)
        message = distrust_of(host, distrust) if distrust else f"no TLS with {host} (TLS error)"
        return AwsError(operation, UNREACHABLE, message, is_final=bool(distrust))
    for kind, what in (
        (its.ConnectTimeoutError, f"no connection to {host} (timed out)"),
        (its.ReadTimeoutError, f"no response from {host} in time"),
        (its.EndpointConnectionError, f"no connection to {host}"),
        (
            its.ConnectionClosedError,
            f"{host} closed the connection before the response was complete",
        ),
        ((its.HTTPClientError, its.IncompleteReadError), f"connection to {host} broke"),
    ):
        if isinstance(error, kind):
            return AwsError(operation, UNREACHABLE, what)
    return AwsError(
        operation, INVALID_RESPONSE, f"boto3 failed with {type(error).__name__}; {REPORT}"
    )


def release(error: BaseException) -> None:
    """Drop what `error` and its causes refer to: connection pools, responses, requests with tokens.

    Their tracebacks refer to the frames of botocore and urllib3. Some of these frames refer to the
    error itself, so without this the sockets would stay open until the next garbage collection.
    """
    for cause in list(_chain(error)):
        traceback.clear_frames(cause.__traceback__)
        cause.__traceback__ = cause.__cause__ = cause.__context__ = None


def search_error(error: Exception) -> AwsError:
    """Return the `AwsError` for an error that ended the search for a Region and credentials."""
    if isinstance(error, AwsError):
        return error
    found = aws_error("", "the endpoint for credentials", error)
    if found.code != INVALID_RESPONSE:
        return found
    remedy = "check the credentials of this environment"
    message = f"the search for credentials failed with {type(error).__name__}; {remedy}"
    return AwsError("", NO_CREDENTIALS, message)


def proxy_refusal(operation: str, status: int) -> AwsError:
    """Return the error for a proxy that responded itself."""
    message = f"the proxy answered {status}; {PROXY_REMEDIES.get(status, PROXY_CHECK)}"
    return AwsError(operation, UNREACHABLE, message, is_final=status in (403, 407))


def _refused(error: Any) -> AwsError:
    response = error.response
    about = response.get("ResponseMetadata", {})
    status = int(about.get("HTTPStatusCode", 0))
    if status == 407:
        return proxy_refusal(error.operation_name, status)
    code = str(response["Error"].get("Code") or "")
    message = str(response["Error"].get("Message") or "")
    if not code or code == str(status):
        # Not AWS's code: then the message is the whole body, which any server may have written.
        code, message = f"HTTP {status}", ""
    return AwsError(
        error.operation_name,
        code,
        message,
        status=status,
        request_id=str(about.get("RequestId") or ""),
        details={
            name: value
            for name, value in response.items()
            if name not in ("Error", "ResponseMetadata", "message", "Message", "Type")
        },
    )


def _proxy_error(operation: str, error: Any) -> AwsError:
    # Only the text has the status: "Tunnel connection failed: 407 Proxy Authentication Required".
    text = str(error.kwargs.get("error", ""))
    status = text.partition("Tunnel connection failed: ")[2][:3]
    if status.isdigit():
        return proxy_refusal(operation, int(status))
    return AwsError(operation, UNREACHABLE, "no connection to the proxy")


def _distrust(error: BaseException) -> str:
    """Return what is wrong with a certificate, from the causes of `error`; '' if nothing is."""
    for cause in _chain(error):
        if type(cause).__name__ == "CertificateError":  # urllib3's own, not ssl's
            return "it is for another host"
        if message := getattr(cause, "verify_message", ""):
            return str(message)
    return ""


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield `error` and all its causes, each once."""
    pending: list[Any] = [error]
    seen: set[int] = set()
    while pending:
        cause = pending.pop()
        if not isinstance(cause, BaseException) or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        # botocore's errors have their cause in kwargs, urllib3's in args.
        inner = getattr(cause, "kwargs", {}).get("error")
        pending += [inner, cause.__cause__, cause.__context__, *cause.args]
