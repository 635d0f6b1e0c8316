"""Adds the package, the wrapper and the variables to the last stage of a Dockerfile; pure."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

from .starter import WRAPPER, Edit, RefusedError, Result

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .starter import Starter

PACKAGE = "appconfig-env"
COMMAND = "appconfig-env"
# Where pip installs commands in AWS's images for Python.
IN_AWS_IMAGE = "/var/lang/bin/appconfig-env"
_AWS_PYTHON = re.compile(r"(public\.ecr\.aws/lambda|amazon/aws-lambda|aws-lambda)[/-]python\b")
_AWS_OTHER = re.compile(r"(public\.ecr\.aws/lambda|amazon/aws-lambda)[/-]")
_HEREDOC = re.compile(r"<<-?([\"']?)(\w+)\1")
ADD_PYTHON = (
    "install Python 3.11 or newer and appconfig-env in it, and set AWS_LAMBDA_EXEC_WRAPPER to the "
    "path of the appconfig-env command"
)
INDEX = "pass --wheel FILE if your package index does not have appconfig-env"
# What must come after the package was installed as root, and after the variables.
_LATE = ("USER", "ENTRYPOINT", "CMD")


class Instruction(NamedTuple):
    """One instruction.

    Attributes:
        name: in upper case.
        arguments: the rest, with its continuation lines joined by spaces.
        first, last: its lines, counted from 0.
    """

    name: str
    arguments: str
    first: int
    last: int


def edit(path: str, text: str, starter: Starter) -> Result:
    """Return a Dockerfile whose image starts with the wrapper.

    Args:
        path: the file's path.
        text: the file.
        starter: the variables, and the wheel.

    Raises:
        RefusedError: there is no stage, or its entry point or image cannot be wrapped.
    """
    try:
        return _edit(path, text, starter)
    except RefusedError as error:
        error.by_hand = lines(starter)
        raise


def _edit(path: str, text: str, starter: Starter) -> Result:
    image, stage = _last_stage(list(instructions(text)))
    if any(COMMAND in one.arguments for one in stage):
        return Result()
    if _AWS_OTHER.search(image) and not _AWS_PYTHON.search(image):
        raise RefusedError("the image has no Python, which the wrapper needs", ADD_PYTHON)
    is_aws = _AWS_PYTHON.search(image) is not None
    lines = text.splitlines(keepends=True)
    end = "\r\n" if "\r\n" in text else "\n"
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += end
    entry_point = next((one for one in reversed(stage) if one.name == "ENTRYPOINT"), None)
    command = next((one for one in reversed(stage) if one.name == "CMD"), None)
    notes = [] if starter.wheel else [INDEX]
    added = [*_install(starter.wheel), *_variables(starter, is_aws=is_aws)]
    at = next((one.first for one in stage if one.name in _LATE), len(lines))
    if not is_aws and entry_point is not None:
        lines[entry_point.first : entry_point.last + 1] = [_wrapped(entry_point) + end]
    elif not is_aws:
        added.append(_entry_point(image, command))
        notes.append(f"check whether {image} has an entry point of its own, which is replaced")
    lines[at:at] = [line + end for line in added]
    return Result([Edit(path, text, "".join(lines))], notes)


def lines(starter: Starter) -> list[str]:
    """Return what to add to a Dockerfile by hand."""
    wrapped = f'ENTRYPOINT ["{COMMAND}", "run", "--", "the command"]'
    return [
        *_install(starter.wheel),
        *_variables(starter, is_aws=False),
        "# in place of the entry point, unless it is that of AWS's image and the variable",
        f"# {WRAPPER} has the path of the command",
        wrapped,
    ]


def instructions(text: str) -> Iterator[Instruction]:
    """Yield the instructions of a Dockerfile, without comments and here-documents."""
    lines = [line.strip() for line in text.splitlines()]
    at = 0
    while at < len(lines):
        first = at
        if not lines[at] or lines[at].startswith("#"):
            at += 1
            continue
        whole, at = _joined(lines, at)
        for _, marker in _HEREDOC.findall(whole):
            while at < len(lines) and lines[at] != marker:
                at += 1
            at += 1
        name, _, arguments = whole.partition(" ")
        yield Instruction(name.upper(), arguments.strip(), first, min(at, len(lines)) - 1)


def _joined(lines: list[str], at: int) -> tuple[str, int]:
    """Return an instruction as one line, and the number of the line after it."""
    parts: list[str] = []
    while at < len(lines):
        line = lines[at]
        at += 1
        if parts and line.startswith("#"):
            continue
        parts.append(line.removesuffix("\\").rstrip())
        if not line.endswith("\\"):
            break
    return " ".join(parts), at


def _last_stage(found: list[Instruction]) -> tuple[str, list[Instruction]]:
    """Return the image that the last stage is built on, and its instructions.

    Raises:
        RefusedError: there is none, or only the build knows it.
    """
    images: dict[str, str] = {}  # by the names of stages
    image = ""
    start = 0
    for number, one in enumerate(found):
        if one.name == "FROM":
            words = [word for word in one.arguments.split() if not word.startswith("--")]
            image = images.get(words[0], words[0]) if words else ""
            start = number
            if len(words) == 3:
                images[words[2]] = image
    if not image:
        raise RefusedError("no FROM in the file", "start with an image")
    if "$" in image:
        raise RefusedError(f"only the build knows the image {image}", "add the lines yourself")
    return image, found[start:]


def _install(wheel: str) -> list[str]:
    pip = "RUN python3 -m pip install --no-cache-dir"
    if not wheel:
        return [f"{pip} {PACKAGE}"]
    name = wheel.rpartition("/")[2]
    return [f"COPY {wheel} /tmp/{name}", f"{pip} /tmp/{name} && rm /tmp/{name}"]


def _variables(starter: Starter, *, is_aws: bool) -> list[str]:
    """Return one ENV with all variables; $ in a value would be expanded."""
    variables = {**({WRAPPER: IN_AWS_IMAGE} if is_aws else {}), **starter.variables}
    pairs = [f"{name}={_quoted(value)}" for name, value in variables.items()]
    return (" \\\n    ".join(["ENV " + pairs[0], *pairs[1:]])).split("\n") if pairs else []


def _quoted(value: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9_./:@%+,=#?&-]+", value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return f'"{escaped}"'


def _exec_form(arguments: str) -> list[str] | None:
    """Return the words of an instruction in exec form; None in shell form."""
    try:
        words = json.loads(arguments)
    except ValueError:
        return None
    is_list = isinstance(words, list) and all(isinstance(word, str) for word in words)
    return words if is_list else None


def _wrapped(entry_point: Instruction) -> str:
    words = _exec_form(entry_point.arguments)
    if words is None:
        raise RefusedError(
            "ENTRYPOINT is in shell form, which cannot be wrapped",
            f'write it as ENTRYPOINT ["{COMMAND}", "run", "--", ...] yourself',
        )
    return "ENTRYPOINT " + json.dumps([COMMAND, "run", "--", *words], ensure_ascii=False)


def _entry_point(image: str, command: Instruction | None) -> str:
    """Return the entry point of a stage without one of its own.

    Raises:
        RefusedError: the image may have one, which only its author knows.
    """
    if command is None or _exec_form(command.arguments) is None:
        raise RefusedError(
            f"neither ENTRYPOINT nor CMD in exec form, and {image} may have its own",
            f'write ENTRYPOINT ["{COMMAND}", "run", "--", ...] with that command',
        )
    return f'ENTRYPOINT ["{COMMAND}", "run", "--"]'
