"""Filling the environment of a process that no wrapper has started, and the warning instead."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from appconfig_env._config.settings import HANDOFF
from appconfig_env._helper.helper import Helper
from appconfig_env.errors import LoadError, MissingKeyError, SettingsError
from appconfig_env.testing import override

from ...support.canary import SECRET
from ...support.fakes import AwsClock as Clock
from ...support.fakes import steadily, wrapped
from ...support.paths import ROOT
from .shop import APP, operations

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ...support.fake_aws import FakeAws

SETTINGS = {
    "sources and a reference": {},
    "a configured name": {"LIMIT": "mine"},
    "Lambda's own time zone": {"TZ": ":UTC"},
    "another time zone": {"TZ": "UTC"},
    "names that are overwritten": {"LIMIT": "mine", "APPCONFIG_ENV_OVERWRITE": "yes"},
    "a reference with a default": {"OTHER": "ssm:/no/such?default=instead"},
    "an optional reference": {"OTHER": "ssm:/no/such?optional"},
    "references that are text": {"APPCONFIG_ENV_REFERENCES": "off"},
    "a path of parameters": {"APP_ENV": "shop", "APP_PARAMS_PATH": "prod"},
    "its name as a parameter's": {
        "APP_ENV": "shop", "APP_PARAMS_PATH": "prod", "APPCONFIG_ENV_OVERWRITE": "yes",
    },
    "a source for get alone": {"APPCONFIG_ENV_SOURCES": f"{APP} ssm:/shop/prod/?env=no"},
    "a failure that is not one": {"OTHER": "ssm:/no/such", "APPCONFIG_ENV_ON_ERROR": "continue"},
}  # fmt: skip


@pytest.fixture
def shop(shop: FakeAws) -> FakeAws:
    """A shop with names that no source may set, and a value that looks like a reference."""
    shop.put_parameter("/shop/prod/ld-preload", "x.so")
    shop.put_parameter("/shop/prod/APP_ENV", "test")
    shop.put_parameter("/shop/prod/TZ", "Europe/Paris")
    shop.put_parameter("/shop/prod/text", "ssm:/shop/prod/host")
    return shop


def helper_of(environ: dict[str, str], clock: Clock) -> Helper:
    return Helper(environ, now=clock, jitter=steadily)


def without_handoff(environ: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name != HANDOFF}


@pytest.mark.parametrize("more", SETTINGS.values(), ids=SETTINGS)
def test_the_environment_becomes_what_the_wrapper_makes_of_it(
    environ: dict[str, str], clock: Clock, more: dict[str, str], tmp_path: Path
) -> None:
    environ |= more
    before = dict(environ)
    expected = wrapped({**environ, "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "other.json")}, clock)

    names = helper_of(environ, clock).load()

    expected["APPCONFIG_ENV_SNAPSHOT"] = environ["APPCONFIG_ENV_SNAPSHOT"]
    assert without_handoff(environ) == without_handoff(expected)
    assert "LD_PRELOAD" not in environ
    changed = {name for name in environ if environ[name] != before.get(name)}
    assert changed - {HANDOFF} <= names <= environ.keys()


def test_it_is_done_once_and_not_after_the_wrapper(
    environ: dict[str, str], clock: Clock, shop: FakeAws
) -> None:
    after = wrapped(environ, clock)
    helper = helper_of(environ, clock)
    assert helper.load() > {"HOST", "DB_PASSWORD"}
    shop.clear_calls()

    for done in (helper, helper_of(environ, clock), helper_of(after, clock)):
        assert done.load() == frozenset()
    assert shop.calls == []


def test_without_a_required_value_nothing_is_set(environ: dict[str, str], clock: Clock) -> None:
    environ |= {"OTHER": "ssm:/no/such", "MORE": "secretsmanager:none"}
    before = dict(environ)

    with pytest.raises(LoadError) as caught:
        helper_of(environ, clock).load()

    assert {error.source for error in caught.value.errors} == {
        "OTHER=ssm:/no/such",
        "MORE=secretsmanager:none",
    }
    assert environ == before


def test_a_required_value_for_get_alone_may_be_missing(
    environ: dict[str, str], clock: Clock
) -> None:
    environ["APPCONFIG_ENV_SOURCES"] += " ssm:/none/?env=no&prefix=NONE_"
    helper = helper_of(environ, clock)

    assert "HOST" in helper.load()
    with pytest.raises(LoadError):
        helper.get("NONE_X")


@pytest.mark.parametrize("call", [Helper.load, Helper.refresh, lambda helper: helper.get("HOST")])
def test_all_paths_that_do_not_exist_are_one_error(
    environ: dict[str, str], clock: Clock, call: Callable[[Helper], object]
) -> None:
    environ["APPCONFIG_ENV_FALLBACK"] = "/no/such/file"
    environ["APPCONFIG_ENV_LOCAL_DIR"] = "/no/such/folder"
    environ["APPCONFIG_ENV_OVERWRITE"] = "maybe"
    environ["APPCONFIG_ENV_NEXT_WRAPPER"] = "/opt/never-executed-here"
    before = dict(environ)

    with pytest.raises(SettingsError) as caught:
        call(helper_of(environ, clock))

    names = [problem.partition(":")[0] for problem in caught.value.problems]
    assert names == [f"APPCONFIG_ENV_{name}" for name in ("OVERWRITE", "LOCAL_DIR", "FALLBACK")]
    assert environ == before


def test_where_a_wrapper_has_run_no_path_is_checked_again(
    environ: dict[str, str], clock: Clock, tmp_path: Path
) -> None:
    fallback = tmp_path / "fallback.json"
    fallback.touch()
    environ["APPCONFIG_ENV_FALLBACK"] = str(fallback)
    helper_of(environ, clock).load()
    fallback.unlink()

    assert helper_of(environ, clock).get("HOST")


def test_get_returns_refreshed_values_afterwards(
    environ: dict[str, str], clock: Clock, shop: FakeAws
) -> None:
    helper = helper_of(environ, clock)
    helper.load()
    shop.put_secret("prod/db", json.dumps({"password": f"rotated-{SECRET}"}))
    clock.tick(400)

    assert helper.get("DB_PASSWORD") == f"rotated-{SECRET}"
    assert environ["DB_PASSWORD"] == SECRET


def test_a_child_process_reads_no_value_as_a_reference(
    environ: dict[str, str], clock: Clock
) -> None:
    helper_of(environ, clock).load()

    child = helper_of(dict(environ), clock)
    again = wrapped({**environ, HANDOFF: environ[HANDOFF].replace(str(os.getpid()), "1")}, clock)

    assert child.get("TEXT") == again["TEXT"] == "ssm:/shop/prod/host"
    assert child.get("DB_PASSWORD") == again["DB_PASSWORD"] == SECRET


def test_a_variable_that_the_program_has_set_since_is_kept(
    environ: dict[str, str], clock: Clock
) -> None:
    environ["OTHER"] = "ssm:/shop/prod/host"
    helper = helper_of(environ, clock)
    helper.get("LIMIT")
    environ["DB_PASSWORD"] = "mine"
    del environ["OTHER"]

    helper.load()

    assert (environ["DB_PASSWORD"], environ["OTHER"]) == ("mine", "db.one")


@pytest.mark.parametrize(
    ("place", "host"), [({}, "db.two"), ({"AWS_LAMBDA_FUNCTION_NAME": "f"}, "db.one")]
)
def test_outside_lambda_a_new_process_sees_what_has_changed(
    environ: dict[str, str], clock: Clock, shop: FakeAws, place: dict[str, str], host: str
) -> None:
    environ |= {**place, "APPCONFIG_ENV_SOURCES": "ssm:/shop/prod/host"}
    del environ["DB_PASSWORD"]
    second = dict(environ)
    helper_of(environ, clock).load()
    shop.put_parameter("/shop/prod/host", "db.two")
    shop.clear_calls()

    helper_of(second, clock).load()

    assert second["HOST"] == host
    assert operations(shop) == (["GetParameters"] if host == "db.two" else [])


@pytest.mark.parametrize("broken", [None, "{broken"], ids=["no file", "no JSON"])
def test_outside_lambda_a_required_source_of_which_only_an_earlier_run_has_a_value_is_missing(
    tmp_path: Path, clock: Clock, broken: str | None
) -> None:
    file = tmp_path / "shop:prod:app.json"
    file.write_text('{"limit": 10}')
    environ = {
        "APPCONFIG_ENV_LOCAL_DIR": str(tmp_path),
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
        "APPCONFIG_ENV_SOURCES": APP,
    }
    assert helper_of(dict(environ), clock).load() == {"LIMIT"}
    file.unlink()
    if broken is not None:
        file.write_text(broken)

    helper = helper_of(dict(environ), clock)
    assert helper.status()[APP] == {"version": "", "age": None, "last_error": None, "kind": None}
    with pytest.raises(LoadError):
        helper.load()
    with pytest.raises(LoadError):
        helper.get("LIMIT")
    with pytest.raises(MissingKeyError):
        helper.document(APP)
    assert not helper.flag("limit").enabled
    file.write_text('{"limit": 11}')
    assert helper.load() == {"LIMIT"}
    assert helper.environ["LIMIT"] == "11"


def test_of_threads_that_fill_the_environment_at_once_one_does_it(
    environ: dict[str, str], clock: Clock
) -> None:
    expected = dict(environ)
    helper_of(expected, clock).load()
    helper = helper_of(environ, clock)
    barrier = threading.Barrier(4)
    found: list[frozenset[str]] = []

    def load() -> None:
        barrier.wait(30)
        found.append(helper.load())

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(map(bool, found)) == [False, False, False, True]
    first, second = (json.loads(one[HANDOFF]) for one in (expected, environ))
    assert second["references"] == {"DB_PASSWORD": "secretsmanager:prod/db#password"}
    assert {**second, "taken_at": 0} == {**first, "taken_at": 0}


def test_what_interrupts_the_filling_does_not_fill_too(
    environ: dict[str, str], clock: Clock
) -> None:
    helper = helper_of(environ, clock)
    found: list[frozenset[str]] = []
    helper.on_change(lambda _: found.append(helper.load()))

    assert helper.load()

    assert found == [frozenset()]
    assert json.loads(environ[HANDOFF])["references"]


def test_after_an_error_the_environment_can_still_be_filled(
    environ: dict[str, str], clock: Clock, shop: FakeAws
) -> None:
    helper = helper_of({**environ, "OTHER": "ssm:/later"}, clock)
    with pytest.raises(LoadError):
        helper.load()
    shop.put_parameter("/later", "now")

    assert "OTHER" in helper.load()


# The threads are those of the tests; the child only reads a variable.
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_forked_child_can_fill_the_environment_while_a_thread_of_its_parent_does() -> None:
    from appconfig_env._helper import environment

    with environment._turn.lock:
        environment._turn.is_taken = True
        child = os.fork()
        if not child:
            os._exit(environment._turn.is_taken)
        environment._turn.is_taken = False
    assert os.waitpid(child, 0)[1] == 0


def test_relative_paths_are_those_of_the_start_in_child_processes_too(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "local").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "local" / "ssm.env").write_text("/x=1\n")
    monkeypatch.chdir(tmp_path)
    environ = {
        "APPCONFIG_ENV_LOCAL_DIR": "local",
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
        "APPCONFIG_ENV_SOURCES": "ssm:/x",
    }
    after = wrapped(environ, clock)
    helper = helper_of(environ, clock)
    helper.load()
    monkeypatch.chdir("elsewhere")

    for one in (helper, helper_of(dict(environ), clock), helper_of(after, clock)):
        assert one.document("ssm:/x") == "1"
        one.refresh()
        assert one.status()["ssm:/x"]["kind"] is None


def test_in_an_override_nothing_is_read(
    environ: dict[str, str], clock: Clock, shop: FakeAws
) -> None:
    helper = helper_of(environ, clock)
    with override({"DB_PASSWORD": "of a test"}, helper=helper):
        assert helper.load() == frozenset()
        assert environ["DB_PASSWORD"] == "of a test"
    assert shop.calls == []
    assert environ["DB_PASSWORD"].startswith("secretsmanager:")


def test_references_in_the_environment_are_warned_of_once(
    environ: dict[str, str], clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    helper = helper_of({**environ, "OTHER": "ssm:/shop/prod/host"}, clock)
    for _ in range(3):
        helper.get("LIMIT")
        helper.status()
        clock.tick(1000)

    (record,) = [one for one in caplog.records if "os.environ" in one.getMessage()]
    assert record.__dict__["variable"] == "DB_PASSWORD, OTHER"
    assert record.getMessage() == (
        "DB_PASSWORD, OTHER: os.environ still holds references, because no wrapper has resolved "
        "them; call appconfig_env.load() before anything reads them, or start the program with "
        "appconfig-env run"
    )
    assert SECRET not in caplog.text


def test_one_reference_is_warned_of_in_the_singular(
    environ: dict[str, str], clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    helper_of(environ, clock).get("LIMIT")

    assert caplog.messages[0].startswith("DB_PASSWORD: os.environ still holds a reference, ")


def test_no_warning_without_a_reference_that_is_to_be_resolved(
    environ: dict[str, str], clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    plain = {**environ, "DB_PASSWORD": "text"}
    helpers = [
        helper_of(wrapped(environ, clock), clock),
        helper_of({**environ, "APPCONFIG_ENV_REFERENCES": "off"}, clock),
        helper_of(plain, clock),
        helper_of(environ, clock),
    ]
    helpers[-1].load()
    for helper in helpers:
        helper.get("LIMIT")

    assert "os.environ" not in caplog.text


def test_the_functions_of_the_package_fill_os_environ(tmp_path: Path) -> None:
    (tmp_path / "ssm.env").write_text("/shop/prod/HOST=localhost\n")
    (tmp_path / "secrets.json").write_text('{"prod/db": {"password": "of-this-folder"}}')
    script = (
        "import os, subprocess, sys, appconfig_env\n"
        "print(sorted(appconfig_env.load()), os.environ['HOST'], os.environ['DB_PASSWORD'])\n"
        "again = 'import os, appconfig_env; print(sorted(appconfig_env.load()), '\n"
        'again += \'os.environ["HOST"], appconfig_env.require("DB_PASSWORD"))\'\n'
        "sys.stdout.flush()\n"
        "subprocess.run([sys.executable, '-c', again], check=True)\n"
    )
    environ = {
        "PATH": os.defpath,
        "PYTHONPATH": str(ROOT),
        "APPCONFIG_ENV_LOCAL_DIR": str(tmp_path),
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
        "APPCONFIG_ENV_SOURCES": "ssm:/shop/prod/",
        "DB_PASSWORD": "secretsmanager:prod/db#password",
    }
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)

    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "['DB_PASSWORD', 'HOST'] localhost of-this-folder",
        "[] localhost of-this-folder",
    ]
