"""The command `init`: adds what is needed to a template, app, module, image or local folder.

It shows what it would change, and changes it only with --write. Not in the layer.
"""

from __future__ import annotations

import difflib
import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from ..._config.references import ReferenceProblems, parse, without_options
from ..._config.wording import enumerated
from ...errors import AppConfigEnvError
from ..commands import Misuse, Process, env_file_option, json_option, verb
from ..output import Line
from ..policy.needs import needs_of
from ..remote import LOCAL_DIR
from . import cdk, dockerfile, files, local_folder, terraform
from .starter import EXAMPLE, SOURCES, RefusedError, Result, Starter, environ_with, variables

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..._config.settings import Settings
    from .starter import Edit

LAYER = re.compile(r"arn:[a-z-]+:lambda:[a-z0-9-]+:\d{12}:layer:[A-Za-z0-9_-]+:\d+")
STYLES = {"+": "good", "-": "error", "@": "quiet"}


def starter_for(process: Process, sources: Sequence[str], layer: str) -> tuple[Starter, Settings]:
    """Return what the sources need, and their settings.

    Args:
        process: has the environment that names the sources, if none are given.
        sources: references.
        layer: the ARN of a layer; empty for one of the deployment's own.

    Raises:
        Misuse: a reference is not valid.
        SettingsError: a setting is not.
    """
    for text in sources:
        try:
            parse(text)
        except ReferenceProblems as error:
            shown = f"--source: {without_options(text)!r}"
            raise Misuse("; ".join(f"{shown}: {problem}" for problem in error.problems)) from None
    environ = environ_with(process.environ, sources)
    environ.pop(LOCAL_DIR, "")
    settings = replace(process, environ=environ).settings()
    if not settings.sources:
        environ[SOURCES] = EXAMPLE
        settings = replace(process, environ=environ).settings()
    return Starter(variables(environ, settings), needs_of(settings), layer), settings


def diff(edit: Edit) -> Iterator[str]:
    """Yield the lines of a unified diff."""
    before = (edit.before or "").splitlines()
    path = edit.path.removeprefix("/")
    old = f"a/{path}" if edit.before is not None else "/dev/null"
    yield from difflib.unified_diff(before, edit.after.splitlines(), old, f"b/{path}", lineterm="")


def lines(result: Result, *, is_written: bool) -> Iterator[Line]:
    """Yield what was changed or would be, and what is left to do."""
    for edit in result.edits:
        if is_written:
            yield Line(f"wrote {edit.path}", "good")
            continue
        yield from (Line(text, STYLES.get(text[:1], "")) for text in diff(edit))
    if not result.edits and not result.notes:
        yield Line("nothing to change: all of it is there already", "good")
    if result.edits and not is_written:
        yield Line("nothing was written; pass --write to do so", "warn")
    yield from (Line(f"- {note}", "title") for note in result.notes)
    yield from (Line(text) for text in result.by_hand)


def as_data(result: Result, *, is_written: bool) -> dict[str, object]:
    """Return the same as JSON data."""
    return {
        "edits": [
            {"path": one.path, "is_new": one.before is None, "diff": "\n".join(diff(one))}
            for one in result.edits
        ],
        "written": is_written,
        "refused": result.is_refused,
        "notes": list(result.notes),
        "by_hand": list(result.by_hand),
    }


def result_of(kind: str, path: str, starter: Starter, settings: Settings, function: str) -> Result:
    """Return the edits for one kind, or the reason why there are none.

    Args:
        kind: one of files.KINDS.
        path: the file or folder.
        starter: what the function needs.
        settings: the sources.
        function: the function's name; empty for the only one.

    Raises:
        AppConfigEnvError: a file cannot be read.
    """
    try:
        if kind == "sam":
            return _sam(path, starter, function)
        if kind == "cdk":
            return cdk.edit(path, starter)
        if kind == "terraform":
            names = [name for name in files.names_in(path) if name.endswith(".tf")]
            texts = {name: files.read(os.path.join(path, name)) for name in names}
            return terraform.edit(path, texts, function, starter)
        if kind == "dockerfile":
            return dockerfile.edit(path, files.read(path), starter)
        return local_folder.edit(path, settings)
    except RefusedError as error:
        note = f"{path} was not edited: {error}"
        return Result(notes=[note], by_hand=error.by_hand, is_refused=True)


