"""Third-party servers (moto, ministack), and a small recording forward proxy."""

from __future__ import annotations

import http.client
import os
import select
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, NamedTuple, Self
from urllib.parse import urlsplit

from .local_server import LocalServer, Quiet
from .ports import HOST, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

START_SECONDS = 120  # moto takes three seconds of an idle machine


def post(url: str, path: str) -> int:
    """Send an empty POST, ignoring proxy variables, and return the status."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=START_SECONDS)
    try:
        connection.request("POST", path)
        return connection.getresponse().status
    finally:
        connection.close()


@contextmanager
def serving(command: list[str], port: int, environ: Mapping[str, str]) -> Iterator[str]:
    """Run a server until the block ends; wait until it listens."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    process = subprocess.Popen(
        command,
        env={**kept, **environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + START_SECONDS
        while True:
            with socket.socket() as probe:
                if probe.connect_ex((HOST, port)) == 0:
                    break
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{' '.join(command)} does not listen: {process.returncode}")
            time.sleep(0.05)
        yield f"http://{HOST}:{port}"
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def moto() -> Iterator[str]:
    """Run moto's server, and return its URL."""
    port = free_port()
    command = [sys.executable, "-c", "from moto.server import main; main()"]
    with serving([*command, "-H", HOST, "-p", str(port)], port, {}) as url:
        yield url


@contextmanager
def ministack() -> Iterator[str]:
    """Run ministack, and return its URL."""
    port = free_port()
    environ = {"BIND_HOST": HOST, "GATEWAY_PORT": str(port)}
    with serving([sys.executable, "-m", "ministack"], port, environ) as url:
        yield url


class Proxied(NamedTuple):
    """One request that the proxy received; header names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    status: int


class Proxy:
    """A forward proxy: CONNECT for https, absolute-form requests for http."""

    def __init__(self, *, require: tuple[str, str] | None = None) -> None:
        """Listen; requests without the header `require` are answered with 407."""
        self.require = require
        self.requests: list[Proxied] = []
        self._server = _Server((HOST, 0), _Handler)
        self._server.proxy = self
        self.url = f"http://{HOST}:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()


class _Server(LocalServer):
    proxy: Proxy


class _Handler(Quiet, BaseHTTPRequestHandler):
    server: _Server

    def do_CONNECT(self) -> None:
        if not self.admit():
            return
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port)), timeout=10) as far:
            self.send_response(200, "Connection established")
            self.end_headers()
            _pump(self.connection, far)
        self.close_connection = True

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if not self.admit():
            return
        parts = urlsplit(self.path)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        far = http.client.HTTPConnection(parts.netloc, timeout=30)
        try:
            # Unchanged: a proxy that changed Host or the query would break the signature.
            far.putrequest(self.command, path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if not name.lower().startswith("proxy-"):
                    far.putheader(name, value)
            far.endheaders(body)
            response = far.getresponse()
            content = response.read()
        finally:
            far.close()
        self.send_response_only(response.status, response.reason)
        for name, value in response.getheaders():
            if name.lower() not in {"connection", "content-length", "transfer-encoding"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_PUT = do_DELETE = do_HEAD = do_GET  # noqa: N815 - http.server's names

    def admit(self) -> bool:
        headers = {name.lower(): value for name, value in self.headers.items()}
        required = self.server.proxy.require
        admitted = required is None or headers.get(required[0].lower()) == required[1]
        status = 200 if admitted else 407
        self.server.proxy.requests.append(Proxied(self.command, self.path, headers, status))
        if not admitted:
            self.close_connection = True
            self.send_response(407)
            self.send_header("Content-Length", "0")
            self.send_header("Connection", "close")
            self.end_headers()
        return admitted


def _pump(near: socket.socket, far: socket.socket) -> None:
    """Copy bytes both ways until one side closes."""
    other = {near: far, far: near}
    while True:
        readable, _, _ = select.select([near, far], [], [], 60)
        if not readable:
            return
        for one in readable:
            try:
                data = one.recv(65536)
                other[one].sendall(data)
            except OSError:
                return
            if not data:
                return
