"""Responses that AWS never sends: one log line each, and no terminal control characters."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from appconfig_env._backends.aws import protocol as operations
from appconfig_env._backends.aws.errors import INVALID_RESPONSE, AwsError
from appconfig_env._config.settings import from_environ
from appconfig_env._helper.helper import Helper
from appconfig_env._http.messages import HttpResponse
from appconfig_env.errors import SettingsError

from ..support.fakes import Clock
from ..support.raw_server import RawServer, ok
from .cold_starts import Ended, start

PATH = f"{Path(sys.executable).parent}:/usr/bin:/bin"
# Colours, a cleared screen, a C1 control, a bidirectional override, line ends of all kinds.
CONTROLS = "\x1b[31m\x1b[2J\x9b1m\u202e\u2028\u2029\x85\r\nFATAL\x00\x07\ud800"
KEYS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "us-east-1"}


def cold_start(url: str, folder: Path, sources: str, *, is_json: bool = False) -> Ended:
    environ = {
        **KEYS,
        "PATH": PATH,
        "AWS_ENDPOINT_URL": url,
        "APPCONFIG_ENV_SOURCES": sources,
        "APPCONFIG_ENV_SNAPSHOT": str(folder / "snapshot"),
        "APPCONFIG_ENV_DEADLINE_SECONDS": "5",
        "AWS_LAMBDA_LOG_FORMAT": "JSON" if is_json else "Text",
        "AWS_APPCONFIG_EXTENSION_LOG_LEVEL": "trace",
    }
    ended = start(environ, "/bin/echo", "started")
    lines = ended.err.splitlines()
    assert lines
    assert "Traceback" not in ended.err
    for line in lines:
        assert line.isprintable(), ascii(line)
        assert len(line) < 1500
        if is_json:
            assert json.loads(line)["message"].isprintable()
        else:
            assert line.startswith("appconfig-env: ")
    return ended


def refusal(code: str, message: str) -> bytes:
    body = json.dumps({"__type": code, "message": message}).encode()
    head = f"HTTP/1.1 400 Bad\r\nContent-Length: {len(body)}\r\nx-amzn-requestid: \x1b[1m\x9b2J\r\n"
    return head.encode("latin-1") + b"\r\n" + body


@pytest.mark.parametrize("is_json", [False, True], ids=["text", "json"])
@pytest.mark.parametrize("source", ["ssm:/shop/", "ssm:/shop/x", "secretsmanager:s"])
def test_an_error_message_cannot_control_a_terminal(
    source: str, is_json: bool, tmp_path: Path
) -> None:
    response = refusal("Evil" + CONTROLS + "x" * 5000, "Message" + CONTROLS + "y" * 5000)
    with RawServer(response) as server:
        ended = cold_start(server.url, tmp_path, source, is_json=is_json)
    assert ended.code == 1
    assert "FATAL" in ended.err
    assert source in ended.err
    error = '"level": "ERROR"' if is_json else "appconfig-env: error: "
    assert len([line for line in ended.err.splitlines() if error in line]) == 1


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b"[" * 10_000 + b"]" * 10_000,
        b'{"Parameters": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
        b'{"Parameters": [{"Name": "/shop/x", "Value": ' + b"9" * 10**6 + b"}]}",
        b'{"Parameters": [{"Name": "/shop/x", "Value": null}]}',
        b'{"Parameters": [{"Name": {}, "Value": "c4n4ry"}]}',
        b'{"Parameters": {"Name": "/shop/x", "Value": "c4n4ry"}}',
        b'{"Parameters": ["c4n4ry"]}',
        b'{"Parameters": [{"Name": "/shop/x", "Value": ["c4n4ry"]}]}',
        b'{"Parameters": NaN}',
        b"\xff\xfe{\0}\0",
        b"",
    ],
    ids=lambda body: body[:40].decode("latin-1"),
)
def test_the_error_for_a_malformed_response_names_the_operation(
    body: bytes, tmp_path: Path
) -> None:
    with RawServer(ok(body)) as server:
        ended = cold_start(server.url, tmp_path, "ssm:/shop/x")
    assert ended.code == 1
    assert "ssm:/shop/x: GetParameters failed: " in ended.err
    assert "a proxy or gateway may have answered instead of AWS" in ended.err
    assert "unexpected" not in ended.err
    assert "c4n4ry" not in ended.err


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("GetSecretValue", '{"SecretBinary": "gr\\u00fcn"}'),
        ("BatchGetSecretValue", '{"SecretValues": [{"SecretBinary": "\\u00fc"}]}'),
        ("BatchGetSecretValue", '{"Errors": [{"SecretId": {"a": "c4n4ry"}}]}'),
        ("BatchGetSecretValue", '{"Errors": "c4n4ry"}'),
        ("GetParametersByPath", '{"NextToken": ["c4n4ry"]}'),
        ("GetParametersByPath", '{"Parameters": [{"Value": "c4n4ry"}]}'),
        ("StartConfigurationSession", '{"InitialConfigurationToken": 5}'),
    ],
)
def test_responses_with_wrong_types_are_rejected_without_quoting_them(
    operation: str, body: str
) -> None:
    with pytest.raises(AwsError) as caught:
        operations.result(operation, HttpResponse(200, {}, body.encode()))
    assert caught.value.code == INVALID_RESPONSE
    assert "c4n4ry" not in str(caught.value)


@pytest.mark.parametrize("kind", ['{"a": 1}', "5", '["AccessDeniedException"]', "null"])
def test_an_error_code_that_is_not_a_string_is_ignored(kind: str) -> None:
    body = f'{{"__type": {kind}, "message": {kind}}}'.encode()
    with pytest.raises(AwsError) as caught:
        operations.result("GetParameters", HttpResponse(400, {}, body))
    assert (caught.value.code, caught.value.message) == ("HTTP 400", "")


def latest(**headers: str) -> dict[str, object]:
    received = {"next-poll-configuration-token": "t", **headers}
    return operations.result("GetLatestConfiguration", HttpResponse(200, received, b"{}"))


def test_an_interval_of_thousands_of_digits_is_ignored() -> None:
    header = "next-poll-interval-in-seconds"
    assert "NextPollIntervalInSeconds" not in latest(**{header: "9" * 5000})
    assert latest(**{header: "999999999"})["NextPollIntervalInSeconds"] == 999_999_999


def test_an_interval_of_a_century_does_not_keep_a_document_for_a_century(tmp_path: Path) -> None:
    session = ok(b'{"InitialConfigurationToken": "t"}')
    headers = ("Next-Poll-Configuration-Token: n", "Content-Type: application/json")
    forever = ok(b'{"a": "1"}', *headers, "Next-Poll-Interval-In-Seconds: 999999999")
    clock = Clock()
    with RawServer(session, forever, session, ok(b'{"a": "2"}', *headers)) as server:
        environ = {
            **KEYS,
            "AWS_ENDPOINT_URL": server.url,
            "APPCONFIG_ENV_SOURCES": "appconfig:a/b/c",
            "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot"),
        }
        helper = Helper(environ, now=clock)
        assert helper.get("A") == "1"
        clock.tick(86_400 * 1.2)
        assert helper.get("A") == "2"


@pytest.mark.parametrize("is_json", [False, True], ids=["text", "json"])
def test_a_version_label_cannot_control_a_terminal(is_json: bool, tmp_path: Path) -> None:
    session = ok(b'{"InitialConfigurationToken": "t"}')
    label = ("Version-Label: " + "\x1b[31m\x9b1mv" * 100).encode("latin-1").decode("latin-1")
    lines = ["Next-Poll-Configuration-Token: n", "Content-Type: application/json", label]
    head = "\r\n".join(["HTTP/1.1 200 OK", "Content-Length: 1", *lines, "", "{"])
    with RawServer(session, head.encode("latin-1")) as server:
        ended = cold_start(server.url, tmp_path, "appconfig:a/b/c", is_json=is_json)
    assert ended.code == 1
    assert "(version ?[31m?1mv" in ended.err


@pytest.mark.parametrize("is_json", [False, True], ids=["text", "json"])
def test_a_parameter_name_cannot_control_a_terminal(is_json: bool, tmp_path: Path) -> None:
    parameters = [
        {"Name": f"/shop/LD_PRELOAD{character}", "Value": "1", "Type": "String"}
        for character in ("\x1b[2J", "\n", "\u202e", "\ud800", "\x9b")
    ]
    body = json.dumps({"Parameters": parameters}).encode()
    with RawServer(ok(body)) as server:
        ended = cold_start(server.url, tmp_path, "ssm:/shop/?names=keep", is_json=is_json)
    assert (ended.code, ended.out) == (0, "started\n")
    assert ended.err.count("is protected and was left out") == len(parameters)


def test_the_function_s_own_variables_cannot_control_a_terminal(tmp_path: Path) -> None:
    environ = {
        "APPCONFIG_ENV_\x1b[2J\u202e\udcff": "1",
        "APPCONFIG_ENV_OVERWRITE": "\x1b[31m\n",
        "APPCONFIG_ENV_SOURCES": "file:/no/such\x1b[31m",
        "X\x1b[2J": "ssm:/?",
    }
    with pytest.raises(SettingsError) as caught:
        from_environ(environ)
    assert len(caught.value.problems) >= 4
    assert all(problem.isprintable() for problem in caught.value.problems)
    unwritable = {"PATH": PATH, "APPCONFIG_ENV_SNAPSHOT": f"{tmp_path}/\x1b]0;x\x07/y"}
    (tmp_path / "a").write_text("{}")
    ended = start({**unwritable, "APPCONFIG_ENV_SOURCES": f"file:{tmp_path}/a"}, "/bin/true")
    assert ended.code == 0
    assert "was not written" in ended.err
    assert all(line.isprintable() for line in ended.err.splitlines())
