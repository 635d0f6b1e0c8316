"""One AppConfig profile: its session, its single-use tokens, its document."""

from __future__ import annotations

from ..._config.settings import POLL_FLOOR_SECONDS
from ..._content.document import Document
from ..base import Unchanged
from .errors import INVALID_RESPONSE, AwsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..._config.sources import Resource
    from ..base import Request
    from .executor import Run

# The longest that a session may ask for: what an answer says beyond it, nobody meant.
LONGEST_INTERVAL_SECONDS = 86_400.0


def poll(run: Run, requests: list[Request]) -> None:
    """Ask with the session's token if there is one, else in a new session.

    A new session follows only where the service does not take the token (expired, used, corrupted),
    never for throttling or denial.

    Args:
        run: the fetch.
        requests: all that read this profile, each in a format of its own; they share the session.
    """
    resources = [request.resource for request in requests]
    tokens = {request.token for request in requests}
    token = tokens.pop() if len(tokens) == 1 else ""  # one that lost it must see the document
    try:
        answer = _latest(run, resources, token) if token else _latest_of_new_session(run, resources)
    except AwsError as error:
        if _is_too_early(error) and token:
            for resource in resources:
                run.outcomes[resource.reference] = Unchanged(token, is_early=True)
            return
        if error.operation != "GetLatestConfiguration" or not _is_token_refused(error):
            raise
        token = ""
        answer = _latest_of_new_session(run, resources)
    asked = min(float(answer.get("NextPollIntervalInSeconds") or 0), LONGEST_INTERVAL_SECONDS)
    poll_seconds = run.elapsed + max(POLL_FLOOR_SECONDS, asked)
    next_token = answer["NextPollConfigurationToken"]
    body: bytes = answer["Configuration"]
    for resource in resources:
        if not body and token:  # in a new session an empty answer is an empty document
            run.outcomes[resource.reference] = Unchanged(next_token, poll_seconds)
            continue
        run.outcomes[resource.reference] = Document(
            body,
            content_type=answer.get("ContentType") or "",
            version=answer.get("VersionLabel") or "",
            token=next_token,
            poll_seconds=poll_seconds,
        )


def _latest_of_new_session(run: Run, resources: list[Resource]) -> dict[str, Any]:
    application, environment, profile = resources[0].parts
    parameters = {
        "ApplicationIdentifier": application,
        "EnvironmentIdentifier": environment,
        "ConfigurationProfileIdentifier": profile,
        # The least there is: our own interval decides when to poll, and refresh() may come sooner.
        "RequiredMinimumPollIntervalInSeconds": int(POLL_FLOOR_SECONDS),
    }
    answer = run.call("StartConfigurationSession", parameters, resources)
    token = answer.get("InitialConfigurationToken")
    if not token:
        raise AwsError(
            "StartConfigurationSession", INVALID_RESPONSE, "no InitialConfigurationToken"
        )
    return _latest(run, resources, token)


def _latest(run: Run, resources: list[Resource], token: str) -> dict[str, Any]:
    return run.call("GetLatestConfiguration", {"ConfigurationToken": token}, resources)


def _is_token_refused(error: AwsError) -> bool:
    return error.code == "BadRequestException" and not _is_too_early(error)


def _is_too_early(error: AwsError) -> bool:
    details = error.details.get("Details")
    parameters = details.get("InvalidParameters") if isinstance(details, dict) else None
    if isinstance(parameters, dict) and parameters:
        problems = [item.get("Problem") for item in parameters.values() if isinstance(item, dict)]
        return "PollIntervalNotSatisfied" in problems
    return error.code == "BadRequestException" and "too early" in error.message.lower()
