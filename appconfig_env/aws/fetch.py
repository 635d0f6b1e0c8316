"""Which calls read which sources: sessions, pages and batches, in parallel and within one deadline."""

from __future__ import annotations

import time
from _thread import allocate_lock, start_new_thread  # threading itself costs a cold start 5 ms

from .._document import Document
from .._reference import APPCONFIG, SSM
from .._settings import POLL_FLOOR_SECONDS
from ..errors import SourceError
from .port import DENIALS, GARBLED, UNREACHABLE, AwsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from .._load import Outcome, Request
    from .._reference import Locator
    from .port import Client

    Job = Callable[[], None]

NAMES_PER_CALL = 10  # GetParameters, and a page of GetParametersByPath
SECRETS_PER_CALL = 20  # BatchGetSecretValue


class Fetcher:
    """Reads locators from AWS; see `_load.load` for what `fetch(requests, timeout)` promises."""

    def __init__(self, client: Client, connections: int) -> None:
        self._client = client
        self._connections = connections

    def __call__(self, requests: list[Request], timeout: float) -> dict[str, Outcome]:
        """An outcome for each request, by its locator's text, after `timeout` seconds at most."""
        run = _Run(self._client, time.monotonic() + timeout, self._connections)
        for jobs in _jobs(run, requests).values():
            run.start(jobs)
        run.release()
        run.finished.acquire(timeout=max(0.0, run.deadline - time.monotonic()))
        outcomes = dict(run.outcomes)  # what comes later belongs to nobody
        self._client.close()
        for request in requests:
            outcomes.setdefault(
                request.locator.text,
                SourceError(
                    request.locator.text,
                    run.late(request.locator.text, timeout),
                    unreachable=True,
                ),
            )
        return outcomes


class _Run:
    """One fetch: its deadline, its outcomes so far, and the workers that are on it."""

    def __init__(self, client: Client, deadline: float, connections: int) -> None:
        self.client = client
        self.deadline = deadline
        self.outcomes: dict[str, Outcome] = {}
        self.finished = allocate_lock()
        self.finished.acquire()
        self._connections = connections
        self._failures: dict[str, AwsError] = {}  # the last transient one, by locator
        self._holders = 1  # the workers, and whoever is still starting some
        self._lock = allocate_lock()

    def start(self, jobs: list[Job]) -> None:
        """Start workers for one service's jobs: one each, but not more than connections."""
        for _ in range(min(self._connections, len(jobs))):
            with self._lock:
                self._holders += 1
            start_new_thread(self._work, (jobs,))

    def release(self) -> None:
        """Say that one holder is done; the last one ends the fetch."""
        with self._lock:
            self._holders -= 1
            if not self._holders:
                self.finished.release()

    def _work(self, jobs: list[Job]) -> None:
        try:
            while True:
                try:
                    job = jobs.pop(0)
                except IndexError:
                    return
                job()
        finally:
            self.release()

    def call(
        self, operation: str, parameters: dict[str, Any], locators: Iterable[Locator], region: str = ""
    ) -> dict[str, Any]:
        """Make the call, again where that may help, until the deadline."""

        def attempt() -> dict[str, Any]:
            left = self.deadline - time.monotonic()
            if left <= 0:
                raise AwsError(operation, UNREACHABLE, "no time was left for it")
            try:
                return self.client.call(operation, parameters, timeout=left, region=region)
            except AwsError as error:
                for locator in locators:
                    self._failures[locator.text] = error
                raise

        try:
            return attempt()
        except AwsError as error:
            if not error.is_transient:
                raise
            # Only a failure pays for tenacity (28 ms).
            from .retry import again

            return again(attempt, error, self.deadline)

    def fail(self, locators: Iterable[Locator], error: AwsError) -> None:
        """Note the same failure for each of `locators`."""
        for locator in locators:
            self.outcomes[locator.text] = SourceError(
                locator.text, error.reason, unreachable=error.is_transient
            )

    def late(self, text: str, timeout: float) -> str:
        """Why a locator has no outcome after `timeout` seconds."""
        last = self._failures.get(text)
        after = f" after {last.reason}" if last else ""
        return f"no answer within {timeout:g} s{after}"


