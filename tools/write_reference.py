"""Fills the marked parts of the reference from the code, and the README's figures from their page.

Names, defaults and fields are the code's; what each means is in tools/reference_words.py.
The figures are those that `make bench` has written into docs/performance.md.
"""

from __future__ import annotations

import inspect
import json
import re
from typing import TYPE_CHECKING, Any

import appconfig_env
from appconfig_env._cache import snapshot_json
from appconfig_env._cache.entry import Entry
from appconfig_env._cache.snapshot import Snapshot
from appconfig_env._config import options, settings
from appconfig_env._config.settings import from_environ
from appconfig_env._content.document import Document
from appconfig_env.errors import KINDS, AppConfigEnvError, Failure
from tools import diagrams
from tools import reference_words as words
from tools.messages import ROOT
from tools.page import fill, marks, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

KIND = "reference"  # of the pages' marks
DOCS = ROOT / "docs"
PERFORMANCE = DOCS / "performance.md"


class ReferenceError(Exception):  # noqa: A001 - of this tool, where the built-in one has no use
    """Something that has no words, or words for what does not exist."""


def main() -> None:
    """Write the pages."""
    for path, text in written().items():
        path.write_text(text)


def written() -> dict[Path, str]:
    """Return each page with its parts filled, and the pictures."""
    pages = {
        path: fill(path.read_text(), {name: make() for name, make in parts.items()}, KIND)
        for path, parts in PARTS.items()
    }
    pictures = {
        DOCS / "how-it-works.svg": diagrams.how_it_works(),
        DOCS / "figures.svg": diagrams.figures(panels()),
        DOCS / "explanation" / "refresh.svg": diagrams.refresh(),
    }
    return pages | pictures


# Settings and options.


def defaults() -> dict[str, str]:
    """Return the default of each setting that has one in the code, as a user would write it."""
    plain = from_environ({"DB_HOST": "ssm:/host"})
    return {
        "APPCONFIG_ENV_REFERENCES": _yes_no(bool(plain.sources)),
        "APPCONFIG_ENV_OVERWRITE": _yes_no(plain.overwrite),
        "APPCONFIG_ENV_SNAPSHOT": plain.snapshot_path,
        "APPCONFIG_ENV_DEADLINE_SECONDS": f"{plain.deadline_seconds:g}",
        "APPCONFIG_ENV_ON_ERROR": "continue" if plain.continue_on_error else "fail",
        "APPCONFIG_ENV_CLIENT": plain.aws.client,
        "APPCONFIG_ENV_METRICS": "emf" if plain.emf_metrics else "off",
        "APPCONFIG_ENV_ROLE_SESSION_NAME": plain.aws.others.session_name,
        "AWS_APPCONFIG_EXTENSION_LOG_LEVEL": plain.log_level,
        "AWS_APPCONFIG_EXTENSION_MAX_CONNECTIONS": str(plain.aws.max_connections),
        "AWS_APPCONFIG_EXTENSION_POLL_INTERVAL_SECONDS": f"{plain.poll_seconds:g}",
        "AWS_APPCONFIG_EXTENSION_POLL_TIMEOUT_MILLIS": f"{1000 * plain.poll_timeout_seconds:g}",
        "AWS_APPCONFIG_EXTENSION_ROLE_SESSION_NAME": plain.aws.appconfig.session_name,
        "SSM_PARAMETER_STORE_TTL": f"{plain.ssm_ttl_seconds:g}",
        "SECRETS_MANAGER_TTL": f"{plain.secrets_ttl_seconds:g}",
        "AWS_USE_FIPS_ENDPOINT": str(plain.aws.use_fips).lower(),
        "AWS_USE_DUALSTACK_ENDPOINT": str(plain.aws.use_dualstack).lower(),
    }


def _yes_no(value: bool) -> str:  # noqa: FBT001 - the only argument
    return "yes" if value else "no"


def known() -> set[str]:
    """Return the settings of the code's own tables of names."""
    return {
        *(settings.PREFIX + name for name in settings.KNOWN),
        *(settings.AWS_PREFIX + name for name in settings.AWS_KNOWN),
        *settings.WITHOUT_PREFIX,
    }


def settings_table(rows: Iterable[words.Setting]) -> str:
    """Return a table of settings.

    Raises:
        ReferenceError: a setting of the code has no words, or the other way round.
    """
    described = {name for row in words.SETTINGS for name in row.names}
    ours = {name for name in described if name.startswith((settings.PREFIX, settings.AWS_PREFIX))}
    require_equal(known(), ours | described & known(), "SETTINGS")
    in_code = defaults()
    cells = [
        (
            ", ".join(f"`{name}`" for name in row.names),
            ", ".join(dict.fromkeys(f"`{in_code[name]}`" for name in row.names if name in in_code))
            or row.default,
            row.meaning,
        )
        for row in rows
    ]
    return table(("variable", "default", "meaning"), cells, rule="---")


