"""Secrets Manager: batches of secrets, and single ones where a batch does not do."""

from __future__ import annotations

from ..._content.document import Document
from .errors import INVALID_RESPONSE, AwsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..._config.sources import Resource
    from .executor import Run

    Named = dict[str, list[Resource]]

SECRETS_PER_CALL = 20  # BatchGetSecretValue


def batches(named: Named) -> list[Named]:
    """Secrets that one call may ask for."""
    names = list(named)
    starts = range(0, len(names), SECRETS_PER_CALL)
    return [{name: named[name] for name in names[at : at + SECRETS_PER_CALL]} for at in starts]


def read_batch(run: Run, wanted: Named, region: str) -> None:
    """Up to twenty secrets at once; what did not come, and all where AWS refuses, one by one."""
    if len(wanted) == 1:
        # Needs no right to BatchGetSecretValue, and has a hundred times its quota.
        for resources in wanted.values():
            read_one(run, resources)
        return
    left = dict(wanted)
    request: dict[str, Any] = {"SecretIdList": list(wanted)}
    everyone = [resource for resources in wanted.values() for resource in resources]
    try:
        answer = run.call("BatchGetSecretValue", request, everyone, region)
    except AwsError as error:
        if not error.is_about_input:
            raise
        answer = {}
    for secret in answer.get("SecretValues") or ():
        for name in [name for name in left if _is_named(secret, name)]:
            _accept(run, left.pop(name), secret)
    for item in answer.get("Errors") or ():
        code, message = item.get("ErrorCode") or INVALID_RESPONSE, item.get("Message") or ""
        failure = AwsError("GetSecretValue", code, message)
        if item.get("SecretId") in left and not failure.is_transient:
            run.fail(left.pop(item["SecretId"]), failure)
    for resources in left.values():
        run.add("secretsmanager", resources, read_one, resources)


def read_one(run: Run, resources: list[Resource]) -> None:
    """The secret that all of `resources` name."""
    first = resources[0]
    request = {"SecretId": first.name}
    if first.stage:
        request["VersionStage"] = first.stage
    _accept(run, resources, run.call("GetSecretValue", request, resources, first.arn_region))


def _accept(run: Run, resources: list[Resource], secret: dict[str, Any]) -> None:
    text = secret.get("SecretString")
    body = (
        text.encode("utf-8", "surrogatepass")
        if isinstance(text, str)
        else secret.get("SecretBinary")
    )
    if not isinstance(body, bytes):
        error = AwsError(
            "GetSecretValue", INVALID_RESPONSE, "neither SecretString nor SecretBinary came"
        )
        run.fail(resources, error)
        return
    for resource in resources:
        run.outcomes[resource.reference] = Document(
            body,
            secret=True,
            version=str(secret.get("VersionId") or ""),
            name=str(secret.get("Name") or ""),
        )


def _is_named(secret: dict[str, Any], wanted: str) -> bool:
    arn = str(secret.get("ARN") or "")
    # An ARN may leave out the hyphen and six characters that Secrets Manager adds to the name.
    return wanted in (secret.get("Name"), arn) or (wanted.startswith("arn:") and arn[:-7] == wanted)
