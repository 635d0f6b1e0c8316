"""The IDs of profiles that references have by name."""

from __future__ import annotations

from typing import Any

import pytest

from appconfig_env._cli.policy.lookup import find_ids
from appconfig_env.errors import AppConfigEnvError


class FakeAppConfig:
    """Lists what it has, one item a page."""

    def __init__(self, applications: dict[str, str] | None = None) -> None:
        self.calls: list[tuple[str, str]] = []
        self.applications = applications or {"a1": "shop", "a2": "mail"}

    def page(self, kind: str, items: dict[str, str], parameters: dict[str, Any]) -> dict[str, Any]:
        at = int(parameters.get("NextToken", 0))
        self.calls.append((kind, parameters.get("ApplicationId", "")))
        listed = [{"Id": one, "Name": name} for one, name in items.items()]
        more = {"NextToken": str(at + 1)} if at + 1 < len(listed) else {}
        return {"Items": listed[at : at + 1], **more}

    def list_applications(self, **parameters: Any) -> dict[str, Any]:
        return self.page("applications", self.applications, parameters)

    def list_environments(self, **parameters: Any) -> dict[str, Any]:
        return self.page("environments", {"e1": "prod", "e2": "test"}, parameters)

    def list_configuration_profiles(self, **parameters: Any) -> dict[str, Any]:
        return self.page("profiles", {"p1": "app", "p2": "flags"}, parameters)


@pytest.mark.parametrize(
    ("parts", "ids"),
    [
        (("shop", "prod", "app"), ("a1", "e1", "p1")),
        (("mail", "test", "flags"), ("a2", "e2", "p2")),
        (("a2", "test", "p1"), ("a2", "e2", "p1")),
    ],
)
def test_names_and_ids_are_found_on_any_page(
    parts: tuple[str, ...], ids: tuple[str, ...]
) -> None:
    assert find_ids(FakeAppConfig(), [parts]) == {parts: ids}


def test_each_list_is_read_once() -> None:
    client = FakeAppConfig({"a1": "shop"})

    find_ids(client, [("shop", "prod", "app"), ("shop", "prod", "flags"), ("shop", "test", "app")])

    assert len(client.calls) == 1 + 2 + 2


def test_a_name_takes_precedence_over_an_id() -> None:
    client = FakeAppConfig({"a1": "a2", "a2": "mail"})

    found = find_ids(client, [("a2", "prod", "app")])

    assert found == {("a2", "prod", "app"): ("a1", "e1", "p1")}


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        (("shp", "prod", "app"), "no application 'shp', only 'shop', 'mail'; correct"),
        (("shop", "prd", "app"), "no environment 'prd', only 'prod', 'test'; correct"),
        (("shop", "prod", "flag"), "no profile 'flag', only 'flags', 'app'; correct"),
    ],
)
def test_what_does_not_exist_is_an_error_with_the_names_that_do(
    parts: tuple[str, ...], problem: str
) -> None:
    with pytest.raises(AppConfigEnvError, match=problem):
        find_ids(FakeAppConfig(), [parts])


def test_a_name_that_two_have_is_an_error_with_their_ids() -> None:
    client = FakeAppConfig({"a1": "shop", "a2": "shop"})

    with pytest.raises(AppConfigEnvError, match=r"2 applications named 'shop' \(a1, a2\); name"):
        find_ids(client, [("shop", "prod", "app")])
