"""Logs what fetches did: each call, each source, and once that secrets had to be read one by one.

Loaded only at the log levels `debug` and `trace`, and after a failed call.
"""

from __future__ import annotations

from .log_lines import Ownership, batch_line, call_lines, source_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from .._backends.base import Outcome
    from .._config.settings import Settings
    from .log_fields import Log
    from .snapshot import Snapshot


class FetchLog:
    """The log of the fetches of one process.

    Args:
        settings: the sources.
        log: takes a level, a message and its fields.
        has_reported_batch: whether another process has reported refused batches at `info`, as this
            one otherwise does once.
    """

    def __init__(self, settings: Settings, log: Log, *, has_reported_batch: bool = False) -> None:
        self._settings = settings
        self._log = log
        self._has_reported_batch = has_reported_batch
        self._outcomes: Mapping[str, Outcome] = {}  # of the last fetch, until they are reported

    def report_calls(self, outcomes: Mapping[str, Outcome]) -> None:
        """Log each call that was recorded, and that secrets could not be read together."""
        if self._settings.accepts("debug"):
            self._outcomes = outcomes
        for line in call_lines(outcomes):
            self._log(*line)
        level = "debug" if self._has_reported_batch else "info"
        refused = batch_line(self._settings, outcomes, level)
        if refused is not None:
            self._has_reported_batch = True
            self._log(*refused)

    def report_sources(
        self,
        snapshot: Snapshot,
        configured: Collection[str],
        *,
        ages: Mapping[str, float] | None = None,
        only_env: bool = False,
    ) -> None:
        """Log how each source was read, and which names it has, if the log level is that detailed.

        Args:
            snapshot: after the fetch.
            configured: the names that no source sets.
            ages: how old the entries from the snapshot file are, in seconds, to log all sources;
                None for those of the last fetch only.
            only_env: see `Ownership`.
        """
        settings, origins = self._settings, dict[str, str]()
        if not settings.accepts("debug"):
            return
        if ages is not None:
            origins = dict.fromkeys(settings.resources(), "not awaited (env=no)")
            for reference, age in ages.items():
                origins[reference] = f"from the snapshot file, {age:.0f} s old"
        ownership = Ownership(settings, snapshot, configured, only_env=only_env)
        for line in source_lines(settings, snapshot, self._outcomes, ownership, origins):
            self._log(*line)
        self._outcomes = {}
