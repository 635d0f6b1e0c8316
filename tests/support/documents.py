"""Documents as a source would give them, from data."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from appconfig_env._content.document import Document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from appconfig_env._config.references import Source


def document_of(source: Source, values: Mapping[str, str]) -> Document:
    """What `source` reads where `values` stand: parameters, a JSON object, or one value alone."""
    resource = source.resource
    if resource.is_path:
        return Document(resource, parameters=values)
    if resource.scheme == "ssm":
        return Document(resource, "".join(values.values()).encode())
    return Document(resource, json.dumps(dict(values)).encode(), content_type="application/json")
