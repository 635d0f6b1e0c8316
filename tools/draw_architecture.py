"""Draws the pictures of docs/architecture.md and fills its marked parts, from the code alone.

The list of files comes from the docstrings, the imports from the sources, the order of the
subpackages from the test of the import rule, and the two tables from the modules that use them.
"""

from __future__ import annotations

import ast
import re
import sys
from html import escape
from pathlib import Path

from appconfig_env._cache.actions import ACTIONS, ELSEWHERE, HELD, IMPOSSIBLE
from appconfig_env._cache.entry import FAILING, GOOD, MISSING, TRANSITIONS, UNREAD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "appconfig_env"
RULE = ROOT / "tests" / "unit" / "test_imports.py"
PAGE = ROOT / "docs" / "architecture.md"

STATUSES = (UNREAD, GOOD, FAILING, MISSING)
FONT = "font-family=\"ui-sans-serif, system-ui, 'DejaVu Sans', sans-serif\""
INK, LINE, FILL, PAPER = "#1f2328", "#57606a", "#ddf4ff", "#ffffff"


class ArchitectureError(Exception):
    """Code that cannot be drawn: an import against the rule, or a transition without a place."""


def main() -> int:
    """Write the page and its pictures."""
    try:
        for path, text in written().items():
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except ArchitectureError as error:
        print(f"draw_architecture.py: {error}", file=sys.stderr)
        return 1
    return 0


def written() -> dict[Path, str]:
    """Return the text of each file that this script writes."""
    order = ast.literal_eval(_rule("ORDER"))
    first = ast.literal_eval(_rule("FIRST"))
    names = [name for row in order for name in (sorted(row) if isinstance(row, set) else [row])]
    parts = {
        "files": file_list([*names, *sorted(first)]),
        "order": f"```python\nORDER = {_rule('ORDER')}\n```",
        "transitions": transition_table(TRANSITIONS),
        "actions": action_table(ACTIONS),
    }
    folder = PAGE.with_suffix("")
    return {
        PAGE: filled(PAGE.read_text(encoding="utf-8"), parts),
        folder / "imports.svg": imports_svg(names, imports(PACKAGE, ignored=first)),
        folder / "entry.svg": transitions_svg(TRANSITIONS),
    }


def filled(text: str, parts: Mapping[str, str]) -> str:
    """Return the page with each part in between its marks.

    Raises:
        ArchitectureError: a part has no marks.
    """
    for name, part in parts.items():
        begin = f"<!-- architecture:{name} -->\n"
        end = f"<!-- /architecture:{name} -->"
        before, found, rest = text.partition(begin)
        _, also_found, after = rest.partition(end)
        if not (found and also_found):
            raise ArchitectureError(f"expected the marks of {name!r} in {PAGE.name}, got none")
        text = f"{before}{begin}{part}\n{end}{after}"
    return text


def _rule(name: str) -> str:
    """Return the source of a table in the test of the import rule."""
    source = RULE.read_text(encoding="utf-8")
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            if ast.unparse(target) == name:
                return ast.get_source_segment(source, node.value) or ""
    raise ArchitectureError(f"expected {name} in {RULE.name}, got none")


# The list of files.


def file_list(names: Iterable[str]) -> str:
    """Return subpackages and files as a Markdown list, each with its docstring's sentence."""
    lines: list[str] = []
    for name in names:
        folder = PACKAGE / name
        path = folder if folder.is_dir() else folder.with_suffix(".py")
        lines += _listed(path, 0)
    return "\n".join(lines)


def _listed(path: Path, depth: int) -> list[str]:
    indent = "  " * depth
    target = f"../{path.relative_to(ROOT).as_posix()}"
    if path.is_file():
        return [f"{indent}- [`{path.name}`]({target}): {sentence(path)}"]
    lines = [f"{indent}- **[`{path.name}/`]({target})**: {sentence(path / '__init__.py')}"]
    for one in sorted(path.iterdir(), key=lambda one: (one.is_dir(), one.name)):
        if (one / "__init__.py").exists() or (one.suffix == ".py" and one.name != "__init__.py"):
            lines += _listed(one, depth + 1)
    return lines


def sentence(path: Path) -> str:
    """Return the first sentence of a module's docstring, on one line.

    Raises:
        ArchitectureError: it has none.
    """
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    if not text:
        raise ArchitectureError(f"expected a docstring in {path.relative_to(ROOT)}, got none")
    paragraph = " ".join(text.partition("\n\n")[0].split())
    return re.split(r"(?<=\.) (?=[A-Z])", paragraph)[0]


# The imports.


