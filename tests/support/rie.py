"""AWS's Runtime Interface Emulator in its own mount namespace: Lambda without Docker."""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import platform
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from .paths import ROOT
from .pins import requirements_of
from .ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

TOOLS = ROOT / ".tools"
RIE_WHEEL = "aws-sam-cli==1.170.0"
RUNTIME_CLIENT = "awslambdaric==4.2.2"
KEY_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
FREE_WORKER_SECONDS = 60
GIVEN = "given-environment"
INVOKE_PATH = "/2015-03-31/functions/function/invocations"

# Follows the managed runtime's bootstrap (from published listings of the images); the runtime's
# own command is a placeholder.
BOOTSTRAP = """\
#!/bin/bash
export AWS_EXECUTION_ENV={execution_env}
{unset}
if [ -z "$AWS_LAMBDA_EXEC_WRAPPER" ]; then
  exec {command}
else
  wrapper="$AWS_LAMBDA_EXEC_WRAPPER"
  if [ ! -f "$wrapper" ]; then
    echo "$wrapper: does not exist"
    exit 127
  fi
  if [ ! -x "$wrapper" ]; then
    echo "$wrapper: is not an executable"
    exit 126
  fi
  exec -- "$wrapper" {command}
fi
"""

BOOTSTRAP_PY = '''\
"""Sets up sys.path as the managed runtime does and starts the runtime client."""
import os
import site
import sys

SITE = f"/opt/python/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
OWN = f"/var/lang/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
LAYER = "/opt/python"
given = "PYTHONPATH" in os.environ
if not given:
    if OWN not in sys.path:
        sys.path.insert(0, OWN)
    sys.path.insert(0, LAYER)
    sys.path.insert(0, SITE)
sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
site.addsitedir(os.environ["LAMBDA_TASK_ROOT"])
if not given:
    site.addsitedir(SITE)
    site.addsitedir(LAYER)
    os.environ["PYTHONPATH"] = os.environ["LAMBDA_RUNTIME_DIR"]

from awslambdaric.__main__ import main

main([sys.argv[0], os.environ["_HANDLER"]])
'''

# Runs as the first process of its namespaces. /tmp comes last: the mounted folders may be in it.
ENTER = """\
set -e
base={base}
# Without root some mounts of this machine cannot be remounted, which does no harm here.
read_only() {{ mount -o remount,bind,ro "$1" 2>/dev/null || [ "{rootless}" = yes ]; }}
mount -t tmpfs -o mode=755 none "$base/var"
mkdir -p "$base/var/lang" "$base/var/runtime" "$base/var/task" "$base/var/tmp" "$base/var/sandbox"
cp -a "$base/runtime/." "$base/var/runtime/"
cp -a "$base/files/." "$base/var/sandbox/"
{binds}
mount --rbind "$base/opt" /opt
read_only /opt
mount --rbind "$base/var" /var
read_only /var
{hides}
mount --bind "$base/tmp" /tmp
read_only /
cd /var/task
exec {command}
"""


class SandboxError(Exception):
    """The sandbox itself failed; contains the emulator's output."""


class Interpreter(NamedTuple):
    """A Python's installation prefix and version."""

    prefix: Path
    version: str


