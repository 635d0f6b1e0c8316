"""The command `get`: prints one value, of a variable or of a reference.

Not in the layer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .._config.references import ReferenceProblems, is_reference, parse, without_options
from .._config.sources import SCHEMES, SECRETS_MANAGER, Source
from .._config.wording import nearest_note
from .._content.fast_json import dumps_exact
from .._content.variables import exact_data_of, may_set, pick
from ..errors import LoadError, MissingKeyError, SourceError
from .commands import Misuse, Process, env_file_option, json_option, verb
from .ownership import own_names
from .reading import read, settings_of_reference, with_sources

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._cache.snapshot import Snapshot
    from .._config.settings import Settings

VALUE = "VALUE"  # the name of a reference's value while it is read


def relevant(settings: Settings, environ: Mapping[str, str], name: str) -> Settings:
    """Return `settings` with those sources alone that may set `name`."""
    if name in own_names(settings, environ):
        return with_sources(settings, [])
    sources = [source for source in settings.sources if may_set(source, name)]
    # A reference in place wins over lists, unless it may have no value.
    winners = [
        source
        for source in sources
        if source.variable and (source.default is not None or not source.optional)
    ]
    return with_sources(settings, winners or sources)


def value_of_name(
    settings: Settings, environ: Mapping[str, str], snapshot: Snapshot, name: str
) -> str:
    """Return the value of the variable `name`, as `appconfig_env.get` does.

    Args:
        settings: see `relevant`.
        environ: the environment, for names that no source sets.
        snapshot: the entries of these sources.
        name: the variable.

    Raises:
        LoadError: it has none, and a source that may set it could not be read.
        MissingKeyError: it has none.
    """
    values = snapshot.values(settings)
    if name in values:
        return values[name]
    in_place = {source.variable for source in settings.sources}
    if name in environ and not (name in in_place and is_reference(environ[name])):
        return environ[name]
    if missing := snapshot.missing(settings):
        raise LoadError(missing)
    near = nearest_note(name, {*values, *environ})
    remedy = "add its source to APPCONFIG_ENV_SOURCES"
    if "/" in name:
        remedy = "write the scheme before a reference, as in ssm:/shop/prod/host"
    raise MissingKeyError(
        f"{name}: neither a source nor the environment has this name{near}; correct it, or {remedy}"
    )


def source_of(reference: str) -> Source:
    """Return the source that `reference` names, as one value without a variable's limits.

    Raises:
        Misuse: it is not valid.
    """
    if reference.startswith("arn:"):
        service = reference.split(":")[2:3]
        scheme = service[0] if service and service[0] in SCHEMES else SECRETS_MANAGER
        raise Misuse(f"an ARN is not a reference by itself; write {scheme}: before it")
    try:
        parsed = parse(reference)
    except ReferenceProblems as error:
        shown = repr(without_options(reference))
        raise Misuse("; ".join(f"{shown}: {problem}" for problem in error.problems)) from None
    return Source(
        parsed.resource,
        parsed.key,
        as_name=VALUE,
        env=False,
        optional=parsed.optional,
        default=parsed.default,
    )


def value_of_reference(settings: Settings, snapshot: Snapshot) -> str:
    """Return the value of the only source: what a variable with this reference would have.

    Raises:
        LoadError: it could not be read, and has no default.
        MissingKeyError: it is optional and has no value.
    """
    (source,) = settings.sources
    values = snapshot.values(settings)
    if VALUE in values:
        return values[VALUE]
    if missing := snapshot.missing(settings):
        raise LoadError(missing)
    failure = snapshot.entries[source.resource.reference].failure
    if failure is not None:
        raise LoadError([SourceError(source.public_reference, failure)])
    raise MissingKeyError(f"{source.public_reference} has no value; remove optional to see why")


def data_of_reference(settings: Settings, snapshot: Snapshot, value: str) -> object:
    """Return the value of the only source as data: parsed, with numbers as in the document.

    Args:
        settings: the source.
        snapshot: its entry.
        value: its value as text, which is returned for bytes and a default.
    """
    (source,) = settings.sources
    document = snapshot.entries[source.resource.reference].document
    if document is None or source.resource.format == "binary":
        return value
    rendering = snapshot.entries[source.resource.reference].rendering(settings.sources)
    if source.identity not in rendering.used:
        return value
    return pick(exact_data_of(document, source.resource), source.key)


@verb("get")
@click.argument("name", metavar="NAME|REFERENCE")
@env_file_option
@json_option
@click.pass_obj
def command(process: Process, *, name: str, env_files: tuple[str, ...], as_json: bool) -> int:
    """Print the value of a variable, or what a reference stands for.

    NAME is a variable, with the value that appconfig_env.get() would return: only the sources that
    may set it are read. REFERENCE, such as ssm:/shop/prod/host or
    secretsmanager:shop/db#password, need not be among the sources; a whole path is a JSON object.
    """
    process = process.with_files(env_files)
    if ":" in name:
        source = source_of(name)
        settings = settings_of_reference(source, process)
        snapshot = read(settings, process)
        value = value_of_reference(settings, snapshot)
        data = data_of_reference(settings, snapshot, value) if as_json else value
        found: dict[str, object] = {"reference": source.public_reference, "value": data}
    else:
        settings = relevant(process.settings(), process.environ, name)
        value = value_of_name(settings, process.environ, read(settings, process), name)
        found = {"name": name, "value": value}
    if as_json:
        process.out.text(f"{dumps_exact(found)}\n")
    else:
        process.out.text(f"{value}\n")
    return 0
