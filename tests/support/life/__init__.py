"""One execution environment for tests: real processes started by the real wrapper, and a clock."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tests.support.fake_aws import FakeAws

from ..paths import ROOT, WRAPPER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.support.fake_aws.http import Reply
    from tests.support.fake_aws.wire import Request

PATIENCE_SECONDS = 120.0  # on a slow and busy machine all takes some twenty times as long
APP = "appconfig:shop/prod/app"
SOURCES = f"{APP} ssm:/shop/prod/"
# Expressions for a runtime, and what they return as long as nothing else is deployed.
ALL = "[get('LIMIT'), get('HOST'), get('DB_PASSWORD')]"
VALUES = ["10", "db.one", "s3cret"]

# Only in Lambda does a cold start use the snapshot of an earlier one.
IN_LAMBDA = {"AWS_LAMBDA_FUNCTION_NAME": "f", "APPCONFIG_ENV_DEADLINE_SECONDS": "9.5"}

# Evaluates one expression per line, like a runtime that waits for its next event. Its clock is this
# machine's, plus an offset that it reads from a file.
SERVE = f"""
import json, os, signal, sys, threading, time
sys.path.insert(0, {str(ROOT)!r})
from appconfig_env._helper.helper import Helper

def now():
    with open(os.environ["CLOCK"]) as file:
        return time.time() + float(file.read())

helper = Helper(now=now)
get, refresh, status, document = helper.get, helper.refresh, helper.status, helper.document

def sockets():
    return [name for name in os.listdir("/proc/self/fd")
            if os.path.islink("/proc/self/fd/" + name)
            and os.readlink("/proc/self/fd/" + name).startswith("socket:")]

def error(source):
    return status()[source]["last_error"]

def attempt(text):
    try:
        return eval(text)
    except Exception as error:
        return [type(error).__name__, str(error)]

for line in sys.stdin:
    print(json.dumps(attempt(line), default=sorted), flush=True)
"""


class HoldingAws(FakeAws):
    """Processes every call at once, but holds the responses of those in `held` until `release`.

    Attributes:
        held: operations, and resources such as a secret's name.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.held: set[str] = set()
        self._may_respond = threading.Event()
        self._unanswered: list[Mapping[str, Any]] = []

    def hold(self, *names: str) -> None:
        self._may_respond.clear()
        self.held.update(names)

    def release(self) -> None:
        self.held.clear()
        self._may_respond.set()

    def forgive(self) -> None:
        """Record that the client will not read the held responses.

        It cannot know whether the calls were processed, so it may reuse their tokens.
        """
        for params in self._unanswered:
            self.appconfig.response_lost(params)

    def lose(self) -> None:
        """Drop the held responses."""
        self.forgive()
        self.drop_connections()
        self.release()

    def _respond(self, request: Request, connection: int, gone: Callable[[], bool]) -> Reply:
        service, operation, params = self.services.route(request)
        is_held = bool(self.held & {operation, service.resource(operation, params)})
        reply = super()._respond(request, connection, gone)
        if is_held:
            self._unanswered.append(params)
            self._may_respond.wait(PATIENCE_SECONDS)
        return reply


