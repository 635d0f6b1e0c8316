"""Looking up values, documents and status in the sources."""

from __future__ import annotations

import base64
import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from appconfig_env import LoadError, MissingKeyError
from appconfig_env._config.references import parse
from appconfig_env._content.variables import may_set
from appconfig_env._helper.helper import Helper

from ...support.canary import SECRET, SECURE
from ...support.fakes import AwsClock as Clock
from ...support.fakes import steadily, wrapped
from ...support.life import HoldingAws, eventually
from ...support.threads import together
from .shop import APP

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...support.fake_aws import FakeAws


def test_a_name_that_a_later_source_no_longer_has_gets_the_earlier_ones_value(
    environ: dict[str, str], shop: FakeAws, clock: Clock
) -> None:
    environ["APPCONFIG_ENV_SOURCES"] = f"ssm:/shop/prod/ {APP}"
    shop.put_profile("shop", "prod", "app", {"host": "of the profile"}, label="v2")
    helper = Helper(wrapped(environ, clock), now=clock, jitter=steadily)
    assert helper.get("HOST") == "of the profile"
    shop.put_profile("shop", "prod", "app", {"limit": 1}, label="v3")
    clock.tick(100)
    assert helper.get("HOST") == "db.one"


def test_an_invalid_reference_of_a_document_is_shown_without_its_options(helper: Helper) -> None:
    with pytest.raises(MissingKeyError) as raised:
        helper.document(f"ssm:/x?default={SECRET}&bad=1")
    assert SECRET not in str(raised.value)


def test_a_configured_variable_takes_precedence_over_lists(
    environ: dict[str, str], clock: Clock
) -> None:
    environ["LIMIT"] = "99"
    assert Helper(wrapped(environ, clock), now=clock, jitter=steadily).get("LIMIT") == "99"
    assert Helper(environ, now=clock, jitter=steadily).get("LIMIT") == "99"
    environ["APPCONFIG_ENV_OVERWRITE"] = "yes"
    assert Helper(wrapped(environ, clock), now=clock, jitter=steadily).get("LIMIT") == "10"
    assert Helper(environ, now=clock, jitter=steadily).get("LIMIT") == "10"


@pytest.mark.parametrize("is_wrapped", [True, False])
@pytest.mark.parametrize("kind", ["String", "SecureString"])
def test_a_source_can_set_what_lambda_sets_in_every_function(
    environ: dict[str, str], shop: FakeAws, clock: Clock, is_wrapped: bool, kind: str
) -> None:
    shop.put_parameter("/shop/prod/TZ", "Asia/Tokyo", type=kind)
    environ["TZ"] = ":UTC"
    after = wrapped(environ, clock) if is_wrapped else environ
    helper = Helper(after, now=clock, jitter=steadily)
    assert helper.get("TZ") == "Asia/Tokyo"
    shop.put_parameter("/shop/prod/TZ", "Europe/Paris", type=kind)
    clock.tick(400)
    assert helper.get("TZ") == "Europe/Paris"


def test_documents_are_parsed_and_keys_select_values(helper: Helper) -> None:
    assert helper.document(APP) == {"limit": 10, "debug": "off"}
    assert helper.document(APP + "#limit") == 10
    assert helper.document("secretsmanager:prod/db") == {"password": SECRET}
    assert helper.document("ssm:/shop/prod/") == {"host": "db.one", "token": SECURE}


@pytest.mark.parametrize(
    "reference", ["appconfig:shop/prod/other", APP + "#none", "nonsense", "ssm:"]
)
def test_a_document_that_is_not_a_source_is_missing(helper: Helper, reference: str) -> None:
    with pytest.raises(MissingKeyError):
        helper.document(reference)


def test_the_error_for_an_unknown_document_names_the_nearest_source(helper: Helper) -> None:
    with pytest.raises(MissingKeyError, match=rf"^'shop/prod/app' \(nearest: {APP}\): expected a"):
        helper.document("shop/prod/app")
    with pytest.raises(
        MissingKeyError, match=rf"ap is not among the sources \('{APP}', .*\); correct the ref"
    ):
        helper.document("appconfig:shop/prod/ap")


def test_a_denied_document_is_not_requested_at_every_call(
    environ: dict[str, str], shop: FakeAws, clock: Clock
) -> None:
    shop.deny("GetSecretValue")
    environ["APPCONFIG_ENV_SOURCES"] += " secretsmanager:prod/db?env=no"
    del environ["DB_PASSWORD"]
    helper = Helper(wrapped(environ, clock), now=clock, jitter=steadily)
    for _ in range(3):
        with pytest.raises(MissingKeyError, match="AccessDeniedException"):
            helper.document("secretsmanager:prod/db")
    assert shop.count("GetSecretValue") == 1


