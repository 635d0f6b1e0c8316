"""Adds layer, variables and policy to a function of a SAM template; all else stays as written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from yaml import MappingNode, ScalarNode, SequenceNode

from ..._config.wording import listed
from ..policy import render
from ..policy.audit import audit_of
from ..policy.needs import Place
from ..policy.rules import RulesError
from ..policy.template_yaml import parse
from ..policy.templates import rules_of
from .starter import IN_LAYER, LAYER_FILE, RUNTIMES, WRAPPER, Edit, RefusedError, Result
from .yaml_edit import Member, YamlText, is_block, member, quoted, scalar

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ..policy.needs import Need
    from .starter import Starter

FUNCTION = "AWS::Serverless::Function"
LAYER_TYPE = "AWS::Serverless::LayerVersion"
LAYER = "AppConfigEnvLayer"
ANYWHERE = Place("*", "*", "*")
BY_HAND = "add the lines yourself"


def edit(path: str, text: str, name: str, starter: Starter) -> Result:
    """Return a template in which the function `name` has what it needs.

    Args:
        path: the template's path.
        text: the template.
        name: the logical ID of a function; empty for the only one.
        starter: what the function needs.

    Raises:
        RefusedError: the template has a form that is not edited, or no such function.
    """
    try:
        return _edit(path, text, name, starter)
    except RefusedError as error:
        error.by_hand = lines(starter)
        raise


def _edit(path: str, text: str, name: str, starter: Starter) -> Result:
    document = YamlText(text)
    function, properties = _function(document, name)
    notes: list[str] = []
    had_layer = document.find("Resources", LAYER) is not None
    _add_layer(document, properties, starter)
    _add_variables(document, properties, starter, notes)
    _add_policy(document, function, properties, starter, notes)
    edited = document.edited()
    is_edited = edited != document.text
    if is_edited and not _keeps(_data(text), _data(edited)):
        raise RefusedError("the template has a form that cannot be edited safely", BY_HAND)
    if is_edited and not starter.layer and not had_layer:
        notes.insert(0, f"run appconfig-env layer to build {LAYER_FILE} before sam build")
    return Result([Edit(path, text, edited)] if is_edited else [], notes)


def lines(starter: Starter) -> list[str]:
    """Return what to add to a template by hand."""
    needs = render.statements(starter.needs.function, render.PSEUDO_PARAMETERS)
    found = [] if starter.layer else ["# under Resources", *_layer_resource(), ""]
    found += ["# under the function's Properties", "Layers:", f"  - {_layer_item(starter)}"]
    found += ["Environment:", "  Variables:"]
    found += [f"    {line}" for line in _variable_lines(_variables(starter))]
    return [*found, *render.to_sam(needs).splitlines()]


def _function(document: YamlText, name: str) -> tuple[str, Member]:
    """Return the name and the properties of the function to edit."""
    resources = document.find("Resources")
    if resources is None or not is_block(resources.value, MappingNode):
        raise RefusedError("no Resources, or not with a key on each line", BY_HAND)
    functions = [
        key.value
        for key, value in resources.value.value
        if (kind := member(value, "Type")) is not None and kind.value.value == FUNCTION
    ]
    if name and name not in functions:
        found = listed(functions, name)
        raise RefusedError(f"no {FUNCTION} {name!r}, only {found}", "name one of those")
    if not functions:
        raise RefusedError(f"no {FUNCTION} in the template", "add one first")
    if not name and len(functions) > 1:
        raise RefusedError(f"several functions: {listed(functions)}", "name one with --function")
    name = name or functions[0]
    properties = document.find("Resources", name, "Properties")
    if properties is None or not is_block(properties.value, MappingNode):
        raise RefusedError(f"{name} has no Properties with a key on each line", BY_HAND)
    kind = member(properties.value, "PackageType")
    if kind is not None and kind.value.value == "Image":
        raise RefusedError(
            f"{name} is a container image, which has no layers", "run appconfig-env init dockerfile"
        )
    return name, properties


def _add_layer(document: YamlText, properties: Member, starter: Starter) -> None:
    item = _layer_item(starter)
    layers = member(properties.value, "Layers")
    if layers is None:
        step = " " * document.step(properties)
        document.add_member(properties.value, ["Layers:", f"{step}- {item}"])
    elif not isinstance(layers.value, SequenceNode):
        raise RefusedError("Layers is not a list", BY_HAND)
    elif not any(_is_layer(one, starter) for one in layers.value.value):
        document.add_item(layers.value, [item])
    if starter.layer:
        return
    resources = document.find("Resources")
    own = document.find("Resources", LAYER, "Type")
    if own is not None and own.value.value != LAYER_TYPE:
        raise RefusedError(f"{LAYER} is something else in this template", "rename it")
    if own is None and resources is not None:
        document.add_member(resources.value, _layer_resource())


def _is_layer(item: Any, starter: Starter) -> bool:
    wanted = starter.layer or LAYER
    tag = "tag:yaml.org,2002:str" if starter.layer else "!Ref"
    return isinstance(item, ScalarNode) and (item.tag, item.value) == (tag, wanted)


def _layer_item(starter: Starter) -> str:
    return scalar(starter.layer) if starter.layer else f"!Ref {LAYER}"


def _layer_resource() -> list[str]:
    return [
        f"{LAYER}:",
        f"  Type: {LAYER_TYPE}",
        "  Properties:",
        "    LayerName: appconfig-env",
        f"    ContentUri: {LAYER_FILE} # made by appconfig-env layer",
        f"    CompatibleRuntimes: [{', '.join(RUNTIMES)}]",
    ]


def _variables(starter: Starter) -> dict[str, str]:
    return {WRAPPER: IN_LAYER, **starter.variables}


def _variable_lines(variables: Mapping[str, str]) -> list[str]:
    return [f"{scalar(name)}: {scalar(value)}" for name, value in variables.items()]


def _add_variables(
    document: YamlText, properties: Member, starter: Starter, notes: list[str]
) -> None:
    wanted = _variables(starter)
    step = " " * document.step(properties)
    environment = member(properties.value, "Environment")
    variables = None if environment is None else member(environment.value, "Variables")
    everywhere = document.find("Globals", "Function", "Environment", "Variables")
    for there in (everywhere, variables):
        for name in [*wanted]:
            own = None if there is None else member(there.value, name)
            if own is not None and wanted.pop(name) != own.value.value:
                notes.append(f"{name} has another value already, which was kept; check it")
    if not wanted:
        return
    added = _variable_lines(wanted)
    if environment is None:
        nested = [f"{step}{step}{line}" for line in added]
        document.add_member(properties.value, ["Environment:", f"{step}Variables:", *nested])
    elif variables is None and is_block(environment.value, MappingNode):
        nested = [f"{step}{line}" for line in added]
        document.add_member(environment.value, ["Variables:", *nested])
    elif variables is not None and is_block(variables.value, MappingNode):
        document.add_member(variables.value, added)
    elif variables is not None and isinstance(variables.value, MappingNode):
        # In quotes: more characters have a meaning in flow style.
        pairs = [f"{quoted(name)}: {quoted(value)}" for name, value in wanted.items()]
        document.add_in_flow(variables.value, ", ".join(pairs))
    else:
        raise RefusedError("the Environment has a form that is not edited", BY_HAND)


def _add_policy(
    document: YamlText, function: str, properties: Member, starter: Starter, notes: list[str]
) -> None:
    missing = _missing(document.text, function, starter)
    if not missing:
        return
    if member(properties.value, "Role") is not None:
        notes.append(
            f"{function} has a Role of its own; add to it what appconfig-env policy prints"
        )
        return
    found = render.statements(missing, render.PSEUDO_PARAMETERS)
    head, *rest = render.to_sam(found).splitlines()
    policies = member(properties.value, "Policies")
    if policies is None:
        document.add_member(properties.value, [head, *rest])
    elif isinstance(policies.value, SequenceNode) and is_block(policies.value, SequenceNode):
        document.add_item(policies.value, [line[4:] for line in rest])
    else:
        raise RefusedError("Policies is not a list with an item on each line", BY_HAND)


def _missing(text: str, function: str, starter: Starter) -> list[Need]:
    """Return the needs that no policy of the function has yet."""
    needs = starter.needs.function
    try:
        found = rules_of(parse(text), ANYWHERE, function)
    except RulesError:
        return [*needs]
    judged = audit_of(needs, found._replace(unread=()), ANYWHERE)
    actions = {(one.action, one.resource) for one in judged.missing}
    return [one for one in needs if (one.action, one.target.arn(ANYWHERE)) in actions]


def _data(text: str) -> object:
    try:
        return parse(text)
    except RulesError as error:
        raise RefusedError(error.summary, error.hint) from None


def _keeps(before: object, after: object) -> bool:
    """Whether all that was there is still there: only members and items were added."""
    if isinstance(before, dict) and isinstance(after, dict):
        return all(key in after and _keeps(value, after[key]) for key, value in before.items())
    if isinstance(before, list) and isinstance(after, list):
        return len(before) <= len(after) and all(map(_keeps, before, after))
    return before == after
