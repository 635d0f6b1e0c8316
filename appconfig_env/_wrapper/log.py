"""What a start says: lines on standard error, and to Lambda why it failed; names, never values."""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .._config.settings import Settings


class StartLog:
    """Lines on standard error, as text or as Lambda's JSON; from `settings` once they are known."""

    def __init__(self, environ: Mapping[str, str], say: Callable[[str], None]) -> None:
        self._json = environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"
        self._say = say
        self.settings: Settings | None = None

    def write(self, level: str, message: str) -> None:
        """Write one line, if its level is wanted."""
        if self.settings is not None and not self.settings.accepts(level):
            return
        line = "".join(sign if sign.isprintable() else "?" for sign in message)
        if self._json:
            from .._content import fast_json as json

            moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            self._say(json.dumps({
                "timestamp": moment,
                "level": level.upper(),
                "message": line,
                "logger": "appconfig_env",
            }))  # fmt: skip
        else:
            named = "" if level in ("info", "debug", "trace") else f"{level}: "
            self._say(f"appconfig-env: {named}{line}")


def to_stderr(line: str) -> None:
    """Write one line straight to the descriptor: what a buffer holds at exec is lost."""
    if sys.stderr is None:  # closed by the parent: 2 may be any file by now, even a connection
        return
    try:  # noqa: SIM105 - contextlib would cost 4 ms
        os.write(2, f"{line}\n".encode("utf-8", "replace"))
    except OSError:
        pass


def report_init_error(environ: Mapping[str, str], error: Exception) -> None:
    """Report a failed start to the Runtime API: so the function's caller learns the reason too.

    Source: Lambda Developer Guide, "Initialization error" of the runtime API.
    """
    address = environ.get("AWS_LAMBDA_RUNTIME_API")
    if not address:
        return
    import contextlib

    from .._content import fast_json as json
    from .._http.transport import Transport
    from .._http.url import Url

    kind = f"AppConfigEnv.{type(error).__name__}"
    body = {"errorMessage": str(error), "errorType": kind, "stackTrace": []}
    headers = {
        "host": address,
        "content-type": "application/json",
        "lambda-runtime-function-error-type": kind,
    }
    transport = Transport()
    # The log has said it already: whatever goes wrong here is nobody's concern.
    with contextlib.suppress(OSError, ValueError), contextlib.closing(transport):
        transport.send(
            Url(f"http://{address}"),
            "POST",
            "/2018-06-01/runtime/init/error",
            headers,
            json.dumps(body).encode(),
            timeout=1.0,
        )
