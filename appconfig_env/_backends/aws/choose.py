"""Chooses the client for AWS, by one rule."""

from __future__ import annotations

from ..._config.aws import STANDARD_PROXIES
from . import credentials, services
from .backend import AwsBackend

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

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
        region=settings.service_region,
        role_arn=settings.role_arn,
        client_calls=calls,
    )


def client(
    settings: AwsSettings, environ: Mapping[str, str], calls: list[Call] | None = None
) -> Client:
    """Return the lean client if it suffices, else boto3's.

    Args:
        settings: how to call AWS.
        environ: contains the credentials.
        calls: see `client.Client`.
    """
    if reason_for_boto3(settings, environ):
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
    if not settings.service_region:
        return "no AWS_REGION"
    if not services.dns_suffix(settings.service_region):
        return f"Region {settings.service_region}"
    if settings.use_fips:
        return "AWS_USE_FIPS_ENDPOINT"
    if settings.use_dualstack:
        return "AWS_USE_DUALSTACK_ENDPOINT"
    if settings.proxy_url.lower().startswith("https:"):
        return "a proxy that is itself reached by TLS"
    if not settings.proxy_url and any(environ.get(name) for name in STANDARD_PROXIES):
        return "HTTP_PROXY or HTTPS_PROXY"
    return ""
