"""The IDs of profiles that references have by name."""

from __future__ import annotations

import json
import os
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

import pytest

from appconfig_env._cli.policy.lookup import ALLOW, boto3_ids, find_ids
from appconfig_env.errors import AppConfigEnvError

from ....support.local_server import LocalServer, Quiet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class FakeAppConfig:
    """Lists what it has, one item a page."""

    def __init__(self, applications: dict[str, str] | None = None) -> None:
        self.calls: list[tuple[str, str]] = []
        self.applications = applications or {"a1": "shop", "a2": "mail"}

    def page(self, kind: str, items: dict[str, str], parameters: dict[str, Any]) -> dict[str, Any]:
        at = int(parameters.get("NextToken", 0))
        self.calls.append((kind, parameters.get("ApplicationId", "")))
        listed = [{"Id": one, "Name": name} for one, name in items.items()]
        more = {"NextToken": str(at + 1)} if at + 1 < len(listed) else {}
        return {"Items": listed[at : at + 1], **more}

    def __call__(self, operation: str, parameters: dict[str, str]) -> dict[str, Any]:
        items = {
            "list_applications": self.applications,
            "list_environments": {"e1": "prod", "e2": "test"},
            "list_configuration_profiles": {"p1": "app", "p2": "flags"},
        }
        return self.page(operation, items[operation], parameters)


@pytest.mark.parametrize(
    ("parts", "ids"),
    [
        (("shop", "prod", "app"), ("a1", "e1", "p1")),
        (("mail", "test", "flags"), ("a2", "e2", "p2")),
        (("a2", "test", "p1"), ("a2", "e2", "p1")),
    ],
)
def test_names_and_ids_are_found_on_any_page(parts: tuple[str, ...], ids: tuple[str, ...]) -> None:
    assert find_ids(FakeAppConfig(), [parts]) == {parts: ids}


def test_each_list_is_read_once() -> None:
    client = FakeAppConfig({"a1": "shop"})

    find_ids(client, [("shop", "prod", "app"), ("shop", "prod", "flags"), ("shop", "test", "app")])

    assert len(client.calls) == 1 + 2 + 2


def test_a_name_takes_precedence_over_an_id() -> None:
    client = FakeAppConfig({"a1": "a2", "a2": "mail"})

    found = find_ids(client, [("a2", "prod", "app")])

    assert found == {("a2", "prod", "app"): ("a1", "e1", "p1")}


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        (("shp", "prod", "app"), "no application 'shp', only 'shop', 'mail'; correct"),
        (("shop", "prd", "app"), "no environment 'prd', only 'prod', 'test'; correct"),
        (("shop", "prod", "flag"), "no profile 'flag', only 'flags', 'app'; correct"),
    ],
)
def test_what_does_not_exist_is_an_error_with_the_names_that_do(
    parts: tuple[str, ...], problem: str
) -> None:
    with pytest.raises(AppConfigEnvError, match=problem):
        find_ids(FakeAppConfig(), [parts])


def test_a_name_that_two_have_is_an_error_with_their_ids() -> None:
    client = FakeAppConfig({"a1": "shop", "a2": "shop"})

    with pytest.raises(AppConfigEnvError, match=r"2 applications named 'shop' \(a1, a2\); name"):
        find_ids(client, [("shop", "prod", "app")])


def test_a_call_that_fails_is_an_error_with_the_actions_it_needs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))

    with pytest.raises(AppConfigEnvError) as caught:
        boto3_ids("eu-west-1", [("shop", "prod", "app")])

    expected = "the IDs of profiles could not be looked up (Unable to locate credentials); "
    assert str(caught.value) == expected + ALLOW


class Handler(Quiet, BaseHTTPRequestHandler):
    """AppConfig's lists over HTTP, each with one item; the server `denied` denies them."""

    def do_GET(self) -> None:
        items = {
            "/applications": {"Id": "a1", "Name": "shop"},
            "/applications/a1/environments": {"Id": "e1", "Name": "prod"},
            "/applications/a1/configurationprofiles": {"Id": "p1", "Name": "app"},
        }
        assert isinstance(self.server, LocalServer)
        is_denied = self.server.server_name == "denied"
        item = items[self.path.partition("?")[0]]
        body = json.dumps({"Message": "no"} if is_denied else {"Items": [item]}).encode()
        self.send_response(403 if is_denied else 200)
        self.send_header("x-amzn-ErrorType", "AccessDeniedException")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def appconfig(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalServer]:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    server = LocalServer(("127.0.0.1", 0), Handler)
    server.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL_APPCONFIG", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    yield server
    server.stop()


@pytest.mark.usefixtures("appconfig")
def test_boto3_calls_the_operations_that_list_them() -> None:
    found = boto3_ids("eu-west-1", [("shop", "prod", "app")])

    assert found == {("shop", "prod", "app"): ("a1", "e1", "p1")}


def test_a_denied_call_is_named_by_its_code(appconfig: LocalServer) -> None:
    appconfig.server_name = "denied"

    with pytest.raises(AppConfigEnvError, match=r"\(AccessDeniedException\); allow appconfig:List"):
        boto3_ids("eu-west-1", [("shop", "prod", "app")])
