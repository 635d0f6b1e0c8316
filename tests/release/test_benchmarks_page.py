"""The page is written from any figures: sections, what was missed, pictures that do not vary."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

from benchmarks import (
    figures,
    growth,
    life,
    matrix,
    page,
    pictures,
    sections,
    sections_of_life,
    sections_of_sizes,
)
from benchmarks.contenders import CONTENDERS, ROOT
from benchmarks.counts import Counted, Work
from benchmarks.growth import Point
from benchmarks.headline import Headline
from benchmarks.inside import Reading
from benchmarks.life import CLASSIC, OURS, Life
from benchmarks.matrix import Found
from benchmarks.memory import Memory, Usage
from benchmarks.overlap import Overlap
from benchmarks.page import Section, Table
from benchmarks.pictures import Curve
from benchmarks.server import Counts

if TYPE_CHECKING:
    from pathlib import Path

MACHINE = {"python": "CPython 3.11", "load": "0.10"}
CALLS = Counts({"GetParametersByPath": 6}, 2, 3)
CELLS = matrix.cells()
ADDED = {"ours": 60.0, "floor": 30.0, "boto3": 270.0, "powertools": 290.0}
TIMES = {
    "direct": 8.0,
    "idle": 20.0,
    **ADDED,
    "boto3_no_garbage": 250.0,
    "ours_trusting": 80.0,
    "floor_trusting": 50.0,
    "boto3_trusting": 320.0,
    "layer": 58.0,
    "layer_trusting": 60.0,
}
HEADLINE = Headline(
    {name: [value, value + 1, value + 2, value + 3] for name, value in TIMES.items()},
    dict.fromkeys(CONTENDERS, CALLS),
    27,
    100,
    28,
)
MATRIX = [
    Found(cell, {**ADDED, "ours": 51.0 if cell.rtt_ms == 10 else 40.0}, HEADLINE.counts, 7)
    for cell in CELLS
]
WORK = {
    "ours": Work(118, 2174, 138.3, 18.4),
    "floor": Work(68, 1271, 126.4, 17.4),
    "boto3": Work(None, None, None, 50.3),
    "layer": Work(60, 1500, 130.0, 18.0),
}
COUNTED = Counted(WORK, {"files and system calls": "strace", "instructions": "not counted here"})
GROWTH = {
    "parameters": [
        Point(cell, calls, {"ours": 40.0 + calls, "floor": 30.0 + calls}, {"ours": 18, "floor": 17})
        for cell, calls in zip(growth.SERIES["parameters"], (3, 5, 12, 32, 102, 302), strict=False)
    ],
}
READINGS = [Reading(threads, 0.1, 0.2, 0.3, 0.1, 0.1, 6.0, 90.0, 500.0) for threads in (1, 8)]
NOTHING = Usage(0, 0, 0)
MEMORY = [
    Memory(tool, full_trust, NOTHING, NOTHING, NOTHING, Usage(2, 3, 4), 7)
    for tool in ("appconfig_env", "boto3", "powertools")
    for full_trust in (False, True)
]
LIVES = [
    Life(tool, workers, {}, {"GetSecretValue": 7}, 3, 20, 0, {"ssm": 299}, sees_deployment=True)
    for tool in (OURS, CLASSIC)
    for workers in (1, 16)
]
IMPORTS = {"appconfig_env": [0.5, 0.7], "boto3": [80.0, 90.0]}
FIGURES = [
    *figures.of_headline(HEADLINE),
    *figures.of_matrix(MATRIX),
    *figures.of_growth(GROWTH),
    *figures.of_reads(READINGS[0]),
    *figures.of_memory(MEMORY),
    *figures.of_import(IMPORTS),
]


def all_sections() -> list[Section]:
    return [
        sections.machine(MACHINE),
        sections.targets(FIGURES),
        sections.headline(HEADLINE),
        sections_of_sizes.matrix(MATRIX, 7),
        sections_of_sizes.beside([Overlap(CELLS[0], 60.0, 40.0, 39.0, 20.0, 12.0)], 7),
        sections.counts(COUNTED),
        sections_of_sizes.grown(GROWTH, 7),
        sections_of_life.reads(READINGS),
        sections_of_life.memory(MEMORY),
        sections_of_life.imports(IMPORTS),
        sections_of_life.hours(LIVES),
    ]


def test_the_page_holds_every_section_with_its_figures() -> None:
    text = page.as_markdown("What it costs", all_sections(), "performance")

    assert text.startswith("# What it costs\n\n## What was measured where\n")
    for section in all_sections():
        assert f"\n## {section.title}\n" in text
        for picture in section.pictures:
            assert f"](performance/{picture.name}.svg)" in text
    assert "| load | 0.10 |" in text
    assert "| this wrapper | 118 | 2,174 | 138.3 | 18.4 |" in text
    assert "| this wrapper, out of a layer | 60 | 1,500 | 130 | 18 |" in text
    assert "| `import boto3` | 85.00 | 80.00 |" in text
    assert "| boto3 |  |  |  | 50.3 |" in text, "what no tool counted stays empty"
    assert "instructions outside of the kernel: not counted here" in text


def test_missed_targets_are_named_and_so_are_the_cells() -> None:
    targets = sections.targets(FIGURES)

    assert targets.text.startswith("Missed: 2 profiles, 20 parameters: the wrapper adds; ")
    rows = {row[0]: row[1:] for row in targets.tables[0].rows}
    assert rows["this wrapper to the floor"] == ("2.36 x", "at most 1.3 x", "**MISSED**")
    assert rows["nothing to read: the wrapper adds"] == ("12.00 ms", "at most 15 ms", "met")
    worst = rows["beyond the floor, the worst cell with latency"]
    assert worst == ("21.00 ms", "at most 20 ms", "**MISSED**")
    said = sections_of_sizes.matrix(MATRIX, 7).text
    assert said.count("(+21 ms)") == len(CELLS) // 3
    assert "500 parameters by name, 10 ms (+21 ms)" in said


def test_a_function_with_the_layer_stands_beside_the_others_with_a_whole_store() -> None:
    found = {one.name: one for one in FIGURES}

    to_floor = found["the layer without AWS_CA_BUNDLE to the floor with a full trust store"]
    of_boto3 = found["boto3 with a full trust store to the layer without AWS_CA_BUNDLE"]
    assert (to_floor.value, to_floor.target) == ((60 - 8) / (50 - 8), None)
    assert (of_boto3.value, of_boto3.target) == ((320 - 8) / (60 - 8), None)


def test_figures_without_a_target_stand_beside_those_with_one() -> None:
    found = {one.name: one for one in FIGURES}

    assert found["worst ratio to the floor in a cell without latency"].value == 40 / 30
    literal = found["get() to a clock and a dict not in a function"]
    assert (literal.value, literal.target) == (READINGS[0].get / READINGS[0].clock_and_dict, None)
    targets = {name: one.target for name, one in found.items() if name.startswith("import ")}
    assert list(targets.values()) == [1, None]


def test_the_hours_name_their_prices_and_compare_one_worker_where_both_have_it() -> None:
    tuned = LIVES[0]._replace(tool=list(life.POWERTOOLS)[-1])

    text = sections_of_life.hours(LIVES).text
    assert "With one worker" not in text
    assert all(words in text for words in (*life.PRICE_PAGES, life.PRICES_OF))
    assert "With one worker Powertools, 45" in sections_of_life.hours([*LIVES, tuned]).text


def test_a_picture_has_room_for_a_line_above_its_points() -> None:
    assert pictures._highest(Curve("a", [1, 2], [3.0, 4.0])) == 4
    assert pictures._highest(Curve("a", [1, 2], [3.0, 4.0], (1.0, 3.0))) == 7


def test_no_target_is_missed_where_all_are_met() -> None:
    assert sections.targets([figures.Figure("one", 1, "ms", 2)]).text == "All are met."


def test_a_terminal_gets_the_tables_in_columns() -> None:
    section = Section("Sizes", "Prose.", [Table(("", "calls"), [("a path", "3"), ("b", "1,200")])])

    assert page.as_text(section).split("\n") == [
        "Sizes",
        "",
        "        calls",
        "a path      3",
        "b       1,200",
    ]


def test_pictures_are_small_have_no_date_and_do_not_vary(tmp_path: Path) -> None:
    first, second = tmp_path / "first.md", tmp_path / "second.md"
    for target in (first, second):
        page.write("What it costs", all_sections(), target)

    drawn = {one.name: one.read_text() for one in (tmp_path / "first").iterdir()}
    again = {one.name: one.read_text() for one in (tmp_path / "second").iterdir()}
    assert sorted(drawn) == sorted(
        f"{picture.name}.svg" for section in all_sections() for picture in section.pictures
    )
    assert drawn == again
    for svg in drawn.values():
        assert svg.rstrip().endswith("</svg>")
        assert len(svg) < 60_000
        assert not re.search(r"dc:date|20\d\d-\d\d-\d\d", svg)


def test_a_run_without_pictures_does_not_load_what_draws_them() -> None:
    script = "import sys, benchmarks.__main__; print('matplotlib' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )

    assert done.stdout.strip() == "False"
