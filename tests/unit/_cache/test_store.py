"""The snapshot of one process: when it is stale, who refreshes it, what readers see."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from appconfig_env._backends.fake import NO_RESPONSE, FakeBackend
from appconfig_env._cache.file_lock import FileLock
from appconfig_env._cache.handoff import BackgroundFetch, Handoff, dumps
from appconfig_env._cache.store import LOCK_RETRY_SECONDS, Store
from appconfig_env._config.settings import HANDOFF
from appconfig_env._content.document import Document
from appconfig_env.errors import Failure

from ...support.emf import extracted
from ...support.fakes import Clock, TimedBackend, steadily
from ...support.life import eventually

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from appconfig_env._backends.base import Outcome, Request
    from appconfig_env._config.settings import Settings

APP = "appconfig:shop/prod/app"
DENIED = Failure("denied", "denied")


class Process:
    """One process with a store; several share a snapshot file, a backend and a clock."""

    def __init__(self, folder: Path, *, peer: Process | None = None, **environ: str) -> None:
        self.backend: FakeBackend = peer.backend if peer else FakeBackend()
        self.clock: Clock = peer.clock if peer else Clock()
        self.lines: list[str] = []
        self.fields: list[Mapping[str, object]] = []
        self.path = str(folder / "snapshot.json")
        self.made = 0
        self.store = Store(
            {
                # There, processes share what was read before they began.
                "AWS_LAMBDA_FUNCTION_NAME": "f",
                "APPCONFIG_ENV_SOURCES": APP,
                "APPCONFIG_ENV_SNAPSHOT": self.path,
                **environ,
            },
            now=self.clock,
            make_backend=self._make_backend,
            jitter=steadily,
            log=self._log,
        )

    def _make_backend(self, settings: Settings, environ: Mapping[str, str]) -> FakeBackend:
        del settings, environ
        self.made += 1
        return self.backend

    def _log(
        self,
        settings: Settings,
        level: str,
        message: str,
        fields: Mapping[str, object] | None = None,
        /,
    ) -> None:
        if settings.accepts(level):
            self.lines.append(f"{level}: {message}")
            self.fields.append(fields or {})

    def response(self, value: int, token: str = "token") -> None:
        body = b'{"a": %d}' % value
        self.backend.documents[APP] = Document(body, content_type="application/json", token=token)

    def values(self) -> Mapping[str, str]:
        return self.store.published.seen[2]

    def is_stale(self) -> bool:
        return self.store.is_stale(self.clock())


@pytest.fixture
def process(tmp_path: Path) -> Process:
    """A process that has read A=1."""
    process = Process(tmp_path)
    process.response(1, "t1")
    process.store.refresh()
    process.backend.asked()
    return process


def test_before_the_first_refresh_everything_is_unread_and_stale(tmp_path: Path) -> None:
    process = Process(tmp_path)
    assert (process.store.is_empty, process.is_stale()) == (True, True)
    assert process.store.unread() == [APP]


def test_a_refresh_returns_the_names_that_changed(process: Process) -> None:
    process.clock.tick(46)
    process.response(2)
    assert process.store.refresh() == {"A"}
    assert process.values() == {"A": "2"}
    assert process.store.refresh() == frozenset()


def test_nothing_is_fetched_while_everything_is_fresh(process: Process) -> None:
    process.clock.tick(44.9)
    assert not process.is_stale()
    assert process.store.refresh() == frozenset()
    assert process.backend.asked() == []
    process.clock.tick(0.2)
    assert process.is_stale()


def test_everything_is_stale_if_the_clock_moved_backwards(process: Process) -> None:
    process.clock.tick(-1)
    assert process.is_stale()


def test_a_forced_resource_is_fetched_even_if_it_is_fresh(process: Process) -> None:
    process.store.refresh(even_fresh=[APP])
    assert process.backend.asked() == [(APP, "t1")]


def test_a_configured_variable_takes_precedence_unless_sources_may_overwrite(
    tmp_path: Path,
) -> None:
    for overwrite, values in (("no", {}), ("yes", {"A": "1"})):
        folder = tmp_path / overwrite
        folder.mkdir()
        process = Process(folder, A="configured", APPCONFIG_ENV_OVERWRITE=overwrite)
        process.response(1)
        process.store.refresh()
        assert process.values() == values


def test_a_failure_is_logged_once_and_so_is_the_recovery(process: Process) -> None:
    process.backend.documents[APP] = DENIED
    for _ in range(3):
        process.clock.tick(1000)
        process.store.refresh()
    assert process.lines == [f"warn: {APP}: denied; using the last value of A"]
    assert process.values() == {"A": "1"}
    process.response(2)
    process.clock.tick(1000)
    process.store.refresh()
    assert process.lines[1:] == [f"info: {APP}: recovered after 3 failed attempts"]


@pytest.mark.parametrize(
    ("source", "configured", "note"),
    [
        (f"{APP}?optional&as=A", {}, "A is not set"),
        (f"{APP}?default=1", {}, "APP is set to its default"),
        (f"{APP}?optional&as=A", {"A": "mine"}, "A is set by another source or on the function"),
        (f"{APP}?default=1&as=A", {"A": "mine"}, "A is set by another source or on the function"),
        # In place, the function has the reference itself, and not a value.
        ("", {"A": f"{APP}?optional"}, "A is not set"),
        ("", {"A": f"{APP}#k?default=1"}, "A is set to its default"),
        ("", {"A": APP}, "A is not set"),
        (f"{APP}?optional&as=A", {"A": "ssm:/none?optional"}, "A is not set"),
    ],
)
def test_a_failed_first_read_names_the_variable_and_what_it_has(
    tmp_path: Path, source: str, configured: dict[str, str], note: str
) -> None:
    environ: dict[str, Any] = {"APPCONFIG_ENV_SOURCES": source, **configured}
    process = Process(tmp_path, **environ)
    process.backend.documents[APP] = DENIED
    process.store.refresh()
    assert [line for line in process.lines if "denied" in line] == [
        f"warn: {'A=' * (configured.get('A') == APP)}{APP}: denied; {note}"
    ]


def test_where_startup_continues_without_a_source_so_does_the_first_read(tmp_path: Path) -> None:
    process = Process(tmp_path, APPCONFIG_ENV_SOURCES="", A=APP, APPCONFIG_ENV_ON_ERROR="continue")
    process.backend.documents[APP] = DENIED
    process.store.refresh()
    (line,) = process.lines
    note = "continuing without it (APPCONFIG_ENV_ON_ERROR=continue); A is not set"
    assert line == f"error: A={APP}: denied; {note}"


def test_a_source_that_fails_later_is_only_a_warning_where_startup_continues(
    tmp_path: Path,
) -> None:
    process = Process(tmp_path, APPCONFIG_ENV_ON_ERROR="continue")
    process.response(1)
    process.store.refresh()
    process.backend.documents[APP] = DENIED
    process.clock.tick(1000)
    process.store.refresh()
    assert process.lines == [f"warn: {APP}: denied; using the last value of A"]


def test_sources_that_fail_for_one_cause_are_one_line_and_so_is_their_recovery(
    tmp_path: Path,
) -> None:
    process = Process(tmp_path, APPCONFIG_ENV_SOURCES="ssm:/p/a ssm:/p/b ssm:/p/c")
    documents = process.backend.documents
    documents |= {"ssm:/p/a": Document(b"1"), "ssm:/p/b": Document(b"1")}
    process.store.refresh()
    unset = f"{NO_RESPONSE.summary}; C is not set; {NO_RESPONSE.hint}"
    assert process.lines == [f"warn: ssm:/p/c: {unset}"]
    del documents["ssm:/p/a"], documents["ssm:/p/b"]
    for _ in range(2):
        process.clock.tick(1000)
        process.store.refresh()
    used = f"{NO_RESPONSE.summary}; using the last values of A and B; {NO_RESPONSE.hint}"
    assert process.lines[1:] == [f"warn: ssm:/p/a, ssm:/p/b: {used}"]
    documents |= dict.fromkeys(("ssm:/p/a", "ssm:/p/b", "ssm:/p/c"), Document(b"2"))
    process.clock.tick(1000)
    process.store.refresh()
    assert process.lines[2:] == [
        "info: ssm:/p/a, ssm:/p/b: recovered after 2 failed attempts",
        "info: ssm:/p/c: recovered after 3 failed attempts",
    ]


def test_a_second_process_adopts_what_the_first_has_read(process: Process, tmp_path: Path) -> None:
    other = Process(tmp_path, peer=process)
    assert other.values() == {"A": "1"}
    assert not other.is_stale()
    assert process.backend.asked() == []


def test_processes_take_turns_with_one_token(process: Process, tmp_path: Path) -> None:
    other = Process(tmp_path, peer=process)
    for token, one in (("t1", other), ("t2", process), ("t3", other)):
        process.clock.tick(46)
        process.response(1, f"t{int(token[1:]) + 1}")
        one.store.refresh()
        assert process.backend.asked() == [(APP, token)]


def test_a_later_attempt_is_adopted_although_the_file_was_lost_and_the_clock_set_back(
    process: Process, tmp_path: Path
) -> None:
    for path in tmp_path.iterdir():
        path.unlink()
    process.clock.tick(-3600)
    other = Process(tmp_path, peer=process)
    process.response(2)
    other.store.refresh()
    process.backend.asked()
    assert process.store.refresh() == {"A"}
    assert process.values() == {"A": "2"}
    assert process.backend.asked() == []


def outside(folder: Path, peer: Process | None = None, **environ: str) -> Process:
    """A process on a laptop or in CI."""
    return Process(folder, peer=peer, AWS_LAMBDA_FUNCTION_NAME="", **environ)


@pytest.mark.parametrize(
    ("before", "now"),
    [(1, 2), (1, None), (None, 2), (None, None)],
    ids=["a value, a value", "a value, a failure", "a failure, a value", "failures"],
)
def test_outside_lambda_nothing_of_an_earlier_run_is_used(
    tmp_path: Path, before: int | None, now: int | None
) -> None:
    process: Process | None = None
    for value in (before, now):
        process = outside(tmp_path, process)
        if value is None:
            process.backend.documents[APP] = DENIED
        else:
            process.response(value)
        assert process.store.is_empty
        process.store.refresh(awaited=[APP])
        assert process.values() == ({} if value is None else {"A": str(value)})
        assert process.backend.asked() == [(APP, "")]
        failure = process.store.snapshot.entries[APP].failure
        assert (failure == DENIED) == (value is None)


def test_outside_lambda_a_document_from_before_the_run_is_not_used_after_a_failure_during_it(
    tmp_path: Path,
) -> None:
    earlier = outside(tmp_path)
    earlier.response(1)
    earlier.store.refresh()
    process = outside(tmp_path, earlier)
    earlier.backend.documents[APP] = DENIED
    earlier.clock.tick(1000)
    earlier.store.refresh()  # keeps the document, and is a later attempt than the run's start

    process.store.refresh()

    assert (earlier.values(), process.values()) == ({"A": "1"}, {})


def test_outside_lambda_processes_share_what_they_read_after_both_have_begun(
    tmp_path: Path,
) -> None:
    first = outside(tmp_path)
    second = outside(tmp_path, first)
    first.response(1, "t1")
    for token, one, other in (("", first, second), ("t1", second, first), ("t2", first, second)):
        one.store.refresh()
        assert one.backend.asked() == [(APP, token)]
        other.store.refresh()
        assert other.values() == {"A": "1"}
        assert other.backend.asked() == []
        first.response(1, "t2")
        first.clock.tick(46)


def test_outside_lambda_what_a_wrapper_has_read_is_used(tmp_path: Path) -> None:
    earlier = outside(tmp_path)
    earlier.response(1)
    earlier.store.refresh()
    earlier.backend.asked()
    handoff = dumps(
        Handoff(1, earlier.clock(), {}, ["APPCONFIG_ENV_SOURCES", "APPCONFIG_ENV_SNAPSHOT"])
    )

    later = outside(tmp_path, earlier, **{HANDOFF: handoff})

    assert later.values() == {"A": "1"}
    assert not later.is_stale()


@pytest.mark.parametrize("name", ["snapshot.json", "snapshot.json.state"])
@pytest.mark.parametrize("number", [2**53 - 1, 4_000_000_000_000_000])
def test_no_number_in_a_file_ends_the_sharing(
    process: Process, tmp_path: Path, name: str, number: int
) -> None:
    process.clock.tick(1000)
    process.store.refresh()  # a poll without news writes the state file with every entry
    process.backend.asked()
    file = tmp_path / name
    first, *documents = file.read_text().splitlines()
    head = json.loads(first + ("}}" if documents else ""))
    head["entries"][APP] |= {"revision": number, "confirmed": number, "failures": number}
    forged = json.dumps(head)[: -2 if documents else None]
    file.write_text("\n".join([forged, *documents, ""]))
    if documents:
        (tmp_path / "snapshot.json.state").unlink()
    others = [Process(tmp_path, peer=process), Process(tmp_path, peer=process)]
    for value in (1, 2, 3, 4):
        process.clock.tick(1000)
        process.response(value)
        if value == 1:
            process.backend.documents[APP] = DENIED
        for one in (process, *others):
            one.store.refresh()
            assert one.values() == {"A": str(value)}
        assert len(process.backend.asked()) == 1
        process, *others = (*others, process)


@pytest.mark.parametrize("options", ["", "?optional"])
def test_a_fallback_in_use_is_called_so(process: Process, tmp_path: Path, options: str) -> None:
    fallback = (tmp_path / "snapshot.json").rename(tmp_path / "fallback.json")
    assert process.values() == {"A": "1"}
    later = Process(
        tmp_path,
        APPCONFIG_ENV_FALLBACK=str(fallback),
        APPCONFIG_ENV_SOURCES=APP + options,
    )
    later.store.refresh()
    assert later.values() == {"A": "1"}
    used = f"{NO_RESPONSE.summary}; using the fallback's value of A; {NO_RESPONSE.hint}"
    assert later.lines == [f"warn: {APP}: {used}"]


class HeldBackend(FakeBackend):
    """A backend whose first response waits until it is released, and has the older value."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.released = threading.Event(), threading.Event()

    def __call__(self, requests: list[Request], timeout: float) -> dict[str, Outcome]:
        outcomes = super().__call__(requests, timeout)
        if not self.begun.is_set():
            self.begun.set()
            assert self.released.wait(60)
        return outcomes


