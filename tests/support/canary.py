"""A secret that stands where secrets do in every run of the tests, and a watch that looks for it.

It is planted as credentials in every fake AWS account, as the secrets of the larger tests and in
the environment of every child. It must not come out: not in what a test or its children write, not
in a failure's report, not in a file, not on a command line. Knows neither pytest nor any test.
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

VARIABLE = "TESTS_CANARY"  # by which children that play AWS plant the same one
VALUE = os.environ.setdefault(VARIABLE, "c4n4ry" + secrets.token_hex(8))
SECRET = f"s3cret-{VALUE}"  # what secrets hold, and SecureStrings
SECURE = f"secure-{VALUE}"
UNRELATED = "UNRELATED_SECRET"  # a variable of every child's, which nobody has a reason to show
LARGEST_FILE_BYTES = 64 * 1024 * 1024
SAMPLE_SECONDS = 0.05
# Files that hold secrets on purpose: what stands in for AWS, and what a child was asked to write.
SHOWN = ("secrets.json", "credentials", "config", "answer", "given-environment")
SNAPSHOTS = (Path("/tmp/appconfig-env.json"),)


def forms(value: str) -> tuple[bytes, ...]:
    """How `value` may stand in bytes: as it is, and in base64 from each of its three beginnings."""
    data = value.encode()
    encoded = [base64.b64encode(b"\0" * shift + data) for shift in range(3)]
    # The first and the last signs depend on what stands around it.
    return (data, *(form[4 if shift else 0 : -4] for shift, form in enumerate(encoded)))


class Watch:
    """Looks for one value wherever output ends up, and remembers where it stood."""

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
        """Look into one piece of output."""
        data = text.encode("utf-8", "replace") if isinstance(text, str) else text or b""
        self.searched += len(data)
        if any(form in data for form in self._forms):
            with self._lock:
                if place not in self.places:
                    self.places.append(place)

    def search_folder(self, folder: Path, without: Collection[Path] = ()) -> None:
        """Look into all files below a folder, from which others may remove some meanwhile.

        Args:
            folder: to look into.
            without: folders below it that are left out.
        """
        for parent, folders, names in os.walk(folder):
            folders[:] = [name for name in folders if Path(parent, name) not in without]
            self.search_files(Path(parent, name) for name in names)

    def search_files(self, paths: Iterable[Path]) -> None:
        """Look into files that are not shown on purpose."""
        for path in paths:
            if path.name in SHOWN or path.is_symlink() or not path.is_file():
                continue
            try:
                if path.stat().st_size <= LARGEST_FILE_BYTES:
                    self.search(path.read_bytes(), f"the file {path}")
            except OSError:  # gone meanwhile, or not for us
                continue

    def sample(self) -> None:
        """Look at the command lines of all descendants, again and again until `stop`.

        An error ends it and is noted in `failure`, not raised: raised, it would fail whichever test
        happens to run.
        """
        try:
            while not self._stopped.wait(SAMPLE_SECONDS):
                self._sample_once()
        except Exception as error:  # noqa: BLE001 - the run is to fail, whatever it was
            self.failure = _name_and_place(error)

    def _sample_once(self) -> None:
        for process in self.descendants(os.getpid()):
            try:
                words = Path(f"/proc/{process}/cmdline").read_bytes()
            except OSError:  # it has ended
                continue
            self.search(words, f"the command line of a process of {self.test}")

    def stop(self) -> None:
        """End `sample`."""
        self._stopped.set()

    def on_event(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Look at a command line before a process has it: it may be gone before it is sampled."""
        if event == "subprocess.Popen" and not self._stopped.is_set():
            _, words, _, _ = arguments
            for word in [words] if isinstance(words, (str, bytes, os.PathLike)) else words:
                self.search(os.fsencode(word), f"the arguments of a process of {self.test}")


def descendants(process: int, proc: Path = Path("/proc")) -> Iterator[int]:
    """The children of `process`, their children, and so on; any of them may end meanwhile."""
    tasks = proc / str(process) / "task"
    try:
        threads = os.listdir(tasks)
    except OSError:  # it ended after it was listed
        return
    for thread in threads:
        try:
            children = (tasks / thread / "children").read_text()
        except OSError:  # the thread has ended: ENOENT, or ESRCH where the file was open by then
            continue
        for child in children.split():
            yield int(child)
            yield from descendants(int(child), proc)


def _name_and_place(error: Exception) -> str:
    *_, (frame, line) = traceback.walk_tb(error.__traceback__)
    return f"{type(error).__name__} in {Path(frame.f_code.co_filename).name}, line {line}"
