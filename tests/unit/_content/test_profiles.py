"""Whether flags can be evaluated with what is known of their profiles, and which have changed."""

from __future__ import annotations

from typing import Any

import pytest

from appconfig_env._content.profiles import (
    FAILING,
    READY,
    UNREAD,
    Profile,
    changed,
    condition,
    flags_by_profile,
)
from appconfig_env.errors import Failure

ON, OFF = {"enabled": True}, {"enabled": False}
FLAGS = {"checkout": ON}
DENIED = Failure("denied", "denied", "allow it")


def profile(
    name: str, data: object = FLAGS, *, fails: bool = False, optional: bool = False
) -> Profile:
    """Return a profile; one without data was never read."""
    is_read = data is not None
    failure = DENIED if fails else None
    return Profile(name, data, failure, is_read=is_read, is_optional=optional)


GOOD = profile("good")
FAILED = profile("failing", fails=True)
PLAIN = profile("plain", {"host": "x"}, fails=True)  # its failure concerns no flag
TEXT = profile("text", "text", fails=True)
EMPTY = profile("empty", {}, fails=True)
MISSING = profile("missing", None, fails=True)
OPTIONAL = profile("optional", None, fails=True, optional=True)


@pytest.mark.parametrize(
    ("profiles", "expected", "causes"),
    [
        ([], READY, []),
        ([GOOD], READY, []),
        ([GOOD, PLAIN, TEXT, EMPTY], READY, []),
        ([GOOD, FAILED], FAILING, [FAILED]),
        ([FAILED, PLAIN], FAILING, [FAILED]),
        ([MISSING], UNREAD, [MISSING]),
        ([GOOD, MISSING], UNREAD, [MISSING]),
        ([FAILED, MISSING], UNREAD, [MISSING]),
        ([OPTIONAL], UNREAD, [OPTIONAL]),
        ([GOOD, OPTIONAL], READY, []),
        ([FAILED, OPTIONAL], FAILING, [FAILED]),
        ([MISSING, OPTIONAL], UNREAD, [MISSING, OPTIONAL]),
    ],
)
def test_the_condition_follows_from_what_was_read(
    profiles: list[Profile], expected: str, causes: list[Profile]
) -> None:
    assert condition(profiles) == (expected, causes)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([], [], []),
        ([GOOD], [GOOD], []),
        ([], [GOOD], ["checkout"]),
        ([GOOD], [], ["checkout"]),
        ([GOOD], [profile("good", {"checkout": OFF})], ["checkout"]),
        ([GOOD], [profile("good", {**FLAGS, "b": ON, "a": ON})], ["a", "b"]),
        ([GOOD], [profile("good", {**FLAGS, "host": "x", "no": {"enabled": "x"}})], []),
        # The same name in two profiles: one of them has changed.
        ([GOOD, FAILED], [GOOD, profile("failing", {"checkout": OFF})], ["checkout"]),
    ],
)  # fmt: skip
def test_flags_that_were_added_removed_or_altered_have_changed(
    before: list[Profile], after: list[Profile], expected: list[str]
) -> None:
    assert changed(flags_by_profile(before), flags_by_profile(after)) == expected


def test_what_is_not_a_flag_is_not_one_of_a_profile() -> None:
    data: dict[str, Any] = {**FLAGS, "text": "x", "list": [], "unset": {"enabled": None}}

    assert profile("good", data).flags == FLAGS
