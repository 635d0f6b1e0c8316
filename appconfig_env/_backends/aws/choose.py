"""Chooses the client for AWS, by one rule."""

from __future__ import annotations

from ..._config.aws import STANDARD_PROXIES
from . import credentials, services
from .backend import AwsBackend
from .errors import MISCONFIGURED, AwsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import NoReturn

    from ..._config.aws import AwsSettings
    from ..calls import Call
    from .client import Client


def backend(
    settings: AwsSettings, environ: Mapping[str, str], *, records_all: bool = False
) -> AwsBackend:
    """Return the backend that reads from AWS.

    Args:
        settings: how to call AWS.
        environ: contains the credentials.
        records_all: whether to record all calls, not only those that fail.
    """
    calls: list[Call] | None = [] if records_all else None
    return AwsBackend(
        client(settings, environ, calls),
        settings.max_connections,
        settings=settings,
        client_calls=calls,
    )


def client(
    settings: AwsSettings, environ: Mapping[str, str], calls: list[Call] | None = None
) -> Client:
    """Return the client that the settings name; by default the lean one if it suffices.

    Args:
        settings: how to call AWS.
        environ: contains the credentials.
        calls: see `client.Client`.
    """
    reason = reason_for_boto3(settings, environ)
    if reason and settings.client == "lean":
        return _NoClient(reason)
    if reason or settings.client == "boto3":
        # 200 ms of imports and models: the reason for the lean client.
        from .boto3_client import Boto3Client

        return Boto3Client(settings, calls)
    from .lean_client import LeanClient  # of no use with boto3, which sends its own requests

    return LeanClient(settings, environ, calls=calls)


def reason_for_boto3(settings: AwsSettings, environ: Mapping[str, str]) -> str:
    """Return the reason why boto3 is needed; empty if the lean client suffices.

    The lean client signs with credentials that the environment contains or points to, in a Region
    that the environment names, at AWS's standard endpoints or configured ones, directly or through
    the proxy of `AWS_APPCONFIG_EXTENSION_PROXY_URL`. Everything else needs boto3.
    """
    if not credentials.has_own(environ):
        return "no credentials in the environment"
    if environ.get("AWS_PROFILE"):
        return "AWS_PROFILE"
    for region in (settings.appconfig.region, settings.others.region):
        if not region:
            return "no AWS_REGION"
        if not services.dns_suffix(region):
            return f"Region {region}"
    if settings.use_fips:
        return "AWS_USE_FIPS_ENDPOINT"
    if settings.use_dualstack:
        return "AWS_USE_DUALSTACK_ENDPOINT"
    if settings.proxy_url.lower().startswith("https:"):
        return "a proxy that is itself reached by TLS"
    if not settings.proxy_url and any(environ.get(name) for name in STANDARD_PROXIES):
        return "HTTP_PROXY or HTTPS_PROXY"
    return ""


class _NoClient:
    """The lean client where it does not suffice: each call fails, and none goes to another account.

    Args:
        reason: what it cannot do.
    """

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def call(self, *_: object, **__: object) -> NoReturn:
        """See `client.Client.call`."""
        problem = f"APPCONFIG_ENV_CLIENT=lean: these settings need boto3 ({self._reason})"
        raise AwsError("", MISCONFIGURED, f"{problem}; set it to auto", is_final=True)

    def close(self) -> None:
        """See `client.Client.close`."""
