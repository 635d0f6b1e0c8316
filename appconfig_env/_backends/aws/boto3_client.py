"""The client for what the lean client cannot do: boto3 finds credentials and makes the calls."""

from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore import xform_name
from botocore.config import Config
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialResolver,
    DeferredRefreshableCredentials,
)
from botocore.httpsession import ProxyConfiguration, URLLib3Session

from ..._http.connection import LARGEST_BODY_BYTES
from ..._http.errors import BETWEEN, NO_BUNDLE
from .boto3_errors import (
    BrokenResponseError,
    aws_error,
    refuse_broken_response,
    refuse_cut_headers,
    release,
    search_error,
)
from .errors import (
    INVALID_RESPONSE,
    MISCONFIGURED,
    NO_CREDENTIALS,
    AwsError,
)
from .services import SERVICES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..._config.aws import Access, AwsSettings
    from ..calls import Call

# A client's timeout cannot be changed, so there is one client for each of these that is needed.
TIMEOUTS = (1.0, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0)
_READ_BYTES = 1024 * 1024


class Boto3Client:
    """See `client.Client`."""

    def __init__(self, settings: AwsSettings, calls: list[Call] | None = None) -> None:
        self._settings = settings
        self._calls = calls
        self._lock = threading.Lock()  # sessions are not safe to share, clients are
        self._own: Any = None  # the session of the user's own configuration
        self._sessions: dict[tuple[str, str, str], Any] = {}  # with credentials, by role
        self._failure: AwsError | None = None  # why there is no session, until `close`
        self._clients: dict[tuple[str, str, float], Any] = {}
        self._closers: list[Callable[[], None]] = []

    def call(
        self, operation: str, parameters: Mapping[str, Any], *, timeout: float, region: str = ""
    ) -> dict[str, Any]:
        """See `client.Client.call`; `timeout` bounds each of connecting and waiting for bytes."""
        host = ""
        client: Any = None
        failure: AwsError | None = None
        response: dict[str, Any] = {}
        try:
            client = self._client(operation, region, timeout)
            host = client.meta.endpoint_url.partition("://")[2].partition("/")[0]
            response = getattr(client, xform_name(operation))(**parameters)
            if operation == "GetLatestConfiguration":
                # Not `with` on the body itself: that yields the stream below it, which accepts half
                # a body as complete.
                with closing(response["Configuration"]) as body:
                    response["Configuration"] = whole = _whole(body)
                about = response["ResponseMetadata"]
                refuse_cut_headers(about["HTTPStatusCode"], about["HTTPHeaders"], whole)
        except AwsError as error:
            self._locate(error, operation, region)
            raise
        except Exception as error:  # noqa: BLE001 - botocore's errors have no common base, and none may leave
            failure = aws_error(operation, host, error)
            release(error)
            self._locate(failure, operation, client.meta.region_name if client else region)
        if failure is not None:
            raise failure  # here, where it has no __context__: "from None" would only hide it
        metadata = response.pop("ResponseMetadata", {})
        if self._calls is not None:
            from .boto3_recording import request_id  # only for debug and trace

            region = client.meta.region_name or ""
            response["ResponseMetadata"] = {"RequestId": request_id(metadata), "Region": region}
        return response

    def close(self) -> None:
        """See `client.Client.close`."""
        with self._lock:
            self._failure = None
            closers = list(self._closers)
        for close in closers:
            close()

    def _locate(self, error: AwsError, operation: str, region: str) -> None:
        access = self._settings.access(SERVICES[operation])
        if error.operation == "AssumeRole":
            region = self._settings.region
        error.locate(region or access.region, access)

    def _client(self, operation: str, region: str, timeout: float) -> Any:
        service = SERVICES[operation]
        seconds = next((bound for bound in TIMEOUTS if bound >= timeout), TIMEOUTS[-1])
        with self._lock:
            client = self._clients.get((service, region, seconds))
            if client is None:
                access = self._settings.access(service)
                region_name = region or access.region or self._own_region()
                session = self._session(access)
                client = self._new_client(session, service, region_name, seconds)
                self._clients[service, region, seconds] = client
            return client

    def _own_region(self) -> str:
        """Return the Region of the user's own configuration.

        Raises:
            AwsError: there is none; another service may have one of its own.
        """
        region = self._searched(lambda: self._own_session().region_name)
        if not region:
            message = "no Region; set AWS_REGION, or region in the profile of AWS_PROFILE"
            raise AwsError("", MISCONFIGURED, message)
        return str(region)

    def _session(self, access: Access) -> Any:
        """Return a session with credentials: the user's own, or those of the role.

        Raises:
            AwsError: there are none.
        """
        if access.role not in self._sessions:
            self._sessions[access.role] = self._searched(lambda: self._new_session(access))
        return self._sessions[access.role]

    def _searched(self, find: Callable[[], Any]) -> Any:
        """Return what `find` finds; a failure is kept until `close`."""
        found: Any = None
        if self._failure is None:
            try:
                found = find()
            except Exception as error:  # noqa: BLE001 - a credential process may do anything
                # A failing search takes seconds (on a host without an instance role): one per call
                # would use up the deadline, and the error would not name what is missing.
                self._failure = search_error(error).bare()
                release(error)
                if not self._sessions:  # then everything that is open belongs to this search
                    self._own = None
                    closers, self._closers = self._closers, []
                    for close in closers:
                        close()
        if self._failure is not None:
            raise self._failure.bare()
        return found

    def _own_session(self) -> Any:
        if self._own is None:
            self._own = self._bare_session()
        return self._own

    def _new_session(self, access: Access) -> Any:
        session = self._own_session()
        if session.get_credentials() is None:
            remedy = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            raise AwsError("", NO_CREDENTIALS, f"no credentials found; {remedy}")
        if not access.role_arn:
            return session
        return self._bare_session(_Role(self._role_credentials(session, access)))

    def _bare_session(self, provider: _Role | None = None) -> Any:
        settings = self._settings
        core = botocore.session.get_session()
        # The default of newer versions: older ones call another Region, which a VPC may not allow.
        core.set_config_variable("sts_regional_endpoints", "regional")
        proxies = {"http": settings.proxy_url, "https": settings.proxy_url}
        # Also for the clients with which botocore itself finds credentials.
        core.set_default_client_config(Config(proxies=proxies if settings.proxy_url else None))
        if provider is not None:
            core.register_component("credential_provider", CredentialResolver([provider]))
        else:
            self._closers.append(lambda: _close_search(core))
        return boto3.Session(botocore_session=core)

    def _role_credentials(self, session: Any, access: Access) -> Any:
        named = {"RoleSessionName": access.session_name}
        if access.external_id:
            named["ExternalId"] = access.external_id
        region = self._settings.region or access.region or session.region_name

        def sts(service: str, **keys: str) -> Any:
            client = self._new_client(session, service, region, TIMEOUTS[3], **keys)
            if self._calls is not None:
                from .boto3_recording import record_role  # only for debug and trace

                record_role(client, self._calls)
            return client

        role = AssumeRoleCredentialFetcher(
            sts, session.get_credentials(), access.role_arn, extra_args=named
        )
        return DeferredRefreshableCredentials(role.fetch_credentials, "assume-role")

    def _new_client(
        self, session: Any, service: str, region: str, seconds: float, **keys: str
    ) -> Any:
        settings = self._settings
        if settings.ca_bundle and not Path(settings.ca_bundle).exists():
            problem = f"AWS_CA_BUNDLE: no certificates in {settings.ca_bundle!r} (no such file)"
            raise AwsError("", MISCONFIGURED, f"{problem}; {NO_BUNDLE}", is_final=True)
        client = session.client(
            service,
            region_name=region,
            endpoint_url=settings.endpoints.get(service),
            verify=settings.ca_bundle or None,
            config=Config(
                connect_timeout=seconds,
                read_timeout=seconds,
                max_pool_connections=settings.max_connections,
                parameter_validation=False,  # botocore's errors would contain values
                retries={"total_max_attempts": 1},  # the only policy is in retry.py
                use_dualstack_endpoint=settings.use_dualstack or None,
                use_fips_endpoint=settings.use_fips or None,
                user_agent_extra="appconfig-env",
            ),
            **keys,
        )
        self._closers.append(client.close)
        if service != "sts":  # whose XML botocore itself refuses if it is incomplete
            client.meta.events.register("response-received", refuse_broken_response)
        if settings.proxy_url and settings.proxy_headers:
            self._send_with_proxy_headers(client, seconds)
        return client

    def _send_with_proxy_headers(self, client: Any, seconds: float) -> None:
        """Send with our own HTTP session: botocore has no setting for the headers."""
        settings = self._settings
        verify: Any = settings.ca_bundle or True  # a path or a bool
        session = URLLib3Session(
            verify=verify,
            timeout=(seconds, seconds),
            max_pool_connections=settings.max_connections,
        )
        # Private, and used only here: a botocore without it fails a test, and here gets an error.
        if not isinstance(getattr(session, "_proxy_config", None), ProxyConfiguration):
            message = (
                "this version of botocore cannot send AWS_APPCONFIG_EXTENSION_PROXY_HEADERS; "
                "install another version"
            )
            raise AwsError("", MISCONFIGURED, message)
        session._proxy_config = _Proxy(settings)  # noqa: SLF001
        client.meta.events.register("before-send", lambda request, **_: session.send(request))
        self._closers.append(session.close)


