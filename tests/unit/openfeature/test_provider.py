"""The OpenFeature provider with the real SDK: sources, asynchronous evaluation, copies."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode, ProviderFatalError
from openfeature.flag_evaluation import Reason

from appconfig_env import SettingsError
from appconfig_env._backends.fake import FakeBackend
from appconfig_env._helper.helper import Helper
from appconfig_env.openfeature import AppConfigProvider
from appconfig_env.testing import override

from ...support.fakes import Clock, steadily
from ...support.loops import run_still
from ...support.paths import ROOT
from .shop import CHECKOUT, FLAGS, Shop, client_of

if TYPE_CHECKING:
    from pathlib import Path

    from appconfig_env._backends.base import Outcome, Request

    from ...support.fake_aws import FakeAws
    from ...support.loops import Still


def test_a_profile_that_cannot_be_read_is_an_error_and_not_a_missing_flag(
    fake_aws: FakeAws, tmp_path: Path
) -> None:
    Shop(fake_aws, tmp_path).provider()
    details = api.get_client().get_boolean_details("checkout", default_value=True)

    assert (details.value, details.error_code) == (True, ErrorCode.GENERAL)
    assert FLAGS in str(details.error_message)


def test_a_flag_in_two_profiles_needs_a_source(fake_aws: FakeAws, tmp_path: Path) -> None:
    other = "appconfig:shop/prod/other?prefix=OTHER_"
    shop = Shop(fake_aws, tmp_path, f"{FLAGS} {other}")
    shop.put(checkout={"enabled": True, "limit": 1})
    shop.put("other", checkout={"enabled": True, "limit": 2})

    ambiguous = shop.client().get_integer_details("checkout.limit", 5)
    unambiguous = shop.client(other).get_integer_details("checkout.limit", 5)

    assert (ambiguous.value, ambiguous.error_code) == (5, ErrorCode.GENERAL)
    assert "source=" in str(ambiguous.error_message)
    assert unambiguous.value == 2


def test_invalid_settings_are_fatal(fake_aws: FakeAws, tmp_path: Path) -> None:
    shop = Shop(fake_aws, tmp_path, "smm:/shop/prod/")
    provider = AppConfigProvider(helper=shop.helper)
    with pytest.raises(ProviderFatalError):
        provider.initialize(EvaluationContext())
    details = provider.resolve_boolean_details("checkout", default_value=True)

    assert details.error_code == ErrorCode.PROVIDER_FATAL
    assert "smm:" in str(details.error_message)


def test_a_source_that_is_not_configured_is_fatal_and_the_error_lists_the_sources(
    shop: Shop,
) -> None:
    provider = AppConfigProvider("appconfig:shop/prod/flag", helper=shop.helper)
    with pytest.raises(ProviderFatalError) as caught:
        provider.initialize(EvaluationContext())

    assert caught.value.error_message == (
        f"appconfig:shop/prod/flag is not among the sources ('{FLAGS}'); correct the reference, or "
        "add it to APPCONFIG_ENV_SOURCES, with env=no to keep it out of the environment"
    )


def test_without_a_profile_among_the_sources_each_flag_says_so(
    fake_aws: FakeAws, tmp_path: Path
) -> None:
    fake_aws.put_parameter("/shop/prod/HOST", "db")
    client = Shop(fake_aws, tmp_path, "ssm:/shop/prod/").client()

    details = client.get_boolean_details("checkout", default_value=True)

    assert (details.value, details.error_code) == (True, ErrorCode.FLAG_NOT_FOUND)
    assert details.error_message == (
        "flag 'checkout' is in no source, and none is an AppConfig profile; add the profile to "
        "APPCONFIG_ENV_SOURCES"
    )


@pytest.mark.parametrize("source", ["ssm:/shop/prod/", "shop/prod/flags", f"{FLAGS}#checkout"])
def test_a_source_that_is_not_a_profile_is_an_error_at_once(source: str) -> None:
    with pytest.raises(SettingsError, match="appconfig:APP/ENV/PROFILE"):
        AppConfigProvider(source)


class SlowBackend(FakeBackend):
    """Holds each response until it may respond.

    Attributes:
        called: set when a request has arrived.
        may_respond: set by the test.
    """

    def __init__(self, checkout: dict[str, object]) -> None:
        super().__init__()
        self.called = threading.Event()
        self.may_respond = threading.Event()
        self.put(checkout)

    def put(self, checkout: dict[str, object]) -> None:
        self.documents[FLAGS] = json.dumps({"checkout": checkout}).encode()

    def __call__(self, requests: list[Request], timeout: float) -> dict[str, Outcome]:
        self.called.set()
        assert self.may_respond.wait(30), "the test waits for this response, so it blocks"
        return super().__call__(requests, timeout)


class SlowShop:
    """A function whose only source is a slow backend."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.backend = SlowBackend(CHECKOUT)
        environ = {
            "AWS_REGION": "us-east-1",
            "APPCONFIG_ENV_SOURCES": FLAGS,
            "APPCONFIG_ENV_SNAPSHOT": str(folder / "snapshot.json"),
            # Longer than any test takes, on any machine.
            "AWS_APPCONFIG_EXTENSION_POLL_TIMEOUT_MILLIS": "60s",
            "APPCONFIG_ENV_DEADLINE_SECONDS": "60",
        }
        self.helper = Helper(
            environ, now=self.clock, make_backend=lambda *_: self.backend, jitter=steadily
        )
        self.provider = AppConfigProvider(helper=self.helper)

    def initialize(self) -> None:
        """Read the profile once; later reads wait for the test."""
        self.backend.may_respond.set()
        self.provider.initialize(EvaluationContext())
        self.backend.may_respond.clear()
        self.backend.called.clear()

    def refresh(self) -> None:
        """Refresh after another refresh, if there is one."""
        self.helper.refresh()

    async def limit(self) -> int:
        return (await self.provider.resolve_integer_details_async("checkout.limit", 1)).value


