"""Parameter Store: pages below a path, and batches of names."""

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
PAGES_TO_TELL = 50  # so many may be why the time did not suffice


def read_path(run: Run, resource: Resource) -> None:
    """Every page below one path; a page may be empty and still have a next one."""
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
        answer = run.call("GetParametersByPath", request, [resource])
        for parameter in answer.get("Parameters") or ():
            relative = str(parameter["Name"]).removeprefix(resource.name)
            values[relative] = str(parameter["Value"])
            if parameter.get("Type") == "SecureString":
                secure.add(relative)
        token = answer.get("NextToken")
        if not token:
            break
        if token in seen:
            message = f"the same NextToken came twice; {BETWEEN}"
            raise AwsError("GetParametersByPath", INVALID_RESPONSE, message)
        seen.add(token)
        request["NextToken"] = token
        if len(seen) >= PAGES_TO_TELL:  # where the deadline comes before the last page
            message = (
                f"{len(seen)} pages with {len(values)} parameters came, and more follow; "
                "do so many belong there, and is APPCONFIG_ENV_DEADLINE_SECONDS long enough?"
            )
            run.fail([resource], AwsError("GetParametersByPath", UNREACHABLE, message))
    if not values:
        message = "no parameter stands below this path"
        raise AwsError("GetParametersByPath", "ParameterNotFound", message)
    run.outcomes[resource.reference] = Document(
        parameters=values, secret_parameters=frozenset(secure)
    )


def batches(named: Named) -> list[Named]:
    """Names that one call may ask for: ten at most, and no two versions of one parameter.

    Answers name the parameter, and not every one says which selector it was asked for with.
    """
    found: list[dict[str, str]] = []  # names by what answers call them
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
    """One batch; where AWS refuses it, name by name: one that is denied or wrong fails all."""
    everyone = [resource for resources in wanted.values() for resource in resources]
    request = {"Names": list(wanted), "WithDecryption": True}
    try:
        answer = run.call("GetParameters", request, everyone, region)
    except AwsError as error:
        if not error.is_about_input or len(wanted) == 1:
            raise
        for name, resources in wanted.items():
            run.add("ssm", resources, read_names, {name: resources}, region)
        return
    found = _by_bare_name(answer.get("Parameters") or ())
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
            )


def _by_bare_name(parameters: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {_bare(str(parameter["Name"])): parameter for parameter in parameters}


def _bare(name: str) -> str:
    """A parameter's name without version or label, first slash, and the ARN around it."""
    if name.startswith("arn:"):
        name = name.split(":", 5)[-1].removeprefix("parameter")
    return name.partition(":")[0].removeprefix("/")
