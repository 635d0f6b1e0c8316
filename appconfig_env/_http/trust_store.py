"""Trust anchors for TLS, from a file or the system; Amazon's roots are loaded first.

Loading a whole store of 130 to 150 certificates takes 18 ms, only Amazon's roots out of it 2. A
layer has these roots in a directory by the hash of their names, from which OpenSSL reads the one it
needs in almost no time. The whole store is loaded only if a server presents a certificate of
another issuer, as behind a proxy that inspects TLS; then it decides. If AWS_CA_BUNDLE or OpenSSL's
own variables name a store, only certificates in that store are trusted.
"""

from __future__ import annotations

import posix  # os itself costs a cold start 1.5 ms
from _stat import S_ISDIR
from _thread import allocate_lock  # threading itself costs a cold start 4 ms
from binascii import Error as Base64Error
from binascii import a2b_base64

from . import tls
from .errors import NO_BUNDLE
from .sockets import TransportError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _ssl
    from collections.abc import Mapping

# From the names of Amazon Trust Services' roots (https://www.amazontrust.com/repository/).
AMAZON = (b"Amazon Root CA", b"Starfield Services Root Certificate Authority")
# Only a layer has this directory, see _cli/layer/anchors.py.
ANCHORS = f"{__file__.rpartition('/')[0].rpartition('/')[0]}/anchors"
STORES = ("SSL_CERT_FILE", "SSL_CERT_DIR")  # OpenSSL's own variables
_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"


def certificates(store: bytes) -> list[bytes]:
    """Return the certificates in `store`, a PEM file, as DER."""
    ders = []
    # Only at the start of a line, as in OpenSSL: commented-out certificates are not trusted.
    for block in (b"\n" + store).split(b"\n" + _BEGIN)[1:]:
        try:
            ders.append(a2b_base64(block.partition(_END)[0]))
        except Base64Error:
            continue
    return ders


def is_amazon_root(certificate: bytes) -> bool:
    """Whether a root certificate, in DER, has the name of one of Amazon's."""
    return any(name in certificate for name in AMAZON)


class Trust:
    """A transport's trust anchors: Amazon's roots until a server presents another certificate.

    Args:
        ca_bundle: a file of trust anchors; empty for the system's.
        environ: has OpenSSL's own variables, if any.
        anchors: the layer's directory, which may be missing; None for the real one.
    """

    def __init__(
        self, ca_bundle: str, environ: Mapping[str, str], anchors: str | None = None
    ) -> None:
        self._ca_bundle = ca_bundle
        self._environ = environ
        self._anchors = ANCHORS if anchors is None else anchors
        self._context: _ssl._SSLContext | None = None
        self._is_whole = False
        self._lock = allocate_lock()  # one thread loads; the others wait for the result

    def context(self) -> _ssl._SSLContext:
        """Return the context to verify servers with.

        Raises:
            TransportError: the file has no certificates.
        """
        with self._lock:
            if self._context is None:
                self._context = self._from_layer() or _amazon_only(self._ca_bundle, self._environ)
            if self._context is None:
                self._context, self._is_whole = _whole(self._ca_bundle), True
            return self._context

    def widen(self, distrusting: _ssl._SSLContext) -> bool:
        """Trust the whole store from now on; return whether `distrusting` trusted less.

        Raises:
            TransportError: the file has no certificates.
        """
        with self._lock:
            if distrusting is not self._context:
                return True  # another thread has already widened it
            if self._is_whole:
                return False
            self._context, self._is_whole = _whole(self._ca_bundle), True
            return True

    def _from_layer(self) -> _ssl._SSLContext | None:
        """A context with the layer's anchors; None without them, or if a store is named."""
        is_named = self._ca_bundle or any(name in self._environ for name in STORES)
        if is_named or not _is_folder(self._anchors):
            return None
        context = tls.new_context()
        context.load_verify_locations(capath=self._anchors)
        return context


def _amazon_only(ca_bundle: str, environ: Mapping[str, str]) -> _ssl._SSLContext | None:
    """A context with only the store's Amazon roots; None if the store has none."""
    try:
        with open(ca_bundle or _system_file(environ), "rb") as file:
            roots = list(filter(is_amazon_root, certificates(file.read())))
        if not roots:
            return None
        context = tls.new_context()
        context.load_verify_locations(cadata=b"".join(roots))
    except OSError:  # no file, or data that only looks like a certificate
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
        cause = error.strerror or type(error).__name__
        message = f"AWS_CA_BUNDLE: no certificates in {ca_bundle!r} ({cause}); {NO_BUNDLE}"
        raise TransportError(message, is_final=True, is_misconfigured=True) from None
    return context


def _system_file(environ: Mapping[str, str]) -> str:
    """Return the path of the system's store, located as OpenSSL does."""
    if tls.native is None:
        return ""
    variable, path, _, _ = tls.native.get_default_verify_paths()
    return environ.get(variable, path)


def _is_folder(path: str) -> bool:
    try:
        return S_ISDIR(posix.stat(path).st_mode)
    except OSError:
        return False
