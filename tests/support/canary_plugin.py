"""The canary's pytest plugin: what is searched, and how a run fails.

With pytest-xdist, each worker and the process that started them have their own watch. A worker
reports when it ends; the run fails if the secret leaked in any of them, or if one did not report.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .canary import SNAPSHOTS, VALUE, Watch

if TYPE_CHECKING:
    from collections.abc import Callable


REPORT = "canary"  # its key in a worker's output


class Plugin:
    """Passes the output of a pytest run to the watch."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self.watch = Watch(VALUE)
        self._sampler = threading.Thread(target=self.watch.sample, daemon=True)
        self._unreported: set[str] = set()
        self._searched_by_workers: set[Path] = set()
        self._ended_early: list[str] = []
        self._communicate: Callable[..., Any] = subprocess.Popen.communicate

    def pytest_sessionstart(self) -> None:
        """Start watching."""
        watch, communicate = self.watch, self._communicate

        def searched(process: Any, *arguments: Any, **options: Any) -> Any:
            """Popen.communicate; standard output is not searched, because the test asked for it."""
            out, err = communicate(process, *arguments, **options)
            watch.search(err, f"the standard error of a process of {watch.test}")
            return out, err

        subprocess.Popen.communicate = searched  # type: ignore[method-assign, assignment]
        sys.addaudithook(watch.on_event)
        self._sampler.start()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        """Record which test is running."""
        self.watch.test = item.nodeid

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Search a test's output and pytest's report."""
        if report.longrepr:  # of a failure
            self.watch.search(report.longreprtext, f"the report of {report.nodeid} ({report.when})")
        for title, text in report.sections:
            self.watch.search(text, f"{title} of {report.nodeid}")

    def pytest_warning_recorded(self, warning_message: Any, nodeid: str) -> None:
        """Search warnings."""
        self.watch.search(str(warning_message), f"a warning of {nodeid}")

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Expect a report from a worker that is about to start."""
        self._unreported.add(node.gateway.id)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Merge the report of a worker; a worker that crashed has none."""
        report = getattr(node, "workeroutput", {}).get(REPORT)
        if report is None:
            return
        worker = node.gateway.id
        self._unreported.discard(worker)
        self._searched_by_workers.update(map(Path, report["folders"]))
        self._ended_early += [f"{worker}: {why}" for why in report["ended early"]]
        self.watch.places += [one for one in report["places"] if one not in self.watch.places]
        self.watch.searched += report["searched"]

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Search the files, and fail the run if the secret leaked or a watch had ended."""
        if not self._sampler.is_alive():
            self._ended_early.append(self.watch.failure or "its thread has ended")
        self._ended_early += [f"{worker}: did not report" for worker in sorted(self._unreported)]
        self.watch.stop()
        self._sampler.join()
        subprocess.Popen.communicate = self._communicate  # type: ignore[method-assign]
        factory = getattr(self._config, "_tmp_path_factory", None)
        folders = [Path(factory._basetemp)] if factory is not None and factory._basetemp else []
        for folder in folders:
            self.watch.search_folder(folder, without=self._searched_by_workers)
        self.watch.search_files(SNAPSHOTS)
        if hasattr(self._config, "workeroutput"):
            self._config.workeroutput[REPORT] = {
                "places": self.watch.places,
                "searched": self.watch.searched,
                "ended early": self._ended_early,
                "folders": list(map(str, folders)),
            }
        elif self.watch.places or self._ended_early:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Report where the secret was found, never the secret."""
        watch = self.watch
        if self._ended_early:
            terminalreporter.section("the canary's watch ended before the run", red=True)
        for why in self._ended_early:
            terminalreporter.write_line(f"CANARY command lines were not watched to the end: {why}")
        if watch.places:
            terminalreporter.section("the canary secret leaked", red=True)
            for place in watch.places:
                terminalreporter.write_line(f"CANARY in {place}")
        elif not self._ended_early:
            size = f"{watch.searched / 1e6:.3f} MB"
            terminalreporter.write_line(f"canary: not in {size} of output, files and arguments")


def pytest_configure(config: pytest.Config) -> None:
    """Watch this run; only once, even if conftest and the command line both ask for it."""
    if not config.pluginmanager.has_plugin("canary-watch"):
        config.pluginmanager.register(Plugin(config), "canary-watch")
