"""The prefetch: what is loaded, reused, exported and handed off."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from appconfig_env._backends.aws.backend import AwsBackend
from appconfig_env._backends.aws.errors import AwsError
from appconfig_env._backends.base import Unchanged
from appconfig_env._backends.calls import Call, Outcomes
from appconfig_env._cache import handoff as handoffs
from appconfig_env._config.settings import HANDOFF
from appconfig_env._content.document import Document
from appconfig_env._helper.helper import Helper
from appconfig_env._wrapper.main import main
from appconfig_env._wrapper.prefetch import can_take_over
from appconfig_env.errors import Failure

from ...support.emf import extracted
from ...support.fake_client import FakeClient
from ...support.fakes import VirtualSystem, steadily
from ...support.paths import ROOT, WRAPPER
from .starts import FakeExecve, Reads, document, environ, exported, prefetched, run, start

if TYPE_CHECKING:
    from collections.abc import Mapping

    from appconfig_env._backends.base import Backend, Outcome, Request
    from appconfig_env._config.settings import Settings
    from appconfig_env._wrapper.background import Work
    from appconfig_env._wrapper.prefetch import MakeBackend

    from ...support.fake_aws import FakeAws


def test_all_four_places_of_references_are_read(folder: Path) -> None:
    (folder / "a:b:c.json").write_text('{"from_prefetch": 1}')
    (folder / "a:b:d.json").write_text('{"also": 2}')
    found = exported(
        environ(
            folder,
            APPCONFIG_ENV_SOURCES="secretsmanager:plain?as=PLAIN",
            AWS_APPCONFIG_EXTENSION_PREFETCH_LIST=(
                "a:b:c,/applications/a/environments/b/configurations/d"
            ),
            APP_PARAMS_PATH="prod/mail",
            APP_ENV="shop",
            ONE="ssm:/shop/one",
        )
    )
    names = ("PLAIN", "FROM_PREFETCH", "ALSO", "from", "ONE")
    assert [found[name] for name in names] == ["p1a1n", "1", "2", "a=b $HOME '\"é", "1"]


def test_a_variable_that_is_configured_on_the_function_stays(folder: Path) -> None:
    given = environ(folder, APPCONFIG_ENV_SOURCES="appconfig:shop/prod/app", DB_HOST="mine")
    assert exported(given)["DB_HOST"] == "mine"
    assert exported({**given, "APPCONFIG_ENV_OVERWRITE": "yes"})["DB_HOST"] == "db.example"


LAMBDAS = {"TZ": ":UTC", "LANG": "en_US.UTF-8", "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR"}


def lambdas(folder: Path, **variables: str) -> dict[str, str]:
    """An environment with Lambda's own values, and parameters of the same names."""
    parameters = {f"/shop/prod/{name}": f"of {name}" for name in LAMBDAS}
    (folder / "ssm.json").write_text(json.dumps(parameters))
    return environ(folder, **{"APPCONFIG_ENV_SOURCES": "ssm:/shop/prod/", **LAMBDAS, **variables})


def test_what_lambda_itself_sets_is_not_configured_on_the_function(folder: Path) -> None:
    found = exported(lambdas(folder))
    assert {name: found[name] for name in LAMBDAS} == {name: f"of {name}" for name in LAMBDAS}
    assert not LAMBDAS.keys() & json.loads(found[HANDOFF])["configured"]


@pytest.mark.parametrize("name", LAMBDAS)
def test_a_function_can_configure_what_lambda_sets_otherwise(folder: Path, name: str) -> None:
    more = {name: "mine", "AWS_APPCONFIG_EXTENSION_LOG_LEVEL": "debug"}
    ended = prefetched(lambdas(folder, **more))
    assert ended.environ[name] == "mine"
    assert f"{name} is configured on the function" in ended.log


@pytest.mark.parametrize("reference", ["ssm:/shop/prod/TZ", "ssm:/shop/prod/?only=TZ"])
def test_a_single_name_replaces_lambdas_value_too(folder: Path, reference: str) -> None:
    found = exported(lambdas(folder, APPCONFIG_ENV_SOURCES=reference))
    assert (found["TZ"], found["LANG"]) == ("of TZ", LAMBDAS["LANG"])


def test_without_a_source_lambdas_values_stay(folder: Path) -> None:
    found = exported(lambdas(folder, APPCONFIG_ENV_SOURCES="ssm:/shop/prod/?prefix=X_"))
    assert {name: found[name] for name in LAMBDAS} == LAMBDAS


def test_a_wrapper_in_a_child_replaces_lambdas_values_again(folder: Path) -> None:
    first = exported(lambdas(folder))
    (folder / "ssm.json").write_text('{"/shop/prod/TZ": "later"}')
    second = exported(in_a_child(first))
    assert (first["TZ"], second["TZ"]) == ("of TZ", "later")


def test_references_can_be_turned_off(folder: Path) -> None:
    found = exported(environ(folder, APPCONFIG_ENV_REFERENCES="off", ONE="ssm:/shop/one"))
    assert found["ONE"] == "ssm:/shop/one"


def test_all_failed_sources_are_reported_at_once(folder: Path) -> None:
    given = environ(
        folder, APPCONFIG_ENV_SOURCES="appconfig:shop/prod/none ssm:/none/", X="secretsmanager:none"
    )
    ended = prefetched(given)
    assert ended.code == 1
    for part in ("appconfig:shop/prod/none: ", "ssm:/none/: ", "X=secretsmanager:none: "):
        assert part in ended.log


def test_an_optional_reference_is_removed_or_its_default_is_used(folder: Path) -> None:
    found = exported(
        environ(folder, A="ssm:/none?optional", B="ssm:/none?default=b%20c", C="ssm:/shop/one")
    )
    assert "A" not in found
    assert (found["B"], found["C"]) == ("b c", "1")


