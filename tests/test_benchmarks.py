"""The benchmarks run and measure what they say; no test here looks at a time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import figures, inside, report, starts
from benchmarks.figures import Figure
from benchmarks.server import PARAMETERS, PROFILES

ROOT = Path(__file__).resolve().parent.parent
MACHINE = {"python": "CPython 3.11"}


def test_one_round_of_starts_gives_a_time_for_each_and_the_same_variables_and_calls() -> None:
    found = starts.measure(1)

    for times in (found.direct, found.idle, found.ours, found.classic):
        assert len(times) == 1
        assert times[0] > 0
    assert len(found.ours_trusting) == len(found.classic_trusting) == 1
    assert found.variables == PARAMETERS + 4 + 3  # of the profiles `app` and `flags`
    assert found.counts.calls == found.classic_counts.calls
    assert found.counts.calls == {
        "GetLatestConfiguration": len(PROFILES),
        "GetParametersByPath": 2,
        "StartConfigurationSession": len(PROFILES),
    }
    assert found.counts.configurations == len(PROFILES)
    assert 0 < found.idle_modules < found.modules


def test_wrappers_that_do_not_agree_are_not_compared() -> None:
    with pytest.raises(RuntimeError, match="do not agree on DB_HOST, ONLY"):
        starts.require_same({"DB_HOST": "a"}, {"DB_HOST": "b", "ONLY": "c", "AWS_REGION": "d"})


def test_the_import_is_measured_beside_the_runtime_client() -> None:
    pytest.importorskip("awslambdaric")

    taken = inside.import_ms(1)

    assert len(taken) == 1
    assert taken[0] > 0


def test_reads_are_measured() -> None:
    found = inside.reads(1)

    assert all(microseconds > 0 for microseconds in found)


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


def test_the_json_holds_the_same() -> None:
    found = json.loads(report.as_json([Figure("one", 1, "ms", 2)], MACHINE))

    assert found["machine"] == MACHINE
    assert found["figures"][0]["name"] == "one"
    assert found["figures"][0]["is_met"] is True


def test_quartiles_want_four_values() -> None:
    assert figures.quartiles([1.0, 2.0, 3.0]) is None
    assert figures.quartiles([1.0, 2.0, 3.0, 4.0]) == (1.25, 3.75)


def test_the_command_measures_all_and_names_the_machine() -> None:
    pytest.importorskip("awslambdaric")
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--rounds", "1", "--json"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )

    found = json.loads(done.stdout)
    assert {"python", "tls", "processors", "boto3", "awslambdaric"} <= found["machine"].keys()
    targets = {one["target"] for one in found["figures"] if one["target"] is not None}
    assert targets == {45, 15, 4.5, 2, 0.3}
