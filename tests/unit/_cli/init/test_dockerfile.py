"""A Dockerfile gets the package, the variables and the wrapper in its last stage."""

from __future__ import annotations

import difflib
import json

import pytest

from appconfig_env._cli.init import dockerfile
from appconfig_env._cli.init.dockerfile import Instruction, instructions
from appconfig_env._cli.init.starter import RefusedError, Starter

from .starters import starter

AWS = "FROM public.ecr.aws/lambda/python:3.13\n"
PLAIN = "FROM python:3.13-slim\n"
WRAPPED = 'ENTRYPOINT ["appconfig-env", "run", "--"'


def edited(text: str, wanted: Starter | None = None) -> str:
    (edit,) = dockerfile.edit("Dockerfile", text, wanted or starter()).edits
    return edit.after


def added(text: str, after: str) -> list[str]:
    changes = difflib.ndiff(text.splitlines(), after.splitlines())
    return [line[2:] for line in changes if line.startswith("+ ")]


def found(text: str, name: str) -> list[str]:
    return [one.arguments for one in instructions(text) if one.name == name]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM a\n", [Instruction("FROM", "a", 0, 0)]),
        ("# c\n\nfrom a\n", [Instruction("FROM", "a", 2, 2)]),
        ("RUN a \\\n  b \\\n# c\n  d\nCMD x", [
            Instruction("RUN", "a b d", 0, 3), Instruction("CMD", "x", 4, 4),
        ]),
        ("RUN <<EOT\nCMD y\nEOT\nCMD x", [
            Instruction("RUN", "<<EOT", 0, 2), Instruction("CMD", "x", 3, 3),
        ]),
        ("COPY <<-'A' <<B /x\n1\nA\n2\nB\nCMD x", [
            Instruction("COPY", "<<-'A' <<B /x", 0, 4), Instruction("CMD", "x", 5, 5),
        ]),
        ("RUN a \\", [Instruction("RUN", "a", 0, 0)]),
        ("RUN <<E\nx", [Instruction("RUN", "<<E", 0, 1)]),
    ],
)  # fmt: skip
def test_instructions_are_found_over_several_lines(text: str, expected: list[Instruction]) -> None:
    assert list(instructions(text)) == expected


@pytest.mark.parametrize(
    "image",
    [
        "public.ecr.aws/lambda/python:3.13",
        "--platform=linux/arm64 public.ecr.aws/lambda/python:3.13 AS app",
        "amazon/aws-lambda-python:3.12",
    ],
)
def test_awss_image_for_python_gets_the_wrapper_as_a_variable(image: str) -> None:
    text = f'FROM {image}\nCOPY app.py .\nCMD ["app.handler"]\n'

    after = edited(text)

    (variables,) = found(after, "ENV")
    assert variables.startswith("AWS_LAMBDA_EXEC_WRAPPER=/var/lang/bin/appconfig-env ")
    assert "DB_PASSWORD=secretsmanager:prod/db#password" in variables
    assert found(after, "ENTRYPOINT") == []
    assert after.endswith('CMD ["app.handler"]\n')


def test_another_image_gets_the_wrapper_before_its_entry_point() -> None:
    text = PLAIN + 'USER app\nENTRYPOINT ["python", \\\n  "-m", "app"]\n'

    after = edited(text)

    assert found(after, "ENTRYPOINT") == ['["appconfig-env", "run", "--", "python", "-m", "app"]']
    assert "AWS_LAMBDA_EXEC_WRAPPER" not in after
    names = [one.name for one in instructions(after)]
    assert names == ["FROM", "RUN", "ENV", "USER", "ENTRYPOINT"]  # installed as root


def test_an_image_with_a_command_alone_gets_an_entry_point() -> None:
    result = dockerfile.edit("Dockerfile", PLAIN + 'CMD ["python", "app.py"]', starter())

    after = result.edits[0].after
    assert after.endswith('\nENTRYPOINT ["appconfig-env", "run", "--"]\nCMD ["python", "app.py"]\n')
    assert any("check whether python:3.13-slim has an entry point" in one for one in result.notes)


