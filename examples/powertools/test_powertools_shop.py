"""Tests of the function with Powertools; its module binds its settings when it is imported."""

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from appconfig_env import BindError
from appconfig_env.pytest_plugin import AppConfig

EVENT = {
    "version": "2.0",
    "rawPath": "/",
    "headers": {},
    "requestContext": {
        "http": {"method": "GET", "path": "/"},
        "requestId": "r-1",
        "stage": "$default",
    },
}
CONTEXT = SimpleNamespace(
    function_name="shop",
    memory_limit_in_mb=128,
    invoked_function_arn="arn:aws:lambda:eu-west-1:111122223333:function:shop",
    aws_request_id="a-request",
)


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch, appconfig: AppConfig) -> ModuleType:
    """The module as a cold start imports it, after the test's values are in place."""
    appconfig.override({"GREETING": "Hello"}, flags={"checkout": True})
    monkeypatch.delitem(sys.modules, "powertools_shop", raising=False)
    return importlib.import_module("powertools_shop")


def body(shop: ModuleType) -> Any:
    return json.loads(shop.handler(EVENT, CONTEXT)["body"])


def test_the_handler_returns_the_values(shop: ModuleType) -> None:
    assert body(shop) == {"greeting": "Hello", "page_size": 10, "checkout": True}


def test_a_warm_handler_has_new_values(shop: ModuleType, appconfig: AppConfig) -> None:
    appconfig.override({"GREETING": "Welcome back"}, flags={"checkout": False})

    assert body(shop) == {"greeting": "Welcome back", "page_size": 10, "checkout": False}


def test_a_cold_start_with_wrong_settings_fails(shop: ModuleType, appconfig: AppConfig) -> None:
    appconfig.override({"PAGE_SIZE": 0, "GREETING": None})

    with pytest.raises(BindError) as caught:
        importlib.reload(shop)

    assert {one.field for one in caught.value.problems} == {
        "Settings.greeting",
        "Settings.page_size",
    }


def test_a_refresh_is_logged_with_names_alone(
    appconfig: AppConfig,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("APPCONFIG_ENV_LOCAL_DIR", str(tmp_path))
    monkeypatch.setenv("APPCONFIG_ENV_SOURCES", "ssm:/shop/ appconfig:shop/prod/flags")
    (tmp_path / "ssm.env").write_text("/shop/GREETING=Hello")
    (tmp_path / "shop:prod:flags.json").write_text('{"checkout": {"enabled": true}}')
    monkeypatch.delitem(sys.modules, "powertools_shop", raising=False)
    shop = importlib.import_module("powertools_shop")
    assert body(shop)["greeting"] == "Hello"

    (tmp_path / "ssm.env").write_text("/shop/GREETING=secret greeting")
    appconfig.tick(45)

    assert body(shop)["greeting"] == "secret greeting"
    (record,) = [one for one in caplog.records if one.message == "configuration changed"]
    assert vars(record)["names"] == ["GREETING"]
    assert "secret greeting" not in caplog.text
