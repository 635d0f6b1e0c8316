"""Hostile documents, end to end: no traceback, no code execution, no lost value, bounded time."""

from __future__ import annotations

import copy
import json
import sys
from functools import cache
from pathlib import Path

import pytest

from appconfig_env._backends.fake import FakeBackend
from appconfig_env._cache.snapshot_file import LARGEST_BYTES
from appconfig_env._content.document import Document
from appconfig_env._helper.helper import Helper

from ..support.fakes import Clock, steadily
from ..support.snapshots import read_snapshot, snapshot_text
from .cold_starts import DOCUMENTS, MIB, Ended, Hostile, start

PATH = f"{Path(sys.executable).parent}:/usr/bin:/bin"  # a python3 with the dependencies
# A document of a few megabytes takes a second or two; one that took minutes could keep every
# function from starting.
BOUND_SECONDS = 60.0
BOUND_STARTS = 2000  # a minute on an ordinary machine, and more on a slow one
HUGE = {"a million keys", "4 MB of keys"}  # accepted, but too large for any environment
SLOW = {"a million YAML values"}  # takes seconds, so one cold start is enough


@cache
def bound_seconds() -> float:
    """The CPU time that a cold start may take: many times what one without a document takes."""
    return max(BOUND_SECONDS, BOUND_STARTS * start({"PATH": PATH}, "/bin/true").seconds)


def cold_start(folder: Path, body: bytes, reference: str, **more: str) -> Ended:
    """Run a cold start that reads `body` from a file."""
    (folder / "document").write_bytes(body)
    environ = {
        "PATH": PATH,
        "APPCONFIG_ENV_LOCAL_DIR": str(folder),
        "APPCONFIG_ENV_SNAPSHOT": str(folder / "snapshot"),
        "APPCONFIG_ENV_SOURCES": reference.format(f"file:{folder}/document"),
        **more,
    }
    ended = start(environ, "/bin/sh", "-c", "echo started")
    assert "Traceback" not in ended.err
    assert "unexpected" not in ended.err, ended.err
    assert all(line.isprintable() for line in ended.err.splitlines())
    assert all(line.startswith("appconfig-env: ") for line in ended.err.splitlines())
    assert max(map(len, ended.err.splitlines())) < 1000
    assert ended.seconds < bound_seconds()
    return ended


@pytest.mark.parametrize("hostile", DOCUMENTS, ids=str)
def test_a_cold_start_reports_what_is_wrong_with_a_document(
    hostile: Hostile, tmp_path: Path
) -> None:
    ended = cold_start(tmp_path, hostile.body(), f"{{}}?format={hostile.format}")
    if hostile.name in HUGE:
        assert ended.code == 126
        assert "the environment is too large" in ended.err
        assert "env=no" in ended.err
    elif hostile.error:
        assert ended.code == 1
        assert hostile.error in ended.err
        assert f"file:{tmp_path}/document" in ended.err
    else:
        assert (ended.code, ended.out) == (0, "started\n"), ended.err
        assert hostile.warning in ended.err
        assert ("warn: " in ended.err) is bool(hostile.warning)


def test_a_document_too_large_for_the_environment_can_be_read_with_get(tmp_path: Path) -> None:
    (body,) = (one.body() for one in DOCUMENTS if one.name == "4 MB of keys")
    ended = cold_start(tmp_path, body, "{}?env=no&format=json")
    assert (ended.code, ended.out) == (0, "started\n"), ended.err
    assert (tmp_path / "snapshot").stat().st_size <= LARGEST_BYTES


@pytest.mark.parametrize(
    "hostile", [one for one in DOCUMENTS if one.error and one.name not in SLOW], ids=str
)
def test_a_hostile_document_does_not_replace_the_last_good_values(
    hostile: Hostile, tmp_path: Path
) -> None:
    good = {"json": b'{"a": "good"}', "text": b"good", "dotenv": b"A=good", "yaml": b"a: good"}
    text = f"ssm:/x?format={hostile.format}"
    fetch = FakeBackend({text: Document(good[hostile.format], version="1")})
    clock = Clock()
    environ = {
        "APPCONFIG_ENV_SOURCES": text + ("&as=A" if hostile.format == "text" else ""),
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot"),
    }
    helper = Helper(environ, now=clock, make_backend=lambda *_: fetch, jitter=steadily)
    assert helper.get("A") == "good"
    fetch.documents[text] = Document(hostile.body(), version="2\x1b[31m\n\u202e")
    clock.tick(301)
    assert helper.get("A") == "good"
    status = helper.status()[text]
    assert status["version"] == "1"
    assert hostile.error in status["last_error"]
    assert status["last_error"].isprintable()
    fetch.documents[text] = Document(good[hostile.format], version="3")
    clock.tick(1000)
    assert helper.get("A") == "good"
    assert helper.status()[text]["last_error"] is None


