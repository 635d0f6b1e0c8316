"""A fake of the constructs of AWS's CDK that the documents use: aws-cdk-lib has 600 MB.

It accepts only the arguments that those constructs have, and keeps them in `MADE` by their IDs.
"""

from __future__ import annotations

from typing import Any

MADE: dict[str, dict[str, Any]] = {}


class Stack:
    """The scope of the other constructs."""

    def __init__(self, scope: object = None, construct_id: str = "") -> None:
        self.scope, self.construct_id = scope, construct_id

    def format_arn(self, *, service: str, resource: str, resource_name: str) -> str:
        """Return the ARN of a resource of this stack's account and Region."""
        return f"arn:aws:{service}:eu-west-1:111122223333:{resource}/{resource_name}"
