"""Puts the documents into build/site in the form that the site's generator needs: `make docs`.

The documents are written for GitHub, which the generator's Markdown differs from: it knows nested
lists only by four spaces, and no file outside of its folder. The README is the first page.
"""

from __future__ import annotations

import os
import posixpath
import re
import shutil
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
STAGED = ROOT / "build" / "site"
# The pages outside of docs, and their names on the site.
OUTSIDE = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "RELEASING.md": "releasing.md",
    "SECURITY.md": "security.md",
}
# Code first, so that what looks like a mark or a link in it stays as it is.
_PARTS = re.compile(
    r"""(?P<code> ^[ ]*```.*?^[ ]*```$ | `+[^`]*`+ )
    | (?P<mark> <!--[ ]/?[\w-]+:[\w-]+[ ]--> )
    | (?P<image> !? ) \[ (?P<text> [^\[\]]* ) \] \( (?P<target> [^()\s]+ ) \)""",
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
_ITEM = re.compile(r"(?:[-*]|\d+\.) +")


class Site(NamedTuple):
    """Where each file of the repository is on the site, and the repository's URL, or ''."""

    places: dict[str, str]
    repository: str


def main() -> None:
    """Write the folder."""
    shutil.rmtree(STAGED, ignore_errors=True)
    site = Site(places(), repository())
    for name, place in site.places.items():
        target = STAGED / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".md"):
            target.write_text(page(name, (ROOT / name).read_text(), site))
        else:
            shutil.copyfile(ROOT / name, target)


def places() -> dict[str, str]:
    """Return the place of each file on the site, by its name in the repository."""
    docs = sorted(path for path in (ROOT / "docs").rglob("*") if path.is_file())
    inside = {path.relative_to(ROOT).as_posix(): path for path in docs}
    return OUTSIDE | {name: name.removeprefix("docs/") for name in inside}


def repository() -> str:
    """Return the setting `repository` of pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    url: str = project["tool"]["hatch"]["metadata"]["hooks"]["custom"]["repository"]
    return url


def page(name: str, text: str, site: Site) -> str:
    """Return a page as the generator reads it."""
    return "\n".join(indented(linked(name, text, site).splitlines())) + "\n"


def linked(name: str, text: str, site: Site) -> str:
    """Return a page without marks, whose links lead to the site, or to files of the repository.

    Args:
        name: of the page, in the repository.
        text: its Markdown.
        site: the places. Without a repository, a link to any other file becomes its text.
    """

    def replaced(found: re.Match[str]) -> str:
        if found["mark"]:
            return ""
        target, hash_, anchor = (found["target"] or "").partition("#")
        if found["code"] or not target or "://" in target:
            return found[0]
        file = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
        if file in site.places:
            here = posixpath.dirname(site.places[name])
            place = os.path.relpath(site.places[file], here or ".")
            return f"{found['image']}[{found['text']}]({place}{hash_}{anchor})"
        if not site.repository:
            return found["text"]
        return f"[{found['text']}]({site.repository}/blob/main/{file}{hash_}{anchor})"

    return _PARTS.sub(replaced, text)


def indented(lines: list[str]) -> Iterator[str]:
    """Yield the lines with four spaces for each level of a list, and an empty one before a list."""
    levels: list[int] = []  # the columns at which the contents of the open items begin
    fence = previous = ""
    for line in lines:
        text = line.lstrip(" ")
        column = len(line) - len(text)
        if text and not fence:
            while levels and column < levels[-1]:
                levels.pop()
        item = None if fence else _ITEM.match(text)
        begin = levels[-1] if levels else 0
        if item and not levels and previous and not previous.startswith(("    ", "- ", "1.")):
            yield ""
        previous = " " * (4 * len(levels) + max(0, column - begin)) + text if text else ""
        yield previous
        if item:
            levels.append(column + item.end())
        if text.startswith("```"):
            fence = "" if fence else text


if __name__ == "__main__":
    main()
