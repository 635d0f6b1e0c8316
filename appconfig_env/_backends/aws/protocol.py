"""The seven operations on the wire: parameters to an HTTP request, an answer to a result; pure.

Source: botocore's service models `appconfigdata` 2021-11-11, `ssm` 2014-11-06, `secretsmanager`
2017-10-17 and `sts` 2011-06-15. Only what this package sends and reads is here.
"""

from __future__ import annotations

import binascii

from ..._content import fast_json as json
from ..._content.strict_json import reject_deep
from ..._http.errors import BETWEEN
from ..._http.messages import HttpAnswer, HttpRequest
from ..._http.percent import encode
from .errors import INVALID_RESPONSE, SERVICES, AwsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

SIGNING_NAMES = {"appconfigdata": "appconfig"}
_TARGETS = {"ssm": "AmazonSSM", "secretsmanager": "secretsmanager"}
_HEADERS = {
    "NextPollConfigurationToken": "next-poll-configuration-token",
    "ContentType": "content-type",
    "VersionLabel": "version-label",
}
# What of an answer in JSON is relied on to be text, by the list whose objects hold it; a parameter
# has both of its two.
_TEXTS = {
    "Parameters": ("Name", "Value"),
    "SecretValues": ("SecretBinary",),
    "Errors": ("SecretId", "ErrorCode", "Message"),
}
_NONE = type(None)
# What is told by an AwsError's code and message, by the names the services give it.
_CODE_AND_MESSAGE = ("__type", "code", "Code", "message", "Message")


def request(operation: str, parameters: Mapping[str, Any]) -> HttpRequest:
    """The request that calls `operation`."""
    if operation == "StartConfigurationSession":
        body = json.dumps(parameters).encode()
        return HttpRequest(
            "POST", "/configurationsessions", "", {"content-type": "application/json"}, body
        )
    if operation == "GetLatestConfiguration":
        # Tokens are base64 with / + and =, all of which must be encoded.
        token = encode(parameters["ConfigurationToken"])
        return HttpRequest("GET", "/configuration", f"configuration_token={token}")
    if operation == "AssumeRole":
        fields = {"Action": operation, "Version": "2011-06-15", **parameters}
        form = "&".join(f"{name}={encode(str(value))}" for name, value in fields.items())
        headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
        return HttpRequest("POST", "/", "", headers, form.encode())
    headers = {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": f"{_TARGETS[SERVICES[operation]]}.{operation}",
    }
    return HttpRequest("POST", "/", "", headers, json.dumps(parameters).encode())


def result(operation: str, answer: HttpAnswer) -> dict[str, Any]:
    """What `operation` gave.

    Raises:
        AwsError: the answer is an error, or not of the operation's protocol.
    """
    if answer.headers.get("content-encoding", "identity") != "identity":
        raise _garbled(operation, answer, "a compressed body")  # none was asked for
    if not 200 <= answer.status < 300:
        raise _error(operation, answer)
    if operation == "GetLatestConfiguration":
        return _latest_configuration(answer)
    if operation == "AssumeRole":
        return _assumed_role(answer)
    found = _json_object(operation, answer)
    for secret in _objects(operation, answer, found):
        if isinstance(secret.get("SecretBinary"), str):
            try:
                secret["SecretBinary"] = binascii.a2b_base64(secret["SecretBinary"])
            except ValueError:  # binascii.Error, or text that is not ASCII
                raise _garbled(operation, answer, "SecretBinary is not base64") from None
    return found


def request_id(headers: Mapping[str, str]) -> str:
    """AWS's ID of the request whose answer has `headers`, or an empty string."""
    return headers.get("x-amzn-requestid") or headers.get("x-amz-request-id") or ""


def _latest_configuration(answer: HttpAnswer) -> dict[str, Any]:
    found: dict[str, Any] = {
        name: answer.headers[header]
        for name, header in _HEADERS.items()
        if header in answer.headers
    }
    if not found.get("NextPollConfigurationToken"):
        raise _garbled("GetLatestConfiguration", answer, "no Next-Poll-Configuration-Token")
    found["Configuration"] = answer.body
    interval = answer.headers.get("next-poll-interval-in-seconds", "")
    if interval.isascii() and interval.isdigit() and len(interval) < 10:  # int() refuses thousands
        found["NextPollIntervalInSeconds"] = int(interval)
    return found


def _assumed_role(answer: HttpAnswer) -> dict[str, Any]:
    text = answer.body.decode("utf-8", "replace")
    fields = {
        name: _xml_text(text, name)
        for name in ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")
    }
    if not all(fields.values()):
        raise _garbled("AssumeRole", answer, "no credentials")
    return {"Credentials": fields}


def _xml_text(text: str, name: str) -> str:
    """The text of the first element `name`: STS nests, but repeats none of those read here."""
    inner = text.partition(f"<{name}>")[2].partition(f"</{name}>")[0].strip()
    if "&" in inner:
        from html import unescape  # messages of errors only: credentials hold no such sign

        inner = unescape(inner)
    return inner


def _json_object(operation: str, answer: HttpAnswer) -> dict[str, Any]:
    try:
        found = json.loads(answer.body)
        reject_deep(found)  # as Pythons before 3.14 do, each from a depth of its own on
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise _garbled(operation, answer, "want a JSON object")
    return found


def _objects(operation: str, answer: HttpAnswer, found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """`found` and the objects in its lists, each of them of the types that are relied on."""
    for name in ("NextToken", "InitialConfigurationToken", "SecretBinary"):
        if not isinstance(found.get(name, ""), (str, _NONE)):
            raise _garbled(operation, answer, f"want {name} as text")
    yield found
    for name, texts in _TEXTS.items():
        items = found.get(name) or []
        if not isinstance(items, list):
            raise _garbled(operation, answer, f"want {name} as a list")
        may_be = str if name == "Parameters" else (str, _NONE)
        for item in items:
            if not isinstance(item, dict):
                raise _garbled(operation, answer, f"want objects in {name}")
            for text in texts:
                if not isinstance(item.get(text), may_be):
                    raise _garbled(operation, answer, f"want {text} as text in {name}")
            yield item


def _garbled(operation: str, answer: HttpAnswer, what: str) -> AwsError:
    kind = answer.headers.get("content-type", "no content type")
    found = f"{what} in an answer of {len(answer.body)} bytes ({kind})"
    message = f"{found}; {BETWEEN}"
    return AwsError(
        operation,
        INVALID_RESPONSE,
        message,
        status=answer.status,
        request_id=request_id(answer.headers),
    )


def _error(operation: str, answer: HttpAnswer) -> AwsError:
    details: dict[str, Any] = {}
    if SERVICES[operation] == "sts":
        text = answer.body.decode("utf-8", "replace")
        code, message = _xml_text(text, "Code"), _xml_text(text, "Message")
    else:
        try:
            found = json.loads(answer.body)
        except (ValueError, RecursionError):
            found = None
        details = found if isinstance(found, dict) else {}
        kind = answer.headers.get("x-amzn-errortype") or _said(details, "__type", "code")
        code = kind.partition(":")[0].rpartition("#")[2]
        message = _said(details, "message", "Message")
    return AwsError(
        operation,
        code or f"HTTP {answer.status}",
        message,
        status=answer.status,
        request_id=request_id(answer.headers),
        details={name: value for name, value in details.items() if name not in _CODE_AND_MESSAGE},
    )


def _said(details: Mapping[str, Any], *names: str) -> str:
    """The first of `names` that holds text; an empty string where none does."""
    return next((text for name in names if isinstance(text := details.get(name), str) and text), "")