def imports(package: Path, *, ignored: Iterable[str] = ()) -> set[tuple[str, str]]:
    """Return each pair of names of which one imports the other, also for types only.

    Args:
        package: its folder.
        ignored: names to leave out.
    """
    pairs = set()
    for path in package.rglob("*.py"):
        folder = path.relative_to(package).parts[:-1]
        name = folder[0] if folder else path.stem
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                pairs |= {(name, one) for one in _imported(package, folder, node)}
            elif isinstance(node, ast.Import):
                parts = [alias.name.split(".") for alias in node.names]
                imported = {
                    one[1] if one[1:] else "__init__" for one in parts if one[0] == package.name
                }
                pairs |= {(name, one) for one in imported}
    dropped = set(ignored)
    return {(name, one) for name, one in pairs if name != one and not {name, one} & dropped}


def _imported(package: Path, folder: tuple[str, ...], node: ast.ImportFrom) -> set[str]:
    """Return the subpackages and files of this package that `node` imports from."""
    names = (node.module or "").split(".") if node.module else []
    if node.level:
        names = [*folder[: len(folder) - node.level + 1], *names]
    elif names[0] == package.name:
        names = names[1:]
    else:
        return set()
    if names:
        return {names[0]}
    modules = {path.stem for path in package.iterdir()}
    return {alias.name if alias.name in modules else "__init__" for alias in node.names}


def imports_svg(names: list[str], pairs: set[tuple[str, str]]) -> str:
    """Draw the names on a diagonal, the last in the order on top, and each import as a line.

    Raises:
        ArchitectureError: a name imports one that is not before it in the order.
    """
    upward = sorted(f"{a} imports {b}" for a, b in pairs if names.index(a) <= names.index(b))
    if upward:
        raise ArchitectureError(f"expected imports of earlier names, got: {', '.join(upward)}")
    across, down, width, height, margin = 80, 46, 118, 30, 16
    shown = names[::-1]
    left = {name: margin + across * number for number, name in enumerate(shown)}
    top = {name: margin + down * number for number, name in enumerate(shown)}
    lines, boxes = [], []
    for name in shown:
        targets = [one for one in shown if (name, one) in pairs]
        y = top[name] + height // 2
        if targets:
            far = left[targets[-1]] + width // 2
            lines.append(f'<path d="M{left[name] + width} {y}H{far}"/>')
        importers = [one for one in shown if (one, name) in pairs]
        x = left[name] + width // 2
        if importers:
            high = top[importers[0]] + height // 2
            lines.append(f'<path d="M{x} {high}V{top[name] - 2}" marker-end="url(#arrow)"/>')
        lines += [f'<circle cx="{left[one] + width // 2}" cy="{y}" r="3.5"/>' for one in targets]
        is_folder = (PACKAGE / name).is_dir()
        boxes.append(_box(left[name], top[name], width, height, name, is_folder=is_folder))
    bottom = top[shown[-1]] + height
    notes = (
        "A line runs from a box to the right; at each dot it turns",
        "down, to a box that it imports. No line runs upward.",
        "A crossing without a dot connects nothing.",
        "Filled: subpackages. Dashed: single files.",
    )
    texts = [
        f'<text x="{margin}" y="{bottom - 20 * (len(notes) - 1 - row)}">{escape(note)}</text>'
        for row, note in enumerate(notes)
    ]
    group = f'<g fill="{LINE}" stroke="{LINE}" stroke-width="1.5">'
    drawn = [group, *lines, "</g>", *boxes, *texts]
    wide = left[shown[-1]] + width + margin
    return _svg(wide, bottom + margin, "The imports between the subpackages", drawn)


# The entry.

# Where each status is, in pixels from the top left, and where the label of each way is: from its
# middle so far to the right and down, and which end of the text is there.
CENTRES = {UNREAD: (520, 330), GOOD: (520, 90), FAILING: (890, 560), MISSING: (150, 560)}
LABELS = {
    (UNREAD, GOOD): (10, 5, "start"),
    (UNREAD, MISSING): (22, 12, "start"),
    (UNREAD, FAILING): (-30, 22, "end"),
    (GOOD, FAILING): (28, -38, "start"),
    (FAILING, GOOD): (-16, -2, "end"),
    (MISSING, GOOD): (-14, 0, "end"),
    (MISSING, FAILING): (0, 22, "middle"),
    (GOOD, GOOD): (40, -40, "start"),
    (FAILING, FAILING): (-44, 22, "end"),
    (MISSING, MISSING): (44, 22, "start"),
}
HALF_WIDTH, HALF_HEIGHT = 62, 24


