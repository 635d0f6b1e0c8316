"""IAM's patterns, in which * is any text and ? one character: what two have in common; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ANY = "*"
_FIELDS = 6  # of an ARN


def intersect(one: str, other: str) -> bool:
    """Whether some text matches both patterns."""

    def may_follow(first: str, second: str) -> bool:
        return first == second or "?" in (first, second)

    return _match(one, other, may_follow, both=True)


def contains(larger: str, smaller: str) -> bool:
    """Whether every text that matches `smaller` also matches `larger`.

    A * next to a ? in `larger` may not be recognized; no ARN that is needed has both.
    """

    def may_follow(first: str, second: str) -> bool:
        return first == second or (first == "?" and second != ANY)

    return _match(larger, smaller, may_follow, both=False)


def arns_intersect(one: str, other: str) -> bool:
    """Whether some ARN matches both patterns, field by field."""
    return all(intersect(*fields) for fields in zip(_fields(one), _fields(other), strict=True))


def arn_contains(larger: str, smaller: str) -> bool:
    """Whether every ARN that matches `smaller` also matches `larger`, field by field."""
    pairs = zip(_fields(larger), _fields(smaller), strict=True)
    return all(contains(*fields) for fields in pairs)


def _fields(arn: str) -> list[str]:
    """Return the fields of an ARN; IAM completes one that has fewer with wildcards."""
    fields = arn.split(":", _FIELDS - 1)
    return fields + [ANY] * (_FIELDS - len(fields))


def _match(one: str, other: str, may_follow: Callable[[str, str], bool], *, both: bool) -> bool:
    """Match two patterns; a * is any text in `one`, and in `other` too if `both`.

    A cell of the row is whether what was seen of `one` can match `other` up to there.
    """
    row = [True, *(both and not other[: at + 1].strip(ANY) for at in range(len(other)))]
    for first in one:
        above, row = row, [row[0] and first == ANY]
        for at, second in enumerate(other, 1):
            is_any = first == ANY or (both and second == ANY)
            is_continued = is_any and (above[at] or row[at - 1])
            row.append(is_continued or (above[at - 1] and may_follow(first, second)))
    return row[-1]
