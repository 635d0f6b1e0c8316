"""What a local folder has of documents that AWS returned: secrets are placeholders."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING, NamedTuple

from .._backends.local import CONTENT_TYPES
from .._config.sources import APPCONFIG, SECRETS_MANAGER, SSM
from .._content.document import DocumentError
from .._content.variables import data_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .._config.sources import Resource
    from .._content.document import Document

PLACEHOLDER = "REPLACE-ME"
_MEDIA_TYPE = re.compile(r"[a-z0-9+_-]+/[a-z0-9.+_-]+")
# The extension of each content type; where two are the same type, the first.
_EXTENSIONS = {kind: extension for extension, kind in reversed(CONTENT_TYPES.items())}


class Profile(NamedTuple):
    """The file of a profile: its contents, and the extension for their type."""

    body: bytes
    extension: str


class Contents(NamedTuple):
    """What the files of a folder have.

    Attributes:
        parameters: by name.
        placeholders: the names in `parameters` whose values are secret, and so left out.
        secrets: by name; with the keys of the secret if it is a JSON object, never with a value.
        profiles: by application, environment and profile.
    """

    parameters: Mapping[str, str]
    placeholders: frozenset[str]
    secrets: Mapping[str, object]
    profiles: Mapping[tuple[str, ...], Profile]


def contents(found: Iterable[tuple[Resource, Document]]) -> Contents:
    """Return the contents of a folder that has the same names as `found`.

    A folder has one version of each value: the current one, if that is among `found`.
    """
    parameters: dict[str, str] = {}
    placeholders: set[str] = set()
    secrets: dict[str, object] = {}
    profiles: dict[tuple[str, ...], Profile] = {}
    # The current version last, so that it replaces the others.
    for resource, document in sorted(found, key=lambda pair: not names_a_version(pair[0])):
        if resource.scheme == APPCONFIG:
            profiles[resource.parts] = Profile(document.body, extension(document.content_type))
        elif resource.scheme == SSM:
            for name, value, is_secret in _parameters(resource, document):
                parameters[name] = PLACEHOLDER if is_secret else value
                placeholders.discard(name)
                if is_secret:
                    placeholders.add(name)
        elif resource.scheme == SECRETS_MANAGER:
            secrets[secret_name(resource, document)] = _secret(resource, document)
        else:
            raise ValueError(f"no file of a local folder has {resource.scheme}:")
    return Contents(parameters, frozenset(placeholders), secrets, profiles)


def extension(content_type: str) -> str:
    """Return the extension that a local file of this type has; see `LocalBackend`.

    Empty for what is not a type: the author of a profile chooses it, and must not choose the path.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    if not _MEDIA_TYPE.fullmatch(media_type):
        return ""
    return _EXTENSIONS.get(media_type, f".{media_type.replace('/', '%', 1)}")


def parameter_name(resource: Resource) -> str:
    """Return a parameter's name without ARN, version and label."""
    name = resource.name
    if resource.arn_region:
        name = name.split(":", 5)[5].removeprefix("parameter")
    name = name.partition(":")[0]
    # An ARN has a slash even before the name of a parameter without one.
    return name.removeprefix("/") if name.count("/") == 1 and resource.arn_region else name


def secret_name(resource: Resource, document: Document) -> str:
    """Return a secret's name; in place of an ARN, the name that came with the document.

    Without one, it is in the ARN, before the hyphen and the six characters that AWS adds.
    """
    if not resource.arn_region:
        return resource.name
    name = resource.name.split(":", 5)[5].removeprefix("secret:")
    return document.name or re.sub("-[A-Za-z0-9]{6}$", "", name)


def names_a_version(resource: Resource) -> bool:
    """Whether a resource is not the current version of a parameter or secret."""
    name = resource.name.split(":", 5)[-1] if resource.arn_region else resource.name
    return bool(resource.stage or resource.version) or (resource.scheme == SSM and ":" in name)


def without_values(data: object) -> object:
    """Return `data` with its keys, but with a placeholder for each value."""
    if isinstance(data, dict):
        return {key: without_values(value) for key, value in data.items()}
    if isinstance(data, list):
        return []
    if isinstance(data, bool):
        return False
    if isinstance(data, (int, float)):
        return 0
    return None if data is None else PLACEHOLDER


def _parameters(resource: Resource, document: Document) -> Iterable[tuple[str, str, bool]]:
    """Return name, value and whether it is secret, for each parameter of a document."""
    if document.parameters is None:
        text = document.body.decode("utf-8", "replace")
        return [(parameter_name(resource), text, document.secret)]
    return [
        (resource.name + name, value, name in document.secret_parameters)
        for name, value in document.parameters.items()
    ]


def _secret(resource: Resource, document: Document) -> object:
    """Return what the file has as the secret: of its own form, with placeholders for values."""
    if resource.format == "binary":
        return b64encode(PLACEHOLDER.encode()).decode()
    try:
        data = data_of(document, resource)
    except DocumentError:
        return PLACEHOLDER
    if not isinstance(data, dict):
        return PLACEHOLDER
    if resource.format == "dotenv":
        return "".join(f"{name}={PLACEHOLDER}\n" for name in data)
    return without_values(data)
