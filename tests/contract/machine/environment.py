"""One execution environment: its processes, their snapshot file, and their actions.

`expectations` judges what they may request and what they must return.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from appconfig_env import LoadError, MissingKeyError
from appconfig_env._backends.aws.backend import AwsBackend
from appconfig_env._cache.repository import STATE, SnapshotRepository
from appconfig_env._cache.snapshot_json import link_of
from appconfig_env._config.settings import from_environ
from appconfig_env._helper.helper import Helper
from appconfig_env._wrapper.main import main

from .expectations import APP, TEXT, Expectations
from .world import Client, System, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from appconfig_env._backends.base import Outcome, Request
    from appconfig_env._config.settings import Settings

    MakeBackend = Callable[[Settings, Mapping[str, str]], Callable[..., Mapping[str, Outcome]]]


class Process:
    """One process with its helper.

    Attributes:
        name: its name in AppConfig's ledger.
        started, started_text: the number and the text that the wrapper set in its environment.
    """

    def __init__(self, name: str, helper: Helper, environ: Mapping[str, str]) -> None:
        self.name = name
        self.helper = helper
        self.started = int(environ["N"]) if "N" in environ else None
        self.started_text = environ.get("RAW")

    def tokens(self) -> set[str]:
        """The tokens in its memory."""
        live = self.helper._live
        found = live.store.snapshot.entries.values() if live is not None else ()
        return {entry.token for entry in found} - {""}


class Environment:
    """One execution environment.

    Args:
        world: everything outside of it.
        folder: its /tmp, which need not exist yet.
        settings: additional variables.
        jitter: the random spread of polls.
    """

    def __init__(
        self,
        world: World,
        folder: Path,
        settings: Mapping[str, str],
        jitter: Callable[[], float],
    ) -> None:
        self.world = world
        self.folder = folder
        self.processes: list[Process] = []
        self._jitter = jitter
        self._extra_settings = settings
        self._started = 0
        folder.mkdir(exist_ok=True)  # a twin's exists already
        self._path = str(folder / "snapshot.json")
        self.environ = {
            "AWS_REGION": "us-east-1",
            "AWS_LAMBDA_FUNCTION_NAME": "f",
            "APPCONFIG_ENV_SOURCES": APP,
            "APPCONFIG_ENV_SNAPSHOT": self._path,
            **settings,
        }
        self.settings = from_environ(self.environ)
        self.expected = Expectations(world, self.settings)
        self.interval = self.expected.interval

    # Actions of its processes.

    def start(self, *, by_wrapper: bool) -> Process | None:
        """Start a process; return None if the wrapper fails."""
        self._started += 1
        name = f"{self.folder.name}.{self._started}"
        environ = self.environ
        if by_wrapper:
            exported = self._run_wrapper(f"{name}'s wrapper")
            if exported is None:
                return None
            environ = exported
        return self._add(Process(name, self._helper(name, environ), environ))

    def _run_wrapper(self, name: str) -> dict[str, str] | None:
        executed: list[dict[str, str]] = []
        with self.expected.step(name, is_forced=True):  # failed sources are retried at once
            code = main(
                ["/bin/x"],
                self.environ,
                now=self.world.wall,
                execve=lambda _path, _words, result: executed.append(dict(result)),
                make_backend=self._make_backend(name),
                jitter=self._jitter,
                write_line=lambda _: None,
            )
            environ = executed[0] if executed else {}
            self.expected.wrapper_exported(int(environ["N"]) if "N" in environ else None)
        assert code == 0 if executed else code == 1
        return environ or None

    def get(self, process: Process) -> None:
        """Call `get`, and check that all results are from one deployment."""
        helper = process.helper
        with self.expected.step(process.name):
            number = _number(helper)
            calls = len(self.world.calls)
            status = helper.status()
            self.expected.app_returned(number, status[APP], process.started)
            if number is not None and status[APP]["version"]:
                results = {
                    "get": helper.get("TWIN_N", type=int),
                    "version": int(status[APP]["version"][1:]),
                    "document": helper.document(APP)["twin"]["n"],
                    "flag": helper.flag("feature").attributes["n"],
                    "flag's state": number - (bool(helper.flag("feature")) != (number % 2 == 0)),
                }
                assert set(results.values()) == {number}, f"mixed: get returned {number}, {results}"
            if TEXT in status:
                text = _text(helper, "RAW")
                self.expected.text_returned(text, status[TEXT], process.started_text)
            assert len(self.world.calls) == calls, "a value that was just read was requested again"

    def read(self, process: Process) -> None:
        """Call `document` and `flag` instead."""
        with self.expected.step(process.name):
            try:
                document = process.helper.document(APP)
            except MissingKeyError:
                document = None
            flag = process.helper.flag("feature")
            if document is not None:
                assert flag.attributes["n"] == document["n"]

    def refresh(self, process: Process) -> None:
        """Call `refresh`."""
        with self.expected.step(process.name, is_forced=True):
            before = _cached_number(process.helper)
            changed = process.helper.refresh()
            self.expected.all_requested()
            after = _cached_number(process.helper)
            assert ("N" in changed) == (before != after), f"{changed}: {before} became {after}"

    def wait_for_another(self, process: Process) -> None:
        """Call `get` while another process holds the lock."""
        with SnapshotRepository(self.settings, self.environ), self.expected.step(process.name):
            with self.expected.waiting(process.name):
                number = _number(process.helper)
            self.expected.app_returned(number, process.helper.status()[APP], process.started)

    def can_wait(self, process: Process) -> bool:
        """Whether `process` has a value to use while another process refreshes."""
        return self.expected.is_writable and _cached_number(process.helper) is not None

    def end(self, process: Process) -> None:
        """Kill a process."""
        self.processes.remove(process)

        # The snapshot file.

    def crash_with_tokens(self) -> None:
        """Let a process of this environment take the tokens and crash before it writes new ones."""
        with SnapshotRepository(self.settings, self.environ) as access:
            access.take(lambda *_: None)
        self.expected.tokens_lost()

    def lose_file(self) -> None:
        """Let the function delete the files in /tmp."""
        for path in (self._path, f"{self._path}.lock"):
            if os.path.exists(path):
                os.unlink(path)
        self.expected.file_lost()

    def truncate_file(self) -> None:
        """Cut the file in half."""
        if os.path.isfile(self._path):
            os.truncate(self._path, os.path.getsize(self._path) // 2)
        self.expected.file_lost()

    def block_writes(self) -> None:
        """Make it impossible to create another file."""
        if self.folder.exists():
            os.makedirs(f"{self._path}.{os.getpid()}.tmp", exist_ok=True)
            self.expected.set_writable(False)

    def remove_folder(self) -> None:
        """Remove the folder."""
        if self.folder.exists():
            os.rename(self.folder, f"{self.folder}.away")
        self.expected.set_writable(False)

    def make_writable(self) -> None:
        """Undo `block_writes` and `remove_folder`."""
        if not self.folder.exists():
            os.rename(f"{self.folder}.away", self.folder)
        shutil.rmtree(f"{self._path}.{os.getpid()}.tmp", ignore_errors=True)
        self.expected.set_writable(True)

    def places(self) -> Iterator[tuple[str, set[str]]]:
        """The places of tokens, and the tokens in each."""
        for process in self.processes:
            yield f"the memory of {process.name}", process.tokens()
        path = self._path + STATE
        try:
            link = link_of(Path(self._path).read_bytes())
            state = json.loads(Path(path).read_bytes())
        except (OSError, ValueError):
            return
        if state["snapshot"] == link:  # else no process uses its tokens
            entries = state.get("entries", {}).values()
            tokens = {entry.get("token", "") for entry in entries}
            yield path, {*tokens, *state.get("tokens", {}).values()} - {""}

    # SnapStart.

    def restore(self, folder: Path, *, is_hooked: bool) -> Environment:
        """Clone this environment, memory and disk; the twin continues on its own.

        Args:
            folder: the twin's folder.
            is_hooked: whether the runtime calls the registered restore hooks.
        """
        if self.folder.exists():
            shutil.copytree(self.folder, folder, symlinks=True)
        twin = Environment(self.world, folder, self._extra_settings, self._jitter)
        twin.expected = self.expected.twin()
        if not self.folder.exists():
            twin.remove_folder()
        for process in self.processes:
            name = f"{folder.name}.{process.name}"
            live = process.helper._live
            environ = {**process.helper.environ, "APPCONFIG_ENV_SNAPSHOT": twin._path}
            helper = twin._helper(name, environ)
            added = twin._add(Process(name, helper, environ))
            twin.expected.copy_process(self.expected, process.name, name)
            if live is not None:
                own = helper.live().store
                own.published, own.unset = live.store.published, live.store.unset
                helper._view.show(process.helper._view.now)
            if is_hooked:
                with twin.expected.step(name, is_forced=True):
                    added.helper._restored()
                    if len(twin.processes) == 1:  # the others read its documents from the file
                        twin.expected.all_requested()
        return twin

    # Construction.

    def _add(self, process: Process) -> Process:
        self.processes.append(process)
        return process

    def _helper(self, name: str, environ: Mapping[str, str]) -> Helper:
        make_backend = self._make_backend(name)
        wall, jitter = self.world.wall, self._jitter
        return Helper(dict(environ), now=wall, make_backend=make_backend, jitter=jitter)

    def _make_backend(self, name: str) -> MakeBackend:
        system = System()
        backend = AwsBackend(Client(self.world, name), 1, system=system)

        def fetch(requests: list[Request], timeout: float) -> Mapping[str, Outcome]:
            self.expected.before_request(name, requests)
            began, calls = system.now(), len(self.world.calls)
            outcomes = backend(requests, timeout)
            seconds = system.now() - began
            self.expected.after_request(name, outcomes, seconds, self.world.calls[calls:])
            return outcomes

        return lambda _settings, _environ: fetch


def _number(helper: Helper) -> int | None:
    text = _text(helper, "N")
    return None if text is None else int(text)


def _text(helper: Helper, name: str) -> str | None:
    try:
        return helper.get(name)
    except LoadError:
        return None


def _cached_number(helper: Helper) -> int | None:
    """The number in memory, without a request."""
    text = helper.live().seen[2].get("N")
    return None if text is None else int(text)
