"""A fake of `aws_cdk.aws_lambda`."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from . import MADE, Stack

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .aws_iam import PolicyStatement


class Runtime(Enum):
    """The runtimes."""

    PYTHON_3_13 = "python3.13"


class Code(NamedTuple):
    """The code of a function or a layer."""

    path: str

    @classmethod
    def from_asset(cls, path: str) -> Code:
        """Return the code in a local zip or folder."""
        return cls(path)


class LayerVersion:
    """A layer."""

    def __init__(
        self, scope: Stack, construct_id: str, *, code: Code, compatible_runtimes: Sequence[Runtime]
    ) -> None:
        MADE[construct_id] = {"code": code, "runtimes": compatible_runtimes, "scope": scope}


class Function:
    """A function."""

    def __init__(
        self,
        scope: Stack,
        construct_id: str,
        *,
        runtime: Runtime,
        code: Code,
        handler: str,
        layers: Sequence[LayerVersion],
        environment: Mapping[str, str],
    ) -> None:
        self.statements: list[PolicyStatement] = []
        MADE[construct_id] = {
            "runtime": runtime,
            "code": code,
            "handler": handler,
            "layers": layers,
            "environment": environment,
            "statements": self.statements,
            "scope": scope,
        }

    def add_to_role_policy(self, statement: PolicyStatement) -> None:
        """Allow the function's role what a statement does."""
        self.statements.append(statement)
