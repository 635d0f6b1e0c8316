"""Compares what a policy allows with what the sources need; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..._config.wording import enumerated
from .needs import ANY, DECRYPT
from .patterns import arn_contains, arns_intersect, contains, intersect

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .needs import Need, Place
    from .rules import Pattern, Rule, Rules

# Without it secrets are read one by one, after a denied call.
_DISPENSABLE = "secretsmanager:BatchGetSecretValue"
# What other actions of these services a policy allows is of interest here; of others it is not.
_SERVICES = ("appconfig", "ssm", "secretsmanager", "sts")


class Finding(NamedTuple):
    """One difference: an action, a resource, and what to do about it."""

    action: str
    resource: str
    text: str


class Audit(NamedTuple):
    """How a policy differs from what is needed.

    Attributes:
        missing: what is needed, but not allowed.
        excess: what is allowed, but not needed.
        notes: what only AWS can decide.
    """

    missing: tuple[Finding, ...]
    excess: tuple[Finding, ...]
    notes: tuple[str, ...]


def audit_of(needs: Sequence[Need], found: Rules, own: Place) -> Audit:
    """Return how the policy `found` differs from `needs`, where the caller is in `own`."""
    missing: list[Finding] = []
    notes = [f"{one} is not read; export it to a file, and check that too" for one in found.unread]
    for need in needs:
        arn = need.target.arn(own)
        problem, note = _judge(need, arn, found.rules)
        if problem and found.unread:
            notes.append(f"{need.action} on {arn}: no statement allows it; see the other policies")
        elif problem and need.action == _DISPENSABLE:
            notes.append(f"without {need.action}, secrets are read one by one; allow it on *")
        elif problem:
            missing.append(Finding(need.action, arn, problem))
        elif note:
            notes.append(note)
    allowed = [rule for rule in found.rules if rule.allows]
    excess = [one for rule in allowed for one in _excess(rule, needs, own)]
    return Audit(tuple(missing), tuple(dict.fromkeys(excess)), tuple(dict.fromkeys(notes)))


def _judge(need: Need, arn: str, rules: Iterable[Rule]) -> tuple[str, str]:
    """Return why a need is not met, or else what it depends on; both empty if it is met."""
    on_arn = f"{need.action} on {arn}"
    about = [rule for rule in rules if _has_action(rule, need.action) and _has_resource(rule, arn)]
    denied = [rule for rule in about if not rule.allows]
    for rule in denied:
        if not rule.has_condition and _certainly_has(rule, arn):
            return f"{on_arn}: {rule.name} denies it ({need.reason}); change that statement", ""
    allowing = [rule for rule in about if rule.allows]
    if not allowing:
        others = _others(need.action, rules)
        return f"{on_arn}{others} ({need.reason}); add it", ""
    certain = [rule for rule in allowing if not rule.has_condition and _is_certain(rule, arn)]
    doubtful = [*denied, *([] if certain else allowing)]
    if not doubtful:
        return "", ""
    names = enumerated([*dict.fromkeys(rule.name for rule in doubtful)])
    return "", f"{on_arn} depends on conditions, variables or IDs in {names}; check them"


def _others(action: str, rules: Iterable[Rule]) -> str:
    """Return a note with the resources that a policy allows the action on instead."""
    texts = [
        pattern.text
        for rule in rules
        if rule.allows and not rule.is_not_resource and _has_action(rule, action)
        for pattern in rule.resources
    ]
    return f", which is allowed on {enumerated(texts)} only" if texts else ""


def _has_action(rule: Rule, action: str) -> bool:
    is_named = any(intersect(one.lower(), action.lower()) for one in rule.actions)
    return is_named != rule.is_not_action


def _has_resource(rule: Rule, arn: str) -> bool:
    return any(_covers(one, arn) for one in rule.resources) != rule.is_not_resource


def _covers(pattern: Pattern, arn: str) -> bool:
    """Whether a statement's resource may be the one with this ARN, of which parts may be unknown.

    An action without resources is allowed on * alone.
    """
    return pattern.arn == ANY or (arn != ANY and arns_intersect(pattern.arn, arn))


def _is_certain(rule: Rule, arn: str) -> bool:
    """Whether a rule that may cover an ARN does, apart from conditions and unknown accounts.

    A profile whose ID is not known may be another one than the rule has.
    """
    if rule.is_not_resource:
        return all(one.is_whole for one in rule.resources)
    path = arn.split(":", 5)[-1]
    return any(
        one.is_whole and (ANY not in path or arn == ANY or contains(one.path, path))
        for one in rule.resources
        if _covers(one, arn)
    )


def _certainly_has(rule: Rule, arn: str) -> bool:
    """Whether a rule that may cover an ARN does, whatever is unknown of the ARN."""
    if rule.is_not_resource:
        return all(one.is_whole for one in rule.resources)
    return any(
        one.is_whole and (one.arn == ANY or arn_contains(one.arn, arn)) for one in rule.resources
    )


def _excess(rule: Rule, needs: Sequence[Need], own: Place) -> Iterator[Finding]:
    if rule.is_not_action or rule.is_not_resource:
        names = ", ".join(rule.actions)
        what = "NotAction" if rule.is_not_action else "NotResource"
        text = f"{rule.name} allows all but what its {what} names; list what is needed instead"
        yield Finding(names, ", ".join(one.text for one in rule.resources), text)
        return
    for action in rule.actions:
        if any(mark in action for mark in "*?"):
            yield from _excess_of_wildcard(rule, action, needs)
        elif action.lower() == DECRYPT.lower():
            yield from _excess_of_keys(rule, action)
        else:
            yield from _excess_of_action(rule, action, needs, own)


def _excess_of_wildcard(rule: Rule, action: str, needs: Sequence[Need]) -> Iterator[Finding]:
    if not any(intersect(action.lower(), f"{service}:*") for service in _SERVICES):
        return
    resources = ", ".join(one.text for one in rule.resources)
    used = [one.action for one in needs if intersect(action.lower(), one.action.lower())]
    only = enumerated([*dict.fromkeys(used)])
    remedy = f"allow {only} only" if only else "remove it"
    text = f"{action} ({rule.name}) allows other actions too; {remedy}"
    yield Finding(action, resources, text)


def _excess_of_keys(rule: Rule, action: str) -> Iterator[Finding]:
    """Yield keys that are not named: which ones are needed is known only to AWS."""
    for one in rule.resources:
        key = one.arn.rpartition("/")[2]
        if key in ("", ANY) and one.is_whole and not rule.has_condition:
            text = f"{action} on {one.text} ({rule.name}) is for every key; name the key"
            yield Finding(action, one.text, text)


def _excess_of_action(
    rule: Rule, action: str, needs: Sequence[Need], own: Place
) -> Iterator[Finding]:
    if action.partition(":")[0].lower() not in _SERVICES:
        return
    arns = [need.target.arn(own) for need in needs if need.action.lower() == action.lower()]
    for one in rule.resources:
        on_resource = f"{action} on {one.text} ({rule.name})"
        if not arns:
            yield Finding(action, one.text, f"{on_resource} is needed by no source; remove it")
        elif ANY not in arns and one.is_whole and not _is_needed(one.arn, arns):
            near = [arn for arn in arns if one.arn == ANY or arns_intersect(one.arn, arn)]
            remedy = f"allow it on {enumerated(near)} only" if near else "remove it"
            yield Finding(action, one.text, f"{on_resource} is more than is needed; {remedy}")


def _is_needed(pattern: str, arns: Iterable[str]) -> bool:
    return any(arn_contains(arn, pattern) for arn in arns)