def _jobs(run: _Run, requests: list[Request]) -> dict[str, list[Job]]:
    """What is to be done, by service: each job ends with an outcome for each of its locators."""
    jobs: dict[str, list[Job]] = {"appconfigdata": [], "ssm": [], "secretsmanager": []}
    names: dict[str, dict[str, list[Locator]]] = {}
    secrets: dict[str, list[Locator]] = {}
    for request in requests:
        locator = request.locator
        if locator.scheme == APPCONFIG:
            jobs["appconfigdata"].append(_job(run, [locator], _poll, request))
        elif locator.is_path:
            jobs["ssm"].append(_job(run, [locator], _read_path, locator))
        elif locator.scheme == SSM:
            names.setdefault(locator.arn_region, {}).setdefault(locator.name, []).append(locator)
        elif locator.stage:
            jobs["secretsmanager"].append(_job(run, [locator], _read_secret, locator))
        else:
            secrets.setdefault(locator.arn_region, []).append(locator)
    for region, named in names.items():
        for batch in _batches(list(named), NAMES_PER_CALL):
            wanted = {name: named[name] for name in batch}
            locators = [locator for group in wanted.values() for locator in group]
            jobs["ssm"].append(_job(run, locators, _read_names, wanted, region))
    for region, group in secrets.items():
        for some in _batches(group, SECRETS_PER_CALL):
            if len(some) == 1:  # needs no right to BatchGetSecretValue, and has a hundred times its quota
                jobs["secretsmanager"].append(_job(run, some, _read_secret, some[0]))
            else:
                jobs["secretsmanager"].append(_job(run, some, _read_secrets, some, region))
    return jobs


