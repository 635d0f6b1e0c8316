"""Starts of the wrapper: as a process, and in this one up to exec."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from typing import TYPE_CHECKING, Any, NamedTuple

from appconfig_env._backends.base import Unchanged
from appconfig_env._content.document import Document
from appconfig_env._wrapper.main import main
from appconfig_env.errors import Failure

from ...support.fakes import steadily
from ...support.paths import WRAPPER

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from appconfig_env._backends.base import Outcome, Request
    from appconfig_env._config.settings import Settings


PYTHON = [sys.executable, "-I", "-S"]
SHOW = "import json, os; print(json.dumps(dict(os.environ)))"


def environ(folder: Path, **more: str) -> dict[str, str]:
    return {
        "PATH": "/usr/bin:/bin",
        "APPCONFIG_ENV_LOCAL_DIR": str(folder),
        "APPCONFIG_ENV_SNAPSHOT": str(folder / "snapshot.json"),
        **more,
    }


def start(
    environment: Mapping[str, str], *command: str, **options: Any
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(WRAPPER), *command],
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        **options,
    )


class Ended(NamedTuple):
    """What the wrapper returned, passed to exec and logged."""

    code: int
    environ: Mapping[str, str]
    log: str


def prefetched(environment: Mapping[str, str]) -> Ended:
    """Run the wrapper in this process, up to exec."""
    execve, lines = FakeExecve(), list[str]()
    code = main(["/bin/x"], environment, execve=execve, jitter=steadily, write_line=lines.append)
    return Ended(code, execve.environ, "\n".join(lines))


def exported(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Return the environment that the wrapper passes to exec."""
    ended = prefetched(environment)
    assert ended.code == 0, ended.log
    return ended.environ


def shown(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment that the command sees."""
    done = start(environment, *PYTHON, "-c", SHOW)
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


def bare_python(folder: Path) -> str:
    """An interpreter without any package."""
    venv.create(folder / "bare", symlinks=True)
    return str(folder / "bare" / "bin" / "python3")


class Reads:
    """A fake backend: answers from a table, and counts."""

    def __init__(self, **responses: Outcome) -> None:
        self.responses = responses
        self.asked: list[list[str]] = []
        self.timeouts: list[float] = []

    def __call__(self, settings: Settings, environment: Mapping[str, str]) -> Reads.Fetch:
        assert settings.sources
        assert environment
        return self.Fetch(self)

    class Fetch:
        def __init__(self, reads: Reads) -> None:
            self.reads = reads

        def __call__(self, requests: list[Request], timeout: float) -> dict[str, Outcome]:
            assert timeout > 0
            self.reads.timeouts.append(timeout)
            self.reads.asked.append([request.resource.reference for request in requests])
            return {request.resource.reference: self.response(request) for request in requests}

        def response(self, request: Request) -> Outcome:
            found = self.reads.responses.get(request.resource.name)
            if isinstance(found, (Failure, Unchanged)):
                return found
            assert isinstance(found, Document)
            return Document(
                found.body,
                secret=found.secret,
                token=found.token,
                read_seconds=found.read_seconds,
            )


class FakeExecve:
    """A fake of execve that keeps its arguments."""

    def __init__(self) -> None:
        self.environ: dict[str, str] = {}

    def __call__(self, path: str, words: list[str], environ: dict[str, str]) -> None:
        self.path, self.words, self.environ = path, words, environ


def document(body: bytes, *, secret: bool = False, token: str = "") -> Document:
    return Document(body, secret=secret, token=token)


def run(
    reads: Reads, at: float, environment: Mapping[str, str]
) -> tuple[int, FakeExecve, list[str]]:
    execve, lines = FakeExecve(), list[str]()
    code = main(
        ["/bin/x"],
        environment,
        now=lambda: at,
        execve=execve,
        make_backend=reads,
        jitter=steadily,
        write_line=lines.append,
    )
    return code, execve, lines
