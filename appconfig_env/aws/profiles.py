"""One AppConfig profile: its session, its single-use tokens, its document."""

from __future__ import annotations

from .._document import Document
from .._settings import POLL_FLOOR_SECONDS
from .port import GARBLED, AwsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._load import Request
    from .._reference import Locator
    from .run import Run


def poll(run: Run, request: Request) -> None:
    """Ask with the session's token if there is one, else in a new session.

    A new session follows only where the service does not take the token (expired, used, corrupted),
    never for throttling or denial.
    """
    locator, token = request.locator, request.cursor
    try:
        answer = _latest(run, locator, token) if token else _latest_of_new_session(run, locator)
    except AwsError as error:
        if _is_too_early(error) and token:
            run.outcomes[locator.text] = Document(locator, cursor=token, is_early=True)
            return
        if error.operation != "GetLatestConfiguration" or not _is_token_refused(error):
            raise
        token = ""
        answer = _latest_of_new_session(run, locator)
    body: bytes | None = answer["Configuration"]
    if not body and token:
        body = None  # unchanged; in a new session an empty answer is an empty document
    run.outcomes[locator.text] = Document(
        locator,
        body,
        content_type=answer.get("ContentType") or "",
        version=answer.get("VersionLabel") or "",
        cursor=answer["NextPollConfigurationToken"],
        poll_seconds=run.elapsed
        + max(POLL_FLOOR_SECONDS, float(answer.get("NextPollIntervalInSeconds") or 0)),
    )


def _latest_of_new_session(run: Run, locator: Locator) -> dict[str, Any]:
    application, environment, profile = locator.parts
    parameters = {
        "ApplicationIdentifier": application,
        "EnvironmentIdentifier": environment,
        "ConfigurationProfileIdentifier": profile,
        # The least there is: our own interval decides when to poll, and refresh() may come sooner.
        "RequiredMinimumPollIntervalInSeconds": int(POLL_FLOOR_SECONDS),
    }
    answer = run.call("StartConfigurationSession", parameters, [locator])
    token = answer.get("InitialConfigurationToken")
    if not token:
        raise AwsError("StartConfigurationSession", GARBLED, "no InitialConfigurationToken")
    return _latest(run, locator, token)


def _latest(run: Run, locator: Locator, token: str) -> dict[str, Any]:
    return run.call("GetLatestConfiguration", {"ConfigurationToken": token}, [locator])


def _is_token_refused(error: AwsError) -> bool:
    return error.code == "BadRequestException" and not _is_too_early(error)


def _is_too_early(error: AwsError) -> bool:
    details = error.details.get("Details")
    parameters = details.get("InvalidParameters") if isinstance(details, dict) else None
    if isinstance(parameters, dict) and parameters:
        problems = [item.get("Problem") for item in parameters.values() if isinstance(item, dict)]
        return "PollIntervalNotSatisfied" in problems
    return error.code == "BadRequestException" and "too early" in error.message.lower()