def _batches(items: list[Any], size: int) -> list[list[Any]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def _job(
    run: _Run, locators: list[Locator], work: Callable[..., None], *arguments: object
) -> Job:
    def job() -> None:
        try:
            work(run, *arguments)
        except AwsError as error:
            run.fail(locators, error)
        except Exception as error:  # a fault of ours must not end in a start that waits for its deadline
            run.fail(locators, AwsError("Fetch", GARBLED, f"unexpected {type(error).__name__}"))

    return job


def _poll(run: _Run, request: Request) -> None:
    """One profile: with the session's token if there is one, else with a new session.

    A new session only for a token that the service does not take (expired, used, corrupted), never
    for throttling or denial.
    """
    locator, token = request.locator, request.cursor
    for is_last in (False, True):
        token = token or _start_session(run, locator)
        try:
            answer = run.call("GetLatestConfiguration", {"ConfigurationToken": token}, [locator])
            break
        except AwsError as error:
            if _is_too_early(error) and token == request.cursor:
                run.outcomes[locator.text] = Document(locator, cursor=token, is_early=True)
                return
            if is_last or error.code != "BadRequestException" or _is_too_early(error):
                raise
            token = ""
    body: bytes | None = answer["Configuration"]
    if not body and token == request.cursor:
        body = None  # unchanged; in a new session an empty answer is an empty document
    run.outcomes[locator.text] = Document(
        locator,
        body,
        content_type=answer.get("ContentType") or "",
        version=answer.get("VersionLabel") or "",
        cursor=answer["NextPollConfigurationToken"],
        poll_seconds=max(POLL_FLOOR_SECONDS, float(answer.get("NextPollIntervalInSeconds") or 0)),
    )


def _start_session(run: _Run, locator: Locator) -> str:
    application, environment, profile = locator.parts
    parameters = {
        "ApplicationIdentifier": application,
        "EnvironmentIdentifier": environment,
        "ConfigurationProfileIdentifier": profile,
        # The least there is: our own interval decides when to poll, and refresh() may come sooner.
        "RequiredMinimumPollIntervalInSeconds": int(POLL_FLOOR_SECONDS),
    }
    try:
        token: str = run.call("StartConfigurationSession", parameters, [locator])["InitialConfigurationToken"]
    except KeyError:
        raise AwsError("StartConfigurationSession", GARBLED, "no InitialConfigurationToken") from None
    return token


def _is_too_early(error: AwsError) -> bool:
    details = error.details.get("Details")
    parameters = details.get("InvalidParameters") if isinstance(details, dict) else None
    if isinstance(parameters, dict):
        problems = [item.get("Problem") for item in parameters.values() if isinstance(item, dict)]
        return "PollIntervalNotSatisfied" in problems
    return error.code == "BadRequestException" and "too early" in error.message.lower()


def _read_path(run: _Run, locator: Locator) -> None:
    """Every page below one path; a page may be empty and still have a next one."""
    parameters: dict[str, Any] = {
        "Path": locator.name.rstrip("/") or "/",
        "Recursive": locator.recursive,
        "WithDecryption": True,
        "MaxResults": NAMES_PER_CALL,
    }
    values: dict[str, str] = {}
    secure: set[str] = set()
    seen: set[str] = set()
    while True:
        answer = run.call("GetParametersByPath", parameters, [locator])
        for parameter in answer.get("Parameters") or ():
            relative = str(parameter["Name"]).removeprefix(locator.name)
            values[relative] = str(parameter["Value"])
            if parameter.get("Type") == "SecureString":
                secure.add(relative)
        token = answer.get("NextToken")
        if not token:
            break
        if token in seen:
            raise AwsError("GetParametersByPath", GARBLED, "the same NextToken came twice")
        seen.add(token)
        parameters["NextToken"] = token
    if not values:
        raise AwsError("GetParametersByPath", "ParameterNotFound", "no parameter stands below this path")
    run.outcomes[locator.text] = Document(
        locator, parameters=values, secret_parameters=frozenset(secure)
    )


def _read_names(run: _Run, wanted: dict[str, list[Locator]], region: str) -> None:
    """Up to ten parameters by name, selector or ARN."""
    everyone = [locator for group in wanted.values() for locator in group]
    parameters = {"Names": list(wanted), "WithDecryption": True}
    answer = run.call("GetParameters", parameters, everyone, region)
    found: dict[str, dict[str, Any]] = {}
    for parameter in answer.get("Parameters") or ():
        for name in (parameter.get("ARN") or "", parameter["Name"]):
            found.setdefault(name, parameter)
            found[name + (parameter.get("Selector") or "")] = parameter
            found.setdefault(f"{name}:{parameter.get('Version')}", parameter)
    for name, locators in wanted.items():
        match = found.get(name)
        for locator in locators:
            if match is None:
                error = AwsError("GetParameters", "ParameterNotFound", "no such parameter, version or label")
                run.fail([locator], error)
                continue
            run.outcomes[locator.text] = Document(
                locator,
                str(match["Value"]).encode("utf-8", "surrogatepass"),
                secret=match.get("Type") == "SecureString",
                version=str(match.get("Version") or ""),
            )


def _read_secrets(run: _Run, locators: list[Locator], region: str) -> None:
    """Up to twenty secrets at once; those that did not come, and all where batches are denied, one by one."""
    wanted = {locator.name: locator for locator in locators}
    parameters: dict[str, Any] = {"SecretIdList": list(wanted)}
    alone = dict.fromkeys(locators)
    try:
        answer = run.call("BatchGetSecretValue", parameters, locators, region)
    except AwsError as error:
        if error.code not in DENIALS:
            raise
        answer = {}
    for secret in answer.get("SecretValues") or ():
        for locator in locators:
            if _is_named(secret, locator.name):
                run.outcomes[locator.text] = _secret_document(locator, secret)
                alone.pop(locator, None)
    for item in answer.get("Errors") or ():
        failed = wanted.get(item.get("SecretId", ""))
        error = AwsError("GetSecretValue", item.get("ErrorCode") or GARBLED, item.get("Message") or "")
        if failed is not None and not error.is_transient:
            run.fail([failed], error)
            alone.pop(failed, None)
    run.start([_job(run, [locator], _read_secret, locator) for locator in alone])


def _read_secret(run: _Run, locator: Locator) -> None:
    parameters = {"SecretId": locator.name}
    if locator.stage:
        parameters["VersionStage"] = locator.stage
    answer = run.call("GetSecretValue", parameters, [locator], locator.arn_region)
    run.outcomes[locator.text] = _secret_document(locator, answer)


def _secret_document(locator: Locator, secret: dict[str, Any]) -> Document:
    text = secret.get("SecretString")
    body = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else secret.get("SecretBinary")
    if not isinstance(body, bytes):
        raise AwsError("GetSecretValue", GARBLED, "neither SecretString nor SecretBinary came")
    return Document(
        locator,
        body,
        secret=True,
        version=str(secret.get("VersionId") or ""),
        name=str(secret.get("Name") or ""),
    )


def _is_named(secret: dict[str, Any], wanted: str) -> bool:
    arn = str(secret.get("ARN") or "")
    # An ARN may leave out the hyphen and six characters that Secrets Manager adds to the name.
    return wanted in (secret.get("Name"), arn) or (wanted.startswith("arn:") and arn[:-7] == wanted)
