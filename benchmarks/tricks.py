"""What each trick brings: the same start with and without it, in turns; and `get` as a method.

A trick is what the code does otherwise than one would write it at first, to be faster. A start is
made without one by what stands before the wrapper's program: a module that it avoids is imported,
and where C's module stands in for a public one that is hidden, so that the wrapper falls back.
"""

from __future__ import annotations

import shutil
import sys
import time
import timeit
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from appconfig_env._helper.fast_path import View

from . import counts, layers
from .contenders import ROOT, Cell
from .starts import Start

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .starts import Bench

CELL = Cell()
# As __main__.py does it, which stands there too.
PROGRAM = """
import sys
{before}
sys.path.insert(0, {root!r})
from appconfig_env import _late_site
from appconfig_env._cli.main import main
{between}
_late_site.install()
raise SystemExit(main())
"""
NO_GARBAGE = "import gc; gc.disable()"
PUBLIC_TLS = "import socket, ssl; sys.modules['_ssl'] = None"
PUBLIC_JSON = "import json; sys.modules['_json'] = None"
PUBLIC_THREADS = "import signal, threading"
CODEC = "import encodings.idna"
PUBLIC = f"{PUBLIC_TLS}\n{PUBLIC_JSON}\n{PUBLIC_THREADS}\n{CODEC}"
READ_ONLY = "sys.dont_write_bytecode = True"  # as a layer is
NO_ROOTS_FIRST = "from appconfig_env._http import trust_store; trust_store.AMAZON = ()"
NO_ANCHORS = "from appconfig_env._http import trust_store; trust_store.ANCHORS = '/nowhere'"


class Way(NamedTuple):
    """One way to start.

    Attributes:
        before: what runs first, with `sys` imported.
        between: what runs once the package can be imported.
        flags: the interpreter's.
        collects: whether garbage is collected.
        root: where the package is: "checkout", or a layer with a "bundle" of byte code, with a file
            for each module's ("files"), or with "sources" only.
        trusts: "one" certificate, a whole "store" in a file, a hashed "directory", or, without any
            variable that names one, the layer's "anchors".
    """

    before: str = ""
    between: str = ""
    flags: tuple[str, ...] = ("-I", "-S")
    collects: bool = False
    root: str = "checkout"
    trusts: str = "one"


AS_IT_IS = Way()
TRUSTING = Way(trusts="store")
LAYER = Way(root="bundle")
# The start with the trick and the one without.
TRICKS: dict[str, tuple[Way, Way]] = {
    "`_ssl` and `_socket` for ssl and socket": (AS_IT_IS, Way(PUBLIC_TLS)),
    "`_json` for json": (AS_IT_IS, Way(PUBLIC_JSON)),
    "`_thread` and `_signal` for threading and signal": (AS_IT_IS, Way(PUBLIC_THREADS)),
    "host names as bytes, without their codec": (AS_IT_IS, Way(CODEC)),
    "these four together": (AS_IT_IS, Way(PUBLIC)),
    "garbage not collected": (AS_IT_IS, Way(collects=True)),
    "no site-packages (`-S`)": (AS_IT_IS, Way(flags=("-I",))),
    "whole trust store: Amazon's roots first": (
        TRUSTING,
        TRUSTING._replace(between=NO_ROOTS_FIRST),
    ),
    "the same, beside a hashed directory": (
        TRUSTING,
        Way(trusts="directory", between=NO_ROOTS_FIRST),
    ),
    "layer: AWS's roots in a hashed directory": (
        LAYER._replace(trusts="anchors"),
        LAYER._replace(trusts="store", between=NO_ANCHORS),
    ),
    "layer: byte code in one file, not one each": (LAYER, LAYER._replace(root="files")),
    "layer: byte code at all": (LAYER, Way(READ_ONLY, root="sources")),
}


class Brought(NamedTuple):
    """What one trick brings.

    Attributes:
        name: of the trick.
        saved: milliseconds that a start without it takes longer, one for each round.
        instructions: how many millions it executes more; None where nobody counts them.
    """

    name: str
    saved: list[float]
    instructions: float | None


class Reads(NamedTuple):
    """Microseconds for one fresh value: by `get` as it is, and as a method of an object."""

    closure: float
    method: float


