"""Every scheme has all that "A new scheme" in docs/architecture.md lists; a new one fails here."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from appconfig_env._backends.aws import iam
from appconfig_env._backends.aws.backend import AwsBackend
from appconfig_env._backends.aws.errors import AwsError
from appconfig_env._backends.aws.services import SERVICES
from appconfig_env._backends.base import Request
from appconfig_env._backends.fake import FakeBackend
from appconfig_env._backends.local import LocalBackend
from appconfig_env._backends.router import Router
from appconfig_env._cli.bake import bake
from appconfig_env._cli.trace.hooks import TABLE
from appconfig_env._config.aws import ENDPOINT_VARIABLES
from appconfig_env._config.references import is_reference, near_miss, parse
from appconfig_env._config.settings import Settings, from_environ
from appconfig_env._config.sources import FILE, SCHEMES, Resource
from appconfig_env._content.document import Document
from appconfig_env._content.variables import render_default
from appconfig_env.errors import Failure

from ..support.fake_client import FakeClient
from ..support.paths import ROOT
from ._wrapper.starts import Reads, run

if TYPE_CHECKING:
    from pathlib import Path

# References that are not just a scheme and a name.
EXAMPLES = {"appconfig": "appconfig:shop/prod/name"}
# What a local folder has of the examples.
FOLDER = {
    "shop:prod:name.txt": "value",
    "ssm.json": json.dumps({"name": "value"}),
    "secrets.json": json.dumps({"name": "value"}),
}
TESTS = ROOT / "tests"
OF_AWS = sorted(name for name, scheme in SCHEMES.items() if not scheme.is_local)
LOCAL = sorted(name for name, scheme in SCHEMES.items() if scheme.is_local)

each_scheme = pytest.mark.parametrize("name", sorted(SCHEMES))


def denying() -> FakeClient:
    """A client that denies every call."""
    return FakeClient(**{one: AwsError(one, "AccessDeniedException") for one in SERVICES})


def example(name: str) -> str:
    return EXAMPLES.get(name, f"{name}:name")


def resource(name: str) -> Resource:
    return parse(example(name)).resource


def rows() -> list[str]:
    """The first cells of the table of references."""
    page = ROOT / "docs" / "reference" / "references.md"
    table = page.read_text().split("| reference | reads |")[1].split("\n\n")[0]
    return [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]


@each_scheme
def test_a_scheme_has_a_row_in_the_reference(name: str) -> None:
    row = "".join(one for one in rows() if one.startswith(f" `{name}:"))

    assert row
    assert (f"`{name}:ARN`" in row) == SCHEMES[name].has_arns


def test_the_glossary_names_as_many_resources_as_the_reference() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text()

    (meaning,) = re.findall(r"\| What one call reads: (.*)\. \|", glossary)

    assert len(re.split(", | or ", meaning)) == len(rows())


@each_scheme
def test_a_scheme_has_the_interval_of_a_setting(name: str) -> None:
    setting = SCHEMES[name].interval

    settings = Settings((parse(example(name)),), **{setting: 77.0})  # type: ignore[arg-type]  # a name in a variable

    (sources,) = settings.resources().values()
    assert settings.interval(sources) == 77.0


@each_scheme
def test_a_reference_in_place_and_its_near_misses_are_recognized(name: str) -> None:
    reference, is_known = example(name), SCHEMES[name].in_place

    assert is_reference(reference) == is_known
    shouted = name.upper() + reference.removeprefix(name)
    for almost in (f"'{reference}'", f"${{{reference}}}", shouted):
        assert (near_miss(almost) is not None) == is_known, almost


@pytest.mark.parametrize("name", OF_AWS)
def test_a_scheme_of_aws_is_read_by_calls_whose_denial_names_an_action(name: str) -> None:
    client = denying()

    (outcome,) = AwsBackend(client, 1)([Request(resource(name))], 5.0).values()

    assert isinstance(outcome, Failure)
    services = {SERVICES[operation] for operation in client.operations()}
    assert services <= ENDPOINT_VARIABLES.keys()
    assert outcome.action.partition(":")[2] in client.operations()
    assert outcome.resource_arn.startswith("arn:")
    prefix = outcome.action.partition(":")[0]
    assert re.search(rf"\s{prefix}:[A-Z]\w+$", (ROOT / "template.yaml").read_text(), re.MULTILINE)


@pytest.mark.parametrize("operation", SERVICES)
def test_the_fake_and_the_contract_of_both_clients_have_every_operation(operation: str) -> None:
    fake = "".join(path.read_text() for path in (TESTS / "support" / "fake_aws").glob("*.py"))
    contract = (TESTS / "contract" / "test_clients.py").read_text()

    assert re.search(rf"\b{operation}\b", fake)
    assert f'"{operation}"' in contract


def test_the_security_page_names_every_service_that_has_an_endpoint() -> None:
    text = (ROOT / "SECURITY.md").read_text()

    (services,) = re.findall(r"\*\*It connects\*\* to the endpoints of (.*?) that", text)

    assert len(re.split(", | and ", services)) == len(ENDPOINT_VARIABLES)


@pytest.mark.parametrize("name", OF_AWS)
def test_a_scheme_of_aws_is_also_read_from_a_local_folder(name: str, tmp_path: Path) -> None:
    for file, text in FOLDER.items():
        (tmp_path / file).write_text(text)

    (outcome,) = LocalBackend(str(tmp_path))([Request(resource(name))], 1.0).values()

    assert isinstance(outcome, Document)
    assert outcome.body == b"value"
    assert outcome.secret == SCHEMES[name].is_secret


@pytest.mark.parametrize("name", LOCAL)
def test_a_local_scheme_is_read_without_aws_or_a_local_folder(name: str) -> None:
    (outcome,) = Router(from_environ({}), {})([Request(resource(name))], 1.0).values()

    assert isinstance(outcome, Failure)
    assert outcome.kind == "missing"


def test_trace_times_every_backend() -> None:
    backends = {path.stem for path in (ROOT / "appconfig_env" / "_backends").glob("[a-z]*.py")}
    timed = {module.rpartition(".")[2] for module, *_ in TABLE if "._backends." in module}

    # The agent evaluates flags, but is not read as a source.
    assert backends - {"agent", "base", "calls", "fake", "paths", "router", "system"} <= timed


@each_scheme
def test_a_default_is_secret_if_every_value_of_its_scheme_is(name: str) -> None:
    variables = render_default(parse(f"{example(name)}?as=NAME&default=value"))

    assert variables.secret == ({"NAME"} if SCHEMES[name].is_secret else set())


@each_scheme
def test_a_repeated_init_reads_what_is_local_or_secret_again(name: str, tmp_path: Path) -> None:
    scheme = SCHEMES[name]
    reads = Reads(name=Document(b"value", secret=scheme.is_secret))
    environ = {
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "APPCONFIG_ENV_SOURCES": f"{example(name)}?as=NAME",
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
    }

    for at in (1_000.0, 1_001.0):
        code, execve, _ = run(reads, at, environ)
        assert (code, execve.environ["NAME"]) == (0, "value")

    assert len(reads.asked) == (2 if scheme.is_local or scheme.is_secret else 1)


@each_scheme
def test_what_is_local_or_secret_is_not_baked(name: str) -> None:
    scheme = SCHEMES[name]
    settings = from_environ({"APPCONFIG_ENV_SOURCES": f"{example(name)} appconfig:a/b/other"})
    backend = FakeBackend(dict.fromkeys(settings.resources(), b"{}"))

    baked, without = bake(settings, backend, 1.0)

    is_baked = not scheme.is_local and not scheme.is_secret
    assert (resource(name).reference in baked.entries) == is_baked
    assert (resource(name).reference in without) == scheme.is_secret


@pytest.mark.parametrize("read", [AwsBackend(denying(), 1), LocalBackend("/")])
def test_a_backend_without_a_case_for_a_scheme_reads_nothing_else_in_its_place(read: Any) -> None:
    with pytest.raises(ValueError, match=f"{FILE}:$"):
        read([Request(resource(FILE))], 1.0)


def test_a_scheme_without_a_form_of_arns_has_none() -> None:
    with pytest.raises(ValueError, match=f"{FILE}:$"):
        iam.resource_arn("x:Read", "", resource(FILE))


def test_an_unknown_scheme_has_no_properties() -> None:
    unknown = Resource("none", ("x",))

    for name in ("is_secret", "is_local", "arn_region"):
        with pytest.raises(KeyError, match="none"):
            getattr(unknown, name)
