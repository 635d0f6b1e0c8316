"""The options of `policy`, and the place that they and the settings determine."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..commands import Misuse
from .lookup import partition_of
from .needs import ANY, Place
from .render import PSEUDO_PARAMETERS

if TYPE_CHECKING:
    from ..._config.settings import Settings

KEY = re.compile(r"arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+")
ACCOUNT = re.compile(r"\d{12}")
USUAL_PARTITION = "aws"
REGION = re.compile(r"[a-z]+(-[a-z]+)+-\d+")


@dataclass(frozen=True)
class Options:
    """The options of `policy`, checked."""

    form: str = "json"
    role: str = ""
    account: str = ""
    keys: tuple[str, ...] = ()
    has_ids: bool = False
    is_online: bool = False


def place(settings: Settings, options: Options) -> Place:
    """Return what the ARNs of a policy have for the caller's own partition, Region and account."""
    if options.form == "sam":
        return PSEUDO_PARAMETERS._replace(account=options.account or PSEUDO_PARAMETERS.account)
    found = known_place(settings, options)
    # IAM refuses a wildcard as the partition.
    return found._replace(partition=found.partition.replace(ANY, USUAL_PARTITION))


def known_place(settings: Settings, options: Options) -> Place:
    """Return the caller's partition, Region and account, with * for what is not known."""
    region = settings.aws.region
    return Place(partition_of(region), region or ANY, options.account or ANY)


def check_values(region: str, account: str, keys: tuple[str, ...]) -> None:
    """Refuse what would give an ARN that matches nothing.

    Raises:
        Misuse: a value is not one of AWS's.
    """
    if region and not REGION.fullmatch(region):
        raise Misuse(f"--region: expected a Region such as eu-west-1, got {region!r}; correct it")
    if account and not ACCOUNT.fullmatch(account):
        raise Misuse(f"--account: expected 12 digits, got {account!r}; correct it")
    for key in keys:
        if not KEY.fullmatch(key):
            raise Misuse(
                "--kms-key: expected arn:aws:kms:REGION:ACCOUNT:key/ID (a policy cannot name an "
                f"alias), got {key!r}; correct it"
            )
