"""The canary's watch over a run of pytest: what it looks into, and how a run fails."""

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


class Plugin:
    """What of a run of pytest the watch looks into."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self.watch = Watch(VALUE)
        self._sampler = threading.Thread(target=self.watch.sample, daemon=True)
        self._was_alive_to_the_end = False
        self._communicate: Callable[..., Any] = subprocess.Popen.communicate

    def pytest_sessionstart(self) -> None:
        """Begin."""
        watch, communicate = self.watch, self._communicate

        def searched(process: Any, *arguments: Any, **options: Any) -> Any:
            """Popen.communicate; what a child writes to its standard output, a test asked for."""
            out, err = communicate(process, *arguments, **options)
            watch.search(err, f"the standard error of a process of {watch.test}")
            return out, err

        subprocess.Popen.communicate = searched  # type: ignore[method-assign, assignment]
        sys.addaudithook(watch.on_event)
        self._sampler.start()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        """Know whose processes they are."""
        self.watch.test = item.nodeid

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Look into what one test wrote, and into what pytest says of it."""
        self.watch.search(report.longreprtext, f"the report of {report.nodeid} ({report.when})")
        for title, text in report.sections:
            self.watch.search(text, f"{title} of {report.nodeid}")

    def pytest_warning_recorded(self, warning_message: Any, nodeid: str) -> None:
        """Look into warnings."""
        self.watch.search(str(warning_message), f"a warning of {nodeid}")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Look into the files, and fail the run if the secret came out or the watch had ended."""
        self._was_alive_to_the_end = self._sampler.is_alive()
        self.watch.stop()
        self._sampler.join()
        subprocess.Popen.communicate = self._communicate  # type: ignore[method-assign]
        factory = getattr(self._config, "_tmp_path_factory", None)
        if factory is not None and factory._basetemp is not None:
            self.watch.search_folder(Path(factory._basetemp))
        self.watch.search_files(SNAPSHOTS)
        if self.watch.places or not self._was_alive_to_the_end:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say where it stood, never what."""
        watch = self.watch
        if not self._was_alive_to_the_end:
            terminalreporter.section("the canary's watch ended before the run", red=True)
            why = watch.failure or "its thread had ended"
            terminalreporter.write_line(f"CANARY command lines were not watched to the end: {why}")
        if watch.places:
            terminalreporter.section("the canary secret came out", red=True)
            for place in watch.places:
                terminalreporter.write_line(f"CANARY in {place}")
        elif self._was_alive_to_the_end:
            size = f"{watch.searched / 1e6:.3f} MB"
            terminalreporter.write_line(f"canary: not in {size} of output, files and arguments")


def pytest_configure(config: pytest.Config) -> None:
    """Watch this run; once, though conftest and a command line may both ask for it."""
    if not config.pluginmanager.has_plugin("canary-watch"):
        config.pluginmanager.register(Plugin(config), "canary-watch")
