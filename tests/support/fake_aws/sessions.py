"""What AppConfig Data remembers of its clients, and how it refuses them: pure data and words."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from .wire import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

Key = tuple[str, str, str]


class Use(NamedTuple):
    """One line of the ledger: a token that a client came with, and what it got for it.

    Attributes:
        at: when, by the service's clock.
        who: the access key of the client.
        token: the token's number, counted from 1 in the order of issue; 0 for one never issued.
        session: its session's number, likewise.
        outcome: "changed", "unchanged", or why it was refused.
    """

    at: float
    who: str
    token: int
    session: int
    outcome: str

    @property
    def is_taken(self) -> bool:
        """Whether that spent the token."""
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
    """One client's session; `told_seconds`: how long its client was asked to wait the last time."""

    key: Key
    interval_seconds: int
    number: int
    told_seconds: int
    polled_at: float | None = None
    seen_number: int = 0


@dataclass
class Token:
    """One token; it is good for one call."""

    session: Session
    issued_at: float
    number: int
    spent: bool = False
    answer_lost: bool = False


def identifier(name: str) -> str:
    """Give the ID AppConfig would have made for a name: seven small letters and digits."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    digits = ""
    for _ in range(7):
        number, digit = divmod(number, 36)
        digits += "abcdefghijklmnopqrstuvwxyz0123456789"[digit]
    return digits


def bad_request(message: str, problem: str | None = None) -> Refusal:
    """Give AppConfig's 400, with the machine-readable reason where there is one."""
    if problem is None:
        return Refusal(400, "BadRequestException", message)
    details = {"InvalidParameters": {"ConfigurationToken": {"Problem": problem}}}
    return Refusal(400, "BadRequestException", message, Reason="InvalidParameters", Details=details)


def too_early() -> Refusal:
    """Give the refusal of a poll that came before its time."""
    return bad_request("Request too early", "PollIntervalNotSatisfied")


def problem_of(refusal: Refusal) -> str:
    """Give the machine-readable reason of `bad_request`, or the refusal's code."""
    details = refusal.fields.get("Details")
    if not isinstance(details, dict):
        return refusal.code
    return str(details["InvalidParameters"]["ConfigurationToken"]["Problem"])


def not_found(kind: str, reference: Mapping[str, str]) -> Refusal:
    """Give AppConfig's 404."""
    return Refusal(
        404,
        "ResourceNotFoundException",
        f"{kind} not found",
        ResourceType=kind,
        ReferencedBy=dict(reference),
    )
