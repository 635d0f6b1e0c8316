"""`testing.override`, which users' own tests rely on."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

import appconfig_env
from appconfig_env import AmbiguousFlagError, MissingKeyError, UnevaluatedFlagError
from appconfig_env._helper.helper import PROCESS_HELPER
from appconfig_env.testing import Clock, isolated, override

if TYPE_CHECKING:
    from pathlib import Path

APP = "appconfig:shop/prod/app"


def test_overridden_values_apply_only_inside_the_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMIT", "from the environment")
    with override({"LIMIT": 3, "ON": True, "LIST": [1, "é"], "TEXT": "t"}):
        assert appconfig_env.get("LIMIT", type=int) == 3
        assert appconfig_env.get("ON", type=bool) is True
        assert appconfig_env.get("LIST") == '[1,"é"]'
        assert appconfig_env.get("TEXT") == "t"
    assert appconfig_env.get("LIMIT") == "from the environment"


def test_other_names_come_from_the_environment_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("APPCONFIG_ENV_SOURCES", "appconfig:no/such/network")
    monkeypatch.setenv("OTHER", "mine")
    with override({"LIMIT": 3}):
        assert appconfig_env.get("OTHER") == "mine"
        assert appconfig_env.get("NOWHERE", "default") == "default"
        assert appconfig_env.refresh() == frozenset()
        assert appconfig_env.status() == {}
        assert not appconfig_env.flag("unknown")
        with pytest.raises(MissingKeyError):
            appconfig_env.document(APP)


def test_overrides_nest_and_end_in_order_even_after_an_error() -> None:
    with override({"A": 1, "B": 1}, flags={"f": True}):
        with suppress(ZeroDivisionError), override({"B": 2}, documents={APP: {"x": 1}}):
            assert (appconfig_env.get("A"), appconfig_env.get("B")) == ("1", "2")
            assert appconfig_env.flag("f")
            assert appconfig_env.document(APP) == {"x": 1}
            raise ZeroDivisionError
        assert appconfig_env.get("B") == "1"
        with pytest.raises(MissingKeyError):
            appconfig_env.document(APP)


def test_none_removes_a_name_even_if_the_environment_has_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LIMIT", "10")
    with override({"LIMIT": None}):
        assert appconfig_env.get("LIMIT") is None
        assert appconfig_env.get("LIMIT", 3, type=int) == 3
        with override({"LIMIT": 4}):
            assert appconfig_env.get("LIMIT") == "4"
    assert appconfig_env.get("LIMIT") == "10"


def test_flags_are_booleans_or_objects_with_attributes() -> None:
    flags: dict[str, bool | dict[str, Any]] = {
        "on": True,
        "off": False,
        "rich": {"limit": 3},
        "dim": {"enabled": False, "limit": 4},
    }
    with override(flags=flags):
        assert appconfig_env.flag("on")
        assert not appconfig_env.flag("off")
        assert appconfig_env.flag("rich")
        assert appconfig_env.flag("rich").attributes == {"limit": 3}
        assert not appconfig_env.flag("dim")


@pytest.mark.parametrize(
    ("flag", "got"),
    [
        ("yes", "str"),
        (1, "int"),
        ([True], "list"),
        ({"enabled": "yes"}, "another type of 'enabled'"),
    ],
)
def test_what_is_not_a_flag_is_an_error_that_names_it(flag: Any, got: str) -> None:
    with (
        pytest.raises(TypeError, match=rf"^flags: 'checkout': expected .*, got {got}; correct the"),
        override(flags={"checkout": flag}),
    ):
        pass


@pytest.mark.parametrize("value", [{1, 2}, b"x", object(), {"a": {1}}])
def test_a_value_that_is_neither_text_nor_json_data_is_an_error_that_names_it(value: Any) -> None:
    with (
        pytest.raises(TypeError, match=r"^values: 'LIMIT': expected text or JSON data, got \w+; "),
        override({"LIMIT": value}),
    ):
        pass


def test_a_name_that_is_not_text_is_an_error() -> None:
    names: Any = {1: "x"}
    with (
        pytest.raises(TypeError, match=r"^values: expected names of type str, got 1 \(int\); "),
        override(names),
    ):
        pass


@pytest.mark.parametrize("argument", ["values", "flags", "documents"])
@pytest.mark.parametrize("given", ["LIMIT", ["c"], {"c"}, 3, True])
def test_what_is_not_a_mapping_is_an_error_that_shows_one(argument: str, given: Any) -> None:
    kind = type(given).__name__
    with (
        pytest.raises(TypeError, match=rf"^{argument}: expected a mapping by .*, got {kind}; pass"),
        override(**{argument: given}),
    ):
        pass


@pytest.mark.parametrize("argument", ["flags", "documents"])
def test_a_flag_and_a_document_have_names_that_are_text(argument: str) -> None:
    given: Any = {argument: {1: True}}
    with (
        pytest.raises(TypeError, match=rf"^{argument}: expected \w+s of type str, got 1 \(int\); "),
        override(**given),
    ):
        pass


def test_a_value_that_only_get_can_return_can_be_given() -> None:
    # As that of a source with env=no, whose names and values no environment limits.
    with override({"a=b": "x\0y", "1st": "z"}):
        assert appconfig_env.get("a=b") == "x\0y"
        assert appconfig_env.get("1st") == "z"


def test_an_override_applies_to_all_threads() -> None:
    values: list[str | None] = []
    with override({"LIMIT": 3}):
        thread = threading.Thread(target=lambda: values.append(appconfig_env.get("LIMIT")))
        thread.start()
        thread.join()
    assert values == ["3"]


@pytest.mark.parametrize(
    "written", [APP, f"{APP}?prefix=X_", f"{APP}?optional&ttl=60", "appconfig:shop/pr%6Fd/app"]
)
@pytest.mark.parametrize("asked", [APP, f"{APP}?env=no", "appconfig:sh%6Fp/prod/app"])
def test_a_document_is_found_whatever_the_options_of_its_reference(
    written: str, asked: str
) -> None:
    with override(documents={written: {"db": {"host": "x"}}}):
        assert appconfig_env.document(asked) == {"db": {"host": "x"}}
        assert appconfig_env.document(f"{asked}#db.host") == "x"
        with pytest.raises(
            MissingKeyError, match=r"'db' has no key 'port'; it has 'host'; correct"
        ):
            appconfig_env.document(f"{asked}#db.port")


def test_a_value_of_a_document_can_be_given_alone_or_in_addition() -> None:
    secret = "secretsmanager:prod/db"
    with override(documents={f"{secret}?optional#password": "p"}):
        assert appconfig_env.document(f"{secret}#password") == "p"
        with pytest.raises(MissingKeyError, match="not among the documents"):
            appconfig_env.document(secret)
        with override(documents={secret: {"password": "q", "user": "u"}}):
            assert appconfig_env.document(f"{secret}#user") == "u"
            assert appconfig_env.document(f"{secret}#password") == "q"


def test_the_error_for_an_unknown_document_names_the_nearest_one() -> None:
    with override(documents={APP: {}, "secretsmanager:prod/db?optional#password": "p"}):
        for reference in ("shop/prod/app", "appconfg:shop/prod/app"):
            with pytest.raises(MissingKeyError, match=rf"' \(nearest: {APP}\): expected"):
                appconfig_env.document(reference)
        with pytest.raises(MissingKeyError, match=r"\('secretsmanager:prod/db#password', '"):
            appconfig_env.document("secretsmanager:prod/bd")


def test_of_two_formats_of_a_profile_the_one_that_is_named_is_returned() -> None:
    with override(documents={APP: {"a": 1}, f"{APP}?format=text": "text"}):
        assert appconfig_env.document(APP) == {"a": 1}
        assert appconfig_env.document(f"{APP}?format=text") == "text"
        with pytest.raises(MissingKeyError, match="name one of them"):
            appconfig_env.document(f"{APP}?format=json")


def test_a_document_whose_reference_is_invalid_is_an_error() -> None:
    with (
        pytest.raises(ValueError, match="'nonsense': expected a reference that starts with"),
        override(documents={"nonsense": {}}),
    ):
        pass


@pytest.mark.parametrize(
    "given",
    [
        {"flags": {"rich": {"names": ["x"]}}},
        {"documents": {"appconfig:a/b/c": {"rich": {"enabled": True, "names": ["x"]}}}},
    ],
)
def test_a_flag_of_a_test_belongs_to_its_caller(given: dict[str, Any]) -> None:
    with override(**given):
        appconfig_env.flag("rich").attributes["names"].append("y")
        assert appconfig_env.flag("rich").attributes == {"names": ["x"]}


def test_a_flag_is_found_in_the_documents_of_profiles() -> None:
    on = {"enabled": True, "limit": 3}
    with override(documents={f"{APP}?env=no": {"checkout": on}, "ssm:x": {"hidden": on}}):
        assert appconfig_env.flag("checkout").attributes == {"limit": 3}
        assert appconfig_env.flag("checkout", source=f"{APP}?prefix=X_")
        assert not appconfig_env.flag("hidden")
        with override(documents={"appconfig:a/b/c#part": {"within": on}}):
            assert not appconfig_env.flag("within"), "it is not the profile's"
        with override(documents={"appconfig:a/b/c": {"checkout": {"enabled": False}}}):
            with pytest.raises(AmbiguousFlagError, match="choose one with source="):
                appconfig_env.flag("checkout")
            assert not appconfig_env.flag("checkout", source="appconfig:a/b/c")
            with override(flags={"checkout": True}):
                assert appconfig_env.flag("checkout") == appconfig_env.Flag(
                    "checkout", enabled=True
                )


def test_a_flag_that_the_test_has_not_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    given = {APP: {"checkout": {"enabled": True}, "limit": 3}}
    with override(flags={"search": True, "gone": None}, documents=given):
        for _ in range(2):
            assert not appconfig_env.flag("chekout")
            assert not appconfig_env.flag("serch", source=APP)
            assert not appconfig_env.flag("gone")
    known = "is not in testing.override, which has"
    assert caplog.messages == [
        f"flag 'chekout' {known} 'checkout', 'search'; correct its name, or add it",
        f"flag 'serch' {known} 'search', 'checkout'; correct its name, or add it",
    ]


def test_no_flag_at_all_is_logged_too(caplog: pytest.LogCaptureFixture) -> None:
    with override():
        assert not appconfig_env.flag("any")
    assert caplog.messages == [
        "flag 'any' is not in testing.override, which has none; correct its name, or add it"
    ]


def test_none_removes_a_flag_even_if_a_document_has_it() -> None:
    document = {"checkout": {"enabled": True}}
    with override(documents={APP: document}, flags={"checkout": None}):
        for source in (None, APP):
            assert not appconfig_env.flag("checkout", source=source)
        with override(flags={"checkout": {"limit": 3}}):
            assert appconfig_env.flag("checkout")


def test_overridden_values_are_in_the_environment_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_PASSWORD", "secretsmanager:prod/db#password")
    monkeypatch.setenv("GONE", "here")
    monkeypatch.delenv("LIMIT", raising=False)
    before = dict(os.environ)

    with override({"DB_PASSWORD": "p", "LIMIT": 3, "GONE": None, "LIST": [1]}):
        expected = {**before, "DB_PASSWORD": "p", "LIMIT": "3", "LIST": "[1]"}
        del expected["GONE"]
        assert dict(os.environ) == expected
        with override({"LIMIT": 4, "GONE": "again", "DB_PASSWORD": None}):
            assert (os.environ["LIMIT"], os.environ["GONE"]) == ("4", "again")
            assert "DB_PASSWORD" not in os.environ
        assert dict(os.environ) == expected

    assert dict(os.environ) == before


def test_the_environment_is_restored_whatever_the_test_does_to_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("A", "1")
    before = dict(os.environ)

    with suppress(ZeroDivisionError), override({"A": "2", "B": "2", "C": None}):
        os.environ["A"] = os.environ["C"] = "3"
        del os.environ["B"]
        raise ZeroDivisionError

    assert dict(os.environ) == before


def test_what_is_not_valid_changes_nothing() -> None:
    before = dict(os.environ)

    with suppress(TypeError), override({"A": "1", "B": object()}):
        pass

    assert dict(os.environ) == before


@pytest.mark.parametrize(
    "values",
    [
        {"a=b": "x"},
        {"": "x"},
        {"1st": "x"},
        {"NUL": "x\0y"},
        {"SURROGATE": "\ud800"},
        {"LONG": "x" * 131_072},
        {"\ud800": None},
        {"nul\0": None},
    ],
)
def test_what_no_environment_can_hold_is_for_get_alone(values: dict[str, str | None]) -> None:
    before = dict(os.environ)

    with override(values):
        assert dict(os.environ) == before
        for name, text in values.items():
            assert appconfig_env.get(name) == text


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A local folder with one parameter, which the process's settings name."""
    write(tmp_path, "10")
    monkeypatch.setenv("APPCONFIG_ENV_LOCAL_DIR", str(tmp_path))
    monkeypatch.setenv("APPCONFIG_ENV_SNAPSHOT", str(tmp_path / "snapshot.json"))
    monkeypatch.setenv("APPCONFIG_ENV_SOURCES", "ssm:/shop/")
    return tmp_path


