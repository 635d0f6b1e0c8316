"""What a document costs a handler by its size and shape: processor time and memory."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

from appconfig_env._content.render import LARGE_BYTES
from tests.support.fake_aws import FakeAws
from tools import pictures
from tools.page import Figure, Findings, table
from tools.pictures import Curve, Panel

from .contenders import ROOT, WRAPPER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from .starts import Bench

PROGRAM = str(ROOT / "benchmarks" / "document_process.py")
NAMES = ("shop", "prod", "app")
REFERENCE = f"appconfig:{'/'.join(NAMES)}?env=no"
SIZES = (10_000, 100_000, 1_000_000, 4_000_000)  # bytes; AppConfig's largest has 4 MB
SHAPES: dict[str, Callable[[int], object]] = {
    "one string": lambda size: {"text": "x" * size},
    "feature flags": lambda size: {
        f"flag{number:05}": {"enabled": number % 2 == 0, "limit": number, "text": "abcdefgh"}
        for number in range(size // 70)
    },
    "short keys": lambda size: {f"key{number:06}": number for number in range(size // 21)},
    "nested lists": lambda size: {"rows": [[number, [number]] for number in range(size // 17)]},
}
STEPS = ("first", "unchanged", "changed")  # what is shown
POLLS = ("connect", "unchanged", "changed")  # what the handler waits for; the first one connects
SMALLEST_FUNCTION_MIB = 128
INTERVAL_SECONDS = 61.0


class Found(NamedTuple):
    """What one document takes: CPU milliseconds by step, and the process's peak in MiB."""

    shape: str
    size: int
    cpu_ms: Mapping[str, float]
    peak_mib: float

    @property
    def row(self) -> tuple[str, ...]:
        """Its row of the table."""
        times = (f"{self.cpu_ms[step]:.1f}" for step in STEPS)
        return self.shape, f"{self.size // 1000:,} kB", *times, f"{self.peak_mib:.0f}"


def measure(bench: Bench, rounds: int, sizes: Sequence[int] = SIZES) -> list[Found]:
    """Return it for each shape and size, as medians of the rounds."""
    cells = [(shape, size) for shape in SHAPES for size in sizes]
    found = []
    for shape, size in bench.each("document", cells):
        taken = [one_handler(bench.folder, shape, size) for _ in range(rounds)]
        cpu_ms = {step: 1000 * median(one[step] for one in taken) for step in STEPS}
        found.append(Found(shape, size, cpu_ms, median(one["peak"] for one in taken)))
    return found


def one_handler(folder: Path, shape: str, size: int) -> dict[str, Any]:
    """Return the seconds of each step and the peak of one handler, which the wrapper starts.

    Raises:
        RuntimeError: the handler did not see what was served.
    """
    with FakeAws() as aws:
        environ = {
            **aws.environ(),
            "PATH": "/usr/bin:/bin",
            "APPCONFIG_ENV_SOURCES": REFERENCE,
            "APPCONFIG_ENV_SNAPSHOT": str(folder / "documents.json"),
            "AWS_APPCONFIG_EXTENSION_LOG_LEVEL": "error",
        }
        put(aws, shape, size, 1)
        with subprocess.Popen(
            (WRAPPER, sys.executable, PROGRAM), env=environ, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        ) as handler:  # fmt: skip
            assert handler.stdin
            assert handler.stdout
            for step in POLLS:
                handler.stdout.readline()  # the step before has ended
                aws.forward(INTERVAL_SECONDS)
                if step == "changed":
                    put(aws, shape, size, 2)
                handler.stdin.write("go on\n")
                handler.stdin.flush()
            output = handler.stdout.read()
        if handler.returncode:
            raise RuntimeError(f"a handler with {size} bytes of {shape} failed")
        received = aws.received["/".join(NAMES)]
    found: dict[str, Any] = json.loads(output)
    if received != 2 or found["versions"] != ["1", "2"]:
        raise RuntimeError(f"expected two documents, got {received}: {found['versions']}")
    return found


def put(aws: FakeAws, shape: str, size: int, version: int) -> None:
    """Deploy a document; the next one differs in one member."""
    content = SHAPES[shape](size)
    assert isinstance(content, dict)
    aws.put_profile(*NAMES, {**content, "version": str(version)})


def part(found: Sequence[Found]) -> Findings:
    """Return its figures and its part of the page."""
    polls = [one.cpu_ms["unchanged"] for one in found]
    peak = max(one.peak_mib for one in found)
    figures = [
        Figure("a poll without news, of the costliest document to the cheapest",
               max(polls) / min(polls), "x", 2),
        Figure("peak of a handler with 4 MB, in the costliest shape", peak, "MiB",
               SMALLEST_FUNCTION_MIB),
    ]  # fmt: skip
    head = ("shape", "size", "first read, ms", "poll without news, ms", "new document, ms",
            "peak, MiB")  # fmt: skip
    sizes = sorted({one.size for one in found})
    curves = [
        Curve(shape, [size / 1e6 for size in sizes],
              [one.cpu_ms["changed"] for one in found if one.shape == shape])
        for shape in SHAPES
    ]  # fmt: skip
    panel = Panel(
        "a refresh with a new document", curves, "MB", "CPU, ms", [s / 1e6 for s in sizes]
    )
    marked = {
        "documents": table(head, [one.row for one in found]),
        "documents-large": f"{LARGE_BYTES // 1024} kB",
    }
    return Findings(marked, {"documents": partial(pictures.curves, [panel], 1)}, figures)
