"""Passes requests to files, a local folder or AWS, and loads these backends when needed."""

from __future__ import annotations

import time
from _thread import allocate_lock

from .._config.environ import DETAILED_LEVELS
from .._config.sources import FILE
from .base import calls_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from .._config.settings import Settings
    from .base import Backend, Outcome, Request

    Lock = AbstractContextManager[object]


WORTH_COUNTING_SECONDS = 0.1  # an import that takes longer is part of the fetch's time
LEAST_FETCH_SECONDS = 0.1  # what a fetch has in any case, however long the import took


class Router:
    """A `base.Backend` that passes each request to another one.

    Args:
        settings: the local folder, or how to call AWS.
        environ: contains the credentials.
        importing: held during imports; None if the process does not fork meanwhile.
    """

    def __init__(
        self, settings: Settings, environ: Mapping[str, str], importing: Lock | None = None
    ) -> None:
        self._settings = settings
        self._environ = environ
        self._importing = importing or allocate_lock()
        self._remote: Backend | None = None
        self._outcomes: dict[str, Outcome] = {}  # of the call under way

    def __call__(self, requests: list[Request], timeout: float) -> Mapping[str, Outcome]:
        """Return an outcome for each request, by its resource's reference."""
        self._outcomes = outcomes = dict[str, "Outcome"]()
        others = []
        for request in requests:
            if request.resource.scheme == FILE:
                from .local import read_file  # only sources on disk need it

                outcome = read_file(request.resource, self._settings.folder)
                outcomes[request.resource.reference] = outcome
            else:
                others.append(request)
        if others:
            began = time.monotonic()
            with self._importing:
                backend = self._loaded()
            took = time.monotonic() - began
            # boto3 takes half a second here, several in a small function.
            if took > WORTH_COUNTING_SECONDS:
                timeout = max(LEAST_FETCH_SECONDS, round(timeout - took, 1))
            found = backend(others, timeout)
            outcomes.update(found)
            if calls_of(found):
                from .calls import Outcomes  # only for the log, see calls

                outcomes = Outcomes(outcomes, calls_of(found))
        self._outcomes = {}
        return outcomes

    def count_read(self) -> int:
        """Return how many resources the call under way has read so far."""
        count_remote: Callable[[], int] = getattr(self._remote, "count_read", int)
        return len(self._outcomes) + count_remote()

    def _loaded(self) -> Backend:
        if self._remote is None:
            if self._settings.local_dir:
                from .local import LocalBackend  # independent of AWS

                self._remote = LocalBackend(self._settings.local_dir, self._settings.folder)
            else:
                from .aws.choose import backend  # 20 ms with TLS, not needed for sources on disk

                records_all = self._settings.log_level in DETAILED_LEVELS
                self._remote = backend(self._settings.aws, self._environ, records_all=records_all)
        return self._remote
