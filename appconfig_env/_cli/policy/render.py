"""Writes an IAM policy as JSON, as YAML, or as `Policies` of a function in a SAM template; pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from .needs import ANY, DECRYPT, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from .needs import Need

VERSION = "2012-10-17"  # of the policy language; AWS has no newer one
PSEUDO_PARAMETERS = Place("${AWS::Partition}", "${AWS::Region}", "${AWS::AccountId}")
# What a customer managed policy may have, white space not counted; and all inline policies of a
# role together. Source: IAM User Guide, "IAM and AWS STS quotas".
LONGEST_MANAGED = 6_144
LONGEST_INLINE = 10_240
SIDS = {
    "appconfig:StartConfigurationSession": "Profiles",
    "appconfig:GetLatestConfiguration": "Profiles",
    "ssm:GetParameters": "Parameters",
    "ssm:GetParametersByPath": "ParametersBelowPaths",
    "secretsmanager:GetSecretValue": "Secrets",
    "secretsmanager:BatchGetSecretValue": "SecretsInBatches",
    DECRYPT: "Keys",
    "sts:AssumeRole": "Roles",
}


class Statement(NamedTuple):
    """One statement of a policy."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]

    def data(self) -> dict[str, object]:
        """Return the statement as JSON data: a single action or resource is not a list."""
        return {
            "Sid": self.sid,
            "Effect": "Allow",
            "Action": self.actions[0] if len(self.actions) == 1 else list(self.actions),
            "Resource": self.resources[0] if len(self.resources) == 1 else list(self.resources),
        }


def statements(needs: Iterable[Need], own: Place) -> list[Statement]:
    """Return the statements that allow `needs`, where the caller is in `own`."""
    groups: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for need in needs:
        actions, resources = groups.setdefault(SIDS[need.action], ({}, {}))
        actions[need.action] = None
        resources[need.target.arn(own)] = None
    return [
        Statement(sid, tuple(actions), tuple(resources))
        for sid, (actions, resources) in groups.items()
    ]


def document(found: Sequence[Statement]) -> dict[str, object]:
    """Return a policy document as JSON data."""
    return {"Version": VERSION, "Statement": [one.data() for one in found]}


def to_json(found: Sequence[Statement]) -> str:
    """Return a policy document as JSON."""
    return json.dumps(document(found), indent=2) + "\n"


def to_yaml(found: Sequence[Statement]) -> str:
    """Return a policy document as YAML."""
    return "\n".join(_lines(found, _quoted)) + "\n"


def to_sam(found: Sequence[Statement]) -> str:
    """Return the `Policies` of a function, to be indented as deep as its `Properties`."""
    lines = _lines(found, _substituted)
    return "\n".join(["Policies:", f"  - {lines[0]}", *(f"    {one}" for one in lines[1:])]) + "\n"


def size(found: Sequence[Statement]) -> int:
    """Return how many characters IAM counts."""
    return len("".join(json.dumps(document(found)).split()))


def _lines(found: Sequence[Statement], write: Callable[[str], str]) -> list[str]:
    lines = [f'Version: "{VERSION}"', "Statement:" if found else "Statement: []"]
    for one in found:
        lines += [f"  - Sid: {one.sid}", "    Effect: Allow"]
        lines += _field("Action", one.actions, str)
        lines += _field("Resource", one.resources, write)
    return lines


def _field(name: str, texts: Sequence[str], write: Callable[[str], str]) -> list[str]:
    if len(texts) == 1:
        return [f"    {name}: {write(texts[0])}"]
    return [f"    {name}:", *(f"      - {write(text)}" for text in texts)]


def _quoted(text: str) -> str:
    # JSON's string is one of YAML too; a plain `*` would be an alias.
    return json.dumps(text)


def _substituted(text: str) -> str:
    is_own = any(one in text for one in PSEUDO_PARAMETERS)
    return f"!Sub {_quoted(text)}" if is_own and text != ANY else _quoted(text)
