"""The benchmarks run and measure what they say; no test here looks at a time."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from benchmarks import counts, figures, growth, inside, matrix, overlap, report
from benchmarks.contenders import CONTENDERS, NOTHING, ROOT, Cell
from benchmarks.figures import Figure
from benchmarks.page import Section, Table
from benchmarks.starts import Bench

if TYPE_CHECKING:
    from pathlib import Path

MACHINE = {"python": "CPython 3.11"}
BARE = {"PATH": os.defpath}
STRACE = """\
1 execve("/bin/sh", ["sh"], 0x7ffd /* 1 vars */) = 0
1 openat(AT_FDCWD, "/etc/passwd", O_RDONLY|O_CLOEXEC) = 3
1 openat(AT_FDCWD, "/nowhere", O_RDONLY) = -1 ENOENT (No such file or directory)
2 openat(AT_FDCWD, "/etc/hosts", O_RDONLY <unfinished ...>
1 read(3,  <unfinished ...>
2 <... openat resumed>) = 4
1 <... read resumed>"", 64) = 0
1 +++ exited with 0 +++
"""


def test_a_cell_gives_what_each_contender_adds_and_asks_for() -> None:
    with Bench.open() as bench:
        (found,) = matrix.measure(bench, [Cell(1, 3)], 1)

    assert found.added.keys() == found.counts.keys() == CONTENDERS.keys()
    assert found.variables == 4 + 3  # those of the profile `app`, and the parameters
    assert all(one.configurations == 1 for one in found.counts.values())
    assert found.over_floor == found.added["ours"] - found.added["floor"]


def test_growth_counts_calls_and_memory_at_each_size() -> None:
    with Bench.open() as bench:
        found = growth.measure(bench, {"parameters": (Cell(1, 10), Cell(1, 11))}, 1)

    assert [point.calls for point in found["parameters"]] == [3, 4]
    assert all(point.peak_mib["ours"] > 1 for point in found["parameters"])


def test_a_line_fits_what_is_straight() -> None:
    calls = [3, 5, 11, 101]
    line = growth.fit(calls, [10 + 2 * number for number in calls])

    assert (line.base, line.each, line.worst) == pytest.approx((10, 2, 0))


@pytest.mark.parametrize("power", [1, 2])
def test_the_exponent_tells_a_line_from_a_square(power: int) -> None:
    calls = [0, 10, 100, 300, 1000]

    assert growth.exponent(calls, [40 + 0.1 * one**power for one in calls]) == pytest.approx(power)


def test_strace_tells_opened_files_and_calls() -> None:
    assert counts.of_strace(STRACE) == (2, 5)


@pytest.mark.skipif(not shutil.which("strace"), reason="no strace here")
def test_a_start_is_counted_by_strace(tmp_path: Path) -> None:
    files, calls = counts.system_calls((), BARE, tmp_path)

    if files is not None and calls is not None:  # else nobody may trace here
        assert 0 < files < calls


@pytest.mark.skipif(not shutil.which("valgrind"), reason="no valgrind here")
def test_instructions_are_counted_until_the_exec(tmp_path: Path) -> None:
    def counted(script: str) -> int:
        return counts.by_valgrind(("/bin/sh", "-c", script, "sh"), BARE, tmp_path)

    assert 10_000 < counted('exec "$@"') < counted('for one in 1 2 3 4 5; do :; done; exec "$@"')


def test_the_peak_is_that_of_the_command() -> None:
    large = (sys.executable, "-I", "-S", "-c", "print(len(bytes(range(256)) * 200_000))")

    assert counts.peak_mib(large, BARE) > counts.peak_mib(NOTHING, BARE) + 40


def test_the_import_is_measured_beside_the_runtime_client() -> None:
    taken = inside.import_ms(1)

    assert len(taken) == 1
    assert taken[0] > 0


def test_a_target_is_a_ceiling_or_a_floor() -> None:
    assert Figure("a", 1, "ms", 2).is_met
    assert not Figure("a", 3, "ms", 2).is_met
    assert Figure("a", 5, "x", 4.5, at_least=True).is_met
    assert Figure("a", 5).is_met is None


def test_the_table_says_what_was_missed() -> None:
    met, missed = Figure("one", 1, "ms", 2, best=0.5), Figure("two", 3, "x", 4, at_least=True)

    text = report.as_text([met, missed], MACHINE)

    assert "at most 2 ms: met" in text
    assert "at least 4 x: MISSED" in text
    assert text.endswith("Targets missed: two")
    assert report.as_text([met], MACHINE).endswith("All targets are met.")


def test_a_part_without_figures_is_told_by_its_section() -> None:
    section = Section("Hours", "Prose.", [Table(("", "calls"), [("one", "3")])])

    assert report.as_text([], MACHINE, [section]).endswith("Hours\n\n     calls\none      3")


def test_the_json_holds_the_same() -> None:
    found = json.loads(report.as_json([Figure("one", 1, "ms", 2)], MACHINE))

    assert found["machine"] == MACHINE
    assert found["figures"][0]["name"] == "one"
    assert found["figures"][0]["is_met"] is True


def test_quartiles_want_four_values() -> None:
    assert figures.quartiles([1.0, 2.0, 3.0]) is None
    assert figures.quartiles([1.0, 2.0, 3.0, 4.0]) == (1.25, 3.75)


def test_the_command_measures_what_is_wanted_and_names_the_machine() -> None:
    words = ("--rounds", "1", "--json", "--only", "headline", "--only", "import")
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )

    found = json.loads(done.stdout)
    assert {"python", "tls", "processors", "boto3", "awslambdaric"} <= found["machine"].keys()
    values = {one["name"]: one["value"] for one in found["figures"]}
    assert values["variables that all set alike"] == 20 + 4 + 3
    assert values["calls of this wrapper"] == values["calls of the floor"] == 6
    assert 0 < values["modules imported, nothing to read"] < values["modules imported"]
    targets = {one["target"] for one in found["figures"] if one["target"] is not None}
    assert targets == {45, 15, 1.3, 5, 6, 1}
    assert [one["title"] for one in found["sections"]] == ["One start", "Import"]


def test_what_is_read_beside_the_start_is_measured_beside_what_is_awaited() -> None:
    with Bench.open() as bench:
        (found,) = overlap.measure(bench, [Cell(1, 3)], 1)

    assert found.cell == Cell(1, 3)
    assert all(isinstance(value, float) for value in found[1:])