def test_on_error_continue_starts_without_and_removes_the_reference(folder: Path) -> None:
    given = environ(folder, A="ssm:/none", C="ssm:/shop/one", APPCONFIG_ENV_ON_ERROR="continue")
    ended = prefetched(given)
    assert ended.code == 0
    assert "A" not in ended.environ
    assert ended.environ["C"] == "1"
    assert "A=ssm:/none" in ended.log


def test_protected_names_are_left_out_with_a_warning(folder: Path) -> None:
    (folder / "ssm.json").write_text('{"/e/PATH": "evil", "/e/LD_PRELOAD": "evil", "/e/ok": "1"}')
    ended = prefetched(environ(folder, APPCONFIG_ENV_SOURCES="ssm:/e/"))
    assert "evil" not in "\n".join(ended.environ.values())
    assert ended.environ["OK"] == "1"
    for name in ("PATH", "LD_PRELOAD"):
        assert f"{name} is protected" in ended.log


@pytest.mark.parametrize(
    "given",
    [
        {"PYTHONSTARTUP": "ssm:/e/ok"},
        {"APPCONFIG_ENV_SOURCES": "ssm:/e/ok?as=PYTHONSTARTUP"},
        {"PYTHONSTARTUP": "ssm:/e/ok?optional"},
    ],
    ids=str,
)
def test_startup_fails_if_a_source_is_to_set_a_protected_name(
    folder: Path, given: dict[str, str]
) -> None:
    (folder / "ssm.json").write_text('{"/e/ok": "1"}')
    ended = prefetched(environ(folder, **given))
    is_optional = "optional" in str(given)
    assert (ended.code, ended.environ.get("PYTHONSTARTUP")) == (0 if is_optional else 1, None)
    assert "PYTHONSTARTUP is a protected name" in ended.log


def test_a_broken_snapshot_is_ignored_with_a_warning(folder: Path) -> None:
    (folder / "snapshot.json").write_text("{")
    (folder / "snapshot.json").chmod(0o600)
    ended = prefetched(environ(folder, C="ssm:/shop/one", AWS_LAMBDA_FUNCTION_NAME="f"))
    assert ended.environ["C"] == "1"
    assert "was not used: it is not a complete snapshot" in ended.log


def test_a_folder_that_cannot_be_written_costs_only_the_snapshot(folder: Path) -> None:
    given = environ(folder, C="ssm:/shop/one", APPCONFIG_ENV_SNAPSHOT="/proc/none/s.json")
    ended = prefetched(given)
    assert ended.environ["C"] == "1"
    assert "was not written" in ended.log


def test_the_half_written_files_of_a_killed_start_are_deleted(folder: Path) -> None:
    left = [folder / "snapshot.json.123.tmp", folder / "snapshot.json.state.123.tmp"]
    for path in left:
        path.touch()
    exported(environ(folder, C="ssm:/shop/one"))
    assert [path.exists() for path in left] == [False, False]


FOR_A_MINUTE = {"APPCONFIG_ENV_DEADLINE_SECONDS": "60"}


def test_a_repeated_init_requests_only_secrets(life: dict[str, str]) -> None:
    reads = Reads(profile=document(b"one", token="t1"), secret=document(b"two", secret=True))
    run(reads, 1000.0, life)
    _, execve, _ = run(reads, 1044.0, life)
    assert reads.asked == [
        ["appconfig:a/b/profile", "secretsmanager:secret"],
        ["secretsmanager:secret"],
    ]
    assert (execve.environ["P"], execve.environ["S"]) == ("one", "two")


@pytest.mark.parametrize(
    "place",
    [
        {},
        {"AWS_LAMBDA_FUNCTION_NAME": ""},
        {"AWS_EXECUTION_ENV": "AWS_ECS_FARGATE", "ECS_CONTAINER_METADATA_URI_V4": "http://host/v4"},
        {"CI": "true"},
    ],
    ids=["laptop", "empty", "ECS", "CI"],
)
def test_outside_lambda_every_run_reads_all_sources(
    life: dict[str, str], place: dict[str, str]
) -> None:
    del life["AWS_LAMBDA_FUNCTION_NAME"], life["S"]
    reads = Reads(profile=document(b"one", token="t1"))
    run(reads, 1000.0, life | place)
    reads.responses["profile"] = document(b"two", token="t2")
    _, execve, _ = run(reads, 1001.0, life | place)
    reads.responses["profile"] = Failure("missing", "no such profile", "check its name")
    code, _, _ = run(reads, 1002.0, life | place)
    assert (len(reads.asked), execve.environ["P"]) == (3, "two")
    assert code == 1, "what is gone is not taken from the file either"


def test_outside_lambda_a_run_in_a_run_reads_all_sources_again(life: dict[str, str]) -> None:
    del life["AWS_LAMBDA_FUNCTION_NAME"], life["P"], life["S"]
    life["APPCONFIG_ENV_SOURCES"] = "appconfig:a/b/profile"
    reads = Reads(profile=document(b"one", token="t1"))
    _, execve, _ = run(reads, 1000.0, life)
    passed = handoffs.loads(execve.environ[HANDOFF])
    assert passed is not None
    passed.process = 1  # as in a child: in a chain of wrappers the process is the same one
    reads.responses["profile"] = document(b"two", token="t2")
    _, inner, _ = run(reads, 1001.0, {**execve.environ, HANDOFF: handoffs.dumps(passed)})
    _, chained, _ = run(reads, 1002.0, execve.environ)
    assert (inner.environ["PROFILE"], chained.environ["PROFILE"]) == ("two", "one")
    assert len(reads.asked) == 2


def test_the_order_of_variables_does_not_matter_to_the_snapshot(life: dict[str, str]) -> None:
    life["A"] = "appconfig:a/b/profile#a"
    reads = Reads(profile=document(b'{"a": 1}'), secret=document(b"two", secret=True))
    run(reads, 1000.0, life)
    run(reads, 1001.0, dict(reversed(life.items())))
    assert reads.asked[1] == ["secretsmanager:secret"]