def waiting(threads: list[threading.Thread]) -> bool:
    """Whether each thread waits in `refresh` for another one."""
    frames = sys._current_frames()
    return all(frames[one.ident or 0].f_code is Store.refresh.__code__ for one in threads)


def test_one_refresh_serves_all_threads_that_wait_when_it_begins(
    process: Process, tmp_path: Path
) -> None:
    backend = process.backend = HeldBackend()
    process.response(1)
    process = Process(tmp_path, peer=process)
    found: list[frozenset[str]] = []

    def refresh() -> None:
        found.append(process.store.refresh(even_fresh=[APP]))

    first, *others = [threading.Thread(target=refresh) for _ in range(9)]
    first.start()
    assert backend.begun.wait(60)
    process.response(2)
    for one in others:
        one.start()
    eventually(lambda: waiting(others))
    backend.released.set()
    for one in (first, *others):
        one.join(60)
    # The first one began before the others called, so its value may be older than their calls.
    assert len(backend.asked()) == 2
    assert process.values() == {"A": "2"}
    assert found == [frozenset(), *[frozenset({"A"})] * 8]


def test_a_fallback_that_cannot_be_used_is_reported_once(tmp_path: Path) -> None:
    fallback = tmp_path / "fallback.json"
    fallback.write_text("half")
    process = Process(tmp_path, APPCONFIG_ENV_FALLBACK=str(fallback))
    for _ in range(3):
        process.store.refresh()
        process.clock.tick(1000)
    reported = [line for line in process.lines if "FALLBACK" in line]
    assert len(reported) == 1, process.lines