@pytest.mark.parametrize(
    "options", ["as=LATE", "only=LATE", "prefix=LATE_", "as=LATE&env=no"], ids=str
)
def test_only_a_source_that_could_set_a_name_is_reported_for_it(
    environ: dict[str, str], shop: FakeAws, clock: Clock, options: str
) -> None:
    shop.deny("GetSecretValue", "late")
    del environ["DB_PASSWORD"]
    environ["APPCONFIG_ENV_SOURCES"] = f"{APP} secretsmanager:late?{options}"
    helper = Helper(environ, now=clock, jitter=steadily)
    assert helper.get("LIMIT") == "10"
    assert helper.get("LOG_LEVEL", "the default") == "the default"
    with pytest.raises(LoadError, match="secretsmanager:late: "):
        helper.get("LATE_X" if "prefix" in options else "LATE")


@pytest.mark.parametrize(
    ("reference", "variable", "names"),
    [
        ("ssm:/x", "A", {"A"}),
        ("ssm:/x?as=A", "", {"A"}),
        ("ssm:/p/?only=A,B", "", {"A", "B"}),
        ("ssm:/p/?prefix=A", "", {"A", "AB"}),
        ("appconfig:a/b/c", "", {"A", "B", "AB"}),
        ("secretsmanager:x#k", "", {"A", "B", "AB"}),
    ],
)
def test_which_names_a_source_could_set(reference: str, variable: str, names: set[str]) -> None:
    source = parse(reference, variable)
    assert {name for name in ("A", "B", "AB") if may_set(source, name)} == names


def test_status_makes_no_call_and_can_be_serialized_as_json(
    helper: Helper, shop: FakeAws, clock: Clock
) -> None:
    clock.tick(30)
    status = json.loads(json.dumps(helper.status()))
    assert status[APP] == {
        "version": "v1",
        "age": 30.0,
        "last_error": None,
        "kind": None,
    }
    assert set(status) == {APP, "ssm:/shop/prod/", "secretsmanager:prod/db"}
    assert shop.calls == []


def test_deferred_secrets_are_read_at_the_first_get(
    environ: dict[str, str], shop: FakeAws, clock: Clock
) -> None:
    del environ["DB_PASSWORD"]
    environ["APPCONFIG_ENV_SOURCES"] += " secretsmanager:prod/db?env=no&prefix=DB_"
    after = wrapped(environ, clock)
    assert shop.count("GetSecretValue") == 0
    helper = Helper(after, now=clock, jitter=steadily)
    assert helper.get("DB_PASSWORD") == SECRET
    assert helper.get("LIMIT") == "10"
    assert shop.count("GetSecretValue") == 1
    assert shop.received == {"shop/prod/app": 1}


def answered_late(shop: HoldingAws) -> Callable[[], None]:
    """Hold the secret until it was requested."""
    shop.hold("GetSecretValue")

    def response() -> None:
        eventually(lambda: shop.count("GetSecretValue"))
        shop.release()

    return response


def test_threads_wait_for_a_deferred_secret(
    environ: dict[str, str], shop: HoldingAws, clock: Clock
) -> None:
    del environ["DB_PASSWORD"]
    environ["APPCONFIG_ENV_SOURCES"] += " secretsmanager:prod/db?env=no"
    helper = Helper(wrapped(environ, clock), now=clock, jitter=steadily)
    response = answered_late(shop)
    found = together(lambda: helper.get("PASSWORD", "default"), during=response)
    assert found == [SECRET] * 8
    assert shop.count("GetSecretValue") == 1


def test_processes_wait_for_a_deferred_secret(
    environ: dict[str, str], shop: HoldingAws, clock: Clock
) -> None:
    del environ["DB_PASSWORD"]
    environ["APPCONFIG_ENV_SOURCES"] += " secretsmanager:prod/db?env=no"
    after = wrapped(environ, clock)
    helpers = [
        Helper(after, now=clock, jitter=steadily) for _ in range(4)
    ]  # each with its own locks, like processes
    response = answered_late(shop)
    found = together(lambda: helpers.pop().get("PASSWORD", "default"), len(helpers), response)
    assert found == [SECRET] * 4
    assert shop.received == {"shop/prod/app": 1}


def test_a_name_that_no_source_sets_is_not_waited_for(
    environ: dict[str, str], shop: HoldingAws, clock: Clock
) -> None:
    helper = Helper(wrapped(environ, clock), now=clock, jitter=steadily)
    helper.get("LIMIT")
    shop.clear_calls()
    shop.hold("GetLatestConfiguration")
    clock.tick(50)
    slow = threading.Thread(target=helper.get, args=("LIMIT",))
    slow.start()
    eventually(lambda: shop.count("GetLatestConfiguration"))
    assert helper.get("NO_SOURCE", "default") == "default"
    assert slow.is_alive()
    shop.release()
    slow.join()


def test_threads_request_a_document_that_is_not_in_the_file_once(
    helper: Helper, shop: FakeAws
) -> None:
    documents = together(lambda: helper.document("secretsmanager:prod/db"))
    assert documents == [{"password": SECRET}] * 8
    assert shop.count("GetSecretValue") == 1