class Runtime:
    """A process that evaluates expressions; it is killed after a timeout if it hangs."""

    def __init__(
        self, command: Sequence[str], environ: Mapping[str, str], stderr: Path, **options: Any
    ) -> None:
        with stderr.open("ab") as errors:
            self.process = subprocess.Popen(
                command,
                env=dict(environ),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
                **options,
            )
        self.pid = self.process.pid
        self._guard = threading.Timer(PATIENCE_SECONDS, self.process.kill)
        self._guard.start()
        self._stderr = stderr

    def send(self, expression: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(expression.encode() + b"\n")
        self.process.stdin.flush()

    def response(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"the runtime ended: {self.stderr()}"
        return json.loads(line)

    def ask(self, expression: str) -> Any:
        self.send(expression)
        return self.response()

    def has_answered(self) -> bool:
        assert self.process.stdout is not None
        return bool(select.select([self.process.stdout], [], [], 0)[0])

    def freeze(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)
        eventually(lambda: process_state(self.pid) == "T")

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def end(self) -> int:
        """Close its input, and return its exit code."""
        if self.process.poll() is None:
            self.thaw()
        self.process.communicate()
        self._guard.cancel()
        return self.process.returncode

    def stderr(self) -> str:
        return self._stderr.read_text()


class Life:
    """An account with some values, an environment that reads them, and its processes."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.aws = HoldingAws(**options)
        self.folder = folder
        self.snapshot = folder / "snapshot.json"
        self._clock = folder / "clock"
        self._stack = ExitStack()
        self._ahead = 0.0
        self.tick(0)
        self.environ: dict[str, str] = {}

    def __enter__(self) -> Self:
        aws = self._stack.enter_context(self.aws)
        self._stack.callback(aws.release)
        aws.put_profile("shop", "prod", "app", {"limit": 10}, label="v1")
        aws.put_parameter("/shop/prod/host", "db.one")
        aws.put_secret("prod/db", json.dumps({"password": "s3cret"}))
        self.environ = {
            **aws.environ(),
            "PATH": f"{Path(sys.executable).parent}:{os.defpath}",
            "APPCONFIG_ENV_SOURCES": SOURCES,
            "APPCONFIG_ENV_DEADLINE_SECONDS": "60",  # which a busy machine keeps too
            "DB_PASSWORD": "secretsmanager:prod/db#password",
            "APPCONFIG_ENV_SNAPSHOT": str(self.snapshot),
            "CLOCK": str(self._clock),
        }
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def tick(self, seconds: float) -> None:
        """Advance the time of all processes and of AWS."""
        self._ahead += seconds
        partial = self.folder / "clock.new"
        partial.write_text(str(self._ahead))
        partial.rename(self._clock)
        if seconds:
            self.aws.forward(seconds)

    def deploy(self, limit: int) -> None:
        self.aws.put_profile("shop", "prod", "app", {"limit": limit})

    def start(
        self,
        *,
        wrapper: bool = True,
        prefix: Sequence[str] = (),
        program: str = SERVE,
        words: Sequence[str] | None = None,
        arguments: Sequence[str] = (),
        **environ: str,
    ) -> Runtime:
        """Start a runtime, with or without the wrapper: a program's text, or `words` for Python."""
        command = [*prefix, *([str(WRAPPER)] if wrapper else [])]
        command += [sys.executable, *(words or ["-c", program]), *arguments]
        return self.start_command(command, **environ)

    def start_command(self, command: Sequence[str], **environ: str) -> Runtime:
        """Start a runtime by its whole command, such as that of another wrapper."""
        runtime = Runtime(command, self.environ | environ, self.folder / "stderr")
        self._stack.callback(runtime.end)
        return runtime

    def run(
        self, *, prefix: Sequence[str] = (), **environ: str
    ) -> subprocess.CompletedProcess[str]:
        """Run the wrapper and its command to the end; `prefix` is put before the wrapper."""
        return subprocess.run(
            [*prefix, str(WRAPPER), sys.executable, "-I", "-S", "-c", SHOW],
            env=self.environ | environ,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    def partial_files(self) -> list[str]:
        """The names of half-written files."""
        return [path.name for path in self.folder.iterdir() if path.name.endswith(".tmp")]

    def operations(self) -> list[str]:
        """The operations called since `aws.clear_calls`, sorted."""
        return sorted(call.operation for call in self.aws.calls)


SHOW = "import os; print(os.environ['LIMIT'], os.environ['HOST'], os.environ['DB_PASSWORD'])"
SHOWN = "10 db.one s3cret\n"


def eventually(condition: Callable[[], object]) -> None:
    """Wait until `condition` holds; fail after a timeout."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, condition
        time.sleep(0.002)


def process_state(process: int) -> str:
    """The kernel's one-letter state of a process; X if it no longer exists."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"