def test_while_another_process_refreshes_the_old_values_are_kept_for_a_second(
    process: Process,
) -> None:
    process.clock.tick(46)
    lock = FileLock(process.path + ".lock")
    assert process.store.refresh() == frozenset()
    assert (process.values(), process.backend.asked()) == ({"A": "1"}, [])
    assert not process.is_stale()
    process.clock.tick(LOCK_RETRY_SECONDS)
    assert process.is_stale()
    lock.release()
    process.store.refresh()
    assert process.backend.asked() == [(APP, "t1")]


def test_a_lock_whose_holder_publishes_nothing_is_abandoned(process: Process) -> None:
    lock = FileLock(process.path + ".lock")
    process.clock.tick(46)
    process.store.refresh()
    process.clock.tick(16)  # twice the deadline of eight seconds
    process.store.refresh()
    assert process.backend.asked() == []
    process.clock.tick(1)
    process.store.refresh()
    assert process.backend.asked() == [(APP, "")], "in a session of its own"
    lock.release()


def test_a_lock_is_abandoned_as_soon_if_the_clock_moves_backwards(process: Process) -> None:
    lock = FileLock(process.path + ".lock")
    for seconds in (46, -3600):
        process.clock.tick(seconds)
        process.store.refresh()
        assert process.backend.asked() == []
    process.clock.tick(17)
    process.store.refresh()
    assert process.backend.asked() == [(APP, "")]
    lock.release()


