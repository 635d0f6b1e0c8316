"""Protected names, which no source may set: write access to a parameter must not run code; pure.

The lists cover what the managed runtimes, the loader and libc below them, the shells that wrap them
and AWS's SDKs read by themselves. No list can cover what a function's own libraries read: `only=`
restricts a source to the names it may set. Each group ends with the documentation of its names.
"""

from __future__ import annotations

_NAMES = frozenset({
    # Lambda: what a function cannot configure either; and the X-Ray daemon, which receives traces.
    # Names that begin with an underscore, such as _HANDLER, and AWS_LAMBDA_* are prefixes below.
    # Source: Lambda Developer Guide, "Defined runtime environment variables".
    "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV", "AWS_REGION", "AWS_XRAY_DAEMON_ADDRESS",
    "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT",
    # The function's identity, and the endpoints and certificates that its SDKs trust.
    # AWS_CONFIG_FILE can run code too (credential_process), and so can AWS_PAGER.
    # Sources: AWS SDKs and Tools Reference Guide, "Environment variables list"; AWS CLI User Guide,
    # "Environment variables"; botocore/credentials.py and configprovider.py.
    "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_CA_BUNDLE", "AWS_CONFIG_FILE",
    "AWS_CREDENTIAL_EXPIRATION", "AWS_CREDENTIAL_FILE", "AWS_DATA_PATH", "AWS_DEFAULT_PROFILE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_PAGER", "AWS_PROFILE", "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME", "AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY", "AWS_SECURITY_TOKEN",
    "AWS_SERVICE_REGION", "AWS_SESSION_TOKEN", "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_USE_DUALSTACK_ENDPOINT", "AWS_USE_FIPS_ENDPOINT", "AWS_WEB_IDENTITY_TOKEN_FILE",
    "BOTO_CONFIG",
    # Certificates that TLS trusts, and files with passwords.
    # OPENSSL_CONF is a prefix below: an OpenSSL configuration can name modules to load.
    # Sources: requests, "SSL Cert Verification" and "Authentication"; curl(1); openssl-env(7).
    "OPENSSL_ENGINES", "OPENSSL_MODULES",
    "CTLOG_FILE", "CURL_CA_BUNDLE", "CURL_HOME", "NETRC", "REQUESTS_CA_BUNDLE", "SSLKEYLOGFILE",
    "SSL_CERT_DIR", "SSL_CERT_FILE",
    # The C library: what it removes from the environment of a program with more rights than its
    # caller; and the synonyms of TMPDIR. Prefixes below add the variants for 32 and 64 bits.
    # Sources: ld.so(8), "Environment" and "Secure-execution mode"; Python, tempfile.gettempdir.
    "GCONV_PATH", "GETCONF_DIR", "GLIBC_TUNABLES", "HOSTALIASES", "LOCALDOMAIN", "LOCPATH",
    "LD_ASSUME_KERNEL", "LD_BIND_NOT", "LD_BIND_NOW", "LD_DYNAMIC_WEAK", "LD_HWCAP_MASK",
    "LD_ORIGIN_PATH", "LD_POINTER_GUARD", "LD_PREFER_MAP_32BIT_EXEC", "LD_RUN_PATH", "LD_SHOW_AUXV",
    "LD_TRACE_LOADED_OBJECTS", "LD_TRACE_PRELINKING", "LD_USE_LOAD_BIAS", "LD_VERBOSE", "LD_WARN",
    "MALLOC_TRACE", "NIS_PATH", "NLSPATH", "RESOLV_HOST_CONF", "RES_OPTIONS", "TEMP", "TMP",
    "TMPDIR", "TZDIR",
    # Shells, and variables that other programs run as the user's command. ENV is not protected:
    # only interactive shells read it, and many applications name their stage with it. OLDPWD, PWD
    # and SHLVL are not dangerous, but each shell on the way to the program sets them again.
    # Sources: POSIX.1, "Environment Variables" and sh; bash(1), "Shell Variables"; zsh(1),
    # "Startup/shutdown files"; ksh(1), FPATH; less(1), "Input preprocessor"; ssh(1).
    "BASHOPTS", "BASH_ENV", "BASH_LOADABLES_PATH", "BROWSER", "CDPATH", "EDITOR", "FPATH", "HOME",
    "IFS", "INPUTRC", "LESSCLOSE", "LESSOPEN", "MANPAGER", "OLDPWD", "PAGER", "PATH",
    "PROMPT_COMMAND", "PS0", "PS1", "PS2", "PS4", "PWD", "SHELL", "SHELLOPTS", "SHLVL",
    "SSH_ASKPASS", "SSH_AUTH_SOCK", "VISUAL", "ZDOTDIR",
    # Node.js. npm's are below. NODE_ENV belongs to the application.
    # Source: node(1), "Environment variables".
    "NODE_COMPILE_CACHE", "NODE_EXTRA_CA_CERTS", "NODE_ICU_DATA", "NODE_OPTIONS", "NODE_PATH",
    "NODE_REDIRECT_WARNINGS", "NODE_REPL_EXTERNAL_MODULE", "NODE_REPL_HISTORY",
    "NODE_TLS_REJECT_UNAUTHORIZED", "NODE_V8_COVERAGE",
    # Java, and the scripts that start its programs.
    # Sources: java(1), "Using the JDK_JAVA_OPTIONS launcher environment variable"; JVM TI,
    # "JAVA_TOOL_OPTIONS"; JEP 514 (JDK_AOT_VM_OPTIONS); Tomcat's catalina.sh; Maven and Gradle,
    # "Environment variables"; javac, "The JDK_JAVAC_OPTIONS environment variable"; Eclipse OpenJ9,
    # "Specifying command-line options" (OPENJ9_ and IBM_JAVA_OPTIONS); Spring Boot,
    # "PropertiesLauncher" (LOADER_PATH is loader.path). _JAVA_OPTIONS is covered by the prefix "_".
    "CATALINA_OPTS", "CLASSPATH", "GRADLE_OPTS", "IBM_JAVA_OPTIONS", "JAVA_HOME", "JAVA_OPTIONS",
    "JAVA_OPTS", "JAVA_TOOL_OPTIONS", "JDK_AOT_VM_OPTIONS", "JDK_JAVAC_OPTIONS", "JDK_JAVA_OPTIONS",
    "JRE_HOME", "LOADER_PATH", "MAVEN_OPTS", "OPENJ9_JAVA_OPTIONS",
    # CPython. PYTHON_ENV and other names with this prefix belong to applications.
    # Sources: python(1), "Environment variables"; `python --help-env`; Python/initconfig.c.
    "PYTHONASYNCIODEBUG", "PYTHONBREAKPOINT", "PYTHONCASEOK", "PYTHONCOERCECLOCALE", "PYTHONDEBUG",
    "PYTHONDEVMODE", "PYTHONDONTWRITEBYTECODE", "PYTHONDUMPREFS", "PYTHONDUMPREFSFILE",
    "PYTHONEXECUTABLE", "PYTHONFAULTHANDLER", "PYTHONHASHSEED", "PYTHONHOME", "PYTHONINSPECT",
    "PYTHONINTMAXSTRDIGITS", "PYTHONIOENCODING", "PYTHONLEGACYWINDOWSFSENCODING",
    "PYTHONLEGACYWINDOWSSTDIO", "PYTHONMALLOC", "PYTHONMALLOCSTATS", "PYTHONNODEBUGRANGES",
    "PYTHONNOUSERSITE", "PYTHONOPTIMIZE", "PYTHONPATH", "PYTHONPERFSUPPORT", "PYTHONPLATLIBDIR",
    "PYTHONPROFILEIMPORTTIME", "PYTHONPYCACHEPREFIX", "PYTHONSAFEPATH", "PYTHONSTARTUP",
    "PYTHONTHREADDEBUG", "PYTHONTRACEMALLOC", "PYTHONUNBUFFERED", "PYTHONUSERBASE", "PYTHONUTF8",
    "PYTHONVERBOSE", "PYTHONWARNDEFAULTENCODING", "PYTHONWARNINGS",
    "PYTHON_BASIC_REPL", "PYTHON_COLORS", "PYTHON_CONTEXT_AWARE_WARNINGS", "PYTHON_CPU_COUNT",
    "PYTHON_DISABLE_REMOTE_DEBUG", "PYTHON_FROZEN_MODULES", "PYTHON_GIL", "PYTHON_HISTORY",
    "PYTHON_JIT", "PYTHON_LAZY_IMPORTS", "PYTHON_PERF_JIT_SUPPORT", "PYTHON_PRESITE",
    "PYTHON_THREAD_INHERIT_CONTEXT", "PYTHON_TLBC",
    # .NET: the .NET Framework's name for profilers. The others are below, in any case.
    # Source: .NET, "Set up a profiling environment".
    "COR_ENABLE_PROFILING",
    # Ruby. RubyGems requires the file that BUNDLER_SETUP names whenever Ruby starts.
    # Sources: ruby(1), "Environment"; rubygems.rb, its last line; RubyGems Guides, "Environment
    # variables"; bundle-config(1).
    "BUNDLER_SETUP", "BUNDLE_APP_CONFIG", "BUNDLE_BIN_PATH", "BUNDLE_GEMFILE", "BUNDLE_PATH",
    "BUNDLE_USER_CONFIG", "BUNDLE_USER_HOME", "BUNDLE_USER_PLUGIN", "GEMRC", "GEM_HOME", "GEM_PATH",
    "GEM_SPEC_CACHE", "IRBRC", "JRUBY_OPTS", "RUBYGEMS_GEMDEPS", "RUBYLIB", "RUBYOPT", "RUBYPATH",
    "RUBYSHELL",
    # Perl, PHP, Lua, Erlang, R, make: for programs of other runtimes and build tools.
    # Sources: perlrun(1), "Environment"; PHP manual, "The configuration file"; lua(1); erl(1),
    # "Environment variables"; R, ?Startup; GNU make manual, "Communicating Options to a Sub-make".
    "ERL_AFLAGS", "ERL_FLAGS", "ERL_LIBS", "ERL_ZFLAGS", "GNUMAKEFLAGS", "MAKEFILES", "MAKEFLAGS",
    "MFLAGS", "PERLDB_OPTS", "PERLIO", "PERLLIB", "PHPRC", "PHP_INI_SCAN_DIR", "R_ENVIRON",
    "R_ENVIRON_USER", "R_LIBS", "R_LIBS_SITE", "R_LIBS_USER", "R_PROFILE", "R_PROFILE_USER",
    # The command line of a server.
    # Source: gunicorn, "Settings".
    "GUNICORN_CMD_ARGS",
    # Commands that git runs, and what it trusts. GIT_COMMIT and the like belong to applications.
    # Sources: git(1), "Environment Variables"; git-config(1); gitattributes(5).
    "GIT_ALLOW_PROTOCOL", "GIT_ASKPASS", "GIT_COMMON_DIR", "GIT_CONFIG", "GIT_CONFIG_COUNT",
    "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_SYSTEM",
    "GIT_DIR", "GIT_EDITOR", "GIT_EXEC_PATH", "GIT_EXTERNAL_DIFF", "GIT_PAGER",
    "GIT_PROXY_COMMAND", "GIT_SEQUENCE_EDITOR", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH", "GIT_SSL_NO_VERIFY", "GIT_TEMPLATE_DIR",
    # Agents that load code by name, or call the handler in place of Lambda.
    # Sources: OpenTelemetry, "Java agent: Extensions" and ".NET automatic instrumentation:
    # Plugins"; otel-instrument of AWS's distribution of it (ORIG_HANDLER); Datadog, "Instrument
    # AWS Lambda applications"; the layers of New Relic, Sentry and Lumigo.
    "DD_LAMBDA_HANDLER", "LUMIGO_ORIGINAL_HANDLER", "NEW_RELIC_LAMBDA_HANDLER", "ORIG_HANDLER",
    "SENTRY_INITIAL_HANDLER", "OTEL_DOTNET_AUTO_HOME", "OTEL_DOTNET_AUTO_PLUGINS",
    "OTEL_JAVAAGENT_EXTENSIONS",
    # What this package itself reads, in addition to the prefixes below.
    "APP_PARAMS_PATH", "SECRETS_MANAGER_TTL", "SSM_PARAMETER_STORE_TTL",
})  # fmt: skip

