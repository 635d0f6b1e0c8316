"""What the reference says of each setting, option and field: words that the code does not have.

The names and the defaults come from the code, see tools/write_reference.py. Texts are Markdown as
in docs/reference.
"""

from __future__ import annotations

from typing import NamedTuple


class Setting(NamedTuple):
    """One row: variables that belong together; `default` is for what is not in the code."""

    names: tuple[str, ...]
    meaning: str
    default: str = ""


class Option(NamedTuple):
    """One row: how an option is shown, and what it means."""

    shown: str
    meaning: str


# The settings of this package alone.
OURS = (
    Setting(
        ("APPCONFIG_ENV_SOURCES",),
        "what to read: references separated by white space",
    ),
    Setting(
        ("APPCONFIG_ENV_REFERENCES",),
        "`no`: values of variables are not treated as references; a list of names: only these "
        "variables are, and each must be set to a reference",
    ),
    Setting(
        ("APPCONFIG_ENV_OVERWRITE",),
        "`yes`: lists can overwrite variables that you configured on the function",
    ),
    Setting(
        ("APPCONFIG_ENV_SNAPSHOT",),
        "where the snapshot is stored",
    ),
    Setting(
        ("APPCONFIG_ENV_DEADLINE_SECONDS",),
        "time limit for the whole prefetch, retries included (Lambda's init phase has 10)",
    ),
    Setting(
        ("APPCONFIG_ENV_ON_ERROR",),
        "`continue`: start without the sources that fail",
    ),
    Setting(
        ("APPCONFIG_ENV_FALLBACK",),
        "a snapshot shipped with the function, used when AWS cannot be reached or throttles, or "
        "when a proxy responds in its place",
    ),
    Setting(
        ("APPCONFIG_ENV_NEXT_WRAPPER",),
        "the wrapper to execute after this one, such as `/opt/otel-instrument`, see "
        "[Next to other wrappers](../integrations.md)",
    ),
    Setting(
        ("APPCONFIG_ENV_LOCAL_DIR",),
        "a folder to read instead of AWS, see [Local work](../guides/local-and-tests.md)",
    ),
    Setting(
        ("APPCONFIG_ENV_CLIENT",),
        "which client calls AWS, see [Lean client or "
        "boto3](../explanation/cold-start.md#lean-client-or-boto3): `lean`, `boto3`, or "
        "whichever the other settings need",
    ),
    Setting(
        ("APPCONFIG_ENV_AGENT_URL",),
        "AWS's own agent, such as `http://localhost:2772`, which then evaluates `flag(context=)`, "
        "see [Flags with variants](../variants.md#by-awss-own-agent)",
    ),
    Setting(
        ("APPCONFIG_ENV_METRICS",),
        "`emf`: write [metrics](../metrics.md) to standard output, one JSON line for each cold "
        "start and refresh",
    ),
    Setting(
        ("APPCONFIG_ENV_ROLE_ARN",),
        "the role to assume for Parameter Store and Secrets Manager, in this account or another",
    ),
    Setting(
        ("APPCONFIG_ENV_ROLE_EXTERNAL_ID",),
        "external ID for that role",
    ),
    Setting(
        ("APPCONFIG_ENV_ROLE_SESSION_NAME",),
        "session name for that role",
    ),
    Setting(
        ("APPCONFIG_ENV_SERVICE_REGION",),
        "another Region to read Parameter Store and Secrets Manager from, unless a reference is "
        "an ARN, which has its own",
        default="the function's",
    ),
)

# Those of AWS's two extensions, and of other secrets wrappers.
AWS_EXTENSIONS = (
    Setting(
        ("AWS_APPCONFIG_EXTENSION_PREFETCH_LIST",),
        "more AppConfig profiles, in the syntax of AWS's extension",
    ),
    Setting(
        ("AWS_APPCONFIG_EXTENSION_POLL_INTERVAL_SECONDS",),
        "AppConfig's poll interval: `45`, `45s`, `5m`, `1h`; the service's minimum is 15",
    ),
    Setting(
        ("AWS_APPCONFIG_EXTENSION_POLL_TIMEOUT_MILLIS",),
        "time limit for a refresh: `3000`, `300ms`, `5s`; if the last good read of a source "
        "took longer, half as much again as that, at most the deadline",
    ),
    Setting(
        ("AWS_APPCONFIG_EXTENSION_MAX_CONNECTIONS",),
        "concurrent connections, per service",
    ),
    Setting(
        ("AWS_APPCONFIG_EXTENSION_LOG_LEVEL",),
        "`trace`, `debug`, `info`, `warn`, `error`, `fatal`, `none`, see [Logs](logs.md)",
    ),
    Setting(
        ("AWS_APPCONFIG_EXTENSION_ROLE_ARN",),
        "the role to assume for AppConfig, in this account or another; for AppConfig alone, as "
        "in AWS's extension",
    ),
    Setting(
        ("AWS_APPCONFIG_EXTENSION_ROLE_EXTERNAL_ID",),
        "external ID for that role",
    ),
    Setting(
        ("AWS_APPCONFIG_EXTENSION_ROLE_SESSION_NAME",),
        "session name for that role",
    ),
    Setting(
        ("AWS_APPCONFIG_EXTENSION_SERVICE_REGION",),
        "another Region to read AppConfig from",
        default="the function's",
    ),
    Setting(
        ("AWS_APPCONFIG_EXTENSION_PROXY_URL",),
        "the proxy for all calls to AWS",
    ),
    Setting(
        ("AWS_APPCONFIG_EXTENSION_PROXY_HEADERS",),
        "headers that the proxy needs: `name: value, name: value`",
    ),
    Setting(
        ("SSM_PARAMETER_STORE_TTL",),
        "how long parameters stay fresh, in seconds",
    ),
    Setting(
        ("SECRETS_MANAGER_TTL",),
        "how long secrets stay fresh, in seconds",
    ),
    Setting(
        ("APP_PARAMS_PATH", "APP_ENV"),
        "a path of parameters, see [References](references.md)",
    ),
)

