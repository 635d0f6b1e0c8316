"""Imports, reads and memory next to their peers: each is measured once; no test looks at a time."""

from __future__ import annotations

import http.client
import json
from pathlib import Path

import pytest

from benchmarks import handler
from benchmarks.answers import AGENT_PATH, AGENT_TOKEN_HEADER
from benchmarks.handler import TOOLS, WAYS, Memory
from benchmarks.server import Server


def test_the_import_is_measured_next_to_the_runtime_client() -> None:
    found = handler.measure_imports(1, ("appconfig_env",))

    (taken,) = found["appconfig_env"]
    assert taken > 0


def test_one_read_is_measured_next_to_its_peers_for_each_number_of_threads() -> None:
    found = handler.measure_reads(1, threads=(1, 3))

    assert [one["threads"] for one in found] == [1, 3]
    assert all(one[way] > 0 for one in found for way in WAYS)


@pytest.mark.parametrize(("token", "status"), [({AGENT_TOKEN_HEADER: "t"}, 200), ({}, 400)])
def test_the_agent_expects_the_token_as_awss_extension_does(
    token: dict[str, str], status: int
) -> None:
    with Server() as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.agent_port)
        answers = []
        for _ in range(2):  # on one connection
            connection.request("GET", f"{AGENT_PATH}?name=%2Fshop%2Fprod%2Fp1", headers=token)
            answer = connection.getresponse()
            answers.append((answer.status, answer.read()))
        connection.close()

    assert [one[0] for one in answers] == [status, status]
    if status == 200:
        assert json.loads(answers[1][1])["Parameter"]["Value"] == "value 1"


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="only Linux has it")
def test_memory_is_read_at_four_moments_of_each_tool() -> None:
    found = handler.measure_memory(1)

    assert [(one.has_store, one.tool) for one in found] == [
        (has_store, tool) for has_store in (False, True) for tool in TOOLS
    ]
    for one in found:
        assert 0 < one.imported[0] < one.first[0]
        assert one.peak >= one.refreshed[1] - 0.1  # read by different counters
    ours, boto3, _ = found[:3]
    assert ours.imported[0] < boto3.imported[0]


def test_a_refresh_adds_what_was_not_there_before_it() -> None:
    row = Memory("boto3", False, (0, 0), (1, 4), (3, 8.5), 9)

    assert row.refresh_adds == (2, 4.5)