def measure(bench: Bench, rounds: int, names: tuple[str, ...] = tuple(TRICKS)) -> list[Brought]:
    """The tricks of these names, all starts in turns."""
    environs = _environs(bench)
    tricks = {name: TRICKS[name] for name in names}
    ways = dict.fromkeys(way for pair in tricks.values() for way in pair)
    roots = _roots(bench.folder, bench.server.ca_file)
    starts = {repr(way): Start(command(way, roots), environs[way.trusts]) for way in ways}
    bench.times(starts, 1)  # compiles
    times = bench.times(starts, rounds)
    executed = {key: _instructions(bench, start) for key, start in starts.items()}
    found = []
    for name, pair in tricks.items():
        fast, slow = map(repr, pair)
        saved = [after - before for after, before in zip(times[slow], times[fast], strict=True)]
        less, more = executed[fast], executed[slow]
        counted = None if less is None or more is None else more - less
        found.append(Brought(name, saved, counted))
    return found


def command(way: Way, roots: Mapping[str, str]) -> tuple[str, ...]:
    """The wrapper's command line."""
    before = way.before if way.collects else f"{NO_GARBAGE}\n{way.before}"
    program = PROGRAM.format(before=before, between=way.between, root=roots[way.root])
    return (sys.executable, *way.flags, "-c", program)


def _environs(bench: Bench) -> dict[str, dict[str, str]]:
    """By whom they trust."""
    import botocore  # for its trust store

    environ = bench.serve(CELL)
    own = Path(bench.server.ca_file)
    store = bench.folder / "tricks.pem"
    store.write_bytes((Path(botocore.__file__).parent / "cacert.pem").read_bytes())
    store.write_bytes(store.read_bytes() + own.read_bytes())
    directory = bench.folder / "hashed"
    layers.trust(bench.server.ca_file, directory)  # the others would never be looked at
    named = {"SSL_CERT_DIR": str(directory), "SSL_CERT_FILE": "/nowhere"}
    function = {name: value for name, value in environ.items() if name != "AWS_CA_BUNDLE"}
    return {
        "one": environ,
        "store": {**environ, "AWS_CA_BUNDLE": str(store)},
        "directory": {**function, **named},
        "anchors": function,
    }


def _roots(folder: Path, ca_file: str) -> dict[str, str]:
    """The folder that holds the package, by where it is."""
    roots = {"checkout": str(ROOT)}
    for name in ("bundle", "files", "sources"):
        layers.unpacked(folder / name, ca_file)
        package = folder / name / layers.PACKAGE
        roots[name] = str(package.parent)
        if name != "bundle":
            shutil.rmtree(package / "__pycache__")
            first = package / "__init__.py"
            first.write_text(first.read_text().partition("\n")[2])  # what finds bundles
    return roots


def _instructions(bench: Bench, start: Start) -> float | None:
    """Millions until it becomes the command."""
    if not shutil.which("valgrind"):
        return None
    executed = counts.by_valgrind(start.wrapper, {**start.environ, **counts.PATIENT}, bench.folder)
    bench.forget()
    return executed / 1e6


class Method:
    """`get` as one would write it at first: a method, which reads an attribute."""

    def __init__(self, clock: Callable[[], float], values: dict[str, str]) -> None:
        self._clock = clock
        self._seen = (0.0, float("inf"), values)

    def get(self, name: str, default: Any = None, *, type: Any = None) -> Any:  # noqa: A002 - as ours
        """The value of `name`."""
        since, until, values = self._seen
        if not since <= self._clock() < until:
            raise RuntimeError("what is fresh for ever is due")
        value = values.get(name)
        if value is None:
            return default
        return value if type is None else type(value)


def reads(repeats: int, loops: int = 20_000) -> Reads:
    """Both ways in turns, the best of the repeats."""
    values = {"DB_HOST": "localhost"}
    view = View(time.time, lambda name, _default, _type: name)
    view.show((0.0, float("inf"), values))
    ways = {"closure": view.get, "method": Method(time.time, values).get}
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(repeats):
        for name, get in ways.items():
            seconds = timeit.timeit("get('DB_HOST')", globals={"get": get}, number=loops)
            best[name] = min(best[name], 1e6 * seconds / loops)
    return Reads(**best)
