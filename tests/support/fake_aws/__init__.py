"""A strict fake of the AWS services that this project calls: the interface for tests."""

from __future__ import annotations

import json
import ssl
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

import trustme

from .account import Account, Caller
from .appconfig import AppConfigData
from .http import Close, Reply, Server
from .process import FakeAwsProcess as FakeAwsProcess
from .routing import Service, Services
from .secretsmanager import SecretsManager
from .sessions import Use, identifier
from .ssm import ParameterStore
from .sts import CREDENTIALS_PATH, ContainerCredentials, SecurityTokenService
from .wire import Protocol, Refusal, Request, Response, json_response, refusal_response

SUMMARY_PATH = "/_fake/summary"


class Call(NamedTuple):
    """One call as it was received and answered."""

    operation: str
    params: Mapping[str, Any]
    access_key: str
    status: int
    region: str
    code: str = ""
    resource: str = ""
    connection: int = 0
    at: float = 0.0


@dataclass
class Fault:
    """One queued fault."""

    refusal: Refusal
    times: int | None
    body: bytes | None
    close: Close | None
    headers: Mapping[str, str]


class FakeAws:
    """A context manager: a server on 127.0.0.1 that fakes one AWS account."""

    def __init__(
        self,
        *,
        tls: bool = False,
        clock: Callable[[], float] = time.time,
        region: str = "us-east-1",
        port: int = 0,
    ) -> None:
        self.account = Account(clock, region)
        self.appconfig = AppConfigData(self.account)
        self.secretsmanager = SecretsManager(self.account)
        self.ssm = ParameterStore(self.account, self.secretsmanager)
        self.sts = SecurityTokenService(self.account)
        self.container = ContainerCredentials(self.account)
        self.services = Services(
            self.appconfig, self.ssm, self.secretsmanager, self.sts, self.container
        )
        self.ca_file: str | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="fake-aws-")
        self._lock = threading.RLock()
        self._calls: list[Call] = []
        self._faults: dict[str, list[Fault]] = {}
        self._delays: dict[str, float] = {}
        self._stopped = threading.Event()
        self._in_flight: Counter[str] = Counter()
        self._peaks: Counter[str] = Counter()
        self._server = Server(
            port,
            self._context() if tls else None,
            self._respond,
            self.account.signing_now,
            self.problems.append,
        )
        host = f"https://localhost:{self.port}" if tls else f"http://127.0.0.1:{self.port}"
        self.url = host

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._server.stop()
        self._folder.cleanup()

    # Connection details.

    @property
    def port(self) -> int:
        """The port all services listen on."""
        return int(self._server.server_address[1])

    def environ(self, *, container: bool = False) -> dict[str, str]:
        """Return the variables a client needs; `container`: as under SnapStart, without keys."""
        variables = {
            "AWS_REGION": self.account.region,
            "AWS_DEFAULT_REGION": self.account.region,
            "AWS_ENDPOINT_URL": self.url,
        }
        if self.ca_file is not None:
            variables["AWS_CA_BUNDLE"] = self.ca_file
        if container:
            variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = self.url + CREDENTIALS_PATH
            variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = self.container.token
        else:
            function = self.account.function
            variables["AWS_ACCESS_KEY_ID"] = function.access_key
            variables["AWS_SECRET_ACCESS_KEY"] = function.secret_key
            variables["AWS_SESSION_TOKEN"] = function.session_token
        return variables

    def identifier(self, name: str) -> str:
        """Return the ID of an application, environment or profile."""
        return identifier(name)

    # Resources.

    def put_profile(
        self,
        app: str,
        env: str,
        profile: str,
        body: str | bytes | Mapping[str, Any],
        *,
        content_type: str | None = None,
        label: str = "",
    ) -> None:
        """Deploy a configuration; a mapping becomes JSON."""
        if isinstance(body, Mapping):
            body, content_type = json.dumps(body), content_type or "application/json"
        data = body.encode() if isinstance(body, str) else body
        with self._lock:
            self.appconfig.put((app, env, profile), data, content_type or "text/plain", label)

    def roll_back(self, app: str, env: str, profile: str) -> None:
        """Deploy the previous version of a configuration again."""
        with self._lock:
            self.appconfig.roll_back((app, env, profile))

    def delete_profile(self, app: str, env: str, profile: str) -> None:
        """Delete a profile."""
        with self._lock:
            self.appconfig.delete((app, env, profile))

    def undeploy(self, app: str, env: str, profile: str) -> None:
        """Create a profile that is not deployed, or remove its deployment."""
        with self._lock:
            self.appconfig.undeploy((app, env, profile))

    def put_parameter(
        self,
        name: str,
        value: str,
        *,
        type: str = "String",  # noqa: A002 - as AWS calls it
        labels: Iterable[str] = (),
    ) -> None:
        """Add a parameter, or a version of it."""
        with self._lock:
            self.ssm.put(name, value, type, labels)

    def delete_parameter(self, name: str) -> None:
        """Delete a parameter."""
        with self._lock:
            self.ssm.delete(name)

    def put_secret(self, name: str, value: str | bytes, *, stage: str = "AWSCURRENT") -> str:
        """Add a secret, or a version of it, and return its ARN."""
        with self._lock:
            return self.secretsmanager.put(name, value, stage)

    def delete_secret(self, name: str, *, scheduled: bool = False) -> None:
        """Delete a secret at once, or mark it for deletion."""
        with self._lock:
            self.secretsmanager.delete(name, scheduled=scheduled)

    def put_role(self, arn: str, *, external_id: str | None = None) -> None:
        """Let the function assume a role."""
        with self._lock:
            self.sts.roles[arn] = external_id

    # Faults.

    def fail(
        self,
        operation: str,
        *,
        status: int = 500,
        code: str = "InternalServerError",
        message: str = "",
        times: int | None = 1,
        body: bytes | None = None,
        close: bool | Close = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Queue a fault; `times=None` lasts until `recover`.

        `close` breaks the connection instead: "before" the call is processed (also `True`),
        "midway" through the response's body, or "after" it was processed (the response is lost).
        """
        breaks: Close | None = "before" if close is True else close or None
        fault = Fault(Refusal(status, code, message), times, body, breaks, headers or {})
        with self._lock:
            self._faults.setdefault(operation, []).append(fault)

    def throttle(self, operation: str, times: int | None = 1) -> None:
        """Queue the refusal that the operation's service returns for too many calls."""
        protocol = next(s.protocol for s in self.services if operation in s.operations)
        status = 429 if protocol is Protocol.REST_JSON else 400
        code = "Throttling" if protocol is Protocol.QUERY else "ThrottlingException"
        self.fail(operation, status=status, code=code, message="Rate exceeded", times=times)

    def deny(self, operation: str, resource: str | None = None) -> None:
        """Deny an operation, for one resource (its name, or its ARN) or for all."""
        with self._lock:
            self.account.denials.add((operation, resource))

    def delay(self, operation: str, seconds: float) -> None:
        """Delay each call of an operation."""
        with self._lock:
            self._delays[operation] = seconds

    def recover(self) -> None:
        """Remove all faults, denials and delays."""
        with self._lock:
            self._faults.clear()
            self._delays.clear()
            self.account.denials.clear()

    def forward(self, seconds: float) -> None:
        """Advance the services' time (tokens, poll intervals), but not that of signatures."""
        with self._lock:
            self.account.forwarded_seconds += seconds

    def skew(self, seconds: float) -> None:
        """Shift the server's clock against the client's, for signatures and the Date header."""
        self.account.skew_seconds = seconds

    def expire(self, access_key: str) -> None:
        """Make an access key expire now."""
        with self._lock:
            old = self.account.identities[access_key]
            expired = old._replace(expires_at=self.account.signing_now())
            self.account.identities[access_key] = expired

    def drop_connections(self) -> None:
        """Break every open connection, like a server that closes idle ones."""
        self._server.drop()

    # Observations.

    @property
    def calls(self) -> list[Call]:
        """All calls, oldest first."""
        with self._lock:
            return list(self._calls)

    def count(self, operation: str) -> int:
        """The number of calls of an operation."""
        return sum(call.operation == operation for call in self.calls)

    @property
    def received(self) -> Counter[str]:
        """Configurations received, which is what AppConfig bills, by "app/env/profile"."""
        with self._lock:
            return Counter(self.appconfig.received)

    @property
    def problems(self) -> list[str]:
        """Violations of the services' contract by the client."""
        return self.account.problems

    @property
    def connections(self) -> int:
        """The number of connections opened."""
        return self._server.connections

    @property
    def peak_connections(self) -> int:
        """The largest number of connections open at the same time."""
        return self._server.peak_connections

    @property
    def failed_handshakes(self) -> int:
        """The number of failed TLS handshakes."""
        return self._server.failed_handshakes

    @property
    def ledger(self) -> list[Use]:
        """Every use of an AppConfig token, with its client and outcome, oldest first."""
        with self._lock:
            return list(self.appconfig.ledger)

    def peak_in_flight(self, service: str) -> int:
        """The largest number of concurrent calls of a service ("ssm", "appconfig", ...)."""
        return self._peaks[service]

    def clear_calls(self) -> None:
        """Reset the calls, the received configurations and the peaks, but not the problems."""
        with self._lock:
            self._calls.clear()
            self._peaks.clear()
            self.appconfig.received.clear()

    # From a request to a response.

    def _context(self) -> ssl.SSLContext:
        authority = trustme.CA()
        path = Path(self._folder.name, "ca.pem")
        authority.cert_pem.write_to_path(path)
        self.ca_file = str(path)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
        return context

    def _respond(self, request: Request, connection: int, gone: Callable[[], bool]) -> Reply:
        if request.path == SUMMARY_PATH:
            return Reply(json_response(self._summary()))
        try:
            service, operation, params = self.services.route(request)
        except Refusal as refusal:
            self.account.blame(refusal)
            self._record(Call("", {}, "", refusal.status, "", refusal.code, "", connection))
            return Reply(refusal_response(refusal, Protocol.REST_JSON))
        with self._lock:
            self._in_flight[service.service] += 1
            in_flight = self._in_flight[service.service]
            self._peaks[service.service] = max(self._peaks[service.service], in_flight)
        try:
            self._stopped.wait(self._delays.get(operation, 0))
            with self._lock:
                reply = self._response(request, service, operation, params, connection)
                if isinstance(service, AppConfigData) and (reply.close or gone()):
                    service.response_lost(params)
        finally:
            with self._lock:
                self._in_flight[service.service] -= 1
        headers = {"x-amzn-RequestId": str(uuid.uuid4()), **reply.response.headers}
        return reply._replace(response=reply.response._replace(headers=headers))

    def _response(
        self,
        request: Request,
        service: Service,
        operation: str,
        params: Mapping[str, Any],
        connection: int,
    ) -> Reply:
        caller, code, fault = Caller(), "", None
        resource = service.resource(operation, params)
        try:
            if service is not self.container:
                caller = self.account.authenticate(request, service.service, service.protocol)
            fault = self._next_fault(operation)
            if fault and fault.close in (None, "before"):
                raise fault.refusal
            response = service.operations[operation](params, caller)
        except Refusal as refusal:
            code = refusal.code
            response = refusal_response(refusal, service.protocol)
            if fault and refusal is fault.refusal:
                body = response.body if fault.body is None else fault.body
                response = Response(refusal.status, {**response.headers, **fault.headers}, body)
        close = fault.close if fault else None
        status = 0 if close else response.status
        self._record(
            Call(
                operation,
                params,
                caller.access_key,
                status,
                caller.region,
                code if not close else "",
                resource,
                connection,
                self.account.now(),
            )
        )
        return Reply(response, close)

    def _next_fault(self, operation: str) -> Fault | None:
        queue = self._faults.get(operation, [])
        if not queue:
            return None
        fault = queue[0]
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                queue.pop(0)
        return fault

    def _record(self, call: Call) -> None:
        with self._lock:
            self._calls.append(call)

    def _summary(self) -> dict[str, object]:
        with self._lock:
            return {
                "calls": Counter(call.operation for call in self._calls),
                "received": self.received,
                "problems": self.problems,
                "connections": self.connections,
            }
