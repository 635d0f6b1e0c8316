"""Reads one flag from AWS's own agent on this machine, which evaluates it for a context.

Source: AppConfig User Guide, "Retrieving basic and multi-variant feature flags", and the agent's
OpenAPI description.
"""

from __future__ import annotations

from .._config.wording import quoted
from .._content.document import DocumentError
from .._content.parse import plain
from .._content.rules.operands import ContextError, operand, text_of
from .._content.strict_json import parse as parse_json
from .._http.percent import encode
from .._http.transport import Transport, TransportError, Url
from ..errors import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .._config.sources import Resource
    from .._http.messages import HttpResponse

ENTITY = "entityId"  # the context's key of what the agent takes as a header of its own
CHECK = "check the agent's log, and APPCONFIG_ENV_AGENT_URL"


class AgentFlag:
    """A flag as the agent has evaluated it.

    Attributes:
        data: the flag, evaluated.
        version: the configuration's version, or an empty string.
    """

    __slots__ = ("data", "version")

    def __init__(self, data: Mapping[str, Any], version: str) -> None:
        self.data = data
        self.version = version


class Agent:
    """AWS's agent.

    Args:
        url: its URL.
        timeout: seconds for one flag.
    """

    def __init__(self, url: str, timeout: float) -> None:
        self._url = Url(url)
        self._timeout = timeout

    def flag(
        self, resource: Resource, name: str, headers: Mapping[str, str]
    ) -> AgentFlag | Failure | None:
        """Return a flag of a profile, or why it could not be read; None if there is no such flag.

        Args:
            resource: the profile.
            name: the flag's key.
            headers: see `headers_of`.
        """
        application, environment, profile = (encode(part) for part in resource.parts)
        target = (
            f"/applications/{application}/environments/{environment}/configurations/{profile}"
            f"?flag={encode(name)}"
        )
        try:
            response = self._send(target, headers)
        except TransportError as error:
            cause = str(error).partition("; ")[0]
            hint = "start the agent, or correct APPCONFIG_ENV_AGENT_URL"
            return Failure("unavailable", f"AWS's agent: {cause}", hint)
        if response.status == 404:
            return None
        if response.status != 200:
            kind = "unavailable" if response.status >= 500 else "invalid"
            return Failure(kind, f"AWS's agent responded with {response.status}", CHECK)
        return _flag_in(response, name)

    def _send(self, target: str, headers: Mapping[str, str]) -> HttpResponse:
        # A connection for each: to this machine it takes no time, and none outlives a freeze or a
        # fork.
        transport = Transport()
        fields = {"host": self._url.authority, "connection": "close", **headers}
        try:
            return transport.send(
                self._url, "GET", target, fields, b"", timeout=self._timeout, direct=True
            )
        finally:
            transport.close()


def headers_of(context: Mapping[str, object]) -> dict[str, str]:
    """Return a context as the agent's headers.

    Raises:
        ContextError: the agent's form has no place for a key or a value.
    """
    pairs = []
    headers = {}
    for name, value in context.items():
        key = str(name)  # a caller without a type checker may have others
        found = operand(key, value)
        if found is None:
            continue
        if isinstance(found, tuple):
            summary = f"the context's {quoted(key)} is a list, which AWS's agent does not take"
            raise ContextError(summary, "pass text")
        text = text_of(found)
        # Anything else would be another pair, or another header.
        if not key.replace("_", "").isalnum() or not _is_plain(key) or not _is_plain(text):
            summary = f"the context's {quoted(key)} has characters that the agent's header has not"
            raise ContextError(
                summary, "pass ASCII without commas, and a key of letters and digits"
            )
        pairs.append(f"{key}={text}")
        if key == ENTITY:
            headers["entity-id"] = text
    return {"context": ",".join(pairs), **headers} if pairs else headers


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and "," not in text


def _flag_in(response: HttpResponse, name: str) -> AgentFlag | Failure | None:
    try:
        data: Any = plain(parse_json(response.body.decode()))
    except (DocumentError, UnicodeDecodeError):
        return Failure("invalid", "AWS's agent did not respond with JSON", CHECK)
    # One flag is its object, and several are an object of flags.
    flag: Any = data.get(name) if isinstance(data, dict) and "enabled" not in data else data
    if flag is None:
        return None
    if not isinstance(flag, dict) or not isinstance(flag.get("enabled"), bool):
        return Failure("invalid", "AWS's agent did not respond with a flag", CHECK)
    return AgentFlag(flag, response.headers.get("configuration-version", ""))
