"""A function with feature flags, its own helper and OpenFeature's client."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from openfeature import api
from openfeature.exception import OpenFeatureError

from appconfig_env._helper.helper import Helper
from appconfig_env.openfeature import AppConfigProvider

from ...support.fakes import AwsClock, steadily

if TYPE_CHECKING:
    from pathlib import Path

    from openfeature.client import OpenFeatureClient
    from openfeature.event import ProviderEvent, ProviderEventDetails

    from ...support.fake_aws import FakeAws

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


class Shop:
    """A function with its own helper, and the fake AWS that it reads."""

    def __init__(self, aws: FakeAws, folder: Path, sources: str = FLAGS) -> None:
        self.aws = aws
        self.clock = AwsClock(aws)
        environ = {
            **aws.environ(),
            "AWS_LAMBDA_FUNCTION_NAME": "shop",
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

    def provider(self, source: str | None = None) -> Recorded:
        """Return a provider that the SDK has initialized, as far as that was possible."""
        provider = Recorded(source, helper=self.helper)
        with suppress(OpenFeatureError):  # SDKs before 0.10 do not raise it
            set_and_wait(provider)
        return provider

    def fail(self) -> None:
        """Let every further poll fail."""
        self.aws.deny("GetLatestConfiguration")
        self.aws.deny("StartConfigurationSession")


class Recorded(AppConfigProvider):
    """A provider that records its own events, in order: the SDK's handlers run in threads."""

    def __init__(self, source: str | None, *, helper: Helper) -> None:
        super().__init__(source, helper=helper)
        self.events: list[tuple[ProviderEvent, ProviderEventDetails]] = []

    def emit(self, event: ProviderEvent, details: ProviderEventDetails) -> None:
        self.events.append((event, details))
        super().emit(event, details)

    def names(self) -> list[str]:
        """Return the names of the events, without PROVIDER_."""
        return [event.value.removeprefix("PROVIDER_") for event, _ in self.events]


def client_of(provider: AppConfigProvider) -> OpenFeatureClient:
    set_and_wait(provider)
    return api.get_client()


def status() -> str:
    """Return the SDK's status of the provider."""
    return api.get_client().get_provider_status().value
