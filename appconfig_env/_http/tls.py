"""TLS that always verifies the server, with CPython's `_ssl` instead of the ssl module.

`import ssl` and `import socket` load enum, selectors, base64 and others: 11 ms of a cold start;
`_ssl` and `_socket` take 4. Both verify with the same code: OpenSSL, configured in C. If `_ssl`
differs from that of CPython 3.11 to 3.15, or does not verify, ssl does the work.
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
    """One TLS connection, with the methods of a socket that this package uses."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, context: _ssl._SSLContext, outer: Socket, host: str) -> None:
        self._outer = outer  # `_ssl` keeps only a weak reference
        self._inner: Any = context._wrap_socket(  # type: ignore[attr-defined]  # noqa: SLF001 - as ssl does
            outer, server_side=False, server_hostname=host
        )
        self._inner.do_handshake()

    def settimeout(self, seconds: float) -> None:
        """Set how long each other method may wait."""
        self._outer.settimeout(seconds)

    def recv(self, most: int) -> bytes:
        """Receive at least one byte; empty if the peer has closed TLS properly."""
        data: bytes = self._inner.read(most)
        return data

    def sendall(self, data: bytes) -> None:
        """Send all of `data`."""
        left = memoryview(data)
        while left:
            left = left[self._inner.write(left) :]

    def close(self) -> None:
        """Close it; idempotent."""
        self._outer.close()


def new_context(native: ModuleType | None = native) -> _ssl._SSLContext:
    """Return a context that verifies certificates and host names; it has no trust anchors yet.

    Args:
        native: the C module; None for ssl itself.
    """
    try:
        # If `native` is None, this raises an AttributeError too.
        context: _ssl._SSLContext = native._SSLContext(native.PROTOCOL_TLS_CLIENT)  # type: ignore[union-attr]  # noqa: SLF001
        context.minimum_version = native.PROTO_TLSv1_2  # type: ignore[union-attr]
        verifies = context.verify_mode == native.CERT_REQUIRED and context.check_hostname  # type: ignore[union-attr]
        if verifies and hasattr(context, "_wrap_socket"):
            return context
    except (AttributeError, TypeError):
        pass
    import ssl  # only an unknown Python pays for this

    public = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    public.minimum_version = ssl.TLSVersion.TLSv1_2
    return public


def start(context: _ssl._SSLContext, outer: Socket, host: str) -> Stream:
    """Start TLS with `host` on a connected socket.

    Raises:
        OSError: the handshake failed; with `verify_message` if the certificate is not accepted.
        ValueError: `host` cannot be a name in a certificate.
    """
    wrap_socket = getattr(context, "wrap_socket", None)  # of the public class only
    if wrap_socket is not None:
        # Without close_notify, a body without a length could be truncated unnoticed.
        public: Stream = wrap_socket(outer, server_hostname=host, suppress_ragged_eofs=False)
        return public
    return TlsStream(context, outer, host)
