"""What documents cost by size and shape: each shape is measured once; no test looks at a time."""

from __future__ import annotations

import json

import pytest

from benchmarks import documents
from benchmarks.starts import Bench


def test_every_shape_is_read_polled_and_replaced() -> None:
    with Bench.open() as bench:
        found = documents.measure(bench, 1, sizes=[10_000])

    assert [one.shape for one in found] == list(documents.SHAPES)
    for one in found:
        assert one.cpu_ms.keys() == set(documents.STEPS)
        assert min(one.cpu_ms.values()) > 0
        assert one.peak_mib > 5


@pytest.mark.parametrize("shape", documents.SHAPES)
@pytest.mark.parametrize("size", documents.SIZES)
def test_a_document_has_about_its_size(shape: str, size: int) -> None:
    body = json.dumps(documents.SHAPES[shape](size))

    assert 0.75 * size < len(body) < 1.25 * size
