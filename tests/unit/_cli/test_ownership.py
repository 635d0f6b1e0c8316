"""Which source sets a variable: the later one, in place over lists, the environment over all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._backends.fake import FakeBackend
from appconfig_env._cache.load import load
from appconfig_env._cache.snapshot import exported
from appconfig_env._cli import ownership
from appconfig_env._cli.ownership import own_names, resulting, variables
from appconfig_env._config.settings import from_environ
from appconfig_env._content.document import Document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from appconfig_env._cache.snapshot import Snapshot
    from appconfig_env._config.settings import Settings


def read(
    environ: Mapping[str, str], documents: Mapping[str, dict[str, str]]
) -> tuple[Settings, Snapshot]:
    settings = from_environ(environ)
    backend = FakeBackend({
        reference: Document(parameters=values, secret_parameters=frozenset({"secret"}))
        for reference, values in documents.items()
    })  # fmt: skip
    return settings, load(settings, backend, 1000.0, timeout=1.0)


def states(environ: Mapping[str, str], documents: Mapping[str, dict[str, str]]) -> list[str]:
    settings, snapshot = read(environ, documents)
    return [
        f"{one.name} of {one.source.resource.reference}: {one.state}"
        f"{f' by {one.winner.resource.reference}' if one.winner else ''}"
        for one in variables(settings, environ, snapshot)
    ]


@pytest.mark.parametrize(
    ("environ", "documents", "expected"),
    [
        (
            {"APPCONFIG_ENV_SOURCES": "ssm:/a/ ssm:/b/"},
            {"ssm:/a/": {"x": "1", "y": "1"}, "ssm:/b/": {"x": "2"}},
            ["X of ssm:/a/: overridden by ssm:/b/", "X of ssm:/b/: set", "Y of ssm:/a/: set"],
        ),
        (
            {"APPCONFIG_ENV_SOURCES": "ssm:/a/", "X": "own"},
            {"ssm:/a/": {"x": "1"}},
            ["X of ssm:/a/: configured"],
        ),
        (
            {"APPCONFIG_ENV_SOURCES": "ssm:/a/", "X": "own", "APPCONFIG_ENV_OVERWRITE": "yes"},
            {"ssm:/a/": {"x": "1"}},
            ["X of ssm:/a/: set"],
        ),
        (
            {"APPCONFIG_ENV_SOURCES": "ssm:/a/", "TZ": ":UTC"},  # Lambda's, not the function's
            {"ssm:/a/": {"tz": "1"}},
            ["TZ of ssm:/a/: set"],
        ),
        (
            {"APPCONFIG_ENV_SOURCES": "ssm:/a/ ssm:/b/?env=no"},
            {"ssm:/a/": {"x": "1"}, "ssm:/b/": {"x": "2"}},
            ["X of ssm:/a/: set", "X of ssm:/b/: get() only"],
        ),
        (
            {"APPCONFIG_ENV_SOURCES": "ssm:/a/"},
            {"ssm:/a/": {"path": "1", "LD_PRELOAD": "2"}},
            ["LD_PRELOAD of ssm:/a/: protected", "PATH of ssm:/a/: protected"],
        ),
    ],
)
def test_a_variable_has_one_winner(
    environ: dict[str, str], documents: dict[str, dict[str, str]], expected: list[str]
) -> None:
    assert states(environ, documents) == expected


def test_a_reference_in_place_wins_over_lists() -> None:
    environ = {"APPCONFIG_ENV_SOURCES": "appconfig:shop/prod/app?as=X", "X": "secretsmanager:b"}
    settings = from_environ(environ)
    backend = FakeBackend({"appconfig:shop/prod/app": b"1", "secretsmanager:b": b"2"})
    snapshot = load(settings, backend, 1000.0, timeout=1.0)

    found = variables(settings, environ, snapshot)

    assert [(one.state, one.value) for one in found] == [("overridden", "1"), ("set", "2")]


def test_a_program_gets_no_reference() -> None:
    environ = {"APPCONFIG_ENV_SOURCES": "ssm:/a", "X": "ssm:/x", "Y": "ssm:/y?optional", "Z": "1"}

    found = resulting(from_environ(environ), environ, {"A": "a", "X": "x"})

    assert found == {"APPCONFIG_ENV_SOURCES": "ssm:/a", "A": "a", "X": "x", "Z": "1"}


def test_secret_values_are_known() -> None:
    environ = {"APPCONFIG_ENV_SOURCES": "ssm:/a/"}
    settings, snapshot = read(environ, {"ssm:/a/": {"secret": "1", "x": "2"}})

    found = {one.name: one.is_secret for one in variables(settings, environ, snapshot)}

    assert found == {"SECRET": True, "X": False}


NAMES = st.sampled_from(["a", "b", "c", "path"])
PATHS = st.dictionaries(NAMES, st.text("xyz", max_size=3), min_size=1)


@given(
    paths=st.lists(st.tuples(PATHS, st.booleans()), min_size=1, max_size=4),
    own=st.dictionaries(st.sampled_from(["A", "B"]), st.just("own")),
    overwrite=st.booleans(),
)
def test_the_variables_that_are_set_are_those_of_run(
    paths: list[tuple[dict[str, str], bool]], own: dict[str, str], *, overwrite: bool
) -> None:
    references = [f"ssm:/{number}/" for number in range(len(paths))]
    listed = [
        one if env else f"{one}?env=no" for one, (_, env) in zip(references, paths, strict=True)
    ]
    environ = {
        **own,
        "APPCONFIG_ENV_SOURCES": " ".join(listed),
        "APPCONFIG_ENV_OVERWRITE": str(overwrite),
    }
    documents = dict(zip(references, (values for values, _ in paths), strict=True))
    settings, snapshot = read(environ, documents)

    found = variables(settings, environ, snapshot)

    run = exported(snapshot, settings, own_names(settings, environ), lambda *_: None)
    assert {one.name: one.value for one in found if one.state == ownership.SET} == run
    assert len([one for one in found if one.state == ownership.SET]) == len(run)
