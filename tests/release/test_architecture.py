"""docs/architecture.md against the code: its generated parts, its figures, its files."""

from __future__ import annotations

import ast
import re
from html import unescape
from typing import TYPE_CHECKING
from xml.parsers.expat import ParserCreate

import pytest

from appconfig_env._cache.entry import TRANSITIONS
from tools import draw_architecture as script

from ..support.paths import ROOT
from ..unit import test_imports as rule

if TYPE_CHECKING:
    from pathlib import Path

PAGE = script.PAGE.read_text()
WRITTEN = script.written()
NAMES = [name for row in rule.ORDER for name in ([row] if isinstance(row, str) else sorted(row))]


def texts(name: str) -> list[str]:
    """The texts in a picture."""
    picture = WRITTEN[script.PAGE.with_suffix("") / name]
    return [unescape(text) for text in re.findall(r"<text [^>]*>([^<]*)</text>", picture)]


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_the_generated_parts_are_those_of_the_code_or_run_make_architecture(path: Path) -> None:
    assert path.read_text() == WRITTEN[path]


def test_every_file_of_the_package_is_listed_once() -> None:
    listed = re.findall(r"^ *- \[`\w+\.py`\]\(\.\./(\S+)\)", PAGE, re.MULTILINE)
    files = [
        path.relative_to(ROOT).as_posix()
        for path in script.PACKAGE.rglob("*.py")
        if path.name != "__init__.py" or path.parent == script.PACKAGE
    ]

    assert sorted(listed) == sorted(files)


def test_a_file_is_described_by_one_sentence() -> None:
    texts = {module: ast.get_docstring(rule.tree(module)) or "" for module in rule.MODULES}

    first = {module: " ".join(text.partition("\n\n")[0].split()) for module, text in texts.items()}

    assert [module for module, sentence in first.items() if not sentence.endswith(".")] == []
    assert {module: script.sentence(path) for module, path in rule.MODULES.items()} == first


def test_the_longest_files_are_those_that_the_page_gives_a_reason_for() -> None:
    lines = {name: len(path.read_text().splitlines()) for name, path in rule.MODULES.items()}
    (reasons,) = re.findall(r"^The longest files stay whole .*$", PAGE, re.MULTILINE)

    named = {name[:-3].replace("/", ".") for name in re.findall(r"`([\w/]+\.py)`", reasons)}

    assert named == {name for name, number in lines.items() if number > 320}


def test_the_picture_has_the_imports_that_the_import_rule_checks() -> None:
    checked = {
        (module.partition(".")[0], name.partition(".")[0])
        for module in rule.MODULES
        for at_run_time in (False, True)
        for name in rule.ours(module, at_run_time=at_run_time)
    }

    drawn = script.imports(script.PACKAGE)

    assert drawn == {(name, other) for name, other in checked if name != other}


@pytest.mark.parametrize(
    ("statement", "imported"),
    [
        ("import shop", "__init__"),
        ("import os, shop._cache.store as store", "_cache"),
        ("from shop._cache import store", "_cache"),
        ("from shop import _cache", "_cache"),
        ("from .. import _cache", "_cache"),
        ("from .._cache.store import Store", "_cache"),
        ("from .. import get", "__init__"),
    ],
)
def test_an_import_is_drawn_in_each_of_its_forms(
    tmp_path: Path, statement: str, imported: str
) -> None:
    package = tmp_path / "shop"
    (package / "_cache").mkdir(parents=True)
    (package / "_http").mkdir()
    (package / "_http" / "sockets.py").write_text(f"def f():\n    {statement}\n")

    assert script.imports(package) == {("_http", imported)}


def test_the_picture_has_a_dot_for_each_import() -> None:
    pairs = {("c", "a"), ("c", "b"), ("b", "a")}

    picture = script.imports_svg(["a", "b", "c"], pairs)

    assert picture.count("<circle") == len(pairs)
    assert picture.count('marker-end="url(#arrow)"') == len({imported for _, imported in pairs})


