"""A strict fake of the AWS services this project calls: what a test says to it and asks of it."""

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
from typing import TYPE_CHECKING, Any, NamedTuple, Self

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
from .wire import Answer, Protocol, Refusal, Request, json_answer, refusal_answer

if TYPE_CHECKING:
    from types import TracebackType

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
    """A context manager: a server on 127.0.0.1 that plays one AWS account."""

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
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.stop()
        self._folder.cleanup()

    # What a client needs to know.

    @property
    def port(self) -> int:
        """The port all services listen on."""
        return int(self._server.server_address[1])

    def environ(self, *, container: bool = False) -> dict[str, str]:
        """Give the variables a client needs; `container`: as under SnapStart, without keys."""
        given = {
            "AWS_REGION": self.account.region,
            "AWS_DEFAULT_REGION": self.account.region,
            "AWS_ENDPOINT_URL": self.url,
        }
        if self.ca_file is not None:
            given["AWS_CA_BUNDLE"] = self.ca_file
        if container:
            given["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = self.url + CREDENTIALS_PATH
            given["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = self.container.token
        else:
            function = self.account.function
            given["AWS_ACCESS_KEY_ID"] = function.access_key
            given["AWS_SECRET_ACCESS_KEY"] = function.secret_key
            given["AWS_SESSION_TOKEN"] = function.session_token
        return given

    def identifier(self, name: str) -> str:
        """Give the ID of an application, environment or profile."""
        return identifier(name)

    # What AWS holds.

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
        """Deploy the version of a configuration that was there before the current one."""
        with self._lock:
            self.appconfig.roll_back((app, env, profile))

    def delete_profile(self, app: str, env: str, profile: str) -> None:
        """Delete a profile."""
        with self._lock:
            self.appconfig.delete((app, env, profile))

    def undeploy(self, app: str, env: str, profile: str) -> None:
        """Have a profile that is not deployed."""
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
        """Add a secret, or a version of it, and give its ARN."""
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

    # What goes wrong.

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

        `close` breaks the connection instead: "before" the call counts (also `True`), "midway"
        through the answer's body, or "after" the call was carried out (its answer is lost).
        """
        breaks: Close | None = "before" if close is True else close or None
        fault = Fault(Refusal(status, code, message), times, body, breaks, headers or {})
        with self._lock:
            self._faults.setdefault(operation, []).append(fault)

    def throttle(self, operation: str, times: int | None = 1) -> None:
        """Queue the refusal that the operation's service gives to too many calls."""
        protocol = next(s.protocol for s in self.services if operation in s.operations)
        status = 429 if protocol is Protocol.REST_JSON else 400
        code = "Throttling" if protocol is Protocol.QUERY else "ThrottlingException"
        self.fail(operation, status=status, code=code, message="Rate exceeded", times=times)

    def deny(self, operation: str, resource: str | None = None) -> None:
        """Forbid an operation, for one resource (as it was put, or its ARN) or for all."""
        with self._lock:
            self.account.denials.add((operation, resource))

    def delay(self, operation: str, seconds: float) -> None:
        """Let each call of an operation take that long."""
        with self._lock:
            self._delays[operation] = seconds

    def recover(self) -> None:
        """Take back all faults, denials and delays."""
        with self._lock:
            self._faults.clear()
            self._delays.clear()
            self.account.denials.clear()

    def forward(self, seconds: float) -> None:
        """Let the services' time pass (tokens, poll intervals), but not that of signatures."""
        with self._lock:
            self.account.forwarded_seconds += seconds

    def skew(self, seconds: float) -> None:
        """Set the server's clock off from the client's, for signatures and the Date header."""
        self.account.skew_seconds = seconds

    def expire(self, access_key: str) -> None:
        """Let an access key expire now."""
        with self._lock:
            old = self.account.identities[access_key]
            expired = old._replace(expires_at=self.account.signing_now())
            self.account.identities[access_key] = expired

    def drop_connections(self) -> None:
        """Break every open connection, as a server that closes idle ones does."""
        self._server.drop()

    # What was seen.

    @property
    def calls(self) -> list[Call]:
        """All calls, oldest first."""
        with self._lock:
            return list(self._calls)

    def count(self, operation: str) -> int:
        """How often an operation was called."""
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
        """How many connections were opened."""
        return self._server.connections

    @property
    def peak_connections(self) -> int:
        """How many connections were open at a time."""
        return self._server.peak_connections

    @property
    def failed_handshakes(self) -> int:
        """How many TLS handshakes failed."""
        return self._server.failed_handshakes

    @property
    def ledger(self) -> list[Use]:
        """Who came to AppConfig with which token, and what came of it, oldest first."""
        with self._lock:
            return list(self.appconfig.ledger)

    def peak_in_flight(self, service: str) -> int:
        """How many calls of a service ("ssm", "appconfig", ...) were answered at a time."""
        return self._peaks[service]

    def clear_calls(self) -> None:
        """Forget the calls, what was received, and the peaks; problems stay."""
        with self._lock:
            self._calls.clear()
            self._peaks.clear()
            self.appconfig.received.clear()

    # How a request becomes an answer.

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
            return Reply(json_answer(self._summary()))
        try:
            service, operation, params = self.services.route(request)
        except Refusal as refusal:
            self.account.blame(refusal)
            self._record(Call("", {}, "", refusal.status, "", refusal.code, "", connection))
            return Reply(refusal_answer(refusal, Protocol.REST_JSON))
        with self._lock:
            self._in_flight[service.service] += 1
            in_flight = self._in_flight[service.service]
            self._peaks[service.service] = max(self._peaks[service.service], in_flight)
        try:
            time.sleep(self._delays.get(operation, 0))
            with self._lock:
                reply = self._answer(request, service, operation, params, connection)
                if isinstance(service, AppConfigData) and (reply.close or gone()):
                    service.answer_lost(params)
        finally:
            with self._lock:
                self._in_flight[service.service] -= 1
        headers = {"x-amzn-RequestId": str(uuid.uuid4()), **reply.answer.headers}
        return reply._replace(answer=reply.answer._replace(headers=headers))

    def _answer(
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
            answer = service.operations[operation](params, caller)
        except Refusal as refusal:
            code = refusal.code
            answer = refusal_answer(refusal, service.protocol)
            if fault and refusal is fault.refusal:
                body = answer.body if fault.body is None else fault.body
                answer = Answer(refusal.status, {**answer.headers, **fault.headers}, body)
        close = fault.close if fault else None
        status = 0 if close else answer.status
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
        return Reply(answer, close)

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
