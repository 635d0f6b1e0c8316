"""A fake of AWS's own agent on 127.0.0.1: what its documentation says of one flag of a profile."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from .local_server import LocalServer, Quiet

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    Flag = Callable[[dict[str, str]], dict[str, Any]]


class FakeAgent(LocalServer):
    """The agent.

    Attributes:
        flags: by profile (`shop/prod/flags`) and key; each returns the flag for a context.
        response: what is answered instead, as status and body; None for flags.
        requests: the path, and the headers by their names in lower case, of each request.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.flags: dict[tuple[str, str], Flag] = {}
        self.response: tuple[int, bytes] | None = None
        self.requests: list[tuple[str, dict[str, str]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


class _Handler(Quiet, BaseHTTPRequestHandler):
    server: FakeAgent

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.requests.append((self.path, headers))
        status, body = self.server.response or self._flag(headers.get("context", ""))
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Configuration-Version", "7")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _flag(self, context: str) -> tuple[int, bytes]:
        parts = urlsplit(self.path)
        _, _, application, _, environment, _, profile = parts.path.split("/")
        (name,) = parse_qs(parts.query)["flag"]
        found = self.server.flags.get(
            ("/".join(map(unquote, (application, environment, profile))), name)
        )
        if found is None:
            return 404, b"Not Found"
        pairs = [pair.partition("=")[::2] for pair in context.split(",") if pair]
        return 200, json.dumps(found(dict(pairs))).encode()
