"""Which backend reads which source, and when it is loaded."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from appconfig_env._backends.aws.backend import AwsBackend
from appconfig_env._backends.base import Request, calls_of
from appconfig_env._backends.local import LocalBackend
from appconfig_env._backends.router import Router
from appconfig_env._config.references import parse
from appconfig_env._config.settings import from_environ
from appconfig_env._content.document import Document
from appconfig_env.errors import Failure

from ...support.fakes import TimedBackend

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from appconfig_env._backends.base import Backend

    from ...support.fake_aws import FakeAws

KEYS = {"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}


@contextmanager
def counting(entered: list[str]) -> Iterator[None]:
    """A lock that records its use."""
    entered.append("importing")
    yield


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.txt").write_text("of the file")
    (tmp_path / "ssm.json").write_text('{"/x": "of the folder"}')
    return tmp_path


def test_files_and_everything_else_are_read_by_different_backends(folder: Path) -> None:
    router = Router(from_environ({"APPCONFIG_ENV_LOCAL_DIR": str(folder)}), {})
    file, parameter = f"file:{folder / 'app.txt'}", "ssm:/x"

    found = router([Request(parse(text).resource) for text in (file, parameter)], 1.0)

    bodies = {name: one.body for name, one in found.items() if isinstance(one, Document)}
    assert bodies == {file: b"of the file", parameter: b"of the folder"}


def test_relative_paths_are_in_the_folder_of_the_settings(folder: Path) -> None:
    environ = {"APPCONFIG_ENV_LOCAL_DIR": folder.name}
    settings = from_environ(environ, working_folder=lambda: str(folder.parent))
    file, parameter = f"file:{folder.name}/app.txt", "ssm:/x"

    found = Router(settings, {})([Request(parse(text).resource) for text in (file, parameter)], 1.0)

    bodies = {name: one.body for name, one in found.items() if isinstance(one, Document)}
    assert bodies == {file: b"of the file", parameter: b"of the folder"}


def test_a_file_that_is_missing_does_not_hide_the_others(folder: Path) -> None:
    router = Router(from_environ({"APPCONFIG_ENV_LOCAL_DIR": str(folder)}), {})

    found = router([Request(parse(text).resource) for text in ("file:none", "ssm:/x")], 1.0)

    assert isinstance(found["file:none"], Failure)
    assert isinstance(found["ssm:/x"], Document)


@pytest.mark.parametrize(
    ("environ", "kind"), [({"APPCONFIG_ENV_LOCAL_DIR": "/x"}, LocalBackend), (KEYS, AwsBackend)]
)
def test_the_settings_choose_the_backend_which_is_loaded_once(
    environ: dict[str, str], kind: type
) -> None:
    router = Router(from_environ(environ), environ)
    assert isinstance(router._loaded(), kind)
    assert router._loaded() is router._loaded()


def test_only_sources_beyond_files_need_an_import_which_no_fork_may_interrupt(folder: Path) -> None:
    entered: list[str] = []
    settings = from_environ({"APPCONFIG_ENV_LOCAL_DIR": str(folder)})
    router = Router(settings, {}, counting(entered))

    router([Request(parse(f"file:{folder / 'app.txt'}").resource)], 1.0)
    assert entered == []
    router([Request(parse("ssm:/x").resource)], 1.0)
    assert entered == ["importing"]


@contextmanager
def lasting(seconds: float) -> Iterator[None]:
    """The lock of an import that takes so long, or longer on a busy machine."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(0.01)
    yield


def test_the_time_of_an_import_is_part_of_the_fetchs_time() -> None:
    backend = TimedBackend()

    class Known(Router):
        """A router to this backend."""

        def _loaded(self) -> Backend:
            return backend

    settings, requests = from_environ({}), [Request(parse("ssm:/x").resource)]
    Known(settings, {}, lasting(0.15))(requests, 0.3)
    Known(settings, {}, lasting(0.15))(requests, 0.12)
    Known(settings, {})(requests, 8.0)

    assert backend.timeouts[:2] == [0.1, 0.1], "the least that a fetch is given"
    assert 0 < backend.timeouts[2] <= 8.0


@pytest.mark.parametrize(("level", "recorded"), [("info", 0), ("debug", 1), ("trace", 1)])
def test_the_calls_of_aws_are_returned_with_the_outcomes_of_all_backends(
    folder: Path, fake_aws: FakeAws, level: str, recorded: int
) -> None:
    fake_aws.put_parameter("/x", "1")
    environ = fake_aws.environ() | {"AWS_APPCONFIG_EXTENSION_LOG_LEVEL": level}
    router = Router(from_environ(environ), environ)
    file = f"file:{folder / 'app.txt'}"

    found = router([Request(parse(text).resource) for text in (file, "ssm:/x")], 60.0)

    assert found.keys() == {file, "ssm:/x"}
    assert [call.operation for call in calls_of(found)] == ["GetParameters"] * recorded
