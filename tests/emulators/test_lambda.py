"""End to end as in Lambda: AWS's emulator and runtime client, the layer, a strict fake AWS."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from appconfig_env._cli import layer as _layer

from ..support.canary import SECRET, SECURE
from ..support.emf import extracted
from ..support.layers import unpacked
from ..support.life import eventually
from ..support.pythons import PYTHONS

if TYPE_CHECKING:
    from pathlib import Path

    from ..support.fake_aws import FakeAws
    from ..support.rie import Sandbox

Start = Callable[..., "Sandbox"]

HANDLER = """
    import os, sys
    AT_IMPORT = dict(os.environ)
    BEFORE = set(sys.modules)
    import appconfig_env
    IMPORTED = sorted(set(sys.modules) - BEFORE)

    def handler(event, context):
        return eval(event)
"""
SOURCES = "appconfig:shop/prod/app appconfig:shop/prod/flags ssm:/shop/prod/"


@pytest.fixture(scope="session")
def layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Unpack the layer as Lambda does, with the archive's modes, to be mounted at /opt.

    One for all Pythons, each with its byte code, whatever its size.
    """
    folder = tmp_path_factory.mktemp("layer")
    archive = folder / "layer.zip"
    _layer.build(archive, pythons=list(PYTHONS.values()), limit_bytes=10**7)
    return unpacked(archive, folder / "opt")


@pytest.fixture
def task(tmp_path: Path) -> Path:
    folder = tmp_path / "task"
    folder.mkdir()
    (folder / "handler.py").write_text(dedent(HANDLER))
    return folder


@pytest.fixture
def shop(fake_aws_tls: FakeAws) -> FakeAws:
    """An account with two profiles, parameters on two pages and secrets."""
    aws = fake_aws_tls
    aws.put_profile("shop", "prod", "app", {"limit": 10, "db": {"pool": 5}}, label="v1")
    aws.put_profile("shop", "prod", "flags", {"checkout": {"enabled": True, "limit": 3}})
    for number in range(12):
        aws.put_parameter(f"/shop/prod/p{number}", f"value {number}")
    aws.put_parameter("/shop/prod/token", SECURE, type="SecureString")
    aws.put_secret("prod/db", json.dumps({"user": "app", "password": "s3=cr$t\n'\"é"}))
    return aws


def environ(aws: FakeAws, **more: str) -> dict[str, str]:
    return {
        **aws.environ(),
        "APPCONFIG_ENV_SOURCES": SOURCES,
        "DB_PASSWORD": "secretsmanager:prod/db#password",
        **more,
    }


@pytest.mark.parametrize("version", PYTHONS)
def test_values_are_set_at_the_cold_start_and_refreshed_later(
    sandbox: Start, layer: Path, task: Path, shop: FakeAws, version: str
) -> None:
    function = sandbox(task, layer, environ(shop), python=PYTHONS[version])

    status, at_import = function.invoke("AT_IMPORT")

    assert status == 200
    assert {name: at_import.get(name) for name in ("LIMIT", "DB_POOL", "P0", "P11", "TOKEN")} == {
        "LIMIT": "10",
        "DB_POOL": "5",
        "P0": "value 0",
        "P11": "value 11",
        "TOKEN": SECURE,
    }
    assert at_import["CHECKOUT_ENABLED"] == "true"
    assert at_import["DB_PASSWORD"] == "s3=cr$t\n'\"é"
    calls = {
        "StartConfigurationSession": 2,
        "GetLatestConfiguration": 2,
        "GetParametersByPath": 2,
        "GetSecretValue": 1,
    }
    assert {name: shop.count(name) for name in calls} == calls
    assert shop.received == {"shop/prod/app": 1, "shop/prod/flags": 1}

    for expression, response in {
        "appconfig_env.get('LIMIT', type=int)": 10,
        "appconfig_env.get('DB_PASSWORD')": "s3=cr$t\n'\"é",
        "appconfig_env.get('TOKEN')": SECURE,
        "appconfig_env.get('NOT_THERE', 'd')": "d",
        "appconfig_env.get('AWS_REGION')": "us-east-1",
        "appconfig_env.flag('checkout').attributes": {"limit": 3},
        "appconfig_env.document('appconfig:shop/prod/app#db')": {"pool": 5},
    }.items():
        assert function.invoke(expression) == (200, response)
    assert len(shop.calls) == sum(calls.values()), "no call before the interval ends"
    loader = function.invoke(
        "type(sys.modules['appconfig_env._helper.helper'].__loader__).__name__"
    )
    assert loader == (200, "BundleLoader"), "byte code for each Python"

    shop.put_profile("shop", "prod", "app", {"limit": 11, "db": {"pool": 5}}, label="v2")
    shop.put_parameter("/shop/prod/p0", "new value")
    shop.put_secret("prod/db", json.dumps({"user": "app", "password": "rotated"}))
    shop.forward(15)  # the shortest interval that the service allows
    assert function.invoke("sorted(appconfig_env.refresh())") == (
        200,
        ["DB_PASSWORD", "LIMIT", "P0"],
    )
    for name, value in {"LIMIT": "11", "P0": "new value", "DB_PASSWORD": "rotated"}.items():
        assert function.invoke(f"appconfig_env.get({name!r})") == (200, value)
        assert function.invoke(f"os.environ[{name!r}]")[1] == at_import[name]
    assert shop.count("StartConfigurationSession") == 2
    assert shop.received == {"shop/prod/app": 2, "shop/prod/flags": 1}
    _, status_now = function.invoke("appconfig_env.status()")
    assert status_now["appconfig:shop/prod/app"]["version"] == "v2"
    assert status_now["secretsmanager:prod/db"]["last_error"] is None
    assert shop.problems == []


