"""The command `policy`: prints the IAM policy for the sources, or checks one.

Not in the layer.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from ..._config import settings as _settings
from ..._config.sources import APPCONFIG
from ...errors import AppConfigEnvError
from ..commands import Misuse, Process, env_file_option, json_option, verb
from ..output import Line
from . import render
from .audit import Audit, audit_of
from .lookup import boto3_ids
from .needs import needs_of
from .notes import notes_on, of_role
from .options import Options, check_values, known_place, place
from .rules import RulesError
from .template_yaml import parse
from .templates import rules_of, variables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from ..._config.settings import Settings
    from .lookup import Parts
    from .needs import Need, Needs, Place

FORMS = {"json": render.to_json, "yaml": render.to_yaml, "sam": render.to_sam}


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
    found = needs_of(settings, ids, options.keys)
    if not found.function:
        raise AppConfigEnvError(
            "nothing to allow: no source reads from AWS; set APPCONFIG_ENV_SOURCES"
        )
    return found


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
        "notes": list(notes_on(found, settings, options)),
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


def settings_of_template(
    data: object, function: str, environ: Mapping[str, str]
) -> tuple[str, Settings]:
    """Return the name of a function in a template, and the settings in its variables.

    Args:
        data: a parsed template.
        function: the function; empty for the only one.
        environ: has the Region.

    Raises:
        SettingsError: a setting of the template is invalid.
    """
    name, found = variables(data, function)
    regions = {one: environ[one] for one in ("AWS_REGION", "AWS_DEFAULT_REGION") if one in environ}
    # Without a look at files: those that its settings name are in the function.
    return name, _settings.from_environ({**found, **regions})


def _parsed(path: str) -> object:
    """Return the data in a file.

    Raises:
        AppConfigEnvError: it cannot be read.
    """
    try:
        with open(path, encoding="utf-8") as file:
            return parse(file.read())
    except RulesError as error:
        raise AppConfigEnvError(f"{path}: {error}") from None
    except UnicodeDecodeError:
        raise AppConfigEnvError(f"{path}: expected UTF-8 text; convert it") from None
    except OSError as error:
        raise AppConfigEnvError(f"{path}: {error.strerror}; correct the path") from None


def _checked(path: str, data: object, function: str, own: Place, wanted: tuple[Need, ...]) -> Audit:
    """Return what the policy in a file has that is not needed, and the other way round.

    Raises:
        AppConfigEnvError: the file has no policy.
    """
    try:
        return audit_of(wanted, rules_of(data, own, function), own)
    except RulesError as error:
        raise AppConfigEnvError(f"{path}: {error}") from None


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
@env_file_option
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
    env_files: tuple[str, ...],
    as_json: bool,
) -> int:
    """Print the least-privilege IAM policy for the configured sources.

    It is the policy of the function's role; that of a role which is assumed is printed with
    --role. With --check, nothing is printed but what the policy in FILE does not allow though a
    source needs it, and what it allows though none does: FILE is JSON or YAML, a policy or its
    statements, what the AWS command line prints of one, or a SAM or CloudFormation template. If
    the environment names no sources, those of the function in the template are used.
    """
    check_values(region, account, keys)
    if function and path is None:
        raise Misuse("--function is for --check alone; add --check FILE, or remove it")
    if path is not None and form is not None:
        raise Misuse("--format cannot be combined with --check; remove one of them")
    if has_ids and is_online:
        raise Misuse("--ids cannot be combined with --online; remove one of them")
    options = Options(form or "json", role, account, keys, has_ids, is_online)
    process = process.with_files(env_files)
    environ = {**process.environ, **({"AWS_REGION": region} if region else {})}
    settings = replace(process, environ=environ).settings()
    data = _parsed(path) if path is not None else None
    if path is not None and not settings.sources:
        name, settings = settings_of_template(data, function, environ)
        if settings.sources:
            process.err.line(f"appconfig-env: note: the sources are those of {name} in {path}")
    found = all_needs(settings, options, boto3_ids)
    if path is not None:
        own = known_place(settings, options)
        checked = _checked(path, data, function, own, of_role(found, role))
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
        Line(f"appconfig-env: note: {note}", "quiet") for note in notes_on(found, settings, options)
    )
    return 0