def test_commands_in_values_are_not_executed(tmp_path: Path) -> None:
    local = tmp_path / "document"
    local.write_text('A=$(id)\nB="`id`"\nC=${HOME}\nexport D="$HOME"\n')
    show = "import json, os; print(json.dumps({name: os.environ[name] for name in 'ABCD'}))"
    environ = {
        "PATH": PATH,
        "HOME": "/",
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot"),
        "APPCONFIG_ENV_SOURCES": f"file:{local}?format=dotenv",
    }
    ended = start(environ, "run", "python3", "-c", show)
    assert json.loads(ended.out) == {"A": "$(id)", "B": "`id`", "C": "${HOME}", "D": "$HOME"}


@pytest.mark.parametrize("place", ["snapshot", "fallback"])
@pytest.mark.parametrize(
    "data",
    [
        "[" * 10_000 + "]" * 10_000, "[" * 900 + "]" * 900, '{"a":' * 900 + "1" + "}" * 900,
        "9" * 10**6, "1e400", "NaN", '"\\ud800"', '{"a": 1, "a": 2}',
    ],
    ids=["10,000 deep", "900 deep", "900 objects", "digits", "1e400", "NaN", "surrogate", "twice"],
)  # fmt: skip
def test_a_hostile_snapshot_is_treated_as_missing(place: str, data: str, tmp_path: Path) -> None:
    local = tmp_path / "document"
    local.write_text('{"a": "good"}')
    reference = f"file:{local}"
    environ = {
        "PATH": PATH,
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot"),
        "APPCONFIG_ENV_SOURCES": reference,
    }
    assert start(environ, "/bin/true").code == 0
    good = read_snapshot(tmp_path / "snapshot")
    for spot in ("body", "digest", "version"):
        # The source is completely fresh: only this part of it is hostile.
        whole = copy.deepcopy(good)
        fields = whole["documents" if spot == "body" else "entries"][reference]
        fields[spot] = "HERE"
        (tmp_path / place).write_text(snapshot_text(whole).replace('"HERE"', data))
        more = {}
        if place == "fallback":
            more = _UNREACHABLE_AWS | {
                "APPCONFIG_ENV_FALLBACK": str(tmp_path / "fallback"),
                "APPCONFIG_ENV_SOURCES": f"{reference} ssm:/x?default=d&as=X",
            }
        ended = start(environ | more, "/bin/sh", "-c", "echo $A")
        assert (ended.code, ended.out) == (0, "good\n"), ended.err
        assert "Traceback" not in ended.err
        assert "unexpected" not in ended.err


_UNREACHABLE_AWS = {
    "AWS_ACCESS_KEY_ID": "a",
    "AWS_SECRET_ACCESS_KEY": "b",
    "AWS_REGION": "us-east-1",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "APPCONFIG_ENV_DEADLINE_SECONDS": "1",
}


def test_a_value_that_cannot_be_converted_is_not_quoted_in_the_error() -> None:
    environ = {"A": "[" * 100_000, "B": "9" * 10**6}
    helper = Helper(environ, now=Clock())
    for name, kind in (("A", json.loads), ("B", int), ("B", float), ("A", bool)):
        if (name, kind) == ("B", float):
            assert helper.get(name, type=kind) == float("inf")
            continue
        with pytest.raises(ValueError, match=f"{name}: the value is") as caught:
            helper.get(name, type=kind)
        assert len(str(caught.value)) < 200


def test_the_largest_documents_are_as_large_as_their_names_claim() -> None:
    sizes = {hostile.name: len(hostile.body()) for hostile in DOCUMENTS}
    assert sizes["4 MB of keys"] >= 4 * MIB * 0.99
    assert sizes["a million keys"] > 10 * 10**6
