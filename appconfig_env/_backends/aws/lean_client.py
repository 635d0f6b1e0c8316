"""The client for Lambda: signs and sends requests itself, without boto3."""

from __future__ import annotations

import time

from ..._config.wording import printable
from ..._http.transport import Transport, TransportError, Url
from . import credentials, services
from . import protocol as operations
from .errors import CLOCK_CODES, MISCONFIGURED, UNREACHABLE, AwsError
from .sigv4 import Credentials, sign

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from ..._config.aws import Access, AwsSettings
    from ..._http.messages import HttpResponse
    from ..calls import Call
    from .credentials import Find

# AWS accepts signatures that are up to 5 minutes off; below this, the clock is not the reason.
SKEW_SECONDS = 240.0
REPORT_SECONDS = 0.05


class LeanClient:
    """See `client.Client`."""

    def __init__(
        self,
        settings: AwsSettings,
        environ: Mapping[str, str],
        *,
        now: Callable[[], float] = time.time,
        calls: list[Call] | None = None,
    ) -> None:
        self._settings = settings
        self._calls = calls
        self._now = now
        self._offset = 0.0  # AWS's clock minus ours, once it matters
        self._transport = Transport(
            ca_bundle=settings.ca_bundle,
            environ=environ,
            proxy_url=settings.proxy_url,
            proxy_headers=settings.proxy_headers,
        )
        self._own = credentials.own(environ, self._transport, self._aws_now)
        # By role: services that are read with the same one share its credentials.
        self._finds: dict[tuple[str, str, str], Find] = {}
        for access in (settings.appconfig, settings.others):
            if access.role not in self._finds:
                self._finds[access.role] = self._find(access)

    def call(
        self, operation: str, parameters: Mapping[str, Any], *, timeout: float, region: str = ""
    ) -> dict[str, Any]:
        """See `client.Client.call`."""
        # A moment before the caller's deadline, so that the error can still be reported.
        deadline = time.monotonic() + timeout - min(REPORT_SECONDS, timeout / 20)
        access = self._settings.access(services.SERVICES[operation])
        region = region or access.region
        try:
            signer = self._finds[access.role](deadline)
            return self._call(operation, parameters, signer, region, deadline)
        except AwsError as error:
            is_of_role = error.operation == "AssumeRole"
            error.locate(self._role_region(access) if is_of_role else region, access)
            raise

    def close(self) -> None:
        """See `client.Client.close`."""
        self._transport.close()

    def _call(
        self,
        operation: str,
        parameters: Mapping[str, Any],
        signer: Credentials,
        region: str,
        deadline: float,
    ) -> dict[str, Any]:
        offset = self._offset
        response = self._send(
            operation, parameters, signer, region, offset=offset, deadline=deadline
        )
        found = None
        try:
            found = operations.result(operation, response)
        except AwsError as error:
            if error.code not in CLOCK_CODES or not self._learn_clock(response, offset):
                raise
        if found is None:
            response = self._send(
                operation, parameters, signer, region, offset=self._offset, deadline=deadline
            )
            found = operations.result(operation, response)
        if self._calls is not None:
            request_id = printable(operations.request_id(response.headers))
            found["ResponseMetadata"] = {"RequestId": request_id, "Region": region}
        return found

    def _send(
        self,
        operation: str,
        parameters: Mapping[str, Any],
        signer: Credentials,
        region: str,
        *,
        offset: float,
        deadline: float,
    ) -> HttpResponse:
        service = services.SERVICES[operation]
        endpoint = services.url(service, region, self._settings)
        if not endpoint:
            message = f"no endpoint is known for Region {region!r}; check the Region"
            raise AwsError(operation, MISCONFIGURED, message)
        url = Url(endpoint)
        request = operations.request(operation, parameters)
        path = url.join(request.path)
        headers = sign(
            request.method,
            path,
            request.query,
            {"host": url.authority, **request.headers},
            request.body,
            credentials=signer,
            service=services.prefix(service),
            region=region,
            timestamp=time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self._now() + offset)),
        )
        # Not signed: proxies may change these two.
        headers["user-agent"] = "appconfig-env"
        headers["accept-encoding"] = "identity"
        target = f"{path}?{request.query}" if request.query else path
        try:
            return self._transport.send(
                url,
                request.method,
                target,
                headers,
                request.body,
                timeout=deadline - time.monotonic(),
            )
        except TransportError as error:
            is_wrong = error.is_misconfigured  # then no call was made, of whatever operation
            failure = AwsError(
                "" if is_wrong else operation,
                MISCONFIGURED if is_wrong else UNREACHABLE,
                str(error),
                request_id=operations.request_id(error.headers),
                is_final=error.is_final,
            )
        raise failure  # outside of `except`: a __context__ would refer to the signed request

    def _find(self, access: Access) -> Find:
        """Return what finds the credentials for `access`: our own, or those of its role."""
        if not access.role_arn:
            return self._own
        return credentials.Kept(lambda deadline: self._assume_role(access, deadline), self._aws_now)

    def _assume_role(self, access: Access, deadline: float) -> Credentials:
        parameters = {"RoleArn": access.role_arn, "RoleSessionName": access.session_name}
        if access.external_id:
            parameters["ExternalId"] = access.external_id
        region = self._role_region(access)
        signer = self._own(deadline)
        began = time.monotonic()
        found = self._call("AssumeRole", parameters, signer, region, deadline)
        if self._calls is not None:
            from .recording import succeeded  # only for debug and trace

            seconds = time.monotonic() - began
            self._calls.append(succeeded("AssumeRole", (), found, region, seconds))
        return credentials.of_role(found["Credentials"])

    def _role_region(self, access: Access) -> str:
        """Return where the role is assumed: at home, also if it reads elsewhere."""
        return self._settings.region or access.region

    def _aws_now(self) -> float:
        return self._now() + self._offset

    def _learn_clock(self, response: HttpResponse, offset: float) -> bool:
        """Adopt AWS's clock if ours plus `offset`, which signed, differs; return whether it did."""
        from email.utils import parsedate_to_datetime  # needed only if the clock is wrong

        try:
            theirs = parsedate_to_datetime(response.headers.get("date", "")).timestamp()
        except ValueError:
            return False
        learned = theirs - self._now()
        if abs(learned - offset) <= SKEW_SECONDS:
            return False
        self._offset = learned
        return True