def options_table() -> str:
    """Return the table of a reference's options.

    Raises:
        ReferenceError: an option of the code has no words, or the other way round.
    """
    described = {row.shown.partition("=")[0] for row in words.OPTIONS}
    require_equal(set(options._OPTIONS), described, "OPTIONS")  # noqa: SLF001 - its one table
    cells = [(f"`{row.shown}`", row.meaning) for row in words.OPTIONS]
    return table(("option", "meaning"), cells, rule="---")


def require_equal(code: set[str], described: set[str], place: str) -> None:
    """Require words for exactly what the code has.

    Raises:
        ReferenceError: something has no words, or no longer exists.
    """
    if missing := sorted(code ^ described):
        raise ReferenceError(f"{', '.join(missing)}: correct {place} of tools/reference_words.py")


# Errors.


def exceptions_table() -> str:
    """Return the public exceptions, as the first sentences of their docstrings describe them."""
    public = [getattr(appconfig_env, name) for name in appconfig_env.__all__]
    found = [one for one in public if inspect.isclass(one) and issubclass(one, AppConfigEnvError)]
    cells = [(f"`{one.__name__}`", _bases(one), _first_sentence(one)) for one in found]
    return table(("exception", "is also", "meaning"), sorted(cells), rule="---")


def _bases(error: Any) -> str:
    found = [base for base in error.__bases__ if base.__module__ == "builtins"]
    names = [base.__name__ for base in found if base is not Exception]
    return ", ".join(f"`{name}`" for name in names)


def _first_sentence(error: Any) -> str:
    return " ".join((inspect.getdoc(error) or "").partition("\n\n")[0].split())


def failure_table() -> str:
    """Return the attributes of `Failure`, as its docstring describes them."""
    text = (inspect.getdoc(Failure) or "").partition("Attributes:\n")[2]
    found = re.findall(r"^    (\w+): ((?:.|\n     )*)", text, re.MULTILINE)
    contents = {name: " ".join(words_.split()).rstrip(".") for name, words_ in found}
    require_equal(set(Failure.__slots__), set(contents), "the docstring of Failure, not")
    kinds = ", ".join(f"`{kind}`" for kind in KINDS[:-1])
    contents["kind"] = f"{kinds} or `{KINDS[-1]}`"
    cells = [(f"`{name}`", meaning) for name, meaning in contents.items()]
    return table(("attribute of `failure`", "contents"), cells, rule="---")


# The snapshot.

EXAMPLE = {
    "APPCONFIG_ENV_SOURCES": "appconfig:shop/prod/app ssm:/shop/prod/ file:/var/task/app.bin",
    "DB_PASSWORD": "secretsmanager:prod/db",
}
DENIED = Failure(
    "denied",
    "what failed, with AWS's code and message",
    "what to do about it",
    operation="GetSecretValue",
    code="AccessDeniedException",
    request_id="AWS's ID of the request",
    action="the IAM action that is missing",
    resource_arn="the ARN to allow it on",
    region="where the call was made",
    role_arn="the role that was assumed for it",
)
# What is shown in place of a digest, by the field's name.
DIGESTS = {
    "digest": "of the document, 32 hexadecimal digits",
    "redacted": {"the reference": ["DB_PASSWORD"]},
}


def snapshot_example() -> str:
    """Return the JSON of a snapshot as the code writes it, with words in place of its digests."""
    at = 1767225600.0
    plain: dict[str, Any] = {"fetched_at": at, "checked_at": at, "refresh_at": at + 45}
    plain |= {"revision": 1, "confirmed": 1}
    entries = {
        "appconfig:shop/prod/app": Entry(
            document=Document(b'{"limit": 10}', content_type="application/json"),
            version="the source's own version or label",
            read_seconds=0.025,
            **plain,
        ),
        "ssm:/shop/prod/": Entry(document=Document(parameters={"host": "db.example"}), **plain),
        "file:/var/task/app.bin": Entry(document=Document(b"\xff\xfe", name="app"), **plain),
        "secretsmanager:prod/db": Entry(
            document=Document(b"left out", secret=True),
            version="a version ID",
            is_secret=True,
            failure=DENIED,
            failures=1,
            **{**plain, "checked_at": at + 300, "refresh_at": at + 600, "revision": 2},
        ),
    }
    fingerprint = "digest of the settings it was made from, 64 hexadecimal digits"
    resources = from_environ(EXAMPLE).resources()
    whole = json.loads(snapshot_json.dumps(Snapshot(at, fingerprint, entries), resources))
    # Those two are like the profile's entry.
    shown = {name: it for name, it in whole["entries"].items() if name[:4] not in ("ssm:", "file")}
    for entry in shown.values():
        entry |= {name: text for name, text in DIGESTS.items() if name in entry}
    return f"```json\n{_indented(whole | {'entries': shown})}\n```"


