"""The command `diff`: compares a local folder with AWS, name by name; never shows a value.

Not in the layer.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

import click

from .._backends.base import Request
from .._backends.local import LocalBackend
from .._config.wording import listed
from .._content.document import Document, DocumentError
from .._content.variables import exact_data_of, text_value
from ..errors import AppConfigEnvError, Failure
from .commands import Process, env_file_option, json_option, verb
from .output import Line
from .pull import FOLDER
from .remote import LOCAL_DIR, failure_lines, failures, from_aws, outcomes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .._backends.base import Outcome
    from .._config.sources import Resource

HINT = "run appconfig-env pull to add what is missing, with --overwrite to replace what differs"
WHOLE = "the whole document"  # the name of a value without keys


class Difference(NamedTuple):
    """How the documents of one resource differ.

    Attributes:
        source: the reference, as messages show it.
        only_in_aws, only_in_folder: names that the other one does not have.
        different: names whose values differ; those of secrets are not compared.
        problem: why there is nothing to compare; else empty.
    """

    source: str
    only_in_aws: tuple[str, ...] = ()
    only_in_folder: tuple[str, ...] = ()
    different: tuple[str, ...] = ()
    problem: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether both are the same."""
        return not any(self[1:])


def compare(source: str, resource: Resource, remote: Document, local: Outcome) -> Difference:
    """Return how a folder's document differs from that of AWS.

    Args:
        source: see `Difference`.
        resource: what was read.
        remote: the document of AWS.
        local: the outcome of the folder.
    """
    if isinstance(local, Failure):
        return Difference(source, problem=str(local))
    if not isinstance(local, Document):
        raise TypeError("a folder always returns a document")
    try:
        theirs = leaves(exact_data_of(remote, resource))
    except DocumentError as error:
        return Difference(source, problem=f"in AWS: {error}")
    try:
        ours = leaves(exact_data_of(local, resource))
    except DocumentError as error:
        return Difference(source, problem=f"in the folder: {error}")
    is_secret = remote.secret_parameters if not remote.secret else theirs.keys()
    return Difference(
        source,
        tuple(name for name in theirs if name not in ours),
        tuple(name for name in ours if name not in theirs),
        tuple(
            name
            for name, value in theirs.items()
            if name in ours and name not in is_secret and value != ours[name]
        ),
    )


def leaves(data: object) -> dict[str, str]:
    """Return the values in a document as text, by their keys, joined with dots."""
    if not isinstance(data, dict):
        return {WHOLE: data.hex() if isinstance(data, bytes) else text_value(data)}
    return dict(_leaves(data, ""))


def _leaves(data: Mapping[str, object], prefix: str) -> Iterator[tuple[str, str]]:
    for key, value in data.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield prefix + key, text_value(value)


def lines(found: list[Difference]) -> Iterator[Line]:
    """Yield the differences by source, and how to resolve them."""
    for one in found:
        if one.is_empty:
            yield Line(f"{one.source}: same", "quiet")
            continue
        if one.problem:
            yield Line(f"{one.source}: {one.problem}", "error")
        for about, names in (
            ("only in AWS", one.only_in_aws),
            ("only in the folder", one.only_in_folder),
            ("different", one.different),
        ):
            if names:
                yield Line(f"{one.source}: {about}: {listed(names)}", "warn")
    if any(one.only_in_aws or one.different or one.problem for one in found):
        yield Line(HINT, "quiet")


def as_data(found: list[Difference], failed: list[str]) -> dict[str, object]:
    """Return the differences as JSON data."""
    return {
        "sources": [
            {
                "source": one.source,
                "only_in_aws": list(one.only_in_aws),
                "only_in_folder": list(one.only_in_folder),
                "different": list(one.different),
                "problem": one.problem or None,
            }
            for one in found
        ],
        "failed": failed,
    }


@verb("diff")
@click.argument("folder", required=False)
@env_file_option
@json_option
@click.pass_obj
def command(
    process: Process, *, folder: str | None, env_files: tuple[str, ...], as_json: bool
) -> int:
    """Compare FOLDER with what AWS has for the sources.

    FOLDER is APPCONFIG_ENV_LOCAL_DIR by default, or else local. Names are compared, and the values
    of parameters and profiles; those of secrets are not, because a folder has placeholders for
    them. No value is shown. The exit code is 1 if something differs, or if a source that is not
    optional could not be read.
    """
    process = process.with_files(env_files)
    folder = folder or process.environ.get(LOCAL_DIR) or FOLDER
    if not os.path.isdir(folder):
        raise AppConfigEnvError(f"{folder}: no such folder; run appconfig-env pull {folder} first")
    remote = from_aws(process)
    settings = remote.settings()
    read = outcomes(settings, remote)
    in_folder = LocalBackend(folder, os.getcwd())([Request(one) for one, _ in read], 0.0)
    found = [
        compare(
            settings.label(resource.reference), resource, outcome, in_folder[resource.reference]
        )
        for resource, outcome in read
        if isinstance(outcome, Document)
    ]
    failed = list(failures(settings, read))
    process.err.lines(failure_lines(failed))
    if as_json:
        process.out.json(as_data(found, [line for line, _ in failed]))
    else:
        process.out.lines(lines(found))
    is_same = all(one.is_empty for one in found)
    return int(not is_same or any(is_required for _, is_required in failed))
