"""Finding flags in the profiles among the sources."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from appconfig_env import AmbiguousFlagError, UnevaluatedFlagError
from appconfig_env._helper.helper import Helper
from appconfig_env._helper.live_flags import MOST_UNKNOWN

from ...support.fakes import AwsClock as Clock
from ...support.fakes import Clock as BareClock
from ...support.fakes import steadily, wrapped

if TYPE_CHECKING:
    from pathlib import Path

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


VARIANTS = {
    "_variants": [
        {"name": "beta", "enabled": True, "rule": '(eq $plan "beta")', "attributeValues": {"n": 1}},
        {"name": "half", "enabled": True, "rule": "(split pct::100 by::$id)"},
        {"name": "rest", "enabled": False},
    ]
}


def test_a_context_chooses_the_variant_of_a_flag_with_rules(
    environ: dict[str, str], shop: FakeAws, clock: Clock
) -> None:
    helper = with_flags(environ, shop, clock, f"{FLAGS} {MORE}")
    shop.put_profile("shop", "prod", "more", {"version": "1", "values": {"beta": VARIANTS}})
    clock.tick(3600)

    for source in (None, MORE):
        beta = helper.flag("beta", context={"plan": "beta"}, source=source)
        assert (beta.variant, beta.enabled, beta.attributes) == ("beta", True, {"n": 1})
        assert helper.flag("beta", context={"id": 1}, source=source).variant == "half"
        assert helper.flag("beta", context={}, source=source).variant == "rest"
        assert not helper.flag("beta", default=True, context={}, source=source)
        with pytest.raises(UnevaluatedFlagError, match="pass context= to flag"):
            helper.flag("beta", source=source)
    assert not helper.flag("checkout", context={"plan": "beta"}), "a flag without rules"
    assert helper.flag("unheard of", default=True, context={})


def test_a_new_version_is_evaluated_by_its_own_rules(
    environ: dict[str, str], shop: FakeAws, clock: Clock
) -> None:
    helper = with_flags(environ, shop, clock, MORE)
    names = []
    for plan in ("beta", "gamma"):
        variants = json.loads(json.dumps(VARIANTS).replace("beta", plan))
        shop.put_profile("shop", "prod", "more", {"beta": variants})
        clock.tick(3600)
        names.append(helper.flag("beta", context={"plan": "gamma"}).variant)
    assert names == ["rest", "gamma"]


@pytest.mark.parametrize("form", ["stored", "Ion"])
def test_files_of_flags_are_found_too(tmp_path: Path, form: str) -> None:
    path = tmp_path / ("flags.json" if form == "stored" else "flags.ion")
    other = tmp_path / "config.json"
    stored = json.dumps({"version": "1", "values": {"beta": VARIANTS}})
    path.write_text(stored if form == "stored" else ION)
    other.write_text('{"cache": {"enabled": true}}')
    environ = {
        "APPCONFIG_ENV_SOURCES": f"file:{path}?env=no file:{other}",
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
    }
    helper = Helper(environ, now=BareClock(), jitter=steadily)

    flag = helper.flag("beta", context={"plan": "beta"})

    assert (flag.variant, flag.attributes) == ("beta", {"n": 1})
    assert helper.flag("beta", context={}, source=f"file:{path}").variant == "rest"
    assert not helper.flag("cache", context={}), "a file of variables"
    assert helper.flag("cache", source=f"file:{other}"), "which is named"


ION = """'beta'::[
  [(eq $plan "beta"), '''{"_variant": "beta", "enabled": true, "n": 1}'''],
  '''{"_variant": "rest", "enabled": false}''',
]"""


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
