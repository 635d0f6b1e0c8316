"""Every fault at a cold start (required, optional, with a fallback) and at a refresh."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .catalogue import FAULTS
from .fault import Outcome
from .matrix import STARTS, Matrix
from .pace import own_seconds
from .verdict import check_refresh, check_start, hit_by

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .fault import Fault

each_fault = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)


@pytest.fixture(scope="module")
def matrix(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Matrix]:
    """Run only the faults of the selected tests."""
    items: list[Any] = [item for item in request.session.items if item.path == request.path]
    selected = {item.callspec.id for item in items if hasattr(item, "callspec")}
    faults = [fault for fault in FAULTS if any(fault.name in one for one in selected)]
    with Matrix(faults, tmp_path_factory.mktemp("matrix")) as matrix:
        yield matrix


@each_fault
@pytest.mark.parametrize("column", STARTS)
def test_a_cold_start_under_a_fault_succeeds_or_reports_why(
    matrix: Matrix, fault: Fault, column: str
) -> None:
    check_start(fault, column, matrix.start(fault, column))


@each_fault
def test_a_refresh_under_a_fault_loses_nothing_and_the_next_one_recovers(
    matrix: Matrix, fault: Fault
) -> None:
    check_refresh(fault, matrix.refresh(fault))


@each_fault
def test_the_error_of_each_source_names_the_fault(matrix: Matrix, fault: Fault) -> None:
    exact = check_refresh(fault, matrix.refresh(fault))
    for column in STARTS:
        exact |= check_start(fault, column, matrix.start(fault, column))
    assert exact == set(hit_by(fault))


@each_fault
@pytest.mark.parametrize("column", STARTS)
def test_a_cold_start_meets_its_deadline(matrix: Matrix, fault: Fault, column: str) -> None:
    done = matrix.start(fault, column)
    assert own_seconds(done.seconds, done.without_core) <= done.limit


@each_fault
def test_a_refresh_meets_its_deadline(matrix: Matrix, fault: Fault) -> None:
    life = matrix.refresh(fault)
    faulty = life.faulty
    assert own_seconds(faulty["seconds"], faulty["without_core"]) <= life.limit


def test_every_fault_has_a_unique_name_and_its_error_a_remedy() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
    assert all(fault.error_parts for fault in FAULTS if fault.outcome is not Outcome.SUCCESS)
