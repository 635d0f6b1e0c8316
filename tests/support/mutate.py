"""`make mutations`: applies each mutation of a claim to a copy of the checkout, and runs its test.

The working tree is never changed. Each copy has an environment of its own, so that the processes
which tests start (`sys.executable`, the wrapper) import the copy, whatever their variables are.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import venv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from .mutations import MUTATIONS
from .paths import ROOT, checkout_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .mutations import Mutation

LONGEST_SECONDS = 900.0  # of one file; tests that a mutation makes hang have failed
# pytest's exit codes. With any other one no test has run: then the mutation is at fault.
FAILED = 1
PASSED, TIMED_OUT = 0, -1


class Copy:
    """A copy of the checkout whose tests import the copy's own package.

    Args:
        folder: an empty folder for the copy and its environment.
    """

    def __init__(self, folder: Path) -> None:
        self._root = folder / "checkout"
        for name in checkout_files():
            target = self._root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)
        if (ROOT / ".tools").is_dir():  # other Pythons, which some tests of layers run
            (self._root / ".tools").symlink_to(ROOT / ".tools")
        environment = folder / "environment"
        venv.create(environment, symlinks=True)
        self._python = environment / "bin" / "python"
        packages = sysconfig.get_path("purelib")
        inside = sysconfig.get_path("purelib", vars={"base": str(environment)})
        # The second one is searched, but its .pth files, which name the checkout, have no effect.
        Path(inside, "copy.pth").write_text(f"{self._root}\n{packages}\n")
        self._moment = int((self._root / "pyproject.toml").stat().st_mtime) + 1

    def run(self, test: str) -> tuple[int, str]:
        """Run a file of tests, or one test of it, until a test fails.

        Returns:
            pytest's exit code, or TIMED_OUT; and what it wrote.
        """
        command = [str(self._python), "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", test]
        environ = os.environ | {"PYTHONPATH": str(self._root)}
        environ["PATH"] += f":{self._root / '.tools' / 'pythons' / 'bin'}"
        with tempfile.TemporaryFile("w+") as output:
            process = subprocess.Popen(
                command,
                cwd=self._root,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                code = process.wait(LONGEST_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 9)
                process.wait()
                code = TIMED_OUT
            output.seek(0)
            return code, output.read()

    def replace(self, file: str, old: str, new: str) -> None:
        """Replace the only `old` in a file.

        Raises:
            ValueError: it does not occur exactly once.
        """
        text = (self._root / file).read_text()
        if text.count(old) != 1:
            raise ValueError(f"expected it once, found it {text.count(old)} times")
        self._write(file, text.replace(old, new))

    def append(self, file: str, text: str) -> None:
        """Append `text` to a file."""
        self._write(file, (self._root / file).read_text() + text)

    def restore(self, file: str) -> None:
        """Undo the changes of a file."""
        self._write(file, (ROOT / file).read_text())

    def _write(self, file: str, text: str) -> None:
        """Write a file, with a time that it never had: Python compares it with its byte code's."""
        path = self._root / file
        path.write_text(text)
        self._moment += 1
        os.utime(path, (self._moment, self._moment))


def judged(copy: Copy, mutation: Mutation) -> str:
    """Return what is wrong with a mutation; an empty string if its test fails, as it has to."""
    try:
        copy.replace(mutation.file, mutation.old, mutation.new)
    except ValueError as error:
        return f"its text is not in the file as it has to be: {error}"
    try:
        code, output = copy.run(mutation.test)
    finally:
        copy.restore(mutation.file)
    if code in (FAILED, TIMED_OUT):
        return ""
    if code == PASSED:
        return "survives: no test fails"
    return f"no test runs, pytest exits with {code}:\n{_end_of(output)}"


def control(copy: Copy, file: str, test: str) -> str:
    """Return why a test proves nothing about a claim; an empty string if it does.

    It has to pass after a change that means nothing: a test that compares the file with a record
    of it fails for any mutation.
    """
    copy.append(file, "\n# changed\n")
    try:
        code, output = copy.run(test)
    finally:
        copy.restore(file)
    return "" if code == PASSED else f"fails without a mutation ({code}):\n{_end_of(output)}"


def main(argv: Sequence[str] | None = None) -> int:
    """Try the mutations as the command line specifies; return the exit code."""
    parser = argparse.ArgumentParser(prog="make mutations", description=__doc__)
    parser.add_argument("words", nargs="*", help="only mutations whose claim or files have a word")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="copies at a time")
    parser.add_argument("--quick", action="store_true", help="leave out the runs without mutations")
    arguments = parser.parse_args(argv)
    chosen = [one for one in MUTATIONS if _has_any(one, arguments.words)]
    pairs = [] if arguments.quick else sorted({(one.file, one.test) for one in chosen})
    with tempfile.TemporaryDirectory(prefix="mutations-") as folder:
        copies: SimpleQueue[Copy] = SimpleQueue()
        for number in range(arguments.jobs):
            copies.put(Copy(Path(folder, str(number))))

        def with_copy(work: Callable[[Copy], str], name: str) -> str:
            copy = copies.get()
            try:
                problem = work(copy)
            finally:
                copies.put(copy)
            print(f"{'PROBLEM' if problem else 'ok'} {name}", flush=True)
            return f"{name}\n  {problem}" if problem else ""

        with ThreadPoolExecutor(arguments.jobs) as pool:
            futures = [
                *(pool.submit(with_copy, *work) for work in _controls(pairs)),
                *(pool.submit(with_copy, *work) for work in _mutants(chosen)),
            ]
            problems = [problem for one in futures if (problem := one.result())]
    print(*problems, sep="\n")
    print(f"{len(chosen)} mutations, {len(pairs)} runs without one, {len(problems)} problems")
    return 1 if problems or not chosen else 0


def _controls(
    pairs: Sequence[tuple[str, str]],
) -> Iterator[tuple[Callable[[Copy], str], str]]:
    for file, test in pairs:
        yield (
            lambda copy, file=file, test=test: control(copy, file, test),  # type: ignore[misc]
            f"{test}, nothing mutated in {file}",
        )


def _mutants(chosen: Sequence[Mutation]) -> Iterator[tuple[Callable[[Copy], str], str]]:
    for one in chosen:
        yield (
            lambda copy, one=one: judged(copy, one),  # type: ignore[misc]
            f"{one.test}, {one.file}: {one.claim}",
        )


def _has_any(mutation: Mutation, words: Sequence[str]) -> bool:
    text = f"{mutation.claim} {mutation.test} {mutation.file}"
    return not words or any(word in text for word in words)


def _end_of(output: str) -> str:
    return "\n".join(f"    {line}" for line in output.splitlines()[-15:])


if __name__ == "__main__":
    sys.exit(main())
