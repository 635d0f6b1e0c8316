"""URLs in parts, and paths below them; pure."""

from __future__ import annotations

from .percent import decode


class Url:
    """An `http` or `https` URL in parts.

    Attributes:
        scheme: `http` or `https`.
        user, password: decoded; empty where there are none.
        host: without brackets.
        port: the scheme's own where none is given.
        path, query: encoded, as they were given; empty where there are none.
    """

    __slots__ = ("host", "password", "path", "port", "query", "scheme", "user")

    def __init__(self, text: str) -> None:
        """Take `text` apart; a ValueError, which does not repeat it, says that it is no URL."""
        scheme, separator, rest = text.partition("://")
        self.scheme = scheme.lower()
        if not separator or self.scheme not in ("http", "https"):
            raise ValueError("want http:// or https:// at the start")
        if not (text.isascii() and text.isprintable()) or any(sign in text for sign in ' \\"<>#'):
            raise ValueError("want a URL without spaces and other signs that URLs encode")
        rest, _, self.query = rest.partition("?")
        authority, slash, path = rest.partition("/")
        self.path = slash + path
        userinfo, _, address = authority.rpartition("@")
        user, _, password = userinfo.partition(":")
        self.user, self.password = decode(user), decode(password)
        self.host, port = _host_and_port(address)
        if not self.host:
            raise ValueError("want a host after ://")
        if port and not (port.isdigit() and int(port) < 65536):
            raise ValueError("want a port from 0 to 65535 after the host")
        self.port = int(port or self._own_port())

    @property
    def bracketed(self) -> str:
        """The host as it stands in URLs and headers."""
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def authority(self) -> str:
        """The Host header: the port only where it is not the scheme's own."""
        return self.bracketed if self.port == self._own_port() else f"{self.bracketed}:{self.port}"

    def join(self, path: str) -> str:
        """The path of an API's `path` below this URL, as botocore joins them."""
        if path == "/":
            return self.path or "/"
        return self.path.removesuffix("/") + path

    def _own_port(self) -> int:
        return 443 if self.scheme == "https" else 80

    def __repr__(self) -> str:
        return f"<Url {self.scheme}://{self.bracketed}:{self.port}{self.path}>"


def _host_and_port(address: str) -> tuple[str, str]:
    if address.startswith("["):  # IPv6
        host, bracket, after = address[1:].partition("]")
        if not bracket or after[:1] not in ("", ":"):
            raise ValueError("want ] after an IPv6 address")
        return host, after[1:]
    host, _, port = address.partition(":")
    if any(sign in host for sign in "[]%"):  # which others would read as another host
        raise ValueError("want a host after ://")
    return host, port
