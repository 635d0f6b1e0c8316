"""Finds the IDs of AppConfig profiles that references have by name: ARNs have IDs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from ..._config.wording import listed, quoted
from ...errors import AppConfigEnvError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Parts = tuple[str, ...]


class Client(Protocol):
    """What is called of boto3's client for AppConfig."""

    def list_applications(self, **parameters: Any) -> dict[str, Any]:
        """Return a page of applications."""

    def list_environments(self, **parameters: Any) -> dict[str, Any]:
        """Return a page of an application's environments."""

    def list_configuration_profiles(self, **parameters: Any) -> dict[str, Any]:
        """Return a page of an application's profiles."""


def find_ids(client: Client, profiles: Iterable[Parts]) -> dict[Parts, Parts]:
    """Return the IDs of application, environment and profile, by their names or IDs.

    Raises:
        AppConfigEnvError: one of them does not exist, or more than one has its name.
    """
    found = {}
    known: dict[tuple[str, str], list[dict[str, Any]]] = {}

    def all_of(kind: str, call: Callable[..., dict[str, Any]], application: str = "") -> Any:
        if (kind, application) not in known:
            arguments = {"ApplicationId": application} if application else {}
            known[kind, application] = list(_pages(call, arguments))
        return known[kind, application]

    for parts in profiles:
        application = _id("application", parts[0], all_of("a", client.list_applications))
        environments = all_of("e", client.list_environments, application)
        all_profiles = all_of("p", client.list_configuration_profiles, application)
        found[parts] = (
            application,
            _id("environment", parts[1], environments),
            _id("profile", parts[2], all_profiles),
        )
    return found


def _pages(call: Callable[..., dict[str, Any]], arguments: dict[str, str]) -> Iterator[Any]:
    token = ""
    while True:
        page = call(**arguments, **({"NextToken": token} if token else {}))
        yield from page.get("Items") or ()
        token = page.get("NextToken") or ""
        if not token:
            return


def _id(what: str, wanted: str, items: list[dict[str, Any]]) -> str:
    """Return the ID of the item with this name or ID; a name takes precedence, as in AWS."""
    ids = [str(item["Id"]) for item in items if item.get("Name") == wanted]
    if len(ids) > 1:
        raise AppConfigEnvError(
            f"AppConfig has {len(ids)} {what}s named {quoted(wanted)} ({', '.join(ids)}); "
            "name it by its ID in the reference"
        )
    ids = ids or [str(item["Id"]) for item in items if item["Id"] == wanted]
    if not ids:
        names = listed((str(item.get("Name")) for item in items), wanted)
        raise AppConfigEnvError(
            f"AppConfig has no {what} {quoted(wanted)}, only {names}; correct the reference"
        )
    return ids[0]