def test_a_snapshot_that_is_old_or_from_other_settings_is_not_reused(life: dict[str, str]) -> None:
    reads = Reads(profile=document(b"one", token="t1"), secret=document(b"two", secret=True))
    run(reads, 1000.0, life)
    run(reads, 1046.0, life)
    run(reads, 1047.0, {**life, "AWS_APPCONFIG_EXTENSION_SERVICE_REGION": "eu-west-1"})
    run(reads, 900.0, {**life, "AWS_APPCONFIG_EXTENSION_SERVICE_REGION": "eu-west-1"})
    assert [len(asked) for asked in reads.asked] == [2, 2, 2, 2]


def test_a_repeated_init_requests_failed_sources_again(life: dict[str, str]) -> None:
    reads = Reads(profile=document(b"one"), secret=document(b"two", secret=True))
    run(reads, 1000.0, life)
    reads = Reads(profile=Failure("unavailable", "no response"), secret=document(b"2", secret=True))
    code, execve, _ = run(reads, 1046.0, life)
    assert (code, execve.environ["P"]) == (0, "one"), "the last value is used"
    reads = Reads(profile=document(b"new"), secret=document(b"2", secret=True))
    code, execve, _ = run(reads, 1047.0, life)
    assert (code, execve.environ["P"]) == (0, "new")


def test_a_repeated_init_that_asks_too_early_keeps_the_services_interval(
    life: dict[str, str],
) -> None:
    del life["S"]
    outcomes: list[tuple[float, Outcome]] = [
        (1000.0, document(b"one", token="t1")),
        (1046.0, Failure("throttled", "slow down")),
        (1047.0, Unchanged("t1", is_early=True)),
    ]
    for now, outcome in outcomes:
        code, execve, _ = run(Reads(profile=outcome), now, life)
        assert (code, execve.environ["P"]) == (0, "one")
    state = json.loads(Path(life["APPCONFIG_ENV_SNAPSHOT"] + ".state").read_text())
    assert state["entries"]["appconfig:a/b/profile"]["refresh_at"] == 1046.0 + 45.0


def test_aws_is_waited_for_until_the_deadline(life: dict[str, str]) -> None:
    reads = Reads(profile=document(b"one"), secret=document(b"two", secret=True))

    run(reads, 1000.0, life)
    run(reads, 2000.0, {**life, "APPCONFIG_ENV_DEADLINE_SECONDS": "2.5"})

    assert reads.timeouts == [8.0, 2.5]


def test_a_deferred_secret_is_left_to_the_helper(life: dict[str, str]) -> None:
    reads = Reads(profile=document(b"one"))
    del life["S"]
    run(reads, 1000.0, {**life, "APPCONFIG_ENV_SOURCES": "secretsmanager:secret?env=no"})
    assert reads.asked == [["appconfig:a/b/profile"]]


def test_values_for_get_only_stay_out_of_the_environment(life: dict[str, str]) -> None:
    reads = Reads(profile=document(b'{"a": 1}'), secret=document(b"two", secret=True))
    _, execve, _ = run(
        reads, 1000.0, {**life, "APPCONFIG_ENV_SOURCES": "appconfig:a/b/profile?env=no"}
    )
    assert "A" not in execve.environ


def in_a_child(environment: Mapping[str, str], **more: str) -> dict[str, str]:
    """The environment of a wrapper that the program starts in a child process."""
    passed = json.loads(environment[HANDOFF]) | {"process": 1}
    return {**environment, HANDOFF: json.dumps(passed), **more}


REFERENCE_TEXTS = [
    "ssm:/other/secret",
    "secretsmanager:prod/db#password",
    "appconfig:shop/prod/app",
    "appconfig:not/valid",
]


@pytest.mark.parametrize("overwrite", ["no", "yes"])
@pytest.mark.parametrize("text", REFERENCE_TEXTS)
def test_what_a_source_has_set_is_never_read_as_a_reference_not_even_in_a_child(
    folder: Path, text: str, overwrite: str
) -> None:
    (folder / "ssm.json").write_text(json.dumps({"/shop/prod/GREETING": text, "/one": text}))
    given = environ(
        folder,
        APPCONFIG_ENV_SOURCES="ssm:/shop/prod/",
        APPCONFIG_ENV_OVERWRITE=overwrite,
        ONE="ssm:/one",
        GREETING="hello" if overwrite == "yes" else "",
    )
    if overwrite == "no":
        del given["GREETING"]

    first = exported(given)
    ended = prefetched(in_a_child(first))
    third = exported(in_a_child(ended.environ))

    for variables in (first, ended.environ, third):
        assert (variables["GREETING"], variables["ONE"]) == (text, text)
    is_warned = "GREETING was left as it is, although it looks like a reference" in ended.log
    assert is_warned is (overwrite == "no")


def test_a_child_reads_no_setting_that_a_source_has_set_and_every_one_that_none_can_set(
    folder: Path,
) -> None:
    parameters = {"/shop/prod/APP_ENV": "other", "/prod/app/A": "1", "/other/app/A": "2"}
    (folder / "ssm.json").write_text(json.dumps(parameters))
    given = environ(folder, APPCONFIG_ENV_SOURCES="ssm:/shop/prod/", APP_PARAMS_PATH="prod/app")
    first = exported(given)
    assert (first["A"], first["APP_ENV"]) == ("1", "other")

    second = exported(in_a_child(first))
    third = exported(in_a_child(first, APPCONFIG_ENV_SOURCES="ssm:/other/app/"))

    assert (second["A"], third["A"]) == ("1", "2")


def test_a_setting_that_a_program_adds_is_read_by_the_wrappers_that_it_starts(
    folder: Path,
) -> None:
    (folder / "ssm.json").write_text('{"/one": "1", "/other/app/A": "2"}')
    first = exported(environ(folder, ONE="ssm:/one"))
    second = exported(in_a_child(first, APPCONFIG_ENV_SOURCES="ssm:/other/app/"))
    assert (second["ONE"], second["A"]) == ("1", "2")


