"""Models of pydantic-settings, whose own rules hold for our variables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import pytest
from pydantic import AliasChoices, BaseModel, Field, model_validator
from pydantic_settings import BaseSettings, InitSettingsSource, NoDecode, SettingsConfigDict

from appconfig_env._models.bind import bind_to
from appconfig_env._models.problem import InvalidError
from appconfig_env._models.settings_model import SettingsModel

from .world import World

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Self

CANARY = "c4n4ry"


class Database(BaseModel):
    host: str
    port: int = 5432


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="SHOP_", env_nested_delimiter="__", env_parse_none_str="none"
    )
    db: Database
    limit: int = 10
    hosts: list[str] = []
    tags: Annotated[list[str], NoDecode] = []
    note: str | None = "n"
    key: str = Field("k", validation_alias=AliasChoices("API_KEY", "KEY"))

    @model_validator(mode="before")
    @classmethod
    def splits(cls, data: Any) -> Any:
        if isinstance(data, dict) and "tags" in data:
            data["tags"] = data["tags"].split("+")
        return data

    @model_validator(mode="after")
    def fits(self) -> Self:
        if self.limit > 1000:
            raise RuntimeError(self.limit)
        if self.limit > 100:
            raise ValueError(self.limit)
        return self


def built(kind: type[BaseSettings], texts: Mapping[str, str], prefix: str = "") -> Any:
    model = SettingsModel(kind, prefix)
    return model.build({name: texts[name] for name in model.names(texts)})


@pytest.mark.parametrize(
    ("texts", "changes"),
    [
        ({"SHOP_LIMIT": "3"}, {"limit": 3}),
        ({"shop_limit": "3"}, {"limit": 3}),
        ({"LIMIT": "3"}, {}),
        ({"SHOP_HOSTS": '["a"]'}, {"hosts": ["a"]}),
        ({"SHOP_TAGS": "a+b"}, {"tags": ["a", "b"]}),
        ({"SHOP_NOTE": "none"}, {"note": None}),
        ({"API_KEY": "x"}, {"key": "x"}),
        ({"KEY": "x"}, {"key": "x"}),
        ({"SHOP_DB__PORT": "1"}, {"db": Database(host="h", port=1)}),
        ({"SHOP_DB": '{"port": 1}'}, {"db": Database(host="h", port=1)}),
    ],
)
def test_a_model_is_built_as_pydantic_settings_does(
    texts: Mapping[str, str], changes: Mapping[str, Any]
) -> None:
    found = built(Settings, {"SHOP_DB__HOST": "h", **texts})

    expected = {"db": Database(host="h"), **Settings.model_construct().model_dump(), **changes}
    assert found.model_dump() == Settings.model_construct(**expected).model_dump()
    assert type(found).__name__ == "Settings"
    assert isinstance(found, Settings)


def test_a_prefix_replaces_that_of_the_configuration() -> None:
    found = built(Settings, {"X_DB__HOST": "h", "X_LIMIT": "3", "SHOP_LIMIT": "4"}, "X_")

    assert (found.db.host, found.limit) == ("h", 3)


class Exact(BaseSettings):
    model_config = SettingsConfigDict(case_sensitive=True)
    Limit: int = 1


def test_the_case_matters_where_the_configuration_has_it_so() -> None:
    assert built(Exact, {"LIMIT": "3"}).Limit == 1
    assert built(Exact, {"Limit": "3"}).Limit == 3


class WithDotenv(BaseSettings):
    limit: int = 1
    note: str = ""


def test_a_dotenv_file_comes_after_our_variables(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("LIMIT=5\nNOTE=file\n")

    class Configured(WithDotenv):
        model_config = SettingsConfigDict(env_file=tmp_path / ".env")

    found = built(Configured, {"LIMIT": "3"})

    assert (found.limit, found.note) == (3, "file")


class Customized(BaseSettings):
    limit: int = 1

    @classmethod
    def settings_customise_sources(  # type: ignore[override]
        cls, settings_cls: Any, **sources: Any
    ) -> Any:
        first = InitSettingsSource(settings_cls, {"limit": 9})
        return (first, sources["env_settings"])


def test_the_order_of_sources_is_the_programs() -> None:
    assert built(Customized, {"LIMIT": "3"}).limit == 9


def test_the_environment_itself_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMIT", "4")

    assert built(WithDotenv, {}).limit == 1


@pytest.mark.parametrize(
    ("texts", "problems"),
    [
        ({}, {"db": (("SHOP_DB",), "")}),
        (
            {"SHOP_DB__PORT": CANARY, "SHOP_LIMIT": CANARY},
            {
                "db.host": (("SHOP_DB__HOST", "SHOP_DB__PORT"), ""),
                "db.port": (("SHOP_DB__PORT",), "valid (input should be a valid integer"),
                "limit": (("SHOP_LIMIT",), "valid (input should be a valid integer"),
            },
        ),
        (
            {"SHOP_DB": f"{{{CANARY}", "SHOP_HOSTS": CANARY, "SHOP_LIMIT": CANARY},
            {
                "db": (("SHOP_DB",), "valid (it is not JSON)"),
                "hosts": (("SHOP_HOSTS",), "valid (it is not JSON)"),
                "limit": (("SHOP_LIMIT",), "valid (input should be a valid integer"),
            },
        ),
        (
            {"SHOP_DB__HOST": "h", "KEY": "x", "SHOP_HOSTS": "[[1]]"},
            {"hosts": (("SHOP_HOSTS",), "valid (item 1: ")},
        ),
        (
            {"SHOP_DB__HOST": "h", "SHOP_LIMIT": "7182"},
            {"": (("SHOP_DB__HOST", "SHOP_LIMIT"), "accepted by Settings (RuntimeError at ")},
        ),
        (
            {"SHOP_DB__HOST": "h", "SHOP_LIMIT": "718"},
            {"": (("SHOP_DB__HOST", "SHOP_LIMIT"), "valid (rejected by a validator: ")},
        ),
    ],
)  # fmt: skip
def test_all_problems_are_reported_without_the_values(
    texts: Mapping[str, str], problems: Mapping[str, tuple[tuple[str, ...], str]]
) -> None:
    with pytest.raises(InvalidError) as caught:
        built(Settings, texts)

    found = {".".join(one.path): (one.variables, one.reason) for one in caught.value.problems}
    assert found.keys() == problems.keys()
    for path, (variables, reason) in problems.items():
        assert found[path][0] == variables
        assert found[path][1].startswith(reason)
        assert (found[path][1] == "") == (reason == "")
    assert CANARY not in str(found)
    assert "7182" not in str(found)
    assert caught.value.__context__ is None


def test_an_error_of_another_source_names_it(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"HOSTS={CANARY}\n")

    class Configured(BaseSettings):
        model_config = SettingsConfigDict(env_file=tmp_path / ".env")
        hosts: list[str] = []

    with pytest.raises(InvalidError) as caught:
        built(Configured, {})

    (problem,) = caught.value.problems
    assert 'parsing value for field "hosts" from source "DotEnvSettingsSource"' in problem.reason
    assert CANARY not in problem.reason


def test_a_bound_model_follows_its_values(tmp_path: Path) -> None:
    world = World(tmp_path, {}, SHOP_DB__HOST="h", SHOP_LIMIT="3")
    settings = bind_to(world.helper, Settings)
    assert isinstance(settings, Settings)
    assert (settings.db.host, settings.limit, repr(settings)) == (
        "h", 3, "<Settings bound by appconfig_env>",
    )  # fmt: skip

    world.change(SHOP_DB__HOST="other", SHOP_LIMIT=CANARY)

    assert (settings.db.host, settings.limit) == ("other", 3)
    world.change(SHOP_DB__HOST="other", SHOP_LIMIT="4")
    assert settings.limit == 4
