"""Every fault at a cold start (required, optional, with a fallback) and at a refresh."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .catalogue import FAULTS
from .fault import Ending
from .matrix import STARTS, Matrix
from .verdict import TOLERANCE_SECONDS, see_refresh, see_start, settle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .fault import Fault

each_fault = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)


def see_in_time(fault: Fault, seconds: float) -> None:
    assert seconds <= fault.deadline + TOLERANCE_SECONDS


@pytest.fixture(scope="module")
def matrix(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Matrix]:
    """Run what is to be tested, no more."""
    items: list[Any] = [item for item in request.session.items if item.path == request.path]
    wanted = {item.callspec.id for item in items if hasattr(item, "callspec")}
    faults = [fault for fault in FAULTS if any(fault.name in one for one in wanted)]
    with Matrix(faults, tmp_path_factory.mktemp("matrix")) as found:
        yield found


@each_fault
@pytest.mark.parametrize("column", STARTS)
def test_a_start_under_a_fault_ends_well_or_says_why(
    matrix: Matrix, fault: Fault, column: str
) -> None:
    settle(
        lambda done: see_start(fault, column, done),
        matrix.start(fault, column),
        lambda: matrix.start_alone(fault, column),
    )


@each_fault
def test_a_refresh_under_a_fault_loses_nothing_and_is_well_again(
    matrix: Matrix, fault: Fault
) -> None:
    settle(
        lambda life: see_refresh(fault, life),
        matrix.refresh(fault),
        lambda: matrix.refresh_alone(fault),
    )


@each_fault
@pytest.mark.parametrize("column", STARTS)
def test_a_start_holds_its_deadline(matrix: Matrix, fault: Fault, column: str) -> None:
    def again() -> float:
        ordinary = matrix.start_alone(None, column).seconds  # what Python itself takes here, now
        return matrix.start_alone(fault, column).seconds - ordinary

    settle(lambda seconds: see_in_time(fault, seconds), matrix.start(fault, column).seconds, again)


@each_fault
def test_a_refresh_holds_its_deadline(matrix: Matrix, fault: Fault) -> None:
    settle(
        lambda seconds: see_in_time(fault, seconds),
        matrix.refresh(fault).faulty["seconds"],
        lambda: matrix.refresh_alone(fault).faulty["seconds"],
    )


def test_every_fault_has_a_name_of_its_own_and_says_what_to_do() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
    assert all(fault.says for fault in FAULTS if fault.ending is not Ending.WELL)