def test_a_reference_that_a_program_puts_in_place_of_another_one_is_not_read_but_reported(
    folder: Path,
) -> None:
    first = exported(environ(folder, ONE="ssm:/shop/one"))
    assert first["ONE"] == "1"
    passed = json.loads(first[HANDOFF]) | {"process": 1, "kept": ["ONE"]}
    ended = prefetched({**first, HANDOFF: json.dumps(passed), "ONE": "ssm:/shop/two"})
    assert ended.environ["ONE"] == "ssm:/shop/two"
    assert "ONE was left as it is, although it looks like a reference" in ended.log


def test_a_wrapper_in_a_child_sets_new_values_and_keeps_what_is_configured(folder: Path) -> None:
    (folder / "ssm.json").write_text('{"/shop/prod/A": "1", "/shop/prod/B": "1", "/c": "1"}')
    given = environ(folder, APPCONFIG_ENV_SOURCES="ssm:/shop/prod/", B="mine", C="ssm:/c")
    first = exported(given)
    (folder / "ssm.json").write_text('{"/shop/prod/A": "2", "/shop/prod/B": "2", "/c": "2"}')

    second = exported(in_a_child(first))

    assert [(one["A"], one["B"], one["C"]) for one in (first, second)] == [
        ("1", "mine", "1"), ("2", "mine", "2"),
    ]  # fmt: skip
    passed = [json.loads(one[HANDOFF]) for one in (first, second)]
    assert passed[0]["references"] == passed[1]["references"] == {"C": "ssm:/c"}


# Changes the parameters and its own environment, and runs a command.
CHANGE = """
import json, os, subprocess, sys
path, parameters, changes, *command = sys.argv[1:]
with open(path, "w") as file:
    file.write(parameters)
subprocess.run(command, env={**os.environ, **json.loads(changes)}, check=True)
"""
VIEW = """
import json, os, appconfig_env
names = ("A", "B", "C", "D")
print(json.dumps([[os.environ.get(n) for n in names], [appconfig_env.get(n) for n in names]]))
"""


@pytest.mark.parametrize(
    ("overwrite", "seen"), [("no", ["2", "own", "own", "own"]), ("yes", ["2", "2", "2", "2"])]
)
def test_what_a_program_sets_itself_stays_in_the_wrappers_that_it_starts(
    folder: Path, overwrite: str, seen: list[str]
) -> None:
    parameters = folder / "ssm.json"
    parameters.write_text('{"/shop/prod/A": "1", "/shop/prod/B": "1", "/c": "1"}')
    later = '{"/shop/prod/A": "2", "/shop/prod/B": "2", "/shop/prod/D": "2", "/c": "2"}'
    given = environ(
        folder,
        APPCONFIG_ENV_SOURCES="ssm:/shop/prod/",
        APPCONFIG_ENV_OVERWRITE=overwrite,
        C="ssm:/c",
        PYTHONPATH=str(ROOT),
    )
    python = [sys.executable, "-S", "-c"]
    first = [*python, CHANGE, str(parameters), later, '{"B": "own", "C": "own", "D": "own"}']
    second = [str(WRAPPER), *python, CHANGE, str(parameters), later, "{}"]
    third = [str(WRAPPER), *python, VIEW]
    done = start(given, *first, *second, *third)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [seen, seen]


@pytest.mark.parametrize("is_set_by_a_program", [False, True])
def test_a_name_that_a_program_removes_is_the_sources_from_then_on(
    folder: Path, is_set_by_a_program: bool
) -> None:
    parameters = folder / "ssm.json"
    parameters.write_text('{"/shop/prod/B": "1"}')
    given = environ(folder, APPCONFIG_ENV_SOURCES="ssm:/shop/prod/")
    if is_set_by_a_program:
        outer = in_a_child(exported(given), B="mine")
        passed = json.loads(outer[HANDOFF]) | {"kept": ["B"]}
        before = exported({**outer, HANDOFF: json.dumps(passed)})
    else:
        before = exported({**given, "B": "mine"})
    assert before["B"] == "mine"
    without = in_a_child(before)
    del without["B"]
    inner = exported(without)
    assert inner["B"] == "1"
    parameters.write_text('{"/shop/prod/B": "2"}')
    helper = Helper(in_a_child(inner))
    helper.refresh()
    assert helper.get("B") == "2"


def test_a_reference_that_a_program_adds_is_read_if_it_is_one_of_the_sources(folder: Path) -> None:
    (folder / "ssm.json").write_text('{"/shop/prod/A": "1", "/x": "2"}')
    first = exported(environ(folder, APPCONFIG_ENV_SOURCES="ssm:/shop/prod/"))
    ended = prefetched(in_a_child(first, X="ssm:/x"))
    assert ended.environ["X"] == "ssm:/x"
    advice = "unset X, and add its reference with as=X to APPCONFIG_ENV_SOURCES"
    assert f"a source may have set it; {advice}" in ended.log
    third = exported(in_a_child(first, APPCONFIG_ENV_SOURCES="ssm:/shop/prod/ ssm:/x?as=X"))
    assert third["X"] == "2"


def test_no_source_can_change_which_path_is_read(folder: Path) -> None:
    parameters = {"/list/APP_ENV": "evil", "/prod/shop/LIMIT": "10", "/evil/shop/LIMIT": "99"}
    (folder / "ssm.json").write_text(json.dumps(parameters))
    given = environ(
        folder,
        APPCONFIG_ENV_SOURCES="ssm:/list/",
        APPCONFIG_ENV_OVERWRITE="yes",
        APP_ENV="prod",
        APP_PARAMS_PATH="shop",
    )
    first = exported(given)
    second = exported(in_a_child(first))
    for variables in (first, second):
        assert (variables["APP_ENV"], variables["LIMIT"]) == ("prod", "10")
        helper = Helper(dict(variables))
        assert (helper.get("APP_ENV"), helper.get("LIMIT")) == ("prod", "10")


