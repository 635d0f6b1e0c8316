"""How verbs read sources: deferred ones too, with the fallback, and one given on its own."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from appconfig_env._backends.fake import FakeBackend
from appconfig_env._cli import reading
from appconfig_env._cli.commands import Process
from appconfig_env._cli.output import Output
from appconfig_env._config.references import parse
from appconfig_env._config.settings import Settings, from_environ

from ...support.fakes import Clock
from .process import only

if TYPE_CHECKING:
    from pathlib import Path


def process(environ: dict[str, str], backend: FakeBackend | None = None) -> Process:
    err = Output(io.StringIO(), {})
    return Process(environ, err, err, Clock(), only(backend or FakeBackend()))


def test_deferred_sources_are_read_like_others() -> None:
    environ = {"APPCONFIG_ENV_SOURCES": "ssm:/a?env=no ssm:/b"}
    backend = FakeBackend({"ssm:/a": b"1", "ssm:/b": b"2"})

    snapshot = reading.read(from_environ(environ), process(environ, backend))

    assert snapshot.values(from_environ(environ)) == {"A": "1", "B": "2"}


def test_a_fallback_that_cannot_be_used_is_reported(tmp_path: Path) -> None:
    fallback = tmp_path / "fallback.json"
    fallback.write_text("{")
    environ = {"APPCONFIG_ENV_SOURCES": "ssm:/a", "APPCONFIG_ENV_FALLBACK": str(fallback)}
    err = io.StringIO()
    started = Process(environ, Output(err, {}), Output(err, {}), Clock(), only(FakeBackend()))

    snapshot = reading.read(from_environ(environ), started)

    assert snapshot.entries["ssm:/a"].failure is not None
    assert err.getvalue().startswith("appconfig-env: error: APPCONFIG_ENV_FALLBACK: ")
    assert err.getvalue().endswith("write it again with appconfig-env bake\n")


def test_settings_with_other_sources_are_the_same_otherwise() -> None:
    settings = from_environ({"APPCONFIG_ENV_SOURCES": "ssm:/a", "SSM_PARAMETER_STORE_TTL": "9"})

    changed = reading.with_sources(settings, [parse("ssm:/b")])

    assert [source.reference for source in changed.sources] == ["ssm:/b"]
    assert list(changed.resources()) == ["ssm:/b"]
    others = [name for name in Settings.__slots__ if name not in ("sources", "_resources")]
    assert [getattr(changed, name) for name in others] == [
        getattr(settings, name) for name in others
    ]


def test_a_reference_of_its_own_ignores_all_other_references() -> None:
    environ = {
        "APPCONFIG_ENV_SOURCES": "wrong:x",
        "AWS_APPCONFIG_EXTENSION_PREFETCH_LIST": "wrong",
        "APP_PARAMS_PATH": "a,b",
        "APPCONFIG_ENV_FALLBACK": "/no/such",
        "DB": "ssm:x/y",
        "SSM_PARAMETER_STORE_TTL": "9",
    }

    settings = reading.settings_of_reference(parse("file:a.json"), process(environ))

    assert [source.reference for source in settings.sources] == ["file:a.json"]
    assert settings.ssm_ttl_seconds == 9
    assert settings.folder
