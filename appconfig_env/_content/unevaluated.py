"""Recognizes feature flags whose rules were not evaluated; pure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# Forms in which flags are not evaluated. Sources: AppConfig User Guide, type reference
# `AWS.AppConfig.FeatureFlags` (what is stored), "Creating multi-variant feature flags"
# (`_variants`), and the samples for the agent's local development mode (Amazon Ion).
_STORED = "in the form that AppConfig stores (flags, values and version)"
_VARIANTS = "with variants whose rules were not evaluated"
_ION = "as Amazon Ion text"
HINT = (
    "deploy flags without variants, or store what evaluating them gives, such as "
    '{"NAME": {"enabled": true}}'
)
EVALUATE = f"pass context= to flag(), {HINT}"


def unevaluated_form(data: object, name: str | None = None) -> str:
    """Return in which form a document has the flag `name` unevaluated; empty if it does not.

    Args:
        data: the parsed document.
        name: the flag's key; None for any flag.
    """
    if isinstance(data, str):
        return _ION if _is_ion(data) and _has_symbol(data, name) else ""
    if not isinstance(data, dict):
        return ""
    if is_stored(data):
        is_there = name is None or name in {**(data.get("flags") or {}), **data["values"]}
        return _STORED if is_there else ""
    members = data.values() if name is None else [data.get(name)]
    has_variants = any(isinstance(one, dict) and "_variants" in one for one in members)
    return _VARIANTS if has_variants else ""


def is_stored(data: Mapping[str, Any]) -> bool:
    """Whether it has the authoring form, `{flags, values, version}`, of which `flags` is optional.

    Source: the type reference, in which only `version` is required.
    """
    flags, values = data.get("flags"), data.get("values")
    if not isinstance(values, dict) or not isinstance(flags or {}, dict):
        return False
    if isinstance(flags, dict):
        return bool(flags) or "version" in data
    return "version" in data and any(map(is_value, values.values()))


def is_value(value: object) -> bool:
    """Whether it has the form of a flag's value, with or without variants."""
    return isinstance(value, dict) and (
        "_variants" in value or isinstance(value.get("enabled"), bool)
    )


def _has_symbol(text: str, name: str | None) -> bool:
    """Whether an Ion text has `name` as an annotation or a field: `name:`, `'name'::`."""
    if not name:
        return name is None
    import re  # few profiles come here

    return re.search(rf"(?<![\w$'-])('?){re.escape(name)}\1\s*:", text) is not None


def _is_ion(text: str) -> bool:
    """Whether it begins as Ion text does: its version, or `'KEY'::` before a string or a list."""
    text = text.lstrip()
    while text.startswith(("//", "/*")):
        text = text.partition("\n" if text[1] == "/" else "*/")[2].lstrip()
    if text.startswith("$ion_1_0"):
        return True
    key, _, value = text.partition("::")
    is_key = key.strip().strip("'").replace("-", "_").isidentifier()
    return is_key and value.lstrip().startswith(("'''", '"', "["))
