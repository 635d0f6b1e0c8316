"""Who reads which source: local files, a folder in place of AWS, or AWS; loads what is needed."""

from __future__ import annotations

import time
from _thread import allocate_lock

from .._config.references import FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from .._config.settings import Settings
    from .base import Fetch, Outcome, Request

    Lock = AbstractContextManager[object]


WORTH_COUNTING_SECONDS = 0.1  # an import that takes longer is of the fetch's own time
LEAST_SECONDS = 0.1


class Fetcher:
    """See `_load.load` for what `fetch(requests, timeout)` promises.

    Args:
        settings: what is read.
        environ: where credentials are.
        importing: is held while something is imported; None where nobody needs to know.
    """

    def __init__(
        self, settings: Settings, environ: Mapping[str, str], importing: Lock | None = None
    ) -> None:
        self._settings = settings
        self._environ = environ
        self._importing = importing or allocate_lock()
        self._remote: Fetch | None = None

    def __call__(self, requests: list[Request], timeout: float) -> Mapping[str, Outcome]:
        """An outcome for each request, by its resource's text."""
        outcomes: dict[str, Outcome] = {}
        elsewhere = []
        for request in requests:
            if request.resource.scheme == FILE:
                from .local import read_file  # not needed where all sources are AWS's

                outcomes[request.resource.reference] = read_file(request.resource)
            else:
                elsewhere.append(request)
        if elsewhere:
            began = time.monotonic()
            with self._importing:
                read = self._remotely()
            took = time.monotonic() - began
            if (
                took > WORTH_COUNTING_SECONDS
            ):  # boto3: half a second here, several in a small function
                timeout = max(LEAST_SECONDS, round(timeout - took, 1))
            outcomes.update(read(elsewhere, timeout))
        return outcomes

    def _remotely(self) -> Fetch:
        if self._remote is None:
            if self._settings.local_dir:
                from .local import Folder  # needs none of AWS

                self._remote = Folder(self._settings.local_dir)
            else:
                from .aws.choose import fetcher  # 20 ms with TLS, which sources on disk do not pay

                self._remote = fetcher(self._settings.aws, self._environ)
        return self._remote