@pytest.fixture
def slow(tmp_path: Path) -> SlowShop:
    return SlowShop(tmp_path)


REQUESTS: list[tuple[str, str, object, object]] = [
    ("boolean", "checkout", False, True),
    ("boolean", "checkout.beta", True, False),
    ("string", "checkout.title", "", "Sell"),
    ("integer", "checkout.limit", 1, 11),
    ("float", "checkout.ratio", 1.0, 0.25),
    ("object", "checkout.regions", [], ["ap"]),
]


@pytest.mark.parametrize(("kind", "key", "default", "expected"), REQUESTS)
def test_an_asynchronous_evaluation_waits_for_a_poll_but_its_event_loop_does_not(
    slow: SlowShop, kind: str, key: str, default: object, expected: object
) -> None:
    slow.initialize()
    slow.backend.put({**CHECKOUT, "title": "Sell", "limit": 11, "ratio": 0.25, "regions": ["ap"]})
    slow.clock.tick(60)

    async def evaluate() -> Any:
        resolve = getattr(slow.provider, f"resolve_{kind}_details_async")
        evaluation = asyncio.ensure_future(resolve(key, default))
        await asyncio.to_thread(slow.backend.called.wait, 30)
        # If the loop waited for the poll, this line would be reached only after the response.
        assert not slow.backend.may_respond.is_set()
        assert not evaluation.done()
        slow.backend.may_respond.set()
        return await evaluation

    assert asyncio.run(evaluate()).value == expected


def test_while_one_task_waits_for_a_poll_the_others_go_on_with_the_last_values(
    slow: SlowShop,
) -> None:
    slow.initialize()
    slow.backend.put({**CHECKOUT, "limit": 11})
    slow.clock.tick(60)

    async def evaluate() -> list[int]:
        first = asyncio.ensure_future(slow.limit())
        await asyncio.to_thread(slow.backend.called.wait, 30)
        others = await asyncio.gather(*(slow.limit() for _ in range(100)))
        assert not first.done()
        slow.backend.may_respond.set()
        return [await first, *set(others)]

    assert asyncio.run(evaluate()) == [11, 10]


def test_before_the_first_read_all_tasks_wait_and_the_event_loop_does_not(slow: SlowShop) -> None:
    async def evaluate() -> list[int]:
        evaluations = [asyncio.ensure_future(slow.limit()) for _ in range(100)]
        await asyncio.to_thread(slow.backend.called.wait, 30)
        assert not any(evaluation.done() for evaluation in evaluations)
        slow.backend.may_respond.set()
        return await asyncio.gather(*evaluations)

    assert asyncio.run(evaluate()) == [10] * 100
    assert len(slow.backend.requests) == 1


def test_a_task_that_no_longer_waits_does_not_end_the_poll(slow: SlowShop) -> None:
    slow.initialize()
    slow.backend.put({**CHECKOUT, "limit": 11})
    slow.clock.tick(60)

    async def evaluate() -> int:
        first = asyncio.ensure_future(slow.limit())
        await asyncio.to_thread(slow.backend.called.wait, 30)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        slow.backend.may_respond.set()
        return await slow.limit()  # joins no poll: it is done, or goes on with the last values

    assert asyncio.run(evaluate()) in (10, 11)
    slow.refresh()  # waits for the poll, which has outlived its loop
    assert slow.provider.resolve_integer_details("checkout.limit", 1).value == 11
    assert len(slow.backend.requests) == 3


