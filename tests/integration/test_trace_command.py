"""`appconfig-env trace` as a command: real cold starts with a local folder and with fake AWS."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from appconfig_env._backends.aws.errors import UNREACHABLE
from appconfig_env._cli import layer as _layer
from appconfig_env._cli import trace as _trace
from appconfig_env._cli.trace.span import arrivals, by_kind
from appconfig_env._cli.verbs import VERBS

from ..support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..support.fake_aws import FakeAws

CANARY = "c4n4ry"
SOURCES = "appconfig:shop/prod/app appconfig:shop/prod/flags ssm:/shop/prod/"


def run(environ: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "appconfig_env", "trace", *words],
        env={"PATH": os.defpath, "PYTHONIOENCODING": "utf-8", **environ},
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


@pytest.fixture
def local(tmp_path: Path) -> dict[str, str]:
    """An environment whose sources are in a local folder."""
    (tmp_path / "shop:prod:app.json").write_text(f'{{"limit": "{CANARY}"}}')
    (tmp_path / "shop:prod:flags.json").write_text("{}")
    (tmp_path / "ssm.json").write_text(f'{{"/shop/prod/host": "{CANARY}"}}')
    (tmp_path / "secrets.json").write_text(f'{{"db": "{CANARY}"}}')
    return {
        "APPCONFIG_ENV_SOURCES": SOURCES,
        "PASSWORD": "secretsmanager:db?default=" + CANARY,
        "APPCONFIG_ENV_LOCAL_DIR": str(tmp_path),
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
    }


def fill(aws: FakeAws) -> dict[str, str]:
    """Create two profiles, a path of two pages and three secrets; return the environment."""
    for profile in ("app", "flags"):
        aws.put_profile("shop", "prod", profile, {profile: {"limit": CANARY}})
    for number in range(12):
        aws.put_parameter(f"/shop/prod/p{number}", CANARY)
    for name in ("a", "b", "c"):
        aws.put_secret(f"prod/{name}", CANARY)
    return {
        **aws.environ(),
        "APPCONFIG_ENV_SOURCES": f"{SOURCES} secretsmanager:prod/a secretsmanager:prod/b",
        "PASSWORD": "secretsmanager:prod/c",
    }


def test_a_next_wrapper_need_not_exist_because_nothing_is_executed(local: dict[str, str]) -> None:
    done = run({**local, "APPCONFIG_ENV_NEXT_WRAPPER": "/opt/on-lambda-only"})
    assert (done.returncode, done.stderr) == (0, "")
    assert "until the exec" in done.stdout


def test_a_cold_start_with_a_local_folder_has_no_calls(local: dict[str, str]) -> None:
    done = run(local, "--width", "90")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 90
    assert re.fullmatch(r"[0-9.]+ ms until the exec: 4 resources, 0 calls", lines[0])
    starts = [line.split("  ")[0] for line in lines[3 : lines.index("", 3)]]
    assert [re.sub(r"\d+", "N", start) for start in starts] == [
        "interpreter", "our imports (N)", "library imports (N)", "settings", "files",
        "parse (N)", "render (N)", "write",
    ]  # fmt: skip
    assert "log: appconfig-env: 3 values from 3 sources" in done.stdout
    assert "no advice: fewer than two AWS sources to compare" in done.stdout


def test_json_has_every_span_and_no_value(local: dict[str, str], tmp_path: Path) -> None:
    picture = tmp_path / "start.svg"

    done = run(local, "--json", "--output", str(picture))

    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found["succeeded"] is True
    assert [span["kind"] for span in found["spans"][:2]] == ["interpreter", "our imports"]
    assert all(0 <= span["began_ms"] <= span["ended_ms"] for span in found["spans"])
    assert found["total_ms"] > 0
    assert set(found["awaited"]) >= {"ssm:/shop/prod/", "secretsmanager:db"}
    assert CANARY not in done.stdout
    assert picture.exists()


def test_the_configured_snapshot_file_is_neither_used_nor_changed(local: dict[str, str]) -> None:
    path = Path(local["APPCONFIG_ENV_SNAPSHOT"])
    path.write_text("unchanged")
    done = run(local)
    assert done.returncode == 0
    assert path.read_text() == "unchanged"
    assert "snapshot.json" not in done.stdout
    assert not Path(f"{path}.lock").exists()


@pytest.mark.parametrize("tls", [False, True], ids=["http", "tls"])
def test_a_cold_start_with_aws_has_spans_of_every_kind_in_order(
    tls: bool, request: pytest.FixtureRequest
) -> None:
    aws: FakeAws = request.getfixturevalue("fake_aws_tls" if tls else "fake_aws")
    trace = _trace.record({"PATH": os.defpath, **fill(aws)})
    assert trace.succeeded
    assert aws.problems == []
    assert set(aws.received.values()) == {1}
    kinds = {span.kind for span in trace.spans}
    assert {"interpreter", "our imports", "library imports", "settings", "DNS", "connect"} <= kinds
    assert {"call", "parse", "render", "write"} <= kinds
    assert ({"TLS", "trust anchors"} <= kinds) is tls
    for span in trace.spans:
        assert 0 <= span.began <= span.ended <= trace.total
        if span.parent >= 0:
            parent = trace.spans[span.parent]
            assert parent.began <= span.began <= span.ended <= parent.ended
            assert parent.thread == span.thread
    first = {span.kind: span.began for span in reversed(trace.spans)}
    steps = ["interpreter", "our imports", "settings", "call", "DNS", "connect"]
    steps += ["TLS"] if tls else []
    steps += ["parse", "render", "write"]
    assert sorted(steps, key=lambda kind: first[kind]) == steps
    assert len({span.thread for span in trace.spans if span.kind == "call"}) > 1
    assert set(arrivals(trace)) == set(trace.awaited)
    assert len(trace.awaited) == 6


def test_calls_are_labelled_with_their_sources_and_no_value_is_shown(
    fake_aws_tls: FakeAws, tmp_path: Path
) -> None:
    environ = fill(fake_aws_tls)
    output = tmp_path / "trace.svg"
    done = run(environ, "--width", "140", "--output", str(output))
    assert (done.returncode, done.stderr) == (0, "")
    for label in (
        "GetLatestConfiguration shop/prod/flags",
        "StartConfigurationSession shop/prod/app",
        "GetParametersByPath /shop/prod/ page 2",
        "BatchGetSecretValue 3 names",
        "DNS localhost",
        f"connect localhost:{fake_aws_tls.port}",
        "TLS localhost",
        "trust anchors",
        "slowest imports:",
        "arrived at:",
    ):
        assert label in done.stdout
    assert f"written to {output}" in done.stdout
    drawing = output.read_text()
    ET.fromstring(drawing)
    for text in (done.stdout, done.stderr, drawing):
        assert CANARY not in text
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            assert environ[name] not in text


def test_a_failing_source_is_drawn_and_logged_and_the_exit_code_is_1(
    fake_aws: FakeAws, tmp_path: Path
) -> None:
    environ = fill(fake_aws)
    fake_aws.deny("GetParametersByPath")
    output = tmp_path / "trace.html"
    done = run(
        {**environ, "AWS_APPCONFIG_EXTENSION_LOG_LEVEL": "none", "AWS_LAMBDA_LOG_FORMAT": "JSON"},
        "--width", "120", "--output", str(output),
    )  # fmt: skip
    assert done.returncode == 1
    assert "until startup failed" in done.stdout
    assert re.search(r"GetParametersByPath /shop/prod/ .* AccessDenied", done.stdout)
    assert "log: appconfig-env: error: ssm:/shop/prod/: GetParametersByPath failed" in done.stdout
    assert "GetLatestConfiguration shop/prod/app" in done.stdout
    assert "AccessDenied" in output.read_text()


def test_a_retried_call_has_a_span_for_each_attempt(fake_aws: FakeAws) -> None:
    environ = fill(fake_aws)
    fake_aws.throttle("GetParametersByPath")
    trace = _trace.record({"PATH": os.defpath, **environ})
    assert trace.succeeded
    failures = [span.failed for span in trace.spans if "GetParametersByPath" in span.names]
    assert failures.count("ThrottlingException") == 1
    assert len(failures) > 4


def test_a_call_that_the_deadline_ends_is_marked_as_failed(fake_aws: FakeAws) -> None:
    environ = fill(fake_aws)
    fake_aws.delay("GetParametersByPath", 60)
    trace = _trace.record({"PATH": os.defpath, **environ, "APPCONFIG_ENV_DEADLINE_SECONDS": "2"})
    assert not trace.succeeded
    # The call ends a moment before the deadline, which may have passed before its thread runs.
    failed = [span.failed for span in trace.spans if "GetParametersByPath" in span.names]
    assert failed
    assert set(failed) <= {UNREACHABLE, "not finished"}
    assert any("no response" in line for line in trace.lines), trace.lines


def test_boto3_and_its_connections_are_traced_too(fake_aws_tls: FakeAws) -> None:
    environ = fill(fake_aws_tls)
    trace = _trace.record({"PATH": os.defpath, **environ, "AWS_USE_DUALSTACK_ENDPOINT": "true"})
    assert trace.succeeded, trace.lines
    kinds = {"package imports", "credentials", "boto3 client", "connect", "TLS", "call"}
    assert kinds <= set(by_kind(trace))


def test_nothing_is_reported_to_lambda(fake_aws: FakeAws) -> None:
    # The fake would record a call of the runtime API as a problem.
    done = run({
        "APPCONFIG_ENV_SOURCES": "ssm:",
        "AWS_LAMBDA_RUNTIME_API": fake_aws.url.removeprefix("http://"),
    })  # fmt: skip
    assert done.returncode == 1
    assert "log: appconfig-env: error: APPCONFIG_ENV_SOURCES" in done.stdout
    assert (fake_aws.calls, fake_aws.connections) == ([], 0)


def test_a_deferred_source_is_reported_as_such(fake_aws: FakeAws) -> None:
    environ = fill(fake_aws)
    environ["APPCONFIG_ENV_SOURCES"] = "ssm:/shop/prod/ secretsmanager:prod/a?env=no"
    done = run(environ, "--width", "120")
    assert done.returncode == 0
    assert "deferred (env=no): secretsmanager:prod/a" in done.stdout


@pytest.mark.parametrize(
    "variables",
    [
        {"AWS_LAMBDA_MAX_CONCURRENCY": "4"},
        {"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"},
    ],
)
def test_the_trace_knows_whether_sources_can_be_deferred(
    fake_aws: FakeAws, variables: dict[str, str]
) -> None:
    environ = {"PATH": os.defpath, **fill(fake_aws)}
    assert _trace.record(environ).can_defer
    assert not _trace.record({**environ, **variables}).can_defer


def test_a_cold_start_without_sources_can_be_traced() -> None:
    done = run({})
    assert (done.returncode, done.stderr) == (0, "")
    assert "until the exec: 0 resources, 0 calls" in done.stdout


def test_a_terminal_without_block_characters_gets_ascii(local: dict[str, str]) -> None:
    done = run({**local, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert re.search(r"interpreter +[0-9.]+ #+", done.stdout)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["--colour"], "unrecognized arguments: --colour"),
        (["--output", "trace.png"], "a name ending in .svg or .html, got 'trace.png'; rename it"),
        (["--output", "/no/such/folder/x.svg"], "'/no/such/folder' does not exist; create it"),
        (["--width", "0"], "expected at least 40 columns, got 0; widen it"),
        (["--width", "wide"], "invalid int value: 'wide'; run appconfig-env trace --help"),
    ],
)
def test_an_invalid_option_is_an_error_before_any_call(words: list[str], error: str) -> None:
    done = run({"APPCONFIG_ENV_SOURCES": "ssm:/shop/"}, *words)
    assert done.returncode == 2
    assert error in done.stderr
    assert done.stdout == ""


def test_the_help_states_usage_and_cost() -> None:
    done = run({}, "--help")
    assert done.returncode == 0
    text = " ".join(done.stdout.split())
    assert "usage: appconfig-env trace [-h] [--output FILE] [--width COLUMNS]" in text
    assert "AppConfig bills each configuration received ($0.0008)" in text


def test_an_output_that_cannot_be_written_is_an_error_of_one_line(
    local: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "folder.svg").mkdir()
    done = run(local, "--output", str(tmp_path / "folder.svg"))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "until the exec" in done.stdout


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("layer")
    _layer.build(folder, pythons=[])
    return folder


def of_layer(layer: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(layer / "appconfig-env"), *words],
        env={"PATH": f"{Path(sys.executable).parent}:{os.defpath}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("verb", [verb.name for verb in VERBS if verb.name != "run"])
def test_a_verb_that_is_not_in_the_layer_is_an_error(layer: Path, verb: str) -> None:
    done = of_layer(layer, verb)

    assert done.returncode == 1
    assert done.stderr == (
        f"appconfig-env: error: {verb} is not in the layer; run pip install appconfig-env\n"
    )


def test_in_the_layer_run_has_all_options_but_watch(layer: Path) -> None:
    (layer / "a.env").write_text("A=1\n")

    done = of_layer(layer, "run", "--quiet", "--env-file", str(layer / "a.env"), "--", "env")
    watched = of_layer(layer, "run", "--watch", "--", "env")

    assert (done.returncode, done.stderr) == (0, "")
    assert "A=1\n" in done.stdout
    assert watched.returncode == 1
    assert watched.stderr == (
        "appconfig-env: error: --watch is not in the layer; run pip install appconfig-env\n"
    )
