"""Certificates for the proxy, valid and invalid."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from functools import cache

import trustme

HOST = "127.0.0.1"

authority = trustme.CA()
unknown_authority = trustme.CA()


@cache
def context(certificate: str) -> ssl.SSLContext:
    """TLS with a valid certificate, or one with an unknown issuer, another host or wrong dates."""
    now = datetime.now(UTC)
    leaf = {
        "good": lambda: authority.issue_cert(HOST),
        "unknown": lambda: unknown_authority.issue_cert(HOST),
        "other": lambda: authority.issue_cert("example.com"),
        "expired": lambda: authority.issue_cert(
            HOST, not_before=now - timedelta(days=9), not_after=now - timedelta(days=1)
        ),
        "early": lambda: authority.issue_cert(
            HOST, not_before=now + timedelta(days=1), not_after=now + timedelta(days=9)
        ),
    }[certificate]()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(tls)
    return tls
