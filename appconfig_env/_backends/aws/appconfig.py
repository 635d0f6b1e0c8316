"""Reads one AppConfig profile: session, single-use tokens, document."""

from __future__ import annotations

from ..._config.settings import LONGEST_POLL_SECONDS, POLL_FLOOR_SECONDS
from ..._content.document import Document
from ..._http.errors import BETWEEN
from ..base import Unchanged
from .errors import INVALID_RESPONSE, AwsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..._config.sources import Resource
    from ..base import Request
    from .executor import Run


# Headers that a response has once, by their names in the result.
_SINGLE = {
    "NextPollConfigurationToken": "Next-Poll-Configuration-Token",
    "ContentType": "Content-Type",
}


def poll(run: Run, requests: list[Request]) -> None:
    """Poll with the session's token if there is one, else in a new session.

    A new session is started only if the service refuses the token (expired, used, corrupted), never
    for throttling or denial.

    Args:
        run: the fetch.
        requests: all for this profile, each in its own format; they share the session.
    """
    resources = [request.resource for request in requests]
    tokens = {request.token for request in requests}
    # A request without its token needs the document.
    token = tokens.pop() if len(tokens) == 1 else ""
    try:
        response = (
            _latest(run, resources, token) if token else _latest_of_new_session(run, resources)
        )
    except AwsError as error:
        if _is_too_early(error) and token:
            for resource in resources:
                run.outcomes[resource.reference] = Unchanged(token, is_early=True)
            return
        if error.operation != "GetLatestConfiguration" or not _is_token_refused(error):
            raise
        token = ""
        response = _latest_of_new_session(run, resources)
    asked = min(float(response.get("NextPollIntervalInSeconds") or 0), LONGEST_POLL_SECONDS)
    poll_seconds = run.elapsed + max(POLL_FLOOR_SECONDS, asked)
    next_token = response["NextPollConfigurationToken"]
    body: bytes = response["Configuration"]
    for resource in resources:
        if not body and token:  # in a new session an empty response is an empty document
            run.outcomes[resource.reference] = Unchanged(next_token, poll_seconds)
            continue
        run.outcomes[resource.reference] = Document(
            body,
            content_type=response.get("ContentType") or "",
            version=response.get("VersionLabel") or "",
            token=next_token,
            poll_seconds=poll_seconds,
            read_seconds=run.read_seconds(resource),
        )


def _latest_of_new_session(run: Run, resources: list[Resource]) -> dict[str, Any]:
    application, environment, profile = resources[0].parts
    parameters = {
        "ApplicationIdentifier": application,
        "EnvironmentIdentifier": environment,
        "ConfigurationProfileIdentifier": profile,
        # The minimum: our own interval decides when to poll, and refresh() may be earlier.
        "RequiredMinimumPollIntervalInSeconds": int(POLL_FLOOR_SECONDS),
    }
    response = run.call("StartConfigurationSession", parameters, resources)
    token = response.get("InitialConfigurationToken")
    if not token:
        message = f"no InitialConfigurationToken; {BETWEEN}"
        raise AwsError("StartConfigurationSession", INVALID_RESPONSE, message)
    return _latest(run, resources, token)


def _latest(run: Run, resources: list[Resource], token: str) -> dict[str, Any]:
    response = run.call("GetLatestConfiguration", {"ConfigurationToken": token}, resources)
    for name, header in _SINGLE.items():
        # Both clients join headers of one name with commas, which no token and no media type has.
        unquoted = "".join(str(response.get(name) or "").split('"')[::2])
        if "," in unquoted:
            message = f"more than one {header} header; {BETWEEN}"
            raise AwsError("GetLatestConfiguration", INVALID_RESPONSE, message)
    return response


def _is_token_refused(error: AwsError) -> bool:
    return error.code == "BadRequestException" and not _is_too_early(error)


def _is_too_early(error: AwsError) -> bool:
    details = error.details.get("Details")
    parameters = details.get("InvalidParameters") if isinstance(details, dict) else None
    if isinstance(parameters, dict) and parameters:
        problems = [item.get("Problem") for item in parameters.values() if isinstance(item, dict)]
        return "PollIntervalNotSatisfied" in problems
    return error.code == "BadRequestException" and "too early" in error.message.lower()
