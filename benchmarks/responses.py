"""Canned AWS responses, and those of a local agent: what the server sends; no socket, no clock.

They have the form and size of real ones; names and tokens are made up.
"""

from __future__ import annotations

import base64
import json
import os
from typing import Any

APPLICATION = "shop/prod"
PATH = "/shop/prod/"
PAGE = 10  # the most that GetParametersByPath and GetParameters return at once
TOKEN_BYTES = 800  # 1,068 characters of base64, as long as AppConfig's tokens
COMMON = (
    "Date: Mon, 05 Jan 2026 10:00:00 GMT\r\nConnection: keep-alive\r\n"
    "x-amzn-RequestId: 6f1b8f8e-0d6c-4d0e-9d1f-3f0f6f1b8f8e\r\n"
)
# As AWS's Parameters and Secrets extension has them.
AGENT_PATH = "/systemsmanager/parameters/get"
AGENT_TOKEN_HEADER = "X-Aws-Parameters-Secrets-Token"


class Responses:
    """The responses for so much to read; pages are made once: no later start pays for them."""

    def __init__(self, profiles: int, parameters: int) -> None:
        self._documents = list(documents(profiles).items())
        self._pages: dict[int, bytes] = {}
        self._numbers = {parameter_name(number): number for number in range(parameters)}
        self._one = _http("200 OK", "application/json", {"Parameter": _parameter(1)})

    def respond(
        self, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> tuple[str, bytes]:
        """Return the operation that a request calls, and the whole response."""
        path, _, query = target.partition("?")
        if method == "POST" and path == "/configurationsessions":
            wanted = json.loads(body)["ConfigurationProfileIdentifier"]
            number = [name for name, _ in self._documents].index(wanted)
            first = {"InitialConfigurationToken": token(number)}
            return "StartConfigurationSession", _http("201 Created", "application/json", first)
        if method == "GET" and path == "/configuration":
            sent = query.removeprefix("configuration_token=").replace("%2F", "/")
            number = base64.b64decode(sent.replace("%2B", "+")[:4])[0]
            extra = (
                f"Next-Poll-Configuration-Token: {token(number)}\r\n"
                "Next-Poll-Interval-In-Seconds: 60\r\nVersion-Label: 7\r\n"
            )
            document = self._documents[number][1]
            return "GetLatestConfiguration", _http("200 OK", "application/json", document, extra)
        if method == "GET" and path == AGENT_PATH and AGENT_TOKEN_HEADER.lower() in headers:
            return "agent", self._one
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        if operation == "GetParametersByPath":
            return operation, self._page(json.loads(body))
        if operation == "GetParameters":
            return operation, self._named(json.loads(body)["Names"])
        if operation == "GetParameter":
            return operation, self._one
        return "unknown", _http("400 Bad Request", "application/json", {})

    def _page(self, wanted: dict[str, str]) -> bytes:
        start = int(wanted["NextToken"].rpartition("-")[2]) if "NextToken" in wanted else 0
        if start not in self._pages:
            after, parameters = start + PAGE, len(self._numbers)
            numbers = range(start, min(after, parameters))
            found: dict[str, object] = {"Parameters": [_parameter(number) for number in numbers]}
            if after < parameters:
                found["NextToken"] = f"{base64.b64encode(bytes(500)).decode()}-{after}"
            self._pages[start] = _http("200 OK", "application/x-amz-json-1.1", found)
        return self._pages[start]

    def _named(self, names: list[str]) -> bytes:
        if len(names) > PAGE:
            return _http("400 Bad Request", "application/x-amz-json-1.1", {})
        known = self._numbers
        found = {
            "InvalidParameters": [name for name in names if name not in known],
            "Parameters": [_parameter(known[name]) for name in names if name in known],
        }
        return _http("200 OK", "application/x-amz-json-1.1", found)


def documents(profiles: int) -> dict[str, dict[str, Any]]:
    """Return the documents by the names of their profiles; no two have a key in common."""
    found: dict[str, dict[str, Any]] = {
        "app": {"greeting": "hello", "limits": {"rate": 10, "burst": 20}, "regions": ["a", "b"]},
        "flags": {"checkout": {"enabled": True, "limit": 10}, "search": {"enabled": False}},
    }
    for number in range(2, profiles):
        service = {"host": f"host-{number}.example.com", "timeout": number, "enabled": True}
        found[f"service{number}"] = {f"service{number}": service}
    return dict(list(found.items())[:profiles])


def parameter_name(number: int) -> str:
    """Return the name of the parameter of this number."""
    return f"{PATH}p{number}"


def token(profile: int) -> str:
    """Return a new token; its first byte is the profile's number."""
    return base64.b64encode(bytes([profile]) + os.urandom(TOKEN_BYTES - 1)).decode()


def _parameter(number: int) -> dict[str, object]:
    name = parameter_name(number)
    return {
        "ARN": f"arn:aws:ssm:us-east-1:123456789012:parameter{name}",
        "DataType": "text",
        "LastModifiedDate": 1767607200.0,
        "Name": name,
        "Type": "SecureString" if number % 4 == 0 else "String",
        "Value": f"value {number}",
        "Version": 1,
    }


def _http(status: str, content_type: str, found: object, extra: str = "") -> bytes:
    body = json.dumps(found).encode()
    length = f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
    return f"HTTP/1.1 {status}\r\n{length}{COMMON}{extra}\r\n".encode() + body
