"""The names that no source may set: who can write a parameter must not be able to run code.

Here is what the managed runtimes, the loader and libc below them, the shells that wrap them and the
SDKs of AWS read by themselves. What only a library of the function's own reads is beyond any list:
`only=` says which names a source may give. Each group is followed by where its names stand.
"""

from __future__ import annotations

_NAMES = frozenset({
    # Lambda: what a function cannot configure either; and the X-Ray daemon, to which traces go.
    # Those with an underscore first, such as _HANDLER, and AWS_LAMBDA_* are prefixes below.
    # Source: Lambda Developer Guide, "Defined runtime environment variables".
    "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV", "AWS_REGION", "AWS_XRAY_DAEMON_ADDRESS",
    "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT",
    # Who the function is to AWS, where its SDKs connect and whom they trust. AWS_CONFIG_FILE runs
    # code too (credential_process), and so does AWS_PAGER.
    # Sources: AWS SDKs and Tools Reference Guide, "Environment variables list"; AWS CLI User Guide,
    # "Environment variables"; botocore/credentials.py and configprovider.py.
    "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_CA_BUNDLE", "AWS_CONFIG_FILE",
    "AWS_CREDENTIAL_EXPIRATION", "AWS_CREDENTIAL_FILE", "AWS_DATA_PATH", "AWS_DEFAULT_PROFILE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_PAGER", "AWS_PROFILE", "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME", "AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY", "AWS_SECURITY_TOKEN",
    "AWS_SERVICE_REGION", "AWS_SESSION_TOKEN", "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_USE_DUALSTACK_ENDPOINT", "AWS_USE_FIPS_ENDPOINT", "AWS_WEB_IDENTITY_TOKEN_FILE",
    "BOTO_CONFIG",
    # Whom TLS trusts, and where passwords are looked up.
    # OPENSSL_CONF is a prefix below: a configuration of OpenSSL's names modules to load.
    # Sources: requests, "SSL Cert Verification" and "Authentication"; curl(1); openssl-env(7).
    "OPENSSL_ENGINES", "OPENSSL_MODULES",
    "CTLOG_FILE", "CURL_CA_BUNDLE", "CURL_HOME", "NETRC", "REQUESTS_CA_BUNDLE", "SSLKEYLOGFILE",
    "SSL_CERT_DIR", "SSL_CERT_FILE",
    # The C library: what it takes out of the environment where a program has more rights than its
    # caller. LD_* is a prefix below.
    # Source: ld.so(8), "Secure-execution mode".
    "GCONV_PATH", "GETCONF_DIR", "GLIBC_TUNABLES", "HOSTALIASES", "LOCALDOMAIN", "LOCPATH",
    "MALLOC_TRACE", "NIS_PATH", "NLSPATH", "RESOLV_HOST_CONF", "RES_OPTIONS", "TMPDIR", "TZDIR",
    # Shells, and what other programs take for a command of the user's. ENV is not here: only an
    # interactive shell reads it, and half the world calls its stage so.
    # Sources: POSIX.1, "Environment Variables" and sh; bash(1), "Shell Variables"; zsh(1),
    # "Startup/shutdown files"; ksh(1), FPATH; less(1), "Input preprocessor"; ssh(1).
    "BASHOPTS", "BASH_ENV", "BASH_LOADABLES_PATH", "BROWSER", "CDPATH", "EDITOR", "FPATH", "HOME",
    "IFS", "INPUTRC", "LESSCLOSE", "LESSOPEN", "MANPAGER", "PAGER", "PATH", "PROMPT_COMMAND", "PS0",
    "PS1", "PS2", "PS4", "SHELL", "SHELLOPTS", "SSH_ASKPASS", "SSH_AUTH_SOCK", "VISUAL", "ZDOTDIR",
    # Node.js. npm's are below. NODE_ENV is the application's.
    # Source: node(1), "Environment variables".
    "NODE_COMPILE_CACHE", "NODE_EXTRA_CA_CERTS", "NODE_ICU_DATA", "NODE_OPTIONS", "NODE_PATH",
    "NODE_REDIRECT_WARNINGS", "NODE_REPL_EXTERNAL_MODULE", "NODE_REPL_HISTORY",
    "NODE_TLS_REJECT_UNAUTHORIZED", "NODE_V8_COVERAGE",
    # Java, and the scripts by which its programs are started.
    # Sources: java(1), "Using the JDK_JAVA_OPTIONS launcher environment variable"; JVM TI,
    # "JAVA_TOOL_OPTIONS"; JEP 514 (JDK_AOT_VM_OPTIONS); Tomcat's catalina.sh; Maven and Gradle,
    # "Environment variables". _JAVA_OPTIONS has an underscore first.
    "CATALINA_OPTS", "CLASSPATH", "GRADLE_OPTS", "JAVA_HOME", "JAVA_OPTIONS", "JAVA_OPTS",
    "JAVA_TOOL_OPTIONS", "JDK_AOT_VM_OPTIONS", "JDK_JAVA_OPTIONS", "JRE_HOME", "MAVEN_OPTS",
    # .NET: the profilers of the .NET Framework's names. The others are below, in any case.
    # Source: .NET, "Set up a profiling environment".
    "COR_ENABLE_PROFILING",
    # Ruby. RubyGems requires the file that BUNDLER_SETUP names at every start of Ruby.
    # Sources: ruby(1), "Environment"; rubygems.rb, its last line; RubyGems Guides, "Environment
    # variables"; bundle-config(1).
    "BUNDLER_SETUP", "BUNDLE_APP_CONFIG", "BUNDLE_BIN_PATH", "BUNDLE_GEMFILE", "BUNDLE_PATH",
    "BUNDLE_USER_CONFIG", "BUNDLE_USER_HOME", "BUNDLE_USER_PLUGIN", "GEMRC", "GEM_HOME", "GEM_PATH",
    "GEM_SPEC_CACHE", "IRBRC", "JRUBY_OPTS", "RUBYGEMS_GEMDEPS", "RUBYLIB", "RUBYOPT", "RUBYPATH",
    "RUBYSHELL",
    # Perl, PHP, Lua, Erlang, R, make: what the layer's programs may be written in too.
    # Sources: perlrun(1), "Environment"; PHP manual, "The configuration file"; lua(1); erl(1),
    # "Environment variables"; R, ?Startup; GNU make manual, "Communicating Options to a Sub-make".
    "ERL_AFLAGS", "ERL_FLAGS", "ERL_LIBS", "ERL_ZFLAGS", "MAKEFILES", "MAKEFLAGS", "PERLIO",
    "PERLLIB", "PHPRC", "PHP_INI_SCAN_DIR", "R_ENVIRON", "R_LIBS", "R_LIBS_USER", "R_PROFILE",
    "R_PROFILE_USER",
    # A server's command line.
    # Source: gunicorn, "Settings".
    "GUNICORN_CMD_ARGS",
    # Commands that git runs, and whom it trusts. GIT_COMMIT and the like are the application's.
    # Sources: git(1), "Environment Variables"; git-config(1); gitattributes(5).
    "GIT_ALLOW_PROTOCOL", "GIT_ASKPASS", "GIT_COMMON_DIR", "GIT_CONFIG", "GIT_CONFIG_COUNT",
    "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_SYSTEM",
    "GIT_DIR", "GIT_EDITOR", "GIT_EXEC_PATH", "GIT_EXTERNAL_DIFF", "GIT_PAGER",
    "GIT_PROXY_COMMAND", "GIT_SEQUENCE_EDITOR", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSL_CAINFO",
    "GIT_SSL_NO_VERIFY", "GIT_TEMPLATE_DIR",
    # Agents that load code by name, or call the handler in Lambda's stead.
    # Sources: OpenTelemetry, "Java agent: Extensions" and ".NET automatic instrumentation:
    # Plugins"; otel-instrument of AWS's distribution of it (ORIG_HANDLER); Datadog, "Instrument
    # AWS Lambda applications"; likewise the layers of New Relic, Sentry and Lumigo.
    "DD_LAMBDA_HANDLER", "LUMIGO_ORIGINAL_HANDLER", "NEW_RELIC_LAMBDA_HANDLER", "ORIG_HANDLER",
    "SENTRY_INITIAL_HANDLER", "OTEL_DOTNET_AUTO_HOME", "OTEL_DOTNET_AUTO_PLUGINS",
    "OTEL_JAVAAGENT_EXTENSIONS",
    # What this package itself reads, beside the prefixes below.
    "APP_PARAMS_PATH", "SECRETS_MANAGER_TTL", "SSM_PARAMETER_STORE_TTL",
})  # fmt: skip

