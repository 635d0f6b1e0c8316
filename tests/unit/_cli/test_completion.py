"""`completion`: each shell completes verbs, their options and the values of these."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from appconfig_env._cli import completion, verbs

from .process import ran

if TYPE_CHECKING:
    from pathlib import Path

NAMES = sorted(verb.name for verb in verbs.VERBS)
# What is typed, and the words that complete its last one.
CASES = [
    (["ch"], ["check"]),
    (["--v"], ["--version"]),
    (["check", "--o"], ["--online"]),
    (["export", "--format", "d"], ["dotenv"]),
    (["completion", "f"], ["fish"]),
    (["run", "--env"], ["--env-file"]),
    (["bake", "--ou"], ["--output"]),
    (["check", "--nothing"], []),
]


def needs(shell: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not shutil.which(shell), reason=f"{shell} is not installed here")


def script(shell: str, folder: Path) -> Path:
    path = folder / f"completion.{shell}"
    path.write_text(ran("completion", shell).out)
    return path


def lines(*words: str) -> list[str]:
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.splitlines()


def output(*words: str) -> list[str]:
    return sorted(" ".join(lines(*words)).split())


@needs("bash")
@pytest.mark.parametrize(("words", "expected"), [*CASES, ([""], [*NAMES, "--help", "--version"])])
def test_bash_completes(tmp_path: Path, words: list[str], expected: list[str]) -> None:
    program = f"""
        source {script("bash", tmp_path)}
        COMP_WORDS=(appconfig-env "$@") COMP_CWORD=$#
        _appconfig_env
        echo "${{COMPREPLY[@]}}"
        complete -p appconfig-env >/dev/null
    """

    assert output("bash", "-c", program, "bash", *words) == sorted(expected)


@needs("zsh")
@pytest.mark.parametrize(("words", "expected"), CASES)
def test_zsh_offers_the_word(tmp_path: Path, words: list[str], expected: list[str]) -> None:
    program = f"""
        _files() {{ }}
        compdef() {{ }}
        _describe() {{ local one; for one in ${{(P)2}}; do print -r -- ${{one%%:*}}; done }}
        source {script("zsh", tmp_path)}
        words=(appconfig-env "$@") CURRENT=$(( $# + 1 ))
        _appconfig_env
    """

    assert set(expected) <= set(output("zsh", "-f", "-c", program, "zsh", *words))


@needs("fish")
@pytest.mark.parametrize(("words", "expected"), CASES)
def test_fish_completes(tmp_path: Path, words: list[str], expected: list[str]) -> None:
    line = " ".join(["appconfig-env", *words])
    program = f"source {script('fish', tmp_path)}; complete -C '{line}'"

    found = [text.partition("\t")[0] for text in lines("fish", "--no-config", "-c", program)]

    assert [one for one in found if one.startswith(words[-1])] == expected


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_each_script_has_every_verb_and_every_option(shell: str) -> None:
    text = ran("completion", shell).out

    for one in completion.described():
        assert one.name in text
        for option in one.options:
            for name in option.names:
                assert (name.lstrip("-") if shell == "fish" else name) in text


def test_every_verb_is_described_by_its_own_parser() -> None:
    found = {one.name: one for one in completion.described()}

    assert sorted(found) == NAMES
    options = {name: {n for o in one.options for n in o.names} for name, one in found.items()}
    assert {"--source", "--local-dir", "--env-file", "--quiet", "--watch"} <= options["run"]
    assert {"--online", "--concurrency", "--json"} <= options["check"]
    assert {"--output", "--python", "--limit"} <= options["layer"]
    assert all("--help" in names for names in options.values())


def test_json_has_what_the_scripts_are_made_of() -> None:
    found = json.loads(ran("completion", "bash", "--json").out)

    export = next(one for one in found if one["name"] == "export")
    assert export["options"][0] == {
        "names": ["--format"],
        "about": "The form of the output",
        "takes_value": True,
        "choices": ["dotenv", "json", "shell", "github"],
    }


def test_another_shell_is_a_wrong_command_line() -> None:
    done = ran("completion", "tcsh")

    assert done.exit_code == verbs.MISUSED
    assert "'bash', 'zsh', 'fish'; run appconfig-env completion --help\n" in done.err


def test_quotes_in_a_description_are_kept() -> None:
    one = completion.Described("x", "it's", (completion.Option(("--a",), "a 'b' \\ c: d"),))

    assert r"-d 'it\'s'" in completion.fish([one])
    assert r"-d 'a \'b\' \\ c: d'" in completion.fish([one])
    assert """'--a:a '"'"'b'"'"' \\ c: d'""" in completion.zsh([one])