def test_a_wheel_is_copied_and_installed() -> None:
    after = edited(AWS, starter(wheel="dist/appconfig_env-1-py3-none-any.whl"))

    name = "appconfig_env-1-py3-none-any.whl"
    assert found(after, "COPY") == [f"dist/{name} /tmp/{name}"]
    assert f"/tmp/{name} && rm /tmp/{name}" in found(after, "RUN")[0]


def test_without_a_wheel_a_note_names_the_option() -> None:
    assert any("pass --wheel FILE" in one for one in dockerfile.edit("D", AWS, starter()).notes)


def test_only_the_last_stage_is_changed() -> None:
    first = 'FROM node AS build\nENTRYPOINT ["x"]\nCMD ["y"]\n'

    after = edited(first + AWS + 'CMD ["app.handler"]\n')

    assert after.startswith(first + AWS + "RUN ")


def test_a_stage_on_another_one_has_its_image() -> None:
    after = edited("FROM public.ecr.aws/lambda/python:3.13 AS base\nFROM base\n")

    assert "AWS_LAMBDA_EXEC_WRAPPER=/var/lang/bin/appconfig-env" in after


def test_every_other_line_stays_and_so_do_the_ends_of_windows() -> None:
    text = "# c\r\n" + AWS.replace("\n", "\r\n") + "COPY . .\r\n"

    after = edited(text)

    assert after.startswith(text)
    assert after.count("\n") == after.count("\r\n")


def test_a_value_is_quoted_so_that_nothing_is_expanded() -> None:
    environ = {"APPCONFIG_ENV_SOURCES": "ssm:/a/ ssm:/b/", "X": 'ssm:/x?default=$y"z'}

    (variables,) = found(edited(AWS, starter(environ)), "ENV")

    assert 'APPCONFIG_ENV_SOURCES="ssm:/a/ ssm:/b/"' in variables
    assert 'X="ssm:/x?default=\\$y\\"z"' in variables


@pytest.mark.parametrize(
    "text", [AWS, PLAIN + 'CMD ["x"]\n', PLAIN + 'ENTRYPOINT ["x"]\n', AWS + 'CMD ["a"]']
)
def test_a_second_run_changes_nothing(text: str) -> None:
    again = dockerfile.edit("Dockerfile", edited(text), starter())

    assert (again.edits, again.notes) == ((), ())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no FROM in the file; start with an image"),
        ("FROM ${BASE}\n", r"only the build knows the image \$\{BASE\}; add the lines yourself"),
        ("FROM public.ecr.aws/lambda/nodejs:22\n", "the image has no Python, which the wrapper"),
        (PLAIN + "ENTRYPOINT python app.py\n", "ENTRYPOINT is in shell form"),
        (PLAIN + 'ENTRYPOINT ["x", 1]\n', "ENTRYPOINT is in shell form"),
        (PLAIN, "neither ENTRYPOINT nor CMD in exec form, and python:3.13-slim may have its own"),
        (PLAIN + "CMD python app.py\n", "neither ENTRYPOINT nor CMD in exec form"),
    ],
)
def test_what_cannot_be_wrapped_is_refused_with_the_lines_to_add(text: str, problem: str) -> None:
    with pytest.raises(RefusedError, match=problem) as caught:
        dockerfile.edit("Dockerfile", text, starter())

    assert any(line.startswith(WRAPPED) for line in caught.value.by_hand)
    assert any("DB_PASSWORD=" in line for line in caught.value.by_hand)


def test_the_entry_point_is_json() -> None:
    (words,) = found(edited(PLAIN + 'ENTRYPOINT ["a b", "\\"é"]\n'), "ENTRYPOINT")

    assert json.loads(words) == ["appconfig-env", "run", "--", "a b", '"é']
