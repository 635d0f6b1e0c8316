"""A sandbox's life in virtual time: what each tool asks AWS for, to the call."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchmarks import life
from benchmarks.life import Life

from ..support.paths import ROOT

START = {
    "GetLatestConfiguration": 2,
    "GetParametersByPath": 2,
    "GetSecretValue": 1,
    "StartConfigurationSession": 2,
}


def test_an_hour_of_this_tool_asks_for_each_source_at_its_own_interval() -> None:
    found = life.measure_ours(1)

    assert found.start_calls == START
    assert found.calls == {
        "GetLatestConfiguration": 2 + 2 * (3600 // 45),
        "GetParametersByPath": 2 + 2 * (3600 // 300),
        "GetSecretValue": 1 + 3600 // 300,
        "StartConfigurationSession": 2,
    }
    assert found.configurations == 2 + 1, "each profile once, and the one that was deployed anew"
    assert found.parameters == 20 * 13
    assert found.oldest_seconds == {"appconfig": 44, "ssm": 299, "secretsmanager": 299}
    assert found.sees_deployment
    assert found.too_early == 0


def test_sixteen_workers_ask_no_more_than_one_but_for_secrets() -> None:
    alone, many = life.measure_ours(1, 600), life.measure_ours(16, 600)

    assert many.start_calls == START
    # No file may hold a secret, so each worker reads it itself.
    assert many.calls == {**alone.calls, "GetSecretValue": 1 + 16 * (600 // 300)}
    assert many.configurations == alone.configurations == 3
    assert many.sees_deployment, "by every one of them"


def test_a_path_with_a_secure_string_is_read_by_each_worker() -> None:
    found = life.measure_ours(4, 300, secure_parameters=1)

    assert found.calls["GetParametersByPath"] == 2 + 4 * 2
    # The first poll comes a third of the interval early, in the middle of what jitter may draw.
    assert found.calls["GetLatestConfiguration"] == 2 + 2 * (1 + (300 - 30) // 45)


def test_the_classic_wrapper_asks_for_the_same_at_the_start_and_then_for_nothing() -> None:
    found = life.measure_classic(3600)

    assert found.calls == found.start_calls == START
    assert (found.configurations, found.parameters) == (2, 20)
    assert found.oldest_seconds == {"appconfig": 3600, "ssm": 3600, "secretsmanager": 3600}
    assert not found.sees_deployment


def test_powertools_workers_share_nothing() -> None:
    often, seldom = life.measure_powertools(1, 60)

    # A value of 5 s is still good in its fifth second: every sixth asks.
    assert often.calls == {
        "GetLatestConfiguration": 2 * 10,
        "GetParametersByPath": 2 * 10,
        "GetSecretValue": 10,
        "StartConfigurationSession": 2,
    }
    assert often.configurations == 3
    assert often.too_early == 2 * 9, "all but the first, of a session that asks for no interval"
    assert seldom.calls == {**START, "GetLatestConfiguration": 2 * 2}
    assert seldom.too_early == 0
    assert often.sees_deployment
    assert seldom.sees_deployment
    assert life.measure_powertools(2, 60) == [often.of_workers(2), seldom.of_workers(2)]


def test_all_tools_live_side_by_side() -> None:
    found = life.measure(workers=(1, 2), seconds=5)

    tools = [life.OURS, life.CLASSIC, *life.POWERTOOLS]
    assert [(one.tool, one.workers) for one in found] == [
        (tool, workers) for tool in tools for workers in (1, 2)
    ]


def test_dollars_are_those_of_a_thousand_lives() -> None:
    calls = {"GetLatestConfiguration": 10, "GetSecretValue": 4, "GetParametersByPath": 2}
    row = Life("a", 1, {}, calls, 3, 20, 0, {}, sees_deployment=True)

    assert row.dollars == pytest.approx(0.002 + 2.4 + 0.02)
    assert row.dollars_higher_throughput == pytest.approx(row.dollars + 0.1)


def test_the_import_is_light() -> None:
    script = (
        "import sys, benchmarks.life, benchmarks.memory, benchmarks.inside; print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )

    assert not {"boto3", "botocore", "aws_lambda_powertools", "time_machine"} & set(
        done.stdout.split()
    )