def write(folder: Path, limit: str) -> None:
    (folder / "ssm.env").write_text(f"/shop/LIMIT={limit}\n")


def test_an_isolated_process_reads_its_sources_again_as_its_clock_says(folder: Path) -> None:
    clock = Clock()
    with isolated(clock):
        assert appconfig_env.get("LIMIT") == "10"
        write(folder, "11")
        clock.tick(44)
        assert appconfig_env.get("LIMIT") == "10"
        clock.tick(1)
        assert appconfig_env.get("LIMIT") == "11"


@pytest.mark.usefixtures("folder")
def test_without_a_clock_the_time_of_day_is_used() -> None:
    with isolated():
        assert appconfig_env.get("LIMIT") == "10"
        age = appconfig_env.status()["ssm:/shop/"]["age"]
        assert age is not None
        assert 0 <= age < 600


def test_nothing_of_an_isolated_process_remains(folder: Path) -> None:
    changes: list[frozenset[str]] = []
    before = dict(os.environ)
    for limit in ("10", "20"):
        write(folder, limit)
        with isolated():
            appconfig_env.on_change(changes.append)
            assert appconfig_env.load() == {"LIMIT"}
            assert os.environ["LIMIT"] == limit
            left = override({"OF_A_TEST": "h"})
            left.__enter__()

        os.environ.pop("OF_A_TEST")
        assert dict(os.environ) == before
        assert PROCESS_HELPER.replaced_store is None
        assert PROCESS_HELPER._callbacks == []
    assert changes == [{"LIMIT"}] * 2
    os.environ.pop("HOST", None)


