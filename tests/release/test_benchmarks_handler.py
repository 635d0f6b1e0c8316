"""Imports, reads and memory next to their peers: each is measured once; no test looks at a time."""

from __future__ import annotations

import http.client
import json
from pathlib import Path

import pytest

from benchmarks import handler
from benchmarks.contenders import Cell
from benchmarks.handler import MOMENTS, TOOLS, Memory
from benchmarks.handler_process import WAYS
from benchmarks.responses import AGENT_PATH, AGENT_TOKEN_HEADER
from benchmarks.server import Server
from benchmarks.starts import Bench


def test_the_first_values_and_refresh_are_measured_next_to_the_runtime_client() -> None:
    with Bench.open() as bench:
        found = handler.measure_first(bench, 1)

    assert found.keys() == TOOLS.keys()
    for one in found.values():
        assert all(one.times[moment][0] > 0 for moment in MOMENTS)
        assert all(one.calls[moment] > 10 for moment in MOMENTS)
    assert found["ours"].calls["imported"] < found["boto3"].calls["imported"]


def test_the_calls_of_this_helper_are_the_same_each_time() -> None:
    with Bench.open() as bench:
        environ = bench.serve(Cell())
        for _ in range(2):  # the first one may compile
            first = handler.run_tool(bench, environ, "calls", "ours")
        second = handler.run_tool(bench, environ, "calls", "ours")

    assert first == second


def test_one_read_is_measured_next_to_its_peers_for_each_number_of_threads() -> None:
    with Bench.open() as bench:
        found = handler.measure_reads(bench, 1, threads=(1, 3))

    assert [one["threads"] for one in found] == [1, 3]
    assert all(one[way] > 0 for one in found for way in WAYS)


@pytest.mark.parametrize(("token", "status"), [({AGENT_TOKEN_HEADER: "t"}, 200), ({}, 400)])
def test_the_agent_expects_the_token_as_awss_extension_does(
    token: dict[str, str], status: int, tmp_path: Path
) -> None:
    with Server(tmp_path / "ca.pem") as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.agent_port)
        responses = []
        for _ in range(2):  # on one connection
            connection.request("GET", f"{AGENT_PATH}?name=%2Fshop%2Fprod%2Fp1", headers=token)
            response = connection.getresponse()
            responses.append((response.status, response.read()))
        connection.close()

    assert [one[0] for one in responses] == [status, status]
    if status == 200:
        assert json.loads(responses[1][1])["Parameter"]["Value"] == "value 1"


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="only Linux has it")
def test_memory_is_read_at_four_moments_of_each_tool() -> None:
    with Bench.open() as bench:
        found = handler.measure_memory(bench, 1)

    assert [(one.trusts, one.tool) for one in found] == [
        (trusts, tool) for trusts in ("one certificate", "a whole store") for tool in TOOLS
    ]
    for one in found:
        _, resident, peak = one.added["refreshed"]
        assert 0 < one.added["imported"][0] < one.added["first"][0]
        assert peak >= resident - 0.1  # read by different counters
    ours, boto3, _ = found[:3]
    assert ours.added["imported"][0] < boto3.added["imported"][0]


def test_a_refresh_adds_what_was_not_there_before_it() -> None:
    row = Memory("boto3", "one certificate", {"first": (1, 4, 8), "refreshed": (3, 8.5, 9)})

    assert row.refresh_adds == [2, 4.5, 1]
