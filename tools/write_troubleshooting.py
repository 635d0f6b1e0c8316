"""Fills the tables of docs/troubleshooting.md, from symptom to remedy, from the code alone.

The messages are those that `tools.messages` finds in the sources; the remedies for AWS's error
codes are what the package makes of each.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from appconfig_env._backends.aws import errors as aws
from appconfig_env._backends.aws.services import SERVICES
from appconfig_env._config.references import parse
from tools.messages import ROOT, VALUE, has_words, package_messages
from tools.page import fill, table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tools.messages import Text

PAGE = ROOT / "docs" / "troubleshooting.md"
# The page's sections, by their marks, and the modules whose messages they have.
SECTIONS = {
    "references": ("_config/references.py", "_config/options.py", "_config/sources.py"),
    "settings": (
        "_config/settings.py", "_config/aws.py", "_config/environ.py", "_backends/paths.py",
    ),
    "calls": ("_backends/aws/", "_http/"),
    "files": ("_backends/local.py",),
    "documents": (
        "_content/parse.py", "_content/strict_", "_content/json_", "_content/yaml_",
        "_content/variables.py", "_content/render.py", "_content/unevaluated.py",
    ),
    "rules": (
        "_content/rules/", "_content/evaluation.py", "_backends/agent.py", "_helper/agent_flags.py",
    ),
    "starts": ("_wrapper/", "_cache/"),
    "handlers": (
        "_helper/", "_content/flags.py", "_content/convert.py", "_content/pydantic_types.py",
        "_content/typed.py", "_models/", "openfeature/", "testing.py",
    ),
    "commands": ("_cli/",),
}  # fmt: skip
KIND = "troubleshooting"  # of the page's marks
NOT_SHOWN = ("_backends/fake.py",)  # tests alone meet its messages
HOLDERS = ("error: …", "option …: …")  # texts that are other messages but for a word
# What each operation reads, for the resource in the advice that a denial gets.
READS = {
    "StartConfigurationSession": "appconfig:shop/prod/app",
    "GetLatestConfiguration": "appconfig:shop/prod/app",
    "GetParametersByPath": "ssm:/shop/prod/",
    "GetParameters": "ssm:/shop/prod/DB_HOST",
    "GetSecretValue": "secretsmanager:shop/prod/db",
    "BatchGetSecretValue": "secretsmanager:shop/prod/db",
    "AssumeRole": "appconfig:shop/prod/app",
}
# One code for each remedy, in the order of the page, with its status and what else has the remedy.
RESPONSES = (
    (aws.UNREACHABLE, 0, "no connection, a broken one, or no response in time"),
    (aws.INVALID_RESPONSE, 0, "a response that does not follow the protocol"),
    ("HTTP 403", 403, "any status below 500 without an error code of AWS"),
    (aws.NO_CREDENTIALS, 0, "no credentials were found"),
    ("ExpiredTokenException", 400, "the credentials have expired"),
    ("InvalidSignatureException", 400, "the credentials or the clock are wrong"),
    ("ThrottlingException", 400, "over a quota, after all attempts"),
    ("InternalServerError", 500, "AWS failed, after all attempts"),
    ("ResourceNotFoundException", 404, "no such resource; so for ParameterNotFound"),
    ("DecryptionFailure", 400, "the KMS key is disabled, or may not be used"),
    ("ValidationException", 400, "any other refusal"),
)


def main() -> None:
    """Write the page."""
    PAGE.write_text(fill(PAGE.read_text(), tables(), KIND))


def tables() -> dict[str, str]:
    """Return each section's table, by its mark."""
    found = package_messages()
    return {
        "responses": table(("code", "what happened", "what to do"), responses(), rule="---"),
        "denials": table(("operation", "what to do"), denials(), rule="---"),
        **{name: _table(text for text in found if section(text) == name) for name in SECTIONS},
    }


def section(text: Text) -> str:
    """Return the section of a message; empty for one that only tests meet.

    Raises:
        KeyError: none has its module.
    """
    file = text.file.removeprefix("appconfig_env/")
    for name, places in SECTIONS.items():
        if file.startswith(places):
            return name
    if file in NOT_SHOWN:
        return ""
    raise KeyError(f"{file}: add it to SECTIONS")


def is_shown(text: Text) -> bool:
    """Whether it has a symptom of its own, and does not only hold another message."""
    if ": ;" in text.symptom:
        return False  # with the empty text that a variable has until there is a reason
    return has_words(text.symptom) and text.symptom not in HOLDERS


def row(text: Text) -> tuple[str, str]:
    """Return its row: what is wrong, without the source before it, and what to do."""
    symptom = re.sub(rf"^({VALUE}: ?)+", "", text.symptom)
    remedy = _shown(text.remedy) if text.has_remedy else "do what its end recommends"
    return f"`{_shown(symptom)}`", _sentence(remedy)


def responses() -> list[tuple[str, str, str]]:
    """Return what to do about each kind of response."""
    return [
        (f"`{code}`", what, _sentence(_hint("GetParameters", code, status)))
        for code, status, what in RESPONSES
    ]


def denials() -> list[tuple[str, str]]:
    """Return what to allow for each operation that AWS denies."""
    return [
        (f"`{operation}`", _sentence(_hint(operation, "AccessDeniedException", 400)))
        for operation in SERVICES
    ]


def _hint(operation: str, code: str, status: int) -> str:
    error = aws.AwsError(operation, code, status=status)
    error.region, error.role_arn = "eu-west-1", ""
    if operation == "AssumeRole":
        error.role_arn = "arn:aws:iam::111122223333:role/reader"
    return error.failure_of(parse(READS[operation]).resource).hint


def _table(texts: Iterable[Text]) -> str:
    remedies: dict[str, list[str]] = {}
    for symptom, remedy in dict.fromkeys(row(text) for text in texts if is_shown(text)):
        remedies.setdefault(symptom, []).append(remedy)
    rows = [(symptom, " Or: ".join(found)) for symptom, found in remedies.items()]
    return table(("message", "what to do"), rows, rule="---")


def _shown(text: str) -> str:
    text = re.sub(rf"({VALUE}|%s)+", VALUE, text)
    return text.replace("|", r"\|").replace("`", "'")


def _sentence(text: str) -> str:
    escaped = re.sub(r"(?<!\w)([*_<\[])", r"\\\1", text)
    return f"{escaped[:1].upper()}{escaped[1:]}."


if __name__ == "__main__":
    main()
