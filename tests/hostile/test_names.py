"""Variables that make real programs run code, none of which the wrapper sets."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest

from appconfig_env._config.references import parse
from appconfig_env._content.document import Document
from appconfig_env._content.protected import is_protected
from appconfig_env._content.variables import data_of, render

from ..support.paths import WRAPPER

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from appconfig_env._config.sources import Source

TOUCH = "echo obeyed >&2"


class Trick(NamedTuple):
    """One way to make a program run code from its environment.

    Attributes:
        name: the trick's name.
        program: the program to trick.
        arguments: a harmless command line for it.
        variables: values by name; `{here}` is a folder that contains `files`.
        files: contents by name; those that start with #! are made executable.
        output: what the program prints if it was tricked.
    """

    name: str
    program: str
    arguments: tuple[str, ...]
    variables: Mapping[str, str]
    files: Mapping[str, str] = {}
    output: str = "obeyed"

    def __str__(self) -> str:
        return self.name


PERL = "print STDERR 'obeyed'; 1;"
JAVASCRIPT = "console.error('obeyed')"
TRICKS = [
    Trick("the loader", "true", (), {"LD_PRELOAD": "/no/such/obeyed.so"}),
    Trick("the loader's audit libraries", "true", (), {"LD_AUDIT": "/no/such/obeyed.so"}),
    Trick("bash's startup file", "bash", ("-c", ":"), {"BASH_ENV": "{here}/rc"}, {"rc": TOUCH}),
    Trick("bash's functions", "bash", ("-c", "ls"), {"BASH_FUNC_ls%%": "() { " + TOUCH + "; }"}),
    Trick("bash's options", "bash", ("-c", ":"), {"SHELLOPTS": "verbose:xtrace"}, output="+ :"),
    Trick(
        "the path", "sh", ("-c", "ls"), {"PATH": "{here}"}, {"ls": f"#!/bin/sh\n{TOUCH}"}
    ),
    Trick(
        "python's path",
        "python",
        ("-c", ""),
        {"PYTHONPATH": "{here}"},
        {"sitecustomize.py": "import os; os.write(2, b'obeyed')"},
    ),
    Trick(
        "python's startup",
        "python",
        ("-i",),
        {"PYTHONSTARTUP": "{here}/start.py"},
        {"start.py": "import os; os.write(2, b'obeyed')"},
    ),
    Trick(
        "python's home",
        "python",
        ("-c", ""),
        {"PYTHONHOME": "/no/such"},
        output="No module named 'encodings'",
    ),
    Trick(
        "python's warnings",
        "python",
        ("-c", ""),
        {"PYTHONWARNINGS": "all:0:antigravity.x:0:0", "BROWSER": "{here}/browser"},
        {"browser": f"#!/bin/sh\n{TOUCH}"},
    ),
    Trick("perl's path", "perl", ("-e", "use strict"), {"PERL5LIB": "{here}"}, {"strict.pm": PERL}),
    Trick(
        "perl's options", "perl", ("-e", "1"), {"PERL5OPT": "-I{here} -Mevil"}, {"evil.pm": PERL}
    ),
    Trick("perl's debugger", "perl", ("-d", "-e", "1"), {"PERL5DB": "BEGIN { " + PERL + " }"}),
    Trick(
        "node's options",
        "node",
        ("-e", ""),
        {"NODE_OPTIONS": "--import=data:text/javascript," + JAVASCRIPT},
    ),
    Trick(
        "node's path",
        "node",
        ("-e", "try { require('evil') } catch {}"),
        {"NODE_PATH": "{here}"},
        {"evil.js": JAVASCRIPT},
    ),
    Trick(
        "node's roots", "node", ("-e", ""), {"NODE_EXTRA_CA_CERTS": "/obeyed.pem"}
    ),
    Trick("java's options", "java", ("-version",), {"JAVA_TOOL_OPTIONS": "-Dx=obeyed"}),
    Trick("java's launcher", "java", ("-version",), {"JDK_JAVA_OPTIONS": "-Dx=obeyed"}),
    Trick("java's undocumented options", "java", ("-version",), {"_JAVA_OPTIONS": "-Dx=obeyed"}),
    Trick(
        "git's configuration",
        "git",
        ("x",),
        {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "alias.x",
            "GIT_CONFIG_VALUE_0": f"!{TOUCH}",
        },
    ),
    Trick("git's ssh", "git", ("ls-remote", "ssh://h/x"), {"GIT_SSH_COMMAND": f"{TOUCH}; false"}),
    Trick(
        "git's transports",
        "git",
        ("ls-remote", f"ext::sh -c {TOUCH.replace(' ', '% ')}"),
        {"GIT_ALLOW_PROTOCOL": "ext"},
    ),
    Trick(
        "the home folder",
        "git",
        ("x",),
        {"HOME": "{here}"},
        {".gitconfig": f'[alias]\nx = "!{TOUCH}"'},
    ),
    Trick(
        "the XDG folder",
        "git",
        ("x",),
        {"XDG_CONFIG_HOME": "{here}"},
        {"git/config": f'[alias]\nx = "!{TOUCH}"'},
    ),
    Trick(
        "curl's folder",
        "curl",
        ("-s", "file:///dev/null"),
        {"CURL_HOME": "{here}"},
        {".curlrc": 'stderr = "-"\nno-such-obeyed\n'},
    ),
    Trick(
        "OpenSSL's configuration",
        "openssl",
        ("list", "-providers"),
        {"OPENSSL_CONF": "{here}/conf"},
        {
            "conf": "openssl_conf = a\n[a]\nproviders = b\n[b]\ndefault = c\nbase = c\n"
            "[c]\nactivate = 1\n"
        },
        output="OpenSSL Base Provider",
    ),
    Trick("make's flags", "make", ("-f", "/dev/null"), {"MAKEFLAGS": "--eval=$(info obeyed)"}),
]  # fmt: skip
HERE = {
    name: path
    for name in {trick.program for trick in TRICKS}
    if (path := sys.executable if name == "python" else shutil.which(name))
}


def prepare(trick: Trick, here: Path) -> dict[str, str]:
    """Write the trick's files, and return its variables."""
    for name, text in trick.files.items():
        path = here / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755 if text.startswith("#!") else 0o644)
    return {name: value.replace("{here}", str(here)) for name, value in trick.variables.items()}


