"""What a policy leaves open, each with the option or the step that closes it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..._config.sources import SECRETS_MANAGER, SSM
from ..._config.wording import listed
from ..commands import Misuse
from . import render
from .lookup import partition_of
from .needs import ANY
from .options import place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..._config.settings import Settings
    from .needs import Need, Needs
    from .options import Options


def of_role(found: Needs, role: str) -> tuple[Need, ...]:
    """Return the needs of one role; of the function's own if `role` is empty.

    Raises:
        Misuse: the sources are not read with this role.
    """
    if role and not found.roles:
        raise Misuse("--role: all sources are read with the function's own role; remove it")
    if role and role not in found.roles:
        known = listed(found.roles, role)
        raise Misuse(f"--role: expected {known}, got {role!r}; correct it")
    return found.roles[role] if role else found.function


def notes_on(found: Needs, settings: Settings, options: Options) -> Iterator[str]:
    """Yield what a policy leaves open, each with what to do about it."""
    own = of_role(found, options.role)
    if options.form != "sam":
        yield from _unknown_places(own, settings, options)
    if any(one.action.startswith("appconfig:") and ANY in one.target.path for one in own):
        yield (
            "the ARNs of profiles have IDs, so all profiles are allowed; pass --online to look "
            "them up, or --ids if the references have IDs"
        )
    schemes = {source.resource.scheme for source in settings.sources}
    if not options.keys and schemes & {SSM, SECRETS_MANAGER}:
        yield "what a customer managed key encrypts needs kms:Decrypt too; pass --kms-key ARN"
    for role in found.roles if not options.role else ():
        yield f"the role {role} needs a policy of its own; run this command with --role {role}"
    size = render.size(render.statements(own, place(settings, replace(options, form="json"))))
    if size > render.LONGEST_MANAGED:
        yield (
            f"the policy has {size:,} characters, a managed policy at most "
            f"{render.LONGEST_MANAGED:,}; split it, or read paths instead of single parameters"
        )


def _unknown_places(own: Iterable[Need], settings: Settings, options: Options) -> Iterator[str]:
    targets = [one.target for one in own if one.target.service not in ("", "iam")]
    region = settings.aws.region
    if not region and any(not one.region for one in targets):
        yield "the Region is not known, so it is *; pass --region"
    elif partition_of(region) == ANY and any(not one.partition for one in targets):
        yield f"the partition of {region} is not known, so it is aws; correct the ARNs"
    if not options.account and any(not one.account for one in targets):
        yield "the account is not known, so it is *; pass --account"
