"""The command `policy`: prints the IAM policy for the sources, or checks one.

Not in the layer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from ..._config.sources import APPCONFIG, SECRETS_MANAGER, SSM
from ..._config.wording import listed
from ...errors import AppConfigEnvError
from ..commands import Misuse, Process, json_option, verb
from ..output import Line
from . import render
from .audit import Audit, audit
from .lookup import boto3_ids, partition_of
from .needs import ANY, Need, Needs, Place, needs
from .rules import RulesError
from .template_yaml import parse
from .templates import rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ..._config.settings import Settings
    from .lookup import Parts

FORMS = {"json": render.to_json, "yaml": render.to_yaml, "sam": render.to_sam}
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
        return render.PSEUDO_PARAMETERS._replace(
            account=options.account or render.PSEUDO_PARAMETERS.account
        )
    found = known_place(settings, options)
    # IAM refuses a wildcard as the partition.
    return found._replace(partition=found.partition.replace(ANY, USUAL_PARTITION))


def known_place(settings: Settings, options: Options) -> Place:
    """Return the caller's partition, Region and account, with * for what is not known."""
    region = settings.aws.region
    return Place(partition_of(region), region or ANY, options.account or ANY)


def all_needs(
    settings: Settings,
    options: Options,
    look_up: Callable[[str, Iterable[Parts]], dict[Parts, Parts]],
) -> Needs:
    """Return what the sources need.

    Args:
        settings: the sources.
        options: whether profiles are named by their IDs, or looked up.
        look_up: returns the IDs of profiles in a Region, see `lookup.boto3_ids`.

    Raises:
        AppConfigEnvError: no source reads from AWS, or a profile could not be found.
    """
    profiles = {
        source.resource.parts: source.resource.parts
        for source in settings.sources
        if source.resource.scheme == APPCONFIG
    }
    ids: dict[Parts, Parts] = profiles if options.has_ids else {}
    if options.is_online and profiles:
        ids = look_up(settings.aws.appconfig.region, profiles)
    found = needs(settings, ids, options.keys)
    if not found.function:
        raise AppConfigEnvError(
            "nothing to allow: no source reads from AWS; set APPCONFIG_ENV_SOURCES"
        )
    return found


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


def notes(found: Needs, settings: Settings, options: Options) -> Iterator[str]:
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


def policies(found: Needs, settings: Settings, options: Options) -> dict[str, object]:
    """Return every role's policy, and the notes, as JSON data."""
    by_role = {"": found.function, **found.roles}
    own = place(settings, replace(options, form="json"))
    return {
        "policies": [
            {"role": role or None, "policy": render.document(render.statements(one, own))}
            for role, one in by_role.items()
            if options.role in ("", role)
        ],
        "notes": list(notes(found, settings, options)),
    }


def lines(found: Audit) -> Iterator[Line]:
    """Yield the findings of a check, the missing permissions first."""
    for one in found.missing:
        yield Line(f"missing: {one.text}", "error")
    for one in found.excess:
        yield Line(f"too much: {one.text}", "warn")
    for note in found.notes:
        yield Line(f"note: {note}", "quiet")
    if not found.missing and not found.excess:
        as_far = ", as far as the file shows" if found.notes else ""
        yield Line(f"the policy allows what the sources need, and no more{as_far}", "good")


def audit_as_json(found: Audit) -> dict[str, object]:
    """Return the findings of a check as JSON data."""
    return {
        "missing": [one._asdict() for one in found.missing],
        "excess": [one._asdict() for one in found.excess],
        "notes": list(found.notes),
    }


def _check_values(region: str, account: str, keys: tuple[str, ...]) -> None:
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


def _checked(path: str, function: str, own: Place, wanted: tuple[Need, ...]) -> Audit:
    """Return what the policy in a file has that is not needed, and the other way round.

    Raises:
        AppConfigEnvError: the file has no policy.
    """
    try:
        with open(path, encoding="utf-8") as file:
            return audit(wanted, rules(parse(file.read()), own, function), own)
    except RulesError as error:
        raise AppConfigEnvError(f"{path}: {error}") from None
    except UnicodeDecodeError:
        raise AppConfigEnvError(f"{path}: expected UTF-8 text; convert it") from None
    except OSError as error:
        raise AppConfigEnvError(f"{path}: {error.strerror}; correct the path") from None


@verb("policy")
@click.option(
    "--format",
    "form",
    type=click.Choice([*FORMS]),
    help="How to print the policy; sam is for a function's Policies. [default: json]",
)
@click.option("--check", "path", metavar="FILE", help="Check a policy, or a template's.")
@click.option("--function", default="", metavar="NAME", help="Whose policies in a template.")
@click.option("--allow-more", is_flag=True, help="Exit with 0 if only too much is allowed.")
@click.option("--role", default="", metavar="ARN", help="An assumed role, not the function's own.")
@click.option("--region", default="", help="The function's Region. [default: AWS_REGION]")
@click.option("--account", default="", metavar="ID", help="The function's account.")
@click.option("--kms-key", "keys", multiple=True, metavar="ARN", help="A key that encrypts values.")
@click.option("--ids", "has_ids", is_flag=True, help="AppConfig's references have IDs.")
@click.option("--online", "is_online", is_flag=True, help="Look up AppConfig's IDs with boto3.")
@json_option
@click.pass_obj
def command(  # noqa: PLR0917 - click passes them by name
    process: Process,
    form: str | None,
    path: str | None,
    function: str,
    role: str,
    region: str,
    account: str,
    keys: tuple[str, ...],
    *,
    allow_more: bool,
    has_ids: bool,
    is_online: bool,
    as_json: bool,
) -> int:
    """Print the least-privilege IAM policy for the configured sources.

    It is the policy of the function's role; that of a role which is assumed is printed with
    --role. With --check, nothing is printed but what the policy in FILE does not allow though a
    source needs it, and what it allows though none does: FILE is JSON or YAML, a policy or its
    statements, what the AWS command line prints of one, or a SAM or CloudFormation template.
    """
    _check_values(region, account, keys)
    if function and path is None:
        raise Misuse("--function is for --check alone; add --check FILE, or remove it")
    if path is not None and form is not None:
        raise Misuse("--format cannot be combined with --check; remove one of them")
    if has_ids and is_online:
        raise Misuse("--ids cannot be combined with --online; remove one of them")
    options = Options(form or "json", role, account, keys, has_ids, is_online)
    environ = {**process.environ, **({"AWS_REGION": region} if region else {})}
    settings = replace(process, environ=environ).settings()
    found = all_needs(settings, options, boto3_ids)
    if path is not None:
        checked = _checked(path, function, known_place(settings, options), of_role(found, role))
        return _report(process, checked, allow_more=allow_more, as_json=as_json)
    return _print(process, found, settings, options, as_json=as_json)


def _report(process: Process, found: Audit, *, allow_more: bool, as_json: bool) -> int:
    if as_json:
        process.out.json(audit_as_json(found))
    else:
        process.out.lines(lines(found))
    return int(bool(found.missing or (found.excess and not allow_more)))


def _print(
    process: Process, found: Needs, settings: Settings, options: Options, *, as_json: bool
) -> int:
    own = of_role(found, options.role)
    if as_json:
        process.out.json(policies(found, settings, options))
        return 0
    process.out.text(FORMS[options.form](render.statements(own, place(settings, options))))
    process.err.lines(
        Line(f"appconfig-env: note: {note}", "quiet") for note in notes(found, settings, options)
    )
    return 0