@pytest.mark.parametrize("executor", ["busy", "shut down"])
def test_a_poll_does_not_need_the_loops_executor(slow: SlowShop, executor: str) -> None:
    slow.initialize()
    slow.backend.put({**CHECKOUT, "limit": 11})
    slow.clock.tick(60)
    slow.backend.may_respond.set()
    is_free = threading.Event()

    async def evaluate() -> int:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1))
        if executor == "busy":
            loop.run_in_executor(None, is_free.wait, 30)
        else:
            await loop.shutdown_default_executor()
        limit = await slow.limit()
        assert not is_free.is_set()
        is_free.set()
        return limit

    assert asyncio.run(evaluate()) == 11


def test_threads_of_a_full_executor_can_wait_for_evaluations(slow: SlowShop) -> None:
    slow.initialize()
    slow.backend.put({**CHECKOUT, "limit": 11})
    slow.clock.tick(60)
    slow.backend.may_respond.set()

    async def evaluate() -> list[int]:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(2))
        all_run = threading.Barrier(2, timeout=30)

        def in_thread() -> int:
            all_run.wait()
            return asyncio.run_coroutine_threadsafe(slow.limit(), loop).result(30)

        return await asyncio.gather(*(asyncio.to_thread(in_thread) for _ in range(2)))

    limits = asyncio.run(evaluate())
    assert 11 in limits
    assert {*limits} <= {10, 11}


def test_an_evaluation_waits_no_longer_than_a_poll_may_take(slow: SlowShop) -> None:
    """As if a file system, or a callback, hung."""
    slow.initialize()
    slow.clock.tick(60)

    async def evaluate(loop: Still) -> int:
        evaluation = asyncio.create_task(slow.limit())
        await asyncio.to_thread(slow.backend.called.wait, 30)
        loop.now += 60  # the poll timeout
        for _ in range(10):  # more than it takes a task to go on
            await asyncio.sleep(0)
        assert not evaluation.done(), "a failure at the timeout has a moment to be seen"
        loop.now += 1
        limit = await evaluation
        assert not slow.backend.may_respond.is_set()
        slow.backend.may_respond.set()
        return limit

    assert run_still(evaluate) == 10


def test_if_no_thread_can_be_started_the_last_values_are_evaluated(
    slow: SlowShop, caplog: pytest.LogCaptureFixture
) -> None:
    slow.initialize()
    slow.backend.put({**CHECKOUT, "limit": 11})
    slow.clock.tick(60)

    async def evaluate() -> list[int]:
        before = threading.stack_size(2**47)  # more than a process can address
        try:
            return [await slow.limit() for _ in range(3)]
        finally:
            threading.stack_size(before)

    assert asyncio.run(evaluate()) == [10] * 3
    assert len(slow.backend.requests) == 1
    warning = "flags are not refreshed, because no thread can be started; start fewer threads"
    assert caplog.messages == [f"{warning}, or raise their limit"]
    slow.backend.may_respond.set()
    assert asyncio.run(slow.limit()) == 11


def test_without_threads_and_values_the_default_is_returned_with_the_reason(
    slow: SlowShop,
) -> None:
    before = threading.stack_size(2**47)
    try:
        details = asyncio.run(slow.provider.resolve_integer_details_async("checkout.limit", 1))
    finally:
        threading.stack_size(before)
    assert (details.value, details.error_code) == (1, ErrorCode.GENERAL)
    assert "has not been read yet" in (details.error_message or "")


def test_fresh_values_are_evaluated_without_a_thread(slow: SlowShop) -> None:
    slow.initialize()

    # Driven by hand: it would raise something else if it waited for an event loop.
    with pytest.raises(StopIteration) as ended:
        slow.limit().send(None)
    assert ended.value.value == 10


def test_asynchronous_evaluations_report_the_same_errors(shop: Shop) -> None:
    provider = shop.provider()
    for key, default in (("missing", 1), ("checkout.missing", 2), ("checkout.title", 3)):
        details = asyncio.run(provider.resolve_integer_details_async(key, default))
        assert details == provider.resolve_integer_details(key, default)
        assert details.error_code
    other = AppConfigProvider("appconfig:shop/prod/other", helper=shop.helper)
    details = asyncio.run(other.resolve_integer_details_async("checkout.limit", 4))
    assert (details.value, details.error_code) == (4, ErrorCode.GENERAL)


def test_asynchronous_evaluations_with_invalid_settings_are_fatal() -> None:
    helper = Helper({"APPCONFIG_ENV_SOURCES": "smm:/shop/prod/"})
    provider = AppConfigProvider(helper=helper)

    details = asyncio.run(provider.resolve_integer_details_async("checkout.limit", 4))

    assert (details.value, details.error_code) == (4, ErrorCode.PROVIDER_FATAL)


