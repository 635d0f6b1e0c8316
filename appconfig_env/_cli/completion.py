"""The command `completion`: prints a script by which a shell completes verbs and options.

Not in the layer.
"""

from __future__ import annotations

import shlex
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

import click

from . import verbs
from .commands import Process, json_option, verb

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Callable, Iterable, Sequence

PROGRAM = "appconfig-env"


class Option(NamedTuple):
    """An option of a verb.

    Attributes:
        names: `--json`, `-h`.
        about: what it does.
        takes_value: whether a value follows it.
        choices: the values that it takes; empty for any.
    """

    names: tuple[str, ...]
    about: str
    takes_value: bool = False
    choices: tuple[str, ...] = ()


class Described(NamedTuple):
    """A verb, with what can follow it.

    Attributes:
        name, summary: as in the registry.
        options: its options.
        choices: the words that its argument can be; empty for any.
    """

    name: str
    summary: str
    options: tuple[Option, ...]
    choices: tuple[str, ...] = ()


def described() -> list[Described]:
    """Return all verbs, with the options that their own parsers have."""
    return [_described(one) for one in verbs.VERBS]


def _described(one: verbs.Verb) -> Described:
    module = import_module(f"{__package__}.{one.name}")
    if not one.needs_extra:
        return Described(one.name, one.summary, tuple(_of_parser(module.make_parser())))
    found: click.Command = module.command
    choices = [
        choice
        for parameter in found.params
        if isinstance(parameter, click.Argument)
        for choice in _choices(parameter)
    ]
    return Described(one.name, one.summary, tuple(_of_command(found)), tuple(choices))


def _of_parser(parser: ArgumentParser) -> Iterable[Option]:
    for action in parser._actions:  # noqa: SLF001 - argparse has no public list
        if action.option_strings:
            about = (action.help or "").partition("(default")[0].strip()
            yield Option(tuple(action.option_strings), about, action.nargs != 0)


def _of_command(command: click.Command) -> Iterable[Option]:
    for one in command.params:
        if isinstance(one, click.Option):
            about = (one.help or "").rstrip(".")
            yield Option((*one.opts, *one.secondary_opts), about, not one.is_flag, _choices(one))
    yield Option(("-h", "--help"), "Show this message and exit")


def _choices(parameter: click.Parameter) -> tuple[str, ...]:
    return tuple(parameter.type.choices) if isinstance(parameter.type, click.Choice) else ()


def _words(one: Described) -> list[str]:
    return [*one.choices, *(name for option in one.options for name in option.names)]


def bash(found: Sequence[Described]) -> str:
    """Return the script for bash, which shows words without descriptions."""
    cases = "".join(_bash_cases(one) for one in found)
    return f"""\
_appconfig_env() {{
    local words= verb=${{COMP_WORDS[1]}} before=${{COMP_WORDS[COMP_CWORD - 1]}}
    if [ "$COMP_CWORD" -eq 1 ]; then
        words='{" ".join(verbs.names())}'
    else
        case $verb:$before in
{cases}        esac
    fi
    COMPREPLY=($(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
complete -o default -F _appconfig_env {PROGRAM}
"""


def _bash_cases(one: Described) -> str:
    """Return the words after each option that takes one of them, and after anything else."""
    values = [
        (name, option.choices) for option in one.options for name in option.names if option.choices
    ]
    return "".join(
        f"            {one.name}:{before}) words='{' '.join(words)}' ;;\n"
        for before, words in (*values, ("*", _words(one)))
    )


def zsh(found: Sequence[Described]) -> str:
    """Return the script for zsh, for `eval` after compinit."""
    cases = "".join(_zsh_case(one) for one in found)
    names = " ".join(_zsh_word(one.name, one.summary) for one in found)
    return f"""\
_appconfig_env() {{
    local -a found
    if (( CURRENT == 2 )); then
        found=({names} {" ".join(verbs.OPTIONS)})
        _describe verb found
        return
    fi
    case $words[2]:$words[CURRENT-1] in
{cases}    esac
    _files
}}
compdef _appconfig_env {PROGRAM}
"""


def _zsh_case(one: Described) -> str:
    text = "".join(
        f"        {one.name}:{name}) found=({' '.join(option.choices)}); _describe value found;"
        " return ;;\n"
        for option in one.options
        for name in option.names
        if option.choices
    )
    options = [_zsh_word(name, option.about) for option in one.options for name in option.names]
    words = " ".join([*one.choices, *options])
    return f"{text}        {one.name}:*) found=({words}); _describe option found ;;\n"


def _zsh_word(name: str, about: str) -> str:
    return shlex.quote(f"{name}:{about}")


def fish(found: Sequence[Described]) -> str:
    """Return the script for fish."""
    first = f"complete -c {PROGRAM} -n __fish_use_subcommand"
    lines = [f"{first} -f"]
    lines += [f"{first} -a {one.name} -d {_fish_text(one.summary)}" for one in found]
    lines += [f"{first} -l {option.removeprefix('--')}" for option in verbs.OPTIONS]
    for one in found:
        of_verb = f"complete -c {PROGRAM} -n '__fish_seen_subcommand_from {one.name}'"
        if one.choices:
            lines.append(f"{of_verb} -f -a '{' '.join(one.choices)}'")
        for option in one.options:
            names = "".join(
                f" -l {name[2:]}" if name.startswith("--") else f" -s {name[1:]}"
                for name in option.names
            )
            value = " -r" if option.takes_value else ""
            if option.choices:
                value = f" -x -a '{' '.join(option.choices)}'"
            lines.append(f"{of_verb}{names}{value} -d {_fish_text(option.about)}")
    return "".join(f"{line}\n" for line in lines)


def _fish_text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


SHELLS: dict[str, Callable[[Sequence[Described]], str]] = {"bash": bash, "zsh": zsh, "fish": fish}


@verb("completion")
@click.argument("shell", type=click.Choice([*SHELLS]))
@json_option
@click.pass_obj
def command(process: Process, *, shell: str, as_json: bool) -> int:
    """Print the script by which a shell completes verbs and options.

    The example has the line for each shell. --json prints what the script is made of.
    """
    found = described()
    if as_json:
        process.out.json([
            {**one._asdict(), "options": [option._asdict() for option in one.options]}
            for one in found
        ])  # fmt: skip
    else:
        process.out.text(SHELLS[shell](found))
    return verbs.OK
