"""Parses the SDK's variables and those of AWS's extension into AwsSettings; pure."""

from __future__ import annotations

from .._http.url import Url
from .environ import CORRECT, is_in_lambda

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "AWS_APPCONFIG_EXTENSION_"
ENDPOINT_VARIABLES = {
    "appconfigdata": "AWS_ENDPOINT_URL_APPCONFIGDATA",
    "ssm": "AWS_ENDPOINT_URL_SSM",
    "secretsmanager": "AWS_ENDPOINT_URL_SECRETS_MANAGER",
    "sts": "AWS_ENDPOINT_URL_STS",
}
# What identifies the caller outside Lambda; key IDs, never secret keys.
_PRINCIPALS: tuple[str, ...] = (
    "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_ROLE_ARN",
    "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE",
)  # fmt: skip
# The first one leaves it to the environment, see _backends/aws/choose.py.
CLIENTS = ("auto", "lean", "boto3")
STANDARD_PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")
# The settings of an Access: the role, its external ID, its session's name, the Region. AWS's own
# names hold for AppConfig alone, as AWS documents them.
OF_APPCONFIG = (
    PREFIX + "ROLE_ARN", PREFIX + "ROLE_EXTERNAL_ID", PREFIX + "ROLE_SESSION_NAME",
    PREFIX + "SERVICE_REGION",
)  # fmt: skip
OF_OTHERS = (
    "APPCONFIG_ENV_ROLE_ARN", "APPCONFIG_ENV_ROLE_EXTERNAL_ID", "APPCONFIG_ENV_ROLE_SESSION_NAME",
    "APPCONFIG_ENV_SERVICE_REGION",
)  # fmt: skip


class Access:
    """The Region in which a service is called, and the role that is assumed for it.

    Attributes:
        region: the Region to read from; empty if only boto3 may know it.
        role_arn, external_id, session_name: the role to assume; the first is empty for none.
        role_setting: the setting that names the role.
    """

    __slots__ = ("external_id", "region", "role_arn", "role_setting", "session_name")

    def __init__(
        self,
        *,
        region: str = "",
        role_arn: str = "",
        external_id: str = "",
        session_name: str = "",
        role_setting: str = "",
    ) -> None:
        self.region = region
        self.role_arn = role_arn
        self.external_id = external_id
        self.session_name = session_name or "appconfig-env"
        self.role_setting = role_setting

    @property
    def role(self) -> tuple[str, str, str]:
        """All that identifies the role's session: services with equal ones share credentials."""
        return self.role_arn, self.external_id, self.session_name

    def identity(self) -> list[str]:
        """See `AwsSettings.identity`."""
        return [self.region, self.role_arn, self.external_id]


class AwsSettings:
    """Endpoints, Regions, roles and proxy for calls to AWS.

    Attributes:
        region: the function's own Region, where roles are assumed; empty if only boto3 may
            know it.
        appconfig: Region and role for AppConfig.
        others: Region and role for Parameter Store and Secrets Manager.
        endpoints: URL by service, for services with a configured endpoint.
        ca_bundle: a file of trust anchors; empty for the system's.
        use_fips, use_dualstack: the kind of endpoint.
        proxy_url, proxy_headers: the proxy for all calls; empty for none.
        max_connections: concurrent connections per service.
        client: which client makes the calls, one of CLIENTS.
        principal: the caller, as far as the environment identifies it; different principals may
            see different values.
    """

    __slots__ = (
        "appconfig", "ca_bundle", "client", "endpoints", "max_connections", "others", "principal",
        "proxy_headers", "proxy_url", "region", "use_dualstack", "use_fips",
    )  # fmt: skip

    def __init__(
        self,
        *,
        region: str = "",
        appconfig: Access | None = None,
        others: Access | None = None,
        endpoints: Mapping[str, str] | None = None,
        ca_bundle: str = "",
        use_fips: bool = False,
        use_dualstack: bool = False,
        proxy_url: str = "",
        proxy_headers: tuple[tuple[str, str], ...] = (),
        max_connections: int = 3,
        client: str = CLIENTS[0],
        principal: tuple[str, ...] = (),
    ) -> None:
        self.region = region
        self.appconfig = appconfig or Access(region=region)
        self.others = others or Access(region=region)
        self.endpoints = dict(endpoints or {})
        self.ca_bundle = ca_bundle
        self.use_fips = use_fips
        self.use_dualstack = use_dualstack
        self.proxy_url = proxy_url
        self.proxy_headers = proxy_headers
        self.max_connections = max_connections
        self.client = client
        self.principal = principal

    def access(self, service: str) -> Access:
        """Return the Region and role for calls to `service`, one of ENDPOINT_VARIABLES."""
        return self.appconfig if service == "appconfigdata" else self.others

    def identity(self) -> list[object]:
        """The part that determines which values are read; if equal, a snapshot may be shared."""
        return [
            sorted(self.endpoints.items()),
            self.appconfig.identity(),
            self.others.identity(),
            self.principal,
        ]