@contextmanager
def _locked(name: str) -> Iterator[None]:
    """Let only one process at a time prepare a tool: tests may run in parallel."""
    TOOLS.mkdir(exist_ok=True)
    with (TOOLS / f".{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def ensure_rie() -> Path:
    """Return the emulator's path; if it is missing, unpack it from AWS SAM's wheel."""
    if named := os.environ.get("AWS_LAMBDA_RIE"):
        return Path(named)
    target = TOOLS / "aws-lambda-rie"
    with _locked("rie"):
        if target.exists():
            return target
        machine = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
        with tempfile.TemporaryDirectory() as folder:
            hashed = _hashed(requirements_of("sam", RIE_WHEEL, alone=True), folder)
            _pip(sys.executable, "download", "--no-deps", "--dest", folder, *hashed)
            wheel = next(Path(folder).glob("*.whl"))
            with zipfile.ZipFile(wheel) as archive:
                content = archive.read(f"samcli/local/rapid/aws-lambda-rie-{machine}")
            partial = target.with_suffix(".part")
            partial.write_bytes(content)
            partial.chmod(0o755)
            partial.rename(target)
    return target


def ensure_runtime(python: str, package: str = RUNTIME_CLIENT) -> Path:
    """Return a folder with a package (the runtime client, boto3) for one Python version."""
    found = interpreter(python)
    target = TOOLS / f"python{found.version}" / package
    with _locked("runtime"):
        if not target.exists():
            partial = target.with_name(target.name + ".part")
            shutil.rmtree(partial, ignore_errors=True)
            with tempfile.TemporaryDirectory() as folder:
                hashed = _hashed(requirements_of("dev", package), folder)
                _pip(python, "install", "--no-compile", "--target", str(partial), *hashed)
            partial.rename(target)
    return target


def _hashed(requirements: str, folder: str) -> list[str]:
    path = Path(folder) / "requirements.txt"
    path.write_text(requirements)
    return ["--require-hashes", "-r", str(path)]


def _pip(python: str, *arguments: str) -> None:
    command = [python, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SandboxError(f"pip {' '.join(arguments)} failed: {done.stderr}")


def interpreter(python: str) -> Interpreter:
    """Return where a Python is installed (not its virtual environment) and its version."""
    script = "import sys; print(sys.base_prefix); print('%d.%d' % sys.version_info[:2])"
    out = subprocess.run([python, "-I", "-c", script], capture_output=True, text=True, check=True)
    prefix, version = out.stdout.split("\n")[:2]
    return Interpreter(Path(prefix), version)


def unavailable() -> str | None:
    """Return why this machine cannot create a sandbox, or None."""
    if sys.platform != "linux" or shutil.which("unshare") is None:
        return "needs Linux and unshare"
    done = subprocess.run([*_unshare(), "true"], capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else f"cannot create namespaces here: {done.stderr.strip()}"


def _unshare() -> list[str]:
    # A PID namespace too: when its first process ends, all others end with it, whatever process
    # groups and sessions they have created.
    flags = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    return ["unshare", *flags] if os.geteuid() == 0 else ["unshare", "--map-root-user", *flags]


class Sandbox:
    """One execution environment; start it with `with`, then `invoke`."""

    def __init__(
        self,
        task_dir: str | os.PathLike[str],
        layer_dir: str | os.PathLike[str] | None = None,
        environ: Mapping[str, str] | None = None,
        *,
        wrapper: str | None = "/opt/appconfig-env",
        handler: str = "handler.handler",
        python: str = sys.executable,
        command: Sequence[str] | None = None,
        boto3: str | None = None,
        timeout_seconds: int = 30,
        memory_mb: int = 512,
        max_concurrency: int | None = None,
        init_caching: bool = False,
        hide: Iterable[str] = (),
        log_level: str = "info",
    ) -> None:
        """Prepare the sandbox; nothing runs before `start`.

        `command` replaces `python bootstrap.py` after the wrapper, for other languages. `boto3`
        is a requirement such as "boto3==1.43.0", installed where the managed runtime has it.
        `hide` lists programs of this machine that Lambda's image does not have.
        """
        self._given = dict(environ or {})
        self._task, self._layer = Path(task_dir).resolve(), layer_dir and Path(layer_dir).resolve()
        self._wrapper, self._handler, self._python = wrapper, handler, python
        self._command, self._boto3, self._hide = command, boto3, tuple(hide)
        self._timeout_seconds, self._memory_mb = timeout_seconds, memory_mb
        self._max_concurrency, self._init_caching = max_concurrency, init_caching
        # The emulator's own credentials endpoint returns keys that expired in the year 1, which
        # boto3 rejects; a test can pass another endpoint.
        self._keyless = init_caching or "AWS_CONTAINER_CREDENTIALS_FULL_URI" in self._given
        self._log_level = log_level
        self._process: subprocess.Popen[bytes] | None = None
        self._base = Path(tempfile.mkdtemp(prefix="sandbox-"))
        # With max_concurrency the emulator switches to uid 993, which needs access.
        self._base.chmod(0o755)
        self.tmp = self._base / "tmp"
        self._log = self._base / "log"
        self.port = self.runtime_api_port = 0

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> Self:
        """Start the emulator, and wait until it listens; the runtime starts at the first call."""
        rie = ensure_rie()
        for name in ("var", "opt", "runtime", "files", "tmp"):
            (self._base / name).mkdir(exist_ok=True)
        self.tmp.chmod(0o1777)
        # In /tmp or a layer's path it would be hidden inside the sandbox.
        shutil.copy2(rie, self._base / "files" / "aws-lambda-rie")
        self.port, self.runtime_api_port = free_port(), free_port()
        script = self._script()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*_unshare(), "/bin/sh", "-c", script],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
                cwd="/",
                start_new_session=True,
            )
        self._wait_until_it_listens(10)
        return self

    def invoke(self, payload: object = None, *, timeout: float = 60) -> tuple[int, Any]:
        """Call the function; return the status and the parsed JSON, the text, or None if empty.

        With `max_concurrency`, a call that finds no free worker is repeated for a while: workers
        become ready one by one, and Lambda would have routed the call elsewhere.
        """
        deadline = time.monotonic() + FREE_WORKER_SECONDS
        while True:
            status, response = self._invoke(payload, timeout)
            busy = isinstance(response, dict) and response.get("errorType") == "Runtime.Unavailable"
            if not (self._max_concurrency and busy) or time.monotonic() > deadline:
                return status, response
            time.sleep(0.02)

    def _invoke(self, payload: object, timeout: float) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("POST", INVOKE_PATH, json.dumps(payload).encode())
            response = connection.getresponse()
            body = response.read().decode()
        finally:
            connection.close()
        try:
            return response.status, json.loads(body) if body else None
        except ValueError:
            return response.status, body

    def log(self) -> str:
        """Return what the emulator, the wrapper and the function have printed so far."""
        return self._log.read_text(errors="replace")

    def init_durations_ms(self) -> list[float]:
        """The duration of each init, from the bootstrap's exec to the runtime's first `next`."""
        return [
            float(text) for text in re.findall(r"INIT REPORT\(durationMs: ([\d.]+)", self.log())
        ]

    def pids(self) -> list[int]:
        """Return the processes inside, the emulator first, by their PIDs outside."""
        if self._process is None or self._process.poll() is not None:
            return []
        found, todo = [], [self._process.pid]
        while todo:
            children = _children(todo.pop(0))
            found += children
            todo += children
        return found

    def freeze(self) -> None:
        """Stop all processes inside, as Lambda does between invocations."""
        for pid in self.pids():
            os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let the processes continue."""
        for pid in self.pids():
            os.kill(pid, signal.SIGCONT)

    def stop(self, *, grace_seconds: float = 5) -> None:
        """Shut down as Lambda does (SIGTERM to the emulator), then kill what is left."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        try:
            self.thaw()
            if inside := self.pids()[:1]:
                os.kill(inside[0], signal.SIGTERM)
            process.wait(grace_seconds)
        except (subprocess.TimeoutExpired, ProcessLookupError):
            pass
        finally:
            # --kill-child ends the namespace's first process, which ends all others.
            if process.poll() is None:
                process.kill()
            process.wait()

    def close(self) -> None:
        """Stop, and delete the folder with the log and `tmp`."""
        try:
            self.stop()
        finally:
            shutil.rmtree(self._base, ignore_errors=True)

    def _script(self) -> str:
        binds = [_bind(self._task, f"{self._base}/var/task")]
        version, command = "", list(self._command or ())
        if not command:
            found = interpreter(self._python)
            version = found.version
            binds.append(_bind(found.prefix, f"{self._base}/var/lang"))
            command = [f"/var/lang/bin/python{version}", "/var/runtime/bootstrap.py"]
            self._fill_runtime(found, binds)
        execution_env = f"AWS_Lambda_python{version}" if version else "AWS_Lambda_other"
        bootstrap = self._base / "runtime" / "bootstrap"
        bootstrap.write_text(
            BOOTSTRAP.format(
                execution_env=execution_env,
                command=shlex.join(command),
                # The emulator always sets these three variables; the service sets the endpoint
                # instead.
                unset=f"unset {' '.join(KEY_VARIABLES)}" if self._keyless else "",
            )
        )
        bootstrap.chmod(0o755)
        if self._layer:
            binds.append(f"mount --bind {shlex.quote(str(self._layer))} {self._base}/opt")
        options = [
            "--log-level",
            self._log_level,
            "--runtime-interface-emulator-address",
            f"127.0.0.1:{self.port}",
            "--runtime-api-address",
            f"127.0.0.1:{self.runtime_api_port}",
        ]
        options += ["--enable-init-caching"] if self._init_caching else []
        given = self._base / "files" / GIVEN
        given.touch(mode=0o600)  # not as arguments, which every user of this machine can read
        pairs = [f"{name}={shlex.quote(value)}" for name, value in self._environ().items()]
        given.write_text("".join(f"export {pair}\n" for pair in pairs))
        enter = ["env", "-i", "/bin/sh", "-c", f'. /var/sandbox/{GIVEN} && exec "$@"', "sh"]
        program = [*enter, "/var/sandbox/aws-lambda-rie", *options]
        hides = [f"[ ! -e {name} ] || mount --bind /dev/null {name}" for name in self._hide]
        return ENTER.format(
            base=shlex.quote(str(self._base)),
            rootless="no" if os.geteuid() == 0 else "yes",
            binds="\n".join(binds),
            hides="\n".join(hides),
            command=shlex.join([*program, "/var/runtime/bootstrap", self._handler]),
        )

    def _fill_runtime(self, found: Interpreter, binds: list[str]) -> None:
        runtime = self._base / "runtime"
        shutil.copytree(ensure_runtime(self._python), runtime, dirs_exist_ok=True)
        (runtime / "bootstrap.py").write_text(BOOTSTRAP_PY)
        # Hide the packages of this machine's Python: the image has boto3 or nothing.
        empty = self._base / "site-packages"
        empty.mkdir(exist_ok=True)
        packages = ensure_runtime(self._python, self._boto3) if self._boto3 else empty
        own = f"lib/python{found.version}/site-packages"
        if (found.prefix / own).is_dir():
            binds.append(_bind(packages, f"{self._base}/var/lang/{own}"))
        else:
            shutil.copytree(packages, runtime, dirs_exist_ok=True)

    def _environ(self) -> dict[str, str]:
        variables = {
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
            "LD_LIBRARY_PATH": "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:"
            "/var/task:/var/task/lib:/opt/lib",
            "LAMBDA_TASK_ROOT": "/var/task",
            "LAMBDA_RUNTIME_DIR": "/var/runtime",
            "_HANDLER": self._handler,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(self._timeout_seconds),
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self._memory_mb),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_ACCESS_KEY_ID": "ASIAFAKEFAKEFAKEFAKE",
            "AWS_SECRET_ACCESS_KEY": "fake",
            "AWS_SESSION_TOKEN": "fake",
        }
        if self._wrapper is not None:
            variables["AWS_LAMBDA_EXEC_WRAPPER"] = self._wrapper
        if self._max_concurrency is not None:
            variables["AWS_LAMBDA_MAX_CONCURRENCY"] = str(self._max_concurrency)
            variables["AWS_LAMBDA_INITIALIZATION_TYPE"] = "lambda-managed-instances"
        if self._keyless and not self._init_caching:
            variables = {name: variables[name] for name in variables if name not in KEY_VARIABLES}
        variables.update(self._given)
        for name in ("AWS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"):
            path = Path(variables.get(name, ""))
            # Such a file is often in the outer /tmp, which is hidden inside.
            if path.is_file():
                copied = shutil.copy2(path, self._base / "files" / f"{name.lower()}.pem")
                Path(copied).chmod(0o644)
                variables[name] = f"/var/sandbox/{Path(copied).name}"
        return variables

    def _wait_until_it_listens(self, seconds: float) -> None:
        assert self._process is not None
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise SandboxError(f"the emulator ended at once:\n{self.log()}")
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.01)
        raise SandboxError(f"the emulator does not listen after {seconds} s:\n{self.log()}")


def _bind(source: Path, target: str) -> str:
    return textwrap.dedent(f"""\
        mount --bind {shlex.quote(str(source))} {shlex.quote(target)}
        read_only {shlex.quote(target)}""")


def _children(pid: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:  # the process has ended
        return []