# Families of names, each of which is dangerous as a whole: no application has a name of its own
# that begins so.
_PREFIXES = (
    "_",  # Lambda Developer Guide: _HANDLER, _X_AMZN_TRACE_ID; java(1): _JAVA_OPTIONS
    "LD_AOUT_",  # ld.so(8)
    "LD_AUDIT",  # the same; and with _32 and _64 on other systems, like the next ones
    "LD_DEBUG",  # the same
    "LD_LIBRARY_PATH",  # the same
    "LD_PRELOAD",  # the same
    "LD_PROFILE",  # the same
    "DYLD_",  # dyld(1), on macOS
    "OPENSSL_CONF",  # openssl-env(7): also OPENSSL_CONF_INCLUDE
    "PERL5",  # perlrun(1): PERL5OPT, PERL5LIB, PERL5DB
    "LUA_INIT",  # lua(1): also LUA_INIT_5_4
    "LUA_PATH",  # the same: the search path of Lua modules; the next is that of C modules
    "LUA_CPATH",  # the same
    "RUBY_DEBUG_",  # Ruby's debug(1): commands and scripts that it runs
    "COR_PROFILER",  # see COR_ENABLE_PROFILING
    "BASH_FUNC_",  # bash(1): exported functions
    "GIT_CONFIG_KEY_",  # git-config(1): core.pager, core.sshCommand, alias ...
    "GIT_CONFIG_VALUE_",  # the same
    "XDG_",  # XDG Base Directory Specification: folders of configurations that name commands
    "AWS_BEARER_TOKEN_",  # AWS SDKs and Tools Reference Guide, "Bearer token": a credential
    "AWS_LAMBDA_",  # Lambda Developer Guide, "Defined runtime environment variables"
    "AWS_CONTAINER_",  # AWS SDKs and Tools Reference Guide, "Container credential provider"
    "AWS_EC2_METADATA_",  # the same, "IMDS credential provider"
    "AWS_ENDPOINT_URL",  # the same, "Service-specific endpoints"
    "APPCONFIG_ENV_",  # what this package reads: docs/reference/settings.md
    "AWS_APPCONFIG_EXTENSION_",  # AppConfig User Guide, "Configuring the AWS AppConfig Agent ..."
    "PARAMETERS_SECRETS_EXTENSION_",  # Systems Manager User Guide, "... Lambda extension"
)

