"""The lines of metrics: what CloudWatch extracts from them, and that writing one never fails."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._backends.fake import FakeBackend
from appconfig_env._cache.load import load
from appconfig_env._cache.metrics import (
    NAMESPACE,
    UNITS,
    prefetch_line,
    refresh_line,
    write,
    write_before_exec,
)
from appconfig_env._cache.snapshot import Snapshot
from appconfig_env._config.settings import from_environ
from appconfig_env._content.document import Document
from appconfig_env.errors import Failure

from ...support.canary import SECRET
from ...support.emf import extracted
from ...support.paths import ROOT

if TYPE_CHECKING:
    from appconfig_env._config.settings import Settings

APP, PATH, DB = "appconfig:shop/prod/app", "ssm:/shop/prod/", "secretsmanager:db"
FUNCTION = {"AWS_LAMBDA_FUNCTION_NAME": "checkout"}
DENIED = Failure("denied", "denied")
T = 1_700_000_000.5


def settings(*sources: str) -> Settings:
    return from_environ({"APPCONFIG_ENV_SOURCES": " ".join(sources)})


def loaded(
    at: float, previous: Snapshot | None = None, **outcomes: str | Failure | None
) -> Snapshot:
    """Load APP and PATH: a document's value, a failure, or None for what is still fresh."""
    names = {"app": APP, "path": PATH}
    backend = FakeBackend()
    for name, outcome in outcomes.items():
        if isinstance(outcome, str):
            body = b'{"limit": "%s"}' % outcome.encode()
            backend.documents[names[name]] = Document(body, content_type="application/json")
        elif outcome is not None:
            backend.documents[names[name]] = outcome
    read = [names[name] for name, outcome in outcomes.items() if outcome is not None]
    return load(
        settings(*names.values()),
        backend,
        at,
        previous,
        timeout=1,
        even_fresh=read,
        skip=[one for one in names.values() if one not in read],
    )


def test_a_prefetch_reports_its_time_its_failures_and_the_age_of_what_is_in_use() -> None:
    snapshot = loaded(T, loaded(T - 30, path="1"), app=SECRET)

    found = extracted(prefetch_line(FUNCTION, T + 0.25, snapshot, 0.0414))

    assert found.namespace == NAMESPACE == "appconfig-env"
    assert found.dimensions == {"FunctionName": "checkout"}
    assert found.metrics == {"PrefetchTime": 41, "PrefetchFailures": 0, "Age": 30.2}
    assert found.units == {
        "PrefetchTime": "Milliseconds",
        "PrefetchFailures": "Count",
        "Age": "Seconds",
    }
    assert found.others == {}
    assert found.timestamp == 1_700_000_000_750


@pytest.mark.parametrize(
    ("outcomes", "failures", "source", "age"),
    [
        ({"app": "2", "path": "2"}, 0, None, 0.0),
        ({"app": DENIED, "path": "2"}, 1, APP, 60.0),
        ({"app": DENIED, "path": DENIED}, 2, f"{APP}, {PATH}", 60.0),
        ({"app": None, "path": "2"}, 0, None, 60.0),
        ({"app": None, "path": DENIED}, 1, PATH, 60.0),
    ],
)
def test_a_refresh_reports_how_many_sources_failed_which_and_the_age_of_the_oldest_values(
    outcomes: dict[str, str | Failure | None], failures: int, source: str | None, age: float
) -> None:
    before = loaded(T - 60, app="1", path="1")
    after = loaded(T, before, **outcomes)

    found = extracted(refresh_line(FUNCTION, T, before, after))

    assert found.metrics == {"RefreshFailures": failures, "Age": age}
    assert found.others == ({"source": source} if source else {})


def test_a_source_that_failed_before_and_was_not_read_again_is_not_counted_again() -> None:
    before = loaded(T - 60, app=DENIED, path="1")
    after = loaded(T, before, app=None, path="2")

    assert extracted(refresh_line(FUNCTION, T, before, after)).metrics["RefreshFailures"] == 0


def test_a_refresh_that_read_nothing_has_no_line() -> None:
    before = loaded(T, app="1", path="1")
    assert refresh_line(FUNCTION, T, before, loaded(T, before)) == ""


def test_without_any_value_there_is_no_age() -> None:
    found = extracted(prefetch_line(FUNCTION, T, loaded(T, app=DENIED), 8))
    assert found.metrics == {"PrefetchTime": 8000, "PrefetchFailures": 1}


def test_a_clock_that_moved_backwards_makes_no_negative_age() -> None:
    found = extracted(prefetch_line(FUNCTION, T - 9, loaded(T, app="1"), 0))
    assert found.metrics["Age"] == 0


@pytest.mark.parametrize("environ", [{}, {"AWS_LAMBDA_FUNCTION_NAME": ""}])
def test_outside_lambda_the_metrics_have_no_dimension(environ: dict[str, str]) -> None:
    assert extracted(prefetch_line(environ, T, loaded(T, app="1"), 0)).dimensions == {}


@given(st.text(min_size=1), st.floats(0, 1e9), st.floats(0, 4e9))
def test_every_line_follows_the_specification_and_holds_no_value(
    value: str, seconds: float, now: float
) -> None:
    known = f"v4lue-{value.encode('utf-8', 'replace').hex()}"
    snapshot = loaded(now, app=known, path=DENIED)

    for line in (
        prefetch_line(FUNCTION, now, snapshot, seconds),
        refresh_line(FUNCTION, now, Snapshot(now, "", {}), snapshot),
    ):
        assert set(extracted(line).metrics) <= UNITS.keys()
        assert known not in line


def test_a_line_is_written_after_what_the_program_has_written(
    capfd: pytest.CaptureFixture[str],
) -> None:
    sys.stdout.write("before, ")
    write('{"a": 1}')
    write("")
    assert capfd.readouterr().out == 'before, {"a": 1}\n'


def test_an_output_in_memory_gets_the_line_too() -> None:
    with contextlib.redirect_stdout(io.StringIO()) as output:
        write('{"a": 1}')
    assert output.getvalue() == '{"a": 1}\n'


def test_a_full_disk_does_not_make_the_program_s_exit_fail() -> None:
    program = """
import sys
sys.path.insert(0, sys.argv[1])
from appconfig_env._cache.metrics import write
write("{}")
"""
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-c", program, ROOT], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_line_before_exec_is_written_to_the_descriptor(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_before_exec('{"a": 1}')
    monkeypatch.setattr(sys, "stdout", None)  # closed: the descriptor may be another file
    write_before_exec('{"a": 2}')
    assert capfd.readouterr().out == '{"a": 1}\n'


class Broken:
    """A standard output that fails."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def flush(self) -> None:
        raise self.error


@pytest.mark.parametrize(
    "output",
    [
        None,
        Broken(BrokenPipeError()),
        Broken(ValueError("closed")),
        Broken(RuntimeError("reentrant call")),
        object(),
    ],
)
def test_a_standard_output_that_cannot_be_written_is_not_an_error(
    output: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", output)
    write('{"a": 1}')
