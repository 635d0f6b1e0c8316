"""One execution environment: its processes, their snapshot's file, and what they do.

What they may do, and what they must say, is `expectations`' to judge.
"""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

from appconfig_env import LoadError, MissingKeyError
from appconfig_env._backends.aws.backend import Fetcher
from appconfig_env._cache.repository import SnapshotRepository
from appconfig_env._config.settings import from_environ
from appconfig_env._helper.helper import Helper
from appconfig_env._wrapper.main import main

from .expectations import APP, TEXT, Expectations
from .world import Client, System, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from appconfig_env._backends.base import Outcome, Request
    from appconfig_env._config.settings import Settings

    MakeBackend = Callable[[Settings, Mapping[str, str]], Callable[..., Mapping[str, Outcome]]]


class Process:
    """One process with its helper.

    Attributes:
        name: by which AppConfig's ledger knows it.
        started, started_text: the number and the text that the wrapper left in its environment.
    """

    def __init__(self, name: str, helper: Helper, environ: Mapping[str, str]) -> None:
        self.name = name
        self.helper = helper
        self.started = int(environ["N"]) if "N" in environ else None
        self.started_text = environ.get("RAW")

    def tokens(self) -> set[str]:
        """The tokens in its memory."""
        store = self.helper._store
        found = store.snapshot.entries.values() if store is not None else ()
        return {entry.token for entry in found} - {""}