# Those of AWS's SDKs, of Lambda and of the system.
SDKS = (
    Setting(
        ("AWS_REGION", "AWS_DEFAULT_REGION"),
        "the Region; the second is used if the first is not set",
        default="Lambda's",
    ),
    Setting(
        ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
        "the credentials for calls to AWS",
        default="Lambda's",
    ),
    Setting(
        ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
        "where to get credentials if those are not set; the first takes precedence",
        default="the platform's",
    ),
    Setting(
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
        "the token that this endpoint requires, or a file that contains it; the file takes "
        "precedence",
        default="the platform's",
    ),
    Setting(
        (
            "AWS_PROFILE",
            "AWS_DEFAULT_PROFILE",
            "AWS_CONFIG_FILE",
            "AWS_SHARED_CREDENTIALS_FILE",
            "AWS_ROLE_ARN",
        ),
        "where [boto3](../explanation/cold-start.md#lean-client-or-boto3) finds credentials; "
        "outside Lambda, a snapshot that was read with other values is not used",
    ),
    Setting(
        (
            "AWS_ENDPOINT_URL",
            "AWS_ENDPOINT_URL_SSM",
            "AWS_ENDPOINT_URL_SECRETS_MANAGER",
            "AWS_ENDPOINT_URL_APPCONFIGDATA",
            "AWS_ENDPOINT_URL_STS",
        ),
        "custom endpoints; `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true` disables them",
        default="AWS's",
    ),
    Setting(
        ("AWS_CA_BUNDLE",),
        "a file of trust anchors",
        default="the system's",
    ),
    Setting(
        ("SSL_CERT_FILE", "SSL_CERT_DIR"),
        "the lean client's trust anchors if `AWS_CA_BUNDLE` is not set",
        default="OpenSSL's",
    ),
    Setting(
        ("HTTPS_PROXY", "HTTP_PROXY"),
        "also in lower case: the proxy that boto3 uses if `AWS_APPCONFIG_EXTENSION_PROXY_URL` "
        "is not set",
    ),
    Setting(
        ("AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"),
        "`true`: use that kind of endpoint",
    ),
    Setting(
        ("AWS_LAMBDA_LOG_FORMAT",),
        "`JSON`, in any case: the wrapper logs in JSON too, with [fields](logs.md)",
        default="Lambda's",
    ),
)

SETTINGS = (*OURS, *AWS_EXTENSIONS, *SDKS)

# The options of a reference.
OPTIONS = (
    Option(
        "prefix=DB_",
        "is added before each name",
    ),
    Option(
        "names=upper",
        "names are the relative path in upper case, with `/`, `-` and `.` replaced by `_` (the "
        "default, except for dotenv documents)",
    ),
    Option(
        "names=keep",
        "names are the last segment, unchanged (the default for dotenv documents)",
    ),
    Option(
        "join=__",
        "what joins nested levels in a name, letters, digits or underscores (default `_`): "
        "`/ConnectionStrings/Default` becomes `CONNECTIONSTRINGS__DEFAULT`, with `names=keep` "
        "`ConnectionStrings__Default`",
    ),
    Option(
        "as=NAME",
        "the whole document in one variable",
    ),
    Option(
        "env=no",
        "only for `get()` and `document()`, not in the environment: [loaded in the "
        "background](helper.md#background-loading-envno)",
    ),
    Option(
        "only=A,B",
        "set only these names; one that is missing is an error, or a warning if the source is "
        "optional",
    ),
    Option(
        "optional",
        "it is not an error if the source is missing or fails",
    ),
    Option(
        "default=VALUE",
        "the value to use if a single value is missing or cannot be read; for a whole secret or "
        "profile it sets one variable, named after it (`secretsmanager:prod/db?default=x` sets "
        "`DB=x`), and none of those that its JSON would set: give each `#KEY` its own",
    ),
    Option(
        "recursive=no",
        "only one level of a path",
    ),
    Option(
        "format=json",
        "`json`, `dotenv`, `yaml` (needs PyYAML: `appconfig-env[yaml]`), `text` or `binary`; by "
        "default, decided by the content type, then by trying JSON",
    ),
    Option(
        "stage=LABEL",
        "a secret's version by staging label, such as `AWSPREVIOUS`; the default is `AWSCURRENT`",
    ),
    Option(
        "version=ID",
        "a secret's version by ID; with `stage`, it must have that label",
    ),
    Option(
        "ttl=SECONDS",
        "how long the source stays fresh, for example `60`, `60s`, `5m` or `1h`; AppConfig's "
        "minimum is 15 seconds",
    ),
)