def run(command: list[str], environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("trick", [one for one in TRICKS if one.program in HERE], ids=str)
def test_a_document_cannot_set_a_variable_that_runs_code(trick: Trick, tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    local = tmp_path / "local"
    local.mkdir()
    variables = prepare(trick, here)
    # An absolute path: PATH is among the tricks.
    command = [HERE[trick.program], *trick.arguments]
    harmless = {"PATH": "/usr/bin:/bin", "HOME": "/", "LANG": "C"}
    naive = run(command, {**harmless, **variables})
    assert trick.output in naive.stderr + naive.stdout, "the trick does not work"

    # A document, because its keys may have any character.
    (local / "evil:prod:app.json").write_text(json.dumps({**variables, "GOOD": "1"}))
    wrapped = run(
        [str(WRAPPER), *command],
        {
            **harmless,
            "APPCONFIG_ENV_LOCAL_DIR": str(local),
            "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot"),
            "APPCONFIG_ENV_SOURCES": "appconfig:evil/prod/app?names=keep",
            "APPCONFIG_ENV_OVERWRITE": "yes",
        },
    )
    ours: list[str] = []
    theirs: list[str] = []
    for line in wrapped.stderr.splitlines():
        (ours if line.startswith("appconfig-env: ") else theirs).append(line)
    assert trick.output not in "\n".join([*theirs, wrapped.stdout])
    for name in variables:
        assert any(f" {name} is protected and was left out" in line for line in ours)
    assert "1 value from 1 source" in ours[-1]


def test_the_programs_of_every_machine_are_tested() -> None:
    assert {"true", "sh", "bash", "python"} <= HERE.keys()


def test_a_non_interactive_shell_does_not_read_env(tmp_path: Path) -> None:
    # This is why ENV is not protected: many applications name their stage so.
    (tmp_path / "rc").write_text(TOUCH)
    for shell in ("sh", "bash", "dash"):
        if path := shutil.which(shell):
            done = run([path, "-c", ":"], {"ENV": str(tmp_path / "rc")})
            assert (done.returncode, done.stderr) == (0, "")
    assert not is_protected("ENV")


def test_the_wrapper_itself_ignores_python_variables(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import os; os.write(2, b'obeyed')")
    (tmp_path / "os.py").write_text("raise SystemExit('obeyed')")
    environ = {"PYTHONPATH": str(tmp_path), "PYTHONHOME": "/no/obeyed", "PATH": os.environ["PATH"]}
    done = run([str(WRAPPER), "/bin/echo", "started"], environ)
    assert done.stdout == "started\n"
    assert "obeyed" not in done.stderr


def test_the_wrapper_imports_no_module_of_the_function_that_is_named_like_python_s(
    tmp_path: Path,
) -> None:
    layers = tmp_path / "python"  # other layers have their packages in the same folder
    layers.mkdir()
    (layers / "appconfig_env").symlink_to(WRAPPER.parent.parent / "appconfig_env")
    # Python has some of them in its binary, where no file takes their place; python-dotenv, which
    # reads this document, imports the others.
    for name in ("hashlib", "os", "posixpath", "stat", "types", "site", "re", "logging"):
        (layers / f"{name}.py").write_text("raise SystemExit('obeyed')")
    (tmp_path / "ssm.env").write_text("/one=1\n")
    shutil.copy(WRAPPER, tmp_path)
    environ = {
        "PATH": os.environ["PATH"],
        "APPCONFIG_ENV_LOCAL_DIR": str(tmp_path),
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
        "ONE": "ssm:/one",
    }
    show = "import os; print(os.environ['ONE'])"
    done = run([str(tmp_path / WRAPPER.name), sys.executable, "-I", "-c", show], environ)
    assert done.stdout == "1\n", done.stderr


def document_of(source: Source, values: Mapping[str, str]) -> Document:
    """The document of a `source` that holds `values`: parameters, a JSON object or one value."""
    resource = source.resource
    if resource.is_path:
        return Document(parameters=values)
    if resource.scheme == "ssm":
        return Document("".join(values.values()).encode())
    return Document(json.dumps(dict(values)).encode(), content_type="application/json")


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "No_Proxy"])
@pytest.mark.parametrize(
    ("reference", "variable", "is_set"),
    [
        ("ssm:/net/?names=keep", "", False),
        ("ssm:/net/?names=keep&only={name}", "", True),
        ("appconfig:a/b/c?names=keep", "", False),
        ("appconfig:a/b/c?as={name}#{name}", "", True),
        ("ssm:/net/{name}?names=keep", "", True),
        ("ssm:/net/one", "{name}", True),
    ],
)
def test_a_proxy_variable_is_set_only_if_the_function_names_it(
    name: str, reference: str, variable: str, is_set: bool
) -> None:
    source = parse(reference.format(name=name), variable.format(name=name))
    document = document_of(source, {name: "http://proxy:1"})
    rendered = render(source, document, data_of(document, source.resource))
    assert rendered.values == ({name: "http://proxy:1"} if is_set else {})
    assert rendered.protected == (() if is_set else (name,))