# Prefixes that their readers match regardless of case.
_PREFIXES_ANY_CASE = (
    # What .NET loads, runs, and writes for profilers and debuggers. DOTNET_ENVIRONMENT and the like
    # belong to applications.
    "DOTNET_ADDITIONAL_DEPS",  # .NET, "Environment variables" and "Runtime configuration settings"
    "DOTNET_ALTJIT",  # the same
    "DOTNET_BUNDLE_EXTRACT_BASE_DIR",  # the same
    "DOTNET_CLI_",  # the same
    "DOTNET_DBG",  # the same
    "DOTNET_DIAGNOSTIC",  # the same
    "DOTNET_ENABLEDIAGNOSTICS",  # the same
    "DOTNET_ENABLEEVENTPIPE",  # the same
    "DOTNET_EVENTPIPE",  # the same
    "DOTNET_GCNAME",  # the same
    "DOTNET_GCPATH",  # the same
    "DOTNET_HOST_PATH",  # the same
    "DOTNET_JIT",  # the same
    "DOTNET_LTTNG",  # the same
    "DOTNET_PERFMAP",  # the same
    "DOTNET_ROLL_FORWARD",  # the same
    "DOTNET_ROOT",  # the same
    "DOTNET_SHARED_STORE",  # the same
    "DOTNET_STARTUP_HOOKS",  # the same
    "CORECLR_",  # .NET, "Set up a profiling environment"
    "COMPLUS_",  # .NET, "Runtime configuration settings": as DOTNET_
    "ASPNETCORE_HOSTINGSTARTUP",  # ASP.NET Core, "Use hosting startup assemblies"
    "NPM_CONFIG_",  # npm config: node-options, script-shell ...
)

# The proxies that a program uses. Many companies set them by a parameter, so they are left out only
# if the author of the parameter also chose the variable's name.
# Sources: curl(1), "Environment"; Python, urllib.request.getproxies; Go, net/http.
_PROXIES = frozenset({
    "ALL_PROXY", "FTP_PROXY", "GRPC_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "WSS_PROXY",
    "WS_PROXY",
})  # fmt: skip


def is_protected(name: str) -> bool:
    """Whether this variable is protected: no source may set it."""
    return (
        name in _NAMES or name.startswith(_PREFIXES) or name.upper().startswith(_PREFIXES_ANY_CASE)
    )


def is_proxy(name: str) -> bool:
    """Whether a source may set this variable only if the function itself chose its name."""
    return name.upper() in _PROXIES
