"""Tests of the FastAPI application, with its own client."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from fastapi_shop import app, get_settings

from appconfig_env import BindError
from appconfig_env.pytest_plugin import AppConfig

SECRET = '{"host": "db.internal", "password": "s3cret"}'


@pytest.fixture
def client() -> Iterator[TestClient]:
    get_settings.cache_clear()
    with TestClient(app) as client:
        yield client


@pytest.mark.appconfig({"SHOP_DB": SECRET})
def test_one_secret_fills_a_nested_model(client: TestClient) -> None:
    assert client.get("/").json() == {"db": "db.internal", "page_size": 10}
    assert get_settings().db.password.get_secret_value() == "s3cret"


@pytest.mark.appconfig({"SHOP_DB__HOST": "one", "SHOP_DB__PASSWORD": "s3cret"})
def test_the_same_object_follows_the_values(client: TestClient, appconfig: AppConfig) -> None:
    settings = get_settings()
    assert client.get("/").json()["db"] == "one"

    appconfig.override({"SHOP_DB__HOST": "two", "SHOP_PAGE_SIZE": 50})

    assert client.get("/").json() == {"db": "two", "page_size": 50}
    assert settings is get_settings()


def test_a_dotenv_file_serves_development(
    client: TestClient, appconfig: AppConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("SHOP_DB__HOST=localhost\nSHOP_DB__PASSWORD=dev\n")
    monkeypatch.chdir(tmp_path)
    appconfig.override({"SHOP_PAGE_SIZE": 5})

    assert client.get("/").json() == {"db": "localhost", "page_size": 5}


@pytest.mark.appconfig({"SHOP_PAGE_SIZE": 1000})
def test_a_refused_start_names_every_variable() -> None:
    get_settings.cache_clear()
    with pytest.raises(BindError) as caught:
        get_settings()

    assert str(caught.value).count("\n") == 1
    assert "SHOP_DB: neither a source nor the environment has this name" in str(caught.value)
    assert "less than or equal to 100" in str(caught.value)
