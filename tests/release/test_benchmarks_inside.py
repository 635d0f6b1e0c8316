"""Reads, imports and memory beside their peers: each is measured once; no test looks at a time."""

from __future__ import annotations

import http.client
import json
from pathlib import Path

import pytest

from benchmarks import http_agent, inside, memory
from benchmarks.http_agent import HttpAgent
from benchmarks.memory import Memory, Usage


def test_one_read_is_measured_beside_its_peers_for_each_number_of_threads() -> None:
    found = inside.beside_peers(1, threads=(1, 3))

    assert [one.threads for one in found] == [1, 3]
    assert all(microseconds > 0 for one in found for microseconds in one[1:])


@pytest.mark.parametrize(("token", "status"), [({http_agent.TOKEN_HEADER: "t"}, 200), ({}, 400)])
def test_the_agent_wants_the_token_as_awss_extension_does(
    token: dict[str, str], status: int
) -> None:
    with HttpAgent() as agent:
        connection = http.client.HTTPConnection("127.0.0.1", agent.port)
        answers = []
        for _ in range(2):  # on one connection
            connection.request("GET", http_agent.TARGET, headers=token)
            answer = connection.getresponse()
            answers.append((answer.status, answer.read()))
        connection.close()

    assert [one[0] for one in answers] == [status, status]
    if status == 200:
        assert json.loads(answers[1][1])["Parameter"]["Value"] == http_agent.VALUE


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="Linux tells it here")
def test_memory_is_read_at_four_moments_of_each_tool() -> None:
    found = memory.measure(1)

    assert [(one.full_trust, one.tool) for one in found] == [
        (full_trust, tool) for full_trust in (False, True) for tool in memory.TOOLS
    ]
    for one in found:
        assert 0 < one.base.private < one.base.pss < one.base.rss
        assert one.imported.private < one.first.private
        assert one.peak >= one.refreshed.rss - 0.1  # read by different counters
    ours, boto3, _ = found[:3]
    assert ours.imported.private < boto3.imported.private


def test_a_refresh_adds_what_is_there_after_it_and_was_not_before() -> None:
    nothing = Usage(0, 0, 0)
    row = Memory("boto3", False, nothing, nothing, Usage(1, 2, 4), Usage(3, 5, 8.5), 9)

    assert row.refresh_adds == 2
    assert row.refresh_adds_rss == 4.5