# The state of every process in the sandbox, whose first process reaps no adopted children.
STATES = (
    "[open(f'/proc/{number}/stat').read().rpartition(')')[2].split()[0]"
    " for number in os.listdir('/proc') if number.isdigit()]"
)


@pytest.mark.parametrize("version", PYTHONS)
def test_deferred_sources_are_loaded_in_the_background(
    sandbox: Start, layer: Path, task: Path, shop: FakeAws, version: str
) -> None:
    shop.put_profile("shop", "prod", "later", {"mode": "slow"}, label="v1")
    shop.put_secret("prod/later", SECRET)
    sources = "appconfig:shop/prod/app appconfig:shop/prod/later?env=no"
    given = {
        **environ(shop),
        "APPCONFIG_ENV_SOURCES": f"{sources} secretsmanager:prod/later?env=no&as=LATER",
    }
    function = sandbox(task, layer, given, python=PYTHONS[version])

    _, at_import = function.invoke("AT_IMPORT")
    assert (at_import["LIMIT"], at_import["DB_PASSWORD"]) == ("10", "s3=cr$t\n'\"é")
    assert not {"MODE", "LATER"} & at_import.keys()
    for name, value in {"LATER": SECRET, "MODE": "slow", "LIMIT": "10"}.items():
        assert function.invoke(f"appconfig_env.get({name!r})") == (200, value)
    # The child ends a moment after its documents have arrived, and is reaped then.
    eventually(lambda: "Z" not in function.invoke(STATES)[1])
    assert len(function.invoke(STATES)[1]) >= 2

    calls = {
        "StartConfigurationSession": 2,
        "GetLatestConfiguration": 2,
        "GetSecretValue": 2,
    }
    assert {name: shop.count(name) for name in calls} == calls
    assert len(shop.calls) == sum(calls.values())
    assert shop.received == {"shop/prod/app": 1, "shop/prod/later": 1}
    assert "2 sources loading in the background" in function.log()
    assert SECRET not in function.log()
    assert SECRET not in (function.tmp / "appconfig-env.json").read_text()
    assert shop.problems == []


def test_a_cold_start_logs_one_line_without_values(
    sandbox: Start, layer: Path, task: Path, shop: FakeAws
) -> None:
    function = sandbox(task, layer, environ(shop, AWS_LAMBDA_LOG_FORMAT="JSON"))
    function.invoke("1")
    (line,) = [line for line in function.log().splitlines() if "appconfig_env" in line]
    record = json.loads(line[line.index("{") :])
    assert record["level"] == "INFO"
    assert "18 values from 4 sources" in record["message"]
    assert "s3=cr" not in function.log()
    assert SECURE not in function.log()


def test_the_helper_imports_nothing_heavy(
    sandbox: Start, layer: Path, task: Path, shop: FakeAws
) -> None:
    function = sandbox(task, layer, environ(shop))
    _, imported = function.invoke("IMPORTED")
    assert imported == [
        "appconfig_env",
        "appconfig_env._bytecode_bundle",
        "appconfig_env._helper",
        "appconfig_env._helper.fast_path",
        "appconfig_env._helper.helper",
        "appconfig_env._helper.process_hooks",
    ]
    _, loaded = function.invoke("[appconfig_env.refresh() and 0, sorted(sys.modules)][1]")
    assert not {"boto3", "botocore", "tenacity", "dotenv", "dataclasses", "asyncio"} & set(loaded)


