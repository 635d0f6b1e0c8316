"""The static store, which a user's test swaps in, obeys the laws of the sources' own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from appconfig_env._backends.fake import FakeBackend
from appconfig_env._content.document import Document
from appconfig_env._helper.helper import Helper
from appconfig_env.errors import AmbiguousFlagError, MissingKeyError
from appconfig_env.testing import override

from ...support.fakes import Clock, steadily

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

APP = "appconfig:shop/prod/app"
DATA = {"limit": 3, "checkout": {"enabled": True, "attempts": 2}, "search": {"enabled": False}}
VALUES = {"LIMIT": "3", "CHECKOUT_ENABLED": "true"}
OTHERS = ("appconfig:shop/prod/second", "appconfig:shop/prod/third")
LIST = "appconfig:shop/prod/list"
PATH = "ssm:/shop/prod/"
ABSENT = "appconfig:shop/prod/absent"
TWICE = "appconfig:shop/prod/twice"
OPTION = "appconfig:shop/prod/option"


def helper_of(
    tmp_path_name: str, documents: dict[str, Document], *, sources: Iterable[str] = (APP,)
) -> Helper:
    environ = {
        "APPCONFIG_ENV_SOURCES": " ".join(sources),
        "APPCONFIG_ENV_SNAPSHOT": tmp_path_name,
        "OTHER": "of the environment",
    }
    return Helper(
        environ,
        now=Clock(),
        make_backend=lambda _settings, _environ: FakeBackend({**documents}),
        jitter=steadily,
    )


@pytest.fixture(params=["live", "static"])
def helper(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Helper]:
    """A helper whose store has DATA, whichever store that is."""
    path = str(tmp_path_factory.mktemp("store") / "snapshot.json")
    document = Document(json.dumps(DATA).encode(), content_type="application/json")
    if request.param == "live":
        yield helper_of(path, {APP: document})
        return
    helper = helper_of(path, {})
    flags: dict[str, Any] = {"checkout": {"attempts": 2}, "search": False}
    with override(VALUES, documents={APP: DATA}, flags=flags, helper=helper):
        yield helper


@pytest.fixture(params=["live", "static"])
def crowded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Helper]:
    """A helper with documents of every kind, and one that is absent, whichever store it has."""
    path = str(tmp_path_factory.mktemp("store") / "snapshot.json")
    data: dict[str, Any] = {
        APP: DATA,
        **{profile: {"search": {"enabled": True}} for profile in OTHERS},
        LIST: ["checkout"],
        PATH: {"host": "db.one"},
        f"{TWICE}?format=json": {"one": {"enabled": True}},
        f"{TWICE}?format=text": "text",
        f"{OPTION}?format=json": {"only": {"enabled": True}},
    }
    if request.param == "live":
        documents = {
            reference: Document(
                value.encode() if isinstance(value, str) else json.dumps(value).encode(),
                content_type="text/plain" if isinstance(value, str) else "application/json",
            )
            for reference, value in data.items()
            if reference != PATH
        }
        documents[PATH] = Document(parameters={"/shop/prod/host": "db.one"})
        options = {reference: f"{reference}?env=no" for reference in (LIST, ABSENT)} | {
            f"{TWICE}?format=text": f"{TWICE}?format=text&env=no"
        }
        sources = [options.get(reference, reference) for reference in (*data, ABSENT)]
        yield helper_of(path, documents, sources=sources)
        return
    helper = helper_of(path, {})
    with override(documents=data, helper=helper):
        yield helper


@pytest.mark.parametrize(
    "reference",
    [
        ABSENT,
        f"{ABSENT}#key",
        "appconfig:shop/prod/not-configured",
        "secretsmanager:not-configured",
        "nonsense",
        f"{APP}?nonsense=1",
        f"{APP}#no.such.key",
        f"{APP}#limit.deeper",
        f"{LIST}#key",
        f"{PATH}#no-such-name",
        f"{TWICE}?format=text#key",
        TWICE,
    ],
)
def test_what_is_absent_not_configured_or_of_the_wrong_kind_is_a_missing_key(
    crowded: Helper, reference: str
) -> None:
    with pytest.raises(MissingKeyError):
        crowded.document(reference)


def test_of_several_documents_of_one_resource_one_must_be_named(crowded: Helper) -> None:
    choices = f"{TWICE}?format=json or {TWICE}?format=text"
    for find in (crowded.document, lambda source: crowded.flag("one", source=source)):
        with pytest.raises(MissingKeyError) as raised:
            find(TWICE)
        assert str(raised.value) == f"{TWICE} may be {choices}; name one of them"
    assert crowded.document(f"{TWICE}?format=text") == "text"
    assert crowded.flag("one", source=f"{TWICE}?format=json")


@pytest.mark.parametrize("is_strict", [False, True])
@pytest.mark.parametrize(
    "source", [ABSENT, "appconfig:shop/prod/not-configured", "nonsense", f"{APP}#no.such.key"]
)
def test_a_flag_of_a_source_without_a_document_is_a_missing_key(
    crowded: Helper, source: str, is_strict: bool
) -> None:
    with pytest.raises(MissingKeyError):
        crowded.store().flags.find_flag("checkout", source, is_strict=is_strict)


@pytest.mark.parametrize("is_strict", [False, True])
@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("unknown", APP),
        ("limit", APP),  # not a flag
        ("checkout", OTHERS[0]),
        ("checkout", LIST),
        ("host", PATH),
        ("checkout", f"{TWICE}?format=text"),
        ("checkout", f"{APP}#limit"),
    ],
)
def test_a_flag_that_a_document_does_not_have_is_not_found(
    crowded: Helper, name: str, source: str, is_strict: bool
) -> None:
    assert crowded.store().flags.find_flag(name, source, is_strict=is_strict) is None


def test_a_flag_of_several_profiles_is_ambiguous_until_one_is_named(crowded: Helper) -> None:
    with pytest.raises(AmbiguousFlagError) as raised:
        crowded.flag("search")
    assert str(raised.value) == (
        f"{APP}, {OTHERS[0]} and {OTHERS[1]} all have a flag 'search'; choose one with source="
    )
    assert not crowded.flag("search", source=APP)
    assert crowded.flag("search", source=OTHERS[1])
    assert crowded.flag("checkout").attributes == {"attempts": 2}


@pytest.mark.parametrize("source", [None, OPTION, f"{OPTION}?format=json", f"{OPTION}?ttl=9m"])
def test_a_flag_comes_with_its_profile_as_configured(crowded: Helper, source: str | None) -> None:
    found = crowded.store().flags.find_flag("only", source, is_strict=source is not None)
    assert found is not None
    assert (found.flag.enabled, found.profile) == (True, f"{OPTION}?format=json")


def test_a_flag_of_two_profiles_is_ambiguous(tmp_path: Path) -> None:
    helper = helper_of(str(tmp_path / "snapshot.json"), {})
    documents = {profile: {"search": {"enabled": True}} for profile in OTHERS}
    with (
        override(documents=documents, helper=helper),
        pytest.raises(AmbiguousFlagError, match=r"second and .*third both have a flag 'search'"),
    ):
        helper.flag("search")


def test_a_value_that_was_given_is_returned_as_text(helper: Helper) -> None:
    assert helper.get("LIMIT") == "3"
    assert helper.get("LIMIT", type=int) == 3
    assert helper.store().value("CHECKOUT_ENABLED") == "true"


def test_a_name_that_is_not_given_comes_from_the_environment_else_the_default(
    helper: Helper,
) -> None:
    assert helper.get("OTHER") == "of the environment"
    assert helper.store().value("NOWHERE") is None
    assert helper.get("NOWHERE", "default") == "default"


def test_a_document_is_returned_parsed_and_an_unknown_one_is_an_error(helper: Helper) -> None:
    assert helper.document(APP) == DATA
    for reference in ("appconfig:shop/prod/other", "nonsense"):
        with pytest.raises(MissingKeyError):
            helper.document(reference)


def test_a_flag_is_on_or_off_with_its_attributes_and_off_where_it_is_unknown(
    helper: Helper,
) -> None:
    checkout = helper.flag("checkout")
    assert (checkout.enabled, checkout.attributes) == (True, {"attempts": 2})
    assert not helper.flag("search")
    assert not helper.flag("unknown")
    assert helper.store().flags.find_flag("unknown") is None


def test_a_flag_is_found_in_the_profile_that_is_named(helper: Helper) -> None:
    assert helper.flag("checkout", source=APP)
    found = helper.store().flags.find_flag("checkout", APP, is_strict=True)
    assert found is not None
    assert found.flag.name == "checkout"


def test_a_refresh_without_news_changes_nothing(helper: Helper) -> None:
    helper.get("LIMIT")
    assert helper.refresh() == frozenset()
    assert helper.get("LIMIT") == "3"


def test_the_status_can_be_written_as_json(helper: Helper) -> None:
    helper.get("LIMIT")
    assert json.loads(json.dumps(helper.status())) == helper.status()


def test_the_error_for_an_unknown_flag_lists_the_known_ones_the_nearest_first(
    helper: Helper,
) -> None:
    assert helper.flag("checkout")

    error = str(helper.store().flags.unknown("serch"))

    assert error.startswith("flag 'serch' is not ")
    assert "'search', 'checkout'" in error
    assert "; correct its name, or add it" in error


def test_in_a_test_an_unknown_flag_is_added_to_those_of_the_override() -> None:
    helper = Helper({})
    with override(
        documents={APP: {"search": {"enabled": True}}},
        flags={"off": None, "beta": True},
        helper=helper,
    ):
        error = helper.store().flags.unknown("serch")

    assert str(error) == (
        "flag 'serch' is not among the flags of testing.override ('search', 'beta'); correct its "
        "name, or add it to flags="
    )


OF_THE_SOURCES = {
    "configured", "failure", "is_stale", "missing", "read", "read_document", "refresh_stale",
    "store", "unknown", "unread",
}  # fmt: skip


def test_both_stores_have_the_same_public_methods(tmp_path_factory: pytest.TempPathFactory) -> None:
    live = helper_of(str(tmp_path_factory.mktemp("store") / "snapshot.json"), {})
    with override({"A": 1}, helper=live):
        static = {name for name in dir(live.store()) if name[0] != "_"}
        flags = {name for name in dir(live.store().flags) if name[0] != "_"}
    own = {name for name in dir(live.live()) if name[0] != "_"}
    assert static - {"extended"} == own - OF_THE_SOURCES
    assert flags == {name for name in dir(live.live().flags) if name[0] != "_"}


def test_a_required_name_has_its_value(helper: Helper) -> None:
    assert helper.require("LIMIT") == "3"
    assert helper.require("LIMIT", type=int) == 3
    assert helper.require("OTHER") == "of the environment"


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("LIMITS", " (nearest: LIMIT)"),
        ("CHECKOUT_ENABLE", " (nearest: CHECKOUT_ENABLED)"),
        ("other_", " (nearest: OTHER)"),
        ("UNLIKE_ALL", ""),
    ],
)
def test_a_required_name_that_is_missing_is_an_error_that_names_the_nearest(
    helper: Helper, name: str, note: str
) -> None:
    with pytest.raises(MissingKeyError) as caught:
        helper.require(name)
    assert str(caught.value) == (
        f"{name}: neither a source nor the environment has this name{note}; correct it, or add its "
        "source to APPCONFIG_ENV_SOURCES"
    )
    assert isinstance(caught.value, KeyError)


def test_a_name_that_is_removed_is_neither_there_nor_the_nearest(helper: Helper) -> None:
    with (
        override({"OTHER": None, "OTHER_2": "x"}, helper=helper),
        pytest.raises(MissingKeyError, match="nearest: OTHER_2"),
    ):
        helper.require("OTHER")


def test_the_origin_of_a_value_is_the_override_or_the_environment(tmp_path: Path) -> None:
    helper = helper_of(str(tmp_path / "snapshot.json"), {})
    with override({"LIMIT": 3, "REMOVED": None}, helper=helper):
        store = helper.store()

        found = {name: store.origin(name) for name in ("LIMIT", "REMOVED", "OTHER", "NOWHERE")}

    assert found == {
        "LIMIT": "testing.override",
        "REMOVED": "",
        "OTHER": "the environment",
        "NOWHERE": "",
    }
