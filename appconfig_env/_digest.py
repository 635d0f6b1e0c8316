"""SHA-256 and its HMAC, straight from OpenSSL; pure.

hashlib and hmac load four more modules for what is not used here: 1 ms of a cold start. They do the
work where `_hashlib` is missing or other than CPython 3.11 to 3.13 have it.
"""

from __future__ import annotations

try:
    from _hashlib import hmac_digest, openssl_sha256
except ImportError:
    from hashlib import sha256 as openssl_sha256
    from hmac import digest as hmac_digest  # type: ignore[assignment]


def sha256(data: bytes) -> bytes:
    """The 32 bytes of SHA-256 (FIPS 180-4)."""
    return openssl_sha256(data).digest()


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """The 32 bytes of HMAC-SHA-256 (RFC 2104)."""
    return hmac_digest(key, message, "sha256")
