"""The seven operations on the wire: parameters to an HTTP request, an answer to a result; pure.

Source: botocore's service models `appconfigdata` 2021-11-11, `ssm` 2014-11-06, `secretsmanager`
2017-10-17 and `sts` 2011-06-15. Only what this package sends and reads is here.
"""

from __future__ import annotations

import binascii

from .. import _json_codec as json
from .._percent import encode
from .port import GARBLED, SERVICES, AwsError
from .wire import HttpAnswer, HttpRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

SIGNING_NAMES = {"appconfigdata": "appconfig"}
_TARGETS = {"ssm": "AmazonSSM", "secretsmanager": "secretsmanager"}
_HEADERS = {
    "NextPollConfigurationToken": "next-poll-configuration-token",
    "ContentType": "content-type",
    "VersionLabel": "version-label",
}
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
    for secret in (found, *_list(found, "SecretValues")):
        if isinstance(secret.get("SecretBinary"), str):
            try:
                secret["SecretBinary"] = binascii.a2b_base64(secret["SecretBinary"])
            except binascii.Error:
                raise _garbled(operation, answer, "SecretBinary is not base64") from None
    return found


def request_id(answer: HttpAnswer) -> str:
    """AWS's ID of the request, or an empty string."""
    return answer.headers.get("x-amzn-requestid") or answer.headers.get("x-amz-request-id") or ""


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
    if interval.isascii() and interval.isdigit():
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
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise _garbled(operation, answer, "want a JSON object")
    return found


def _list(found: dict[str, Any], name: str) -> list[dict[str, Any]]:
    items = found.get(name) or []
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _garbled(operation: str, answer: HttpAnswer, what: str) -> AwsError:
    kind = answer.headers.get("content-type", "no content type")
    found = f"{what} in an answer of {len(answer.body)} bytes ({kind})"
    message = f"{found}; is something between here and AWS?"
    return AwsError(
        operation, GARBLED, message, status=answer.status, request_id=request_id(answer)
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
        kind = (
            answer.headers.get("x-amzn-errortype") or details.get("__type") or details.get("code")
        )
        code = str(kind or "").partition(":")[0].rpartition("#")[2]
        message = str(details.get("message") or details.get("Message") or "")
    return AwsError(
        operation,
        code or f"HTTP {answer.status}",
        message,
        status=answer.status,
        request_id=request_id(answer),
        details={name: value for name, value in details.items() if name not in _CODE_AND_MESSAGE},
    )
