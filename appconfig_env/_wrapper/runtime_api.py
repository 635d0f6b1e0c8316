"""A client of Lambda's Runtime API for reporting that startup failed."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def report_init_error(environ: Mapping[str, str], error: Exception) -> None:
    """Report that startup failed, so that the function's caller gets the reason too.

    Source: Lambda Developer Guide, "Initialization error" of the Runtime API.
    """
    address = environ.get("AWS_LAMBDA_RUNTIME_API")
    if not address:
        return
    import contextlib  # 4 ms

    # Only a startup that fails pays for these, and for contextlib.
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
    # The log has the error already, so a failed report changes nothing.
    with contextlib.suppress(OSError, ValueError), contextlib.closing(transport):
        transport.send(
            Url(f"http://{address}"),
            "POST",
            "/2018-06-01/runtime/init/error",
            headers,
            json.dumps(body).encode(),
            timeout=1.0,
        )
