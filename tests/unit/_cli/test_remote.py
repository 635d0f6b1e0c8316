"""Sources are read from AWS, whatever the settings put in its place."""

from __future__ import annotations

import io

import pytest

from appconfig_env._backends.base import Unchanged
from appconfig_env._backends.fake import FakeBackend
from appconfig_env._cache.entry import NEVER_READ
from appconfig_env._cli.commands import Process
from appconfig_env._cli.output import Line, Output
from appconfig_env._cli.remote import documents, failure_lines, failures, from_aws, outcomes
from appconfig_env.errors import AppConfigEnvError, Failure

from .process import only

DENIED = Failure("denied", "no access", "grant it")


def process(sources: str, backend: FakeBackend | None = None, **environ: str) -> Process:
    environ = {"APPCONFIG_ENV_SOURCES": sources, **environ}
    output = Output(io.StringIO(), environ)
    return Process(environ, output, output, make_backend=only(backend or FakeBackend()))


def test_neither_a_folder_nor_a_fallback_takes_the_place_of_aws() -> None:
    configured = process(
        "ssm:/x", APPCONFIG_ENV_LOCAL_DIR="/nowhere", APPCONFIG_ENV_FALLBACK="/nowhere.json"
    )

    settings = from_aws(configured).settings()

    assert (settings.local_dir, settings.fallback_path) == ("", "")
    assert [one.reference for one in settings.sources] == ["ssm:/x"]


def test_each_resource_is_read_once_and_files_are_not() -> None:
    backend = FakeBackend({"ssm:/x": b"1"})
    configured = process("ssm:/x ssm:/x?as=Y file:/etc/x.env ssm:/z", backend)

    found = outcomes(configured.settings(), configured)

    assert [reference for reference, _ in backend.asked()] == ["ssm:/x", "ssm:/z"]
    assert [resource.reference for resource, _ in documents(found)] == ["ssm:/x"]


@pytest.mark.parametrize("sources", ["", "file:/etc/x.env"])
def test_without_a_source_of_aws_there_is_nothing_to_read(sources: str) -> None:
    configured = process(sources)

    with pytest.raises(AppConfigEnvError, match="no source reads from AWS; set APPCONFIG_ENV_SOU"):
        outcomes(configured.settings(), configured)


def test_failures_with_one_cause_are_one_line_and_only_required_ones_are_errors() -> None:
    backend = FakeBackend({"ssm:/a": DENIED, "ssm:/b": DENIED, "ssm:/c": DENIED, "ssm:/d": b"1"})
    configured = process("ssm:/a ssm:/b ssm:/c?optional ssm:/d", backend)
    settings = configured.settings()

    found = list(failures(settings, outcomes(settings, configured)))

    assert found == [
        ("ssm:/a, ssm:/b: no access; grant it", True),
        ("ssm:/c: no access; grant it", False),
    ]
    assert list(failure_lines(found)) == [
        Line("appconfig-env: error: ssm:/a, ssm:/b: no access; grant it", "error"),
        Line("appconfig-env: warn: ssm:/c: no access; grant it", "warn"),
    ]


def test_no_document_is_a_failure_too() -> None:
    configured = process("appconfig:a/b/c", FakeBackend({"appconfig:a/b/c": Unchanged("token")}))
    settings = configured.settings()

    found = list(failures(settings, outcomes(settings, configured)))

    assert found == [(f"appconfig:a/b/c: {NEVER_READ}", True)]