_PREFIXES = (
    "_",  # Lambda Developer Guide: _HANDLER, _X_AMZN_TRACE_ID; java(1): _JAVA_OPTIONS
    "LD_",  # ld.so(8)
    "DYLD_",  # dyld(1), on macOS
    "OPENSSL_CONF",  # openssl-env(7): also OPENSSL_CONF_INCLUDE
    "PYTHON",  # python(1): PYTHONPATH, PYTHONSTARTUP, PYTHONHOME, PYTHONBREAKPOINT ...
    "PERL5",  # perlrun(1): PERL5OPT, PERL5LIB, PERL5DB
    "LUA_INIT",  # lua(1): also LUA_INIT_5_4
    "LUA_PATH",  # the same: where modules are looked for, those of C in the next
    "LUA_CPATH",  # the same
    "RUBY_DEBUG_",  # debug(1) of Ruby: commands and scripts that it runs
    "COR_PROFILER",  # as COR_ENABLE_PROFILING
    "BASH_FUNC_",  # bash(1): exported functions
    "GIT_CONFIG_KEY_",  # git-config(1): core.pager, core.sshCommand, alias ...
    "GIT_CONFIG_VALUE_",  # likewise
    "XDG_",  # XDG Base Directory Specification: where configurations lie that name commands
    "AWS_LAMBDA_",  # Lambda Developer Guide, "Defined runtime environment variables"
    "AWS_CONTAINER_",  # AWS SDKs and Tools Reference Guide, "Container credential provider"
    "AWS_EC2_METADATA_",  # the same, "IMDS credential provider"
    "AWS_ENDPOINT_URL",  # the same, "Service-specific endpoints"
    "APPCONFIG_ENV_",  # what this package reads: README, "Settings"
    "AWS_APPCONFIG_EXTENSION_",  # AppConfig User Guide, "Configuring the AWS AppConfig Agent ..."
    "PARAMETERS_SECRETS_EXTENSION_",  # Systems Manager User Guide, "... Lambda extension"
)

