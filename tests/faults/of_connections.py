"""Faults below HTTP: DNS, TCP and TLS."""

from __future__ import annotations

from . import wire
from .fault import NO_ROUTE, Fault, Outcome

FAULTS = (
    # Below TLS.
    Fault(
        "DNS failure",
        "the endpoint's host name does not resolve",
        Outcome.TRANSIENT,
        ("no address for", "DNS"),
        endpoint="unresolvable",
        is_slow=True,
    ),
    Fault(
        "connection refused",
        "nothing listens on the endpoint's port",
        Outcome.TRANSIENT,
        ("Connection refused", NO_ROUTE),
        endpoint="closed",
        is_slow=True,
    ),
    Fault(
        "black hole, never accepted",
        "the endpoint's backlog is full: TCP does not connect",
        Outcome.TRANSIENT,
        ("no connection to", "timed out", NO_ROUTE),
        endpoint="full",
        is_slow=True,
    ),
    Fault(
        "reset at connect",
        "the connection is reset as soon as it is established",
        Outcome.TRANSIENT,
        ("reset", NO_ROUTE),
        on_connect=wire.reset_at_connect,
        is_slow=True,
    ),
    Fault(
        "black hole after connecting",
        "TCP connects, then nothing arrives",
        Outcome.TRANSIENT,
        ("no TLS with", "timed out", NO_ROUTE),
        on_connect=wire.stay_silent,
        is_slow=True,
    ),
    # In TLS.
    Fault(
        "reset in the TLS handshake",
        "a reset in reply to the ClientHello",
        Outcome.TRANSIENT,
        ("reset", NO_ROUTE),
        on_connect=wire.reset_in_handshake,
        is_slow=True,
    ),
    Fault(
        "no TLS",
        "the server answers in plain HTTP",
        Outcome.TRANSIENT,
        ("no TLS with", "check the endpoint or proxy URL"),
        on_connect=wire.speak_plain,
        is_slow=True,
    ),
    Fault(
        "certificate from an unknown authority",
        "the certificate was signed by another authority",
        Outcome.PERMANENT,
        ("certificate not accepted", "AWS_CA_BUNDLE"),
        certificate="unknown",
    ),
    Fault(
        "certificate for another host",
        "the certificate is for example.com",
        Outcome.PERMANENT,
        ("certificate not accepted", "mismatch", "AWS_ENDPOINT_URL"),
        certificate="other",
    ),
    Fault(
        "expired certificate",
        "the certificate expired yesterday",
        Outcome.PERMANENT,
        ("certificate has expired", "clock"),
        certificate="expired",
    ),
    Fault(
        "certificate not yet valid",
        "the certificate is valid from tomorrow",
        Outcome.PERMANENT,
        ("certificate is not yet valid", "clock"),
        certificate="early",
    ),
)
