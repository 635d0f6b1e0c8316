"""Fixtures, a clean environment for every test, and servers on 127.0.0.1."""

from __future__ import annotations

import gc
import os
import re
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from .support import canary, canary_plugin, distribution

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .support import rie
    from .support.fake_aws import FakeAws

# The servers are imported by the fixtures that start them: this file is also loaded by the process
# that only starts the workers, which wait for it.

# Variables of the developer's machine must not influence a test.
FOREIGN = re.compile(
    r"AWS_.*|APPCONFIG_ENV_.*|APP_ENV|APP_PARAMS_PATH|.*_PROXY|SSL_CERT_.*|.*_CA_BUNDLE"
    r"|SSM_PARAMETER_STORE_TTL|SECRETS_MANAGER_TTL",
    re.IGNORECASE,
)
KEPT = {"AWS_LAMBDA_RIE"}  # the emulator's path, for the tests themselves
GIVEN = {
    "AWS_CONFIG_FILE": "/dev/null/none",  # it cannot exist
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null/none",
    "AWS_EC2_METADATA_DISABLED": "true",
    canary.UNRELATED: canary.VALUE,
}

pytest_configure = canary_plugin.pytest_configure  # every run is watched
pytest_xdist_make_scheduler = distribution.pytest_xdist_make_scheduler


def pytest_collection_finish() -> None:
    """Exempt what was imported from garbage collection: it never becomes garbage."""
    gc.freeze()


@pytest.hookimpl(tryfirst=True)  # before all fixtures
def pytest_runtest_setup() -> None:
    """Remove variables that configure AWS clients, proxies or this project.

    Not a fixture: that would be a fifth of the time of a small test, and there are thousands.
    """
    for name in [name for name in os.environ if FOREIGN.fullmatch(name)]:
        if name not in KEPT and name not in GIVEN:
            del os.environ[name]
    os.environ.update(GIVEN)


@pytest.fixture
def fake_aws() -> Iterator[FakeAws]:
    """An empty AWS account over plain HTTP."""
    from .support.fake_aws import FakeAws

    with FakeAws() as aws:
        yield aws


@pytest.fixture
def fake_aws_tls() -> Iterator[FakeAws]:
    """An empty AWS account over TLS."""
    from .support.fake_aws import FakeAws

    with FakeAws(tls=True) as aws:
        yield aws


@pytest.fixture(scope="session")
def moto_process() -> Iterator[str]:
    """Run moto once for all tests."""
    from .support import servers

    with servers.moto() as url:
        yield url


@pytest.fixture
def moto_server(moto_process: str) -> str:
    """The URL of an empty moto."""
    from .support import servers

    assert servers.post(moto_process, "/moto-api/reset") == 200
    return moto_process


@pytest.fixture(scope="session")
def ministack_process() -> Iterator[str]:
    """Run ministack once for all tests."""
    from .support import servers

    with servers.ministack() as url:
        yield url


@pytest.fixture
def ministack(ministack_process: str) -> str:
    """The URL of an empty ministack."""
    from .support import servers

    assert servers.post(ministack_process, "/_ministack/reset") == 200
    return ministack_process


@pytest.fixture(scope="session")
def namespaces() -> None:
    """Skip the test if this machine cannot create a sandbox."""
    from .support import rie

    if reason := rie.unavailable():
        pytest.skip(reason)


@pytest.fixture
def sandbox(namespaces: None) -> Iterator[Callable[..., rie.Sandbox]]:
    """A function that starts a `rie.Sandbox`, which is stopped when the test ends."""
    from .support import rie

    del namespaces
    with ExitStack() as stack:

        def start(*arguments: Any, **options: Any) -> rie.Sandbox:
            return stack.enter_context(rie.Sandbox(*arguments, **options))

        yield start
