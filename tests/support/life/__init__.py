"""One environment's life, for tests: real processes behind the real wrapper, and their clock."""

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

from ..paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from tests.support.fake_aws.http import Reply
    from tests.support.fake_aws.wire import Request

WRAPPER = ROOT / "wrapper" / "appconfig-env"
PATIENCE_SECONDS = 30.0
APP = "appconfig:shop/prod/app"
SOURCES = f"{APP} ssm:/shop/prod/"

# Answers one expression per line; a runtime that waits for its next event, so to say. Its clock is
# this machine's, and as much ahead as a file says.
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
    """Carries every call out at once, and keeps the answers of those in `held` until `release`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.held: set[str] = set()
        self._may_answer = threading.Event()
        self._unanswered: list[Mapping[str, Any]] = []

    def hold(self, *operations: str) -> None:
        self._may_answer.clear()
        self.held.update(operations)

    def release(self) -> None:
        self.held.clear()
        self._may_answer.set()

    def forgive(self) -> None:
        """Take note that the client will not read the answers that are held.

        It can't know whether the calls were carried out, and so may use their tokens again.
        """
        for params in self._unanswered:
            self.appconfig.answer_lost(params)

    def lose(self) -> None:
        """Never give the answers that are held."""
        self.forgive()
        self.drop_connections()
        self.release()

    def _respond(self, request: Request, connection: int, gone: Callable[[], bool]) -> Reply:
        _, operation, params = self.services.route(request)
        is_held = operation in self.held
        reply = super()._respond(request, connection, gone)
        if is_held:
            self._unanswered.append(params)
            self._may_answer.wait(PATIENCE_SECONDS)
        return reply


class Runtime:
    """A process that is asked and answers; ended by force after a while, whatever hangs."""

    def __init__(self, command: list[str], environ: Mapping[str, str], stderr: Path) -> None:
        with stderr.open("ab") as errors:
            self.process = subprocess.Popen(
                command,
                env=dict(environ),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        self.pid = self.process.pid
        self._guard = threading.Timer(PATIENCE_SECONDS, self.process.kill)
        self._guard.start()
        self._stderr = stderr

    def send(self, expression: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(expression.encode() + b"\n")
        self.process.stdin.flush()

    def answer(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"the runtime ended: {self.stderr()}"
        return json.loads(line)

    def ask(self, expression: str) -> Any:
        self.send(expression)
        return self.answer()

    def has_answered(self) -> bool:
        assert self.process.stdout is not None
        return bool(select.select([self.process.stdout], [], [], 0)[0])

    def freeze(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)
        eventually(lambda: entry(self.pid) == "T")

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def end(self) -> int:
        """Its exit code, once its input has ended."""
        if self.process.poll() is None:
            self.thaw()
        self.process.communicate()
        self._guard.cancel()
        return self.process.returncode

    def stderr(self) -> str:
        return self._stderr.read_text()


class Life:
    """An account with some values, an environment that reads them, and what is started in it."""

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
            "DB_PASSWORD": "secretsmanager:prod/db#password",
            "APPCONFIG_ENV_SNAPSHOT": str(self.snapshot),
            "CLOCK": str(self._clock),
        }
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def tick(self, seconds: float) -> None:
        """Let time pass, for all processes and for AWS."""
        self._ahead += seconds
        told = self.folder / "clock.new"
        told.write_text(str(self._ahead))
        told.rename(self._clock)
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
        """A runtime, behind the wrapper or without it: a program's text, or `words` for Python."""
        command = [*prefix, *([str(WRAPPER)] if wrapper else [])]
        given = self.environ | environ
        command += [sys.executable, *(words or ["-c", program]), *arguments]
        runtime = Runtime(command, given, self.folder / "stderr")
        self._stack.callback(runtime.end)
        return runtime

    def run(
        self, *, prefix: Sequence[str] = (), **environ: str
    ) -> subprocess.CompletedProcess[str]:
        """The wrapper, and what it becomes, to its end; `prefix` starts it in another way."""
        return subprocess.run(
            [*prefix, str(WRAPPER), sys.executable, "-I", "-S", "-c", SHOW],
            env=self.environ | environ,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    def operations(self) -> list[str]:
        """What was asked since `aws.clear_calls`, in the order of the alphabet."""
        return sorted(call.operation for call in self.aws.calls)


SHOW = "import os; print(os.environ['LIMIT'], os.environ['HOST'], os.environ['DB_PASSWORD'])"
SHOWN = "10 db.one s3cret\n"


def eventually(condition: Callable[[], object]) -> None:
    """Wait until `condition` holds; fail where it does not, after a long while."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, condition
        time.sleep(0.002)


def entry(process: int) -> str:
    """The letter that the kernel gives for what a process is at; X for one that is no more."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"
