"""A request and a response, and how each AWS protocol formats a refusal."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from enum import Enum
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

STS_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"


class Protocol(Enum):
    """AWS's protocols; each has its own format of refusals."""

    REST_JSON = "rest-json"
    JSON = "json 1.1"
    QUERY = "query"
    PLAIN = "plain"


class Request(NamedTuple):
    """One HTTP request as received; header names in lower case, query decoded."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes


class Response(NamedTuple):
    """One HTTP response."""

    status: int = 200
    headers: Mapping[str, str] = {}
    body: bytes = b""


class Refusal(Exception):  # noqa: N818 - a response, not an error of the fake
    """A service's response in place of a result."""

    def __init__(self, status: int, code: str, message: str, **fields: object) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.fields = status, code, message, fields


class Denied(Refusal):
    """A refusal of the caller; its status depends on the protocol: JSON 1.1 uses 400, not 403."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(403, code, message)


def validation(message: str) -> Refusal:
    """Return AWS's refusal of input that does not match its model."""
    return Refusal(400, "ValidationException", message)


def json_response(
    data: Mapping[str, Any], status: int = 200, protocol: Protocol = Protocol.JSON
) -> Response:
    """Return a JSON response with the protocol's content type."""
    kind = "application/x-amz-json-1.1" if protocol is Protocol.JSON else "application/json"
    return Response(status, {"Content-Type": kind}, json.dumps(data).encode())


def xml_response(action: str, result: Mapping[str, Any]) -> Response:
    """Return a response of the Query protocol."""
    text = (
        f'<{action}Response xmlns="{STS_NAMESPACE}"><{action}Result>{_xml(result)}</{action}Result>'
        f"<ResponseMetadata><RequestId>{uuid.uuid4()}</RequestId></ResponseMetadata>"
        f"</{action}Response>"
    )
    return Response(200, {"Content-Type": "text/xml"}, text.encode())


def refusal_response(refusal: Refusal, protocol: Protocol) -> Response:
    """Format a refusal as the protocol does."""
    denied = isinstance(refusal, Denied)
    if protocol is Protocol.QUERY:
        fault = {"Type": "Sender", "Code": refusal.code, "Message": refusal.message}
        text = (
            f'<ErrorResponse xmlns="{STS_NAMESPACE}"><Error>{_xml(fault)}</Error>'
            f"<RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>"
        )
        return Response(refusal.status, {"Content-Type": "text/xml"}, text.encode())
    if protocol is Protocol.PLAIN:
        return Response(refusal.status, {"Content-Type": "text/plain"}, refusal.message.encode())
    if protocol is Protocol.JSON:
        # AWS's front end uses "Message" in its refusals, the service itself "message".
        key = "Message" if denied else "message"
        body = {"__type": refusal.code, key: refusal.message, **refusal.fields}
        return json_response(body, 400 if denied else refusal.status)
    # The front end appends a URI to the code; a client must cut it off at the colon.
    suffix = ":http://internal.amazon.com/coral/com.amazon.coral.service/" if denied else ""
    response = json_response(
        {"Message": refusal.message, **refusal.fields}, refusal.status, Protocol.REST_JSON
    )
    return response._replace(
        headers={**response.headers, "x-amzn-ErrorType": refusal.code + suffix}
    )


def _xml(data: Mapping[str, Any]) -> str:
    return "".join(
        f"<{name}>{_xml(value) if isinstance(value, Mapping) else escape(str(value))}</{name}>"
        for name, value in data.items()
    )
