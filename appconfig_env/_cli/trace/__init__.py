"""The command's `trace`: runs one start with its clock on, draws it and says where the time went.

It knows nothing of AWS. No layer carries it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ..._config import settings as _settings
from ..._config.environ import LOG_LEVELS
from ..._wrapper.prefetch import can_take_over
from ...errors import AppConfigEnvError, SettingsError
from .span import Trace, from_told
from .svg import html, svg
from .text import ASCII, BLOCKS, LEAST_WIDTH, picture

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CHILD = Path(__file__).with_name("child.py")
DRAWN = {".svg": svg, ".html": html}
DESCRIPTION = """\
Make a cold start with this environment, executing nothing, and draw its waterfall: the interpreter,
imports, DNS, connect, TLS, each call, parse, render and write. It shows what the start waits for,
and which source holds it up: with env=no that one would not.
"""
EPILOG = """\
The calls are real: AppConfig bills each configuration received ($0.0008). The snapshot of other
starts is neither used nor touched, and nothing is told to Lambda. Not in the picture: the wrapper's
sh (about 1 ms), and what a function's own CPU share makes of it all. Names are shown, values never.
"""


class TraceError(AppConfigEnvError):
    """The start could not be traced at all."""


def record(environ: Mapping[str, str]) -> Trace:
    """Make a start with `environ` in a new process, and say what it did.

    Raises:
        TraceError: that process did not come to an end of its own.
    """
    awaited, left = _sources(environ)
    with tempfile.TemporaryDirectory(prefix="appconfig-env-trace-") as folder:
        given = _environ(environ, str(Path(folder, "snapshot.json")))
        reading, writing = os.pipe()
        with open(reading, encoding="ascii") as pipe:
            # As the wrapper's sh starts it.
            command = [sys.executable, "-I", "-S", str(CHILD), str(writing)]
            try:
                spawned_ns = time.monotonic_ns()
                process = subprocess.Popen(  # noqa: S603 # nosec B603 # our own interpreter and file
                    command, env=given, pass_fds=[writing], stdout=subprocess.DEVNULL
                )
            finally:
                os.close(writing)
            with process:
                text = pipe.readline()
    if not text:
        raise TraceError(f"the traced process ended with {process.returncode} and told nothing")
    trace = from_told(json.loads(text), spawned_ns, awaited, left)
    return trace._replace(can_overlap=can_take_over([sys.executable], environ))


def _environ(environ: Mapping[str, str], snapshot: str) -> dict[str, str]:
    """What the traced process is given: its own snapshot, nobody to tell, errors to be said."""
    given = dict(environ)
    given[_settings.PREFIX + "SNAPSHOT"] = snapshot
    given.pop("AWS_LAMBDA_RUNTIME_API", None)
    given.pop("AWS_LAMBDA_LOG_FORMAT", None)
    level = _settings.AWS_PREFIX + "LOG_LEVEL"
    if given.get(level, "").lower() in LOG_LEVELS[LOG_LEVELS.index("error") :]:
        given[level] = "error"
    return given


def _sources(environ: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """What is read for the environment, and what for `get()` alone."""
    try:
        resources = _settings.from_environ(environ).resources()
    except SettingsError:
        return [], []  # the start says it
    awaited = [text for text, sources in resources.items() if any(one.env for one in sources)]
    return awaited, [text for text in resources if text not in awaited]


def main(argv: Sequence[str] | None = None) -> int:
    """Trace a start as the command line says; the exit code."""
    parser = argparse.ArgumentParser(
        prog="appconfig-env trace", description=DESCRIPTION, epilog=EPILOG
    )
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="a picture to write: .svg, or .html to hold it"
    )
    parser.add_argument(
        "--width",
        type=int,
        metavar="COLUMNS",
        help="of the text (default: the terminal's, else 100)",
    )
    arguments = parser.parse_args(argv)
    output: Path | None = arguments.output
    if output is not None and output.suffix not in DRAWN:
        parser.error(f"--output: want a name that ends in .svg or .html, got {output.name!r}")
    if output is not None and not output.parent.is_dir():  # before calls that cost something
        parser.error(f"--output: there is no folder {str(output.parent)!r}")
    width: int | None = arguments.width
    if width is None:
        width = max(LEAST_WIDTH, shutil.get_terminal_size((100, 24)).columns)
    if width < LEAST_WIDTH:
        parser.error(f"--width: want at least {LEAST_WIDTH} columns, got {width}")
    try:
        trace = record(os.environ)
        _show(trace, width)
        if output is not None:
            output.write_text(DRAWN[output.suffix](trace), encoding="utf-8")
            sys.stdout.write(f"written to {output}\n")
    except (TraceError, OSError) as error:
        sys.stderr.write(f"appconfig-env trace: {error}\n")
        return 1
    return 0 if trace.succeeded else 1


def _show(trace: Trace, width: int) -> None:
    encoding = sys.stdout.encoding or "ascii"
    try:
        "".join(BLOCKS).encode(encoding)
    except UnicodeEncodeError:
        text = picture(trace, width, ASCII)
    else:
        text = picture(trace, width, BLOCKS)
    sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
