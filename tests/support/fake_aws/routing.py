"""Finds the service and operation of a request; refuses unknown ones."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl

from .appconfig import AppConfigData
from .secretsmanager import SecretsManager
from .ssm import ParameterStore
from .sts import CREDENTIALS_PATH, ContainerCredentials, SecurityTokenService
from .wire import Refusal, Request

if TYPE_CHECKING:
    from collections.abc import Mapping

Service = (
    AppConfigData | ParameterStore | SecretsManager | SecurityTokenService | ContainerCredentials
)


class Routed(NamedTuple):
    """One call before authentication."""

    service: Service
    operation: str
    params: Mapping[str, Any]


class Services(NamedTuple):
    """All services on one port."""

    appconfig: AppConfigData
    ssm: ParameterStore
    secretsmanager: SecretsManager
    sts: SecurityTokenService
    container: ContainerCredentials

    def route(self, request: Request) -> Routed:
        """Find the operation by path, target or action."""
        if request.path == "/" and request.method == "POST":
            if "x-amz-target" in request.headers:
                return self._by_target(request)
            return self._by_action(request)
        if (request.method, request.path) == ("POST", "/configurationsessions"):
            return Routed(self.appconfig, "StartConfigurationSession", _json(request))
        if (request.method, request.path) == ("GET", "/configuration"):
            params = {
                "ConfigurationToken" if name == "configuration_token" else name: value
                for name, value in request.query
            }
            return Routed(self.appconfig, "GetLatestConfiguration", params)
        if (request.method, request.path) == ("GET", CREDENTIALS_PATH):
            params = {"Authorization": request.headers.get("authorization", "")}
            return Routed(self.container, "ContainerCredentials", params)
        raise Refusal(404, "UnknownOperationException", f"{request.method} {request.path}")

    def _by_target(self, request: Request) -> Routed:
        prefix, _, operation = request.headers["x-amz-target"].partition(".")
        services: dict[str, Service] = {
            "AmazonSSM": self.ssm,
            "secretsmanager": self.secretsmanager,
        }
        service = services.get(prefix)
        if service is None or operation not in service.operations:
            raise Refusal(400, "UnknownOperationException", request.headers["x-amz-target"])
        if _content_type(request) != "application/x-amz-json-1.1":
            raise Refusal(400, "SerializationException", "Content-Type is not JSON 1.1's")
        return Routed(service, operation, _json(request))

    def _by_action(self, request: Request) -> Routed:
        form = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        action = form.get("Action", "")
        if (
            _content_type(request) != "application/x-www-form-urlencoded"
            or form.get("Version") != "2011-06-15"
            or action not in self.sts.operations
        ):
            raise Refusal(400, "InvalidAction", f"no action {action!r} in a form of this version")
        return Routed(self.sts, action, form)


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0]


def _json(request: Request) -> Mapping[str, Any]:
    try:
        data = json.loads(request.body)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise Refusal(400, "SerializationException", "the body is not a JSON object")
    return data
