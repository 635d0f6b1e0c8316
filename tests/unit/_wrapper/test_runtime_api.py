"""The report to Lambda's Runtime API that startup failed."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from appconfig_env._wrapper.runtime_api import report_init_error
from appconfig_env.errors import LoadError

from ...support.paths import ROOT
from ...support.raw_server import RawServer, ok
from .starts import environ, start

if TYPE_CHECKING:
    from pathlib import Path


def test_an_unreachable_runtime_api_changes_nothing(folder: Path) -> None:
    for address in ("127.0.0.1:9", "not an address", "127.0.0.1:99999"):
        done = start(environ(folder, X="ssm:/none", AWS_LAMBDA_RUNTIME_API=address), "/bin/true")
        assert done.returncode == 1
        assert done.stderr.count("\n") == 1


def test_the_error_is_posted_as_lambda_documents_it() -> None:
    with RawServer(ok()) as server:
        address = server.url.removeprefix("http://")
        report_init_error({"AWS_LAMBDA_RUNTIME_API": address}, LoadError([]))
    (request,) = server.requests
    head, _, body = request.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /2018-06-01/runtime/init/error HTTP/1.1"
    assert f"host: {address}" in lines
    assert "lambda-runtime-function-error-type: AppConfigEnv.LoadError" in lines
    assert json.loads(body) == {
        "errorMessage": "",
        "errorType": "AppConfigEnv.LoadError",
        "stackTrace": [],
    }


REPORT = """
import sys
from appconfig_env._wrapper.runtime_api import report_init_error
report_init_error({"AWS_LAMBDA_RUNTIME_API": sys.argv[1]} if sys.argv[1:] else {}, ValueError("x"))
print("appconfig_env._http.transport" in sys.modules)
"""


@pytest.mark.parametrize(
    ("address", "is_loaded"), [([], False), ([""], False), (["not an address"], True)]
)
def test_outside_of_lambda_not_even_the_http_client_is_loaded(
    address: list[str], is_loaded: bool
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", REPORT, *address],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{is_loaded}\n"


@pytest.mark.parametrize(
    "response", [b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", b"garbage\r\n\r\n"]
)
def test_a_report_that_fails_changes_nothing(response: bytes) -> None:
    with RawServer(response) as server:
        address = server.url.removeprefix("http://")
        report_init_error({"AWS_LAMBDA_RUNTIME_API": address}, ValueError("x"))
    assert len(server.requests) == 1
