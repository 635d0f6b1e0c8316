"""The registry of verbs: each has a module, a usage, a summary and an example."""

from __future__ import annotations

from importlib import import_module

import click
import pytest

from appconfig_env._cli import verbs

ALL = pytest.mark.parametrize("verb", verbs.VERBS, ids=lambda verb: verb.name)


@ALL
def test_a_verb_has_a_module_of_its_name_with_its_command(verb: verbs.Verb) -> None:
    module = import_module(f"appconfig_env._cli.{verb.name}")

    if verb.needs_extra:
        assert isinstance(module.command, click.Command)
        assert module.command.name == verb.name
    else:
        assert callable(module.main)


@ALL
def test_a_verb_has_examples_that_call_it(verb: verbs.Verb) -> None:
    lines = verb.example.split("\n")

    assert len(lines) >= 2
    assert all(line.startswith("# ") for line in lines[::2])
    assert all(f"appconfig-env {verb.name}" in line for line in lines[1::2])


@ALL
def test_a_verb_is_in_the_usage_with_its_summary(verb: verbs.Verb) -> None:
    usage = verbs.usage()

    assert f" {verb.usage}\n" in usage
    assert f" {verb.summary}\n" in usage
    assert verb.summary[0].islower()
    assert not verb.summary.endswith(".")


def test_a_verb_is_found_by_its_name_alone() -> None:
    assert verbs.find("bake") in verbs.VERBS
    assert [verbs.find(name) for name in ("", "Bake", "bak", "--help")] == [None] * 4


def test_names_are_all_that_can_follow_the_command() -> None:
    assert verbs.names()[-2:] == ["--version", "--help"]
    assert {"run", "get", "layer"} <= set(verbs.names())


def test_each_exit_code_has_one_meaning() -> None:
    assert [code for code, _ in verbs.EXIT_CODES] == [verbs.OK, verbs.PROBLEMS, verbs.MISUSED]
    assert [verbs.OK, verbs.PROBLEMS, verbs.MISUSED] == [0, 1, 2]
    assert all(f"  {code}  {meaning}\n" in verbs.usage() for code, meaning in verbs.EXIT_CODES)


def test_the_usage_fits_a_terminal() -> None:
    assert max(map(len, verbs.usage().split("\n"))) <= 100
