"""Secrets Manager's two read calls; errors of a batch are inside its 200 response."""

from __future__ import annotations

import base64
import hashlib
import uuid
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from .account import Account, Caller, checked
from .wire import Protocol, Refusal, Response, json_response, validation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LIMIT = 20
CURRENT, PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"


class Version(NamedTuple):
    """One version of one secret."""

    value: str | bytes
    stages: tuple[str, ...]
    version_id: str
    created_at: float


class SecretsManager:
    """GetSecretValue and BatchGetSecretValue."""

    service: ClassVar[str] = "secretsmanager"
    protocol: ClassVar[Protocol] = Protocol.JSON

    def __init__(self, account: Account) -> None:
        self._account = account
        self._secrets: dict[str, list[Version]] = {}
        self._scheduled: set[str] = set()
        self.operations: dict[str, Callable[[Mapping[str, Any], Caller], Response]] = {
            "GetSecretValue": self._get,
            "BatchGetSecretValue": self._batch,
        }

    def put(self, name: str, value: str | bytes, stage: str) -> str:
        """Add a version with a stage, and return the secret's ARN."""
        versions = self._secrets.setdefault(name, [])
        taken = {stage, PREVIOUS} if stage == CURRENT else {stage}
        versions[:] = [
            old._replace(stages=(PREVIOUS,))
            if stage == CURRENT and CURRENT in old.stages
            else old._replace(stages=tuple(name for name in old.stages if name not in taken))
            for old in versions
        ]
        versions.append(Version(value, (stage,), str(uuid.uuid4()), self._account.now()))
        return self.arn(name)

    def delete(self, name: str, *, scheduled: bool) -> None:
        """Delete a secret, or mark it for deletion."""
        if scheduled:
            self._scheduled.add(name)
        else:
            del self._secrets[name]

    def arn(self, name: str, region: str | None = None) -> str:
        """Return a secret's full ARN; AWS appends six characters to the name."""
        suffix = hashlib.sha256(name.encode()).hexdigest()[:6]
        return self._account.arn("secretsmanager", f"secret:{name}-{suffix}", region)

    def text(self, name: str) -> str | None:
        """Return a secret's current text, for Parameter Store's references to secrets."""
        for version in self._secrets.get(name, []):
            if CURRENT in version.stages and isinstance(version.value, str):
                return version.value
        return None

    def resource(self, operation: str, params: Mapping[str, Any]) -> str:
        """Return the secrets of a call."""
        if operation == "BatchGetSecretValue":
            return ",".join(map(str, params.get("SecretIdList", [])))
        return str(params.get("SecretId", ""))

    def _get(self, params: Mapping[str, Any], caller: Caller) -> Response:
        model = {"SecretId": str, "VersionId": str, "VersionStage": str}
        checked(self._account, "GetSecretValue", params, model)
        if not params.get("SecretId"):
            raise self._account.blame(validation("SecretId is missing"))
        return json_response(self._value(caller, **params))

    def _batch(self, params: Mapping[str, Any], caller: Caller) -> Response:
        operation = "BatchGetSecretValue"
        checked(self._account, operation, params, {"SecretIdList": list})
        ids = params.get("SecretIdList", [])
        if not 1 <= len(ids) <= LIMIT:
            raise self._account.blame(
                validation(
                    f"1 validation error detected: Value at 'secretIdList' failed to satisfy "
                    f"constraint: Member must have length less than or equal to {LIMIT}"
                ),
                f"({len(ids)} secrets)",
            )
        if len(set(ids)) != len(ids):
            self._account.problems.append(f"{operation}: a secret is listed more than once")
        self._account.check(caller, operation, f"secretsmanager:{operation}", "*")
        values, errors = [], []
        for secret_id in ids:
            try:
                values.append(self._value(caller, secret_id))
            except Refusal as refusal:
                errors.append(
                    {"SecretId": secret_id, "ErrorCode": refusal.code, "Message": refusal.message}
                )
        return json_response({"SecretValues": values, "Errors": errors})

    def _value(
        self,
        caller: Caller,
        SecretId: str,  # noqa: N803 - AWS's names
        VersionId: str | None = None,  # noqa: N803
        VersionStage: str | None = None,  # noqa: N803
    ) -> dict[str, object]:
        name = self._name(SecretId)
        action = "secretsmanager:GetSecretValue"
        self._account.check(caller, "GetSecretValue", action, name or SecretId, SecretId)
        if name is None:
            message = "Secrets Manager can't find the specified secret."
            raise Refusal(400, "ResourceNotFoundException", message)
        if name in self._scheduled:
            message = (
                "You can't perform this operation on the secret because it was marked for deletion."
            )
            raise Refusal(400, "InvalidRequestException", message)
        stage = VersionStage or (None if VersionId else CURRENT)
        for version in self._secrets[name]:
            if stage in (None, *version.stages) and VersionId in (None, version.version_id):
                return self._show(caller, name, version)
        selector = f"staging label: {stage}" if stage else f"VersionId: {VersionId}"
        message = f"Secrets Manager can't find the specified secret value for {selector}"
        raise Refusal(400, "ResourceNotFoundException", message)

    def _name(self, secret_id: str) -> str | None:
        """Find the secret by its name, its ARN, or its ARN without the six characters."""
        for name in self._secrets:
            arns = [self.arn(name, region) for region in self._account.regions]
            if secret_id in (name, *arns, *(arn[:-7] for arn in arns)):
                return name
        return None

    def _show(self, caller: Caller, name: str, version: Version) -> dict[str, object]:
        value = version.value
        return {
            "ARN": self.arn(name, caller.region),
            "Name": name,
            "VersionId": version.version_id,
            **(
                {"SecretString": value}
                if isinstance(value, str)
                else {"SecretBinary": base64.b64encode(value).decode()}
            ),
            "VersionStages": list(version.stages),
            "CreatedDate": round(version.created_at, 3),
        }