def test_the_snapshot_is_private_and_contains_no_secret(
    sandbox: Start, layer: Path, task: Path, shop: FakeAws
) -> None:
    function = sandbox(task, layer, environ(shop))
    function.invoke("appconfig_env.refresh() and None")
    (snapshot,) = function.tmp.glob("appconfig-env.json")
    assert snapshot.stat().st_mode & 0o777 == 0o600
    text = snapshot.read_text()
    # The path has a SecureString, so the file has its names, and none of its values.
    assert '"P3"' in text
    assert "value 3" not in text
    assert "s3=cr" not in text
    assert SECURE not in text


def test_after_a_crash_a_fresh_snapshot_saves_all_calls_but_secrets(
    sandbox: Start, layer: Path, task: Path, shop: FakeAws
) -> None:
    function = sandbox(
        task, layer, {**environ(shop), "APPCONFIG_ENV_SOURCES": "appconfig:shop/prod/app"}
    )
    function.invoke("1")
    calls = len(shop.calls)
    function.invoke("os._exit(9)")
    assert function.invoke("appconfig_env.get('LIMIT')") == (200, "10")
    assert [call.operation for call in shop.calls[calls:]] == ["GetSecretValue"], "only secrets"


def test_a_failed_cold_start_reports_every_reason_to_the_caller(
    sandbox: Start, layer: Path, task: Path, shop: FakeAws
) -> None:
    shop.deny("GetSecretValue")
    shop.delete_parameter("/shop/prod/token")
    function = sandbox(
        task, layer, environ(shop, TOKEN="ssm:/shop/prod/token", FLAGS="appconfig:shop/prod/none")
    )
    status, response = function.invoke("1")
    assert (status, response["errorType"]) == (502, "AppConfigEnv.LoadError")
    for part in (
        "DB_PASSWORD=secretsmanager:prod/db#password: GetSecretValue failed: AccessDeniedException",
        "grant secretsmanager:GetSecretValue on arn:aws:secretsmanager:",
        "TOKEN=ssm:/shop/prod/token: GetParameters failed: ParameterNotFound",
        "FLAGS=appconfig:shop/prod/none: StartConfigurationSession failed: ResourceNotFound",
    ):
        assert part in response["errorMessage"]
        assert part in function.log()


def test_worker_processes_share_one_session(
    sandbox: Start, layer: Path, task: Path, shop: FakeAws
) -> None:
    if os.geteuid() != 0:
        pytest.skip("the emulator needs root for more than one worker")
    function = sandbox(task, layer, environ(shop), max_concurrency=3)
    pids = set()
    for _ in range(30):
        _, (pid, limit) = function.invoke("[os.getpid(), appconfig_env.get('LIMIT')]")
        pids.add(pid)
        assert limit == "10"
    assert shop.received == {"shop/prod/app": 1, "shop/prod/flags": 1}
    assert shop.problems == []


def test_the_metrics_of_cold_start_and_refresh_are_in_the_function_s_log(
    sandbox: Start, task: Path, layer: Path, shop: FakeAws
) -> None:
    function = sandbox(task, layer, environ(shop, APPCONFIG_ENV_METRICS="emf"))
    assert function.invoke("sorted(appconfig_env.refresh())") == (200, [])

    found = [extracted(line) for line in function.log().splitlines() if '"_aws"' in line]

    assert [set(one.metrics) for one in found] == [
        {"PrefetchTime", "PrefetchFailures", "Age"},
        {"RefreshFailures", "Age"},
    ]
    assert all(one.dimensions.keys() == {"FunctionName"} for one in found)


def test_the_next_wrapper_receives_the_values_and_the_command(
    sandbox: Start, layer: Path, task: Path, shop: FakeAws
) -> None:
    next_wrapper = task / "next"
    next_wrapper.write_text(
        '#!/bin/sh\nexport SEEN="$LIMIT $# $APPCONFIG_ENV_NEXT_WRAPPER"\nexec "$@"\n'
    )
    next_wrapper.chmod(0o755)
    function = sandbox(task, layer, environ(shop, APPCONFIG_ENV_NEXT_WRAPPER="/var/task/next"))
    assert function.invoke("os.environ['SEEN']") == (200, "10 2 ")


def test_container_credentials_work_as_under_snapstart(
    sandbox: Start, layer: Path, task: Path, shop: FakeAws
) -> None:
    function = sandbox(task, layer, environ(shop) | shop.environ(container=True))
    assert function.invoke("appconfig_env.get('LIMIT')") == (200, "10")
    assert shop.problems == []


def test_without_the_wrapper_the_helper_loads_by_itself(
    sandbox: Start, layer: Path, task: Path, shop: FakeAws
) -> None:
    function = sandbox(task, layer, environ(shop), wrapper=None)
    assert function.invoke("appconfig_env.get('LIMIT'), appconfig_env.get('DB_PASSWORD')[:2]") == (
        200,
        ["10", "s3"],
    )
    _, limit = function.invoke("os.environ.get('LIMIT')")
    assert limit is None
