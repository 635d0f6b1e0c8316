"""The wrapper's log: lines on standard error, as text or JSON; names, never values."""

from __future__ import annotations

import posix  # os itself costs a cold start 1.5 ms
import sys
import time

from .._config.wording import one_line, one_line_each

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .._config.settings import Settings


class StartLog:
    """Writes lines as text or as Lambda's JSON.

    Attributes:
        settings: their log level filters lines; None, until they are known, filters nothing.
    """

    def __init__(self, environ: Mapping[str, str], write: Callable[[str], None]) -> None:
        self._json = environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"
        self._write = write
        self.settings: Settings | None = None

    def fail(
        self, message: str, level: str = "error", fields: Mapping[str, object] | None = None
    ) -> None:
        """Write why startup fails, whatever the log level: nothing else would tell."""
        self.settings = None
        self.write(level, message, fields)

    def write(self, level: str, message: str, fields: Mapping[str, object] | None = None) -> None:
        """Write one line, if its level is logged.

        Args:
            level: one of LOG_LEVELS.
            message: what to write.
            fields: what JSON has in addition, as data; the message has it as text.
        """
        if self.settings is not None and not self.settings.accepts(level):
            return
        line = one_line(message)
        if self._json:
            from .._content import fast_json as json  # only a log in JSON pays for it

            moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            self._write(json.dumps({
                "timestamp": moment,
                "level": level.upper(),
                "message": line,
                "logger": "appconfig_env",
                **one_line_each(fields or {}),
            }))  # fmt: skip
        else:
            named = "" if level in ("info", "debug", "trace") else f"{level}: "
            self._write(f"appconfig-env: {named}{line}")


def to_stderr(line: str) -> None:
    """Write one line to the descriptor itself, because exec discards buffers."""
    if sys.stderr is None:  # closed by the parent: 2 may be another file, even a connection
        return
    try:  # noqa: SIM105 - contextlib would cost 4 ms
        posix.write(2, f"{line}\n".encode("utf-8", "replace"))
    except OSError:
        pass
