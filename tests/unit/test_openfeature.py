"""The OpenFeature provider with the real SDK: values, reasons, error codes, events."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.event import EventDetails, ProviderEvent
from openfeature.exception import ErrorCode, ProviderFatalError
from openfeature.flag_evaluation import Reason

from appconfig_env import SettingsError
from appconfig_env._helper.helper import Helper
from appconfig_env.openfeature import AppConfigProvider
from appconfig_env.testing import override

from ..support.fakes import steadily
from ..support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from openfeature.client import OpenFeatureClient

    from ..support.fake_aws import FakeAws

FLAGS = "appconfig:shop/prod/flags"
# SDKs before 0.10 always wait.
set_and_wait = getattr(api, "set_provider_and_wait", api.set_provider)
CHECKOUT = {
    "enabled": True,
    "limit": 10,
    "ratio": 0.5,
    "title": "Buy",
    "beta": False,
    "regions": ["eu", "us"],
}


@pytest.fixture(autouse=True)
def no_provider_left() -> Iterator[None]:
    yield
    api.shutdown()


class Clock:
    """A clock that also moves the fake AWS's."""

    def __init__(self, aws: FakeAws) -> None:
        self.at = 1_000_000.0
        self._aws = aws

    def __call__(self) -> float:
        return self.at

    def tick(self, seconds: float) -> None:
        self.at += seconds
        self._aws.forward(seconds)


class Shop:
    """A function with its own helper, and the fake AWS that it reads."""

    def __init__(self, aws: FakeAws, folder: Path, sources: str = FLAGS) -> None:
        self.aws = aws
        self.clock = Clock(aws)
        environ = {
            **aws.environ(),
            "APPCONFIG_ENV_SOURCES": sources,
            "APPCONFIG_ENV_SNAPSHOT": str(folder / "snapshot.json"),
            # Longer than any test takes, on any machine.
            "AWS_APPCONFIG_EXTENSION_POLL_TIMEOUT_MILLIS": "60s",
            "APPCONFIG_ENV_DEADLINE_SECONDS": "60",
        }
        self.helper = Helper(environ, now=self.clock, jitter=steadily)

    def put(self, profile: str = "flags", **flags: Any) -> None:
        self.aws.put_profile("shop", "prod", profile, flags, label="v1")

    def client(self, source: str | None = None) -> OpenFeatureClient:
        return client_of(AppConfigProvider(source, helper=self.helper))


@pytest.fixture
def shop(fake_aws: FakeAws, tmp_path: Path) -> Shop:
    shop = Shop(fake_aws, tmp_path)
    shop.put(checkout=CHECKOUT, search={"enabled": False})
    return shop


def client_of(provider: AppConfigProvider) -> OpenFeatureClient:
    set_and_wait(provider)
    return api.get_client()


def test_a_boolean_is_whether_the_flag_is_enabled(shop: Shop) -> None:
    client = shop.client()

    on = client.get_boolean_details("checkout", default_value=False)
    off = client.get_boolean_details("search", default_value=True)

    assert (on.value, on.reason, on.error_code) == (True, Reason.STATIC, None)
    assert (off.value, off.reason, off.error_code) == (False, Reason.DISABLED, None)
    assert on.flag_metadata == {"source": FLAGS, "version": "v1"}
    assert on.variant is None


def test_attributes_have_their_json_types(shop: Shop) -> None:
    client = shop.client()

    assert client.get_integer_value("checkout.limit", 1) == 10
    assert client.get_float_value("checkout.ratio", 1.0) == 0.5
    assert client.get_string_value("checkout.title", "") == "Buy"
    assert client.get_boolean_value("checkout.beta", default_value=True) is False
    assert client.get_object_value("checkout.regions", []) == ["eu", "us"]
    attributes = {name: value for name, value in CHECKOUT.items() if name != "enabled"}
    assert client.get_object_value("checkout", {}) == attributes


def test_an_integer_is_converted_if_a_float_is_requested(shop: Shop) -> None:
    value = shop.client().get_float_value("checkout.limit", 1.5)

    assert value == 10
    assert isinstance(value, float)


@pytest.mark.parametrize("name", ["limit", "ratio", "title", "beta", "regions"])
def test_an_attribute_of_another_type_is_a_mismatch_without_its_value(
    shop: Shop, name: str
) -> None:
    client = shop.client()
    key = f"checkout.{name}"
    by_attribute = {
        "limit": client.get_string_details(key, "default"),
        "ratio": client.get_integer_details(key, 7),
        "title": client.get_object_details(key, {}),
        "beta": client.get_integer_details(key, 7),
        "regions": client.get_boolean_details(key, default_value=True),
    }
    details = by_attribute[name]

    assert details.value in ("default", 7, {}, True)
    assert (details.reason, details.error_code) == (Reason.ERROR, ErrorCode.TYPE_MISMATCH)
    assert str(CHECKOUT[name]) not in str(details.error_message)


def test_a_flag_as_a_string_is_a_mismatch_that_explains_attribute_keys(shop: Shop) -> None:
    details = shop.client().get_string_details("checkout", "default")

    assert (details.value, details.error_code) == ("default", ErrorCode.TYPE_MISMATCH)
    assert "checkout.NAME" in str(details.error_message)


