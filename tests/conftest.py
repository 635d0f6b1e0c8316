"""Fixtures: a clean environment, and servers on 127.0.0.1."""

from __future__ import annotations

import os
import re
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from .support import canary, canary_plugin, rie, servers
from .support.fake_aws import FakeAws
from .support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# Variables of the developer's machine must not influence a test.
FOREIGN = re.compile(
    r"AWS_.*|APPCONFIG_ENV_.*|APP_ENV|APP_PARAMS_PATH|.*_PROXY|SSL_CERT_.*|.*_CA_BUNDLE"
    r"|SSM_PARAMETER_STORE_TTL|SECRETS_MANAGER_TTL",
    re.IGNORECASE,
)
KEPT = {"AWS_LAMBDA_RIE"}  # the emulator's path, for the tests themselves

# Tests with one of these run in one process: another one would start the same servers again.
SERVERS = {"ministack_process", "moto_process"}
# The tests of a file run in one process: its module's fixtures are set up once, and the work of
# pytest-xdist grows with the square of the number of groups. The tests in this folder are few and
# long, so only those with such a fixture are grouped.
LONG = ROOT / "tests" / "release"
OF_A_MODULE = {"burst", "layer", "sdist", "wheel"}

pytest_configure = canary_plugin.pytest_configure  # every run is watched


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Group the tests that must run in the same process."""
    groups: dict[Path, str] = {}  # by the path of a file: thousands of tests are in a few files
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        path = item.path
        if path not in groups:
            groups[path] = "" if path.is_relative_to(LONG) else path.relative_to(ROOT).as_posix()
        if fixtures & SERVERS:
            item.add_marker(pytest.mark.xdist_group("servers"))
        elif group := groups[path] or (fixtures & OF_A_MODULE and path.name):
            item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(autouse=True)
def clean_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Remove variables that configure AWS clients, proxies or this project."""
    for name in list(os.environ):
        if FOREIGN.fullmatch(name) and name not in KEPT:
            monkeypatch.delenv(name)
    nowhere = tmp_path_factory.getbasetemp() / "no-such-file"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(nowhere))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(nowhere))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv(canary.UNRELATED, canary.VALUE)


@pytest.fixture
def fake_aws() -> Iterator[FakeAws]:
    """An empty AWS account over plain HTTP."""
    with FakeAws() as aws:
        yield aws


@pytest.fixture
def fake_aws_tls() -> Iterator[FakeAws]:
    """An empty AWS account over TLS."""
    with FakeAws(tls=True) as aws:
        yield aws


@pytest.fixture(scope="session")
def moto_process() -> Iterator[str]:
    """Run moto once for all tests."""
    with servers.moto() as url:
        yield url


@pytest.fixture
def moto_server(moto_process: str) -> str:
    """The URL of an empty moto."""
    assert servers.post(moto_process, "/moto-api/reset") == 200
    return moto_process


@pytest.fixture(scope="session")
def ministack_process() -> Iterator[str]:
    """Run ministack once for all tests."""
    with servers.ministack() as url:
        yield url


@pytest.fixture
def ministack(ministack_process: str) -> str:
    """The URL of an empty ministack."""
    assert servers.post(ministack_process, "/_ministack/reset") == 200
    return ministack_process


@pytest.fixture(scope="session")
def namespaces() -> None:
    """Skip the test if this machine cannot create a sandbox."""
    if reason := rie.unavailable():
        pytest.skip(reason)


@pytest.fixture
def sandbox(namespaces: None) -> Iterator[Callable[..., rie.Sandbox]]:
    """A function that starts a `rie.Sandbox`, which is stopped when the test ends."""
    del namespaces
    with ExitStack() as stack:

        def start(*arguments: Any, **options: Any) -> rie.Sandbox:
            return stack.enter_context(rie.Sandbox(*arguments, **options))

        yield start
