"""docs/reliability.md lists every fault that is tested."""

from __future__ import annotations

from ..support.paths import ROOT
from .page import BEGIN, END, table


def test_the_documentation_has_the_matrix_that_the_tests_run() -> None:
    text = (ROOT / "docs" / "reliability.md").read_text()
    documented = text[text.index(BEGIN) : text.index(END) + len(END)]
    assert documented == table(), "run python -m tests.faults and copy its output"
