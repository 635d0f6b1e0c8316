"""Faults that AWS itself reports: refusals, quotas, clocks, credentials, pages."""

from __future__ import annotations

from . import wire
from .fault import BETWEEN, SLOW, Fault, Outcome


def _refusals() -> list[Fault]:
    refused = {
        400: (Outcome.REFUSED, "check the reference"),
        403: (Outcome.REFUSED, "grant "),
        404: (Outcome.REFUSED, "check the name, account and Region"),
        429: (Outcome.TRANSIENT, "quota"),
        500: (Outcome.TRANSIENT, SLOW),
        503: (Outcome.TRANSIENT, SLOW),
    }
    faults = []
    for status, (ending, remedy) in refused.items():
        is_slow = ending is Outcome.TRANSIENT
        faults.append(
            Fault(
                f"{status} with a body",
                f"status {status} with the service's code and message",
                ending,
                ("{code}", wire.message_of(status), remedy),
                wire.refuse(status, with_body=True),
                status=status,
                has_request_id=True,
                is_slow=is_slow,
            )
        )
        faults.append(
            Fault(
                f"{status} without a body",
                f"status {status} and nothing else",
                # AWS's own refusals have a code: this one comes from a proxy or gateway.
                Outcome.PERMANENT if ending is Outcome.REFUSED else ending,
                (f"HTTP {status}", BETWEEN if status < 500 else remedy),
                wire.refuse(status, with_body=False),
                has_request_id=True,
                is_slow=is_slow,
            )
        )
    return faults


FAULTS = (
    *_refusals(),
    Fault(
        "clock 20 minutes behind", "AWS's clock is 20 minutes ahead", Outcome.SUCCESS, skew=1200.0
    ),
    Fault(
        "clock 20 minutes ahead", "AWS's clock is 20 minutes behind", Outcome.SUCCESS, skew=-1200.0
    ),
    Fault(
        "expired credentials",
        "the session token has expired",
        Outcome.REFUSED,
        ("ExpiredTokenException", "expired", "credentials"),
        wire.refuse_with(
            403,
            "ExpiredTokenException",
            "The security token included in the request is expired",
        ),
        has_request_id=True,
    ),
    Fault(
        "rejected signature",
        "the message repeats the string to sign, including the session token",
        Outcome.REFUSED,
        ("InvalidSignatureException", "credentials"),
        wire.repeat_request,
        has_request_id=True,
    ),
    Fault(
        "throttled for 1 s",
        "429 for one second, then success",
        Outcome.SUCCESS,
        (),
        wire.refuse_for(1.0),
        recovers=False,
    ),
    Fault(
        "throttled for 3 s",
        "429 for three seconds, then success",
        Outcome.SUCCESS,
        (),
        wire.refuse_for(3.0),
        recovers=False,
    ),
    Fault(
        "throttled for 30 s",
        "429 until long after the deadline",
        Outcome.TRANSIENT,
        ("ThrottlingException", "quota"),
        wire.refuse_for(30.0),
        has_request_id=True,
        is_slow=True,
    ),
    Fault(
        "endless pages",
        "each page has a token for the next one",
        Outcome.TRANSIENT,
        ("pages", "APPCONFIG_ENV_DEADLINE_SECONDS"),
        wire.turn_pages(lambda number: f"page {number}"),
        sources=("path",),
        is_slow=True,
    ),
    Fault(
        "repeating page token",
        "a page's token leads to a page that was already read",
        Outcome.PERMANENT,
        ("NextToken came twice", BETWEEN),
        wire.turn_pages(lambda number: f"page {number % 3}"),
        sources=("path",),
    ),
    Fault(
        "empty pages with a next token",
        "three empty pages, then all parameters on the fourth",
        Outcome.SUCCESS,
        sources=("path",),
    ),
)
