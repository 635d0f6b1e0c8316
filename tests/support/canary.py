"""A canary secret for every test run, and a watch that searches all output for it.

It is planted as credentials in every fake AWS account, as the secrets of the larger tests and in
the environment of every child process. It must not leak: into the output of a test or its
children, the report of a failure, a file or a command line. Knows neither pytest nor any test.
"""

from __future__ import annotations

import base64
import os
import secrets
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

VARIABLE = "TESTS_CANARY"  # so that child processes that fake AWS plant the same secret
VALUE = os.environ.setdefault(VARIABLE, "c4n4ry" + secrets.token_hex(8))
SECRET = f"s3cret-{VALUE}"  # the value of secrets, and below that of SecureStrings
SECURE = f"secure-{VALUE}"
UNRELATED = "UNRELATED_SECRET"  # a variable of every child process that nothing needs to print
LARGEST_FILE_BYTES = 64 * 1024 * 1024
SAMPLE_SECONDS = 0.05
# Files that contain secrets on purpose: local fakes of AWS, and output that a test asked for.
EXPECTED_FILES = ("secrets.json", "credentials", "config", "response", "given-environment")
SNAPSHOTS = (Path("/tmp/appconfig-env.json"),)


def forms(value: str) -> tuple[bytes, ...]:
    """The forms of `value` in bytes: as it is, and in base64 at each of the three alignments."""
    data = value.encode()
    encoded = [base64.b64encode(b"\0" * shift + data) for shift in range(3)]
    # The first and last characters depend on the bytes before and after the value.
    return (data, *(form[4 if shift else 0 : -4] for shift, form in enumerate(encoded)))


class Watch:
    """Searches all output for one value, and records where it was found."""

    def __init__(self, value: str) -> None:
        self._forms = forms(value)
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self.places: list[str] = []
        self.test = "outside of the tests"
        self.searched = 0
        self.descendants: Callable[[int], Iterable[int]] = descendants
        self.failure = ""  # the error that ended `sample`, without its message

    def search(self, text: str | bytes | None, place: str) -> None:
        """Search one piece of output."""
        data = text.encode("utf-8", "replace") if isinstance(text, str) else text or b""
        self.searched += len(data)
        if any(form in data for form in self._forms):
            with self._lock:
                if place not in self.places:
                    self.places.append(place)

    def search_folder(self, folder: Path, without: Collection[Path] = ()) -> None:
        """Search all files below a folder; files may disappear during the search.

        Args:
            folder: the folder.
            without: folders below it to skip.
        """
        for parent, folders, names in os.walk(folder):
            folders[:] = [name for name in folders if Path(parent, name) not in without]
            self.search_files(Path(parent, name) for name in names)

    def search_files(self, paths: Iterable[Path]) -> None:
        """Search files, except those that contain secrets on purpose."""
        for path in paths:
            if path.name in EXPECTED_FILES or path.is_symlink() or not path.is_file():
                continue
            try:
                if path.stat().st_size <= LARGEST_FILE_BYTES:
                    self.search(path.read_bytes(), f"the file {path}")
            except OSError:  # the file has disappeared, or may not be read
                continue

    def sample(self) -> None:
        """Search the command lines of all descendant processes repeatedly, until `stop`.

        An error ends the search and is recorded in `failure`; raised, it would fail an unrelated
        test that happens to run.
        """
        try:
            while not self._stopped.wait(SAMPLE_SECONDS):
                self._sample_once()
        except Exception as error:  # noqa: BLE001 - any error has to fail the run
            self.failure = _name_and_place(error)

    def _sample_once(self) -> None:
        for process in self.descendants(os.getpid()):
            try:
                words = Path(f"/proc/{process}/cmdline").read_bytes()
            except OSError:  # the process has ended
                continue
            self.search(words, f"the command line of a process of {self.test}")

    def stop(self) -> None:
        """End `sample`."""
        self._stopped.set()

    def on_event(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Search a command line before its process starts: it may end before it is sampled."""
        if event == "subprocess.Popen" and not self._stopped.is_set():
            _, words, _, _ = arguments
            for word in [words] if isinstance(words, (str, bytes, os.PathLike)) else words:
                self.search(os.fsencode(word), f"the arguments of a process of {self.test}")


def descendants(process: int, proc: Path = Path("/proc")) -> Iterator[int]:
    """All descendants of `process`; any of them can end during the search."""
    tasks = proc / str(process) / "task"
    try:
        threads = os.listdir(tasks)
    except OSError:  # it has ended since it was listed
        return
    for thread in threads:
        try:
            children = (tasks / thread / "children").read_text()
        except OSError:  # the thread has ended: ENOENT, or ESRCH if the file was already open
            continue
        for child in children.split():
            yield int(child)
            yield from descendants(int(child), proc)


def _name_and_place(error: Exception) -> str:
    *_, (frame, line) = traceback.walk_tb(error.__traceback__)
    return f"{type(error).__name__} in {Path(frame.f_code.co_filename).name}, line {line}"
