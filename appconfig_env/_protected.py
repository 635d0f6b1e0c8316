"""The names that no source may set: who can write a parameter must not be able to run code."""

from __future__ import annotations

# Lambda's own, which a function cannot configure either (Lambda Developer Guide, "Defined runtime
# environment variables"); those that begin with an underscore are covered by the rule below.
_RESERVED = frozenset({
    "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV", "AWS_REGION", "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
})  # fmt: skip

_NAMES = _RESERVED | {
    # Who the function is to AWS, and where its SDKs connect and whom they trust (AWS SDKs and Tools
    # Reference Guide).
    "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_CA_BUNDLE", "AWS_CONFIG_FILE",
    "AWS_CREDENTIAL_EXPIRATION", "AWS_DATA_PATH", "AWS_DEFAULT_PROFILE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_PROFILE", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME",
    "AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY", "AWS_SECURITY_TOKEN", "AWS_SERVICE_REGION",
    "AWS_SESSION_TOKEN", "AWS_SHARED_CREDENTIALS_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE",
    "BOTO_CONFIG", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSLKEYLOGFILE", "SSL_CERT_DIR",
    "SSL_CERT_FILE", "OPENSSL_CONF", "OPENSSL_ENGINES", "OPENSSL_MODULES",
    # Where programs and shells look for code (POSIX; bash(1); glibc's ld.so(8), iconv(1)).
    "BASHOPTS", "BASH_ENV", "BROWSER", "CDPATH", "EDITOR", "GCONV_PATH", "GETCONF_DIR",
    "GLIBC_TUNABLES", "HOME", "HOSTALIASES", "IFS", "LOCPATH", "MALLOC_TRACE", "NLSPATH", "PAGER",
    "PATH", "PROMPT_COMMAND", "PS0", "PS1", "PS4", "RES_OPTIONS", "SHELL", "SHELLOPTS", "VISUAL",
    # Node.js (node(1), "Environment variables").
    "NODE_EXTRA_CA_CERTS", "NODE_OPTIONS", "NODE_PATH", "NODE_REPL_EXTERNAL_MODULE",
    "NODE_TLS_REJECT_UNAUTHORIZED",
    # Java (JDK "Troubleshooting Guide": JAVA_TOOL_OPTIONS, JDK_JAVA_OPTIONS).
    "CLASSPATH", "JAVA_HOME", "JAVA_OPTIONS", "JAVA_OPTS", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS",
    # Ruby (ruby(1)), Perl (perlrun(1)), PHP, .NET profilers.
    "BUNDLE_GEMFILE", "GEM_HOME", "GEM_PATH", "JRUBY_OPTS", "RUBYGEMS_GEMDEPS", "RUBYLIB",
    "RUBYOPT", "RUBYSHELL", "PERL5DB", "PERL5LIB", "PERL5OPT", "PERLLIB", "PHPRC",
    "PHP_INI_SCAN_DIR", "COR_ENABLE_PROFILING",
    # Commands that git runs (git(1)).
    "GIT_ASKPASS", "GIT_EDITOR", "GIT_EXEC_PATH", "GIT_EXTERNAL_DIFF", "GIT_PAGER",
    "GIT_PROXY_COMMAND", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_TEMPLATE_DIR",
    # What this package itself reads, beside the prefixes below.
    "APP_PARAMS_PATH", "SECRETS_MANAGER_TTL", "SSM_PARAMETER_STORE_TTL",
}  # fmt: skip

_PREFIXES = (
    "_",
    "LD_",
    "DYLD_",
    "PYTHON",
    "DOTNET_",
    "CORECLR_",
    "COR_PROFILER",
    "COMPlus_",
    "BASH_FUNC_",
    "GIT_CONFIG",
    "AWS_LAMBDA_",
    "AWS_CONTAINER_",
    "AWS_EC2_METADATA_",
    "AWS_ENDPOINT_URL",
    # What is read, by this package and by AWS's extension.
    "APPCONFIG_ENV_",
    "AWS_APPCONFIG_EXTENSION_",
    "PARAMETERS_SECRETS_EXTENSION_",
)


def is_protected(name: str) -> bool:
    """Whether a source may not set this variable."""
    return name in _NAMES or name.startswith(_PREFIXES)
