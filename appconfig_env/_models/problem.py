"""What is wrong with a field of a model, without its value; pure."""

from __future__ import annotations

import typing


class Problem(typing.NamedTuple):
    """Why a model was rejected.

    Attributes:
        path: the field, below those of the models around it; empty for a whole model.
        variables: those that its value may be in.
        reason: what is wrong, to follow "the value is not "; empty if there is no value.
    """

    path: tuple[str, ...]
    variables: tuple[str, ...]
    reason: str


class InvalidError(Exception):
    """A model was rejected.

    Attributes:
        problems: of all fields.
    """

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__(f"{len(problems)} problems")