def from_environ(
    environ: Mapping[str, str], problems: list[str], *, client: str = CLIENTS[0]
) -> AwsSettings:
    """Parse the settings in `environ`; append every error to `problems`."""
    region = environ.get("AWS_REGION", "") or environ.get("AWS_DEFAULT_REGION", "")
    return AwsSettings(
        region=region,
        appconfig=_access(environ, OF_APPCONFIG, region, problems),
        others=_access(environ, OF_OTHERS, region, problems),
        endpoints=_endpoints(environ, problems),
        ca_bundle=environ.get("AWS_CA_BUNDLE", ""),
        use_fips=_flag(environ, "AWS_USE_FIPS_ENDPOINT", problems),
        use_dualstack=_flag(environ, "AWS_USE_DUALSTACK_ENDPOINT", problems),
        proxy_url=_url(environ, PREFIX + "PROXY_URL", problems),
        proxy_headers=_proxy_headers(environ, problems),
        max_connections=_max_connections(environ, problems),
        client=client,
        principal=_principal(environ),
    )


def _principal(environ: Mapping[str, str]) -> tuple[str, ...]:
    # Lambda may issue new keys when it runs init again; the function remains the same.
    names = _PRINCIPALS
    if is_in_lambda(environ):
        names = ("AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION")
    return tuple(environ.get(name, "") for name in names)


def _endpoints(environ: Mapping[str, str], problems: list[str]) -> dict[str, str]:
    if _flag(environ, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", problems):
        return {}
    general = _url(environ, "AWS_ENDPOINT_URL", problems)
    own = {name: _url(environ, variable, problems) for name, variable in ENDPOINT_VARIABLES.items()}
    return {name: url or general for name, url in own.items() if url or general}


def _url(environ: Mapping[str, str], name: str, problems: list[str]) -> str:
    text = environ.get(name, "")
    try:
        is_good = not text or not Url(text).query
    except ValueError:
        is_good = False
    if not is_good:
        # A proxy URL may hold a password, so the message does not repeat it.
        problems.append(f"{name}: expected a URL such as https://host:port; {CORRECT}")
        return ""
    return text


def _flag(environ: Mapping[str, str], name: str, problems: list[str]) -> bool:
    """Whether a switch of the SDK is on; botocore takes every other text for false, silently."""
    raw = environ.get(name, "").lower()
    if raw not in ("", "true", "false"):
        problems.append(f"{name}: expected true or false, got {environ[name]!r}; {CORRECT}")
    return raw == "true"


def _access(
    environ: Mapping[str, str], names: tuple[str, str, str, str], region: str, problems: list[str]
) -> Access:
    role, external_id, session_name, own_region = names
    return Access(
        region=environ.get(own_region, "") or region,
        role_arn=_role_arn(environ, role, problems),
        external_id=environ.get(external_id, ""),
        session_name=environ.get(session_name, ""),
        role_setting=role,
    )


def _role_arn(environ: Mapping[str, str], name: str, problems: list[str]) -> str:
    raw = environ.get(name, "")
    fields = raw.split(":", 5)
    if raw and (len(fields) != 6 or fields[0] != "arn" or not fields[5].startswith("role/")):
        problems.append(f"{name}: expected arn:aws:iam::ACCOUNT:role/NAME, got {raw!r}; {CORRECT}")
    return raw


def _proxy_headers(environ: Mapping[str, str], problems: list[str]) -> tuple[tuple[str, str], ...]:
    raw = environ.get(PREFIX + "PROXY_HEADERS", "")
    headers: list[tuple[str, str]] = []
    for item in raw.split(",") if raw.strip() else ():
        name, colon, value = item.partition(":")
        name, value = name.strip(), value.strip()
        token = name.replace("-", "").replace("_", "")
        if not (
            colon
            and token.isascii()
            and token.isalnum()
            and value.isascii()
            and value.isprintable()
        ):
            problems.append(
                f"{PREFIX}PROXY_HEADERS: expected 'name: value' pairs separated by commas; "
                # The text of a pair may be a credential.
                f"pair {len(headers) + 1} is invalid; {CORRECT}"
            )
            return ()
        headers.append((name, value))
    return tuple(headers)


def _max_connections(environ: Mapping[str, str], problems: list[str]) -> int:
    raw = environ.get(PREFIX + "MAX_CONNECTIONS", "") or "3"
    number = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 10 else 0
    if not 1 <= number <= 1000:
        problems.append(
            f"{PREFIX}MAX_CONNECTIONS: expected an integer from 1 to 1000, got {raw!r}; {CORRECT}"
        )
        return 3
    return number
