"""A cold start does no more than it did: modules, files and calls, counted and not timed."""

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
    """What there is more of by over a tenth."""
    return [
        f"{scene}: {number} {what}, were {before[scene][what]}"
        for scene, counts in now.items()
        for what, number in counts.items()
        if number > before[scene][what] * MOST
    ]


@pytest.mark.parametrize("version", PYTHONS)
def test_a_cold_start_does_not_do_a_tenth_more_than_it_did(
    version: str, fake_aws_tls: FakeAws, tmp_path: Path
) -> None:
    fill(fake_aws_tls)
    # A Python that is newer than the counts may differ in what a call is.
    before = BEFORE.get(version) or BEFORE[max(BEFORE)]

    now = measure(fake_aws_tls, tmp_path, PYTHONS[version])

    assert grown(before, now) == [], (
        "if the growth is worth it, say so in the commit and run python -m tests.support.cold_start"
    )
    assert now["a hundred get() of a fresh value"] == {"calls": 200}, "get and the clock"
    assert fake_aws_tls.problems == []


def test_what_grows_by_over_a_tenth_is_named() -> None:
    before = {"a start": {"modules": 20, "files": 20, "calls": 1000}}
    now = {"a start": {"modules": 22, "files": 23, "calls": 1101}}
    assert grown(before, now) == [
        "a start: 23 files, were 20",
        "a start: 1101 calls, were 1000",
    ]
