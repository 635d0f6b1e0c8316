"""The states and events of the OpenFeature provider, with the real SDK."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from typing import TYPE_CHECKING

import pytest
from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.event import EventDetails, ProviderEvent
from openfeature.exception import ErrorCode, GeneralError

from appconfig_env._backends.fake import FakeBackend
from appconfig_env._helper.helper import Helper
from appconfig_env.openfeature import AppConfigProvider
from appconfig_env.testing import override

from ...support.fakes import steadily
from ...support.threads import together
from .shop import CHECKOUT, FLAGS, Recorded, Shop, client_of, status

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from openfeature.event import ProviderEventDetails

    from ...support.fake_aws import FakeAws


def test_a_refresh_that_changes_flags_emits_an_event_with_their_names(shop: Shop) -> None:
    client = shop.client()
    events: list[EventDetails] = []
    received = threading.Event()

    def listen(details: EventDetails) -> None:
        events.append(details)
        received.set()

    client.add_handler(ProviderEvent.PROVIDER_CONFIGURATION_CHANGED, listen)
    shop.put(checkout={**CHECKOUT, "limit": 11}, search={"enabled": False})
    shop.clock.tick(60)

    assert client.get_integer_value("checkout.limit", 1) == 11
    assert received.wait(30)  # newer SDKs call handlers in threads of their own
    assert [event.flags_changed for event in events] == [["checkout"]]


def test_a_refresh_that_changes_no_flag_emits_no_event(fake_aws: FakeAws, tmp_path: Path) -> None:
    shop = Shop(fake_aws, tmp_path, f"{FLAGS} ssm:/shop/prod/")
    shop.put(checkout=CHECKOUT)
    shop.aws.put_parameter("/shop/prod/host", "one")
    events: list[object] = []
    provider = AppConfigProvider(helper=shop.helper)
    client_of(provider)
    provider.attach(lambda *event: events.append(event))
    shop.aws.put_parameter("/shop/prod/host", "two")
    shop.clock.tick(600)

    assert "HOST" in shop.helper.refresh()
    assert events == []


def test_each_change_of_a_flag_is_one_event(fake_aws: FakeAws, tmp_path: Path) -> None:
    shop = Shop(fake_aws, tmp_path, f"{FLAGS} ssm:/shop/prod/")
    shop.put(checkout=CHECKOUT)
    shop.aws.put_parameter("/shop/prod/host", "one")
    events: list[object] = []
    provider = AppConfigProvider(helper=shop.helper)
    client_of(provider)
    provider.attach(lambda *event: events.append(event))
    for limit, host, number in ((11, "one", 1), (11, "two", 1), (12, "two", 2)):
        shop.put(checkout={**CHECKOUT, "limit": limit})
        shop.aws.put_parameter("/shop/prod/host", host)
        shop.clock.tick(600)

        assert shop.helper.refresh()
        assert len(events) == number


def test_flags_of_another_profile_than_the_source_emit_no_event(
    fake_aws: FakeAws, tmp_path: Path
) -> None:
    shop = Shop(fake_aws, tmp_path, f"{FLAGS} appconfig:shop/prod/other")
    shop.put(checkout=CHECKOUT)
    shop.put("other", search={"enabled": False})
    events: list[object] = []
    provider = AppConfigProvider(FLAGS, helper=shop.helper)
    client_of(provider)
    provider.attach(lambda *event: events.append(event))
    shop.put("other", search={"enabled": True})
    shop.clock.tick(600)

    assert shop.helper.refresh() == {"SEARCH_ENABLED"}
    assert events == []


def test_a_provider_that_is_initialized_again_emits_each_event_once(shop: Shop) -> None:
    provider = shop.provider()
    provider.initialize(EvaluationContext())
    shop.put(checkout={**CHECKOUT, "limit": 11}, search={"enabled": False})
    shop.clock.tick(60)

    assert provider.resolve_integer_details("checkout.limit", 1).value == 11
    assert provider.names() == ["CONFIGURATION_CHANGED"]


def test_a_provider_that_was_shut_down_does_not_disturb_refreshes(shop: Shop) -> None:
    shop.client()
    api.shutdown()
    shop.put(checkout={"enabled": False})
    shop.clock.tick(60)

    assert "CHECKOUT_ENABLED" in shop.helper.refresh()


def evaluate() -> int:
    return api.get_client().get_integer_value("checkout.limit", 1)


def evaluate_asynchronously() -> int:
    return asyncio.run(api.get_client().get_integer_value_async("checkout.limit", 1))


REFRESHES: list[Callable[[Shop], object]] = [
    lambda _: evaluate(),
    lambda _: evaluate_asynchronously(),
    lambda shop: shop.helper.get("CHECKOUT_ENABLED"),
    lambda shop: shop.helper.flag("checkout"),
    lambda shop: shop.helper.document(FLAGS),
    lambda shop: shop.helper.refresh(),
]


@pytest.mark.parametrize(
    "refresh", REFRESHES, ids=["evaluation", "asynchronous", "get", "flag", "document", "refresh"]
)
def test_whatever_refreshes_a_failure_makes_the_provider_stale_and_a_success_ready(
    shop: Shop, refresh: Callable[[Shop], object]
) -> None:
    provider = shop.provider()
    statuses = [status()]
    shop.fail()
    for _ in range(2):  # the second failure is not a change
        shop.clock.tick(600)
        refresh(shop)
        statuses.append(status())
    shop.aws.recover()
    shop.clock.tick(3600)
    refresh(shop)

    assert [*statuses, status()] == ["READY", "STALE", "STALE", "READY"]
    assert provider.names() == ["STALE", "READY"]
    assert evaluate() == 10


def test_the_details_of_an_event_name_the_profile_and_the_reason(shop: Shop) -> None:
    provider = shop.provider()
    shop.fail()
    shop.clock.tick(60)
    shop.helper.refresh()

    ((event, details),) = provider.events
    assert event is ProviderEvent.PROVIDER_STALE
    assert str(details.message).startswith(f"{FLAGS}: GetLatestConfiguration failed: ")
    assert details.error_code is None
    assert details.metadata == {FLAGS: "denied"}


def test_the_sdks_handlers_receive_the_event_and_the_providers_name(shop: Shop) -> None:
    client = shop.client()
    received: dict[ProviderEvent, EventDetails] = {}
    arrived = {event: threading.Event() for event in ProviderEvent}

    def handler(event: ProviderEvent) -> Callable[[EventDetails], None]:
        def receive(details: EventDetails) -> None:
            received[event] = details
            arrived[event].set()

        return receive

    client.add_handler(ProviderEvent.PROVIDER_STALE, handler(ProviderEvent.PROVIDER_STALE))
    shop.fail()
    shop.clock.tick(60)
    shop.helper.refresh()

    assert arrived[ProviderEvent.PROVIDER_STALE].wait(30)
    details = received[ProviderEvent.PROVIDER_STALE]
    assert (details.provider_name, details.metadata) == ("appconfig-env", {FLAGS: "denied"})


def test_a_profile_that_was_never_readable_is_an_error_until_it_is_read(
    fake_aws: FakeAws, tmp_path: Path
) -> None:
    shop = Shop(fake_aws, tmp_path)
    provider = shop.provider()
    statuses = [status()]
    shop.clock.tick(600)
    assert evaluate() == 1
    statuses.append(status())
    shop.put(checkout=CHECKOUT)
    shop.clock.tick(3600)

    assert evaluate() == 10
    assert [*statuses, status()] == ["ERROR", "ERROR", "READY"]
    assert provider.names() == ["READY", "CONFIGURATION_CHANGED"]
    assert provider.events[1][1].flags_changed == ["checkout"]


def test_initialization_without_a_readable_profile_ends_in_an_error_that_says_why(
    fake_aws: FakeAws, tmp_path: Path
) -> None:
    shop = Shop(fake_aws, tmp_path)
    with pytest.raises(GeneralError) as raised:
        AppConfigProvider(helper=shop.helper).initialize(EvaluationContext())

    assert str(raised.value.error_message).startswith(f"{FLAGS}: StartConfigurationSession failed")
    assert raised.value.error_code is ErrorCode.GENERAL


def test_one_of_two_profiles_that_was_never_readable_is_an_error(
    fake_aws: FakeAws, tmp_path: Path
) -> None:
    other = "appconfig:shop/prod/other?prefix=OTHER_"
    shop = Shop(fake_aws, tmp_path, f"{FLAGS} {other}")
    shop.put(checkout=CHECKOUT)
    shop.provider()

    assert status() == "ERROR"
    assert evaluate() == 10, "the other profile has it"
    shop.provider(FLAGS)
    assert status() == "READY", "it does not use the other profile"


def test_an_optional_profile_may_be_missing_but_not_the_only_one(
    fake_aws: FakeAws, tmp_path: Path
) -> None:
    other = "appconfig:shop/prod/other?optional"
    shop = Shop(fake_aws, tmp_path, f"{FLAGS} {other}")
    shop.put(checkout=CHECKOUT)
    shop.provider()
    assert status() == "READY"
    shop.provider(other)
    assert status() == "ERROR"


def test_values_that_are_stale_from_the_start_are_so_from_the_first_evaluation_on(
    fake_aws: FakeAws, tmp_path: Path
) -> None:
    shop = Shop(fake_aws, tmp_path)
    shop.put(checkout=CHECKOUT)
    shop.helper.refresh()
    shop.fail()
    shop.clock.tick(600)
    shop.helper.refresh()  # its failure is in the snapshot that a second process finds
    second = Shop(fake_aws, tmp_path)
    second.clock.at = shop.clock.at
    provider = second.provider()

    assert evaluate() == 10
    assert (status(), provider.names()) == ("STALE", ["STALE"])


def test_values_of_the_fallback_are_stale(shop: Shop, tmp_path: Path) -> None:
    shop.helper.refresh()
    fallback = (tmp_path / "snapshot.json").rename(tmp_path / "fallback.json")
    environ = {**shop.helper.environ, "APPCONFIG_ENV_FALLBACK": str(fallback)}
    unavailable = FakeBackend()
    helper = Helper(environ, now=shop.clock, make_backend=lambda *_: unavailable, jitter=steadily)
    provider = Recorded(None, helper=helper)
    client_of(provider)

    assert evaluate() == 10
    assert (status(), provider.names()) == ("STALE", ["STALE"])


def test_another_source_than_a_profile_does_not_make_the_provider_stale(
    fake_aws: FakeAws, tmp_path: Path
) -> None:
    sources = f"{FLAGS} appconfig:shop/prod/app ssm:/shop/prod/"
    shop = Shop(fake_aws, tmp_path, sources)
    shop.put(checkout=CHECKOUT)
    shop.put("app", host="a profile without flags")
    shop.aws.put_parameter("/shop/prod/port", "1")
    provider = shop.provider()
    shop.aws.deny("GetParametersByPath")
    shop.aws.deny("GetLatestConfiguration", "shop/prod/app")
    shop.clock.tick(600)
    shop.helper.refresh()

    assert shop.helper.status()["appconfig:shop/prod/app"]["kind"] == "denied"
    assert (status(), provider.names()) == ("READY", [])


def test_a_recovery_that_brings_changes_is_ready_first(shop: Shop) -> None:
    provider = shop.provider()
    shop.fail()
    shop.clock.tick(60)
    shop.helper.refresh()
    shop.aws.recover()
    shop.put(checkout={"enabled": False})
    shop.clock.tick(3600)
    shop.helper.refresh()

    assert provider.names() == ["STALE", "READY", "CONFIGURATION_CHANGED"]


def test_an_event_handler_may_evaluate_flags_and_refresh(shop: Shop) -> None:
    class Handling(Recorded):
        """A provider whose handlers run at once, as in SDKs before 0.10."""

        def emit(self, event: ProviderEvent, details: ProviderEventDetails) -> None:
            super().emit(event, details)
            shop.aws.recover()
            shop.clock.tick(3600)
            self.resolve_boolean_details("checkout", default_value=False)

    provider = Handling(None, helper=shop.helper)
    client_of(provider)
    shop.fail()
    shop.clock.tick(60)
    shop.helper.refresh()

    assert provider.names() == ["STALE", "READY"]


def test_an_event_handler_that_fails_does_not_disturb_the_refresh(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing(Recorded):
        """A provider with a handler that raises, which runs at once, as in SDKs before 0.10."""

        def emit(self, event: ProviderEvent, details: ProviderEventDetails) -> None:
            super().emit(event, details)
            int("c4n4ry")  # an error whose text is the value

    provider = Failing(None, helper=shop.helper)
    client_of(provider)
    shop.put(checkout={"enabled": False})
    shop.clock.tick(60)

    assert "CHECKOUT_ENABLED" in shop.helper.refresh()
    assert provider.names() == ["CONFIGURATION_CHANGED"]
    assert "an OpenFeature event handler failed (ValueError at test_events.py:" in caplog.text
    assert "c4n4ry" not in caplog.text


def test_threads_that_refresh_at_once_emit_an_event_once(shop: Shop) -> None:
    provider = shop.provider()
    shop.fail()
    shop.clock.tick(60)
    together(shop.helper.refresh)

    assert provider.names() == ["STALE"]


def test_a_child_that_is_forked_during_an_event_emits_its_own(shop: Shop) -> None:
    began, may_end = threading.Event(), threading.Event()

    class Waiting(Recorded):
        """A provider whose first handler waits for the test."""

        def emit(self, event: ProviderEvent, details: ProviderEventDetails) -> None:
            super().emit(event, details)
            if not began.is_set():
                began.set()
                assert may_end.wait(30)

    provider = Waiting(None, helper=shop.helper)
    client_of(provider)
    shop.fail()
    shop.clock.tick(60)
    parent = threading.Thread(target=shop.helper.refresh)
    parent.start()
    assert began.wait(30)

    shop.helper.after_fork_in_child()
    shop.aws.recover()
    shop.clock.tick(3600)
    shop.helper.refresh()

    assert provider.names() == ["STALE", "READY"]
    may_end.set()
    parent.join()


def test_what_happens_during_an_override_is_announced_after_it(shop: Shop) -> None:
    provider = shop.provider()
    shop.put(checkout={"enabled": False})
    shop.clock.tick(60)
    with override(flags={"checkout": True}, helper=shop.helper):
        shop.helper.live().refresh()
        assert provider.resolve_boolean_details("checkout", default_value=False).value is True
        assert provider.names() == []

    assert provider.resolve_boolean_details("checkout", default_value=True).value is False
    assert provider.names() == ["CONFIGURATION_CHANGED"]


def test_a_provider_that_nothing_refers_to_is_not_kept_alive(shop: Shop) -> None:
    provider = AppConfigProvider(helper=shop.helper)
    provider.initialize(EvaluationContext())
    dropped = weakref.ref(provider)
    del provider
    gc.collect()

    assert dropped() is None
    assert shop.helper.refresh() == frozenset()


def test_before_it_is_initialized_a_provider_emits_nothing(shop: Shop) -> None:
    provider = Recorded(None, helper=shop.helper)
    shop.helper.refresh()
    shop.fail()
    shop.clock.tick(600)
    assert provider.resolve_integer_details("checkout.limit", 1).value == 10

    assert provider.names() == []
