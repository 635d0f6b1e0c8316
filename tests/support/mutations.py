"""The claims of SECURITY.md and docs/reliability.md that name a test file, and their mutations.

A mutation breaks one claim in one place of the package or the wrapper: then the file that is named
for the claim must fail. `make mutations` tries them, see mutate.py; tests/release/test_mutations.py
checks that no claim is without one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from .paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGES = ("SECURITY.md", "docs/reliability.md")
_TEST_FILE = re.compile(r"`(tests/[a-z_/]*test_\w+\.py)`")


class Claim(NamedTuple):
    """A line of a page that names the files which verify it.

    Attributes:
        page: the page.
        text: the line, without the mark of a list or table at its beginning.
        tests: the files.
    """

    page: str
    text: str
    tests: tuple[str, ...]


def claims() -> Iterator[Claim]:
    """Yield all claims that name a test file."""
    for page in PAGES:
        for line in (ROOT / page).read_text().splitlines():
            if tests := _TEST_FILE.findall(line):
                yield Claim(page, line.strip().removeprefix("- ").removeprefix("| "), tuple(tests))


class Mutation(NamedTuple):
    """A change that makes a claim false.

    Attributes:
        claim: the first words of the claim, as in its page.
        test: the file that must fail then, or `FILE::TEST` if others in it fail for any change.
        file: the file to change.
        old: the text to replace, which occurs in it once.
        new: its replacement.
    """

    claim: str
    test: str
    file: str
    old: str
    new: str

    @property
    def test_file(self) -> str:
        """The file of `test`."""
        return self.test.partition("::")[0]


P = "appconfig_env/"
T = "tests/unit/"
PROTECTED = "**Protected names** are left out"
CHOSEN = "Where the function's configuration itself chose such a name"
BY_NAME = "If names come from a path or a document, `only=A,B`"
CONFIGURED = "**What the function configured** takes precedence"
OVERWRITE = "`APPCONFIG_ENV_OVERWRITE=yes` removes this precedence"
LOAD = "**`load()`**, for a program without the wrapper"
IN_PLACE = "The runtime is executed in place"
TEXT = "`$(...)`, `${...}` and backticks in a value are text"
LIKE_A_REFERENCE = "**A value that looks like a reference**"
STRICT = "JSON is parsed strictly"
NOT_VALID = "A name that is not valid for a variable is left out"
LATER = "If two sources set the same name"
KEPT_OUT = "`env=no` keeps a source out of it"
PIPE = "From the import of `appconfig_env` on, no program"
COMMAND_LINE = "No value is put on a command line"
MODE = "The snapshot file (`APPCONFIG_ENV_SNAPSHOT`) is created with mode 0600"
NEXT_TO_IT = "Next to it are an empty lock file"
NOTHING_ELSE = "Nothing else is written to any folder"
NO_SECRET = "**It never contains** a secret"
A_TOKEN = "**A token** is valid for one call"
IN_LAMBDA = "**It is used** by a cold start in Lambda only"
OWN_RUN = "A program without the wrapper uses nothing in it"
USED_ONLY = "**It is accepted** only if"
A_DAY = "Any of them can read the snapshot"
NO_VALUE = "It cannot give a value to a secret"
FROM_A_FILE = "A cold start from such a file sets no protected name"
CHILD = "For sources with `env=no` it leaves one child process"
DROPPED = "Before that, the script runs `readlink`"
ISOLATED = "**Its interpreter** runs isolated"
INSTALLED = "The installed command starts it in the same way"
SEARCHES = "It searches the function's own packages only"
CONNECTS = "**It connects** to the endpoints"
TO_AGENT = "With `APPCONFIG_ENV_AGENT_URL`, the context"
RULES = "The rules of flags with variants run no code"
NO_TELEMETRY = "There is no telemetry"
LOGS = "**It logs** names, never values"
FRAMES = "An error that the helper raises has no value"
PRINTS = "**The command** prints values where"
MASKS = "In a GitHub workflow, `export` masks"
PULLS = "`pull` writes parameters and profiles"
ROLES = "**It reads** with the privileges"
NEVER_SETS = "**It never sets** `PYTHONPATH`"
TLS = "**TLS** is version 1.2 or newer"
ROOTS = "**Trust**: a layer includes Amazon's five roots"
ONCE_MORE = "A server that none of them vouches for"
STORE = "If `AWS_CA_BUNDLE`, `SSL_CERT_FILE` or `SSL_CERT_DIR` names a store"
PASSWORD = "Its password can be part of"
RESPONSES = "**Responses** are limited"
NO_SOURCE_SETS = "No source can set any of these"
DEADLINE = "Startup waits for AWS until"
POLL_TIMEOUT = "A refresh ends with the poll timeout"
LONGER = "If the last good read of a source took longer"
LIMITS = "Documents, responses and snapshots have size limits"
THIRD_PARTY = "The layer does not contain boto3"
PINNED = "**Everything used to build and test**"
ALTERED = "**Altered packages are not copied**"
REPRODUCIBLE = "**A layer is reproducible**"
BYTE_CODE = "**The byte code that the package brings along"
MODES = "Its files are writable only by their owner"
SCHEMA = "It conforms to the official schema"
COMPARED = "You can also compare the unpacked layer"
OTHERS = "The matrix has GetSecretValue but not BatchGetSecretValue"
APPCONFIG = "`tests/contract/test_appconfig.py`"
MACHINE = "`tests/contract/test_machine.py`"
OTHER_TWO = "The state machine found 32 of these changes"
FLEET = "`tests/release/test_fleet.py` verifies these decisions"
FREEZE = "freeze between two calls"
FROZEN_REFRESH = "freeze in the middle of a refresh"
INIT_AGAIN = "init run again"
A_PART = "a part of a snapshot"
LOCK_PATH = "the path of the lock file or of the new file"
WORKERS = "16 processes, one snapshot"
KILLED = "the process that refreshes is killed"
FORKS = "forks ("
SNAPSTART = "SnapStart ("
TMP = "`/tmp` read-only, full"
SIGNALS = "SIGTERM and SIGKILL"
EXCLUSIVE = "The other one (`O_EXCL` of the new file)"
ATTACKS = "The tests (`tests/hostile/test_names.py`) try 27 attacks"
DOCUMENTS = "Each of 32 documents is tested"
ONE_LINE = "Each log entry is still a single printable line"
LATE_SITE = "**Where boto3 makes the calls, a cold start failed on 3.14**"
AS_RETURNED = "Every name and value that comes from a file"
SIZE = "The limit is now 2 MiB"

# fmt: off
MUTATIONS = (
    # SECURITY.md, "Who writes a parameter, a profile or a secret".
    Mutation(PROTECTED, T + "_content/test_protected.py", P + "_content/protected.py",
             '"NODE_COMPILE_CACHE", ', ""),
    Mutation(PROTECTED, T + "_content/test_protected.py", P + "_content/protected.py",
             '    "LUA_CPATH",  # the same\n', ""),
    Mutation(PROTECTED, T + "_content/test_protected.py", P + "_content/protected.py",
             '    "DOTNET_LTTNG",  # the same\n', ""),
    Mutation(PROTECTED, T + "_content/test_protected.py", P + "_content/protected.py",
             '"FTP_PROXY", ', ""),
    Mutation(PROTECTED, T + "_content/test_variables.py", P + "_content/variables.py",
             "if source.env and _is_left_out(source, name):", "if False:"),
    Mutation(PROTECTED, T + "_wrapper/test_prefetch.py", P + "_cache/snapshot.py",
             'log("warn", line, _fields(source, name))', "pass"),
    Mutation(CHOSEN, T + "_content/test_variables.py", P + "_content/variables.py",
             "    problems += _chosen(source, protected)\n", ""),
    Mutation(BY_NAME, T + "_content/test_variables.py", P + "_content/variables.py",
             "name not in source.only:\n            continue",
             "False:\n            continue"),
    Mutation(CONFIGURED, T + "_config/test_environ.py", P + "_config/environ.py",
             "return frozenset(environ).difference(of_lambda)", "return frozenset(environ)"),
    Mutation(CONFIGURED, T + "_config/test_environ.py", P + "_config/environ.py",
             "return frozenset(environ).difference(of_lambda)", "return frozenset()"),
    Mutation(CONFIGURED, T + "_wrapper/test_prefetch.py", P + "_cache/snapshot.py",
             "if name not in configured:", "if True:"),
    Mutation(OVERWRITE, T + "_wrapper/test_prefetch.py", P + "_wrapper/prefetch.py",
             "if not self._settings.overwrite:", "if True:"),
    Mutation(OVERWRITE, T + "_wrapper/test_prefetch.py", P + "_content/variables.py",
             "if source.env and _is_left_out(source, name):", "if False:"),
    Mutation(LOAD, T + "_helper/test_environment.py", P + "_helper/environment.py",
             "configured = settings.fixed if settings.overwrite else own", "configured = ()"),
    Mutation(LOAD, T + "_helper/test_environment.py", P + "_content/variables.py",
             "if source.env and _is_left_out(source, name):", "if False:"),
    Mutation(IN_PLACE, T + "_wrapper/test_exec.py", P + "_wrapper/exec.py",
             "posix.execve(path, words, environ)",
             "raise SystemExit(posix.waitpid(posix.posix_spawn(path, words, environ), 0)[1] >> 8)"),
    Mutation(IN_PLACE, T + "_wrapper/test_exec.py", P + "_wrapper/exec.py",
             "if folder else name, words, environ)",
             "if folder else name, [words[0], *map(str.strip, words[1:])], environ)"),
    Mutation(TEXT, T + "_content/test_strict_dotenv.py", P + "_content/strict_dotenv.py",
             'pairs[binding.key] = "" if _is_only_a_comment(binding) else binding.value',
             'pairs[binding.key] = __import__("os").path.expandvars(binding.value or "")'),
    Mutation(TEXT, "tests/hostile/test_security.py", P + "_content/strict_dotenv.py",
             'pairs[binding.key] = "" if _is_only_a_comment(binding) else binding.value',
             'pairs[binding.key] = __import__("os").path.expandvars(binding.value or "")'),
    Mutation(TEXT, "tests/hostile/test_security.py", P + "_content/variables.py",
             "return str(value)  # a NumberText becomes a text like any other",
             'return __import__("os").path.expandvars(str(value))'),
    Mutation(LIKE_A_REFERENCE, "tests/hostile/test_security.py", P + "_cache/store.py",
             "handoff.references if handoff else None,\n"
             "            handoff.configured if handoff else None,\n", ""),
    Mutation(LIKE_A_REFERENCE, T + "_wrapper/test_prefetch.py", P + "_wrapper/main.py",
             "            passed.references,\n            passed.configured,\n",
             "            None,\n            None,\n"),
    Mutation(STRICT, T + "_content/test_strict_json.py", P + "_content/strict_json.py",
             "if len(members) != len(pairs):", "if False:"),
    Mutation(STRICT, T + "_content/test_strict_json.py", P + "_content/strict_json.py",
             'raise JsonError(f"{text} is not valid JSON", "write null or a string")',
             "return None"),
    Mutation(STRICT, T + "_content/test_strict_yaml.py", P + "_content/yaml_loader.py",
             "class Loader(yaml.SafeLoader):", "class Loader(yaml.UnsafeLoader):"),
    Mutation(STRICT, T + "_content/test_strict_yaml.py", P + "_content/yaml_dialect.py",
             "if tag not in PLAIN_TAGS:", "if False:"),
    Mutation(STRICT, T + "_content/test_parse.py", P + "_content/parse.py",
             'if kind == "yaml":', 'if kind == "yaml" or (not kind and ": " in text):'),
    Mutation(NOT_VALID, T + "_content/test_variables.py", P + "_content/variables.py",
             "if source.env and not is_variable_name(name):\n            not_a",
             "if False:\n            not_a"),
    Mutation(NOT_VALID, T + "_content/test_variables.py", P + "_content/variables.py",
             'if "\\0" in value:', "if False:"),
    Mutation(NOT_VALID, "tests/hostile/test_security.py", P + "_wrapper/log.py",
             "line = one_line(message)", "line = message"),
    Mutation(LATER, T + "_wrapper/test_prefetch.py", P + "_cache/snapshot.py",
             "                values[name] = value\n",
             "                values.setdefault(name, value)\n"),
    # "Who can read the environment".
    Mutation(KEPT_OUT, T + "_wrapper/test_prefetch.py", P + "_cache/snapshot.py",
             "in variables.values.items() if source.env else ():", "in variables.values.items():"),
    Mutation(KEPT_OUT, "tests/integration/test_background.py", P + "_cache/snapshot.py",
             "in variables.values.items() if source.env else ():", "in variables.values.items():"),
    Mutation(PIPE, "tests/integration/test_background.py", P + "_helper/helper.py",
             "        process_hooks.keep_pipe(self.environ)\n", ""),
    Mutation(COMMAND_LINE, T + "_wrapper/test_exec.py", P + "_wrapper/exec.py",
             "if folder else name, words, environ)",
             "if folder else name, [*words, *environ.values()], environ)"),
    Mutation(COMMAND_LINE, "tests/integration/test_background.py", P + "_wrapper/main.py",
             "return execute(words, result, execve)",
             "return execute([*words, *result.values()], result, execve)"),
    # "Who can read or write /tmp".
    Mutation(MODE, T + "_cache/test_snapshot_file.py", P + "_cache/snapshot_file.py",
             "data: bytes, *, mode: int = 0o600)", "data: bytes, *, mode: int = 0o640)"),
    Mutation(MODE, T + "_cache/test_snapshot_file.py", P + "_cache/snapshot_file.py",
             "        posix.rename(temporary, path)\n",
             '        posix.unlink(temporary)\n        with open(path, "wb") as file:\n'
             "            file.write(data)\n"),
    Mutation(MODE, T + "_cache/test_snapshot_file.py", P + "_cache/snapshot_file.py",
             " | (posix.O_NOFOLLOW if ours else 0)", ""),
    Mutation(NEXT_TO_IT, T + "_cache/test_file_lock.py", P + "_cache/file_lock.py",
             "posix.open(path, flags, 0o600)", "posix.open(path, flags, 0o640)"),
    Mutation(NEXT_TO_IT, T + "_cache/test_file_lock.py", P + "_cache/file_lock.py",
             "            return\n        self.try_again()\n",
             '            return\n        posix.write(self._descriptor, b"1")\n'
             "        self.try_again()\n"),
    Mutation(NEXT_TO_IT, T + "_cache/test_repository.py", P + "_cache/repository.py",
             "if is_same and not self._write_state(snapshot):", "if False:"),
    Mutation(NEXT_TO_IT, T + "_cache/test_repository.py", P + "_cache/repository.py",
             "snapshot_file.write(path, data)", "snapshot_file.write(path, data, mode=0o640)"),
    Mutation(NEXT_TO_IT, T + "_cache/test_repository.py", P + "_cache/repository.py",
             "state = snapshot_file.read(path + STATE)",
             "state = snapshot_file.read(path + STATE, ours=False)"),
    Mutation(NOTHING_ELSE, "tests/hostile/test_security.py", P + "_cache/snapshot_file.py",
             "        posix.rename(temporary, path)\n",
             "        posix.rename(temporary, path)\n"
             '        open(f"{path}.backup", "wb").close()\n'),
    Mutation(NO_SECRET, T + "_cache/test_snapshot_json.py", P + "_cache/snapshot_json.py",
             "if entry.document is not None and (with_secrets or not entry.is_secret)",
             "if entry.document is not None"),
    Mutation(NO_SECRET, T + "_cache/test_snapshot_json.py", P + "_cache/snapshot_json.py",
             "return {identity: sorted(one.values) for",
             "return {identity: sorted(one.values.values()) for"),
    Mutation(A_TOKEN, T + "_cache/test_repository.py", P + "_cache/repository.py",
             "        problem = self._write_state(bare)\n"
             "        return bare if problem and self._write(bare) else found",
             "        return found"),
    Mutation(A_TOKEN, T + "_cache/test_repository.py", P + "_cache/repository.py",
             "or not self.lock.is_held:\n            return bare",
             "or False:\n            return bare"),
    Mutation(IN_LAMBDA, T + "_wrapper/test_prefetch.py", P + "_wrapper/prefetch.py",
             "if not is_in_lambda(self._environ):", "if False:"),
    Mutation(OWN_RUN, T + "_cache/test_store.py", P + "_cache/store.py",
             "                found = found.read_since(self._oldest)\n", "                pass\n"),
    Mutation(USED_ONLY, T + "_cache/test_snapshot_file.py", P + "_cache/snapshot_file.py",
             "if not stat.S_ISREG(status.st_mode):", "if False:"),
    Mutation(USED_ONLY, T + "_cache/test_snapshot_file.py", P + "_cache/snapshot_file.py",
             "if ours and status.st_uid != posix.geteuid():", "if False:"),
    Mutation(USED_ONLY, T + "_cache/test_snapshot_file.py", P + "_cache/snapshot_file.py",
             "if ours and status.st_mode & 0o077:", "if False:"),
    Mutation(USED_ONLY, T + "_cache/test_snapshot_file.py", P + "_cache/snapshot_file.py",
             "if status.st_size > LARGEST_BYTES:", "if False:"),
    Mutation(USED_ONLY, T + "_cache/test_snapshot_json.py", P + "_cache/snapshot_json.py",
             'rest[-2:] != [LAST_LINE, b""]', "False"),
    Mutation(USED_ONLY, T + "_cache/test_repository.py", P + "_cache/repository.py",
             "if found is None or found.fingerprint != fingerprint(settings):",
             "if found is None:"),
    Mutation(A_DAY, T + "_cache/test_repository.py", P + "_cache/repository.py",
             "entry.bounded(settings.longest_wait(resources[reference]), latest)", "entry"),
    Mutation(NO_VALUE, T + "_cache/test_snapshot_json.py", P + "_cache/snapshot_json.py",
             "if is_secret and not with_secrets:", "if False:"),
    Mutation(NO_VALUE, T + "_cache/test_snapshot.py", P + "_cache/entry.py",
             "if own.is_secret and not found.is_secret:", "if False:"),
    Mutation(FROM_A_FILE, "tests/hostile/test_security.py", P + "_content/variables.py",
             "if source.env and _is_left_out(source, name):", "if False:"),
    Mutation(FROM_A_FILE, "tests/hostile/test_security.py", P + "_cache/repository.py",
             "or not entry.rendering(resources[reference]).reasons", "or True"),
    # "What the layer can do". The first four are the ends of the child.
    Mutation(CHILD, "tests/integration/test_background.py", P + "_wrapper/background.py",
             "while posix.getppid() == parent:", "while True:"),
    Mutation(CHILD, "tests/integration/test_background.py", P + "_wrapper/background.py",
             "if not 0 <= now - before < FROZEN_SECONDS:", "if False:"),
    Mutation(CHILD, T + "_wrapper/test_background.py", P + "_wrapper/background.py",
             "if not 0 <= now - before < FROZEN_SECONDS:", "if False:"),
    Mutation(CHILD, T + "_wrapper/test_background.py", P + "_wrapper/background.py",
             "alarm(int(seconds) + 2)", "alarm(0)"),
    Mutation(DROPPED, T + "_wrapper/test_shell.py", P + "_wrapper/shell.py",
             'environ.pop(DROPPED, "")', 'environ.get(DROPPED, "")'),
    Mutation(DROPPED, T + "_wrapper/test_shell.py", "wrapper/appconfig-env",
             "_APPCONFIG_ENV_DROPPED=$_APPCONFIG_ENV_DROPPED$_aw_pair$IFS ;;", ": ;;"),
    Mutation(ISOLATED, T + "_wrapper/test_main.py", "wrapper/appconfig-env",
             'exec "$_aw_python" -I -S', 'exec "$_aw_python" -S'),
    Mutation(ISOLATED, "tests/hostile/test_names.py", P + "__main__.py",
             'sys.path.append(package.__path__[0].rpartition("/")[0])',
             'sys.path.insert(0, package.__path__[0].rpartition("/")[0])'),
    Mutation(INSTALLED, "tests/release/test_packaging.py", "wrapper/appconfig-env",
             'exec "$_aw_python" -I -S', 'exec "$_aw_python"'),
    Mutation(SEARCHES, T + "_wrapper/test_main.py", P + "_late_site.py",
             "            sys.path += _function_folders(", "            _function_folders("),
    Mutation(SEARCHES, T + "_wrapper/test_main.py", P + "_late_site.py",
             "            sys.path += _function_folders(",
             "            sys.path[:0] = _function_folders("),
    Mutation(CONNECTS, T + "_backends/aws/test_credentials.py", P + "_backends/aws/credentials.py",
             'if url.scheme == "http" and not _is_local(url.host):', "if False:"),
    Mutation(NO_TELEMETRY, "tests/hostile/test_security.py", P + "_backends/aws/credentials.py",
             'ECS_HOST = "http://169.254.170.2"',
             'ECS_HOST = "http://169.254.170.2"\nHOME = "https://statistics.example.net"'),
    Mutation(LOGS, T + "_wrapper/test_log.py", P + "_cache/snapshot.py",
             'f"{source.public_reference}: {name} {by}; {hint}"',
             'f"{source.public_reference}: {name} {by}, not {value}; {hint}"'),
    Mutation(LOGS, T + "_helper/test_helper.py", P + "_cache/store.py",
             'f"{labels}: recovered after {attempts}"',
             'f"{labels}: recovered after {attempts}: {dict(self.published.seen[2])}"'),
    Mutation(FRAMES, "tests/hostile/test_locals.py", P + "_helper/helper.py",
             "    error.__traceback__ = error.__cause__ = error.__context__ = None\n", ""),
    Mutation(PRINTS, "tests/unit/_cli/test_show.py", P + "_cli/show.py",
             "return MASK if variable.value else EMPTY", "return variable.value"),
    Mutation(PRINTS, "tests/unit/_cli/test_check.py", P + "_cli/check/sources.py",
             "names = {source.identity: tuple(one.values) for",
             "names = {source.identity: tuple(one.values.values()) for"),
    Mutation(MASKS, "tests/unit/_cli/test_export.py", P + "_cli/export.py",
             'if form == "github" and process.environ.get("GITHUB_ACTIONS") == "true":',
             "if not form:"),
    Mutation(PULLS, "tests/unit/_cli/test_pull.py", P + "_cli/contents.py",
             "parameters[name] = PLACEHOLDER if is_secret else value", "parameters[name] = value"),
    Mutation(PULLS, "tests/unit/_cli/test_diff.py", P + "_cli/diff.py",
             "tuple(name for name in theirs if name not in ours)",
             "tuple(theirs[name] for name in theirs if name not in ours)"),
    Mutation(NEVER_SETS, "tests/release/test_layer.py::"
             "test_the_layer_sets_no_path_of_python_or_of_the_loader", P + "_wrapper/main.py",
             "        result.pop(NEXT_WRAPPER, None)",
             '        result["PYTHONPATH"] = "/opt/python"\n'
             "        result.pop(NEXT_WRAPPER, None)"),
    Mutation(ROLES, "tests/contract/test_clients.py", P + "_config/aws.py",
             'return self.appconfig if service == "appconfigdata" else self.others',
             "return self.appconfig"),
    # "Who is on the network".
    Mutation(TLS, T + "_http/test_tls.py", P + "_http/tls.py",
             "context.minimum_version = native.PROTO_TLSv1_2",
             "context.minimum_version = native.PROTO_MINIMUM_SUPPORTED"),
    Mutation(TLS, T + "_http/test_transport.py", P + "_http/tls.py",
             "verifies = context.verify_mode == native.CERT_REQUIRED and context.check_hostname",
             "verifies, context.check_hostname = True, False"),
    Mutation(TLS, T + "_http/test_transport.py", P + "_http/tls.py",
             "verifies = context.verify_mode == native.CERT_REQUIRED and context.check_hostname",
             "context.check_hostname = False\n"
             "        verifies, context.verify_mode = True, native.CERT_NONE"),
    Mutation(ROOTS, "tests/release/test_sbom.py", P + "_cli/layer/anchors.py",
             "if public_key_sha256(certificate) in PUBLIC_KEYS:", 'if b"Amazon" in certificate:'),
    Mutation(ONCE_MORE, T + "_http/test_trust_store.py", P + "_http/transport.py",
             "            if not self._trust.widen(context):\n", "            if True:\n"),
    Mutation(ONCE_MORE, T + "_http/test_trust_store.py", P + "_http/trust_store.py",
             "            context.set_default_verify_paths()\n",
             "            context.verify_flags, context.check_hostname = 0, False\n"
             "            context.verify_mode = 0\n"),
    Mutation(STORE, T + "_http/test_trust_store.py", P + "_http/trust_store.py",
             "is_named = self._ca_bundle or any(name in self._environ for name in STORES)",
             "is_named = False"),
    Mutation(PASSWORD, T + "_config/test_settings.py", P + "_config/aws.py",
             'f"{name}: expected a URL such as https://host:port; {CORRECT}"',
             'f"{name}: expected a URL such as https://host:port, got {text}; {CORRECT}"'),
    Mutation(RESPONSES, T + "_http/test_connection.py", P + "_http/connection.py",
             "if len(length) > 18 or int(length) > LARGEST_BODY_BYTES:", "if False:"),
    Mutation(RESPONSES, T + "_http/test_connection.py", P + "_http/connection.py",
             "if len(body) + size > LARGEST_BODY_BYTES:", "if False:"),
    Mutation(RESPONSES, T + "_http/test_connection.py", P + "_http/connection.py",
             "    def _fill(self, deadline: float) -> None:\n",
             "    def _fill(self, deadline: float) -> None:\n"
             "        deadline = __import__('time').monotonic() + 1.0\n"),
    Mutation(RESPONSES, T + "_http/test_connection.py", P + "_http/connection.py",
             'if coding.lower() != "chunked" or length is not None:',
             'if coding.lower() != "chunked":'),
    # "Who sets the function's configuration", "Denial of service".
    Mutation(NO_SOURCE_SETS, T + "_content/test_protected.py", P + "_content/protected.py",
             '    "APPCONFIG_ENV_",  # what this package reads: docs/reference/settings.md\n', ""),
    Mutation(DEADLINE, T + "_wrapper/test_prefetch.py", P + "_wrapper/prefetch.py",
             "timeout=settings.deadline_seconds,", "timeout=60.0,"),
    Mutation(DEADLINE, T + "_wrapper/test_prefetch.py", P + "_wrapper/prefetch.py",
             "            raise LoadError(missing)\n", "            return\n"),
    Mutation(DEADLINE, T + "_backends/aws/test_executor.py", P + "_backends/aws/executor.py",
             "self._finished.acquire(timeout=max(0.0, self._deadline - self._system.now()))",
             "self._finished.acquire()"),
    Mutation(POLL_TIMEOUT, T + "_helper/test_helper.py", P + "_cache/load.py",
             "    if slowest < usual:\n        return usual\n",
             "    if slowest < usual:\n        return 20 * usual\n"),
    Mutation(POLL_TIMEOUT, T + "_helper/test_helper.py", P + "_cache/entry.py",
             "        return _failing(previous, failure, schedule, token)\n",
             "        return _failing(previous, failure, schedule, token)._with(document=None)\n"),
    Mutation(LONGER, T + "_cache/test_load.py", P + "_cache/load.py",
             "min(1.5 * slowest, settings.deadline_seconds)", "1.5 * slowest"),
    Mutation(LONGER, T + "_cache/test_load.py", P + "_cache/load.py",
             "    if slowest < usual:\n", "    if True:\n"),
    Mutation(LIMITS, T + "_content/test_strict_json.py", P + "_content/strict_json.py",
             "    raise JsonError(*TOO_DEEP)\n", "    return\n"),
    Mutation(LIMITS, T + "_backends/aws/test_ssm.py", P + "_backends/aws/ssm.py",
             "if token in seen:", "if False:"),
    Mutation(LIMITS, T + "_cache/test_snapshot_file.py", P + "_cache/snapshot_file.py",
             "if status.st_size > LARGEST_BYTES:", "if False:"),
    Mutation(LIMITS, T + "_http/test_connection.py", P + "_http/connection.py",
             "if len(length) > 18 or int(length) > LARGEST_BODY_BYTES:", "if False:"),
    # "Supply chain".
    Mutation(THIRD_PARTY, "tests/release/test_layer.py::test_it_does_not_contain_boto3",
             P + "_cli/layer/files.py",
             'DISTRIBUTIONS = ("python-dotenv", "tenacity")',
             'DISTRIBUTIONS = ("python-dotenv", "tenacity", "boto3")'),
    Mutation(THIRD_PARTY, "tests/release/test_sbom.py", P + "_cli/layer/files.py",
             'DISTRIBUTIONS = ("python-dotenv", "tenacity")',
             'DISTRIBUTIONS = ("python-dotenv", "tenacity", "packaging")'),
    Mutation(PINNED, "tests/release/test_supply_chain.py", "Makefile",
             "HASHED := --require-hashes --only-binary :all: -r requirements",
             "HASHED := --only-binary :all: -r requirements"),
    Mutation(PINNED, "tests/release/test_supply_chain.py", "Makefile",
             "HASHED := --require-hashes --only-binary :all: -r requirements",
             "HASHED := --require-hashes -r requirements"),
    Mutation(PINNED, "tests/release/test_supply_chain.py", "tools/create_venv.py",
             '"--require-hashes", ', ""),
    Mutation(ALTERED, "tests/release/test_sbom.py", P + "_cli/layer/files.py",
             'if file.hash is None or (file.hash.mode, file.hash.value) != ("sha256", digest):',
             "if file.hash is None:"),
    Mutation(REPRODUCIBLE,
             "tests/release/test_layer.py::test_entries_are_sorted_and_do_not_contain_the_build_time",
             P + "_cli/layer/__init__.py",
             "date_time=(1980, 1, 1, 0, 0, 0))",
             "date_time=__import__('time').localtime()[:6])"),
    Mutation(REPRODUCIBLE, "tests/release/test_packaging.py", P + "_cli/layer/__init__.py",
             "date_time=(1980, 1, 1, 0, 0, 0))",
             "date_time=(1980, 1, 1, 0, 0, __import__('os').getpid() % 60))"),
    Mutation(BYTE_CODE, "tests/release/test_layer.py::test_it_is_what_that_python_compiles",
             P + "_cli/layer/bytecode.py", "dont_inherit=True, optimize=2)",
             "dont_inherit=True, optimize=1)"),
    Mutation(MODES, "tests/release/test_layer.py::"
             "test_only_the_owner_may_write_files_built_into_a_folder",
             P + "_cli/layer/files.py", "mode: int = 0o644", "mode: int = 0o664"),
    Mutation(MODES, "tests/release/test_layer.py::test_only_the_wrapper_is_executable",
             P + "_cli/layer/files.py", "mode: int = 0o644", "mode: int = 0o755"),
    Mutation(SCHEMA, "tests/release/test_sbom.py", P + "_cli/layer/sbom.py",
             '"bomFormat": "CycloneDX"', '"bomFormat": "Cyclone"'),
    Mutation(COMPARED, "tests/hostile/test_security.py", "SECURITY.md",
             "    if expected.get(name) != actual.get(name):\n",
             "    if name not in expected:\n"),
    # docs/reliability.md, "Faults between a function and AWS".
    Mutation(OTHERS, T + "_backends/aws/test_secretsmanager.py",
             P + "_backends/aws/secretsmanager.py",
             'if item.get("SecretId") in left and not failure.is_transient:',
             'if item.get("SecretId") in left:'),
    Mutation(OTHERS, "tests/contract/test_clients.py", P + "_backends/aws/protocol.py",
             "for name, value in fields.items())",
             'for name, value in fields.items() if name != "ExternalId")'),
    Mutation(OTHERS, T + "_backends/aws/test_credentials.py", P + "_backends/aws/credentials.py",
             "if kept is not None and self._lasts(kept, EARLY_SECONDS):", "if kept is not None:"),
    # "AppConfig's contract".
    Mutation(APPCONFIG, "tests/contract/test_appconfig.py", P + "_cache/entry.py",
             'token = previous.token if event in KEEPS_TOKEN else ""', "token = previous.token"),
    Mutation(APPCONFIG, "tests/contract/test_appconfig.py", P + "_cache/schedule.py",
             "return self.now + max(seconds, least or 0.0, self._floor)",
             "return self.now + max(seconds, self._floor)"),
    Mutation(MACHINE, "tests/contract/test_machine.py", P + "_cache/schedule.py",
             "return self.now + max(seconds, least or 0.0, self._floor)",
             "return self.now + max(seconds, self._floor)"),
    Mutation(MACHINE, "tests/contract/test_machine.py", P + "_cache/entry.py",
             "return since <= now < until", "return now < until"),
    Mutation(OTHER_TWO, T + "_cache/test_snapshot.py", P + "_cache/entry.py",
             "own.confirmed == found.confirmed and bool(own.token)", "False"),
    # "Fleets".
    Mutation(FLEET, "tests/release/test_fleet.py", P + "_backends/aws/retry.py",
             "waits_for_quota: bool = True", "waits_for_quota: bool = False"),
    Mutation(FLEET, "tests/release/test_fleet.py", P + "_cache/schedule.py",
             "FIRST_SHARE = 2 / 3", "FIRST_SHARE = 0.0"),
    Mutation(FLEET, "tests/release/test_fleet.py", P + "_backends/aws/ssm.py",
             "NAMES_PER_CALL = 10", "NAMES_PER_CALL = 1"),
    # "The environment's life".
    Mutation(FREEZE, "tests/lifecycle/test_freeze.py", P + "_cache/load.py",
             "OLDEST_TOKEN_SECONDS = 23.75 * 3600", "OLDEST_TOKEN_SECONDS = 99 * 3600"),
    Mutation(FROZEN_REFRESH, "tests/lifecycle/test_freeze.py", P + "_backends/aws/executor.py",
             "return min(self._system.now() - self._began, self._timeout)",
             "return self._system.now() - self._began"),
    Mutation(INIT_AGAIN, "tests/lifecycle/test_snapshot.py", P + "_cache/snapshot_file.py",
             " | posix.O_NONBLOCK | (posix.O_NOFOLLOW if ours else 0)", " | posix.O_NONBLOCK"),
    Mutation(A_PART, "tests/lifecycle/test_snapshot.py", P + "_cache/snapshot_json.py",
             'raise SnapshotRefusedError("it is not a complete snapshot") from None',
             'return Snapshot(0.0, "", {})'),
    Mutation(LOCK_PATH, "tests/lifecycle/test_snapshot.py", P + "_cache/file_lock.py",
             "posix.O_RDWR | posix.O_CREAT | posix.O_NOFOLLOW | posix.O_CLOEXEC",
             "posix.O_RDWR | posix.O_CREAT | posix.O_TRUNC | posix.O_CLOEXEC"),
    Mutation(WORKERS, "tests/lifecycle/test_workers.py", P + "_cache/file_lock.py",
             "flock(self._descriptor, LOCK_EX | LOCK_NB)", "pass"),
    Mutation(KILLED, "tests/lifecycle/test_workers.py", P + "_cache/store.py",
             "return now - self._stalled[1] > ABANDONED_LOCK_FACTOR * longest", "return False"),
    Mutation(FORKS, "tests/lifecycle/test_fork.py", P + "_cache/store.py",
             "        self._refreshing = allocate_lock()\n        self._refresher = 0\n"
             "        # Open", "        # Open"),
    Mutation(FORKS, "tests/lifecycle/test_gunicorn.py", P + "_cache/file_lock.py",
             "flock(self._descriptor, LOCK_EX | LOCK_NB)", "pass"),
    Mutation(SNAPSTART, "tests/lifecycle/test_snapstart.py", P + "_cache/repository.py",
             "self.keeps_tokens = is_restored or not is_snap_start(environ)",
             "self.keeps_tokens = True"),
    Mutation(TMP, "tests/lifecycle/test_tmp.py", P + "_cache/snapshot_file.py",
             "    except BaseException:\n        posix.unlink(temporary)\n        raise\n",
             "    finally:\n        pass\n"),
    Mutation(SIGNALS, "tests/lifecycle/test_signals.py", P + "_cache/snapshot_file.py",
             "            remove(folder + slash + entry)", "            del entry"),
    Mutation(EXCLUSIVE, T + "_cache/test_snapshot_file.py", P + "_cache/snapshot_file.py",
             "posix.O_CREAT | posix.O_EXCL | posix.O_NOFOLLOW",
             "posix.O_CREAT | posix.O_NOFOLLOW"),
    # "Hostile names, values and documents".
    Mutation(ATTACKS, "tests/hostile/test_names.py", P + "_content/protected.py",
             '    "LD_PRELOAD",  # the same\n', ""),
    Mutation(DOCUMENTS, "tests/hostile/test_documents.py", P + "_content/strict_json.py",
             "    raise JsonError(*TOO_DEEP)\n", "    return\n"),
    Mutation(ONE_LINE, "tests/hostile/test_responses.py", P + "_wrapper/log.py",
             "line = one_line(message)", "line = message"),
    # "Pythons and processors", "Supply chain".
    Mutation(LATE_SITE, "tests/integration/test_late_site.py", P + "_late_site.py",
             "        with self._lock:", "        if True:"),
    Mutation(LATE_SITE, "tests/integration/test_late_site.py", P + "_late_site.py",
             "            _imp.release_lock()", "            raise RuntimeError"),
    Mutation(AS_RETURNED, "tests/hostile/test_security.py", P + "_cache/repository.py",
             "or not entry.rendering(resources[reference]).reasons", "or True"),
    Mutation(TO_AGENT, T + "_config/test_settings.py", P + "_config/settings.py",
             'url.host in ("localhost", "127.0.0.1", "::1")', "bool(url.host)"),
    Mutation(TO_AGENT, T + "_backends/test_agent.py", P + "_backends/agent.py",
             'text.isprintable() and "," not in text', "text.isprintable()"),
    Mutation(RULES, T + "_content/rules/test_rule.py", P + "_content/rules/rule.py",
             "if len(text) > LONGEST:", "if False:"),
    Mutation(RULES, T + "_content/rules/test_ion.py", P + "_content/rules/ion.py",
             "if len(self._open) > DEEPEST:", "if len(self._open) > 10 * DEEPEST:"),
    Mutation(RULES, T + "_content/rules/test_patterns.py", P + "_content/rules/patterns.py",
             "if len(text) > LONGEST_TEXT:", "if False:"),
    Mutation(RULES, T + "_content/rules/test_patterns.py", P + "_content/rules/patterns.py",
             "if len(self._steps) >= MOST_STEPS:", "if False:"),
    Mutation(SIZE, "tests/release/test_layer.py::"
             "test_it_has_the_byte_code_of_every_supported_python_and_is_smaller_than_its_limit",
             P + "_cli/layer/__init__.py",
             "LIMIT_BYTES = 2048 * 1024", "LIMIT_BYTES = 4096 * 1024"),
)
# fmt: on
