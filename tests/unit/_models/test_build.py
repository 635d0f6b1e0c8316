"""Building dataclasses from texts, and what is wrong with all of their fields."""

from __future__ import annotations

from dataclasses import InitVar, dataclass, field
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._models.build import build
from appconfig_env._models.fields import model_of
from appconfig_env._models.problem import InvalidError

if TYPE_CHECKING:
    from collections.abc import Mapping

CANARY = "c4n4ry"


class Stage(Enum):
    PROD = "prod"


@dataclass(frozen=True, slots=True)
class Pool:
    size: int = 5
    names: list[str] = field(default_factory=list)


@dataclass
class Database:
    host: str
    port: int = 5432
    pool: Pool | None = None


@dataclass
class Settings:
    db: Database
    limit: int = 10
    hosts: list[str] = field(default_factory=list)
    stage: Stage = Stage.PROD
    timeout: timedelta = timedelta(seconds=3)
    note: str | None = None
    salt: InitVar[str] = ""

    def __post_init__(self, salt: str) -> None:
        if self.limit < 0:
            raise ValueError(f"{self.limit}{salt}")


def built(**texts: str) -> object:
    return build(model_of(Settings), texts)


@pytest.mark.parametrize(
    ("texts", "settings"),
    [
        ({"DB_HOST": "h"}, Settings(Database("h"))),
        ({"DB__HOST": "h", "DB__PORT": "1"}, Settings(Database("h", 1))),
        ({"DB_HOST": "h", "DB__HOST": "other"}, Settings(Database("h"))),
        ({"DB_HOST": "h", "DB_POOL_SIZE": "7"}, Settings(Database("h", pool=Pool(7)))),
        (
            {"DB_HOST": "h", "DB__POOL__NAMES": "a,b"},
            Settings(Database("h", pool=Pool(names=["a", "b"]))),
        ),
        ({"DB": '{"host": "h", "port": 1}'}, Settings(Database("h", 1))),
        ({"DB": '{"host": "h", "port": 1}', "DB_PORT": "2"}, Settings(Database("h", 2))),
        (
            {"DB": '{"host": "h", "pool": {"size": 1}}', "DB_POOL_NAMES": "a"},
            Settings(Database("h", pool=Pool(1, ["a"]))),
        ),
        ({"DB_HOST": "h", "DB_POOL": ""}, Settings(Database("h"))),
        ({"DB_HOST": "h", "DB_POOL": "null"}, Settings(Database("h"))),
        (
            {
                "DB_HOST": "h", "LIMIT": "3", "HOSTS": '["x"]', "STAGE": "PROD", "TIMEOUT": "1m",
                "NOTE": "", "SALT": "s",
            },
            Settings(Database("h"), 3, ["x"], Stage.PROD, timedelta(minutes=1), ""),
        ),
    ],
)  # fmt: skip
def test_a_model_is_built_from_texts(texts: Mapping[str, str], settings: Settings) -> None:
    assert built(**texts) == settings


@pytest.mark.parametrize(
    ("texts", "problems"),
    [
        ({}, {"db.host": ""}),
        ({"DB_PORT": CANARY}, {"db.host": "", "db.port": "a valid int"}),
        (
            {"DB_HOST": "h", "LIMIT": CANARY, "STAGE": CANARY, "HOSTS": f"[{CANARY}"},
            {
                "limit": "a valid int", "stage": "one of Stage: PROD", "hosts": "a valid list[str]",
            },
        ),
        (
            {"DB": CANARY, "LIMIT": "x"},
            {"db": "a valid Database (a JSON object)", "limit": "a valid int"},
        ),
        ({"DB": f'["{CANARY}"]'}, {"db": "a valid Database (a JSON object)"}),
        ({"DB": f'{{"{CANARY}": 1}}'}, {"db.host": ""}),
        ({"DB": '{"host": "h", "port": []}'}, {"db.port": "a valid int"}),
        (
            {"DB_HOST": "h", "DB_POOL": '{"size": "x", "names": 3}'},
            {"db.pool.size": "a valid int", "db.pool.names": "a valid list[str]"},
        ),
        ({"DB": ""}, {"db": "a valid Database (a JSON object with its fields)"}),
    ],
)  # fmt: skip
def test_all_problems_are_reported_without_the_values(
    texts: Mapping[str, str], problems: Mapping[str, str]
) -> None:
    with pytest.raises(InvalidError) as caught:
        built(**texts)

    found = {".".join(one.path): one.reason for one in caught.value.problems}
    assert found == problems
    assert caught.value.__context__ is None


def test_a_class_that_rejects_its_values_is_located_without_the_values() -> None:
    with pytest.raises(InvalidError) as caught:
        built(DB_HOST="h", LIMIT="-718237")

    ((path, variables, reason),) = caught.value.problems
    assert path == ()
    assert {"DB_HOST", "LIMIT"} <= {*variables}
    assert reason.startswith("accepted by Settings (ValueError at test_build.py:")
    assert "718237" not in reason


NAMES = sorted(model_of(Settings).variables())


@given(st.dictionaries(st.sampled_from(NAMES), st.text()))
def test_any_texts_are_built_or_rejected(texts: Mapping[str, str]) -> None:
    try:
        found = built(**texts)
    except InvalidError as error:
        assert error.problems  # noqa: PT017 # either outcome will do
    else:
        assert isinstance(found, Settings)
