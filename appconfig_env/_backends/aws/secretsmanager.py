"""Reads secrets from Secrets Manager: in batches, and one by one if a batch is refused."""

from __future__ import annotations

from ..._content.document import Document
from ..._http.errors import BETWEEN
from .errors import INVALID_RESPONSE, AwsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..._config.sources import Resource
    from .executor import Run

    Named = dict[str, list[Resource]]

SECRETS_PER_CALL = 20  # BatchGetSecretValue


def batches(named: Named) -> list[Named]:
    """Return groups of secrets, each for one call."""
    names = list(named)
    starts = range(0, len(names), SECRETS_PER_CALL)
    return [{name: named[name] for name in names[at : at + SECRETS_PER_CALL]} for at in starts]


def read_batch(run: Run, wanted: Named, region: str) -> None:
    """Read up to twenty secrets at once; those that are missing or refused, one by one."""
    if len(wanted) == 1:
        # Does not need secretsmanager:BatchGetSecretValue, and has a hundred times its quota.
        for resources in wanted.values():
            read_one(run, resources)
        return
    left = dict(wanted)
    request: dict[str, Any] = {"SecretIdList": list(wanted)}
    concerned = [resource for resources in wanted.values() for resource in resources]
    try:
        response = run.call("BatchGetSecretValue", request, concerned, region)
    except AwsError as error:
        if not error.is_about_input:
            raise
        response = {}
    for secret in response.get("SecretValues") or ():
        for name in [name for name in left if _is_named(secret, name)]:
            _accept(run, left.pop(name), secret)
    for item in response.get("Errors") or ():
        code, message = item.get("ErrorCode") or INVALID_RESPONSE, item.get("Message") or ""
        failure = AwsError("GetSecretValue", code, message)
        if item.get("SecretId") in left and not failure.is_transient:
            run.fail(left.pop(item["SecretId"]), failure)
    for resources in left.values():
        run.add("secretsmanager", resources, read_one, resources)


def read_one(run: Run, resources: list[Resource]) -> None:
    """Read the secret that all `resources` name, in the same version."""
    first = resources[0]
    request = {"SecretId": first.name}
    if first.stage:
        request["VersionStage"] = first.stage
    if first.version:
        request["VersionId"] = first.version
    _accept(run, resources, run.call("GetSecretValue", request, resources, first.arn_region))


def _accept(run: Run, resources: list[Resource], secret: dict[str, Any]) -> None:
    text = secret.get("SecretString")
    body = (
        text.encode("utf-8", "surrogatepass")
        if isinstance(text, str)
        else secret.get("SecretBinary")
    )
    if not isinstance(body, bytes):
        message = f"no SecretString and no SecretBinary; {BETWEEN}"
        error = AwsError("GetSecretValue", INVALID_RESPONSE, message)
        run.fail(resources, error)
        return
    for resource in resources:
        run.outcomes[resource.reference] = Document(
            body,
            secret=True,
            version=str(secret.get("VersionId") or ""),
            name=str(secret.get("Name") or ""),
            read_seconds=run.read_seconds(resource),
        )


def _is_named(secret: dict[str, Any], wanted: str) -> bool:
    arn = str(secret.get("ARN") or "")
    # An ARN may omit the hyphen and six characters that Secrets Manager adds to the name.
    return wanted in (secret.get("Name"), arn) or (wanted.startswith("arn:") and arn[:-7] == wanted)