def test_what_was_read_while_another_process_refreshes_keeps_no_token(tmp_path: Path) -> None:
    process = Process(tmp_path, APPCONFIG_ENV_DEADLINE_SECONDS="0.1")
    process.response(1, "t1")
    lock = FileLock(process.path + ".lock")
    process.store.refresh()  # waits for the lock as long as the deadline
    lock.release()
    process.clock.tick(46)
    process.store.refresh()
    assert process.values() == {"A": "1"}
    assert process.backend.asked() == [(APP, ""), (APP, "")]


def test_a_file_from_before_a_restart_never_replaces_a_value_read_since(
    process: Process, tmp_path: Path
) -> None:
    file = tmp_path / "snapshot.json"
    first, *documents = file.read_text().splitlines()
    head = json.loads(first + "}}")
    head["entries"][APP] |= {"revision": 10**15, "confirmed": 10**15}
    file.write_text("\n".join([json.dumps(head)[:-2], *documents, ""]))
    (tmp_path / "snapshot.json.state").unlink()
    lock = FileLock(process.path + ".lock")  # no process replaces the file
    later = Process(tmp_path, peer=process)
    later.response(2, "t2")
    for token in ("", "t2"):
        for seconds in (46, 17):  # until the lock is abandoned
            later.clock.tick(seconds)
            later.store.refresh()
        assert (later.values(), later.backend.asked()) == ({"A": "2"}, [(APP, token)])
        later.backend.documents[APP] = NO_RESPONSE
    lock.release()


