"""Two profiles and twenty parameters: the cell that is measured best, and what stands beside it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import botocore

from . import layers
from .contenders import BOTO3_NO_GARBAGE, CONTENDERS, PROGRAM, Cell
from .starts import Start

if TYPE_CHECKING:
    from .server import Counts
    from .starts import Bench

CELL = Cell()


class Headline(NamedTuple):
    """What it gave.

    Attributes:
        times: milliseconds, one for each round: of every contender by its key, and of `direct` (the
            command itself), `idle` (ours with nothing to read), `boto3_no_garbage` (with the
            collector off), `layer` (ours out of a layer, as Lambda unpacks it), and with
            `_trusting` some with a trust store of the usual size, such as a function without
            AWS_CA_BUNDLE has. `layer_trusting` is exactly that function: AWS_CA_BUNDLE is not set,
            the layer's own directory has the server's authority, the system's store stands behind.
        counts: what one start of each contender asks the server for.
        variables: how many all of them set, to the same values.
        modules, idle_modules: how many modules ours imports beyond those of a bare interpreter,
            with something to read and without.
    """

    times: dict[str, list[float]]
    counts: dict[str, Counts]
    variables: int
    modules: int
    idle_modules: int


def measure(bench: Bench, rounds: int) -> Headline:
    """All of it, in turns.

    Raises:
        RuntimeError: one failed, or they did not all set the same variables.
    """
    environ = bench.serve(CELL)
    variables, counts = bench.agreed(CONTENDERS, environ)
    modules, idle_modules = _modules(environ), _modules(bench.environ)
    bench.forget()
    trust_store = bench.folder / "trust.pem"
    usual = Path(botocore.__file__).parent / "cacert.pem"
    trust_store.write_bytes(usual.read_bytes() + Path(bench.server.ca_file).read_bytes())
    trusting = {**environ, "AWS_CA_BUNDLE": str(trust_store)}
    function = {name: value for name, value in environ.items() if name != "AWS_CA_BUNDLE"}
    layer = layers.unpacked(bench.folder / "opt", bench.server.ca_file)
    starts = {
        "direct": Start((), bench.environ),
        "idle": Start(CONTENDERS["ours"], bench.environ),
        **{name: Start(wrapper, environ) for name, wrapper in CONTENDERS.items()},
        "boto3_no_garbage": Start(BOTO3_NO_GARBAGE, environ),
        "ours_trusting": Start(CONTENDERS["ours"], trusting),
        "floor_trusting": Start(CONTENDERS["floor"], trusting),
        "boto3_trusting": Start(CONTENDERS["boto3"], trusting),
        "layer": Start((layer,), environ),
        "layer_trusting": Start((layer,), function),
    }
    return Headline(bench.times(starts, rounds), counts, variables, modules, idle_modules)


def _modules(environ: dict[str, str]) -> int:
    """How many modules one start imports beyond those of a bare interpreter."""
    return _imported((PROGRAM, "/bin/true"), environ) - _imported(("-c", "pass"), environ)


def _imported(words: tuple[str, ...], environ: dict[str, str]) -> int:
    done = subprocess.run(
        (sys.executable, "-I", "-S", "-X", "importtime", *words),
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    return sum(line.startswith("import time:") for line in done.stderr.splitlines()) - 1
