"""The client for the credentials Lambda gives: signs and sends by itself, without boto3."""

from __future__ import annotations

import time

from . import credentials, endpoints, operations
from .port import SERVICES, UNREACHABLE, AwsError
from .signing import Credentials, sign
from .transport import Transport, TransportError, Url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from .settings import AwsSettings


class LeanClient:
    """See `port.Client`."""

    def __init__(
        self,
        settings: AwsSettings,
        environ: Mapping[str, str],
        *,
        now: Callable[[], float] = time.time,
        transport: Transport | None = None,
    ) -> None:
        self._settings = settings
        self._now = now
        self._transport = transport or Transport(
            ca_bundle=settings.ca_bundle,
            proxy_url=settings.proxy_url,
            proxy_headers=settings.proxy_headers,
        )
        self._own = credentials.own(environ, self._transport, now)
        self._find = credentials.Kept(self._assume_role, now) if settings.role_arn else self._own

    def call(
        self, operation: str, parameters: Mapping[str, Any], *, timeout: float, region: str = ""
    ) -> dict[str, Any]:
        """See `port.Client.call`."""
        found = self._find(timeout)
        return self._call(operation, parameters, found, region or self._settings.service_region, timeout)

    def close(self) -> None:
        """See `port.Client.close`."""
        self._transport.close()

    def _call(
        self,
        operation: str,
        parameters: Mapping[str, Any],
        signer: Credentials,
        region: str,
        timeout: float,
    ) -> dict[str, Any]:
        service = SERVICES[operation]
        url = Url(endpoints.url(service, region, self._settings))
        request = operations.request(operation, parameters)
        path = url.path + request.path if url.path and request.path != "/" else url.path or request.path
        headers = sign(
            request.method,
            path,
            request.query,
            {"host": url.authority, **request.headers},
            request.body,
            credentials=signer,
            service=operations.SIGNING_NAMES.get(service, service),
            region=region,
            timestamp=time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self._now())),
        )
        target = f"{path}?{request.query}" if request.query else path
        try:
            answer = self._transport.send(
                url, request.method, target, headers, request.body, timeout=timeout
            )
        except TransportError as error:
            raise AwsError(operation, UNREACHABLE, str(error)) from None
        return operations.result(operation, answer)

    def _assume_role(self, timeout: float) -> Credentials:
        settings = self._settings
        parameters = {"RoleArn": settings.role_arn, "RoleSessionName": settings.role_session_name}
        if settings.role_external_id:
            parameters["ExternalId"] = settings.role_external_id
        region = settings.region or settings.service_region
        found = self._call("AssumeRole", parameters, self._own(timeout), region, timeout)
        return credentials.of_role(found["Credentials"])
