"""The base of the HTTP servers on 127.0.0.1; each connection has a thread."""

from __future__ import annotations

import socketserver
import threading
from http.server import ThreadingHTTPServer


class LocalServer(ThreadingHTTPServer):
    """A threading server without the delays of the standard library's."""

    daemon_threads = True
    block_on_close = False
    # The standard library's 5 would refuse a test that starts many clients at once.
    request_queue_size = 128

    def server_bind(self) -> None:
        # HTTPServer's own method looks up the host's full name, which can take seconds.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", self.server_address[1]

    def start(self) -> None:
        """Accept connections in another thread."""
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Stop listening."""
        self.shutdown()
        self.server_close()


class Quiet:
    """A part of a request handler: connections stay open, and nothing is logged."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in http.server
        del format, args
