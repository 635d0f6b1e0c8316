"""docs/troubleshooting.md has every message of the package, and what to do about each response."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from appconfig_env._backends.aws import errors as aws
from appconfig_env._backends.aws.iam import action
from appconfig_env._backends.aws.services import SERVICES
from appconfig_env._wrapper.main import main
from tools import write_troubleshooting
from tools.messages import Text, package_messages
from tools.page import fill, marks

from ..support.fake_aws import FakeAws
from ..support.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

ACCOUNT, EXAMPLE = "123456789012", "111122223333"
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text()


def test_the_page_is_up_to_date() -> None:
    wanted = fill(PAGE, write_troubleshooting.tables(), write_troubleshooting.KIND)
    assert wanted == PAGE, "run make troubleshooting"


def test_the_example_is_what_the_wrapper_logs(tmp_path: Path) -> None:
    with FakeAws(region="eu-west-1") as aws:
        aws.deny("GetParametersByPath")
        environ = {
            **aws.environ(),
            "APPCONFIG_ENV_SOURCES": "ssm:/shop/prod/",
            "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
        }
        lines: list[str] = []
        assert main(["/bin/true"], environ, write_line=lines.append) == 1
    line = re.sub(r"request [\w-]+", "request 7c9e6679-7425-40de-944b-e07fc1f90ae7", lines[0])
    assert f"```text\n{line.replace(ACCOUNT, EXAMPLE).strip()}\n```" in PAGE


def test_every_table_is_on_the_page() -> None:
    names = [name for name, _ in marks(PAGE, write_troubleshooting.KIND)]
    assert sorted(names) == sorted(write_troubleshooting.tables())


def test_every_message_with_a_symptom_and_a_remedy_is_on_the_page() -> None:
    shown = [text for text in package_messages() if write_troubleshooting.is_shown(text)]
    assert len(shown) > 150
    for text in shown:
        if write_troubleshooting.section(text):
            symptom, remedy = write_troubleshooting.row(text)
            lines = [one for one in PAGE.splitlines() if one.startswith(f"| {symptom} |")]
            assert any(remedy in line for line in lines)


def test_only_a_message_that_holds_another_one_is_left_out() -> None:
    left_out = [one for one in package_messages() if not write_troubleshooting.is_shown(one)]
    for text in left_out:
        assert "…" in f"{text.symptom}{text.remedy}" or "%s" in text.text or ": ;" in text.symptom


def test_a_module_without_a_section_is_found() -> None:
    with pytest.raises(KeyError, match=r"_new/part.py: add it to SECTIONS"):
        write_troubleshooting.section(Text("appconfig_env/_new/part.py", 1, "wrong; correct it"))


@pytest.mark.parametrize("status", [0, 400, 403, 404, 429, 500, 503])
@pytest.mark.parametrize(
    "code",
    [
        "ThrottlingException", "SlowDown", "InternalServerError", "RequestTimeout", "HTTP 403",
        "HTTP 500", "ExpiredToken", "ExpiredTokenException", "UnrecognizedClientException",
        "SignatureDoesNotMatch", "ResourceNotFoundException", "ParameterNotFound",
        "ParameterVersionNotFound", "DecryptionFailure", "InvalidKeyId", "ValidationException",
        "AnythingElse", aws.UNREACHABLE, aws.INVALID_RESPONSE, aws.NO_CREDENTIALS,
    ],
)  # fmt: skip
def test_the_remedy_for_every_response_is_on_the_page(code: str, status: int) -> None:
    hint = aws.AwsError("GetParameters", code, status=status).failure.hint
    assert hint[1:] in PAGE


def test_the_page_names_the_action_that_each_operation_needs() -> None:
    for operation, service in SERVICES.items():
        assert f"| `{operation}` | Grant {action(service, operation, '')} on " in PAGE
