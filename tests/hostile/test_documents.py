"""Hostile documents through the whole path: no traceback, no code, no lost value, within bounds."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from appconfig_env._cache.snapshot_file import LARGEST_BYTES
from appconfig_env._config.resource import Resource
from appconfig_env._content.document import Document
from appconfig_env._helper.helper import Helper

from ..support.fakes import Clock, FakeBackend, steadily
from ..support.hostile import DOCUMENTS, MIB, Ended, Hostile, start

PATH = f"{Path(sys.executable).parent}:/usr/bin:/bin"  # a python3 that has what it needs
# A document of a few megabytes takes a second or two; what takes minutes is a way to keep every
# function from starting.
BOUND_SECONDS = 60.0
HUGE = {"a million keys", "4 MB of keys"}  # taken, and too much for any environment
SLOW = {"a million YAML values"}  # seconds, of which one start is enough


def started(folder: Path, body: bytes, reference: str, **more: str) -> Ended:
    """A start that reads `body` from a file."""
    (folder / "document").write_bytes(body)
    given = {
        "PATH": PATH,
        "APPCONFIG_ENV_LOCAL_DIR": str(folder),
        "APPCONFIG_ENV_SNAPSHOT": str(folder / "snapshot"),
        "APPCONFIG_ENV_SOURCES": reference.format(f"file:{folder}/document"),
        **more,
    }
    ended = start(given, "/bin/sh", "-c", "echo started")
    assert "Traceback" not in ended.err
    assert "unexpected" not in ended.err, ended.err
    assert all(line.isprintable() for line in ended.err.splitlines())
    assert all(line.startswith("appconfig-env: ") for line in ended.err.splitlines())
    assert max(map(len, ended.err.splitlines())) < 1000
    assert ended.seconds < BOUND_SECONDS
    return ended


@pytest.mark.parametrize("hostile", DOCUMENTS, ids=str)
def test_a_start_says_what_is_wrong_with_a_document(hostile: Hostile, tmp_path: Path) -> None:
    ended = started(tmp_path, hostile.body(), f"{{}}?format={hostile.format}")
    if hostile.name in HUGE:
        assert ended.code == 126
        assert "the environment is too large" in ended.err
        assert "env=no" in ended.err
    elif hostile.said:
        assert ended.code == 1
        assert hostile.said in ended.err
        assert f"file:{tmp_path}/document" in ended.err
    else:
        assert (ended.code, ended.out) == (0, "started\n"), ended.err


def test_what_no_environment_holds_is_for_get(tmp_path: Path) -> None:
    (body,) = (one.body() for one in DOCUMENTS if one.name == "4 MB of keys")
    ended = started(tmp_path, body, "{}?env=no&format=json")
    assert (ended.code, ended.out) == (0, "started\n"), ended.err
    assert (tmp_path / "snapshot").stat().st_size <= LARGEST_BYTES


@pytest.mark.parametrize(
    "hostile", [one for one in DOCUMENTS if one.said and one.name not in SLOW], ids=str
)
def test_the_last_good_values_stay(hostile: Hostile, tmp_path: Path) -> None:
    resource = Resource("ssm", ("/x",), format=hostile.format)
    good = {"json": b'{"a": "good"}', "text": b"good", "dotenv": b"a=good", "yaml": b"a: good"}
    text = f"ssm:/x?format={hostile.format}"
    fetch = FakeBackend({text: Document(resource, good[hostile.format], version="1")})
    clock = Clock()
    environ = {
        "APPCONFIG_ENV_SOURCES": text + ("&as=A" if hostile.format == "text" else ""),
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot"),
    }
    helper = Helper(environ, now=clock, make_backend=lambda *_: fetch, jitter=steadily)
    assert helper.get("A") == "good"
    fetch.documents[text] = Document(resource, hostile.body(), version="2\x1b[31m\n\u202e")
    clock.tick(301)
    assert helper.get("A") == "good"
    status = helper.status()[text]
    assert status["version"] == "1"
    assert hostile.said in status["last_error"]
    assert status["last_error"].isprintable()
    fetch.documents[text] = Document(resource, good[hostile.format], version="3")
    clock.tick(1000)
    assert helper.get("A") == "good"
    assert helper.status()[text]["last_error"] is None


def test_commands_in_values_are_text(tmp_path: Path) -> None:
    local = tmp_path / "document"
    local.write_text('A=$(id)\nB=`id`\nC=${HOME}\nexport D="$HOME"\n')
    show = "import json, os; print(json.dumps({name: os.environ[name] for name in 'ABCD'}))"
    given = {
        "PATH": PATH,
        "HOME": "/",
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot"),
        "APPCONFIG_ENV_SOURCES": f"file:{local}?format=dotenv",
    }
    ended = start(given, "python3", "-c", show)
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
def test_a_hostile_snapshot_is_no_more_than_none(place: str, data: str, tmp_path: Path) -> None:
    local = tmp_path / "document"
    local.write_text('{"a": "good"}')
    reference = f"file:{local}"
    given = {
        "PATH": PATH,
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot"),
        "APPCONFIG_ENV_SOURCES": reference,
    }
    assert start(given, "/bin/true").code == 0
    good = json.loads((tmp_path / "snapshot").read_text())
    entry = good["sources"][reference]
    entry["data"] = "HERE"
    # A source that is as fresh as can be: only its document is hostile.
    text = json.dumps(good).replace('"HERE"', data)
    (tmp_path / place).write_text(text)
    if place == "fallback":
        given["APPCONFIG_ENV_FALLBACK"] = str(tmp_path / "fallback")
        given["APPCONFIG_ENV_SOURCES"] += " ssm:/x?default=d&as=X"
        given |= _KEYS
    ended = start(given, "/bin/sh", "-c", "echo $A")
    assert (ended.code, ended.out) == (0, "good\n"), ended.err
    assert "Traceback" not in ended.err
    assert "unexpected" not in ended.err


_KEYS = {
    "AWS_ACCESS_KEY_ID": "a",
    "AWS_SECRET_ACCESS_KEY": "b",
    "AWS_REGION": "us-east-1",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "APPCONFIG_ENV_DEADLINE_SECONDS": "1",
}


def test_a_value_that_its_converter_cannot_take_is_told_without_it() -> None:
    environ = {"A": "[" * 100_000, "B": "9" * 10**6}
    helper = Helper(environ, now=Clock())
    for name, kind in (("A", json.loads), ("B", int), ("B", float), ("A", bool)):
        if (name, kind) == ("B", float):
            assert helper.get(name, type=kind) == float("inf")
            continue
        with pytest.raises(ValueError, match=f"{name}: want") as caught:
            helper.get(name, type=kind)
        assert len(str(caught.value)) < 200


def test_the_largest_documents_are_as_large_as_is_said() -> None:
    sizes = {hostile.name: len(hostile.body()) for hostile in DOCUMENTS}
    assert sizes["4 MB of keys"] >= 4 * MIB * 0.99
    assert sizes["a million keys"] > 10 * 10**6
