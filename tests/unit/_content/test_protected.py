"""Protected names: variables that no source may set."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from appconfig_env._config.aws import ENDPOINT_VARIABLES
from appconfig_env._config.settings import AWS_PREFIX, HANDOFF, KNOWN, PREFIX
from appconfig_env._content import protected as _protected
from appconfig_env._content.protected import is_protected, is_proxy

from ...support.pythons import PYTHONS
from .protected_names import FAMILIES, FAMILIES_ANY_CASE, NAMES, PROXIES

# Lambda Developer Guide, "Defined runtime environment variables", the reserved ones.
RESERVED = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
    "AWS_LAMBDA_EXEC_WRAPPER",
    "_LAMBDA_TELEMETRY_LOG_FD",
]
RUNS_CODE = [
    "PATH",
    "LD_PRELOAD",
    "LD_LIBRARY_PATH",
    "LD_AUDIT",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "PYTHONHOME",
    "NODE_OPTIONS",
    "NODE_PATH",
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "_JAVA_OPTIONS",
    "CLASSPATH",
    "RUBYOPT",
    "RUBYLIB",
    "PERL5OPT",
    "PERL5LIB",
    "DOTNET_STARTUP_HOOKS",
    "CORECLR_PROFILER",
    "COMPlus_ProfAPI",
    "BASH_ENV",
    "SHELLOPTS",
    "IFS",
    "PS4",
    "GCONV_PATH",
    "GLIBC_TUNABLES",
    "GIT_SSH_COMMAND",
    "OPENSSL_CONF",
    "BROWSER",
]
# Synonyms of these and of the next ones, and the rest of a family.
SYNONYMS = [
    "TMPDIR", "TEMP", "TMP", "MAKEFLAGS", "GNUMAKEFLAGS", "MFLAGS", "LD_PRELOAD_32",
    "LD_LIBRARY_PATH_64", "LD_AUDIT_64", "LD_DEBUG_OUTPUT", "LD_PROFILE_OUTPUT", "LD_BIND_NOW",
    "LD_ORIGIN_PATH", "LD_AOUT_PRELOAD", "AWS_BEARER_TOKEN_BEDROCK", "AWS_BEARER_TOKEN_X",
    "DOTNET_ROOT_X64", "DOTNET_GCName", "DOTNET_JitPath", "DOTNET_DiagnosticPorts",
    "DOTNET_EnableDiagnostics_IPC", "DOTNET_DbgMiniDumpName", "DOTNET_EventPipeOutputPath",
]  # fmt: skip
REDIRECTS = [
    "AWS_ENDPOINT_URL",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_PROFILE",
    "AWS_CONFIG_FILE",
    "AWS_ROLE_ARN",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CA_BUNDLE",
    "SSL_CERT_FILE",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
]
# Any shell between the wrapper and the program sets these again.
OF_SHELLS = ["OLDPWD", "PWD", "SHLVL"]
OURS = [
    HANDOFF,
    *(PREFIX + name for name in KNOWN),
    AWS_PREFIX + "PREFETCH_LIST",
    *ENDPOINT_VARIABLES.values(),
    "APP_PARAMS_PATH",
    "SSM_PARAMETER_STORE_TTL",
    "SECRETS_MANAGER_TTL",
]


@pytest.mark.parametrize("name", [*RESERVED, *RUNS_CODE, *SYNONYMS, *REDIRECTS, *OURS])
def test_a_name_that_could_run_code_or_redirect_calls_is_protected(name: str) -> None:
    assert is_protected(name)


@pytest.mark.parametrize("name", OF_SHELLS)
def test_a_name_that_no_source_could_set_for_long_is_protected(name: str) -> None:
    assert is_protected(name)


@pytest.mark.parametrize("name", [*NAMES, *FAMILIES, *FAMILIES_ANY_CASE])
def test_a_name_that_was_protected_once_still_is(name: str) -> None:
    assert is_protected(name)


def test_every_protected_name_is_among_those_that_must_stay_protected() -> None:
    assert set(_protected._NAMES) == set(NAMES)
    assert len(FAMILIES) == len(_protected._PREFIXES)
    assert len(FAMILIES_ANY_CASE) == len(_protected._PREFIXES_ANY_CASE)
    assert set(_protected._PROXIES) == set(PROXIES)


@pytest.mark.parametrize("version", PYTHONS)
def test_every_variable_that_a_python_reads_is_protected(version: str) -> None:
    done = subprocess.run(
        [PYTHONS[version], "--help-env"], capture_output=True, text=True, check=True, timeout=60
    )
    names = set(re.findall(r"^-?(?:X \S+: )?\(?(PYTHON[A-Z_0-9]+)", done.stdout, re.MULTILINE))
    assert len(names) > 25
    assert not {name for name in names if not is_protected(name)}


@pytest.mark.parametrize(
    "name",
    [
        "DB_HOST", "APP_ENV", "ENV", "TZ", "LANG", "DATABASE_URL", "API_KEY", "NODE_ENV", "PORT",
        "AWS_BUCKET", "SHELL_COLOR", "MY_PATH", "LOG_LEVEL", "RAILS_ENV", "FLASK_APP", "GITHUB_ORG",
        "JAVA_OPTS_EXTRA", "LDAP_HOST", "PYTHIA", "LD_SDK_KEY", "LD_API_TOKEN", "PYTHON_ENV",
        "PYTHONANYWHERE_TOKEN", "PYTHON_VERSION", "DOTNET_ENVIRONMENT", "DOTNET_URLS",
        "DOTNET_RUNNING_IN_CONTAINER", "TEMPLATE", "TMP_BUCKET", "AWS_BEARER",
    ],
)  # fmt: skip
def test_names_that_applications_use_are_not_protected(name: str) -> None:
    assert not is_protected(name)


@pytest.mark.parametrize(
    "name",
    ["dotnet_startup_hooks", "DotNet_Additional_Deps", "complus_ProfApi", "COMPlus_ProfApi",
     "coreclr_profiler", "AspNetCore_HostingStartupAssemblies", "npm_config_node_options",
     "Npm_Config_Script_Shell"],
)  # fmt: skip
def test_a_name_is_protected_in_any_case_if_its_reader_ignores_case(name: str) -> None:
    assert is_protected(name)


@pytest.mark.parametrize("name", ["path", "home", "ld_preload", "Shell", "node_options", "ifs"])
def test_a_name_in_another_case_is_not_protected_if_its_reader_is_case_sensitive(name: str) -> None:
    assert not is_protected(name)


@pytest.mark.parametrize(
    "name",
    ["BUNDLER_SETUP", "GIT_DIR", "JDK_AOT_VM_OPTIONS", "LUA_INIT_5_4", "OPENSSL_CONF_INCLUDE",
     "TMPDIR", "ZDOTDIR", "AWS_PAGER"],
)  # fmt: skip
def test_names_of_programs_that_no_test_runs_are_protected_too(name: str) -> None:
    assert is_protected(name)


@pytest.mark.parametrize(
    "name",
    ["GIT_COMMIT", "GIT_CONFIG_REPO", "GIT_SHA", "OPENSSL_KEY",
     "AWS_ACCOUNT_ID", "BUNDLE_ID", "PYPI_URL", "NODE_ENV", "RDS_PROXY",
     "ASPNETCORE_ENVIRONMENT", "GEM_COUNT", "MALLOC_ARENA_MAX", "OTEL_EXPORTER_OTLP_ENDPOINT",
     "DD_ENV"],
)  # fmt: skip
def test_names_that_only_resemble_protected_ones_are_not_protected(name: str) -> None:
    assert not is_protected(name)
    assert not is_proxy(name)


@pytest.mark.parametrize("name", [*PROXIES, "https_proxy", "No_Proxy"])
def test_a_proxy_variable_is_one_in_any_case(name: str) -> None:
    assert is_proxy(name)


def test_every_group_of_protected_names_cites_its_source() -> None:
    text = Path(str(_protected.__file__)).read_text()
    names = text[text.index("_NAMES = ") : text.index("_PREFIXES = ")]
    groups = [group for group in names.split('",\n    # ') if group.count("#")]
    assert len(groups) > 10
    for group in groups:
        has_source = "Source" in group or "this package itself" in group
        assert has_source, group[:80]
    prefixes = text[text.index("_PREFIXES = ") : text.index("# The proxies that a program uses")]
    lines = [line for line in prefixes.splitlines() if line.startswith('    "')]
    assert len(lines) > 20
    for line in lines:
        assert ",  # " in line, line
    assert "# Sources: " in text[text.index("# The proxies that") : text.index("_PROXIES = ")]