def _sam(path: str, starter: Starter, function: str) -> Result:
    try:
        from . import sam  # needs PyYAML, an extra
    except ModuleNotFoundError as error:
        if error.name != "yaml":
            raise
        raise AppConfigEnvError(
            "YAML needs PyYAML, which is not installed; run pip install 'appconfig-env[yaml]'"
        ) from None
    return sam.edit(path, files.read(path), function, starter)


def with_general_notes(result: Result, starter: Starter) -> Result:
    """Return `result` with what is left to do for every kind."""
    notes = [*result.notes]
    if result.edits and starter.variables.get(SOURCES) == EXAMPLE:
        notes.append(f"replace {EXAMPLE}, an example, with your own sources, or pass --source")
    if result.edits:
        notes += [
            f"add a policy to the role {role}: run appconfig-env policy --role {role}"
            for role in starter.needs.roles
        ]
    return result._replace(notes=notes)


@verb("init")
@click.argument("kind", required=False, type=click.Choice(files.KINDS))
@click.option("--file", "path", metavar="PATH", help="The file or folder to start with.")
@click.option("--function", default="", metavar="NAME", help="The function to add it to.")
@click.option("--source", "sources", multiple=True, metavar="REFERENCE", help="A source to read.")
@click.option("--layer", default="", metavar="ARN", help="A published layer, with its version.")
@click.option("--wheel", default="", metavar="FILE", help="A wheel for the image to install.")
@click.option("--write", "is_written", is_flag=True, help="Write the changes.")
@env_file_option
@json_option
@click.pass_obj
def command(
    process: Process,
    *,
    kind: str | None,
    path: str | None,
    function: str,
    sources: tuple[str, ...],
    layer: str,
    wheel: str,
    is_written: bool,
    env_files: tuple[str, ...],
    as_json: bool,
) -> int:
    """Add appconfig-env to what is in this folder.

    KIND is found by the files of the folder: a SAM template, a CDK app in Python or TypeScript, a
    Terraform module or a Dockerfile; local writes a local folder for APPCONFIG_ENV_LOCAL_DIR. The
    sources are those of --source, or else of the environment. A function gets the layer, the
    variables and the permissions that it does not have yet. Without --write, the changes are
    shown and nothing is written; nothing that is there is replaced.
    """
    if layer and not LAYER.fullmatch(layer):
        raise Misuse(
            "--layer: expected arn:aws:lambda:REGION:ACCOUNT:layer:NAME:VERSION, got "
            f"{layer!r}; correct it"
        )
    names = files.names_in(".")
    kind = kind or files.kind_of(names)
    for option, value, of_kinds in (
        ("--function", function, ("sam", "terraform")),
        ("--layer", layer, ("sam", "cdk", "terraform")),
        ("--wheel", wheel, ("dockerfile",)),
    ):
        if value and kind not in of_kinds:
            raise Misuse(f"{option} applies to {enumerated(of_kinds)} alone; remove it")
    starter, settings = starter_for(process.with_files(env_files), sources, layer)
    starter = starter._replace(wheel=wheel)
    path = path if path is not None else files.path_of(kind, names)
    result = with_general_notes(result_of(kind, path, starter, settings, function), starter)
    for edit in result.edits if is_written else ():
        files.write(edit)
    if as_json:
        process.out.json(as_data(result, is_written=is_written and bool(result.edits)))
    else:
        process.out.lines(lines(result, is_written=is_written))
    return int(result.is_refused)
