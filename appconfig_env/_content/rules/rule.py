"""One rule of a variant: compiled, checked, and evaluated with a context; pure.

Source: AppConfig User Guide, "Defining rules for multi-variant feature flags", and for `ne` and
lists without commas "Creating audience rules". docs/variants.md has what these pages leave open.
"""

from __future__ import annotations

from ..._config.wording import alternatives, nearest_note, quoted
from .arguments import CONTEXT, KINDS, Argument, constant, key_of
from .ion import parse
from .nodes import Node, PlacedError
from .operands import is_equal
from .operators import OPERATORS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .arguments import Test
    from .run import Run

LONGEST = 16_384  # characters; AppConfig's own limit


class Rule:
    """A compiled rule.

    Args:
        node: the rule, as it was read.

    Raises:
        PlacedError: it is not a rule.
    """

    def __init__(self, node: Node) -> None:
        self._test = _Compiler().test(node)

    def is_true(self, run: Run) -> bool:
        """Evaluate the rule.

        Raises:
            ContextError: a value of the context has a type that rules do not have.
        """
        return self._test(run)


def compiled(text: str) -> Rule:
    """Return the rule that a text is.

    Raises:
        PlacedError: it is not a rule.
    """
    if len(text) > LONGEST:
        raise PlacedError(f"more than {LONGEST} characters", "shorten it", LONGEST)
    nodes = parse(text)
    if not nodes:
        raise PlacedError("an empty rule", 'write one, such as (eq $plan "beta")', 0)
    if len(nodes) > 1:
        hint = "join them with (and ...) or (or ...)"
        raise PlacedError("more than one expression", hint, nodes[1].start)
    return Rule(nodes[0])


class _Compiler:
    """Compiles expressions; `arguments.Compiler` describes it for operators."""

    def test(self, node: Node) -> Test:
        """Return the test that a node is.

        Raises:
            PlacedError: it does not yield true or false.
        """
        if node.kind == "sexp" and not node.annotations:
            return self._expression(node)
        found = self.argument(node)
        if found.kind not in ("boolean", CONTEXT):
            summary = f"expected true or false, got {found.name}"
            raise PlacedError(summary, "compare it with a value", node.start)
        evaluate, expected = found.evaluate, True
        return lambda run: (value := evaluate(run)) is not None and is_equal(value, expected)

    def argument(self, node: Node) -> Argument:
        """Return a value, a context's value or an expression as an operand.

        Raises:
            PlacedError: it is something else.
        """
        if node.annotations:
            shown = quoted(node.annotations[0])
            summary = f"a named argument, {shown}, where none is expected"
            raise PlacedError(summary, "remove its name", node.start)
        if node.kind == "sexp":
            return Argument(node, "boolean", self._expression(node))
        if node.kind == "list":
            items = tuple(constant(item) for item in node.value)
            return Argument(node, "list", lambda _: items)
        if node.kind == "name":
            key = key_of(node)
            return Argument(node, CONTEXT, lambda run: run.value(key))
        value = constant(node)
        return Argument(node, KINDS[node.kind], lambda _: value)

    def _expression(self, node: Node) -> Test:
        items: list[Node] = node.value
        first, rest = (items[0], items[1:]) if items else (node, [])
        if first.kind != "name" or first.annotations:
            hint = f"write {alternatives(OPERATORS)}"
            raise PlacedError("expected an operator after (", hint, first.start)
        make = OPERATORS.get(first.value)
        if make is None:
            note = nearest_note(first.value, OPERATORS)
            summary = f"unknown operator {quoted(first.value)}{note}"
            raise PlacedError(summary, f"write {alternatives(OPERATORS)}", first.start)
        return make(self, first, rest)