@pytest.mark.usefixtures("folder")
def test_a_reference_that_load_has_resolved_is_there_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("IN_PLACE", "ssm:/shop/LIMIT")
    monkeypatch.setenv("LOST", "ssm:/shop/LOST?optional")
    with isolated():
        appconfig_env.load()
        assert os.environ["IN_PLACE"] == "10"
        assert "LOST" not in os.environ

    assert os.environ["IN_PLACE"] == "ssm:/shop/LIMIT"
    assert os.environ["LOST"] == "ssm:/shop/LOST?optional"


@pytest.mark.usefixtures("folder")
def test_an_override_from_outside_does_not_apply_in_an_isolated_process() -> None:
    with override({"LIMIT": 3}):
        with isolated():
            assert appconfig_env.get("LIMIT") == "3", "from os.environ, where it is too"
            with override({"LIMIT": 4}):
                assert appconfig_env.get("LIMIT") == "4"
        assert appconfig_env.get("LIMIT") == "3"


@pytest.mark.usefixtures("folder")
def test_an_isolated_process_ends_after_an_error() -> None:
    with suppress(ZeroDivisionError), isolated(Clock()):
        appconfig_env.load()
        raise ZeroDivisionError

    assert "LIMIT" not in os.environ
    assert PROCESS_HELPER._now is time.time


def test_a_clock_stays_until_it_is_moved() -> None:
    clock = Clock(10)
    assert (clock(), clock()) == (10, 10)
    clock.tick(0.5)
    assert (clock(), clock.at) == (10.5, 10.5)
    assert Clock()() == datetime(2026, 1, 1, tzinfo=UTC).timestamp()


def test_flags_with_rules_are_evaluated_in_documents_and_given_ones_are_not() -> None:
    stored = {"version": "1", "values": {"checkout": {"_variants": [BETA, DEFAULT]}}}
    with override(documents={"appconfig:shop/prod/flags": stored}, flags={"search": True}):
        assert appconfig_env.flag("checkout", context={"plan": "beta"}).variant == "beta"
        assert appconfig_env.flag("checkout", context={}).variant == "rest"
        assert appconfig_env.flag("search", context={"plan": "beta"}).enabled
        with pytest.raises(UnevaluatedFlagError, match="pass context="):
            appconfig_env.flag("checkout")


BETA = {"name": "beta", "enabled": True, "rule": '(eq $plan "beta")'}
DEFAULT = {"name": "rest", "enabled": False}
