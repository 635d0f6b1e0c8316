"""Flags from AWS's own agent: the request, the responses, and failures as data."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from appconfig_env._backends.agent import Agent, AgentFlag, headers_of
from appconfig_env._config.references import parse
from appconfig_env._content.rules.operands import ContextError
from appconfig_env.errors import Failure

from ...support.fake_agent import FakeAgent
from ...support.ports import free_port
from ...support.raw_server import RawServer, ok

if TYPE_CHECKING:
    from collections.abc import Iterator

FLAGS = parse("appconfig:shop/prod/flags").resource
SECRET = "c4n4ry"


@pytest.fixture
def fake() -> Iterator[FakeAgent]:
    with FakeAgent() as fake:
        yield fake


def asked(fake: FakeAgent, **context: object) -> AgentFlag | Failure | None:
    return Agent(fake.url, 30).flag(FLAGS, "checkout", headers_of(context))


def test_the_agent_is_asked_for_one_flag_with_the_context(fake: FakeAgent) -> None:
    fake.flags["shop/prod/flags", "checkout"] = lambda context: {
        "enabled": True, "_variant": context["plan"], "limit": 1.5,
    }  # fmt: skip

    found = asked(fake, plan="beta", age=42, vip=True, entityId="user-1", none=None)

    assert isinstance(found, AgentFlag)
    assert found.data == {"enabled": True, "_variant": "beta", "limit": 1.5}
    assert found.version == "7"
    ((path, headers),) = fake.requests
    assert path == "/applications/shop/environments/prod/configurations/flags?flag=checkout"
    assert headers["context"] == "plan=beta,age=42,vip=true,entityId=user-1"
    assert headers["entity-id"] == "user-1"
    assert headers["host"] == fake.url.removeprefix("http://")


def test_names_are_encoded(fake: FakeAgent) -> None:
    fake.flags["my app/prod/a/b", "checkout"] = lambda _: {"enabled": False}
    resource = parse("appconfig:my%20app/prod/a%2Fb").resource

    found = Agent(fake.url, 30).flag(resource, "checkout", {})

    assert isinstance(found, AgentFlag)
    assert "/applications/my%20app/environments/prod/configurations/a%2Fb?" in fake.requests[0][0]
    assert "context" not in fake.requests[0][1]


@pytest.mark.parametrize(
    "response", [(404, b"Not Found"), (200, b"{}"), (200, b'{"other": {"enabled": true}}')]
)
def test_there_may_be_no_such_flag(fake: FakeAgent, response: tuple[int, bytes]) -> None:
    fake.response = response

    assert asked(fake) is None


def test_one_flag_among_several_is_found(fake: FakeAgent) -> None:
    fake.response = 200, b'{"checkout": {"enabled": true}, "search": {"enabled": false}}'

    found = asked(fake)

    assert isinstance(found, AgentFlag)
    assert found.data == {"enabled": True}


@pytest.mark.parametrize(
    ("response", "kind", "summary"),
    [
        ((400, SECRET.encode()), "invalid", "AWS's agent responded with 400"),
        ((504, SECRET.encode()), "unavailable", "AWS's agent responded with 504"),
        ((200, SECRET.encode()), "invalid", "AWS's agent did not respond with JSON"),
        ((200, b"\xff"), "invalid", "AWS's agent did not respond with JSON"),
        ((200, b"[]"), "invalid", "AWS's agent did not respond with a flag"),
        ((200, b'{"enabled": "yes"}'), "invalid", "AWS's agent did not respond with a flag"),
        ((200, b'{"checkout": 1}'), "invalid", "AWS's agent did not respond with a flag"),
    ],
)
def test_another_response_is_a_failure_without_its_body(
    fake: FakeAgent, response: tuple[int, bytes], kind: str, summary: str
) -> None:
    fake.response = response

    found = asked(fake)

    assert isinstance(found, Failure)
    assert (found.kind, found.summary) == (kind, summary)
    assert SECRET not in str(found)


def test_an_agent_that_is_not_there_is_unavailable() -> None:
    found = Agent(f"http://127.0.0.1:{free_port()}", 30).flag(FLAGS, "checkout", {})

    assert isinstance(found, Failure)
    assert found.kind == "unavailable"
    assert str(found).endswith("; start the agent, or correct APPCONFIG_ENV_AGENT_URL")


def test_no_connection_is_left_open() -> None:
    with RawServer(ok(b'{"enabled": true}')) as server:
        agent = Agent(server.url, 30)
        for _ in range(2):
            assert isinstance(agent.flag(FLAGS, "checkout", {}), AgentFlag)
        assert server.connections == 2
    assert b"connection: close" in server.requests[0]


def test_values_are_written_as_text() -> None:
    now = dt.datetime(2024, 1, 31, 12, tzinfo=dt.UTC)

    headers = headers_of({"now": now, "n": 3.0, "share": 0.5, "no": False, "gone": None})

    assert headers == {"context": "now=2024-01-31T12:00:00Z,n=3,share=0.5,no=false"}
    assert headers_of({}) == {}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("plan", f"{SECRET},plan=beta"),
        ("plan", f"{SECRET}\r\nHost: x"),
        ("plan", f"{SECRET}é"),
        ("plan", [SECRET]),
        ("plan", {SECRET: 1}),
        ("a=b", SECRET),
        ("a,b", SECRET),
        ("a-b", SECRET),
        ("é", SECRET),
        ("", SECRET),
    ],
)
def test_what_could_be_read_as_another_pair_or_header_is_an_error(key: str, value: object) -> None:
    with pytest.raises(ContextError) as raised:
        headers_of({key: value})

    assert SECRET not in str(raised.value)