def test_a_part_of_the_path_cannot_be_a_reference(folder: Path) -> None:
    ended = prefetched(environ(folder, APP_ENV="ssm:/stage", APP_PARAMS_PATH="shop"))
    assert ended.code == 1
    assert "APP_ENV: expected a part of the path of APP_PARAMS_PATH, not a reference" in ended.log


def test_a_repeated_init_keeps_a_value_that_only_some_sources_can_use(
    life: dict[str, str],
) -> None:
    del life["S"]
    life |= {"Q": "appconfig:a/b/profile?optional#x"}
    reads = Reads(profile=document(b'{"x": "\\u0000"}'))
    code, execve, lines = run(reads, 1000.0, life)
    assert (code, execve.environ["P"], "Q" in execve.environ) == (0, '{"x": "\\u0000"}', False)
    assert any("; Q is not set; " in line for line in lines)
    code, execve, _ = run(Reads(profile=Failure("unavailable", "no response")), 1001.0, life)
    assert (code, execve.environ["P"]) == (0, '{"x": "\\u0000"}')


DOWN = Failure("unavailable", "no response", "check the route", code="Unreachable")
FIX = "check the route"
CONTINUE = {"APPCONFIG_ENV_ON_ERROR": "continue"}
ON = "(APPCONFIG_ENV_ON_ERROR=continue)"


def test_a_source_that_a_setting_was_made_into_is_named_after_that_setting(tmp_path: Path) -> None:
    environment = {
        "AWS_REGION": "us-east-1",
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "s.json"),
        "APP_ENV": "prod",
        "APP_PARAMS_PATH": "shop",
        "AWS_APPCONFIG_EXTENSION_PREFETCH_LIST": "a:b:A,a:b:B",
        "APPCONFIG_ENV_SOURCES": "appconfig:a/b/B?prefix=X_",
    }
    reads = Reads(**dict.fromkeys(("A", "B", "/prod/shop/"), DOWN))
    labels = (
        "APP_PARAMS_PATH=ssm:/prod/shop/?recursive=no, "
        "AWS_APPCONFIG_EXTENSION_PREFETCH_LIST=appconfig:a/b/A, "
        "AWS_APPCONFIG_EXTENSION_PREFETCH_LIST=appconfig:a/b/B, appconfig:a/b/B"
    )

    _, _, lines = run(reads, 1000.0, environment)

    assert lines == [f"appconfig-env: error: {labels}: {DOWN}"]


def in_place(options: str, names: str = "AB") -> dict[str, str]:
    return {name: f"appconfig:a/b/{name}{options}" for name in names}


