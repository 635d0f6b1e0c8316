"""Flags as documents define them, with their variants, in each of the documented forms; pure.

Sources: AppConfig User Guide, type reference `AWS.AppConfig.FeatureFlags` (the authoring form, in
which flags are stored), and the samples for the agent's local development mode (Ion text).
"""

from __future__ import annotations

from ..._config.wording import nearest_note, quoted
from ..document import DocumentError
from ..parse import plain
from ..strict_json import parse as parse_json
from ..unevaluated import is_stored, is_value
from . import constraints, ion
from .nodes import Node, PlacedError, place
from .rule import LONGEST, Rule, compiled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

MOST_VARIANTS = 32  # AppConfig's own limit
_MEMBERS = ("name", "enabled", "rule", "attributeValues")
_NO_DEFAULT = "no default variant, which is the last one and has no rule"


class Variant:
    """One variant of a flag, or a flag without variants.

    Attributes:
        name: its name; None for a flag without variants.
        enabled: whether it is on.
        attributes: by name; none if it is off, as AppConfig delivers it.
        rule: when it is chosen; None for the default.
    """

    __slots__ = ("attributes", "enabled", "name", "rule")

    def __init__(
        self,
        name: str | None,
        *,
        enabled: bool,
        attributes: Mapping[str, Any],
        rule: Rule | None = None,
    ) -> None:
        self.name = name
        self.enabled = enabled
        self.attributes = dict(attributes) if enabled else {}
        self.rule = rule


class Stored:
    """A flag of a document in JSON.

    Attributes:
        value: its member of `values`, or of the document; None if there is none.
        attributes: the definitions of its attributes.
    """

    __slots__ = ("attributes", "value")

    def __init__(self, value: object, attributes: object = None) -> None:
        self.value = value
        self.attributes: Mapping[str, Any] = attributes if isinstance(attributes, dict) else {}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Stored):
            return NotImplemented
        return (self.value, self.attributes) == (other.value, other.attributes)

    __hash__ = None  # type: ignore[assignment]  # a value is a dict


def flags_in(data: object) -> dict[str, Stored | Node]:
    """Return the flags of a document by key, not read yet; equal ones have equal definitions.

    Args:
        data: a document that `unevaluated_form` recognizes.

    Raises:
        DocumentError: it is not Ion text.
    """
    if isinstance(data, str):
        return _flags_of_ion(data)
    if not isinstance(data, dict):
        return {}
    if not is_stored(data):
        return {key: Stored(value) for key, value in data.items() if is_value(value)}
    flags, values = data.get("flags") or {}, data.get("values") or {}
    return {
        key: Stored(values.get(key), _member(flags.get(key), "attributes"))
        for key in {**values, **flags}
    }


def _member(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, dict) else None


def _flags_of_ion(text: str) -> dict[str, Stored | Node]:
    try:
        nodes = ion.parse(text)
    except PlacedError as error:
        raise DocumentError(_placed("the Ion text", text, error), error.hint) from None
    if len(nodes) == 1 and nodes[0].kind == "struct":
        return flags_in(_plain(nodes[0]))
    return {node.annotations[0]: node for node in nodes if len(node.annotations) == 1}


def _plain(node: Node) -> Any:
    """Return a node as JSON data; what JSON does not have becomes null."""
    if node.kind == "struct":
        return {name: _plain(one) for name, one in node.value.items()}
    if node.kind == "list":
        return [_plain(one) for one in node.value]
    return node.value if node.kind in ("boolean", "integer", "float", "text") else None


def _placed(what: str, text: str, error: PlacedError) -> str:
    return f"{what}, at {place(text, error.offset)}: {error.summary}"


def variants_of(key: str, flag: Stored | Node, text: str = "") -> list[Variant]:
    """Return the variants of a flag, the default last.

    Args:
        key: the flag's key, for errors.
        flag: as `flags_in` returned it.
        text: the document, if it is Ion text.

    Raises:
        DocumentError: the definition is wrong.
    """
    what = f"flag {quoted(key)}"
    found = _of_node(what, flag, text) if isinstance(flag, Node) else _of_json(what, flag)
    variants = list(found)
    defaults = [number for number, one in enumerate(variants, 1) if one.rule is None]
    if defaults != [len(variants)]:
        if defaults:
            summary = f"{what}: a variant without a rule, which is the default, is not the last one"
            raise DocumentError(summary, "move it to the end, or add its rule")
        raise DocumentError(f"{what}: {_NO_DEFAULT}", "add it")
    return variants


