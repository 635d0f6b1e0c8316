"""Plans what to write to a local folder so that it has what AWS has; replaces nothing unasked."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, NamedTuple

from .._backends.local import file_name, profile_files
from .._content.document import DocumentError
from .._content.parse import parse, plain
from .._content.variables import text_value
from ..errors import AppConfigEnvError
from .export import ExportError, dotenv

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .contents import Contents

SSM_JSON, SSM_ENV, SECRETS = "ssm.json", "ssm.env", "secrets.json"


class Change(NamedTuple):
    """One file to be written.

    Attributes:
        path: the file.
        body: what it then has.
        added: the names that it then has in addition; empty for a profile.
        replaced: the names whose values it then has of AWS.
        placeholders: those of `added` whose values are secret, and so left out.
    """

    path: str
    body: bytes
    added: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    placeholders: tuple[str, ...] = ()

    @property
    def is_there(self) -> bool:
        """Whether the file exists already."""
        return os.path.exists(self.path)


class Plan(NamedTuple):
    """What is to be written, and what differs from AWS but is kept.

    Attributes:
        changes: the files to write.
        kept: for each file, the names whose values differ from AWS's; empty for a profile.
    """

    changes: list[Change]
    kept: dict[str, tuple[str, ...]]


def plan(folder: str, found: Contents, *, overwrite: bool) -> Plan:
    """Return what is to be written to a folder so that it has what was found.

    What is there stays, secrets in any case: they are placeholders here.

    Args:
        folder: the folder, which need not exist.
        found: what AWS has.
        overwrite: whether parameters and profiles that differ are replaced.

    Raises:
        AppConfigEnvError: a file that is there cannot be read.
    """
    planned = Plan([], {})
    if found.parameters:
        _plan_parameters(folder, found, planned, overwrite=overwrite)
    if found.secrets:
        _plan_secrets(folder, found, planned)
    _plan_profiles(folder, found, planned, overwrite=overwrite)
    return planned


def _plan_secrets(folder: str, found: Contents, planned: Plan) -> None:
    path = os.path.join(folder, SECRETS)
    before = _read(path)
    known = _object(path, before)
    added = {name: value for name, value in found.secrets.items() if name not in known}
    grown = {}
    names = [*added]
    for name, value in found.secrets.items():
        data, keys = _with_keys(known[name], value) if name in known else (None, ())
        if keys:
            grown[name] = data
            names += [f"{name}#{key}" for key in keys]
    if not names:
        return
    # A key inside a member needs the whole file, which then has the usual indentation.
    body = _encoded(_indented({**known, **grown, **added}) + "\n")
    if not grown:
        body = _with_members(before, added)
    planned.changes.append(Change(path, body, tuple(names), placeholders=tuple(names)))


def _with_keys(ours: object, theirs: object, prefix: str = "") -> tuple[object, tuple[str, ...]]:
    """Return a secret with the keys that only AWS's has, and these keys; its values stay."""
    if isinstance(ours, str) and isinstance(theirs, dict):  # the document as text
        try:
            ours = json.loads(ours)
        except ValueError:
            return ours, ()
    if not isinstance(ours, dict) or not isinstance(theirs, dict):
        return ours, ()
    merged = dict(ours)
    new: list[str] = []
    for key, value in theirs.items():
        if key in ours:
            merged[key], inner = _with_keys(ours[key], value, f"{prefix}{key}.")
            new += inner
        else:
            merged[key] = value
            new.append(prefix + key)
    return merged, tuple(new)


def _plan_parameters(folder: str, found: Contents, planned: Plan, *, overwrite: bool) -> None:
    path = _parameters_file(folder)
    before = _read(path)
    known = _members(path, before)
    added = {name: value for name, value in found.parameters.items() if name not in known}
    other = tuple(
        name
        for name, value in found.parameters.items()
        if name in known and known[name] != value and name not in found.placeholders
    )
    is_dotenv = path.endswith(".env")  # whose comments and quotes a new value would lose
    replaced = other if overwrite and not is_dotenv else ()
    if other and not replaced:
        planned.kept[path] = other
    if not added and not replaced:
        return
    if is_dotenv:
        body = _with_lines(path, before, added)
    elif replaced:
        values = known | {name: found.parameters[name] for name in replaced} | added
        body = _encoded(_indented(values) + "\n")
    else:
        body = _with_members(before, added)
    placeholders = tuple(name for name in added if name in found.placeholders)
    planned.changes.append(Change(path, body, tuple(added), replaced, placeholders))


def _parameters_file(folder: str) -> str:
    in_json, in_dotenv = (os.path.join(folder, name) for name in (SSM_JSON, SSM_ENV))
    return in_dotenv if os.path.exists(in_dotenv) and not os.path.exists(in_json) else in_json


def _plan_profiles(folder: str, found: Contents, planned: Plan, *, overwrite: bool) -> None:
    for parts, profile in found.profiles.items():
        names = [file_name(part) for part in parts]
        there = list(profile_files(folder, names))
        path = there[0] if there else os.path.join(folder, *names) + profile.extension
        before = _read(path)
        if before is None or (before != profile.body and overwrite):
            planned.changes.append(Change(path, profile.body))
        elif before != profile.body:
            planned.kept[path] = ()


def _read(path: str) -> bytes | None:
    """Return a file's contents; None if there is no such file.

    Raises:
        AppConfigEnvError: it cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise AppConfigEnvError(f"{path}: {error.strerror}; pass another folder") from None


def _members(path: str, body: bytes | None) -> dict[str, str]:
    """Return the values of a file by name, as texts; see `_object`."""
    return {name: text_value(value) for name, value in _exact(path, body).items()}


def _object(path: str, body: bytes | None) -> dict[str, object]:
    """Return the values of a file by name.

    Raises:
        AppConfigEnvError: it cannot be parsed.
    """
    data = plain(_exact(path, body))
    return data if isinstance(data, dict) else {}


def _exact(path: str, body: bytes | None) -> dict[str, object]:
    """Return the values of a file by name, numbers as they are written; see `_object`."""
    if body is None:
        return {}
    try:
        data = parse(body, format="dotenv" if path.endswith(".env") else "json")
    except DocumentError as error:
        raise AppConfigEnvError(f"{path}: {error}") from None
    if not isinstance(data, dict):
        raise AppConfigEnvError(f"{path}: expected a JSON object; correct the file, or move it")
    return data


def _with_lines(path: str, before: bytes | None, added: Mapping[str, str]) -> bytes:
    """Return a dotenv file with more lines.

    Raises:
        AppConfigEnvError: a value cannot be in such a file.
    """
    start = (before or b"").rstrip(b"\n")
    try:
        return start + (b"\n" if start else b"") + _encoded(dotenv(added))
    except ExportError as error:
        problem = str(error).rpartition("; ")[0]
        raise AppConfigEnvError(f"{path}: {problem}; convert the file to {SSM_JSON}") from None


def _with_members(before: bytes | None, added: Mapping[str, object]) -> bytes:
    """Return a JSON object with more members; what is there stays as it is written."""
    members = ",\n".join(
        f"  {_indented(name)}: " + _indented(value).replace("\n", "\n  ")
        for name, value in added.items()
    )
    start = (before or b"{}").decode("utf-8-sig").rstrip().removesuffix("}").rstrip()
    comma = "" if start.endswith("{") else ","
    return _encoded(f"{start}{comma}\n{members}\n}}\n")


def _indented(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _encoded(text: str) -> bytes:
    # A lone surrogate, which UTF-8 cannot have, becomes the escape that JSON has for it.
    return text.encode("utf-8", "backslashreplace")
