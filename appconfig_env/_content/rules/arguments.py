"""What an operator is applied to: operands and named arguments, with their checks; pure."""

from __future__ import annotations

from ..._config.wording import alternatives, nearest_note, quoted
from .nodes import Node, PlacedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Protocol

    from .operands import Operand, Scalar
    from .run import Run

    Evaluate = Callable[[Run], Operand | None]
    Test = Callable[[Run], bool]

    class Compiler(Protocol):
        """Compiles what is inside of an expression."""

        def test(self, node: Node) -> Test:
            """Return the test that a node is."""
            raise NotImplementedError

        def argument(self, node: Node) -> Argument:
            """Return the operand that a node is."""
            raise NotImplementedError


CONTEXT = "context"  # the kind of a value that only an evaluation knows
_SMALLEST, _LARGEST = -(1 << 63), (1 << 63) - 1
KINDS = {
    "boolean": "boolean", "float": "number", "integer": "number", "text": "text",
    "timestamp": "timestamp",
}  # fmt: skip
_NAMES = {
    "boolean": "a boolean", "list": "a list", "number": "a number", "text": "a text",
    "timestamp": "a timestamp",
}  # fmt: skip


class Argument:
    """One operand of an operator.

    Attributes:
        node: where it is.
        kind: one of the values of KINDS, `list`, or CONTEXT.
        evaluate: returns its value.
    """

    def __init__(self, node: Node, kind: str, evaluate: Evaluate) -> None:
        self.node = node
        self.kind = kind
        self.evaluate = evaluate

    @property
    def name(self) -> str:
        """The kind, for a message."""
        return _NAMES[self.kind]


def key_of(node: Node) -> str:
    """Return the key of a context's value, which is `$` and the key.

    Raises:
        PlacedError: it is another name.
    """
    name: str = node.value
    if len(name) > 1 and name.startswith("$"):
        return name[1:]
    if node.is_quoted:
        raise PlacedError("a name in single quotes", "put a text in double quotes", node.start)
    raise PlacedError(
        "a name that is neither in quotes nor begins with $",
        "put a text in double quotes, or write $ before a context's key",
        node.start,
    )


def constant(node: Node) -> Scalar:
    """Return the value of a constant.

    Raises:
        PlacedError: it is not a constant, or an integer that AppConfig does not have.
    """
    if node.kind not in KINDS or node.annotations:
        hint = "write a text in double quotes, or a number"
        raise PlacedError("expected a constant", hint, node.start)
    if node.kind == "integer" and not _SMALLEST <= node.value <= _LARGEST:
        raise PlacedError("an integer of more than 64 bits", "write it as a text", node.start)
    value: Scalar = node.value
    return value


def counted(compiler: Compiler, name: Node, nodes: Sequence[Node], number: int) -> list[Argument]:
    """Return the operands of an operator that takes `number` of them.

    Raises:
        PlacedError: there are more or fewer.
    """
    if len(nodes) != number:
        raise PlacedError(
            f"{name.value} takes {number} operands, got {len(nodes)}",
            f"write ({name.value} {' '.join(['VALUE'] * number)})",
            name.start,
        )
    return [compiler.argument(node) for node in nodes]


def expect(operator: Node, found: Argument, *kinds: str) -> None:
    """Check the kind of an operand.

    Raises:
        PlacedError: it is none of `kinds`, and not a context's value.
    """
    if found.kind not in (*kinds, CONTEXT):
        takes = alternatives(_NAMES[kind] for kind in kinds)
        raise PlacedError(
            f"{operator.value} takes {takes}, got {found.name}", "correct it", found.node.start
        )


def compared(
    compiler: Compiler, name: Node, nodes: Sequence[Node], *kinds: str
) -> tuple[Argument, Argument]:
    """Return two operands that can be compared.

    Raises:
        PlacedError: they cannot.
    """
    first, second = counted(compiler, name, nodes, 2)
    expect(name, first, *kinds)
    expect(name, second, *kinds)
    if CONTEXT not in (first.kind, second.kind) and first.kind != second.kind:
        raise PlacedError(
            f"{first.name} is compared with {second.name}",
            "compare values of one type",
            second.node.start,
        )
    return first, second


def named(
    name: Node, nodes: Sequence[Node], required: tuple[str, ...], optional: tuple[str, ...] = ()
) -> dict[str, Node]:
    """Return the named arguments by their names, without these.

    Raises:
        PlacedError: one has no name, an unknown one or one that another has, or is missing.
    """
    form = f"({name.value} {' '.join(f'{one}::VALUE' for one in required)})"
    found: dict[str, Node] = {}
    for node in nodes:
        own = _own_name(name, node, (*required, *optional), form)
        if own in found:
            raise PlacedError(f"the argument {own} comes twice", "remove one", node.start)
        found[own] = Node(node.kind, node.value, (), node.start, node.end, is_quoted=node.is_quoted)
    for own in required:
        if own not in found:
            raise PlacedError(
                f"{name.value} without the argument {own}", f"write {form}", name.start
            )
    return found


def _own_name(operator: Node, node: Node, known: tuple[str, ...], form: str) -> str:
    if len(node.annotations) != 1:
        raise PlacedError(
            f"{operator.value} takes only arguments with a name", f"write {form}", node.start
        )
    (own,) = node.annotations
    if own not in known:
        raise PlacedError(
            f"{operator.value} has no argument {quoted(own)}{nearest_note(own, known)}",
            f"write {alternatives(known)}",
            node.start,
        )
    return own