class Environment:
    """One execution environment; see above.

    Args:
        world: where it is.
        folder: its own /tmp, not made yet.
        settings: variables besides the usual ones.
        jitter: spreads the polls.
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
        self._chance = jitter
        self._given = settings
        self._started = 0
        folder.mkdir(exist_ok=True)  # a twin's is there
        self._path = str(folder / "snapshot.json")
        self.environ = {
            "AWS_REGION": "us-east-1",
            "APPCONFIG_ENV_SOURCES": APP,
            "APPCONFIG_ENV_SNAPSHOT": self._path,
            **settings,
        }
        self.settings = from_environ(self.environ)
        self.expected = Expectations(world, self.settings)
        self.interval = self.expected.interval

    # What its processes do.

    def start(self, *, by_wrapper: bool) -> Process | None:
        """Start a process; None where the wrapper refuses to."""
        self._started += 1
        name = f"{self.folder.name}.{self._started}"
        environ = self.environ
        if by_wrapper:
            found = self._wrapped(f"{name}'s wrapper")
            if found is None:
                return None
            environ = found
        return self._add(Process(name, self._helper(name, environ), environ))

    def _wrapped(self, name: str) -> dict[str, str] | None:
        found: list[dict[str, str]] = []
        with self.expected.step(name, is_forced=True):  # what failed before is asked anew at once
            code = main(
                ["/bin/x"],
                self.environ,
                now=self.world.wall,
                execve=lambda _path, _words, result: found.append(dict(result)),
                make_backend=self._fetch_of(name),
                jitter=self._chance,
                say=lambda _: None,
            )
            environ = found[0] if found else {}
            self.expected.start_gave(int(environ["N"]) if "N" in environ else None)
        assert code == 0 if found else code == 1
        return environ or None

    def look(self, process: Process) -> None:
        """Call `get`, and see that all it says is of one deployment."""
        helper = process.helper
        with self.expected.step(process.name):
            number = _number(helper)
            calls = len(self.world.calls)
            status = helper.status()
            self.expected.app_said(number, status[APP], process.started)
            if number is not None and status[APP]["version"]:
                said = {
                    "get": helper.get("TWIN_N", type=int),
                    "version": int(status[APP]["version"][1:]),
                    "document": helper.document(APP)["twin"]["n"],
                    "flag": helper.flag("feature").attributes["n"],
                    "flag's state": number - (bool(helper.flag("feature")) != (number % 2 == 0)),
                }
                assert set(said.values()) == {number}, f"torn: get gave {number}, {said}"
            if TEXT in status:
                text = _text(helper, "RAW")
                self.expected.text_said(text, status[TEXT], process.started_text)
            assert len(self.world.calls) == calls, "what was just read was asked for again"

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
            before = _quiet_number(process.helper)
            changed = process.helper.refresh()
            self.expected.all_asked()
            after = _quiet_number(process.helper)
            assert ("N" in changed) == (before != after), f"{changed}: {before} became {after}"

    def wait_for_another(self, process: Process) -> None:
        """Call `get` while another process is on it."""
        with SnapshotRepository(self.settings, self.environ), self.expected.step(process.name):
            with self.expected.waiting(process.name):
                number = _number(process.helper)
            self.expected.app_said(number, process.helper.status()[APP], process.started)

    def can_wait(self, process: Process) -> bool:
        """Whether `process` has something to go on with while another one is on it."""
        return self.expected.is_writable and _quiet_number(process.helper) is not None

    def end(self, process: Process) -> None:
        """Kill a process."""
        self.processes.remove(process)
        self.expected.processes_are(len(self.processes))

    # What becomes of the file.

    def crash_with_tokens(self) -> None:
        """Have a process of this environment take the tokens and crash before it puts any."""
        with SnapshotRepository(self.settings, self.environ) as shared:
            shared.take(lambda *_: None)
        self.expected.tokens_lost()

    def lose_file(self) -> None:
        """Have the function clean its /tmp."""
        for path in (self._path, f"{self._path}.lock"):
            if os.path.exists(path):
                os.unlink(path)
        self.expected.file_lost()

    def spoil_file(self) -> None:
        """Leave half of the file."""
        if os.path.isfile(self._path):
            os.truncate(self._path, os.path.getsize(self._path) // 2)
        self.expected.file_lost()

    def fill(self) -> None:
        """Have no room for another file."""
        if self.folder.exists():
            os.makedirs(f"{self._path}.{os.getpid()}.tmp", exist_ok=True)
            self.expected.writable_is(False)

    def take_away(self) -> None:
        """Have no such folder any more."""
        if self.folder.exists():
            os.rename(self.folder, f"{self.folder}.away")
        self.expected.writable_is(False)

    def make_writable(self) -> None:
        """Undo both."""
        if not self.folder.exists():
            os.rename(f"{self.folder}.away", self.folder)
        shutil.rmtree(f"{self._path}.{os.getpid()}.tmp", ignore_errors=True)
        self.expected.writable_is(True)

    def places(self) -> Iterator[tuple[str, set[str]]]:
        """Where tokens are, and which."""
        for process in self.processes:
            yield f"the memory of {process.name}", process.tokens()
        try:
            with open(self._path, encoding="utf-8") as file:
                sources = json.load(file)["sources"].values()
        except (OSError, ValueError):
            return
        yield self._path, {source.get("token", "") for source in sources} - {""}

    # What SnapStart does.

    def restored(self, folder: Path, *, is_hooked: bool) -> Environment:
        """A twin of this environment, memory and disk, that goes on by itself.

        Args:
            folder: the twin's.
            is_hooked: whether the runtime calls what was registered for it.
        """
        if self.folder.exists():
            shutil.copytree(self.folder, folder, symlinks=True)
        twin = Environment(self.world, folder, self._given, self._chance)
        twin.expected = self.expected.twin()
        if not self.folder.exists():
            twin.take_away()
        for process in self.processes:
            name = f"{folder.name}.{process.name}"
            store = process.helper._store
            environ = {**process.helper._environ, "APPCONFIG_ENV_SNAPSHOT": twin._path}
            helper = twin._helper(name, environ)
            added = twin._add(Process(name, helper, environ))
            twin.expected.copy_process(self.expected, process.name, name)
            if store is not None:
                own = helper.opened()
                own.snapshot, own.view, own.sourced = store.snapshot, store.view, store.sourced
                helper._view.show(process.helper._view.now)
            if is_hooked:
                with twin.expected.step(name, is_forced=True):
                    added.helper._restored()
                    if len(twin.processes) == 1:  # the others find its answers in the file
                        twin.expected.all_asked()
        return twin

    # How they are made.

    def _add(self, process: Process) -> Process:
        self.processes.append(process)
        self.expected.processes_are(len(self.processes))
        return process

    def _helper(self, name: str, environ: Mapping[str, str]) -> Helper:
        make_backend = self._fetch_of(name)
        return Helper(environ, now=self.world.wall, make_backend=make_backend, jitter=self._chance)

    def _fetch_of(self, name: str) -> MakeBackend:
        machine = System()
        fetcher = Fetcher(Client(self.world, name), 1, system=machine)

        def fetch(requests: list[Request], timeout: float) -> Mapping[str, Outcome]:
            self.expected.about_to_ask(name, requests)
            began, calls = machine.now(), len(self.world.calls)
            outcomes = fetcher(requests, timeout)
            took = machine.now() - began
            self.expected.answered(name, outcomes, took, self.world.calls[calls:])
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


def _quiet_number(helper: Helper) -> int | None:
    """What is known without asking anybody."""
    text = helper.opened().view[2].get("N")
    return None if text is None else int(text)
