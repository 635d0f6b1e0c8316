"""The seven operations on the wire: parameters to a request, a response to a result; pure.

Source: botocore's service models `appconfigdata` 2021-11-11, `ssm` 2014-11-06, `secretsmanager`
2017-10-17 and `sts` 2011-06-15, as far as this package needs them.
"""

from __future__ import annotations

import binascii

from ..._content import fast_json as json
from ..._content.strict_json import DEEPEST, reject_deep
from ..._http.errors import BETWEEN
from ..._http.messages import HttpRequest, HttpResponse
from ..._http.percent import encode
from .errors import INVALID_RESPONSE, AwsError
from .services import SERVICES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

_TARGETS = {"ssm": "AmazonSSM", "secretsmanager": "secretsmanager"}
_HEADERS = {
    "NextPollConfigurationToken": "next-poll-configuration-token",
    "ContentType": "content-type",
    "VersionLabel": "version-label",
}
# Members of JSON responses that must be text, by the list that has the objects; a parameter must
# have both of its own.
_TEXTS = {
    "Parameters": ("Name", "Value"),
    "SecretValues": ("SecretBinary",),
    "Errors": ("SecretId", "ErrorCode", "Message"),
}
_NONE = type(None)
# The services' names for what an AwsError has as code and message.
_CODE_AND_MESSAGE = ("__type", "code", "Code", "message", "Message")


def request(operation: str, parameters: Mapping[str, Any]) -> HttpRequest:
    """Return the request that calls `operation`."""
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


def result(operation: str, response: HttpResponse) -> dict[str, Any]:
    """Return the result of `operation`.

    Raises:
        AwsError: the response is an error, or does not follow the operation's protocol.
    """
    if response.headers.get("content-encoding", "").lower() not in ("", "identity"):
        raise _invalid(operation, response, "a compressed body")  # not requested
    if not 200 <= response.status < 300:
        raise _error(operation, response)
    if operation == "GetLatestConfiguration":
        return _latest_configuration(response)
    if operation == "AssumeRole":
        return _assumed_role(response)
    found = _json_object(operation, response)
    for secret in _objects(operation, response, found):
        if isinstance(secret.get("SecretBinary"), str):
            try:
                secret["SecretBinary"] = binascii.a2b_base64(secret["SecretBinary"])
            except ValueError:  # binascii.Error, or text that is not ASCII
                raise _invalid(operation, response, "SecretBinary is not base64") from None
    return found


def request_id(headers: Mapping[str, str]) -> str:
    """Return AWS's ID of the request whose response has `headers`; '' if there is none."""
    return headers.get("x-amzn-requestid") or headers.get("x-amz-request-id") or ""


def _latest_configuration(response: HttpResponse) -> dict[str, Any]:
    found: dict[str, Any] = {
        name: response.headers[header]
        for name, header in _HEADERS.items()
        if header in response.headers
    }
    if not found.get("NextPollConfigurationToken"):
        raise _invalid("GetLatestConfiguration", response, "no Next-Poll-Configuration-Token")
    found["Configuration"] = response.body
    interval = response.headers.get("next-poll-interval-in-seconds", "")
    # int() refuses thousands of digits.
    if interval.isascii() and interval.isdigit() and len(interval) < 10:
        found["NextPollIntervalInSeconds"] = int(interval)
    return found


def _assumed_role(response: HttpResponse) -> dict[str, Any]:
    text = response.body.decode("utf-8", "replace")
    fields = {
        name: _xml_text(text, name)
        for name in ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")
    }
    if not all(fields.values()):
        raise _invalid("AssumeRole", response, "no credentials")
    return {"Credentials": fields}


def _xml_text(text: str, name: str) -> str:
    """Return the text of the first element `name`; STS repeats none of those read here."""
    inner = text.partition(f"<{name}>")[2].partition(f"</{name}>")[0].strip()
    if "&" in inner:
        from html import unescape  # messages of errors only: credentials have no such character

        inner = unescape(inner)
    return inner


def _json_object(operation: str, response: HttpResponse) -> dict[str, Any]:
    try:
        found = json.loads(response.body)
        if response.body.count(b"{") + response.body.count(b"[") > DEEPEST:
            reject_deep(found)  # as Pythons before 3.14 do, each from a depth of its own on
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise _invalid(operation, response, "expected a JSON object")
    return found


def _objects(
    operation: str, response: HttpResponse, found: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Yield `found` and the objects in its lists, after a check of the types that are relied on."""
    for name in ("NextToken", "InitialConfigurationToken", "SecretBinary"):
        if not isinstance(found.get(name, ""), (str, _NONE)):
            raise _invalid(operation, response, f"expected text as {name}")
    yield found
    for name, texts in _TEXTS.items():
        items = found.get(name) or []
        if not isinstance(items, list):
            raise _invalid(operation, response, f"expected a list as {name}")
        may_be = str if name == "Parameters" else (str, _NONE)
        for item in items:
            if not isinstance(item, dict):
                raise _invalid(operation, response, f"expected objects in {name}")
            for text in texts:
                if not isinstance(item.get(text), may_be):
                    raise _invalid(operation, response, f"expected text as {text} in {name}")
            yield item


def _invalid(operation: str, response: HttpResponse, what: str) -> AwsError:
    kind = response.headers.get("content-type", "no content type")
    found = f"{what} in a response of {len(response.body)} bytes ({kind})"
    message = f"{found}; {BETWEEN}"
    return AwsError(
        operation,
        INVALID_RESPONSE,
        message,
        status=response.status,
        request_id=request_id(response.headers),
    )


def _error(operation: str, response: HttpResponse) -> AwsError:
    details: dict[str, Any] = {}
    if SERVICES[operation] == "sts":
        text = response.body.decode("utf-8", "replace")
        code, message = _xml_text(text, "Code"), _xml_text(text, "Message")
    else:
        try:
            found = json.loads(response.body)
        except (ValueError, RecursionError):
            found = None
        details = found if isinstance(found, dict) else {}
        kind = response.headers.get("x-amzn-errortype") or _first_text(details, "__type", "code")
        code = kind.partition(":")[0].rpartition("#")[2]
        message = _first_text(details, "message", "Message")
    return AwsError(
        operation,
        code or f"HTTP {response.status}",
        message,
        status=response.status,
        request_id=request_id(response.headers),
        details={name: value for name, value in details.items() if name not in _CODE_AND_MESSAGE},
    )


def _first_text(details: Mapping[str, Any], *names: str) -> str:
    """Return the first text among `names`; '' if there is none."""
    return next((text for name in names if isinstance(text := details.get(name), str) and text), "")
