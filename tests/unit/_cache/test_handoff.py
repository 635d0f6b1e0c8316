"""The handoff from the wrapper to the helper: a variable, and a pipe that may be gone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._cache.entry import Entry
from appconfig_env._cache.handoff import BackgroundFetch, Handoff, dumps, loads, receive, sent
from appconfig_env._cache.snapshot import Snapshot
from appconfig_env._config.settings import from_environ
from appconfig_env._content.document import Document

if TYPE_CHECKING:
    from collections.abc import Iterator


texts = st.text(max_size=10)
children = st.builds(
    BackgroundFetch, st.integers(1, 2**22), st.integers(0, 2**20), st.integers(0, 2**64)
)


def fields(child: BackgroundFetch | None) -> list[int]:
    return [] if child is None else [child.process, child.descriptor, child.inode]


handoffs = st.builds(
    Handoff,
    st.integers(0, 2**31),
    st.floats(0, 1e10),
    st.dictionaries(texts, texts),
    st.frozensets(texts),
    st.none() | children,
    kept=st.frozensets(texts),
    folder=texts,
)


@given(handoffs)
def test_a_handoff_survives_dumps_and_loads(handoff: Handoff) -> None:
    text = dumps(handoff)
    again = loads(text)
    assert again is not None
    assert fields(again.background) == fields(handoff.background)
    for name in ("process", "taken_at", "references", "configured", "kept", "folder"):
        assert getattr(again, name) == getattr(handoff, name), name
    assert "\0" not in text
    text.encode("ascii")


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "[]", "5", "null", "{}", '{"process": 1}', "[" * 100_000,
        '{"process": "x", "taken_at": 1, "references": {}, "configured": []}',
        '{"process": 1e999, "taken_at": 1, "references": {}, "configured": []}',
        '{"process": 1, "taken_at": 1e999, "references": {}, "configured": []}',
        '{"process": 1, "taken_at": "nan", "references": {}, "configured": []}',
        '{"process": 1, "taken_at": 1, "references": [], "configured": []}',
        '{"process": 1, "taken_at": 1, "references": {}, "configured": 5}',
        '{"process": 1, "taken_at": 1, "references": {}, "configured": [], "kept": 5}',
    ],
)  # fmt: skip
def test_any_other_text_is_not_a_handoff(text: str) -> None:
    assert loads(text) is None


@pytest.mark.parametrize(
    "child",
    ["null", "5", "{}", "[]", "[1, 2]", "[1, 2, 3, 4]", '"x"', '["x", 2, 3]', "[1e999, 2, 3]"],
)
def test_an_incomplete_description_of_the_child_is_not_a_handoff(child: str) -> None:
    good = dumps(Handoff(1, 1.0, {}, []))
    assert loads(good) is not None
    assert loads(f'{good[:-1]},"background":{child}}}') is None


def test_without_a_child_the_handoff_has_no_background() -> None:
    assert "background" not in dumps(Handoff(1, 1.0, {}, []))


SETTINGS = from_environ({"APPCONFIG_ENV_SOURCES": "secretsmanager:x ssm:/plain"})
SECRET = "secretsmanager:x"
ENTRY = Entry(
    checked_at=1.0,
    refresh_at=2.0,
    fetched_at=1.0,
    document=Document(b'{"a": "s3cret"}', secret=True),
    is_secret=True,
)
PLAIN = ENTRY._with(document=Document(b"1"), is_secret=False, token="token")
TEXT = sent(
    Snapshot(1.0, "f", {SECRET: ENTRY, "ssm:/plain": PLAIN}), [SECRET, "ssm:/plain"], SETTINGS
)
PATIENCE_SECONDS = 30.0
NO_PROCESS = 2**22  # one more than the largest process ID


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe; the test or the tested code may close either end."""
    reading, writing = os.pipe()
    inode = os.fstat(reading).st_ino
    yield reading, writing
    for descriptor in (reading, writing):
        if is_open(descriptor, inode):
            os.close(descriptor)


def is_open(descriptor: int, inode: int) -> bool:
    try:
        return os.fstat(descriptor).st_ino == inode
    except OSError:
        return False


def child_of(descriptor: int, process: int = NO_PROCESS) -> BackgroundFetch:
    return BackgroundFetch(process, descriptor, os.fstat(descriptor).st_ino)


