"""What a process does when an entry is stale: a table of actions, and the choice; pure.

Of the processes that share a snapshot file, the lock holder fetches for all.
"""

from __future__ import annotations

# The lock's states: held by this process, by another one, or by none because there cannot be one.
HELD, ELSEWHERE, IMPOSSIBLE = "held", "held elsewhere", "impossible"

# Actions. Each of them first adopts newer entries from the file.
PUBLISH = "fetch stale entries, publish"
LOOK_AGAIN = "look again in 1 s"
FETCH_AWAITED = "fetch the awaited entries, without tokens; keep them in memory"
KEEP = "fetch stale entries; keep them and their tokens in memory"

# By the lock's state, whether an entry is still unread although the caller has waited for the lock,
# and whether the lock holder hangs.
ACTIONS = {
    (HELD, False, False): PUBLISH,
    (HELD, True, False): PUBLISH,
    (ELSEWHERE, False, False): LOOK_AGAIN,
    (ELSEWHERE, True, False): FETCH_AWAITED,
    (ELSEWHERE, False, True): KEEP,
    (ELSEWHERE, True, True): KEEP,
    (IMPOSSIBLE, False, False): KEEP,  # for example, a read-only /tmp
    (IMPOSSIBLE, True, False): KEEP,
}


def decide(lock: str, *, is_unread: bool, is_abandoned: bool) -> str:
    """Return the action of a process whose snapshot is stale.

    Args:
        lock: HELD, ELSEWHERE or IMPOSSIBLE.
        is_unread: whether an entry is still unread although the caller has waited for the lock.
        is_abandoned: whether the lock holder hangs.
    """
    return ACTIONS[lock, is_unread, is_abandoned and lock == ELSEWHERE]
