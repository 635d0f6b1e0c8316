"""The code blocks of all pages: each runs in a test, or is listed with the reason and checked.

Those of the guides run in tests/release/test_guides.py, without a list.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
import tomllib
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from botocore import xform_name
from botocore.loaders import Loader

from appconfig_env._backends.aws.services import SERVICES
from appconfig_env._cli.trace.report import advice
from appconfig_env._cli.trace.span import KINDS, READ, Span, Trace
from appconfig_env._cli.trace.text import BLOCKS
from appconfig_env._cli.verbs import VERBS
from appconfig_env._config.settings import from_environ
from tools.write_command import help_of

from ..support import stories
from ..support.paths import ROOT, checkout_files
from . import test_template as template

if TYPE_CHECKING:
    from pathlib import Path

README = "release/test_readme.py"
OPENFEATURE = "unit/openfeature/test_provider.py"
WATERFALL = "ms 0                20               40"
MODELS = "release/test_models_page.py"
TESTING = "release/test_testing_page.py"
VARIANTS = "release/test_variants_page.py"
TROUBLESHOOTING = "release/test_troubleshooting.py"

# The blocks by page and the beginning of their first line, and the test file that runs them.
RUN = {
    ("CONTRIBUTING.md", "def test_a_variable_that_no_source_sets_"): "release/test_docs.py",
    ("README.md", "/shop/prod/HOST=localhost"): README,
    ("README.md", "export APPCONFIG_ENV_LOCAL_DIR=local APP"): README,
    ("README.md", "import appconfig_env"): README,
    ("README.md", "import os, appconfig_env"): README,
    ("README.md", "make dist layer  # dist/appconfig_env-0."): "release/test_blocks.py",
    ("RELEASING.md", "$ aws lambda add-layer-version-permissio"): "release/test_blocks.py",
    ("RELEASING.md", "$ aws lambda publish-layer-version --lay"): "release/test_blocks.py",
    ("RELEASING.md", "$ make .venv/.dev"): "release/test_blocks.py",
    ("RELEASING.md", "$ make clean && make test"): "release/test_blocks.py",
    ("RELEASING.md", "$ make dist"): "release/test_blocks.py",
    ("SECURITY.md", "import hashlib, json"): "hostile/test_security.py",
    ("SECURITY.md", "make layer && openssl dgst -sha256 -bina"): "release/test_blocks.py",
    ("docs/guides/fallback.md", "appconfig-env bake --output fallback.jso"): README,
    ("docs/guides/local-and-tests.md", "/shop/prod/HOST=localhost"): README,
    ("docs/guides/local-and-tests.md", '{"prod/db": {"user": "shop", "password":'): README,
    ("docs/guides/local-and-tests.md", "export APPCONFIG_ENV_LOCAL_DIR=local APP"): README,
    ("docs/guides/local-and-tests.md", "import boto3"): README,
    ("docs/guides/local-and-tests.md", "import os"): README,
    ("docs/reference/helper.md", "import appconfig_env"): README,
    ("docs/reference/logs.md", "appconfig-env: ssm:/shop/prod/: read in "): README,
    ("docs/reference/snapshot.md", "{"): README,
    ("docs/models.md", "from dataclasses import dataclass, field"): MODELS,
    ("docs/models.md", "Settings.db.host: DB_HOST: neither a sou"): MODELS,
    ("docs/models.md", 'hosts = appconfig_env.get("HOSTS", type='): MODELS,
    ("docs/testing.md", "import os"): TESTING,
    ("docs/testing.md", "import appconfig_env"): TESTING,
    ("docs/testing.md", "import unittest"): TESTING,
    ("docs/troubleshooting.md", "appconfig-env: error: ssm:/shop/prod/: G"): TROUBLESHOOTING,
    ("docs/command.md", "mkdir -p local"): "release/test_command.py",
    ("docs/iam.md", "APPCONFIG_ENV_SOURCES=ssm:/shop/prod/ ap"): "release/test_iam_page.py",
    ("docs/iam.md", 'export APPCONFIG_ENV_SOURCES="ssm:/shop/'): "release/test_iam_page.py",
    ("docs/iam.md", "Policies:"): "release/test_iam_page.py",
    ("docs/iam.md", "export AWS_REGION=eu-west-1 APPCONFIG_EN"): "release/test_iam_page.py",
    ("docs/iam.md", "missing: ssm:GetParametersByPath on arn:"): "release/test_iam_page.py",
    ("docs/init.md", "appconfig-env init --source ssm:/shop/pr"): "release/test_init_page.py",
    ("docs/init.md", "appconfig-env init dockerfile --source ss"[:40]): "release/test_init_page.py",
    ("docs/init.md", "appconfig-env init local --source ssm:/s"): "release/test_init_page.py",
    ("docs/init.md", "--- a/template.yaml"): "release/test_init_page.py",
    ("docs/local.md", "appconfig-env diff local"): "release/test_local_page.py",
    ("docs/local.md", "appconfig:shop/prod/app: same"): "release/test_local_page.py",
    ("docs/local.md", 'export APPCONFIG_ENV_SOURCES="appconfig:'): "release/test_local_page.py",
    ("docs/deploying.md", "$ aws lambda get-layer-version-by-arn --"): "release/test_blocks.py",
    ("docs/deploying.md", "$ make layer"): "release/test_blocks.py",
    ("docs/integrations.md", "import logging"): "alongside/test_powertools.py",
    ("docs/metrics.md", "StaleConfiguration:"): "release/test_metrics.py",
    ("docs/metrics.md", '{"_aws": {"Timestamp": 1767225600000, "C'): "release/test_metrics.py",
    ("docs/openfeature.md", "async def limit():"): OPENFEATURE,
    ("docs/openfeature.md", "from appconfig_env.openfeature import Ap"): OPENFEATURE,
    ("docs/openfeature.md", "from appconfig_env.testing import overri"): OPENFEATURE,
    ("docs/openfeature.md", "from openfeature.evaluation_context impo"): OPENFEATURE,
    ("docs/openfeature.md", "from openfeature.exception import Genera"): OPENFEATURE,
    ("docs/variants.md", "'checkout'::["): VARIANTS,
    ("docs/variants.md", "from appconfig_env.testing import overri"): VARIANTS,
    ("docs/variants.md", "import appconfig_env"): VARIANTS,
    ("docs/variants.md", "import hashlib"): VARIANTS,
    ("docs/variants.md", "{"): VARIANTS,
}
# The help of each verb is generated.
RUN |= {
    ("docs/command.md", help_of(verb).partition("\n")[0][:40]): "release/test_command.py"
    for verb in VERBS
}
# The blocks that no test can run, and why; what can be checked in them is checked below.
NOT_RUN = {
    ("CONTRIBUTING.md", "$ git clone <the repository> && cd appco"): "an address to be known later",
    ("README.md", "Layers: [!Ref AppConfigEnvLayer]"): "a part of a template",
    ("docs/deploying.md", "dist/appconfig-env-layer.zip: version 0."): "a hash, from one build",
    ("docs/architecture.md", "ORDER = ["): "generated from the test of the import rule",
    ("docs/architecture.md", "environment ──▶ _config ──▶ Settings: so"): "a picture",
    ("docs/explanation/cold-start.md", WATERFALL): "an excerpt from what a trace draws",
    ("docs/reference/logs.md", "appconfig-env: 12 values from 3 sources "): "a line with times",
}


class Block(NamedTuple):
    """A code block of a page, without its indentation."""

    page: str
    language: str
    text: str

    @property
    def key(self) -> tuple[str, str]:
        return self.page, self.text.strip().partition("\n")[0][:40]


def blocks(page: str, text: str) -> list[Block]:
    found = re.findall(r"^( *)```(\w*)(?: [^\n]*)?\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE)
    return [
        Block(page, language, re.sub(rf"^{indent}", "", body, flags=re.MULTILINE))
        for indent, language, body in found
    ]


PAGES = sorted(name for name in checkout_files() - set(stories.PAGES) if name.endswith(".md"))
ALL = [block for page in PAGES for block in blocks(page, (ROOT / page).read_text())]


def one(*key: str) -> Block:
    (block,) = [block for block in ALL if block.key == key]
    return block


def script(block: Block) -> str:
    """The block's commands without the prompts."""
    if block.language == "sh":
        return block.text
    lines = block.text.splitlines()
    assert all(line.startswith(("$ ", "> ", "  ")) for line in lines), "no output"
    return "\n".join(line[2:] for line in lines)