def _of_json(what: str, flag: Stored) -> Iterator[Variant]:
    value = flag.value
    if value is None:
        raise DocumentError(f"{what} has no value", "add it to values, or remove it from flags")
    if not isinstance(value, dict):
        raise DocumentError(f"{what} is not an object", "correct it")
    if "_variants" not in value:
        yield _basic(what, value, flag.attributes)
        return
    given = value["_variants"]
    if not isinstance(given, list):
        raise DocumentError(f"{what}: _variants is not a list", "correct it")
    if len(given) > MOST_VARIANTS:
        summary = f"{what} has {len(given)} variants, more than AppConfig's {MOST_VARIANTS}"
        raise DocumentError(summary, "remove some")
    for number, member in enumerate(given, 1):
        yield _variant(what, number, member, flag.attributes)


def _basic(what: str, value: Mapping[str, Any], definitions: Mapping[str, Any]) -> Variant:
    """Return a flag without variants, or one whose variant has been chosen."""
    enabled, name = value.get("enabled"), value.get("_variant")
    if not isinstance(enabled, bool):
        raise DocumentError(f"{what}: enabled is not true or false", "correct it")
    attributes = {
        key: plain(one) for key, one in value.items() if key != "enabled" and key[:1] != "_"
    }
    _check(what, attributes, definitions, enabled=enabled)
    name = name if isinstance(name, str) else None
    return Variant(name, enabled=enabled, attributes=attributes)


def _variant(what: str, number: int, member: object, definitions: Mapping[str, Any]) -> Variant:
    if not isinstance(member, dict):
        raise DocumentError(f"{what}, variant {number}: it is not an object", "correct it")
    name, enabled = member.get("name"), member.get("enabled")
    if not isinstance(name, str) or not name:
        raise DocumentError(f"{what}, variant {number}: no name", "add it")
    what = f"{what}, variant {quoted(name)}"
    for unknown in member.keys() - set(_MEMBERS):
        summary = f"{what}: unknown member {quoted(unknown)}{nearest_note(unknown, _MEMBERS)}"
        raise DocumentError(summary, "correct its name, or remove it")
    if not isinstance(enabled, bool):
        raise DocumentError(f"{what}: enabled is not true or false", "correct it")
    given = member.get("attributeValues", {})
    if not isinstance(given, dict):
        raise DocumentError(f"{what}: attributeValues is not an object", "correct it")
    attributes = {key: plain(one) for key, one in given.items()}
    _check(what, attributes, definitions, enabled=enabled)
    rule = _rule(what, member["rule"]) if "rule" in member else None
    return Variant(name, enabled=enabled, attributes=attributes, rule=rule)


def _check(
    what: str, attributes: Mapping[str, Any], definitions: Mapping[str, Any], *, enabled: bool
) -> None:
    for error in constraints.problems(attributes, definitions, enabled=enabled):
        raise DocumentError(f"{what}: {error.summary}", error.hint)


def _rule(what: str, text: object) -> Rule:
    if not isinstance(text, str):
        raise DocumentError(f"{what}: the rule is not a text", "put it in double quotes")
    try:
        return compiled(text)
    except PlacedError as error:
        raise DocumentError(_placed(f"{what}: the rule", text, error), error.hint) from None


def _of_node(what: str, node: Node, text: str) -> Iterator[Variant]:
    """Yield the variants of Ion's form: a text of JSON, or a list of rules with such texts."""
    if node.kind == "text":
        yield _basic(what, _json(what, node), {})
        return
    if node.kind != "list":
        summary = f"{what}: expected a list of variants, or a text of JSON"
        raise DocumentError(summary, "write it as in AWS's samples")
    for number, item in enumerate(node.value, 1):
        own = f"{what}, variant {number}"
        if item.kind == "list" and len(item.value) == 2:
            yield _pair(own, item.value, text)
        else:
            yield _basic(own, _json(own, item), {})


def _pair(what: str, pair: Sequence[Node], text: str) -> Variant:
    node, content = pair
    variant = _basic(what, _json(what, content), {})
    if variant.name is not None:
        what = f"{what} ({quoted(variant.name)})"
    if node.end - node.start > LONGEST:
        summary = f"{what}: the rule has more than {LONGEST} characters"
        raise DocumentError(summary, "shorten it")
    try:
        variant.rule = Rule(node)
    except PlacedError as error:
        raise DocumentError(_placed(f"{what}: the rule", text, error), error.hint) from None
    return variant


def _json(what: str, node: Node) -> Mapping[str, Any]:
    if node.kind != "text":
        raise DocumentError(f"{what}: expected a text of JSON", "write it as in AWS's samples")
    try:
        data = parse_json(node.value)
    except DocumentError as error:
        raise DocumentError(f"{what}: {error.summary}", error.hint) from None
    if not isinstance(data, dict):
        raise DocumentError(f"{what}: expected a JSON object in the text", "correct it")
    return data
