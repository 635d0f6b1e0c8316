"""AppConfig Data's state of its clients, and its refusals: pure data."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from .wire import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

Key = tuple[str, str, str]


class Use(NamedTuple):
    """One entry of the ledger: a client's use of a token, and the outcome.

    Attributes:
        at: when, by the service's clock.
        access_key: the client's access key.
        token: the token's number, counted from 1 in the order of issue; 0 for one never issued.
        session: its session's number, counted in the same way.
        outcome: "changed", "unchanged", or why it was refused.
    """

    at: float
    access_key: str
    token: int
    session: int
    outcome: str

    @property
    def is_taken(self) -> bool:
        """Whether the token was spent."""
        return self.outcome in ("changed", "unchanged")


@dataclass
class Deployed:
    """One version of a configuration."""

    body: bytes
    content_type: str
    label: str
    number: int


@dataclass
class Session:
    """One client's session; `announced_seconds` is the last interval sent to the client."""

    key: Key
    interval_seconds: int
    number: int
    announced_seconds: int
    polled_at: float | None = None
    seen_number: int = 0


@dataclass
class Token:
    """One token, good for one call."""

    session: Session
    issued_at: float
    number: int
    spent: bool = False
    response_lost: bool = False


def identifier(name: str) -> str:
    """Return an ID for a name like AppConfig's: seven lower-case letters and digits."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    digits = ""
    for _ in range(7):
        number, digit = divmod(number, 36)
        digits += "abcdefghijklmnopqrstuvwxyz0123456789"[digit]
    return digits


def bad_request(message: str, problem: str | None = None) -> Refusal:
    """Return AppConfig's 400, with the machine-readable reason if there is one."""
    if problem is None:
        return Refusal(400, "BadRequestException", message)
    details = {"InvalidParameters": {"ConfigurationToken": {"Problem": problem}}}
    return Refusal(400, "BadRequestException", message, Reason="InvalidParameters", Details=details)


def too_early() -> Refusal:
    """Return the refusal of a poll before the interval has passed."""
    return bad_request("Request too early", "PollIntervalNotSatisfied")


def problem_of(refusal: Refusal) -> str:
    """Return the machine-readable reason of `bad_request`, or the refusal's code."""
    details = refusal.fields.get("Details")
    if not isinstance(details, dict):
        return refusal.code
    return str(details["InvalidParameters"]["ConfigurationToken"]["Problem"])


def not_found(kind: str, reference: Mapping[str, str]) -> Refusal:
    """Return AppConfig's 404."""
    return Refusal(
        404,
        "ResourceNotFoundException",
        f"{kind} not found",
        ResourceType=kind,
        ReferencedBy=dict(reference),
    )