def transitions_svg(transitions: Mapping[str, Mapping[str, str]]) -> str:
    """Draw the statuses, and the events that lead from one to another.

    Raises:
        ArchitectureError: there is a new way, and LABELS does not have it.
    """
    events: dict[tuple[str, str], list[str]] = {}
    for event, row in transitions.items():
        for status, then in row.items():
            events.setdefault((status, then), []).append(event)
    drawn = []
    for way, names in sorted(events.items()):
        if way not in LABELS:
            raise ArchitectureError(f"expected a place in LABELS for {' to '.join(way)}, got none")
        drawn += _way(*way, names, is_double=way[::-1] in events)
    for status, (x, y) in CENTRES.items():
        corner = (x - HALF_WIDTH, y - HALF_HEIGHT)
        drawn.append(_box(*corner, 2 * HALF_WIDTH, 2 * HALF_HEIGHT, status, is_folder=True))
    return _svg(1040, 690, "The statuses of an entry, and the events that change them", drawn)


def _way(source: str, target: str, names: list[str], *, is_double: bool) -> list[str]:
    (x, y), (to_x, to_y) = CENTRES[source], CENTRES[target]
    if source == target:
        side = -1 if source == GOOD else 1
        y += side * HALF_HEIGHT
        far = y + side * 46
        path = f"M{x - 26} {y}C{x - 40} {far} {x + 40} {far} {x + 26} {y + 2 * side}"
        middle = (float(x), float(y))
    else:
        length = ((to_x - x) ** 2 + (to_y - y) ** 2) ** 0.5
        along, beyond = (to_x - x) / length, (to_y - y) / length
        # From border to border; two ways between the same statuses are next to each other.
        gap = min(HALF_WIDTH / max(abs(along), 1e-9), HALF_HEIGHT / max(abs(beyond), 1e-9))
        aside = 9 if is_double else 0
        start = (x + along * gap + aside * beyond, y + beyond * gap - aside * along)
        end = (to_x - along * gap + aside * beyond, to_y - beyond * gap - aside * along)
        path = f"M{start[0]:.0f} {start[1]:.0f}L{end[0]:.0f} {end[1]:.0f}"
        middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    right, lower, anchor = LABELS[source, target]
    words = [
        f'<text x="{middle[0] + right:.0f}" y="{middle[1] + lower + 17 * row:.0f}" '
        f'text-anchor="{anchor}">{escape(name)}</text>'
        for row, name in enumerate(names)
    ]
    style = f'fill="none" stroke="{LINE}" stroke-width="1.5" marker-end="url(#arrow)"'
    return [f'<path d="{path}" {style}/>', *words]


def transition_table(transitions: Mapping[str, Mapping[str, str]]) -> str:
    """Return the transitions as a Markdown table; what changes the status is bold."""
    lines = [f"| event | {' | '.join(STATUSES)} |", "|---" * (len(STATUSES) + 1) + "|"]
    for event, row in transitions.items():
        cells = []
        for status in STATUSES:
            then = row.get(status, "")
            text = then if then == status else f"**{then}**"
            cells.append(f" {text} " if then else " ")
        lines.append(f"| {event} |{'|'.join(cells)}|")
    return "\n".join(lines)


LOCKS = {
    HELD: "held by this process",
    ELSEWHERE: "held by another process",
    IMPOSSIBLE: "cannot be created",
}


def action_table(actions: Mapping[tuple[str, bool, bool], str]) -> str:
    """Return what a process does, as a Markdown table."""
    lines = [
        "| lock | still unread after waiting | lock holder hangs | action |",
        "|---" * 4 + "|",
    ]
    for (lock, is_unread, is_abandoned), action in actions.items():
        cells = " | ".join("yes" if one else "no" for one in (is_unread, is_abandoned))
        lines.append(f"| {LOCKS[lock]} | {cells} | {action} |")
    return "\n".join(lines)


# SVG.


def _box(x: int, y: int, width: int, height: int, name: str, *, is_folder: bool) -> str:
    style = f'fill="{FILL}"' if is_folder else f'fill="{PAPER}" stroke-dasharray="4 3"'
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="6" stroke="{INK}" {style}/>'
        f'<text x="{x + width // 2}" y="{y + height // 2 + 5}" text-anchor="middle" '
        f'font-weight="bold">{escape(name)}</text>'
    )


def _svg(width: int, height: int, title: str, drawn: Iterable[str]) -> str:
    body = "\n".join(drawn)
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" \
viewBox="0 0 {width} {height}" role="img" {FONT} font-size="13" fill="{INK}">
<title>{escape(title)}</title>
<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" \
orient="auto"><path d="M0 0L8 4L0 8z" fill="{LINE}" stroke="none"/></marker></defs>
<rect width="{width}" height="{height}" fill="{PAPER}"/>
{body}
</svg>
"""


if __name__ == "__main__":
    sys.exit(main())
