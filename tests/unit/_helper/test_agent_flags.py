"""`flag(context=)` with AWS's own agent: which profiles it is asked for, and what is reported."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from appconfig_env import AmbiguousFlagError, MissingKeyError, UnevaluatedFlagError
from appconfig_env._backends.fake import FakeBackend
from appconfig_env._helper.helper import Helper

from ...support.fake_agent import FakeAgent
from ...support.fakes import Clock, steadily

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FLAGS, MORE = "appconfig:shop/prod/flags", "appconfig:shop/prod/more"
STORED = {"version": "1", "values": {"of-a-file": {"_variants": [{"name": "x", "enabled": True}]}}}


@pytest.fixture
def agent() -> Iterator[FakeAgent]:
    with FakeAgent() as agent:
        agent.flags["shop/prod/flags", "checkout"] = lambda context: {
            "enabled": context.get("plan") == "beta", "_variant": context.get("plan", "default"),
        }  # fmt: skip
        yield agent


class Shop:
    """A function that has the agent next to it."""

    def __init__(self, agent: FakeAgent, folder: Path, sources: str = FLAGS, **more: str) -> None:
        path = folder / "flags.json"
        path.write_text(json.dumps(STORED))
        self.backend = FakeBackend({FLAGS: b'{"checkout": {"enabled": false}}', MORE: b"{}"})
        self.backend.documents[f"file:{path}"] = path.read_bytes()
        environ = {
            "AWS_REGION": "us-east-1",
            "APPCONFIG_ENV_SOURCES": sources.replace("FILE", f"file:{path}"),
            "APPCONFIG_ENV_SNAPSHOT": str(folder / "snapshot.json"),
            "APPCONFIG_ENV_AGENT_URL": agent.url,
            **more,
        }
        self.helper = Helper(
            environ, now=Clock(), make_backend=lambda *_: self.backend, jitter=steadily
        )


def test_the_agent_evaluates_a_flag_with_a_context(agent: FakeAgent, tmp_path: Path) -> None:
    helper = Shop(agent, tmp_path).helper

    flag = helper.flag("checkout", context={"plan": "beta"})

    assert (flag.enabled, flag.variant) == (True, "beta")
    assert helper.flag("checkout", context={}, source=FLAGS).variant == "default"
    assert len(agent.requests) == 2


def test_without_a_context_the_agent_is_not_asked(agent: FakeAgent, tmp_path: Path) -> None:
    assert not Shop(agent, tmp_path).helper.flag("checkout")
    assert agent.requests == []


def test_with_a_local_folder_the_agent_is_not_asked(agent: FakeAgent, tmp_path: Path) -> None:
    shop = Shop(agent, tmp_path, APPCONFIG_ENV_LOCAL_DIR=str(tmp_path))

    assert not shop.helper.flag("checkout", context={"plan": "beta"})
    assert agent.requests == []


def test_a_profile_that_is_not_a_source_can_be_named(agent: FakeAgent, tmp_path: Path) -> None:
    agent.flags["other/prod/flags", "new"] = lambda _: {"enabled": True}
    helper = Shop(agent, tmp_path).helper

    assert helper.flag("new", context={}, source="appconfig:other/prod/flags")
    with pytest.raises(MissingKeyError):
        helper.flag("new", context={}, source="appconfig:other")


def test_a_flag_of_two_profiles_is_ambiguous(agent: FakeAgent, tmp_path: Path) -> None:
    agent.flags["shop/prod/more", "checkout"] = lambda _: {"enabled": True}
    helper = Shop(agent, tmp_path, f"{FLAGS} {MORE}").helper

    with pytest.raises(AmbiguousFlagError, match="; choose one with source="):
        helper.flag("checkout", context={})
    assert helper.flag("checkout", context={}, source=MORE)


def test_a_flag_that_the_agent_does_not_have_is_reported_once(
    agent: FakeAgent, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    helper = Shop(agent, tmp_path).helper
    for _ in range(2):
        assert helper.flag("chekout", default=True, context={})
    assert caplog.messages == ["AWS's agent has no flag 'chekout'; correct its name, or add it"]


def test_a_flag_of_a_file_is_evaluated_here(agent: FakeAgent, tmp_path: Path) -> None:
    helper = Shop(agent, tmp_path, f"{FLAGS} FILE?env=no").helper
    helper.get("ANY")

    assert helper.flag("of-a-file", context={}).variant == "x"


def test_a_failure_is_the_default_and_is_logged_once_until_the_agent_responds(
    agent: FakeAgent, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    helper = Shop(agent, tmp_path).helper
    for status in (500, 500, 200, 500):
        agent.response = (status, b"") if status == 500 else None
        assert helper.flag("checkout", default=True, context={"plan": "beta"})
    remedy = "check the agent's log, and APPCONFIG_ENV_AGENT_URL"
    failure = f"{FLAGS}: AWS's agent responded with 500; {remedy}"
    assert caplog.messages == [failure, failure]
    with pytest.raises(MissingKeyError, match="responded with 500"):
        helper.flag("checkout", default=True, context={}, source=FLAGS)


def test_a_context_that_the_agent_cannot_be_asked_with_is_an_error(
    agent: FakeAgent, tmp_path: Path
) -> None:
    helper = Shop(agent, tmp_path).helper
    contexts: list[Any] = [{"plan": "a,b"}, {"plan": ["a"]}]

    for context in contexts:
        with pytest.raises(UnevaluatedFlagError, match="'checkout': the context's 'plan'") as e:
            helper.flag("checkout", context=context)
        assert e.value.is_of_context
    with pytest.raises(TypeError, match="context: expected a mapping"):
        helper.flag("checkout", context="beta")  # type: ignore[arg-type]
    assert agent.requests == []