@pytest.mark.parametrize(
    "reference", [APP, f"{APP}?format=json", f"{APP}?format=json&prefix=A_", f"{APP}?optional"]
)
def test_the_options_of_a_documents_reference_are_ignored(
    environ: dict[str, str], clock: Clock, reference: str
) -> None:
    environ["APPCONFIG_ENV_SOURCES"] = f"{APP}?format=json ssm:/shop/prod/?recursive=no"
    helper = Helper(wrapped(environ, clock), now=clock, jitter=steadily)
    assert helper.document(reference)["limit"] == 10
    assert helper.document("ssm:/shop/prod/")["host"] == "db.one"
    assert not helper.flag("limit", source=reference)


def test_binary_documents_are_bytes_and_their_secrets_are_in_no_file(
    environ: dict[str, str], shop: FakeAws, clock: Clock
) -> None:
    first, second = (SECRET.encode() + end for end in (b"\0\xff", b"\xff\0"))
    model, store = "appconfig:shop/prod/model", "secretsmanager:prod/store"
    shop.put_profile("shop", "prod", "model", b"\0\xff", content_type="application/x-model")
    shop.put_secret("prod/store", first)
    environ["APPCONFIG_ENV_SOURCES"] = f"{model}?format=binary"
    environ["STORE"] = f"{store}?format=binary"

    after = wrapped(environ, clock)
    helper = Helper(after, now=clock, jitter=steadily)

    assert (after["MODEL"], after["STORE"]) == ("AP8=", base64.b64encode(first).decode())
    assert (helper.get("MODEL"), helper.get("STORE")) == (after["MODEL"], after["STORE"])
    assert helper.get("STORE", type=base64.b64decode) == first
    assert (helper.document(model), helper.document(store)) == (b"\0\xff", first)
    shop.put_secret("prod/store", second)
    shop.put_profile("shop", "prod", "model", b"\xff\0", content_type="application/x-model")
    clock.tick(1_000)
    assert helper.get("STORE", type=base64.b64decode) == second
    assert (helper.document(model), helper.document(store)) == (b"\xff\0", second)
    written = Path(environ["APPCONFIG_ENV_SNAPSHOT"]).read_bytes()
    assert json.loads(written)["documents"].keys() == {f"{model}?format=binary"}
    for body in (first, second):
        assert body not in written
        assert base64.b64encode(body) not in written


def test_a_binary_secret_without_its_format_keeps_the_last_value_and_says_what_to_set(
    environ: dict[str, str], shop: FakeAws, clock: Clock
) -> None:
    environ["STORE"] = "secretsmanager:prod/store"
    shop.put_secret("prod/store", "text")
    helper = Helper(wrapped(environ, clock), now=clock, jitter=steadily)
    shop.put_secret("prod/store", b"\0\xff")
    clock.tick(1_000)

    assert helper.get("STORE") == "text"
    status = helper.status()["secretsmanager:prod/store"]
    assert status["kind"] == "invalid"
    assert "or set format=binary to read its bytes" in status["last_error"]


def test_a_document_in_two_formats_needs_a_complete_reference(
    environ: dict[str, str], clock: Clock
) -> None:
    environ["APPCONFIG_ENV_SOURCES"] = f"{APP}?format=json {APP}?format=text"
    helper = Helper(wrapped(environ, clock), now=clock, jitter=steadily)
    assert isinstance(helper.document(f"{APP}?format=text"), str)
    with pytest.raises(MissingKeyError, match="name one of them"):
        helper.document(APP)


@pytest.mark.parametrize(
    ("name", "origin"),
    [
        ("LIMIT", APP),
        ("HOST", "ssm:/shop/prod/"),
        ("DB_PASSWORD", "DB_PASSWORD=secretsmanager:prod/db#password"),
        ("OF_THE_FUNCTION", "the environment"),
        ("NOWHERE", ""),
    ],
)
def test_the_origin_of_a_value_is_the_source_that_sets_it(
    environ: dict[str, str], clock: Clock, name: str, origin: str
) -> None:
    environ["OF_THE_FUNCTION"] = "x"
    helper = Helper(wrapped(environ, clock), now=clock, jitter=steadily)
    helper.seen()

    assert helper.store().origin(name) == origin


def test_the_origin_of_a_configured_value_is_the_environment(
    environ: dict[str, str], clock: Clock
) -> None:
    environ["LIMIT"] = "99"
    helper = Helper(wrapped(environ, clock), now=clock, jitter=steadily)
    helper.seen()

    assert helper.store().origin("LIMIT") == "the environment"


def test_of_two_sources_the_origin_is_the_one_that_wins(
    environ: dict[str, str], shop: FakeAws, clock: Clock
) -> None:
    shop.put_profile("shop", "prod", "app", {"host": "of the profile"}, label="v2")
    for sources in (f"ssm:/shop/prod/ {APP}", f"{APP} ssm:/shop/prod/"):
        environ["APPCONFIG_ENV_SOURCES"] = sources
        helper = Helper(wrapped(environ, clock), now=clock, jitter=steadily)
        helper.seen()

        assert helper.store().origin("HOST") == sources.split()[-1]
