"""Parses URLs, and joins paths to them; pure."""

from __future__ import annotations

from .percent import decode


class Url:
    """A parsed `http` or `https` URL.

    Attributes:
        scheme: `http` or `https`.
        user, password: decoded; empty if absent.
        host: without brackets.
        port: the scheme's default if absent.
        path, query: encoded as in the URL; empty if absent.
    """

    __slots__ = ("host", "password", "path", "port", "query", "scheme", "user")

    def __init__(self, text: str) -> None:
        """Parse `text`; raise a ValueError, which does not repeat it, if it is not a URL."""
        scheme, separator, rest = text.partition("://")
        self.scheme = scheme.lower()
        if not separator or self.scheme not in ("http", "https"):
            raise ValueError("expected http:// or https:// at the start")
        if not (text.isascii() and text.isprintable()) or any(char in text for char in ' \\"<>#'):
            raise ValueError("expected a URL whose special characters are percent-encoded")
        rest, _, self.query = rest.partition("?")
        authority, slash, path = rest.partition("/")
        self.path = slash + path
        userinfo, _, address = authority.rpartition("@")
        user, _, password = userinfo.partition(":")
        self.user, self.password = decode(user), decode(password)
        self.host, port = _host_and_port(address)
        if not self.host:
            raise ValueError("expected a host after ://")
        if port and not (port.isdigit() and int(port) < 65536):
            raise ValueError("expected a port from 0 to 65535 after the host")
        self.port = int(port or self._default_port())

    @property
    def bracketed(self) -> str:
        """The host as written in URLs and headers: IPv6 addresses in brackets."""
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def authority(self) -> str:
        """The Host header: with the port unless it is the scheme's default."""
        is_default = self.port == self._default_port()
        return self.bracketed if is_default else f"{self.bracketed}:{self.port}"

    def join(self, path: str) -> str:
        """Join an API's `path` to this URL's, as botocore does."""
        if path == "/":
            return self.path or "/"
        return self.path.removesuffix("/") + path

    def _default_port(self) -> int:
        return 443 if self.scheme == "https" else 80

    def __repr__(self) -> str:
        return f"<Url {self.scheme}://{self.bracketed}:{self.port}{self.path}>"


def _host_and_port(address: str) -> tuple[str, str]:
    if address.startswith("["):  # IPv6
        host, bracket, after = address[1:].partition("]")
        if not bracket or after[:1] not in ("", ":"):
            raise ValueError("expected ] after an IPv6 address")
        return host, after[1:]
    host, _, port = address.partition(":")
    if any(char in host for char in "[]%"):  # other parsers could read another host
        raise ValueError("expected a host after ://")
    return host, port