def test_the_contents_are_received_once_and_the_pipe_is_closed(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    os.write(writing, TEXT)
    os.close(writing)
    child = child_of(reading)
    found = receive(child, SETTINGS)
    assert found is not None
    assert found.values(SETTINGS) == {"A": "s3cret"}
    assert not is_open(reading, child.inode)
    assert receive(child, SETTINGS) is None


def test_complete_contents_are_used_even_if_the_writer_has_not_exited(
    pipe: tuple[int, int],
) -> None:
    reading, writing = pipe
    os.write(writing, TEXT)
    child = child_of(reading)
    found = receive(child, SETTINGS)
    assert found is not None
    assert list(found.entries) == ["secretsmanager:x"]
    assert not is_open(reading, child.inode)


def test_a_writer_that_sends_nothing_does_not_delay(pipe: tuple[int, int]) -> None:
    reading, _ = pipe
    child = child_of(reading)
    assert receive(child, SETTINGS) is None
    assert not is_open(reading, child.inode)


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff", b"null", b"x" * 70_000, TEXT + TEXT])
def test_contents_that_are_not_a_snapshot_are_ignored(pipe: tuple[int, int], data: bytes) -> None:
    reading, writing = pipe
    os.set_blocking(writing, False)
    if data:
        os.write(writing, data)
    os.close(writing)
    child = child_of(reading)
    assert receive(child, SETTINGS) is None
    assert not is_open(reading, child.inode)


@given(st.integers(0, len(TEXT) - 1))
def test_partial_contents_are_ignored(length: int) -> None:
    reading, writing = os.pipe()
    os.write(writing, TEXT[:length])
    os.close(writing)
    child = child_of(reading)
    assert receive(child, SETTINGS) is None
    assert not is_open(reading, child.inode)


def test_another_pipe_with_that_number_is_not_touched(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    os.write(writing, TEXT)
    inode = os.fstat(reading).st_ino
    assert receive(BackgroundFetch(NO_PROCESS, reading, inode + 1), SETTINGS) is None
    assert is_open(reading, inode)
    assert os.get_blocking(reading)
    assert os.read(reading, len(TEXT)) == TEXT


def test_a_file_with_that_number_is_not_touched() -> None:
    with open(__file__, "rb") as file:
        assert receive(child_of(file.fileno()), SETTINGS) is None
        assert file.tell() == 0
        assert file.read(3) == b'"""'


def test_a_closed_descriptor_is_ignored(pipe: tuple[int, int]) -> None:
    child = child_of(pipe[0])
    os.close(pipe[0])
    assert receive(child, SETTINGS) is None
    assert receive(BackgroundFetch(NO_PROCESS, -1, 1), SETTINGS) is None


def test_the_child_is_reaped(pipe: tuple[int, int]) -> None:
    os.close(pipe[1])
    process = subprocess.Popen([sys.executable, "-S", "-c", ""], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.read()  # it is about to exit, like a child that has just released the lock
    process.stdout.close()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    receive(child_of(pipe[0], process.pid), SETTINGS)
    with pytest.raises(ChildProcessError):
        os.waitpid(process.pid, os.WNOHANG)
    process.wait()


def test_a_child_that_exits_late_is_reaped_then(pipe: tuple[int, int]) -> None:
    os.write(pipe[1], TEXT)
    process = subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE)
    assert receive(child_of(pipe[0], process.pid), SETTINGS) is not None
    assert process.stdin is not None
    process.stdin.close()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while Path(f"/proc/{process.pid}").exists():  # as a zombie, too
        assert time.monotonic() < deadline
        time.sleep(0.001)
    process.wait()


def test_a_child_that_other_code_has_reaped_is_not_an_error(pipe: tuple[int, int]) -> None:
    os.write(pipe[1], TEXT)
    process = subprocess.Popen([sys.executable, "-S", "-c", ""])
    process.wait()
    assert receive(child_of(pipe[0], process.pid), SETTINGS) is not None


def test_a_child_that_keeps_running_does_not_delay(pipe: tuple[int, int]) -> None:
    os.write(pipe[1], TEXT)
    with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE) as process:
        assert receive(child_of(pipe[0], process.pid), SETTINGS) is not None
        assert process.poll() is None