@pytest.mark.parametrize("has_file", [True, False])
def test_tokens_are_kept_in_memory_only_if_there_is_no_file(
    tmp_path: Path, *, has_file: bool
) -> None:
    folder = str(tmp_path) if has_file else "/proc/none"
    process = Process(tmp_path, APPCONFIG_ENV_SNAPSHOT=f"{folder}/snapshot.json")
    process.response(1, "t1")
    process.store.refresh()
    assert process.store.snapshot.entries[APP].token == ("" if has_file else "t1")


def test_a_forked_child_has_no_tokens_and_a_backend_of_its_own(tmp_path: Path) -> None:
    process = Process(tmp_path, APPCONFIG_ENV_SNAPSHOT="/proc/none/snapshot.json")
    process.response(1, "t1")
    process.store.refresh()
    process.store.reset_after_fork()
    assert process.store.snapshot.entries[APP].token == ""
    assert (process.values(), process.made) == ({"A": "1"}, 2)


def test_a_forked_child_leaves_the_background_fetch_to_its_parent(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    background = BackgroundFetch(os.getpid(), reading, os.fstat(reading).st_ino)
    handoff = Handoff(os.getpid(), Clock()(), {}, [], background)
    environ: dict[str, Any] = {HANDOFF: dumps(handoff)}
    process = Process(tmp_path, **environ)
    process.store.reset_after_fork()

    process.store.refresh()

    os.fstat(reading)  # is still open
    os.close(reading)
    os.close(writing)


def test_a_child_that_is_forked_during_a_refresh_does_not_keep_the_lock(process: Process) -> None:
    others: list[FileLock] = []

    class Forking(FakeBackend):
        """A backend during whose call the process forks: from then on, we are the child."""

        def __call__(self, requests: list[Request], timeout: float) -> dict[str, Outcome]:
            process.store.reset_after_fork()
            others.append(FileLock(process.path + ".lock"))
            return super().__call__(requests, timeout)

    process.backend = Forking(process.backend.documents)
    process.store.distrust(0.0)  # takes the new backend
    process.clock.tick(46)
    process.store.refresh()
    assert [other.is_held for other in others] == [True]
    others[0].release()


def test_after_a_refresh_a_clone_is_as_fresh_as_any_process_by_any_clock(process: Process) -> None:
    process.store.distrust(process.clock())
    process.clock.tick(-3600)
    process.store.refresh()
    assert not process.is_stale()


def test_a_clone_reads_everything_again_in_new_sessions(process: Process) -> None:
    process.clock.tick(10)
    process.store.distrust(process.clock())
    assert process.is_stale()
    assert process.values() == {"A": "1"}, "until then the old values are used"
    process.response(2)
    assert process.store.refresh() == {"A"}
    assert not process.is_stale()


class Blocking(FakeBackend):
    """A backend that responds once the test lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked_once, self.may_respond = threading.Event(), threading.Event()

    def __call__(self, requests: list[Request], timeout: float) -> dict[str, Outcome]:
        self.asked_once.set()
        assert self.may_respond.wait(30)
        return super().__call__(requests, timeout)


def test_a_refresh_is_given_as_long_as_the_last_good_read_took(process: Process) -> None:
    backend = TimedBackend()
    process.backend = backend
    process.store.distrust(0.0)  # takes the new backend
    for seconds in (4.0, 0.5, 0.5):
        process.clock.tick(1000)
        body = b'{"a": "%g"}' % process.clock()
        backend.documents[APP] = Document(body, read_seconds=seconds)
        process.store.refresh()
    assert backend.timeouts == [3.0, 6.0, 3.0]


def test_one_thread_refreshes_and_the_others_do_not_wait_for_it(process: Process) -> None:
    backend: Any = Blocking()
    process.backend = backend
    process.store.distrust(0.0)  # takes the new backend
    process.clock.tick(46)
    process.response(2)
    results: list[frozenset[str]] = []
    thread = threading.Thread(target=lambda: results.append(process.store.refresh()))
    thread.start()
    assert backend.asked_once.wait(30)
    assert process.store.refresh() == frozenset()
    assert process.values() == {"A": "1"}
    backend.may_respond.set()
    thread.join()
    assert results == [frozenset({"A"})]
    assert process.values() == {"A": "2"}
    assert len(backend.asked()) == 1


def test_a_thread_waits_as_long_as_another_one_may_wait_for_a_process_and_then_for_aws(
    tmp_path: Path,
) -> None:
    process = Process(tmp_path, APPCONFIG_ENV_DEADLINE_SECONDS="0.2")
    backend = Blocking()
    process.backend = backend
    process.store.distrust(0.0)  # takes the new backend
    thread = threading.Thread(target=process.store.refresh)
    thread.start()
    assert backend.asked_once.wait(30)
    began = time.monotonic()
    process.store.refresh()
    waited = time.monotonic() - began
    backend.may_respond.set()
    thread.join()
    assert waited > 0.3  # about 0.4 s, or longer on a busy machine


def test_a_required_source_without_a_value_stays_known_as_a_failure(tmp_path: Path) -> None:
    process = Process(tmp_path)
    process.store.refresh()
    assert process.store.snapshot.entries[APP].failure is NO_RESPONSE
    assert process.store.unread() == []
    assert [error.source for error in process.store.snapshot.missing(process.store.settings)] == [
        APP
    ]


def written(capsys: pytest.CaptureFixture[str]) -> list[dict[str, float]]:
    """Return the metrics on standard output since the last call."""
    return [extracted(line).metrics for line in capsys.readouterr().out.splitlines()]


def test_each_refresh_that_reads_writes_its_failures_and_the_age_of_the_values(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    process = Process(tmp_path, APPCONFIG_ENV_METRICS="emf")
    process.response(1)
    process.store.refresh()
    process.store.refresh()  # nothing is stale
    process.clock.tick(46)
    process.backend.documents[APP] = DENIED
    process.store.refresh()

    assert written(capsys) == [
        {"RefreshFailures": 0, "Age": 0.0},
        {"RefreshFailures": 1, "Age": 46.0},
    ]


def test_a_process_that_adopts_what_another_has_read_writes_no_metrics(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    process = Process(tmp_path, APPCONFIG_ENV_METRICS="emf")
    peer = Process(tmp_path, peer=process, APPCONFIG_ENV_METRICS="emf")
    process.backend.documents[APP] = DENIED
    process.store.refresh()
    assert written(capsys) == [{"RefreshFailures": 1}]

    peer.store.refresh()

    assert peer.store.snapshot.entries[APP].failure == DENIED
    assert written(capsys) == []


def test_a_process_that_does_not_wait_for_a_hanging_lock_holder_writes_metrics_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    process = Process(tmp_path, APPCONFIG_ENV_DEADLINE_SECONDS="0.1", APPCONFIG_ENV_METRICS="emf")
    process.response(1)
    lock = FileLock(process.path + ".lock")

    process.store.refresh(awaited=[APP])

    lock.release()
    assert process.values() == {"A": "1"}
    assert written(capsys) == [{"RefreshFailures": 0, "Age": 0.0}]


def test_metrics_are_off_by_default(process: Process, capsys: pytest.CaptureFixture[str]) -> None:
    process.clock.tick(46)
    process.store.refresh()
    assert capsys.readouterr().out == ""
