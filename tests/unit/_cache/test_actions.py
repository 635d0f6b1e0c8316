"""What a process does when entries are stale: every case of the table."""

from __future__ import annotations

from itertools import product

import pytest

from appconfig_env._cache.actions import (
    ELSEWHERE,
    FETCH_AWAITED,
    HELD,
    IMPOSSIBLE,
    KEEP,
    LOOK_AGAIN,
    PUBLISH,
    decide,
)


@pytest.mark.parametrize(
    ("lock", "is_unread", "is_abandoned", "action"),
    [
        (HELD, False, False, PUBLISH),
        (HELD, True, False, PUBLISH),
        (ELSEWHERE, False, False, LOOK_AGAIN),
        (ELSEWHERE, True, False, FETCH_AWAITED),
        (ELSEWHERE, False, True, KEEP),
        (ELSEWHERE, True, True, KEEP),
        (IMPOSSIBLE, False, False, KEEP),
        (IMPOSSIBLE, True, False, KEEP),
    ],
)
def test_each_case_has_its_action(
    lock: str, is_unread: bool, is_abandoned: bool, action: str
) -> None:
    assert decide(lock, is_unread=is_unread, is_abandoned=is_abandoned) == action


def test_there_is_an_action_for_every_case() -> None:
    for lock, is_unread, is_abandoned in product(
        (HELD, ELSEWHERE, IMPOSSIBLE), (False, True), (False, True)
    ):
        assert decide(lock, is_unread=is_unread, is_abandoned=is_abandoned)


def test_only_the_lock_of_another_process_can_be_abandoned() -> None:
    assert decide(HELD, is_unread=False, is_abandoned=True) == PUBLISH
