"""Runs all code blocks of a page in order, as a reader would, against a fake AWS.

A block with a title is a file. What configures a function (YAML, HCL, a Dockerfile, a CDK stack)
starts the wrapper with its variables, and the blocks of Python that follow run with them. A block
of text is what the last block printed, where `...` is for anything.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import hcl2
import yaml

from appconfig_env._backends.aws import services
from appconfig_env._config.settings import from_environ

from .fake_aws.account import ACCOUNT_ID
from .paths import ROOT, WRAPPER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from .fake_aws import FakeAws

EXAMPLE_ACCOUNT, REGION = "111122223333", "eu-west-1"  # of the pages
CDK = ROOT / "tests" / "support" / "fake_cdk"
# Other tests run the blocks of these guides.
ELSEWHERE = {"docs/guides/fallback.md", "docs/guides/local-and-tests.md"}
GUIDES = {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs" / "guides").glob("*.md")}
PAGES = sorted({"docs/install.md", "docs/quick-start.md"} | GUIDES - ELSEWHERE)
INDENTED = re.compile(r'^( *)```(\w*)(?: title="([^"]*)")?\n(.*?)^ *```$', re.DOTALL | re.MULTILINE)
# What is not run for real: each is only recorded, and makes what it would.
RECORDER = """\
#!/bin/sh
printf '%s\\n' "${0##*/}" "$@" END >> "$RECORD"
case "${0##*/} $1" in
    make* | appconfig-env*)
        mkdir -p dist
        touch dist/appconfig_env-0.1.0-py3-none-any.whl dist/appconfig-env-layer.zip ;;
esac
"""
# The real command, apart from its slowest verb.
COMMAND = """\
#!/bin/sh
[ "$1" != layer ] || exec "${{0%/*}}/recorded/appconfig-env" "$@"
exec {wrapper} "$@"
"""
RECORDED = ("make", "aws", "pip")
IN_PLACE = re.compile("(appconfig|ssm|secretsmanager):")
INSTRUCTIONS = {"FROM", "COPY", "RUN", "ENV", "WORKDIR", "ENTRYPOINT", "CMD"}
ACTIONS = {f"{services.prefix(name)}:{one}" for one, name in services.SERVICES.items()}
SHOW = "import json, os, sys; json.dump(dict(os.environ), sys.stdout)"
SYNTH = """
import json, aws_cdk
ShopStack(None, "shop")
made = aws_cdk.MADE.values()
print(json.dumps([one["environment"] for one in made if "environment" in one]))
"""
# As Lambda does; the context has what that of a durable function has.
CALL = """
class Context:
    def step(self, function, name):
        return function(None)
if "handler" in globals():
    print(handler({}, Context()))
"""
# The variables of a function on a page that does not configure one.
FUNCTION = {
    "APPCONFIG_ENV_SOURCES": "appconfig:shop/prod/app appconfig:shop/prod/flags ssm:/shop/prod/"
}
SECRET = {"user": "shop", "password": "s3cret", "host": "db.example"}
SETTINGS = {
    "DB_HOST": "db.example",
    "DB_PASSWORD": "s3cret",
    "MAIL": {"FROM": "shop@example.com", "LIMIT": 100},
    "REGIONS": ["eu", "us"],
}


class Block(NamedTuple):
    """A code block; its title is the name of a file, or empty."""

    language: str
    title: str
    text: str


def blocks(text: str) -> list[Block]:
    """Return a page's blocks, without their indentation."""
    return [
        Block(language, title, re.sub(rf"^{indent}", "", body, flags=re.MULTILINE))
        for indent, language, title, body in INDENTED.findall(text)
    ]


def fill(aws: FakeAws) -> str:
    """Put what the pages read into the fake account; return the ARN of the secret `prod/db`."""
    aws.put_profile("shop", "prod", "app", {"greeting": "Hello", "limit": 10})
    aws.put_profile("shop", "test", "app", {"greeting": "Hello, test", "limit": 99})
    aws.put_profile("shop", "prod", "flags", {"checkout": {"enabled": True, "limit": 10}})
    for name, value in (("DB_HOST", "db.example"), ("DB_PORT", "5432"), ("TABLE", "orders")):
        aws.put_parameter(f"/shop/prod/{name}", value)
    aws.put_role(f"arn:aws:iam::{ACCOUNT_ID}:role/reader")
    aws.put_secret("shop/prod/settings", json.dumps(SETTINGS))
    return aws.put_secret("prod/db", json.dumps(SECRET))


