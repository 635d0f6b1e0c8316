"""TLS to a server that is always verified, by CPython's `_ssl` without the ssl module around it.

`import ssl` and `import socket` bring enum, selectors, base64 and others: 11 ms of a cold start,
where `_ssl` and `_socket` cost 4. What verifies is the same code in both: OpenSSL, set up in C.
Where `_ssl` is other than CPython 3.11 to 3.13 have it, or does not verify, ssl does the work.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _ssl
    from types import ModuleType
    from typing import Any

    from .sockets import Socket, Stream

native: ModuleType | None
try:
    import _ssl as native
except ImportError:
    native = None


class TlsStream:
    """One connection in TLS, with the methods of a socket that this package uses."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, context: _ssl._SSLContext, outer: Socket, host: str) -> None:
        if not host:  # as ssl refuses it: there would be no name to check
            raise ValueError("want the name of the server")
        self._outer = outer  # `_ssl` holds it by a weak reference only
        self._inner: Any = context._wrap_socket(  # type: ignore[attr-defined]  # noqa: SLF001 - as ssl does
            outer, server_side=False, server_hostname=host
        )
        self._inner.do_handshake()

    def settimeout(self, seconds: float) -> None:
        """Let each of the others wait so long."""
        self._outer.settimeout(seconds)

    def recv(self, most: int) -> bytes:
        """Some bytes, at least one; none where the other side has closed in order."""
        data: bytes = self._inner.read(most)
        return data

    def sendall(self, data: bytes) -> None:
        """Send all of it."""
        left = memoryview(data)
        while left:
            left = left[self._inner.write(left) :]

    def close(self) -> None:
        """Close it, whatever its entry."""
        self._outer.close()


def new_context(native: ModuleType | None = native) -> _ssl._SSLContext:
    """What verifies certificates and host names, TLS 1.2 or newer; it trusts nobody yet.

    Args:
        native: the C module; None for ssl itself.
    """
    try:
        # None has no such attribute either.
        context: _ssl._SSLContext = native._SSLContext(native.PROTOCOL_TLS_CLIENT)  # type: ignore[union-attr]  # noqa: SLF001
        context.minimum_version = native.PROTO_TLSv1_2  # type: ignore[union-attr]
        verifies = context.verify_mode == native.CERT_REQUIRED and context.check_hostname  # type: ignore[union-attr]
        if verifies and hasattr(context, "_wrap_socket"):
            return context
    except (AttributeError, TypeError):
        pass
    import ssl  # a Python that is not known pays for it

    public = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    public.minimum_version = ssl.TLSVersion.TLSv1_2
    return public


def start(context: _ssl._SSLContext, outer: Socket, host: str) -> Stream:
    """Go on in TLS with `host` on a connected socket.

    Raises:
        OSError: there is no TLS, or the certificate is not accepted (then with `verify_message`).
        ValueError: `host` can stand in no certificate.
    """
    if hasattr(context, "wrap_socket"):
        # Ragged ends count: a body without a length ends where TLS says so, or not at all.
        public: Stream = context.wrap_socket(
            outer, server_hostname=host, suppress_ragged_eofs=False
        )
        return public
    return TlsStream(context, outer, host)
