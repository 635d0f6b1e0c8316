"""The command `trace`: times one cold start, and draws its waterfall.

Knows nothing of AWS. Not in the layer.
"""

from __future__ import annotations

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
from ..arguments import Parser, add_json_option, write_json
from .span import Trace, clean, from_recording
from .svg import html, svg
from .text import ASCII, BLOCKS, LEAST_WIDTH, picture

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CHILD = Path(__file__).with_name("child.py")
FORMATS = {".svg": svg, ".html": html}
DESCRIPTION = """\
Run a cold start with this environment, without executing a command, and draw its waterfall:
interpreter, imports, DNS, connect, TLS, each call, parse, render and write. It shows what startup
waits for, and which source delays it most: mark that source env=no to load it in the background.
"""
EPILOG = """\
The calls are real: AppConfig bills each configuration received ($0.0008). The configured snapshot
file is neither used nor changed, and nothing is reported to Lambda. Not included: the wrapper's sh
(about 1 ms), and the effect of a function's CPU share. Names are shown, values never.
"""


class TraceError(AppConfigEnvError):
    """The cold start could not be traced."""


def record(environ: Mapping[str, str]) -> Trace:
    """Run a cold start with `environ` in a new process, and return its trace.

    Raises:
        TraceError: the process returned no trace.
    """
    awaited, deferred = _sources(environ)
    with tempfile.TemporaryDirectory(prefix="appconfig-env-trace-") as folder:
        child_environ = _environ(environ, str(Path(folder, "snapshot.json")))
        reading, writing = os.pipe()
        with open(reading, encoding="ascii") as pipe:
            # Like the wrapper's sh.
            command = [sys.executable, "-I", "-S", str(CHILD), str(writing)]
            try:
                spawned_ns = time.monotonic_ns()
                process = subprocess.Popen(  # noqa: S603 # nosec B603 # our own interpreter and file
                    command, env=child_environ, pass_fds=[writing], stdout=subprocess.DEVNULL
                )
            finally:
                os.close(writing)
            with process:
                text = pipe.readline()
    if not text:
        raise TraceError(
            f"the traced process exited with {process.returncode} without a trace; "
            "see its log, or report it as a bug of appconfig-env"
        )
    trace = from_recording(json.loads(text), spawned_ns, awaited, deferred)
    return trace._replace(can_defer=can_take_over([sys.executable], environ))


def _environ(environ: Mapping[str, str], snapshot: str) -> dict[str, str]:
    """The traced process's environment: own snapshot file, no runtime API, errors logged."""
    child_environ = dict(environ)
    child_environ[_settings.PREFIX + "SNAPSHOT"] = snapshot
    child_environ.pop("AWS_LAMBDA_RUNTIME_API", None)
    child_environ.pop("AWS_LAMBDA_LOG_FORMAT", None)
    child_environ.pop(_settings.PREFIX + "NEXT_WRAPPER", None)  # nothing is executed
    level = _settings.AWS_PREFIX + "LOG_LEVEL"
    if child_environ.get(level, "").lower() in LOG_LEVELS[LOG_LEVELS.index("error") :]:
        child_environ[level] = "error"
    return child_environ


def _sources(environ: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """The references of the resources that startup waits for, and of the deferred ones."""
    try:
        resources = _settings.from_environ(environ).resources()
    except SettingsError:
        return [], []  # the traced process logs it
    awaited = [
        reference for reference, sources in resources.items() if any(one.env for one in sources)
    ]
    return awaited, [reference for reference in resources if reference not in awaited]


def make_parser() -> Parser:
    """Return the parser of the options."""
    parser = Parser(prog="appconfig-env trace", description=DESCRIPTION, epilog=EPILOG)
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="also write the waterfall as .svg or .html"
    )
    parser.add_argument(
        "--width",
        type=int,
        metavar="COLUMNS",
        help="width of the text (default: the terminal's, else 100)",
    )
    add_json_option(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Trace a cold start as the command line specifies; return the exit code."""
    parser = make_parser()
    arguments = parser.parse_args(argv)
    output: Path | None = arguments.output
    if output is not None and output.suffix not in FORMATS:
        parser.error(
            f"--output: expected a name ending in .svg or .html, got {output.name!r}", "rename it"
        )
    if output is not None and not output.parent.is_dir():  # before any call that AWS bills
        parser.error(f"--output: folder {str(output.parent)!r} does not exist", "create it")
    width: int | None = arguments.width
    if width is None:
        width = max(LEAST_WIDTH, shutil.get_terminal_size((100, 24)).columns)
    if width < LEAST_WIDTH:
        parser.error(f"--width: expected at least {LEAST_WIDTH} columns, got {width}", "widen it")
    try:
        trace = record(os.environ)
    except (TraceError, OSError) as error:
        return _fail(str(error))
    if arguments.as_json:
        write_json(data(trace))
    else:
        _show(trace, width)
    if output is not None:
        try:
            output.write_text(FORMATS[output.suffix](trace), encoding="utf-8")
        except OSError as error:
            reason = error.strerror or type(error).__name__
            return _fail(f"cannot write {output} ({reason}); pass another --output")
        if not arguments.as_json:
            sys.stdout.write(f"written to {output}\n")
    return 0 if trace.succeeded else 1


def data(trace: Trace) -> dict[str, object]:
    """Return what JSON has of a trace."""
    return {
        "total_ms": trace.total,
        "succeeded": trace.succeeded,
        "spans": [
            {
                "kind": span.kind,
                "names": [clean(name) for name in span.names],
                "began_ms": span.began,
                "ended_ms": span.ended,
                "thread": span.thread,
                "failed": span.failed,
            }
            for span in trace.spans
        ],
        "awaited": list(trace.awaited),
        "deferred": list(trace.deferred),
        "log": list(trace.lines),
    }


def _fail(message: str) -> int:
    sys.stderr.write(f"appconfig-env: error: {message}\n")
    return 1


def _show(trace: Trace, width: int) -> None:
    encoding = sys.stdout.encoding or "ascii"
    try:
        "".join(BLOCKS).encode(encoding)
    except UnicodeEncodeError:
        text = picture(trace, width, ASCII)
    else:
        text = picture(trace, width, BLOCKS)
    sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
