"""Faults below HTTP: of names, TCP and TLS."""

from __future__ import annotations

from . import wire
from .fault import NO_ROUTE, Ending, Fault

FAULTS = (
    # Below TLS.
    Fault(
        "DNS failure",
        "the endpoint's host has no address",
        Ending.PASSING,
        ("no address for", "DNS"),
        endpoint="nameless",
        is_slow=True,
    ),
    Fault(
        "refused",
        "nobody listens at the endpoint's port",
        Ending.PASSING,
        ("Connection refused", NO_ROUTE),
        endpoint="nobody",
        is_slow=True,
    ),
    Fault(
        "black hole, nobody accepts",
        "the endpoint's queue is full: TCP does not connect",
        Ending.PASSING,
        ("no connection to", "timed out", NO_ROUTE),
        endpoint="full",
        is_slow=True,
    ),
    Fault(
        "reset at connect",
        "the connection is reset as soon as it is there",
        Ending.PASSING,
        ("reset", NO_ROUTE),
        meets=wire.reset_at_connect,
        is_slow=True,
    ),
    Fault(
        "black hole, silent after connecting",
        "TCP connects, then nothing comes",
        Ending.PASSING,
        ("no TLS with", "timed out", NO_ROUTE),
        meets=wire.stay_silent,
        is_slow=True,
    ),
    # In TLS.
    Fault(
        "reset in the TLS handshake",
        "a reset answers the client's first words",
        Ending.PASSING,
        ("reset", NO_ROUTE),
        meets=wire.reset_in_handshake,
        is_slow=True,
    ),
    Fault(
        "no TLS",
        "plain HTTP answers",
        Ending.PASSING,
        ("no TLS with", "check the endpoint or proxy URL"),
        meets=wire.speak_plain,
        is_slow=True,
    ),
    Fault(
        "certificate of an unknown authority",
        "another authority signed the certificate",
        Ending.LASTING,
        ("certificate not accepted", "AWS_CA_BUNDLE"),
        certificate="unknown",
    ),
    Fault(
        "certificate of another host",
        "the certificate is for example.com",
        Ending.LASTING,
        ("certificate not accepted", "mismatch", "AWS_ENDPOINT_URL"),
        certificate="other",
    ),
    Fault(
        "expired certificate",
        "the certificate ended yesterday",
        Ending.LASTING,
        ("certificate has expired", "clock"),
        certificate="expired",
    ),
    Fault(
        "certificate of the future",
        "the certificate begins tomorrow",
        Ending.LASTING,
        ("certificate is not yet valid", "clock"),
        certificate="early",
    ),
)