def _whole(body: Any) -> bytes:
    """Return a stream's bytes, as many as the lean client accepts.

    Raises:
        BrokenResponseError: there are more.
    """
    whole = bytearray()
    while piece := body.read(_READ_BYTES):
        whole += piece
        if len(whole) > LARGEST_BODY_BYTES:
            raise BrokenResponseError(INVALID_RESPONSE, f"a body that is too large; {BETWEEN}")
    return bytes(whole)


def _close_search(core: Any) -> None:
    """Close the connections on which the providers of a session asked for credentials.

    The endpoints of containers and instances are called without a client, through HTTP sessions
    that botocore never closes and that are part of reference cycles.
    """
    try:
        providers = core.get_component("credential_provider").providers
    except Exception:  # noqa: BLE001 - a profile that cannot be read: there was no search
        return
    for provider in providers:
        for name in ("_fetcher", "_role_fetcher"):
            session = getattr(getattr(provider, name, None), "_session", None)
            if isinstance(session, URLLib3Session):
                session.close()


class _Proxy(ProxyConfiguration):  # type: ignore[misc]
    """A proxy with the headers of the settings, in addition to the password in its URL."""

    def __init__(self, settings: AwsSettings) -> None:
        super().__init__({"http": settings.proxy_url, "https": settings.proxy_url})
        self._headers = dict(settings.proxy_headers)

    def proxy_headers_for(self, proxy_url: str) -> dict[str, str]:
        return {**super().proxy_headers_for(proxy_url), **self._headers}


class _Role:
    """A provider, in botocore's sense, of the assumed role's credentials."""

    METHOD = CANONICAL_NAME = "assume-role"

    def __init__(self, credentials: Any) -> None:
        self._credentials = credentials

    def load(self) -> Any:
        return self._credentials
