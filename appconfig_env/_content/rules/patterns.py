"""Regular expressions for `matches`, which take time in proportion to the text; pure.

Python's `re` goes back and tries again, which takes minutes for some patterns and texts. AWS's
agent is written in Go, whose RE2 does not; this is the same method (Thompson's, as in "Regular
Expression Matching: the Virtual Machine Approach"), for the syntax that RE2 and `re` have in
common. What only one of them has, such as a reference to a group, is an error.
"""

from __future__ import annotations

from .nodes import PlacedError
from .pattern_syntax import ASSERT, CAT, EITHER, REPEAT, Element, parsed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_TEXT = 2_048  # characters; what AWS's agent takes as an entity's ID, in bytes
MOST_STEPS = 500  # of a compiled pattern; RE2 has a limit of this kind, too

# A program's steps: take a character, go on at two places or at one, check the place, end.
_TAKE, _FORK, _JUMP, _CHECK, _END = range(5)


class Pattern:
    """A compiled pattern.

    Args:
        pattern: the regular expression.

    Raises:
        PlacedError: it has what is not supported, or is too long.
    """

    def __init__(self, pattern: str) -> None:
        self._steps: list[tuple[int, Element | None, tuple[int, ...]]] = []
        self._add(parsed(pattern))
        self._emit(_END)

    def is_found_in(self, text: str) -> bool:
        """Whether any part of `text` matches; never in more than LONGEST_TEXT characters."""
        if len(text) > LONGEST_TEXT:
            return False
        reached: list[int] = []
        for at in range(len(text) + 1):
            taking = self._followed([*reached, 0], text, at)
            if taking is None:
                return True
            if at < len(text):
                sign = text[at]
                reached = [step + 1 for step in taking if self._takes(step, sign)]
        return False

    def _takes(self, step: int, sign: str) -> bool:
        element = self._steps[step][1]
        return element is not None and element.accepts(sign)

    def _followed(self, reached: list[int], text: str, at: int) -> list[int] | None:
        """Return the steps that take the next character; None if the pattern has ended."""
        seen, taking = set(), []
        while reached:
            step = reached.pop()
            if step in seen:
                continue
            seen.add(step)
            kind, element, targets = self._steps[step]
            if kind == _END:
                return None
            if kind == _TAKE:
                taking.append(step)
            elif kind != _CHECK or (element is not None and element.holds(text, at)):
                reached += targets or (step + 1,)
        return taking

    def _emit(
        self, kind: int, element: Element | None = None, targets: tuple[int, ...] = ()
    ) -> int:
        if len(self._steps) >= MOST_STEPS:
            raise PlacedError("it is too large once repetitions are written out", "shorten it", 0)
        self._steps.append((kind, element, targets))
        return len(self._steps) - 1

    def _add(self, element: Element) -> None:
        if element.kind == CAT:
            for part in element.parts:
                self._add(part)
        elif element.kind == EITHER:
            self._add_either(element.parts)
        elif element.kind == REPEAT:
            self._add_repeated(element)
        else:
            self._emit(_CHECK if element.kind == ASSERT else _TAKE, element)

    def _add_either(self, parts: Sequence[Element]) -> None:
        ends = []
        for part in parts[:-1]:
            fork = self._emit(_FORK)
            self._add(part)
            ends.append(self._emit(_JUMP))
            self._steps[fork] = (_FORK, None, (fork + 1, len(self._steps)))
        self._add(parts[-1])
        for end in ends:
            self._steps[end] = (_JUMP, None, (len(self._steps),))

    def _add_repeated(self, element: Element) -> None:
        (part,) = element.parts
        for _ in range(element.least):
            self._add(part)
        if element.most is None:
            fork = self._emit(_FORK)
            self._add(part)
            self._emit(_JUMP, None, (fork,))
            self._steps[fork] = (_FORK, None, (fork + 1, len(self._steps)))
            return
        forks = []
        for _ in range(element.most - element.least):
            forks.append(self._emit(_FORK))
            self._add(part)
        for fork in forks:
            self._steps[fork] = (_FORK, None, (fork + 1, len(self._steps)))
