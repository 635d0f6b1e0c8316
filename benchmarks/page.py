"""Sections of a report and how they are written, as Markdown with pictures and as plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path


class Table(NamedTuple):
    """A head and rows of cells; all but the first column are numbers."""

    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


class Picture(NamedTuple):
    """A drawing.

    Attributes:
        name: of its file, without `.svg`.
        alt: what it shows, for who does not see it.
        draw: writes it to a path.
    """

    name: str
    alt: str
    draw: Callable[[Path], None]


class Section(NamedTuple):
    """A part of the report: paragraphs, tables below them, pictures last."""

    title: str
    text: str
    tables: Sequence[Table] = ()
    pictures: Sequence[Picture] = ()


def write(title: str, sections: Sequence[Section], page: Path) -> None:
    """The page, and its pictures into a folder beside it that has its name."""
    folder = page.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    for section in sections:
        for picture in section.pictures:
            picture.draw(folder / f"{picture.name}.svg")
    page.write_text(as_markdown(title, sections, folder.name))


def as_markdown(title: str, sections: Iterable[Section], folder: str) -> str:
    """The page's text; its pictures are said to be in `folder`."""
    parts = [f"# {title}"]
    for section in sections:
        parts += [f"## {section.title}", section.text.strip()]
        parts += [_markdown(table) for table in section.tables]
        parts += [f"![{one.alt}]({folder}/{one.name}.svg)" for one in section.pictures]
    return "\n\n".join(parts) + "\n"


def as_text(section: Section) -> str:
    """Title and tables, for a terminal."""
    return "\n\n".join([section.title, *(_aligned(table) for table in section.tables)])


def _markdown(table: Table) -> str:
    rule = ["---", *("---:" for _ in table.head[1:])]
    return "\n".join(f"| {' | '.join(row)} |" for row in (table.head, rule, *table.rows))


def _aligned(table: Table) -> str:
    lines = (table.head, *table.rows)
    first, *others = (max(map(len, column)) for column in zip(*lines, strict=True))
    return "\n".join(
        "  ".join([
            line[0].ljust(first),
            *(cell.rjust(width) for cell, width in zip(line[1:], others, strict=True)),
        ]).rstrip()
        for line in lines
    )  # fmt: skip
