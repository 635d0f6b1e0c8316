"""Tests of the Flask application, with the fixture and the marker of the pytest plugin."""

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_shop import create_app

from appconfig_env import BindError
from appconfig_env.pytest_plugin import AppConfig


def shown(client: FlaskClient) -> Any:
    """Return the data of the page."""
    return client.get("/").json


hello = pytest.mark.appconfig({"SHOP_GREETING": "Hello"}, flags={"sale": False})


@hello
def test_the_page_shows_the_settings() -> None:
    client = create_app().test_client()

    response = client.get("/")

    assert response.json == {
        "greeting": "Hello",
        "page_size": 10,
        "currencies": ["EUR"],
        "sale": False,
    }
    assert response.headers["Cache-Control"] == "max-age=300"


@hello
def test_a_setting_that_changes_is_shown_by_the_next_request(appconfig: AppConfig) -> None:
    client = create_app().test_client()
    assert shown(client)["page_size"] == 10

    appconfig.override({"SHOP_PAGE_SIZE": 20, "SHOP_CURRENCIES": "EUR,SEK"}, flags={"sale": True})

    page = shown(client)
    assert (page["page_size"], page["currencies"], page["sale"]) == (20, ["EUR", "SEK"], True)


def test_a_local_folder_takes_the_place_of_aws(
    appconfig: AppConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APPCONFIG_ENV_LOCAL_DIR", str(tmp_path))
    monkeypatch.setenv("APPCONFIG_ENV_SOURCES", "ssm:/shop/?prefix=SHOP_")
    (tmp_path / "ssm.env").write_text("/shop/GREETING=Hello\n/shop/PAGE_SIZE=20\n")
    client = create_app().test_client()
    assert shown(client)["page_size"] == 20

    (tmp_path / "ssm.env").write_text("/shop/GREETING=Hi\n/shop/PAGE_SIZE=many\n")
    appconfig.tick(45)

    page = shown(client)
    assert (page["greeting"], page["page_size"]) == ("Hi", 20), "the last valid value is kept"


@pytest.mark.appconfig({"SHOP_PAGE_SIZE": "many"})
def test_all_wrong_settings_end_the_start() -> None:
    with pytest.raises(BindError) as caught:
        create_app()

    assert [one.variable for one in caught.value.problems] == ["SHOP_GREETING", "SHOP_PAGE_SIZE"]
