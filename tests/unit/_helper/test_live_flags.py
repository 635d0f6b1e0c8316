"""Finding flags in the profiles among the sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from appconfig_env import AmbiguousFlagError, UnevaluatedFlagError
from appconfig_env._helper.helper import Helper
from appconfig_env._helper.live_flags import MOST_UNKNOWN

from ...support.fakes import AwsClock as Clock
from ...support.fakes import steadily, wrapped

if TYPE_CHECKING:
    from ...support.fake_aws import FakeAws

FLAGS, MORE = "appconfig:shop/prod/flags", "appconfig:shop/prod/more?env=no"


def test_enabled_flags_are_true(environ: dict[str, str], shop: FakeAws, clock: Clock) -> None:
    shop.put_profile(
        "shop",
        "prod",
        "flags",
        {
            "checkout": {"enabled": True, "limit": 3},
            "beta": {"enabled": False},
            "split": {"enabled": True, "_variant": "B"},
        },
    )
    shop.put_profile("shop", "prod", "more", {"checkout": {"enabled": False}})
    sources = "appconfig:shop/prod/flags appconfig:shop/prod/more?prefix=MORE_"
    helper = Helper(
        wrapped({**environ, "APPCONFIG_ENV_SOURCES": sources}, clock), now=clock, jitter=steadily
    )
    assert not helper.flag("beta")
    assert helper.flag("split").variant == "B"
    assert not helper.flag("unheard of")
    with pytest.raises(AmbiguousFlagError, match=r"shop/prod/flags and appconfig:shop/prod/more"):
        helper.flag("checkout")
    flag = helper.flag("checkout", source="appconfig:shop/prod/flags")
    assert flag
    assert (flag.enabled, flag.attributes, flag.variant) == (True, {"limit": 3}, None)
    assert "3" not in repr(flag)


def test_a_flag_belongs_to_its_caller(environ: dict[str, str], shop: FakeAws, clock: Clock) -> None:
    shop.put_profile("shop", "prod", "flags", {"checkout": {"enabled": True, "names": ["x"]}})
    helper = Helper(
        wrapped({**environ, "APPCONFIG_ENV_SOURCES": FLAGS}, clock), now=clock, jitter=steadily
    )
    helper.flag("checkout").attributes["names"].append("y")
    helper.flag("checkout", source=FLAGS).attributes["names"].append("y")
    assert helper.flag("checkout").attributes == {"names": ["x"]}
    assert helper.document(FLAGS) == {"checkout": {"enabled": True, "names": ["x"]}}


def with_flags(environ: dict[str, str], shop: FakeAws, clock: Clock, sources: str) -> Helper:
    shop.put_profile("shop", "prod", "flags", {"checkout": {"enabled": False, "limit": "c4n4ry"}})
    shop.put_profile("shop", "prod", "more", {"search": {"enabled": True}, "text": "c4n4ry"})
    given = {**environ, "APPCONFIG_ENV_SOURCES": sources}
    del given["DB_PASSWORD"]
    return Helper(wrapped(given, clock), now=clock, jitter=steadily)


def test_a_flag_that_no_profile_has_is_reported_once(
    environ: dict[str, str], shop: FakeAws, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    helper = with_flags(environ, shop, clock, f"{FLAGS} {MORE}")
    caplog.clear()
    for _ in range(3):
        assert not helper.flag("chekout")
        assert helper.flag("serch", default=True, source=MORE)
        assert not helper.flag("checkout", default=True), "it is there, and off"
    more = "appconfig:shop/prod/more"
    remedy = "correct its name, or add it"
    assert caplog.messages == [
        f"flag 'chekout' is not in {FLAGS}, {more}, which has 'checkout', 'search'; {remedy}",
        f"flag 'serch' is not in {more}, which has 'search'; {remedy}",
    ]
    sources = [record.__dict__["source"] for record in caplog.records]
    assert sources == [f"{FLAGS}, {more}", more]


def test_a_flag_is_not_called_unknown_while_a_profile_could_not_be_read(
    environ: dict[str, str], shop: FakeAws, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    shop.deny("StartConfigurationSession", "shop/prod/more")
    helper = with_flags(environ, shop, clock, f"{FLAGS} {MORE}&optional")
    assert helper.flag("search", default=True)
    assert not [one for one in caplog.messages if one.startswith("flag ")]


def test_a_flag_that_was_not_evaluated_is_an_error_and_not_off(
    environ: dict[str, str], shop: FakeAws, clock: Clock
) -> None:
    helper = with_flags(environ, shop, clock, f"{FLAGS} {MORE}")
    shop.put_profile("shop", "prod", "more", {"beta": {"_variants": []}, "search": {"enabled": 1}})
    clock.tick(3600)
    for default in (False, True):
        for source in (None, MORE):
            with pytest.raises(UnevaluatedFlagError, match="shop/prod/more has the flag 'beta'"):
                helper.flag("beta", default=default, source=source)
    assert not helper.flag("checkout"), "of the other profile"


def test_no_program_fills_the_log_with_flags_that_do_not_exist(
    environ: dict[str, str], shop: FakeAws, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    helper = with_flags(environ, shop, clock, FLAGS)
    caplog.clear()
    for number in range(2 * MOST_UNKNOWN):
        assert not helper.flag(f"user-{number}")
    assert len(caplog.messages) == MOST_UNKNOWN


def test_the_error_for_an_unknown_flag_is_made_once_for_each_version(
    environ: dict[str, str], shop: FakeAws, clock: Clock
) -> None:
    flags = with_flags(environ, shop, clock, FLAGS).store().flags
    error = flags.unknown("serch")
    assert flags.unknown("serch") is error
    assert str(error).startswith(f"flag 'serch' is not in {FLAGS}, which has 'checkout'; ")

    shop.put_profile("shop", "prod", "flags", {"search": {"enabled": True}})
    clock.tick(3600)
    flags.read_profiles()

    assert "which has 'search'; " in str(flags.unknown("serch"))


def test_no_program_fills_the_memory_with_errors_of_flags_that_do_not_exist(
    environ: dict[str, str], shop: FakeAws, clock: Clock
) -> None:
    flags = with_flags(environ, shop, clock, FLAGS).store().flags
    first = flags.unknown("user-0")
    for number in range(1, MOST_UNKNOWN + 1):
        flags.unknown(f"user-{number}")

    assert flags.unknown("user-0") is not first


def test_without_a_profile_every_flag_is_unknown(
    environ: dict[str, str], shop: FakeAws, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    helper = with_flags(environ, shop, clock, "ssm:/shop/prod/")
    caplog.clear()
    assert not helper.flag("checkout")
    (line,) = caplog.messages
    assert line == (
        "flag 'checkout' is in no source, and none is an AppConfig profile; add the profile to "
        "APPCONFIG_ENV_SOURCES"
    )
