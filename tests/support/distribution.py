"""How pytest-xdist distributes the tests: those of a file to one process, the longest files first.

A file's fixtures are then set up once. Groups of pytest-xdist's own would do the same, but have no
effect since pytest 9.2; and it would start the files with the most tests first, and could end with
one that takes long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import Scheduling
    from xdist.workermanage import WorkerController

SERVERS = ("moto", "ministack")  # tests with these names share servers that take seconds to start
# What takes more than ten seconds, the longest first.
LONGEST = (
    "tests/faults/test_matrix.py",
    "tests/release/test_layer.py",
    "tests/alongside/test_greenlets.py",
    "tests/hostile/test_documents.py",
    "tests/integration/test_background.py",
    "tests/release/test_fleet.py",
    "tests/release/test_benchmarks.py",
    "tests/contract/test_clients.py",
    "tests/unit/_content/test_fast_json.py",
    "tests/unit/_wrapper/test_main.py",
    "tests/hostile/test_canary.py",
    "tests/release/test_packaging.py",
    "tests/release/test_from_scratch.py",
    "tests/release/test_template.py",
    "tests/contract/test_machine.py",
    "tests/unit/_http/test_trust_store.py",
    "tests/release/test_sbom.py",
    "tests/lifecycle/test_signals.py",
    "tests/integration/test_trace_command.py",
    "tests/release/test_benchmarks_handler.py",
    "tests/release/test_benchmarks_page.py",
    "tests/release/test_hour.py",
)


def group_of(nodeid: str) -> str:
    """Return the group of a test; the tests of a group run in one process."""
    path, _, name = nodeid.partition("::")
    return "servers" if any(server in name for server in SERVERS) else path


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling | None:
    """Distribute the tests in these groups, if the command line asks for groups."""
    if config.getvalue("dist") != "loadgroup":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class Distribution(LoadScopeScheduling):  # type: ignore[misc] # it has no types
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

        def _assign_work_unit(self, node: WorkerController) -> None:
            for path in LONGEST:
                if path in self.workqueue:
                    self.workqueue.move_to_end(path, last=False)
                    break
            super()._assign_work_unit(node)

    return Distribution(config, log)