# What the blocks run is replaced by this, so that only the shell is real: it records its name and
# arguments. `make` also creates the file that its target builds.
RECORDER = """\
#!/bin/sh
printf '%s\\n' "${0##*/}" "$@" END >> "$RECORD"
case "$1" in layer | dist) echo built > "dist/appconfig-env-$1.zip" ;; esac
"""
STUBS = (
    "stubs/make",
    "stubs/aws",
    "stubs/pip",
    "stubs/appconfig-env",
    ".venv/bin/appconfig-env",
    ".venv/bin/twine",
)


def commands(block: Block, folder: Path) -> tuple[list[list[str]], str]:
    """Run a block in a folder; return the commands that it would run, and its output."""
    (folder / "dist").mkdir(parents=True)
    (folder / "dist" / "appconfig_env-0.1.0.tar.gz").touch()
    for name in STUBS:
        stub = folder / name
        stub.parent.mkdir(parents=True, exist_ok=True)
        stub.write_text(RECORDER)
        stub.chmod(0o755)
    record = folder / "record"
    environ = {"PATH": f"{folder / 'stubs'}:{os.defpath}", "RECORD": str(record)}
    done = subprocess.run(
        ["/bin/sh", "-euc", script(block)],
        cwd=folder,
        env=environ,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    recorded = record.read_text().removesuffix("END\n").split("END\n")
    return [lines.splitlines() for lines in recorded], done.stdout


def check(command: list[str]) -> None:
    """Check a command against the program that would run it, without an effect."""
    name, *arguments = command
    if name == "make":
        make(*arguments)
    elif name == "aws":
        aws(arguments)
    elif name == "pip":
        options_exist([sys.executable, "-m", "pip", arguments[0]], arguments[1:])
    elif name == "twine":
        options_exist([sys.executable, "-m", "twine", arguments[0]], arguments[1:])
    else:
        assert name == "appconfig-env"
        options_exist([sys.executable, "-m", "appconfig_env", arguments[0]], arguments[1:])


def make(*targets: str) -> None:
    """Check that the targets exist and can be made: make prints their commands."""
    command = ["make", "--dry-run", "--no-print-directory", *targets]
    environ = {"PATH": os.environ["PATH"]}  # not what a make that runs this test has passed on
    done = subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def options_exist(command: list[str], arguments: list[str]) -> None:
    """Check that the command's own help has the options among `arguments`."""
    done = subprocess.run(
        [*command, "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    options = {one for one in arguments if one.startswith("--")}
    assert options - set(re.findall(r"--[a-z-]+", done.stdout)) == set()


def aws(arguments: list[str]) -> None:
    """Check a command of AWS's own CLI against the API's model, which its options come from."""
    service, command, *rest = arguments
    given = options(rest)
    model = service_model(service)
    (operation,) = [one for one in model["operations"] if xform_name(one, "-") == command]
    shape = model["shapes"][model["operations"][operation]["input"]["shape"]]
    names = {f"--{xform_name(member, '-')}": member for member in shape["members"]}
    names["--zip-file"] = "Content"  # the CLI's own option, in place of a structure
    assert given.keys() - names.keys() == set()
    assert set(shape["required"]) - {names[option] for option in given} == set()
    if "--compatible-runtimes" in given:
        assert set(given["--compatible-runtimes"]) <= set(model["shapes"]["Runtime"]["enum"])


def options(arguments: list[str]) -> dict[str, list[str]]:
    """The values of each option, of which there is at least one."""
    given: dict[str, list[str]] = {}
    for word in arguments:
        if word.startswith("--"):
            given[word] = []
        else:
            list(given.values())[-1].append(word)
    assert all(given.values())
    return given


@functools.cache
def service_model(service: str) -> dict[str, Any]:
    found: dict[str, Any] = Loader().load_service_model(service, "service-2")
    return found


def test_every_block_runs_in_a_test_or_is_listed_with_the_reason() -> None:
    keys = [block.key for block in ALL]

    assert len(set(keys)) == len(keys)
    assert set(keys) == {*RUN, *NOT_RUN}
    assert not RUN.keys() & NOT_RUN.keys()


@pytest.mark.parametrize("key", RUN, ids="-".join)
def test_the_test_that_runs_a_block_reads_its_page(key: tuple[str, str]) -> None:
    page, _ = key

    name = re.escape(page.rpartition("/")[2])
    assert re.search(f'["/]{name}"', (ROOT / "tests" / RUN[key]).read_text())


@pytest.mark.parametrize(
    "key", [key for key in RUN if RUN[key] == "release/test_blocks.py"], ids="-".join
)
def test_a_block_of_commands_runs_and_its_programs_accept_them(
    tmp_path: Path, key: tuple[str, str]
) -> None:
    found, _ = commands(one(*key), tmp_path)

    assert found
    for command in found:
        check(command)


@pytest.mark.parametrize(
    "command",
    [
        ["make", "test-everything"],
        ["twine", "upload", "--loudly"],
        ["appconfig-env", "layer", "--pythons", "python3.13"],
        ["aws", "lambda", "publish-layer", "--layer-name", "x"],
        ["aws", "lambda", "publish-layer-version", "--layer-name", "x"],
        ["aws", "lambda", "publish-layer-version", "--name", "x", "--zip-file", "fileb://x"],
    ],
    ids=" ".join,
)
def test_a_command_that_does_not_exist_is_found(command: list[str]) -> None:
    with pytest.raises((AssertionError, ValueError)):
        check(command)


def test_one_layer_is_published_for_all_of_lambdas_pythons(tmp_path: Path) -> None:
    found, output = commands(one("RELEASING.md", "$ make dist"), tmp_path / "built")
    published, _ = commands(
        one("RELEASING.md", "$ aws lambda publish-layer-version --lay"), tmp_path / "published"
    )

    assert found == [["make", "dist"], ["make", "test-wheel"], ["make", "layer"]]
    assert "appconfig_env-0.1.0.tar.gz" in output
    assert "appconfig-env-layer.zip" in output
    given = options(published[0][3:])
    properties = template.resources()["AppConfigEnvLayer"]["Properties"]
    assert given["--compatible-runtimes"] == properties["CompatibleRuntimes"]
    assert given["--zip-file"] == ["fileb://dist/appconfig-env-layer.zip"]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl command")
def test_the_hash_of_a_layer_is_computed_as_aws_computes_it(tmp_path: Path) -> None:
    (block,) = [block for block in ALL if (block.page, block.language) == ("SECURITY.md", "sh")]

    _, output = commands(block, tmp_path)

    built = (tmp_path / "dist" / "appconfig-env-layer.zip").read_bytes()
    assert output.strip() == base64.b64encode(hashlib.sha256(built).digest()).decode()


def test_the_line_with_the_hash_has_the_form_of_what_the_command_prints(tmp_path: Path) -> None:
    block = one("docs/deploying.md", "dist/appconfig-env-layer.zip: version 0.")
    words = ["layer", "--python", sys.executable, "--output", str(tmp_path / "layer.zip")]
    printed = subprocess.run(
        [sys.executable, "-m", "appconfig_env", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()

    form = re.compile(r"\S+: version (\S+), CodeSha256 ([\w+/]{43}=)")
    (found,) = filter(None, map(form.fullmatch, printed))
    documented = form.fullmatch(block.text.strip())
    assert documented
    assert documented[1] == found[1]


def test_the_set_up_enters_the_projects_folder_and_runs_a_target() -> None:
    block = one("CONTRIBUTING.md", "$ git clone <the repository> && cd appco")
    first, second = script(block).splitlines()

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert first == f"git clone <the repository> && cd {project['name']}"
    check(shlex.split(second))


def test_the_part_of_a_template_configures_what_template_yaml_does() -> None:
    block = one("README.md", "Layers: [!Ref AppConfigEnvLayer]")
    properties = template.load(block.text)

    variables = properties["Environment"]["Variables"]
    function = template.function()
    assert properties["Layers"] == function["Layers"]
    assert variables.keys() == function["Environment"]["Variables"].keys()
    assert properties.keys() <= function.keys()
    name = "AWS_LAMBDA_EXEC_WRAPPER"
    assert variables[name] == function["Environment"]["Variables"][name]
    forms = [
        {(one.resource.scheme, one.variable, one.key) for one in from_environ(values).sources}
        for values in (variables, template.variables())
    ]
    assert forms[0] == forms[1]


def test_the_waterfall_has_the_form_and_the_words_of_a_trace() -> None:
    block = one("docs/explanation/cold-start.md", WATERFALL)
    axis, *lines, empty, last = block.text.splitlines()
    rows = [line for line in lines if line not in ("...", "")]

    assert (axis.split()[0], empty) == ("ms", "")
    start = axis.index("ms") + len("ms ")
    reads = (
        Span(READ, ("GetLatestConfiguration", "appconfig:a/b/c"), 0, 40.0, thread=1),
        Span(READ, ("GetParametersByPath", "ssm:/shop/prod/"), 0, 45.7, thread=2),
    )
    assert last == advice(Trace(reads, total=50.0, awaited=("appconfig:a/b/c", "ssm:/shop/prod/")))
    for row in rows:
        label, bars = row[: start - 9], row[start:]
        assert re.fullmatch(r" *\d+\.\d|", row[start - 9 : start].rstrip()), row
        assert set(bars) <= {*BLOCKS.eighths, BLOCKS.within, " "}, row
        known = (*KINDS, *SERVICES, "ssm, worker 1", "GetParameter…th")
        assert label.strip().startswith(known), row


def test_the_picture_of_the_data_names_modules_that_exist() -> None:
    key = ("docs/architecture.md", "environment ──▶ _config ──▶ Settings: so")
    names = re.findall(r"\b_\w+(?:[./]\w+)*", one(*key).text)

    assert len(names) > 6
    for name in names:
        path = ROOT / "appconfig_env" / name.replace(".", "/")
        assert path.is_dir() or path.with_suffix(".py").exists(), name


def test_a_block_in_a_list_is_found_without_its_indentation() -> None:
    text = textwrap.dedent(
        """\
        1. Run:

           ```console
           $ make a \\
               b
           ```
        """
    )

    (block,) = blocks("x.md", text)

    assert block == ("x.md", "console", "$ make a \\\n    b\n")
    assert script(block) == "make a \\\n  b"
