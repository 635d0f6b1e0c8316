"""Finds what ARNs have and references do not: the IDs of AppConfig profiles, and partitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..._backends.aws import iam
from ..._config.wording import listed, quoted
from ...errors import AppConfigEnvError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Parts = tuple[str, ...]
    # Calls an operation of boto3's client for AppConfig with its parameters; returns one page.
    Call = Callable[[str, dict[str, str]], dict[str, Any]]

UNKNOWN = "*"
ALLOW = (
    "allow appconfig:ListApplications, appconfig:ListEnvironments and "
    "appconfig:ListConfigurationProfiles to your own credentials, or remove --online"
)


def find_ids(call: Call, profiles: Iterable[Parts]) -> dict[Parts, Parts]:
    """Return the IDs of application, environment and profile, by their names or IDs.

    Raises:
        AppConfigEnvError: one of them does not exist, or more than one has its name.
    """
    found: dict[Parts, Parts] = {}
    known: dict[tuple[str, str], list[dict[str, Any]]] = {}

    def id_of(what: str, operation: str, name: str, application: str = "") -> str:
        items = known.get((operation, application))
        if items is None:
            parameters = {"ApplicationId": application} if application else {}
            items = known[operation, application] = list(_items(call, operation, parameters))
        return _id(what, name, items)

    for parts in profiles:
        application = id_of("application", "list_applications", parts[0])
        environment = id_of("environment", "list_environments", parts[1], application)
        profile = id_of("profile", "list_configuration_profiles", parts[2], application)
        found[parts] = application, environment, profile
    return found


def boto3_ids(region: str, profiles: Iterable[Parts]) -> dict[Parts, Parts]:
    """Return what `find_ids` finds with boto3, by the caller's own credentials.

    Args:
        region: where AppConfig is; empty for boto3's own default.
        profiles: the parts of references.

    Raises:
        AppConfigEnvError: AWS could not be called, or has no such profile.
    """
    import boto3  # 200 ms, of use online alone
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        client = boto3.client("appconfig", region_name=region or None)
        return find_ids(lambda name, parameters: getattr(client, name)(**parameters), profiles)
    except (BotoCoreError, ClientError) as error:
        code = error.response["Error"]["Code"] if isinstance(error, ClientError) else str(error)
        message = f"the IDs of profiles could not be looked up ({code.rstrip('.')})"
        raise AppConfigEnvError(f"{message}; {ALLOW}") from None


def partition_of(region: str) -> str:
    """Return the partition of a Region; * if even botocore does not know it, or there is none."""
    found = iam.partition_of(region)
    if found != UNKNOWN or not region:
        return found
    from botocore.exceptions import UnknownRegionError  # 60 ms, for Regions of few users
    from botocore.session import get_session

    try:
        return str(get_session().get_partition_for_region(region))
    except UnknownRegionError:
        return UNKNOWN


def _items(call: Call, operation: str, parameters: dict[str, str]) -> Iterator[dict[str, Any]]:
    token = ""
    while True:
        page = call(operation, parameters | ({"NextToken": token} if token else {}))
        yield from page.get("Items") or ()
        token = page.get("NextToken") or ""
        if not token:
            return


def _id(what: str, wanted: str, items: list[dict[str, Any]]) -> str:
    """Return the ID of the item with this name or ID; a name takes precedence."""
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