# Whose readers do not tell capitals from small letters.
_PREFIXES_IN_CAPITALS = (
    "DOTNET_",  # .NET, "Environment variables": DOTNET_STARTUP_HOOKS ...
    "CORECLR_",  # .NET, "Set up a profiling environment"
    "COMPLUS_",  # .NET, "Runtime configuration settings": as DOTNET_
    "ASPNETCORE_HOSTINGSTARTUP",  # ASP.NET Core, "Use hosting startup assemblies"
    "NPM_CONFIG_",  # npm config: node-options, script-shell ...
)

# Through whom a program's requests go. Many a company sets them by a parameter, so they are left
# out only where whoever writes the parameter chose the name too.
# Sources: curl(1), "Environment"; Python, urllib.request.getproxies; Go, net/http.
_PROXIES = frozenset({
    "ALL_PROXY", "FTP_PROXY", "GRPC_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "WSS_PROXY",
    "WS_PROXY",
})  # fmt: skip


def is_protected(name: str) -> bool:
    """Whether a source may not set this variable."""
    return (
        name in _NAMES
        or name.startswith(_PREFIXES)
        or name.upper().startswith(_PREFIXES_IN_CAPITALS)
    )


def is_proxy(name: str) -> bool:
    """Whether it may do so only where the function itself chose the name."""
    return name.upper() in _PROXIES
