"""The static store, which a user's test swaps in, obeys the laws of the sources' own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from appconfig_env._backends.fake import FakeBackend
from appconfig_env._content.document import Document
from appconfig_env._helper.helper import Helper
from appconfig_env.errors import MissingKeyError
from appconfig_env.testing import override

from ...support.fakes import Clock, steadily

if TYPE_CHECKING:
    from collections.abc import Iterator

APP = "appconfig:shop/prod/app"
DATA = {"limit": 3, "checkout": {"enabled": True, "attempts": 2}, "search": {"enabled": False}}
VALUES = {"LIMIT": "3", "CHECKOUT_ENABLED": "true"}


def helper_of(tmp_path_name: str, documents: dict[str, Document]) -> Helper:
    environ = {
        "APPCONFIG_ENV_SOURCES": APP,
        "APPCONFIG_ENV_SNAPSHOT": tmp_path_name,
        "OTHER": "of the environment",
    }
    return Helper(
        environ,
        now=Clock(),
        make_backend=lambda _settings, _environ: FakeBackend(dict(documents)),
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
    assert helper.store().find_flag("unknown") is None


def test_a_flag_is_found_in_the_profile_that_is_named(helper: Helper) -> None:
    assert helper.flag("checkout", source=APP)
    found = helper.store().find_flag("checkout", APP, is_strict=True)
    assert found is not None
    assert found.flag.name == "checkout"


def test_a_refresh_without_news_changes_nothing(helper: Helper) -> None:
    helper.get("LIMIT")
    assert helper.refresh() == frozenset()
    assert helper.get("LIMIT") == "3"


def test_the_status_can_be_written_as_json(helper: Helper) -> None:
    helper.get("LIMIT")
    assert json.loads(json.dumps(helper.status())) == helper.status()


def test_a_configured_profile_is_known(helper: Helper) -> None:
    assert helper.store().knows(APP)


def test_both_stores_have_the_same_public_methods(tmp_path_factory: pytest.TempPathFactory) -> None:
    live = helper_of(str(tmp_path_factory.mktemp("store") / "snapshot.json"), {})
    with override({"A": 1}, helper=live):
        static = {name for name in dir(live.store()) if name[0] != "_"}
    own = {name for name in dir(live.live()) if name[0] != "_"}
    assert static - {"extended"} == own - {"store", "refresh_stale"}