def _indented(whole: Mapping[str, Any]) -> str:
    """Return indented JSON with each document, and each list, on one line."""
    head = json.dumps({**whole, "documents": {}}, indent=2)
    head = re.sub(r'("redacted": )(\{[^{}]*\})', lambda one: one[1] + _one_line(one[2]), head)
    lines = [f"    {json.dumps(name)}: {json.dumps(it)}" for name, it in whole["documents"].items()]
    return head.replace('"documents": {}', '"documents": {\n' + ",\n".join(lines) + "\n  }")


def _one_line(text: str) -> str:
    return json.dumps(json.loads(text))


# The figures.


def figure(mark: str, row: str, column: int = 1) -> str:
    """Return a cell of a table that `make bench` has filled.

    Raises:
        ReferenceError: the page has no such row.
    """
    text = dict(marks(PERFORMANCE.read_text()))[mark]
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if cells[0] == row:
            return cells[column]
    raise ReferenceError(f"no row {row!r} in {mark} of docs/performance.md; correct its name")


def numbers() -> str:
    """Return the two figures that matter most, as sentences."""
    ours, boto3 = figure("start", OURS), figure("start", "boto3")
    read, environ = figure("read", "`get`, as a local name"), figure("read", "`os.environ[name]`")
    return (
        f"- **{ours} ms** are added to a cold start with two profiles and twenty parameters; "
        f"a wrapper that uses boto3 adds {boto3} ms.\n"
        f"- **{read} µs** is the time of a `get()` of a value that stays fresh for at most the "
        f"poll interval; `os.environ`, which is never refreshed, takes {environ} µs."
    )


def panels() -> dict[str, dict[str, float]]:
    """Return what the picture of the figures shows, by the panel's title."""
    starts = {"appconfig-env": OURS, "stdlib baseline": "stdlib baseline", "boto3": "boto3"}
    starts["Powertools"] = "Powertools"
    reads = {
        "get()": "`get`, as a local name",
        "os.environ": "`os.environ[name]`",
        "Powertools": "Powertools, from its cache",
        "HTTP to an agent": "HTTP to an agent, connection kept",
    }
    return {
        "Added to a cold start, in milliseconds": _values("start", starts),
        "One read of a fresh value, in microseconds": _values("read", reads),
    }


def _values(mark: str, rows: Mapping[str, str]) -> dict[str, float]:
    return {name: float(figure(mark, row).replace(",", "")) for name, row in rows.items()}


OURS = "this wrapper, from a layer"


def costs_table() -> str:
    """Return the table of what the wrapper and the helper cost, next to others."""
    start = [figure("start", one) for one in (OURS, "stdlib baseline", "boto3", "Powertools")]
    nothing = figure("start", "this wrapper, nothing to read")
    powertools = "`import aws_lambda_powertools.utilities.parameters`"
    ours, boto3, theirs = (
        figure("import", one) for one in ("`import appconfig_env`", "`import boto3`", powertools)
    )
    read, cached = (
        figure("read", one) for one in ("`get`, as a local name", "Powertools, from its cache")
    )
    environ = figure("read", "`os.environ[name]`")
    memory = [figure("memory", one, 4) for one in ("this helper", "boto3", "Powertools")]
    rows = (
        ("added to the cold start, from a layer, ms", *start),
        ("the same without sources, ms", nothing, "", "", ""),
        ("import in the handler, ms", ours, "", boto3, theirs),
        (f"one `get()` of a fresh value, µs (`os.environ`: {environ})", read, "", "", cached),
        ("private memory after the first refresh, MiB", memory[0], "", *memory[1:]),
    )
    head = ("two profiles, twenty parameters", "appconfig-env", "stdlib baseline", "boto3")
    return table((*head, "Powertools"), rows)


# Each page's parts, by their marks.
PARTS: Mapping[Path, Mapping[str, Callable[[], str]]] = {
    ROOT / "README.md": {"numbers": numbers},
    DOCS / "explanation" / "cold-start.md": {"costs": costs_table},
    DOCS / "reference" / "settings.md": {
        "ours": lambda: settings_table(words.OURS),
        "aws-extensions": lambda: settings_table(words.AWS_EXTENSIONS),
        "sdks": lambda: settings_table(words.SDKS),
    },
    DOCS / "reference" / "references.md": {"options": options_table},
    DOCS / "reference" / "errors.md": {"exceptions": exceptions_table, "failure": failure_table},
    DOCS / "reference" / "snapshot.md": {"example": snapshot_example},
}


if __name__ == "__main__":
    main()
