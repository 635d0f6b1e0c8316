"""Builds documents as a source would return them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from appconfig_env._content.document import Document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from appconfig_env._config.sources import Source


def document_of(source: Source, values: Mapping[str, str]) -> Document:
    """The document of a `source` that holds `values`: parameters, a JSON object or one value."""
    resource = source.resource
    if resource.is_path:
        return Document(parameters=values)
    if resource.scheme == "ssm":
        return Document("".join(values.values()).encode())
    return Document(json.dumps(dict(values)).encode(), content_type="application/json")
