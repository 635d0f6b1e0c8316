"""The operators of rules; pure."""

from __future__ import annotations

from .arguments import CONTEXT, Argument, compared, counted, expect, named
from .nodes import Node, PlacedError
from .operands import is_equal, order, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .arguments import Compiler, Evaluate, Test
    from .operands import Operand
    from .run import Run

    Make = Callable[[Compiler, Node, Sequence[Node]], Test]

_ORDERED = ("text", "number", "timestamp")
_SCALAR = (*_ORDERED, "boolean")


def _eq(compiler: Compiler, name: Node, nodes: Sequence[Node]) -> Test:
    first, second = compared(compiler, name, nodes, *_SCALAR)

    def test(run: Run) -> bool:
        one, other = first.evaluate(run), second.evaluate(run)
        return one is not None and other is not None and is_equal(one, other)

    return test


def _ne(compiler: Compiler, name: Node, nodes: Sequence[Node]) -> Test:
    test = _eq(compiler, name, nodes)
    return lambda run: not test(run)


def _ordered(is_met: Callable[[int], bool]) -> Make:
    def make(compiler: Compiler, name: Node, nodes: Sequence[Node]) -> Test:
        first, second = compared(compiler, name, nodes, *_ORDERED)

        def test(run: Run) -> bool:
            one, other = first.evaluate(run), second.evaluate(run)
            if one is None or other is None:
                return False
            found = order(one, other)
            return found is not None and is_met(found)

        return test

    return make


def _tests(compiler: Compiler, name: Node, nodes: Sequence[Node]) -> list[Test]:
    if not nodes:
        hint = f"write ({name.value} EXPRESSION EXPRESSION)"
        raise PlacedError(f"{name.value} takes expressions, got none", hint, name.start)
    return [compiler.test(node) for node in nodes]


def _and(compiler: Compiler, name: Node, nodes: Sequence[Node]) -> Test:
    tests = _tests(compiler, name, nodes)
    return lambda run: all(test(run) for test in tests)


def _or(compiler: Compiler, name: Node, nodes: Sequence[Node]) -> Test:
    tests = _tests(compiler, name, nodes)
    return lambda run: any(test(run) for test in tests)


def _not(compiler: Compiler, name: Node, nodes: Sequence[Node]) -> Test:
    if len(nodes) != 1:
        summary = f"not takes 1 expression, got {len(nodes)}"
        raise PlacedError(summary, "write (not EXPRESSION)", name.start)
    test = compiler.test(nodes[0])
    return lambda run: not test(run)


def _text(value: Operand | None) -> str | None:
    return None if value is None or isinstance(value, tuple) else text_of(value)


def _texts(compiler: Compiler, name: Node, nodes: Sequence[Node]) -> tuple[Evaluate, Evaluate]:
    first, second = counted(compiler, name, nodes, 2)
    expect(name, first, "text")
    expect(name, second, "text")
    return first.evaluate, second.evaluate


def _with_texts(is_met: Callable[[str, str], bool]) -> Make:
    def make(compiler: Compiler, name: Node, nodes: Sequence[Node]) -> Test:
        whole, part = _texts(compiler, name, nodes)

        def test(run: Run) -> bool:
            one, other = _text(whole(run)), _text(part(run))
            return one is not None and other is not None and is_met(one, other)

        return test

    return make


def _contains(compiler: Compiler, name: Node, nodes: Sequence[Node]) -> Test:
    """A part of a text; of a context's list, an item."""
    whole, part = _texts(compiler, name, nodes)

    def test(run: Run) -> bool:
        one, other = whole(run), part(run)
        if isinstance(one, tuple):
            return other is not None and any(is_equal(item, other) for item in one)
        text, wanted = _text(one), _text(other)
        return text is not None and wanted is not None and wanted in text

    return test


def _in(compiler: Compiler, name: Node, nodes: Sequence[Node]) -> Test:
    item, among = counted(compiler, name, nodes, 2)
    expect(name, item, *_SCALAR)
    if among.kind not in ("list", CONTEXT):
        summary = f"in takes a list as its second operand, got {among.name}"
        raise PlacedError(summary, "put it in [ ]", among.node.start)
    texts = _listed_texts(among)

    def test(run: Run) -> bool:
        wanted, found = item.evaluate(run), among.evaluate(run)
        if wanted is None or not isinstance(found, tuple):
            return False
        if texts and isinstance(wanted, str):
            return wanted in texts
        return any(is_equal(wanted, one) for one in found)

    return test


def _listed_texts(among: Argument) -> frozenset[str]:
    """Return the items of a list of texts, in which a text is found at once; empty for others."""
    items: list[Node] = among.node.value if among.kind == "list" else []
    are_texts = all(item.kind == "text" for item in items)
    return frozenset(item.value for item in items) if are_texts else frozenset()


def _exists(compiler: Compiler, name: Node, nodes: Sequence[Node]) -> Test:
    del compiler
    node = named(name, nodes, ("key",))["key"]
    if node.kind != "text":
        hint = 'write (exists key::"KEY"), without $'
        raise PlacedError("exists takes a key as a text", hint, node.start)
    key: str = node.value
    return lambda run: run.value(key) is not None


def _matches(compiler: Compiler, name: Node, nodes: Sequence[Node]) -> Test:
    from .patterns import Pattern  # few rules have one

    found = named(name, nodes, ("in", "pattern"))
    whole, node = compiler.argument(found["in"]), found["pattern"]
    expect(name, whole, "text")
    if node.kind != "text":
        hint = "put it in double quotes"
        raise PlacedError("matches takes a pattern as a text", hint, node.start)
    try:
        pattern = Pattern(node.value)
    except PlacedError as error:
        summary = f"the pattern, at its character {error.offset + 1}: {error.summary}"
        raise PlacedError(summary, error.hint, node.start) from None
    evaluate = whole.evaluate
    return lambda run: (text := _text(evaluate(run))) is not None and pattern.is_found_in(text)


def _split(compiler: Compiler, name: Node, nodes: Sequence[Node]) -> Test:
    from .split import selects  # few rules have one

    found = named(name, nodes, ("pct", "by"), ("seed",))
    percent, by, seed = found["pct"], compiler.argument(found["by"]), found.get("seed")
    if percent.kind not in ("integer", "float") or not 0 <= percent.value <= 100:
        raise PlacedError("pct takes a number from 0 to 100", "correct it", percent.start)
    if by.kind != CONTEXT:
        raise PlacedError("by takes a context's value", "write $ and its key", by.node.start)
    if seed is not None and seed.kind != "text":
        raise PlacedError("seed takes a text", "put it in double quotes", seed.start)
    own_seed: str | None = None if seed is None else seed.value

    def test(run: Run) -> bool:
        value = by.evaluate(run)
        if value is None:
            return False
        run.has_split = True
        texts = [text_of(one) for one in (value if isinstance(value, tuple) else (value,))]
        return selects(percent.value, texts, flag=run.flag, seed=own_seed)

    return test


OPERATORS: dict[str, Make] = {
    "eq": _eq,
    "ne": _ne,
    "gt": _ordered(lambda found: found > 0),
    "gte": _ordered(lambda found: found >= 0),
    "lt": _ordered(lambda found: found < 0),
    "lte": _ordered(lambda found: found <= 0),
    "and": _and,
    "or": _or,
    "not": _not,
    "begins_with": _with_texts(str.startswith),
    "ends_with": _with_texts(str.endswith),
    "contains": _contains,
    "in": _in,
    "exists": _exists,
    "matches": _matches,
    "split": _split,
}
