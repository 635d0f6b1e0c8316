"""`diff` names what differs between a folder and AWS, and never shows a value."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._cli.diff import HINT, WHOLE, Difference, compare, leaves
from appconfig_env._config.references import parse
from appconfig_env._content.document import Document
from appconfig_env.errors import Failure

from .process import Done, ran

if TYPE_CHECKING:
    from pathlib import Path

    from appconfig_env._backends.base import Outcome

THEIRS, OURS = "c4n4ry-of-aws", "c4n4ry-of-the-folder"
DENIED = Failure("denied", "no access", "grant it")


def of(reference: str, remote: bytes, local: bytes, **about: object) -> Difference:
    documents = [Document(body, **about) for body in (remote, local)]  # type: ignore[arg-type]  # a dict of several types
    return compare(reference, parse(reference).resource, *documents)


@pytest.mark.parametrize(
    ("remote", "local", "only_in_aws", "only_in_folder", "different"),
    [
        (b'{"a": 1}', b'{"a":1}', (), (), ()),
        (b'{"a": 1, "b": 2}', b'{"a": 1}', ("b",), (), ()),
        (b'{"a": 1}', b'{"a": 1, "b": 2}', (), ("b",), ()),
        (b'{"a": 1}', b'{"a": 2}', (), (), ("a",)),
        (b'{"a": {"b": 1, "c": 2}}', b'{"a": {"b": 1, "d": 2}}', ("a.c",), ("a.d",), ()),
        (b'{"a": [1]}', b'{"a": [2]}', (), (), ("a",)),
        (b'{"a": 1.50}', b'{"a": 1.5}', (), (), ("a",)),  # a variable would have another text
        (b'{"a": {}}', b'{"a": {"b": 1}}', ("a",), ("a.b",), ()),
        (b"text", b"text", (), (), ()),
        (b"text", b"other", (), (), (WHOLE,)),
        (b"text", b'{"a": 1}', (WHOLE,), ("a",), ()),
    ],
)
def test_names_and_values_are_compared(
    remote: bytes,
    local: bytes,
    only_in_aws: tuple[str, ...],
    only_in_folder: tuple[str, ...],
    different: tuple[str, ...],
) -> None:
    found = of("ssm:/x", remote, local)

    assert found == Difference("ssm:/x", only_in_aws, only_in_folder, different)
    assert found.is_empty == (remote == local or not any(found[1:]))


@pytest.mark.parametrize(
    ("remote", "local", "only_in_aws"),
    [
        (b'{"user": "u"}', b'{"user": "REPLACE-ME"}', ()),
        (b'{"user": "u", "password": "p"}', b'{"user": "me"}', ("password",)),
        (b"text", b"REPLACE-ME", ()),
    ],
)
def test_of_a_secret_only_the_names_are_compared(
    remote: bytes, local: bytes, only_in_aws: tuple[str, ...]
) -> None:
    found = of("secretsmanager:db", remote, local, secret=True)

    assert found == Difference("secretsmanager:db", only_in_aws)


def test_below_a_path_only_the_values_of_secure_strings_are_not_compared() -> None:
    remote = Document(
        parameters={"a": "1", "key": "k", "new": "n"}, secret_parameters=frozenset({"key"})
    )
    local = Document(parameters={"a": "2", "key": "REPLACE-ME", "old": "o"})

    found = compare("ssm:/x/", parse("ssm:/x/").resource, remote, local)

    assert found == Difference("ssm:/x/", ("new",), ("old",), ("a",))


def test_bytes_are_compared_as_one_value() -> None:
    assert of("ssm:/x?format=binary", b"\x00\xff", b"\x00\xff").is_empty
    assert of("ssm:/x?format=binary", b"\x00\xff", b"\x00").different == (WHOLE,)


@pytest.mark.parametrize(
    ("remote", "local", "problem"),
    [(b"{", b"{}", "in AWS: "), (b"{}", b"{", "in the folder: ")],
)
def test_a_document_that_cannot_be_parsed_is_a_problem_of_its_place(
    remote: bytes, local: bytes, problem: str
) -> None:
    assert of("ssm:/x?format=json", remote, local).problem.startswith(problem)


@given(
    st.recursive(
        st.text() | st.booleans() | st.integers(),
        lambda inner: st.dictionaries(st.text(), inner) | st.lists(inner),
    )
)
def test_a_document_does_not_differ_from_itself(data: object) -> None:
    body = json.dumps(data).encode()

    assert of("ssm:/x?format=json", body, body).is_empty


def test_leaves_have_the_keys_to_them() -> None:
    assert leaves({"a": {"b": {"c": 1}}, "d": [1], "e": {}}) == {
        "a.b.c": "1",
        "d": "[1]",
        "e": "{}",
    }


SOURCES = {
    "APPCONFIG_ENV_SOURCES": "appconfig:shop/prod/app ssm:/shop/",
    "DB": "secretsmanager:prod/db",
}
DOCUMENTS: dict[str, bytes | Outcome] = {
    "appconfig:shop/prod/app": Document(b'{"a": 1}', content_type="application/json"),
    "ssm:/shop/": Document(parameters={"host": THEIRS, "new": "1"}),
    "secretsmanager:prod/db": Document(b'{"user": "%b"}' % THEIRS.encode(), secret=True),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop:prod:app.json").write_text('{"a": 1}')
    (tmp_path / "ssm.json").write_text(json.dumps({"/shop/host": OURS, "/shop/old": "1"}))
    (tmp_path / "secrets.json").write_text(json.dumps({"prod/db": {"user": OURS}}))
    return tmp_path


def diff(*words: str, documents: dict[str, bytes | Outcome] | None = None, **environ: str) -> Done:
    return ran("diff", *words, documents=documents or DOCUMENTS, environ=SOURCES | environ)


def test_each_difference_is_a_line_without_values(folder: Path) -> None:
    done = diff(str(folder))

    assert (done.exit_code, done.err) == (1, "")
    assert done.out.splitlines() == [
        "appconfig:shop/prod/app: same",
        "ssm:/shop/: only in AWS: 'new'",
        "ssm:/shop/: only in the folder: 'old'",
        "ssm:/shop/: different: 'host'",
        "secretsmanager:prod/db: same",
        HINT,
    ]


def test_what_pull_has_written_does_not_differ(tmp_path: Path) -> None:
    ran("pull", str(tmp_path), documents=DOCUMENTS, environ=SOURCES)

    assert diff(str(tmp_path)).exit_code == 0
    assert diff(APPCONFIG_ENV_LOCAL_DIR=str(tmp_path)).exit_code == 0


def test_what_the_folder_does_not_have_is_a_problem_with_a_remedy(tmp_path: Path) -> None:
    done = diff(str(tmp_path))

    assert done.exit_code == 1
    assert "secretsmanager:prod/db: no such file in" in done.out
    assert done.out.endswith(f"{HINT}\n")


def test_a_folder_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    done = diff(str(tmp_path / "none"))

    assert (done.exit_code, done.out) == (1, "")
    assert "none: no such folder; run appconfig-env pull" in done.err


def test_what_cannot_be_read_of_aws_is_an_error(folder: Path) -> None:
    same = DOCUMENTS | {"ssm:/shop/": DENIED}

    done = diff(str(folder), documents=same)

    assert (done.exit_code, done.err) == (
        1,
        "appconfig-env: error: ssm:/shop/: no access; grant it\n",
    )


def test_what_is_optional_may_be_denied(folder: Path) -> None:
    sources = "appconfig:shop/prod/app ssm:/shop/?optional"

    done = diff(
        str(folder),
        documents=DOCUMENTS | {"ssm:/shop/": DENIED},
        APPCONFIG_ENV_SOURCES=sources,
    )

    assert done.exit_code == 0
    assert done.err == "appconfig-env: warn: ssm:/shop/: no access; grant it\n"


def test_json_has_the_names_by_source(folder: Path) -> None:
    done = diff(str(folder), "--json")

    found = json.loads(done.out)
    assert found["failed"] == []
    assert found["sources"][1] == {
        "source": "ssm:/shop/",
        "only_in_aws": ["new"],
        "only_in_folder": ["old"],
        "different": ["host"],
        "problem": None,
    }


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_no_value_is_shown(folder: Path, words: tuple[str, ...]) -> None:
    done = diff(str(folder), *words)

    assert THEIRS not in str(done)
    assert OURS not in str(done)


def test_the_sources_may_be_in_a_dotenv_file(folder: Path) -> None:
    file = folder / ".env"
    file.write_text(f"DB=secretsmanager:prod/db\nAPPCONFIG_ENV_LOCAL_DIR={folder}\n")

    done = ran("diff", "--env-file", str(file), documents=DOCUMENTS)

    assert done == (0, "secretsmanager:prod/db: same\n", "")
