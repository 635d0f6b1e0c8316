"""The instance of a bound model: when it is built again, and what stays if it is not valid."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env import BindError
from appconfig_env._content.document import Document
from appconfig_env._models.binding import Binding
from appconfig_env._models.plain_model import PlainModel
from appconfig_env._models.problem import InvalidError
from appconfig_env.testing import override

from ...support.threads import together
from .world import PATH, World

CANARY = "c4n4ry"
NOT_AN_INT = "the value is not a valid int; correct the value or the field's type"
LOW = f"Settings.low: LOW (the environment): {NOT_AN_INT}"


@dataclass
class Settings:
    host: str
    port: int = 5432
    low: int = 0
    high: int = 10

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError(self.low)


def bound(world: World) -> Binding:
    return Binding(world.helper, PlainModel(Settings, ""), "Settings")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, {"LOW": "1"}, HOST="h", PORT="1")


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.message for one in caplog.records if one.levelno >= logging.INFO]


def test_the_instance_stays_until_a_value_changes(world: World) -> None:
    binding = bound(world)
    first = binding.instance("host")
    for _ in range(3):
        world.clock.tick(1000)
        assert binding.instance("host") is first

    world.change(HOST="other", PORT="1")

    assert binding.instance("host") == Settings("other", 1, 1)
    assert binding.instance("host") is binding.instance("port")


def test_a_source_is_refreshed_no_more_often_than_by_get(world: World) -> None:
    binding = bound(world)
    for _ in range(100):
        world.clock.tick(1)
        binding.instance("host")

    assert len(world.backend.requests) == 1


def test_a_variable_of_the_environment_alone_is_current(world: World) -> None:
    binding = bound(world)
    assert binding.instance("low").low == 1

    world.environ["LOW"] = "2"
    assert binding.instance("host").low == 1, "not compared for another field"
    assert binding.instance("low").low == 2
    world.environ["HIGH"] = "20"
    assert binding.instance("a_method").high == 20
    del world.environ["LOW"]
    assert binding.instance("low").low == 0


def test_an_invalid_value_keeps_the_last_one_and_is_logged_once(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    binding = bound(world)

    for host, port in [("h2", CANARY), ("h3", CANARY), ("h3", f"{CANARY}-2")]:
        world.change(HOST=host, PORT=port)
        assert binding.instance("port") == Settings(host, 1, 1)
    line = f"using the last valid value: Settings.port: PORT ({PATH}): {NOT_AN_INT}"
    assert lines(caplog) == [line]
    caplog.clear()
    world.change(HOST="h3", PORT="3")
    assert binding.instance("port") == Settings("h3", 3, 1)
    assert lines(caplog) == ["Settings: recovered; every field has its current value"]


def test_the_log_has_fields_with_the_variable_and_the_source(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    binding = bound(world)
    world.change(HOST="h", PORT="x")
    binding.instance("port")

    (record,) = caplog.records
    assert (vars(record)["variable"], vars(record)["source"]) == ("PORT", PATH)


def test_a_required_value_that_is_no_longer_there_is_kept(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    binding = bound(world)

    world.change(PORT="2")

    assert binding.instance("host") == Settings("h", 2, 1)
    assert "Settings.host: HOST: neither a source nor the environment has this name" in caplog.text


def test_an_optional_value_that_is_no_longer_there_is_the_default(world: World) -> None:
    binding = bound(world)

    world.change(HOST="h")

    assert binding.instance("port") == Settings("h", 5432, 1)


def test_values_that_the_model_rejects_together_keep_all_last_ones(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    binding = bound(world)

    world.change(HOST="other", PORT="7182", LOW="99")
    world.environ["LOW"] = "99"

    assert binding.instance("low") == Settings("h", 1, 1)
    (line,) = lines(caplog)
    assert "Settings: the values are not accepted by Settings (ValueError at test_binding" in line
    assert "99" not in line.partition("test_binding")[0]


def test_a_failed_refresh_keeps_the_values(world: World) -> None:
    binding = bound(world)
    first = binding.instance("host")

    world.fail()

    assert binding.instance("host") is first


def test_a_value_that_cannot_be_known_now_is_the_last_one(tmp_path: Path) -> None:
    world = World(tmp_path, {"HOST": "h", "PORT": "2", "LOW": "1", "HIGH": "5"})
    world.fail()
    binding = bound(world)

    del world.environ["PORT"]  # the source, which might have it, was never read

    assert binding.instance("port") == Settings("h", 2, 1, 5)


def test_all_fields_that_are_not_valid_are_one_error(tmp_path: Path) -> None:
    world = World(tmp_path, {"LOW": CANARY}, PORT=CANARY, HOSTT=CANARY)

    with pytest.raises(BindError) as caught:
        bound(world)

    assert {(one.field, one.variable, one.source) for one in caught.value.problems} == {
        ("Settings.host", "HOST", ""),
        ("Settings.port", "PORT", PATH),
        ("Settings.low", "LOW", "the environment"),
    }
    missing = (
        "neither a source nor the environment has this name (nearest: HOSTT); add its source to "
        "APPCONFIG_ENV_SOURCES, correct the name, or add a default to the field"
    )
    assert str(caught.value).splitlines() == [
        f"Settings.host: HOST: {missing}",
        f"Settings.port: PORT ({PATH}): {NOT_AN_INT}",
        LOW,
    ]


def test_a_source_that_cannot_be_read_is_in_the_same_error(tmp_path: Path) -> None:
    world = World(tmp_path, {"LOW": CANARY})
    world.fail()

    with pytest.raises(BindError) as caught:
        bound(world)

    assert [str(one) for one in caught.value.problems] == [
        f"Settings: HOST, PORT, HIGH ({PATH}): not allowed; allow it",
        LOW,
    ]


def test_the_source_that_wins_is_named(tmp_path: Path) -> None:
    first = f"{PATH}?only=PORT"
    world = World(tmp_path, {"APPCONFIG_ENV_SOURCES": f"{first} ssm:/late/"}, HOST="h", PORT="1")
    world.backend.documents["ssm:/late/"] = Document(parameters={"HOST": "h", "PORT": "x"})

    with pytest.raises(BindError) as caught:
        bound(world)

    assert [one.source for one in caught.value.problems] == ["ssm:/late/"]


def test_an_override_holds_inside_the_with(world: World) -> None:
    binding = bound(world)

    with override({"HOST": "h", "PORT": 7}, helper=world.helper):
        assert binding.instance("port").port == 7
        with override({"PORT": None}, helper=world.helper):
            assert binding.instance("port").port == 5432
        assert binding.instance("port").port == 7
    assert binding.instance("port").port == 1


def test_an_override_that_is_not_valid_is_an_error(world: World) -> None:
    binding = bound(world)

    with override({"HOST": "h", "PORT": "x"}, helper=world.helper):
        for _ in range(2):
            with pytest.raises(BindError) as caught:
                binding.instance("port")
        assert str(caught.value) == f"Settings.port: PORT (testing.override): {NOT_AN_INT}"

    assert binding.instance("port").port == 1


def test_the_values_of_an_override_are_not_kept_after_it(world: World) -> None:
    with override({"HOST": "of a test"}, helper=world.helper):
        binding = bound(world)
    world.change(PORT="1")

    with pytest.raises(BindError, match=r"^Settings\.host: HOST: neither a source"):
        binding.instance("port")


@dataclass
class Inner:
    host: str
    port: int = 1


@dataclass
class Outer:
    db: Inner
    limit: int = 1


def test_the_variable_of_a_whole_model_is_named_for_its_fields(tmp_path: Path) -> None:
    world = World(tmp_path, {}, DB=f'{{"host": "h", "port": "{CANARY}"}}')

    with pytest.raises(BindError) as caught:
        Binding(world.helper, PlainModel(Outer, ""), "Outer")

    assert str(caught.value) == f"Outer.db.port: DB ({PATH}): {NOT_AN_INT}"


@pytest.mark.parametrize("changed", ['{"port": 2}', '{"host": "x", "port": "x"}', "x", "[]"])
def test_a_whole_model_that_is_not_valid_keeps_its_last_values(
    tmp_path: Path, changed: str
) -> None:
    world = World(tmp_path, {}, DB='{"host": "h", "port": 7}', LIMIT="1")
    binding = Binding(world.helper, PlainModel(Outer, ""), "Outer")

    world.change(DB=changed, LIMIT="2")

    assert binding.instance("db") == Outer(Inner("h", 7), 2)


def test_of_many_threads_each_sees_an_instance_of_one_moment(world: World) -> None:
    binding = bound(world)
    found: list[Any] = []

    def read() -> None:
        found.append(binding.instance("host"))

    for number in range(5):
        world.change(HOST=f"h{number}", PORT=str(number))
        together(read, 8)

    assert {one.host for one in found} <= {"h", *(f"h{number}" for number in range(5))}
    assert all(one.host in ("h", f"h{one.port}") for one in found)
    assert binding.instance("host") == Settings("h4", 4, 1)


def test_a_forked_child_builds_even_if_a_thread_of_its_parent_was_at_it(world: World) -> None:
    binding = bound(world)
    with binding._lock:
        world.change(HOST="other")
        world.helper.after_fork_in_child()

        assert binding.instance("host").host == "other"


def test_while_another_thread_builds_the_last_instance_is_returned(world: World) -> None:
    binding = bound(world)
    with binding._lock:
        world.change(HOST="other")
        assert binding.instance("host").host == "h"

    assert binding.instance("host").host == "other"


TEXTS = st.sampled_from(["", "x", "1", "2", "99", "-5"])


@given(st.lists(st.dictionaries(st.sampled_from(["HOST", "PORT", "LOW", "HIGH"]), TEXTS)))
def test_valid_values_are_taken_and_others_leave_a_valid_instance(
    changes: list[dict[str, str]],
) -> None:
    world = World(Path("/nowhere"), {}, HOST="h")  # without a file
    binding = bound(world)
    for change in changes:
        world.change(**change)
        found = binding.instance("host")

        assert found.low <= found.high
        with suppress(InvalidError):
            assert found == PlainModel(Settings, "").build(change)


def test_the_repr_of_what_frames_hold_has_no_value(tmp_path: Path) -> None:
    binding = bound(World(tmp_path, {}, HOST=CANARY))

    assert CANARY not in f"{binding._state!r} {binding!r}"
