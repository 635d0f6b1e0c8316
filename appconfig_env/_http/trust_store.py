"""Whom TLS trusts: a file of trust anchors or the system's, and of these first those AWS uses.

A whole store of 130 to 150 certificates takes 18 ms to load, Amazon's own roots out of it 2. A
layer holds them in a directory by the hash of their names, in which OpenSSL reads the one it needs:
next to nothing. Only where a server shows a certificate of others, as behind a proxy that looks
into TLS, the whole store is loaded and decides. Who names a store, by AWS_CA_BUNDLE or by OpenSSL's
own variables, trusts nobody who is not in it.
"""

from __future__ import annotations

import os
from _thread import allocate_lock  # threading itself costs a cold start 4 ms
from binascii import Error as Base64Error
from binascii import a2b_base64

from . import tls
from .sockets import TransportError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _ssl

# In the names of the roots of Amazon Trust Services (https://www.amazontrust.com/repository/).
AMAZON = (b"Amazon Root CA", b"Starfield Services Root Certificate Authority")
# Only a layer has this directory, see _layer/anchors.py.
ANCHORS = f"{__file__.rpartition('/')[0].rpartition('/')[0]}/anchors"
STORES = ("SSL_CERT_FILE", "SSL_CERT_DIR")  # with which OpenSSL's users name one
_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"


def certificates(store: bytes) -> list[bytes]:
    """The certificates in `store`, a PEM file, in DER."""
    found = []
    # At a line's start only, as OpenSSL has it: what is commented out is not trusted.
    for block in (b"\n" + store).split(b"\n" + _BEGIN)[1:]:
        try:
            found.append(a2b_base64(block.partition(_END)[0]))
        except Base64Error:
            continue
    return found


def is_amazons(certificate: bytes) -> bool:
    """Whether a root, in DER, is one of Amazon's."""
    return any(name in certificate for name in AMAZON)


class Trust:
    """Whom a transport's threads trust: Amazon's roots until a server shows another certificate.

    Args:
        ca_bundle: a file of trust anchors; empty for the system's.
        anchors: the layer's directory, which need not be there; None for the real one.
    """

    def __init__(self, ca_bundle: str, anchors: str | None = None) -> None:
        self._ca_bundle = ca_bundle
        self._anchors = ANCHORS if anchors is None else anchors
        self._context: _ssl._SSLContext | None = None
        self._is_whole = False
        self._lock = allocate_lock()  # one thread loads, the others wait for what it loaded

    def context(self) -> _ssl._SSLContext:
        """What to verify with.

        Raises:
            TransportError: there are no certificates in the file.
        """
        with self._lock:
            if self._context is None:
                self._context = self._of_layer() or _of_amazon(self._ca_bundle)
            if self._context is None:
                self._context, self._is_whole = _whole(self._ca_bundle), True
            return self._context

    def widen(self, distrusting: _ssl._SSLContext) -> bool:
        """Trust the whole store from now on; whether that is more than `distrusting` knew.

        Raises:
            TransportError: there are no certificates in the file.
        """
        with self._lock:
            if distrusting is not self._context:
                return True  # another thread has done so
            if self._is_whole:
                return False
            self._context, self._is_whole = _whole(self._ca_bundle), True
            return True

    def _of_layer(self) -> _ssl._SSLContext | None:
        """What trusts the layer's anchors; None where there are none, or a store is named."""
        is_named = self._ca_bundle or any(name in os.environ for name in STORES)
        if is_named or not os.path.isdir(self._anchors):
            return None
        context = tls.new_context()
        context.load_verify_locations(capath=self._anchors)
        return context


def _of_amazon(ca_bundle: str) -> _ssl._SSLContext | None:
    """A context that trusts Amazon's roots among all that are trusted; None without any."""
    try:
        with open(ca_bundle or _system_file(), "rb") as file:
            roots = list(filter(is_amazons, certificates(file.read())))
        if not roots:
            return None
        context = tls.new_context()
        context.load_verify_locations(cadata=b"".join(roots))
    except OSError:  # no file, or what only looks like a certificate
        return None
    return context


def _whole(ca_bundle: str) -> _ssl._SSLContext:
    context = tls.new_context()
    try:
        if ca_bundle:
            context.load_verify_locations(ca_bundle)
        else:
            context.set_default_verify_paths()
    except OSError as error:  # an SSLError is one too
        why = error.strerror or type(error).__name__
        message = f"AWS_CA_BUNDLE: no certificates in {ca_bundle!r} ({why})"
        raise TransportError(message, is_final=True) from None
    return context


def _system_file() -> str:
    """The system's store, found as OpenSSL itself does."""
    if tls.native is None:
        return ""
    variable, path, _, _ = tls.native.get_default_verify_paths()
    return str(os.environ.get(variable, path))
