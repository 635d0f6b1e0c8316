"""Certificates for the proxy, good ones and bad ones."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from functools import cache

import trustme

HOST = "127.0.0.1"

authority = trustme.CA()
stranger = trustme.CA()


@cache
def context(certificate: str) -> ssl.SSLContext:
    """TLS with a certificate that is good, of an unknown authority, another's, or out of time."""
    now = datetime.now(UTC)
    leaf = {
        "good": lambda: authority.issue_cert(HOST),
        "unknown": lambda: stranger.issue_cert(HOST),
        "other": lambda: authority.issue_cert("example.com"),
        "expired": lambda: authority.issue_cert(
            HOST, not_before=now - timedelta(days=9), not_after=now - timedelta(days=1)
        ),
        "early": lambda: authority.issue_cert(
            HOST, not_before=now + timedelta(days=1), not_after=now + timedelta(days=9)
        ),
    }[certificate]()
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(made)
    return made
