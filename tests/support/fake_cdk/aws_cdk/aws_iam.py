"""A fake of `aws_cdk.aws_iam`."""

from __future__ import annotations

from typing import NamedTuple


class PolicyStatement(NamedTuple):
    """One statement, which allows."""

    actions: list[str]
    resources: list[str]