def test_the_sdks_asynchronous_client_evaluates(shop: Shop) -> None:
    client = shop.client()

    async def values() -> list[object]:
        return [
            await client.get_boolean_value_async("checkout", default_value=False),
            await client.get_string_value_async("checkout.title", ""),
            await client.get_integer_value_async("checkout.limit", 1),
            await client.get_float_value_async("checkout.ratio", 1.0),
            await client.get_object_value_async("checkout.regions", []),
        ]

    assert asyncio.run(values()) == [True, "Buy", 10, 0.5, ["eu", "us"]]


@pytest.mark.parametrize("is_asynchronous", [False, True])
@pytest.mark.parametrize("key", ["checkout.regions", "checkout"])
def test_an_object_is_a_copy(shop: Shop, key: str, is_asynchronous: bool) -> None:
    provider = shop.provider()

    def evaluated() -> Any:
        if is_asynchronous:
            return asyncio.run(provider.resolve_object_details_async(key, {})).value
        return provider.resolve_object_details(key, {}).value

    value = evaluated()
    regions = value if isinstance(value, list) else value["regions"]
    regions.append("ap")

    assert evaluated() != value
    assert shop.helper.flag("checkout").attributes["regions"] == ["eu", "us"]
    assert shop.helper.document(FLAGS)["checkout"]["regions"] == ["eu", "us"]


def test_overridden_flags_are_evaluated_and_others_are_not_found() -> None:
    client = client_of(AppConfigProvider())

    with override(flags={"checkout": {"limit": 3}, "search": False}):
        assert client.get_boolean_value("checkout", default_value=False) is True
        assert client.get_integer_value("checkout.limit", 1) == 3
        assert client.get_boolean_details("search", default_value=True).reason == Reason.DISABLED
        missing = client.get_boolean_details("missing", default_value=True)
        assert asyncio.run(client.get_integer_value_async("checkout.limit", 1)) == 3
    assert (missing.value, missing.error_code) == (True, ErrorCode.FLAG_NOT_FOUND)


def test_an_overridden_document_works_as_a_profile() -> None:
    with override(documents={FLAGS: {"checkout": CHECKOUT}}):
        client = client_of(AppConfigProvider(FLAGS))
        assert client.get_integer_value("checkout.limit", 1) == 10
        missing = client.get_boolean_details("missing", default_value=True)
    assert missing.error_code == ErrorCode.FLAG_NOT_FOUND


def test_flags_are_read_from_a_local_folder(tmp_path: Path) -> None:
    (tmp_path / "shop:prod:flags.json").write_text(json.dumps({"checkout": CHECKOUT}))
    helper = Helper({
        "APPCONFIG_ENV_LOCAL_DIR": str(tmp_path),
        "APPCONFIG_ENV_SOURCES": FLAGS,
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
    })  # fmt: skip
    client = client_of(AppConfigProvider(helper=helper))

    assert client.get_integer_value("checkout.limit", 1) == 10
    assert client.get_provider_status().value == "READY"
    assert api.get_provider_metadata().name == "appconfig-env"


def test_without_the_sdk_the_import_error_names_what_to_install() -> None:
    # -S: no site-packages, so no SDK.
    script = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import appconfig_env.openfeature"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert "ImportError: appconfig_env.openfeature needs" in done.stderr
    assert "pip install 'appconfig-env[openfeature]'" in done.stderr


@pytest.mark.skipif(
    not hasattr(api, "set_provider_and_wait"), reason="docs/openfeature.md has the newer call"
)
def test_the_examples_of_the_openfeature_page_run() -> None:
    page = (ROOT / "docs" / "openfeature.md").read_text()
    blocks = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    for block in blocks:
        exec(block, names)

    assert len(blocks) == 5
    assert callable(names["handler"])
    with override(flags={"checkout": {"limit": 3}}):
        assert asyncio.run(names["limit"]()) == 3
        assert names["limit_of"](names["user"]) == 3


def test_flags_of_a_file_are_evaluated_with_the_context(tmp_path: Path) -> None:
    path = tmp_path / "flags.ion"
    path.write_text(
        'beta::[[(eq $plan "beta"), \'\'\'{"_variant": "b", "enabled": true}\'\'\'],'
        " '''{\"_variant\": \"rest\", \"enabled\": false}''']"
    )
    environ = {
        "APPCONFIG_ENV_SOURCES": f"file:{path}?env=no",
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
    }
    context = EvaluationContext(attributes={"plan": "beta"})
    for source in (None, f"file:{path}"):
        provider = AppConfigProvider(source, helper=Helper(environ))
        client = client_of(provider)

        found = client.get_boolean_details("beta", False, context)
        without = client.get_boolean_details("beta", True)

        assert (found.value, found.variant, found.reason) == (True, "b", "TARGETING_MATCH")
        assert (without.value, without.variant, without.reason) == (False, "rest", "DEFAULT")
        assert found.flag_metadata["source"] == f"file:{path}"
