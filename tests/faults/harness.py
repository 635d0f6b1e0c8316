"""One cold start or refresh under one fault: a real wrapper, real TLS, and all its output."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from ..support.fake_aws import FakeAws
from ..support.paths import ROOT, WRAPPER
from ..support.raw_server import RawServer
from .certificates import HOST, authority
from .fault import LONG_SECONDS, SOURCES
from .pace import UNKNOWN_PACE, Pace, Timed
from .proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .fault import Fault

CHILD = str(Path(__file__).parent / "child.py")
CANARY = "CANARY"  # in every value, and nowhere else
ACCEPTED = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"

NAMES = {source: f"FROM_{source.upper()}" for source in SOURCES}
REFERENCES = {
    "session": "appconfig:fault/prod/session",
    "poll": "appconfig:fault/prod/poll",
    "path": "ssm:/fault/path/",
    "name": "ssm:/fault/name",
    "secret": "secretsmanager:fault/secret",
}
IN_PLACE = ("name", "secret")


class Start(NamedTuple):
    """The result of one cold start.

    Attributes:
        code: its exit code.
        seconds: how long it took, including the program.
        stderr: what it logged.
        init_errors: what the Runtime API's `init/error` received.
        report: what the program printed; None if it was not executed.
        calls: the calls that reached the proxy, as source and operation.
        connections: the number of connections.
        without_core: how much of `seconds` the process waited for a core.
        limit: how many seconds it may take, without that time.
    """

    code: int
    seconds: float
    stderr: str
    init_errors: list[dict[str, Any]]
    report: dict[str, Any] | None
    calls: list[tuple[str, str]]
    connections: int
    without_core: float
    limit: float


class Refresh(NamedTuple):
    """The result of a helper's run: a good cold start, a refresh under the fault, one after it.

    Attributes:
        stderr: what the process logged.
        started: what the program reported after the cold start.
        faulty: the same after the refresh under the fault.
        recovered: the same after the refresh without it.
        calls: the calls of the faulty refresh.
        limit: how many seconds the faulty refresh may take, without waiting for a core.
    """

    stderr: str
    started: dict[str, Any]
    faulty: dict[str, Any]
    recovered: dict[str, Any]
    calls: list[tuple[str, str]]
    limit: float


class Lab:
    """One function's environment: AWS, the proxy in front of it, the Runtime API and a folder."""

    def __init__(self, fault: Fault | None, *, is_faulty: bool = True) -> None:
        self._stack = ExitStack()
        enter = self._stack.enter_context
        self.aws = enter(FakeAws())
        self.folder = Path(enter(tempfile.TemporaryDirectory(prefix="faults-")))
        self.runtime_api = enter(RawServer(ACCEPTED))
        self.fault = fault
        self.proxy = enter(
            Proxy(
                self.aws.port,
                fault.on_call if fault else None,
                fault.on_connect if fault else None,
                fault.certificate if fault else "good",
                fault.sources if fault else (),
            )
        )
        self.endpoint = f"https://{HOST}:{self.proxy.port}"
        self.set_faulty(is_faulty=is_faulty)
        self.put(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        self._stack.close()

    def set_faulty(self, *, is_faulty: bool) -> None:
        """Switch the fault on or off."""
        self.proxy.is_faulty = is_faulty
        if self.fault and self.fault.endpoint in ("closed", "full"):
            self.proxy.listen(self.fault.endpoint if is_faulty else "proxy")
        if self.fault and self.fault.skew:
            self.aws.skew(self.fault.skew if is_faulty else 0.0)
        if self.fault and self.fault.name.startswith("empty pages") and is_faulty:
            self.aws.ssm.empty_pages = 3

    def put(self, number: int) -> None:
        """Store the values with this number in AWS."""
        for profile in ("session", "poll"):
            value = {f"from_{profile}": value_of(profile, number)}
            self.aws.put_profile("fault", "prod", profile, value)
        self.aws.put_parameter("/fault/path/from/path", value_of("path", number))
        self.aws.put_parameter("/fault/name", value_of("name", number))
        self.aws.put_secret("fault/secret", value_of("secret", number))

    def environ(self, suffixes: Mapping[str, str], **more: str) -> dict[str, str]:
        """The function's environment; `suffixes` are appended to the references."""
        certificates = self.folder / "ca.pem"
        authority.cert_pem.write_to_path(certificates)
        references = {name: text + suffixes.get(name, "") for name, text in REFERENCES.items()}
        lists = [text for name, text in references.items() if name not in IN_PLACE]
        return {
            **self.aws.environ(),
            "PATH": "/usr/bin:/bin",
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_CA_BUNDLE": str(certificates),
            "AWS_LAMBDA_RUNTIME_API": self.runtime_api.url.removeprefix("http://"),
            "AWS_APPCONFIG_EXTENSION_LOG_LEVEL": "trace",
            "APPCONFIG_ENV_SNAPSHOT": str(self.folder / "snapshot.json"),
            "APPCONFIG_ENV_SOURCES": " ".join(lists),
            **{NAMES[name]: references[name] for name in IN_PLACE},
            **more,
        }

    def secrets(self) -> list[str]:
        """What no output may contain: a recognizable part of each value and credential."""
        function = self.aws.account.function
        return [CANARY, function.secret_key[:10], function.session_token[:20]]


def value_of(source: str, number: int) -> str:
    """The value that AWS stores for a source."""
    return f"{CANARY}-{source}-{number}"


def start(
    fault: Fault | None,
    column: str = "required",
    fallback: Path | None = None,
    pace: Pace = UNKNOWN_PACE,
) -> Start:
    """Run a cold start under `fault`."""
    deadline = pace.deadline(fault.deadline if fault else LONG_SECONDS)
    with Lab(fault) as lab:
        more = {}
        if fault and fault.endpoint == "unresolvable":
            lab.endpoint = "https://aws..invalid"  # no resolver ever finds it
        suffixes = dict.fromkeys(SOURCES, "?optional") if column == "optional" else {}
        if column == "FALLBACK":
            suffixes = {"secret": "?optional"}  # no snapshot file contains secrets
            more["APPCONFIG_ENV_FALLBACK"] = str(fallback)
        more["APPCONFIG_ENV_DEADLINE_SECONDS"] = f"{deadline:g}"
        environ = lab.environ(suffixes, **more)
        began = time.monotonic()
        with Timed(
            [str(WRAPPER), sys.executable, "-I", "-S", CHILD, "once"],
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as done:
            stdout, stderr = done.communicate()
        seconds = time.monotonic() - began
        init_errors = [_init_error(request) for request in lab.runtime_api.requests]
        report = json.loads(stdout) if stdout else None
        _check_that_nothing_leaks(lab, stderr, init_errors)
        snapshot = lab.folder / "snapshot.json"
        assert not snapshot.exists() or f"{CANARY}-secret" not in snapshot.read_text()
        return Start(
            done.returncode,
            seconds,
            stderr,
            init_errors,
            report,
            list(lab.proxy.calls),
            lab.proxy.connections,
            done.without_core,
            # The deadline does not include Python's own startup and the program.
            pace.limit(deadline) + pace.own_seconds,
        )


def refresh(fault: Fault, pace: Pace) -> Refresh:
    """Run a good cold start, then refresh the program twice: under `fault`, then without it."""
    deadline = pace.deadline(fault.refresh_deadline)
    milliseconds = f"{1000 * deadline:g}ms"
    with Lab(fault, is_faulty=False) as lab:
        environ = lab.environ({}, AWS_APPCONFIG_EXTENSION_POLL_TIMEOUT_MILLIS=milliseconds)
        process = subprocess.Popen(
            [str(WRAPPER), sys.executable, CHILD, "serve", str(ROOT)],
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with process:
            try:
                started = _next_report(process)
                lab.aws.forward(60)  # AppConfig may be polled again
                lab.put(2)
                lab.set_faulty(is_faulty=True)
                before = len(lab.proxy.calls)
                is_resolvable = fault.endpoint != "unresolvable"
                faulty = _next_report(process, "resolvable" if is_resolvable else "unresolvable")
                calls = lab.proxy.calls[before:]
                lab.set_faulty(is_faulty=False)
                lab.aws.forward(60)
                recovered = _next_report(process, "resolvable")
            finally:
                _, stderr = process.communicate()
        entries = [report["status"] for report in (started, faulty, recovered)]
        _check_that_nothing_leaks(lab, stderr, [*entries, faulty["raised"]])
        assert f"{CANARY}-secret" not in (lab.folder / "snapshot.json").read_text()
        return Refresh(stderr, started, faulty, recovered, calls, pace.limit(deadline))


def _next_report(process: subprocess.Popen[str], command: str = "") -> dict[str, Any]:
    """The program's next line of output, after `command`."""
    assert process.stdin is not None
    assert process.stdout is not None
    if command:
        process.stdin.write(command + "\n")
        process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        raise AssertionError(process.communicate()[1])
    report: dict[str, Any] = json.loads(line)
    return report


def _init_error(request: bytes) -> dict[str, Any]:
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /2018-06-01/runtime/init/error ")
    error: dict[str, Any] = json.loads(body)
    return error


def _check_that_nothing_leaks(lab: Lab, *output: object) -> None:
    text = json.dumps(output)
    for secret in lab.secrets():
        assert secret not in text