class Story:
    """One page that is being run.

    Attributes:
        commands: the commands that were only recorded, each as its words.
        actions: the IAM actions that the page's policies allow.
        variables: the last function's environment, as configured.
    """

    def __init__(self, aws: FakeAws, folder: Path) -> None:
        self.actions: set[str] = set()
        self.variables: dict[str, str] = {}
        self._aws, self._folder = aws, folder
        self._secret = fill(aws)
        self._printed = ""
        self._shell = self._environ({})
        self._install()

    @property
    def commands(self) -> list[list[str]]:
        """The commands that were recorded."""
        record = self._folder / "record"
        text = record.read_text() if record.exists() else ""
        return [lines.splitlines() for lines in text.removesuffix("END\n").split("END\n") if lines]

    def run(self, block: Block) -> None:
        """Run one block.

        Raises:
            AssertionError: it failed, or printed something else than the page shows.
            KeyError: no method runs this language.
        """
        text = self._localized(block.text)
        if block.title:
            path = self._folder / block.title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        if block.title.endswith("stack.py"):
            self._cdk(text)
        elif not block.title or block.language not in ("python", "json", "dotenv"):
            self._runners()[block.language](text)

    def _runners(self) -> Mapping[str, Callable[[str], None]]:
        return {
            "sh": self._sh,
            "python": self._python,
            "text": self._shown,
            "yaml": self._yaml,
            "hcl": self._hcl,
            "dockerfile": self._dockerfile,
            "json": self._json,
        }

    def _localized(self, text: str) -> str:
        """Return the text with the fake account's number, and its secret's ARN."""
        arn = rf"arn:aws:secretsmanager:{REGION}:{EXAMPLE_ACCOUNT}:secret:prod/db-AbCdEf"
        return text.replace(arn, self._secret).replace(EXAMPLE_ACCOUNT, ACCOUNT_ID)

    def _install(self) -> None:
        programs = self._folder / "bin"
        (programs / "recorded").mkdir(parents=True)
        scripts = dict.fromkeys((*RECORDED, "recorded/appconfig-env"), RECORDER)
        scripts["appconfig-env"] = COMMAND.format(wrapper=WRAPPER)
        scripts["python"] = f'#!/bin/sh\nexec {sys.executable} "$@"\n'
        for name, text in scripts.items():
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)

    def _environ(self, variables: Mapping[str, str]) -> dict[str, str]:
        return {
            "PATH": f"{self._folder / 'bin'}:{os.path.dirname(sys.executable)}:{os.defpath}",
            "PYTHONPATH": f"{ROOT}:{self._folder}",
            "PYTHONWARNINGS": "default",
            "RECORD": str(self._folder / "record"),
            "APPCONFIG_ENV_SNAPSHOT": str(self._folder / "snapshot.json"),
            **self._aws.environ(),
            **variables,
        }

    # The blocks by language.

    def _sh(self, text: str) -> None:
        # The shell's new variables come through a pipe: some are secret, so no file may have them.
        reader, writer = os.pipe()
        script = f"{text}\nenv -0 > /dev/fd/{writer}\n"
        done = self._done(["/bin/sh", "-ec", script], self._shell, pass_fds=(writer,))
        os.close(writer)
        with open(reader, "rb") as pipe:
            found = pipe.read().decode().split("\0")
        self._shell = dict(pair.partition("=")[::2] for pair in found if "=" in pair)
        self._printed = done

    def _python(self, text: str) -> None:
        command = [sys.executable, "-c", text + CALL]
        if "load()" not in text:
            command.insert(0, str(WRAPPER))
        self._printed = self._done(command, self._environ(self.variables or FUNCTION))

    def _shown(self, text: str) -> None:
        pattern = "\n(?:.*\n)*?".join(
            re.escape(line).replace(re.escape("..."), ".*") for line in text.strip().splitlines()
        )
        # Not what has the fake's keys, for which the output of all tests is searched.
        printed = [line for line in self._printed.splitlines() if "AWS_" not in line]
        assert re.search(rf"^{pattern}$", self._printed, re.MULTILINE), printed

    def _yaml(self, text: str) -> None:
        for variables in _found(yaml.load(text, Loader=_Loader), "Variables"):
            self._configure(variables)

    def _hcl(self, text: str) -> None:
        for variables in _found(hcl2.loads(text), "variables"):
            self._configure({name.strip('"'): it.strip('"') for name, it in variables.items()})

    def _dockerfile(self, text: str) -> None:
        steps = [line.partition(" ")[::2] for line in text.replace("\\\n", "").splitlines()]
        assert {name for name, _ in steps} <= INSTRUCTIONS
        variables = {}
        for name, rest in steps:
            if name == "ENV":
                key, _, value = rest.partition("=")
                variables[key] = value.strip('"')
            elif name == "RUN":
                self._done(["/bin/sh", "-nc", rest], self._environ({}))
            elif name == "COPY":
                self._copied(*rest.split())
            elif name in ("ENTRYPOINT", "CMD"):
                assert all(isinstance(word, str) for word in json.loads(rest))
        self._configure(variables)

    def _copied(self, source: str, target: str) -> None:
        """Check that a file is made by an earlier block, or is the reader's own."""
        assert target.startswith(("/", "${LAMBDA_TASK_ROOT}"))
        made = source.startswith("src/") or (self._folder / source).exists()
        assert made or source.startswith("dist/appconfig_env-0.1.0-"), source

    def _json(self, text: str) -> None:
        found = json.loads(text)
        for statement in found.get("Statement", []):
            actions = statement["Action"]
            self.actions |= {actions} if isinstance(actions, str) else set(actions)
        assert self.actions <= ACTIONS | {"kms:Decrypt"}

    def _cdk(self, text: str) -> None:
        script = text + SYNTH
        environ = {**self._environ({}), "PYTHONPATH": str(CDK)}
        for variables in json.loads(self._done([sys.executable, "-c", script], environ)):
            self._configure(variables)

    # What they have in common.

    def _configure(self, variables: Mapping[str, Any]) -> None:
        """Start the wrapper as Lambda does for a function with these variables."""
        assert all(isinstance(value, str) for value in variables.values())
        self.variables = {
            name: value for name, value in variables.items() if name != "AWS_LAMBDA_EXEC_WRAPPER"
        }
        environ = self._environ(self.variables)
        assert from_environ(environ).sources, "the function reads something"
        command = [str(WRAPPER), sys.executable, "-c", SHOW]
        started = json.loads(self._done(command, environ, log=False))
        assert started.keys() >= self.variables.keys()
        unresolved = [name for name, value in started.items() if IN_PLACE.match(value)]
        assert set(unresolved) <= {"APPCONFIG_ENV_SOURCES"}

    def _done(
        self,
        command: list[str],
        environ: Mapping[str, str],
        *,
        log: bool = True,
        pass_fds: tuple[int, ...] = (),
    ) -> str:
        """Run a command; return what it printed, with its log or without."""
        done = subprocess.run(
            command,
            cwd=self._folder,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if log else subprocess.PIPE,
            text=True,
            check=False,
            pass_fds=pass_fds,
        )
        assert done.returncode == 0, f"{done.stdout}{done.stderr or ''}"
        return done.stdout


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's functions, each replaced by its argument."""


_Loader.add_multi_constructor("!", lambda loader, _, node: loader.construct_scalar(node))


def _found(tree: object, key: str) -> list[dict[str, Any]]:
    """Return the values of a key at any depth that are mappings."""
    if isinstance(tree, list):
        return [one for item in tree for one in _found(item, key)]
    if not isinstance(tree, dict):
        return []
    here = [tree[key]] if isinstance(tree.get(key), dict) else []
    return here + [one for item in tree.values() for one in _found(item, key)]
