"""The command `pull`: writes what AWS has to a local folder; secrets as placeholders.

Not in the layer.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import click

from .._cache import snapshot_file
from .._config.wording import counted, listed
from ..errors import AppConfigEnvError
from .commands import Process, env_file_option, json_option, verb
from .contents import PLACEHOLDER, contents
from .folder_plan import SSM_ENV, Change, Plan, plan
from .output import Line
from .remote import LOCAL_DIR, documents, failure_lines, failures, from_aws, outcomes

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = "local"
PRIVATE, USUAL = 0o600, 0o644  # permissions: secrets will be in one of the files


def lines(planned: Plan, *, is_written: bool, overwrite: bool) -> Iterator[Line]:
    """Yield what was written, or is to be written, and what was kept."""
    done, kept = ("wrote", "kept") if is_written else ("would write", "would keep")
    for change in planned.changes:
        about = []
        if change.added:
            about.append(f"{counted(len(change.added), 'name')} added: {listed(change.added)}")
        if change.replaced:
            about.append(f"replaced: {listed(change.replaced)}")
        note = f" ({'; '.join(about)})" if about else ""
        yield Line(f"{done} {change.path}{note}", "good")
    for path, names in planned.kept.items():
        about_names = f" of {listed(names)}" if names else ""
        remedy = "pass --overwrite to replace it"
        if overwrite or path.endswith(SSM_ENV):
            remedy = "edit the file"
        yield Line(f"{kept} {path}, which differs from AWS{about_names}; {remedy}", "warn")
    if not planned.changes and not planned.kept:
        yield Line("the folder has all of it already", "good")
    for change in planned.changes:
        if change.placeholders:
            yield Line(
                f"{change.path} has placeholders ({PLACEHOLDER}) for secrets: "
                f"{listed(change.placeholders)}; replace them, and keep the file out of version "
                "control",
                "warn",
            )


def _as_json(planned: Plan, problems: list[str]) -> dict[str, object]:
    """Return what was written and kept as JSON data."""
    return {
        "written": [
            {"path": one.path, "added": list(one.added), "replaced": list(one.replaced)}
            for one in planned.changes
        ],
        "kept": [{"path": path, "names": list(names)} for path, names in planned.kept.items()],
        "failed": problems,
    }


def _write(change: Change) -> None:
    """Write one file, and the folders that it is in.

    Raises:
        AppConfigEnvError: it could not be written.
    """
    try:
        os.makedirs(os.path.dirname(change.path) or ".", exist_ok=True)
        path = os.path.realpath(change.path)  # a link stays one
        mode = PRIVATE if change.placeholders else USUAL
        if os.path.exists(path):
            mode = stat.S_IMODE(os.stat(path).st_mode)
        snapshot_file.write(path, change.body, mode=mode)
    except OSError as error:
        raise AppConfigEnvError(f"{change.path}: {error.strerror}; pass another folder") from None


@verb("pull")
@click.argument("folder", required=False)
@click.option("--overwrite", is_flag=True, help="Replace parameters and profiles that differ.")
@click.option("--dry-run", is_flag=True, help="Write nothing.")
@env_file_option
@json_option
@click.pass_obj
def command(
    process: Process,
    *,
    folder: str | None,
    overwrite: bool,
    dry_run: bool,
    env_files: tuple[str, ...],
    as_json: bool,
) -> int:
    """Write what AWS has for the sources to FOLDER, for APPCONFIG_ENV_LOCAL_DIR.

    FOLDER is APPCONFIG_ENV_LOCAL_DIR by default, or else local. Parameters go to ssm.json, or to
    ssm.env if there is one, and profiles to APPLICATION/ENVIRONMENT/PROFILE. secrets.json gets the
    names and keys of secrets, with placeholders for the values; so does a SecureString. What is
    in the folder already is kept: names are added, values are not replaced without --overwrite,
    and those of secrets never are.
    """
    process = process.with_files(env_files)
    folder = folder or process.environ.get(LOCAL_DIR) or FOLDER
    remote = from_aws(process)
    settings = remote.settings()
    found = outcomes(settings, remote)
    planned = plan(folder, contents(documents(found)), overwrite=overwrite)
    for change in planned.changes if not dry_run else ():
        _write(change)
    failed = list(failures(settings, found))
    process.err.lines(failure_lines(failed))
    if as_json:
        process.out.json(_as_json(planned, [line for line, _ in failed]))
    else:
        process.out.lines(lines(planned, is_written=not dry_run, overwrite=overwrite))
    return int(any(is_required for _, is_required in failed))