def test_there_are_at_most_ten_subpackages_besides_the_entry_points() -> None:
    shown = [text for text in texts("imports.svg") if text in NAMES]

    assert sorted(shown) == sorted(NAMES)
    entries = {"__init__", "__main__", "openfeature", "pytest_plugin", "testing"}
    assert len(set(shown) - entries) <= 10


def test_an_import_that_runs_upward_is_not_drawn_but_named() -> None:
    with pytest.raises(script.ArchitectureError, match="a imports b"):
        script.imports_svg(["a", "b"], {("a", "b"), ("b", "a")})


def test_a_picture_is_well_formed_and_loads_nothing() -> None:
    pictures = [text for path, text in WRITTEN.items() if path.suffix == ".svg"]

    assert pictures
    for picture in pictures:
        ParserCreate().Parse(picture, True)
        assert not re.search(r"<script|href=|@import|url\((?!#)", picture)


def test_the_picture_of_the_entry_has_every_event_of_the_table() -> None:
    shown = texts("entry.svg")

    for event, row in TRANSITIONS.items():
        assert shown.count(event) == len(set(row.items())), event


def test_a_transition_without_a_place_is_not_drawn_but_named() -> None:
    with pytest.raises(script.ArchitectureError, match="good to unread"):
        script.transitions_svg({"forgotten": {"good": "unread"}})


def test_a_part_without_marks_is_named() -> None:
    with pytest.raises(script.ArchitectureError, match="'files'"):
        script.filled("<!-- architecture:files -->\n", {"files": ""})


def test_a_part_is_replaced_between_its_marks() -> None:
    page = "a\n<!-- architecture:b -->\nold\n<!-- /architecture:b -->\nc\n"

    filled = script.filled(page, {"b": "new"})

    assert filled == page.replace("old", "new")
    assert script.filled(filled, {"b": "new"}) == filled


def test_each_figure_of_the_table_is_in_its_source() -> None:
    rows = re.findall(r"^\|.*\| ([\d.]+) \| \[\S+\]\((\S+)\) \|$", PAGE, re.MULTILINE)

    (together,) = re.findall(r"together save ([\d.]+) ms", PAGE)
    rows.append((together, "performance.md"))
    assert len(rows) == 15
    for figure, source in rows:
        text = (script.PAGE.parent / source).read_text()
        written = f"| {figure} |" if source.endswith(".md") else f" {figure} ms"
        assert written in text.replace("(", " "), (figure, source)


def test_the_page_names_every_file_that_creates_a_failure() -> None:
    (row,) = re.findall(r"^\| (.*) \| it is created, with its kind", PAGE, re.MULTILINE)
    creating = {
        path.relative_to(script.PACKAGE).as_posix()
        for path in script.PACKAGE.rglob("*.py")
        if re.search(r"(?<!class )\bFailure\(", path.read_text())
    }

    # The first two restore one, from another process's text; the third is for tests.
    assert creating - set(re.findall(r"`(\S+)`", row)) == {
        "errors.py",
        "_cache/snapshot_json.py",
        "_backends/fake.py",
    }


def test_the_steps_of_the_prefetch_are_its_methods_in_this_order() -> None:
    source = (script.PACKAGE / "_wrapper" / "prefetch.py").read_text()
    (steps,) = re.findall(r"^\"\"\".* locked: (.*)\.\"\"\"", source)
    calls = re.findall(r"self\._(\w+)\(", source.partition("def environ_for")[2])

    first = [calls.index(step) for step in steps.split(", ")]

    assert first == sorted(first)


def test_every_file_that_the_page_names_exists() -> None:
    named = re.findall(r"`([\w/]+(?:\.py|\.md|/\w+))`", PAGE)
    nowhere = [
        name
        for name in named
        if "/" in name and not any((folder / name).exists() for folder in (ROOT, script.PACKAGE))
    ]

    assert len(named) > 50
    assert nowhere == []
