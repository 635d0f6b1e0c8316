"""A cold start does not do more than before: modules, files and calls are counted, not timed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ..support.cold_start import COUNTED, fill, measure
from ..support.pythons import PYTHONS

if TYPE_CHECKING:
    from pathlib import Path

    from ..support.cold_start import Counts
    from ..support.fake_aws import FakeAws

MOST = 1.10
BEFORE: dict[str, dict[str, Counts]] = json.loads(COUNTED.read_text())


def grown(before: dict[str, Counts], now: dict[str, Counts]) -> list[str]:
    """The counts that have grown by more than a tenth."""
    return [
        f"{scene}: {number} {what}, before: {before[scene][what]}"
        for scene, counts in now.items()
        for what, number in counts.items()
        if number > before[scene][what] * MOST
    ]


@pytest.mark.parametrize("version", PYTHONS)
def test_a_cold_start_does_not_do_over_a_tenth_more_than_before(
    version: str, fake_aws_tls: FakeAws, tmp_path: Path
) -> None:
    fill(fake_aws_tls)
    # A Python newer than the recorded ones may count calls differently.
    before = BEFORE.get(version) or BEFORE[max(BEFORE)]

    now = measure(fake_aws_tls, tmp_path, PYTHONS[version])

    assert grown(before, now) == [], (
        "if this is intended, run python -m tests.support.cold_start and justify it in the commit"
    )
    assert now["100 calls of get() with a fresh value"] == {"calls": 200}, "get and the clock"
    assert fake_aws_tls.problems == []


def test_growth_of_over_a_tenth_is_reported() -> None:
    before = {"a cold start": {"modules": 20, "files": 20, "calls": 1000}}
    now = {"a cold start": {"modules": 22, "files": 23, "calls": 1101}}
    assert grown(before, now) == [
        "a cold start: 23 files, before: 20",
        "a cold start: 1101 calls, before: 1000",
    ]
