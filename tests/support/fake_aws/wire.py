"""What one request and one answer are, and how each AWS protocol spells a refusal."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from enum import Enum
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

STS_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"


class Protocol(Enum):
    """The ways in which a service talks; a refusal looks different in each."""

    REST_JSON = "rest-json"
    JSON = "json 1.1"
    QUERY = "query"
    PLAIN = "plain"


class Request(NamedTuple):
    """One HTTP request as it arrived; header names in lower case, query decoded."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes


class Answer(NamedTuple):
    """One HTTP answer."""

    status: int = 200
    headers: Mapping[str, str] = {}
    body: bytes = b""


class Refusal(Exception):  # noqa: N818 - it is an answer, not an error of the fake
    """What a service answers instead of a result."""

    def __init__(self, status: int, code: str, message: str, **fields: object) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.fields = status, code, message, fields


class Denied(Refusal):
    """A refusal of the caller; its status depends on the protocol: JSON 1.1 says 400, not 403."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(403, code, message)


def validation(message: str) -> Refusal:
    """Give the refusal AWS gives to input that is outside its model."""
    return Refusal(400, "ValidationException", message)


def json_answer(
    data: Mapping[str, Any], status: int = 200, protocol: Protocol = Protocol.JSON
) -> Answer:
    """Give a JSON answer with the protocol's content type."""
    kind = "application/x-amz-json-1.1" if protocol is Protocol.JSON else "application/json"
    return Answer(status, {"Content-Type": kind}, json.dumps(data).encode())


def xml_answer(action: str, result: Mapping[str, Any]) -> Answer:
    """Give a Query protocol answer."""
    text = (
        f'<{action}Response xmlns="{STS_NAMESPACE}"><{action}Result>{_xml(result)}</{action}Result>'
        f"<ResponseMetadata><RequestId>{uuid.uuid4()}</RequestId></ResponseMetadata>"
        f"</{action}Response>"
    )
    return Answer(200, {"Content-Type": "text/xml"}, text.encode())


def refusal_answer(refusal: Refusal, protocol: Protocol) -> Answer:
    """Spell a refusal as the protocol does."""
    denied = isinstance(refusal, Denied)
    if protocol is Protocol.QUERY:
        fault = {"Type": "Sender", "Code": refusal.code, "Message": refusal.message}
        text = (
            f'<ErrorResponse xmlns="{STS_NAMESPACE}"><Error>{_xml(fault)}</Error>'
            f"<RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>"
        )
        return Answer(refusal.status, {"Content-Type": "text/xml"}, text.encode())
    if protocol is Protocol.PLAIN:
        return Answer(refusal.status, {"Content-Type": "text/plain"}, refusal.message.encode())
    if protocol is Protocol.JSON:
        # AWS writes "Message" for refusals of its front end and "message" for the service's own.
        word = "Message" if denied else "message"
        body = {"__type": refusal.code, word: refusal.message, **refusal.fields}
        return json_answer(body, 400 if denied else refusal.status)
    # The front end appends a URI to the code; a client must cut it at the colon.
    suffix = ":http://internal.amazon.com/coral/com.amazon.coral.service/" if denied else ""
    answer = json_answer(
        {"Message": refusal.message, **refusal.fields}, refusal.status, Protocol.REST_JSON
    )
    return answer._replace(headers={**answer.headers, "x-amzn-ErrorType": refusal.code + suffix})


def _xml(data: Mapping[str, Any]) -> str:
    return "".join(
        f"<{name}>{_xml(value) if isinstance(value, Mapping) else escape(str(value))}</{name}>"
        for name, value in data.items()
    )
