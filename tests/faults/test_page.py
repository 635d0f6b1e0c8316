"""docs/reliability.md names every fault that is tried."""

from __future__ import annotations

from ..support.paths import ROOT
from .page import BEGIN, END, table


def test_the_documentation_has_the_matrix_as_it_is_run() -> None:
    text = (ROOT / "docs" / "reliability.md").read_text()
    found = text[text.index(BEGIN) : text.index(END) + len(END)]
    assert found == table(), "python -m tests.faults prints it"
