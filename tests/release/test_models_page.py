"""Runs the examples of docs/models.md."""

from __future__ import annotations

import re
import sys
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest

from appconfig_env import BindError
from appconfig_env.testing import override

from ..support.paths import ROOT

PAGE = (ROOT / "docs" / "models.md").read_text()
MODEL, TYPES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
(MESSAGE,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
VALUES = {"DB_HOST": "db.internal", "PAGE_SIZE": 20, "HOSTS": "a,b", "SHOP_API_KEY": "k"}


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The names of a module, in which dataclasses look for their types."""
    module = ModuleType("of_the_page")
    monkeypatch.setitem(sys.modules, "of_the_page", module)
    return vars(module)


def test_the_model_has_the_values_that_are_in_use(names: dict[str, Any]) -> None:
    with override(VALUES):
        exec(MODEL, names)
        settings, handler = names["settings"], names["handler"]

        assert handler({}, None) == {"db": "db.internal", "size": 20}
        assert (settings.hosts, settings.api_key) == (["a", "b"], "k")
        with override({"DB_HOST": "other", "TIMEOUT": "1m"}):
            assert handler({}, None)["db"] == "other"
            assert settings.timeout == timedelta(minutes=1)


def test_the_error_is_the_documented_one(names: dict[str, Any]) -> None:
    values = {"DB_HOTS": "db.internal", "PAGE_SIZE": "many"}
    with override(values), pytest.raises(BindError) as caught:
        exec(MODEL, names)

    found = str(caught.value).replace("testing.override", "ssm:/shop/prod/")
    assert found == MESSAGE.rstrip("\n")
    for attribute in re.findall(r"`(\w+)`", PAGE.partition("same as data: ")[2].partition(".")[0]):
        assert hasattr(caught.value.problems[0], attribute)


def test_the_types_are_those_of_the_values(names: dict[str, Any]) -> None:
    exec(MODEL.partition("settings = ")[0], names)
    with override({"HOSTS": "a,b", "TIMEOUT": "90s"}):
        exec(TYPES, names)

    found = [names[name] for name in ("hosts", "limits", "timeout")]
    assert found == [["a", "b"], {}, timedelta(seconds=90)]
