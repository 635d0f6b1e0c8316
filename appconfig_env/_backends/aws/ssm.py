"""Reads parameters from Parameter Store: the pages under a path, and batches of names."""

from __future__ import annotations

from ..._content.document import Document
from ..._http.errors import BETWEEN
from .errors import INVALID_RESPONSE, UNREACHABLE, AwsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from ..._config.sources import Resource
    from .executor import Run

    Named = dict[str, list[Resource]]

NAMES_PER_CALL = 10  # GetParameters, and a page of GetParametersByPath
PAGES_TO_REPORT = 20  # so many may be the reason for a timeout


def read_path(run: Run, resource: Resource) -> None:
    """Read all pages under one path; an empty page may have a next one."""
    request: dict[str, Any] = {
        "Path": resource.name.rstrip("/") or "/",
        "Recursive": resource.recursive,
        "WithDecryption": True,
        "MaxResults": NAMES_PER_CALL,
    }
    values: dict[str, str] = {}
    secure: set[str] = set()
    seen: set[str] = set()
    while True:
        try:
            response = run.call("GetParametersByPath", request, [resource])
        except AwsError as error:
            if resource.reference in run.outcomes and run.has_ended(error):
                return  # which has what arrived until then
            raise
        for parameter in response.get("Parameters") or ():
            relative = str(parameter["Name"]).removeprefix(resource.name)
            values[relative] = str(parameter["Value"])
            if parameter.get("Type") == "SecureString":
                secure.add(relative)
        token = response.get("NextToken")
        if not token:
            break
        if token in seen:
            message = f"the same NextToken came twice; {BETWEEN}"
            raise AwsError("GetParametersByPath", INVALID_RESPONSE, message)
        seen.add(token)
        request["NextToken"] = token
        if len(seen) >= PAGES_TO_REPORT:  # in case the deadline is before the last page
            message = (
                f"{len(seen)} pages with {len(values)} parameters arrived, and more follow; "
                "check the path, or raise APPCONFIG_ENV_DEADLINE_SECONDS"
            )
            run.fail([resource], AwsError("GetParametersByPath", UNREACHABLE, message))
    if not values:
        message = "no parameters under this path (a parameter's name does not end in /)"
        raise AwsError("GetParametersByPath", "ParameterNotFound", message)
    run.outcomes[resource.reference] = Document(
        parameters=values,
        secret_parameters=frozenset(secure),
        read_seconds=run.read_seconds(resource),
    )


def batches(named: Named) -> list[Named]:
    """Return groups of names, each for one call: ten at most, one version of each parameter.

    Responses name the parameter, and not all of them name the requested version or label.
    """
    found: list[dict[str, str]] = []  # names, by the names in responses
    unfilled: list[dict[str, str]] = []
    for name in named:
        bare = _bare(name)
        batch = next((one for one in unfilled if bare not in one), None)
        if batch is None:
            batch = {}
            found.append(batch)
            unfilled.append(batch)
        batch[bare] = name
        if len(batch) == NAMES_PER_CALL:
            unfilled.remove(batch)
    return [{name: named[name] for name in batch.values()} for batch in found]


def read_names(run: Run, wanted: Named, region: str) -> None:
    """Read one batch; name by name if AWS refuses it: one denied or invalid name fails it."""
    concerned = [resource for resources in wanted.values() for resource in resources]
    request = {"Names": list(wanted), "WithDecryption": True}
    try:
        response = run.call("GetParameters", request, concerned, region)
    except AwsError as error:
        if not error.is_about_input or len(wanted) == 1:
            raise
        for name, resources in wanted.items():
            run.add("ssm", resources, read_names, {name: resources}, region)
        return
    found = _by_bare_name(response.get("Parameters") or ())
    read_seconds = run.read_seconds(concerned[0])  # they were read by the same calls
    for name, resources in wanted.items():
        parameter = found.get(_bare(name))
        if parameter is None:
            message = "no such parameter, version or label (a path ends in /)"
            run.fail(resources, AwsError("GetParameters", "ParameterNotFound", message))
            continue
        for resource in resources:
            run.outcomes[resource.reference] = Document(
                str(parameter["Value"]).encode("utf-8", "surrogatepass"),
                secret=parameter.get("Type") == "SecureString",
                version=str(parameter.get("Version") or ""),
                read_seconds=read_seconds,
            )


def _by_bare_name(parameters: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {_bare(str(parameter["Name"])): parameter for parameter in parameters}


def _bare(name: str) -> str:
    """Return a parameter's name without ARN, first slash, and version or label."""
    if name.startswith("arn:"):
        name = name.split(":", 5)[-1].removeprefix("parameter")
    return name.partition(":")[0].removeprefix("/")
