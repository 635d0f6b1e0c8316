"""Recognizes feature flags whose rules were not evaluated; pure."""

from __future__ import annotations

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
    flags, values = data.get("flags"), data.get("values")
    if isinstance(flags, dict) and isinstance(values, dict) and ("version" in data or flags):
        return _STORED if name is None or name in {**flags, **values} else ""
    members = data.values() if name is None else [data.get(name)]
    has_variants = any(isinstance(one, dict) and "_variants" in one for one in members)
    return _VARIANTS if has_variants else ""


def _has_symbol(text: str, name: str | None) -> bool:
    """Whether an Ion text has `name` as an annotation or a field: `name:`, `'name'::`."""
    if not name:
        return name is None
    import re  # few profiles come here

    return re.search(rf"(?<![\w$'-])('?){re.escape(name)}\1\s*:", text) is not None


def _is_ion(text: str) -> bool:
    """Whether it begins as Ion text does: its version, or `'KEY'::` before a string or a list."""
    text = text.lstrip()
    if text.startswith("$ion_1_0"):
        return True
    while text.startswith("//"):
        text = text.partition("\n")[2].lstrip()
    key, _, value = text.partition("::")
    is_key = key.strip().strip("'").replace("-", "_").isidentifier()
    return is_key and value.lstrip().startswith(("'''", '"', "["))
