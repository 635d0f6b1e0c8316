"""The generated parts of the reference and the README are those of the code and of `make bench`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.parsers.expat import ParserCreate

import pytest

from tools import diagrams
from tools import reference_words as words
from tools import write_reference as script
from tools.page import marks

from ..support.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

WRITTEN = script.written()


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_generated_part_is_up_to_date_or_run_make_reference(path: Path) -> None:
    assert path.read_text() == WRITTEN[path]


def test_every_mark_of_the_reference_is_filled() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    found = {(path, name) for path in pages for name, _ in marks(path.read_text(), script.KIND)}

    assert found == {(path, name) for path, parts in script.PARTS.items() for name in parts}


def test_every_row_of_settings_is_in_one_table() -> None:
    names = [name for row in words.SETTINGS for name in row.names]

    assert len(names) == len(set(names))
    assert script.known() <= set(names)


@pytest.mark.parametrize("name", script.defaults())
def test_a_default_of_the_code_is_that_of_one_row(name: str) -> None:
    (row,) = [row for row in words.SETTINGS if name in row.names]

    assert row.default == "", "the code has it"


def test_a_setting_without_words_is_named() -> None:
    with pytest.raises(script.ReferenceError, match="SOURCES: correct SETTINGS of tools/ref"):
        script.require_equal({"SOURCES"}, set(), "SETTINGS")


def test_a_figure_that_the_page_does_not_have_is_named() -> None:
    with pytest.raises(script.ReferenceError, match="no row 'boto4' in start"):
        script.figure("start", "boto4")


def test_the_picture_of_the_figures_has_those_of_the_readme() -> None:
    shown = {f"{one:g}" for panel in script.panels().values() for one in panel.values()}
    head = (ROOT / "README.md").read_text().partition("\n## ")[0]

    assert set(re.findall(r"\d+\.\d+", head)) <= shown


def test_a_change_is_visible_after_the_first_poll_that_follows_it() -> None:
    polls = diagrams._polls()

    assert polls == [52, 104]
    assert polls[0] < diagrams.CHANGED


@pytest.mark.parametrize("path", [path for path in WRITTEN if path.suffix == ".svg"])
def test_a_picture_is_well_formed_and_loads_nothing(path: Path) -> None:
    picture = WRITTEN[path]

    ParserCreate().Parse(picture, True)
    assert "href" not in picture
    assert "<script" not in picture
