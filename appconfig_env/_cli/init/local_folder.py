"""Fills a local folder with the names of all sources, without calling AWS."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING

from ..._config.sources import APPCONFIG, SECRETS_MANAGER, SSM
from ..._content.document import Document
from ..contents import PLACEHOLDER, Contents, Profile, parameter_name, secret_name
from ..folder_plan import plan
from .files import read
from .starter import Edit, Result

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..._config.settings import Settings
    from ..._config.sources import Resource, Source

EXAMPLE = "EXAMPLE"  # a parameter's name, where only its path is known
_EXTENSIONS = {"dotenv": ".env", "yaml": ".yaml", "text": ".txt", "binary": ""}


def edit(folder: str, settings: Settings) -> Result:
    """Return the files of a folder that has a placeholder for each source.

    Names that the folder has already are kept, with their values.

    Args:
        folder: the folder, which need not exist.
        settings: the sources.

    Raises:
        AppConfigEnvError: a file that is there cannot be read.
    """
    planned = plan(folder, contents(settings.resources()), overwrite=False)
    edits = []
    for change in planned.changes:
        before = read(change.path) if change.is_there else None
        after = change.body.decode()
        edits.append(Edit(change.path, before, after, is_private=bool(change.placeholders)))
    notes = [f"replace each {PLACEHOLDER} in {folder}, or run appconfig-env pull {folder}"]
    notes.append(f"set APPCONFIG_ENV_LOCAL_DIR={folder} to read the folder in place of AWS")
    return Result(edits, notes if edits else [])


def contents(resources: Mapping[str, Sequence[Source]]) -> Contents:
    """Return a placeholder for each value that the sources read."""
    parameters: dict[str, str] = {}
    secrets: dict[str, object] = {}
    profiles: dict[tuple[str, ...], Profile] = {}
    paths: list[str] = []
    for sources in resources.values():
        resource = sources[0].resource
        if resource.scheme == APPCONFIG:
            profiles[resource.parts] = _profile(resource, sources)
        elif resource.is_path:
            paths.append(resource.name)
        elif resource.scheme == SSM:
            parameters[parameter_name(resource)] = _text(resource, sources)
        elif resource.scheme == SECRETS_MANAGER:
            name = secret_name(resource, Document())
            secrets[name] = _data(sources) or _text(resource, sources)
    for path in paths:
        if not any(name.startswith(path) for name in parameters):
            parameters[path + EXAMPLE] = PLACEHOLDER
    return Contents(parameters, frozenset(parameters), secrets, profiles)


def _data(sources: Sequence[Source]) -> dict[str, object]:
    """Return a document that has all keys of the sources; empty if they have none."""
    data: dict[str, object] = {}
    for source in sources:
        inner = data
        for segment in source.key[:-1]:
            deeper = inner.setdefault(segment, {})
            if not isinstance(deeper, dict):  # another source reads it as a value
                deeper = inner[segment] = {}
            inner = deeper
        if source.key:
            inner.setdefault(source.key[-1], PLACEHOLDER)
    return data


def _text(resource: Resource, sources: Sequence[Source]) -> str:
    if resource.format == "binary":
        return b64encode(PLACEHOLDER.encode()).decode()
    if resource.format == "dotenv":
        return f"{EXAMPLE}={PLACEHOLDER}\n"
    data = _data(sources)
    return json.dumps(data) if data or resource.format == "json" else PLACEHOLDER


def _profile(resource: Resource, sources: Sequence[Source]) -> Profile:
    extension = _EXTENSIONS.get(resource.format, ".json")
    if extension == ".json":
        return Profile((json.dumps(_data(sources), indent=2) + "\n").encode(), extension)
    return Profile(_text(resource, sources).encode(), extension)
