"""The pytest plugin: the fixture and the marker `appconfig`; pytest finds it by its entry point.

Loaded in every run of pytest where this package is installed, so it imports nothing else before a
test needs it.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from .testing import Clock

MARKER = "appconfig"
_SNAPSHOT = "APPCONFIG_ENV_SNAPSHOT"


class AppConfig:
    """The configuration of one test; the fixture `appconfig`.

    Attributes:
        clock: the time that `get` and the others see; only the test moves it.
    """

    def __init__(self, clock: Clock, stack: ExitStack) -> None:
        self.clock: Clock = clock
        self._stack = stack

    def override(
        self,
        values: Mapping[str, object] | None = None,
        *,
        documents: Mapping[str, Any] | None = None,
        flags: Mapping[str, bool | Mapping[str, Any] | None] | None = None,
    ) -> None:
        """Override values, documents and flags for the rest of the test.

        As `appconfig_env.testing.override`; a later call adds to the earlier ones.
        """
        from .testing import override  # only a test that needs it pays for it

        self._stack.enter_context(override(values, documents=documents, flags=flags))

    def tick(self, seconds: float) -> None:
        """Let `seconds` pass: a source whose interval they exceed is read again."""
        self.clock.tick(seconds)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}(values=None, *, documents=None, flags=None): override what appconfig_env "
        "returns in this test, and isolate it from others.",
    )


@pytest.fixture
def appconfig(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[AppConfig]:
    """Isolate the test's configuration from that of others, with a clock that it moves itself."""
    from .testing import Clock, isolated  # only a test that needs them pays for them

    monkeypatch.setenv(_SNAPSHOT, str(tmp_path / "appconfig-env.json"))  # of this test alone
    clock = Clock()
    with isolated(clock), ExitStack() as stack:
        found = AppConfig(clock, stack)
        for marker in reversed([*request.node.iter_markers(MARKER)]):  # the test's own is last
            found.override(*marker.args, **marker.kwargs)
        yield found


@pytest.fixture(autouse=True)
def _appconfig_of_marker(request: pytest.FixtureRequest) -> None:
    """Apply the marker, also where the test does not name the fixture."""
    if request.node.get_closest_marker(MARKER) is not None:
        request.getfixturevalue("appconfig")