@pytest.mark.parametrize("key", ["missing", "missing.limit", "checkout.missing", ""])
def test_a_flag_or_attribute_that_no_profile_has_is_not_found(shop: Shop, key: str) -> None:
    details = shop.client().get_integer_details(key, 5)

    assert (details.value, details.reason) == (5, Reason.ERROR)
    assert details.error_code == ErrorCode.FLAG_NOT_FOUND


def test_attributes_of_a_disabled_flag_are_the_defaults(shop: Shop) -> None:
    client = shop.client()

    number = client.get_integer_details("search.limit", 5)
    whole = client.get_object_details("search", {"limit": 5})

    assert (number.value, number.reason, number.error_code) == (5, Reason.DISABLED, None)
    assert (whole.value, whole.reason) == ({"limit": 5}, Reason.DISABLED)


def test_a_variant_is_named_and_counts_as_targeting(shop: Shop) -> None:
    shop.put(checkout={**CHECKOUT, "_variant": "few"})
    details = shop.client().get_integer_details("checkout.limit", 1)

    assert (details.variant, details.reason) == ("few", Reason.TARGETING_MATCH)


def test_a_member_that_is_not_a_flag_is_not_found(shop: Shop) -> None:
    shop.put(checkout={"limit": 1}, other="text")
    client = shop.client()

    for key in ("checkout", "other"):
        details = client.get_boolean_details(key, default_value=True)
        assert details.error_code == ErrorCode.FLAG_NOT_FOUND


def test_after_a_failed_refresh_values_are_stale_until_one_succeeds(shop: Shop) -> None:
    client = shop.client()
    shop.aws.deny("GetLatestConfiguration")
    shop.clock.tick(60)
    stale = client.get_integer_details("checkout.limit", 1)
    off = client.get_boolean_details("search", default_value=True)
    shop.aws.recover()
    shop.clock.tick(3600)
    recovered = client.get_integer_details("checkout.limit", 1)

    assert (stale.value, stale.reason, stale.error_code) == (10, "STALE", None)
    assert (off.value, off.reason) == (False, "STALE")
    assert (recovered.value, recovered.reason) == (10, Reason.STATIC)


def test_a_profile_that_cannot_be_read_is_an_error_and_not_a_missing_flag(
    fake_aws: FakeAws, tmp_path: Path
) -> None:
    shop = Shop(fake_aws, tmp_path)
    details = shop.client().get_boolean_details("checkout", default_value=True)

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


def test_a_provider_that_is_initialized_again_listens_once(shop: Shop) -> None:
    listeners: list[object] = []

    class Listened(Helper):
        """A helper that records its listeners."""

        def on_change(self, callback: Any) -> Any:
            listeners.append(callback)
            return super().on_change(callback)

    helper = Listened(shop.helper.environ, now=shop.clock, jitter=steadily)
    provider = AppConfigProvider(helper=helper)
    for _ in range(2):
        provider.initialize(EvaluationContext())
    assert len(listeners) == 1


def test_a_provider_that_was_shut_down_does_not_disturb_refreshes(shop: Shop) -> None:
    shop.client()
    api.shutdown()
    shop.put(checkout={"enabled": False})
    shop.clock.tick(60)

    assert "CHECKOUT_ENABLED" in shop.helper.refresh()


def test_invalid_settings_are_fatal(fake_aws: FakeAws, tmp_path: Path) -> None:
    shop = Shop(fake_aws, tmp_path, "smm:/shop/prod/")
    provider = AppConfigProvider(helper=shop.helper)
    with pytest.raises(ProviderFatalError):
        provider.initialize(EvaluationContext())
    details = provider.resolve_boolean_details("checkout", default_value=True)

    assert details.error_code == ErrorCode.PROVIDER_FATAL
    assert "smm:" in str(details.error_message)


def test_a_source_that_is_not_configured_is_fatal(shop: Shop) -> None:
    provider = AppConfigProvider("appconfig:shop/prod/other", helper=shop.helper)
    with pytest.raises(ProviderFatalError) as caught:
        provider.initialize(EvaluationContext())

    assert "APPCONFIG_ENV_SOURCES" in str(caught.value.error_message)


@pytest.mark.parametrize("source", ["ssm:/shop/prod/", "shop/prod/flags", f"{FLAGS}#checkout"])
def test_a_source_that_is_not_a_profile_is_an_error_at_once(source: str) -> None:
    with pytest.raises(SettingsError, match="appconfig:APP/ENV/PROFILE"):
        AppConfigProvider(source)


def test_asynchronous_evaluation_works(shop: Shop) -> None:
    client = shop.client()

    assert asyncio.run(client.get_integer_value_async("checkout.limit", 1)) == 10


def test_overridden_flags_are_evaluated_and_others_are_not_found() -> None:
    client = client_of(AppConfigProvider())

    with override(flags={"checkout": {"limit": 3}, "search": False}):
        assert client.get_boolean_value("checkout", default_value=False) is True
        assert client.get_integer_value("checkout.limit", 1) == 3
        assert client.get_boolean_details("search", default_value=True).reason == Reason.DISABLED
        missing = client.get_boolean_details("missing", default_value=True)
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

    assert len(blocks) == 2
    assert callable(names["handler"])
