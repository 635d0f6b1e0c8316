"""Parses a policy or template: JSON, or YAML with CloudFormation's short forms such as !Sub."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .rules import RulesError

if TYPE_CHECKING:
    from yaml import Node, SafeLoader

INSTALL = "run pip install 'appconfig-env[yaml]', or pass it as JSON"
# The short forms whose names do not begin with Fn:: in the long form.
_SHORT = {"Ref": "Ref", "Condition": "Condition"}


def parse(text: str) -> object:
    """Return the data in `text`.

    Raises:
        RulesError: it is neither JSON nor YAML.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return _parse_yaml(text)


def _parse_yaml(text: str) -> object:
    try:
        import yaml  # an extra, which only YAML needs
    except ModuleNotFoundError:
        raise RulesError("YAML needs PyYAML, which is not installed", INSTALL) from None

    class Loader(yaml.SafeLoader):
        """SafeLoader with CloudFormation's short forms."""

    Loader.add_multi_constructor("!", _long_form)
    try:
        data: object = yaml.load(text, Loader)  # noqa: S506 # nosec B506 # a SafeLoader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f" at line {mark.line + 1} column {mark.column + 1}" if mark else ""
        raise RulesError(f"neither JSON nor YAML{place}", "correct it") from None
    return data


def _long_form(loader: SafeLoader, name: str, node: Node) -> dict[str, object]:
    """Return `!Sub x` as `{"Fn::Sub": x}`."""
    import yaml  # as above

    value: object = None
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    return {_SHORT.get(name, f"Fn::{name}"): value}
