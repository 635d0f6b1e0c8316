"""What one process does when something is stale: a table, and who decides by it; pure.

Processes that share a snapshot file take turns: the lock holder fetches for all of them.
"""

from __future__ import annotations

# The lock's states.
MINE, ELSEWHERE, IMPOSSIBLE = "mine", "another's", "impossible"

# Actions. All of them adopt what the file has first.
PUBLISH = "fetch stale entries, publish"
LOOK_AGAIN = "look again in 1 s"
FETCH_AWAITED = "fetch what the caller awaits, without tokens; keep it in memory"
KEEP = "fetch stale entries; keep them and their tokens in memory"

# By the lock's state, whether an entry that the caller awaits is still unread although it waited
# for the lock, and whether the lock holder hangs.
ACTIONS = {
    (MINE, False, False): PUBLISH,
    (MINE, True, False): PUBLISH,
    (ELSEWHERE, False, False): LOOK_AGAIN,
    (ELSEWHERE, True, False): FETCH_AWAITED,
    (ELSEWHERE, False, True): KEEP,
    (ELSEWHERE, True, True): KEEP,
    (IMPOSSIBLE, False, False): KEEP,  # a read-only /tmp, say
    (IMPOSSIBLE, True, False): KEEP,
}


def decide(lock: str, *, is_awaited: bool, is_abandoned: bool) -> str:
    """Return the action of a process whose snapshot is stale.

    Args:
        lock: MINE, ELSEWHERE or IMPOSSIBLE.
        is_awaited: whether the caller cannot go on without a value, and has waited for the lock.
        is_abandoned: whether the lock holder hangs.
    """
    return ACTIONS[lock, is_awaited, is_abandoned and lock == ELSEWHERE]