@pytest.mark.parametrize(
    ("environment", "lines"),
    [
        (in_place(""), [f"error: A=appconfig:a/b/A, B=appconfig:a/b/B: {DOWN}"]),
        (
            in_place("") | CONTINUE,
            [
                (
                    "error: A=appconfig:a/b/A, B=appconfig:a/b/B: no response; "
                    f"continuing without them {ON}; A and B are not set; {FIX}"
                )
            ],
        ),
        (
            in_place("?optional") | in_place("?default=1", "CD") | in_place("", "F") | CONTINUE,
            [
                (
                    f"error: F=appconfig:a/b/F: no response; continuing without it {ON}; "
                    f"F is not set; {FIX}"
                ),
                f"warn: appconfig:a/b/A, appconfig:a/b/B: no response; A and B are not set; {FIX}",
                (
                    "warn: appconfig:a/b/C, appconfig:a/b/D: no response; C and D are set to their "
                    f"defaults; {FIX}"
                ),
            ],
        ),
        (
            in_place("?default=1", "C"),
            [f"warn: appconfig:a/b/C: no response; C is set to its default; {FIX}"],
        ),
    ],
)
def test_sources_that_fail_for_one_cause_are_one_line_with_what_is_used_instead(
    environment: dict[str, str], lines: list[str], tmp_path: Path
) -> None:
    environment |= {"AWS_REGION": "us-east-1", "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "s.json")}
    reads = Reads(**dict.fromkeys("ABCDEF", DOWN))
    _, _, logged = run(reads, 1000.0, environment)
    levels = ("error", "warn")
    assert [line for line in logged if line.startswith(levels, len("appconfig-env: "))] == [
        f"appconfig-env: {line}" for line in lines
    ]


def test_last_values_and_the_fallback_are_lines_of_their_own(tmp_path: Path) -> None:
    paths = {name: str(tmp_path / f"{name}.json") for name in ("fallback", "snapshot")}
    environment = {"AWS_REGION": "us-east-1", "AWS_LAMBDA_FUNCTION_NAME": "f"}
    environment |= in_place("?default=1", "ABCD")
    good = document(b"one", token="t")
    reads = Reads(**dict.fromkeys("ABCD", good))
    run(reads, 900.0, {**environment, "APPCONFIG_ENV_SNAPSHOT": paths["fallback"]})
    environment["APPCONFIG_ENV_SNAPSHOT"] = paths["snapshot"]
    reads = Reads(**(dict.fromkeys("AB", good) | dict.fromkeys("CD", DOWN)))
    run(reads, 1000.0, environment)

    environment["APPCONFIG_ENV_FALLBACK"] = paths["fallback"]
    _, _, lines = run(Reads(**dict.fromkeys("ABCD", DOWN)), 9000.0, environment)

    names = ("appconfig:a/b/A, appconfig:a/b/B", "appconfig:a/b/C, appconfig:a/b/D")
    used = ("using the last values of A and B", "using the fallback's values of C and D")
    assert lines[:2] == [
        f"appconfig-env: warn: {labels}: no response; {note}; {FIX}"
        for labels, note in zip(names, used, strict=True)
    ]


def log_with_child(tmp_path: Path, reads: MakeBackend, sources: str, **more: str) -> list[str]:
    """The log of a cold start whose child does all its work at once."""
    environment = {
        "AWS_REGION": "us-east-1",
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
        "APPCONFIG_ENV_SOURCES": sources,
        **more,
    }
    lines: list[str] = []

    sent: list[bytes] = []

    def at_once(work: Work, seconds: float) -> handoffs.BackgroundFetch:
        assert seconds == 8.0
        work(sent.append)
        return handoffs.BackgroundFetch(1, 2, 3)

    main(
        ["/usr/bin/python3"], environment, now=lambda: 1000.0, execve=FakeExecve(),
        make_backend=reads, start_background=at_once, jitter=steadily, write_line=lines.append,
    )  # fmt: skip
    return lines


def test_deferred_sources_that_fail_for_one_cause_are_one_line_for_each_level(
    tmp_path: Path,
) -> None:
    options = [("A", ""), ("B", "&optional"), ("C", ""), ("D", "&optional")]
    sources = " ".join(f"appconfig:a/b/{name}?env=no&as={name}{option}" for name, option in options)
    lines = log_with_child(tmp_path, Reads(**dict.fromkeys("ABCD", DOWN)), sources)
    notes = {"error": ("A", "C"), "warn": ("B", "D")}
    for line, (level, (one, other)) in zip(lines[:2], notes.items(), strict=True):
        labels = f"appconfig:a/b/{one}, appconfig:a/b/{other}"
        note = f"{one} and {other} are not set"
        assert line == f"appconfig-env: {level}: {labels}: no response; {note}; {FIX}"


def test_slow_sources_are_logged_once_by_who_reads_them(tmp_path: Path) -> None:
    slow = Document(b"{}", read_seconds=4.0)
    lines = log_with_child(
        tmp_path, Reads(A=slow, B=slow, C=Document(b"{}")),
        "appconfig:a/b/A appconfig:a/b/B?env=no appconfig:a/b/C?env=no",
    )  # fmt: skip
    logged = [line.partition(", so")[0] for line in lines if "reading took" in line]
    assert logged == [
        f"appconfig-env: warn: appconfig:a/b/{name}: reading took 4.0 s" for name in "AB"
    ]


def test_a_token_that_the_child_uses_is_in_no_file(life: dict[str, str]) -> None:
    life = {
        "AWS_REGION": "us-east-1",
        "APPCONFIG_ENV_SNAPSHOT": life["APPCONFIG_ENV_SNAPSHOT"],
        "APPCONFIG_ENV_SOURCES": "appconfig:a/b/awaited appconfig:a/b/later?env=no",
    }
    state = Path(life["APPCONFIG_ENV_SNAPSHOT"] + ".state")
    reads = Reads(
        awaited=document(b"{}", token="t-awaited"), later=document(b"{}", token="t-later")
    )
    works: list[Work] = []

    def leave(work: Work, seconds: float) -> handoffs.BackgroundFetch:
        assert seconds == 8.0
        works.append(work)
        return handoffs.BackgroundFetch(1, 2, 3)

    for at, command in ((1000.0, "/bin/x"), (2000.0, "/usr/bin/python3")):
        code = main(
            [command], life, now=partial(float, at), execve=FakeExecve(), make_backend=reads,
            start_background=leave, jitter=steadily,
        )  # fmt: skip
        assert code == 0
        assert ("t-later" in state.read_text(), len(works)) == (at < 2000, at > 1000)
    assert "t-awaited" in state.read_text()


def test_the_handoff_has_the_original_references(life: dict[str, str]) -> None:
    reads = Reads(profile=document(b"one"), secret=document(b"two", secret=True))
    _, execve, _ = run(reads, 1000.0, life)
    handoff = handoffs.loads(execve.environ["_APPCONFIG_ENV_HANDOFF"])
    assert handoff is not None
    assert handoff.references == {"P": life["P"], "S": life["S"]}
    assert handoff.configured == life.keys() - {"P", "S"}
    assert (handoff.process, handoff.taken_at) == (os.getpid(), 1000.0)


def test_an_unavailable_source_uses_the_fallback_and_a_denied_one_does_not(
    life: dict[str, str], tmp_path: Path
) -> None:
    good = Reads(profile=document(b"one"), secret=document(b"two", secret=True))
    run(good, 1000.0, life)
    fallback = tmp_path / "fallback.json"
    fallback.write_bytes(Path(life["APPCONFIG_ENV_SNAPSHOT"]).read_bytes())
    Path(life["APPCONFIG_ENV_SNAPSHOT"]).unlink()
    later = {**life, "APPCONFIG_ENV_FALLBACK": str(fallback)}

    down = Reads(profile=Failure("unavailable", "no route"), secret=document(b"2", secret=True))
    code, execve, lines = run(down, 9000.0, later)
    assert (code, execve.environ["P"]) == (0, "one")
    assert any("no route" in line for line in lines)

    Path(life["APPCONFIG_ENV_SNAPSHOT"]).unlink()
    denied = Reads(profile=Failure("denied", "denied"), secret=document(b"2", secret=True))
    assert run(denied, 9000.0, later)[0] == 1


def test_a_missing_fallback_is_reported_at_every_startup(life: dict[str, str]) -> None:
    reads = Reads(profile=document(b"one"), secret=document(b"two", secret=True))
    code, _, lines = run(reads, 1000.0, {**life, "APPCONFIG_ENV_FALLBACK": "/no/such.json"})
    assert code == 1
    assert "APPCONFIG_ENV_FALLBACK" in lines[0]
    assert reads.asked == []


@pytest.fixture
def shop(fake_aws_tls: FakeAws, tmp_path: Path) -> dict[str, str]:
    """Fill a fake AWS; return the environment to read it."""
    fake_aws_tls.put_parameter("/one", "1")
    return {
        **fake_aws_tls.environ(),
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
        "ONE": "ssm:/one",
    }


def test_sources_that_one_missing_permission_denies_are_one_line_ready_for_a_policy(
    fake_aws_tls: FakeAws, shop: dict[str, str]
) -> None:
    for number in range(20):
        fake_aws_tls.put_secret(f"s{number}", "x")
        shop[f"S{number}"] = f"secretsmanager:s{number}"
    fake_aws_tls.deny("BatchGetSecretValue")
    fake_aws_tls.deny("GetSecretValue")
    (line,) = prefetched(shop).log.splitlines()
    for number in range(20):
        assert f"S{number}=secretsmanager:s{number}" in line
        assert f":secret:s{number}-??????" in line
    assert line.count("is not authorized to perform") == 1
    assert line.count("; grant secretsmanager:GetSecretValue on arn:") == 1


def test_the_deadline_ends_startup_with_the_reason(life: dict[str, str]) -> None:
    system = VirtualSystem()
    throttled = AwsError("GetParameters", "ThrottlingException", status=400)
    client = FakeClient(GetParameters=throttled)
    environment = {**life, "P": "ssm:/one?default=1", "S": "ssm:/one", **FOR_A_MINUTE}
    del environment["AWS_LAMBDA_FUNCTION_NAME"]  # whose init does not have a minute
    lines: list[str] = []
    code = main(
        ["/bin/x"],
        environment,
        execve=FakeExecve(),
        make_backend=lambda _settings, _environ: AwsBackend(client, 3, system=system),
        jitter=steadily,
        write_line=lines.append,
    )
    assert code == 1
    assert "S=ssm:/one: " in lines[0]
    assert "ThrottlingException" in lines[0]
    assert 58 < system.at <= 60, "it waits for the quota as long as it may"


@pytest.mark.parametrize(
    ("command", "environ", "expected"),
    [
        ("/var/lang/bin/python3.13", {}, True),
        ("python", {}, True),
        ("python3", {}, True),
        ("/var/lang/bin/node", {}, False),
        ("/opt/python-app", {}, False),
        ("python3", {"AWS_LAMBDA_MAX_CONCURRENCY": "10"}, False),
        ("python3", {"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"}, False),
        ("python3", {"AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand"}, True),
    ],
)
def test_only_a_python_that_serves_alone_can_take_over_a_child(
    command: str, environ: dict[str, str], expected: bool
) -> None:
    assert can_take_over([command, "/var/runtime/bootstrap.py"], environ) is expected


@pytest.mark.parametrize(("seconds", "is_logged"), [(2.9, False), (3.0, True), (3.94, True)])
def test_a_source_that_takes_longer_than_a_refresh_usually_may_is_logged(
    tmp_path: Path, seconds: float, is_logged: bool
) -> None:
    reads = Reads(app=Document(b"{}", read_seconds=seconds))
    given = {
        "APPCONFIG_ENV_SOURCES": "appconfig:shop/prod/app",
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
    }
    log = "\n".join(run(reads, 1000.0, given)[2])
    expected = (
        "appconfig:shop/prod/app: reading took 3.9 s, so a refresh, and the get() that begins it, "
        "may take 5.9 s in place of 3; read less with one source"
    )
    assert ("reading took" in log) is is_logged
    assert (expected in log) is (seconds == 3.94)


def test_the_log_reports_what_came_from_the_snapshot_file_and_how_old_it_is(
    tmp_path: Path,
) -> None:
    environment = {
        "AWS_REGION": "us-east-1",
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
        "APPCONFIG_ENV_SOURCES": "appconfig:a/b/A",
        "AWS_LAMBDA_FUNCTION_NAME": "f",
    }
    both = environment | {"B": "secretsmanager:B"}
    reads = Reads(A=document(b'{"x": 1}'), B=document(b"s3cret", secret=True))
    _, _, (first,) = run(reads, 1000.0, both)
    _, _, (again,) = run(reads, 1030.4, both)
    assert re.fullmatch(r"appconfig-env: 2 values from 2 sources in \d+ ms", first)
    assert again.partition(" ms")[2] == ", 1 source from the snapshot file, 30 s old"
    assert "s3cret" not in again


@pytest.mark.parametrize(
    ("more", "counts"),
    [
        ({"A": "appconfig:a/b/A#x", "B": "appconfig:a/b/A#y"}, "2 values from 2 sources"),
        ({"A": "appconfig:a/b/A#x", "N": "appconfig:a/b/N?optional"}, "1 value from 1 source"),
        ({"N": "appconfig:a/b/N?default=1"}, "1 value from 1 source"),
        ({"APPCONFIG_ENV_SOURCES": "appconfig:a/b/A"}, "2 values from 1 source"),
        # The second one takes precedence for the only name of the first one.
        (
            {"APPCONFIG_ENV_SOURCES": "appconfig:a/b/A?only=X appconfig:a/b/A"},
            "2 values from 1 source",
        ),
        (
            {"APPCONFIG_ENV_SOURCES": "appconfig:a/b/A", "X": "of the function"},
            "1 value from 1 source",
        ),
        (
            {"APPCONFIG_ENV_SOURCES": "appconfig:a/b/A?only=X", "X": "mine"},
            "0 values from 0 sources",
        ),
        ({"APPCONFIG_ENV_SOURCES": "appconfig:a/b/A?env=no"}, "0 values from 0 sources"),
    ],
)
def test_the_log_counts_the_sources_that_set_values(
    tmp_path: Path, more: dict[str, str], counts: str
) -> None:
    environment = {
        "AWS_REGION": "us-east-1",
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
        **more,
    }
    missing = Failure("missing", "no such profile", "check its name")
    reads = Reads(A=document(b'{"x": 1, "y": 2}'), N=missing)
    _, _, lines = run(reads, 1000.0, environment)
    assert lines[-1].startswith(f"appconfig-env: {counts} in ")


def test_sources_of_one_resource_are_counted_alone_wherever_they_come_from(tmp_path: Path) -> None:
    environment = {
        "AWS_REGION": "us-east-1",
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "A": "appconfig:a/b/A#x",
        "B": "appconfig:a/b/A#y",
    }
    reads = Reads(A=document(b'{"x": 1, "y": 2}'))
    run(reads, 1000.0, environment)
    _, _, (again,) = run(reads, 1030.0, environment)
    assert again.startswith("appconfig-env: 2 values from 2 sources in ")
    assert again.endswith(", 2 sources from the snapshot file, 30 s old")


def test_the_oldest_of_several_sources_from_the_snapshot_file_is_reported(tmp_path: Path) -> None:
    environment = {
        "AWS_REGION": "us-east-1",
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
        "APPCONFIG_ENV_SOURCES": "ssm:/a ssm:/b",
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_APPCONFIG_EXTENSION_LOG_LEVEL": "debug",
    }
    reads = Reads(**{"/a": document(b"1"), "/b": document(b"2")})
    run(reads, 1000.0, environment)
    _, _, lines = run(reads, 1012.0, environment)
    assert lines[:2] == [
        "appconfig-env: ssm:/a: from the snapshot file, 12 s old; sets A",
        "appconfig-env: ssm:/b: from the snapshot file, 12 s old; sets B",
    ]
    assert lines[-1].endswith(", 2 sources from the snapshot file, up to 12 s old")
    assert len(reads.asked) == 1


def test_deferred_sources_have_their_lines_from_who_reads_them(tmp_path: Path) -> None:
    options = "?env=no"
    lines = log_with_child(
        tmp_path,
        Reads(A=Document(b'{"x": 1}'), B=Document(b'{"y": 2}')),
        f"appconfig:a/b/A appconfig:a/b/B{options}",
        AWS_APPCONFIG_EXTENSION_LOG_LEVEL="debug",
    )
    assert lines[:-1] == [
        "appconfig-env: appconfig:a/b/A: read; sets X",
        "appconfig-env: appconfig:a/b/B: not awaited (env=no)",
        "appconfig-env: appconfig:a/b/B: read; has for get() Y",
    ]


def test_secrets_that_the_child_cannot_read_together_either_are_not_logged_again(
    tmp_path: Path,
) -> None:
    denied = Failure("denied", "no", FIX, operation="BatchGetSecretValue", code="AccessDenied")

    def make(settings: Settings, environ: Mapping[str, str]) -> Backend:
        assert settings.sources
        assert environ

        def backend(requests: list[Request], timeout: float) -> Outcomes:
            assert timeout
            references = [request.resource.reference for request in requests]
            call = Call("BatchGetSecretValue", references, failure=denied)
            secret = document(b"s3cret", secret=True)
            return Outcomes(dict.fromkeys(references, secret), [call])

        return backend

    lines = log_with_child(
        tmp_path,
        make,
        "secretsmanager:a secretsmanager:b secretsmanager:c?env=no secretsmanager:d?env=no",
    )
    assert [line for line in lines if "one by one" in line] == [
        f"appconfig-env: 2 secrets had to be read one by one: {denied}"
    ]


EMF = {"APPCONFIG_ENV_METRICS": "emf"}


def test_a_prefetch_writes_its_metrics_to_standard_output(
    life: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    reads = Reads(profile=document(b"one"), secret=document(b"two", secret=True))

    code, _, lines = run(reads, 1000.0, life | EMF)

    found = extracted(capfd.readouterr().out.removesuffix("\n"))
    assert (code, found.dimensions) == (0, {"FunctionName": "f"})
    assert found.metrics.keys() == {"PrefetchTime", "PrefetchFailures", "Age"}
    assert (found.metrics["PrefetchFailures"], found.metrics["Age"]) == (0, 0.0)
    assert f"in {found.metrics['PrefetchTime']} ms" in lines[-1]


def test_a_failed_start_writes_metrics_too(
    life: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    denied = Failure("denied", "denied", FIX)
    reads = Reads(profile=denied, secret=document(b"two", secret=True))

    code, _, _ = run(reads, 1000.0, life | EMF)

    found = extracted(capfd.readouterr().out.removesuffix("\n"))
    assert (code, found.metrics["PrefetchFailures"]) == (1, 1)
    assert found.others == {"source": "appconfig:a/b/profile"}


@pytest.mark.parametrize("setting", [{}, {"APPCONFIG_ENV_METRICS": "off"}])
def test_metrics_are_off_by_default(
    setting: dict[str, str], life: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    reads = Reads(profile=document(b"one"), secret=document(b"two", secret=True))
    run(reads, 1000.0, life | setting)
    assert capfd.readouterr().out == ""


def test_what_comes_from_the_snapshot_file_has_its_age(
    life: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    reads = Reads(profile=document(b"one"), secret=document(b"two", secret=True))
    run(reads, 1000.0, life)

    run(reads, 1020.0, life | EMF)

    assert extracted(capfd.readouterr().out.removesuffix("\n")).metrics["Age"] == 20.0


@pytest.mark.parametrize("source", ["ssm:/shop/one", "ssm:/none"])
@pytest.mark.parametrize("output", ["/dev/full", None])
def test_a_standard_output_that_cannot_be_written_changes_nothing_else(
    folder: Path, source: str, output: str | None
) -> None:
    given = environ(folder, APPCONFIG_ENV_SOURCES=source)
    command = f"exec {WRAPPER} /bin/true 1>{output or '&-'}"

    codes, logs = [], []
    for setting in ("off", "emf"):
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            env=given | {"APPCONFIG_ENV_METRICS": setting},
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        codes.append(done.returncode)
        logs.append(re.sub(r"in \d+ ms", "", done.stderr))

    assert codes == [int(source == "ssm:/none")] * 2
    assert logs[0] == logs[1]
