"""Faults that AWS itself tells of: refusals, quotas, clocks, credentials, pages."""

from __future__ import annotations

from . import wire
from .fault import BETWEEN, SLOW, Ending, Fault


def _refusals() -> list[Fault]:
    refused = {
        400: (Ending.REFUSED, "is the reference right"),
        403: (Ending.REFUSED, "allow "),
        404: (Ending.REFUSED, "is the name right"),
        429: (Ending.PASSING, "quota"),
        500: (Ending.PASSING, SLOW),
        503: (Ending.PASSING, SLOW),
    }
    found = []
    for status, (ending, remedy) in refused.items():
        is_slow = ending is Ending.PASSING
        found.append(
            Fault(
                f"{status} with a body",
                f"status {status} with the service's code and message",
                ending,
                ("{code}", wire.said_of(status), remedy),
                wire.refuse(status, with_body=True),
                status=status,
                is_named=True,
                is_slow=is_slow,
            )
        )
        found.append(
            Fault(
                f"{status} without a body",
                f"status {status} and nothing else",
                # AWS's verdicts have a code: this one comes from something on the way.
                Ending.LASTING if ending is Ending.REFUSED else ending,
                (f"HTTP {status}", BETWEEN if status < 500 else remedy),
                wire.refuse(status, with_body=False),
                is_named=True,
                is_slow=is_slow,
            )
        )
    return found


FAULTS = (
    *_refusals(),
    Fault("clock 20 minutes behind", "AWS's clock is 20 minutes ahead", Ending.WELL, skew=1200.0),
    Fault("clock 20 minutes ahead", "AWS's clock is 20 minutes behind", Ending.WELL, skew=-1200.0),
    Fault(
        "expired credentials",
        "the session token has expired",
        Ending.REFUSED,
        ("ExpiredTokenException", "expired", "credentials"),
        wire.refuse_with(
            403,
            "ExpiredTokenException",
            "The security token included in the request is expired",
        ),
        is_named=True,
    ),
    Fault(
        "a signature that AWS does not take",
        "the message repeats what was to be signed, with the session token in it",
        Ending.REFUSED,
        ("InvalidSignatureException", "credentials"),
        wire.repeat_request,
        is_named=True,
    ),
    Fault(
        "throttled for 1 s",
        "429 for a second, then answers",
        Ending.WELL,
        (),
        wire.refuse_for(1.0),
        heals=False,
    ),
    Fault(
        "throttled for 3 s",
        "429 for three seconds, then answers",
        Ending.WELL,
        (),
        wire.refuse_for(3.0),
        heals=False,
    ),
    Fault(
        "throttled for 30 s",
        "429 until long after the deadline",
        Ending.PASSING,
        ("ThrottlingException", "quota"),
        wire.refuse_for(30.0),
        is_named=True,
        is_slow=True,
    ),
    Fault(
        "endless pages",
        "each page names a next one",
        Ending.PASSING,
        ("pages", "APPCONFIG_ENV_DEADLINE_SECONDS"),
        wire.turn_pages(lambda number: f"page {number}"),
        sources=("path",),
        is_slow=True,
    ),
    Fault(
        "a page token that repeats",
        "a page names itself as the next one",
        Ending.LASTING,
        ("NextToken came twice", BETWEEN),
        wire.turn_pages(lambda number: f"page {number % 3}"),
        sources=("path",),
    ),
    Fault(
        "empty pages with a next token",
        "three pages hold nothing, the fourth all",
        Ending.WELL,
        sources=("path",),
    ),
)
