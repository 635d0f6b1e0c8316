"""The sources of credentials: STS AssumeRole, and the container credentials endpoint."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Any, ClassVar

from .. import canary
from .account import ACCOUNT_ID, Account, Caller, checked, iso_date
from .wire import Denied, Protocol, Refusal, Response, json_response, xml_response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CREDENTIALS_PATH = "/2021-04-23/credentials"


class SecurityTokenService:
    """AssumeRole and GetCallerIdentity."""

    service: ClassVar[str] = "sts"
    protocol: ClassVar[Protocol] = Protocol.QUERY

    def __init__(self, account: Account) -> None:
        self._account = account
        self.roles: dict[str, str | None] = {}
        self.operations: dict[str, Callable[[Mapping[str, Any], Caller], Response]] = {
            "AssumeRole": self._assume_role,
            "GetCallerIdentity": self._get_caller_identity,
        }

    def resource(self, operation: str, params: Mapping[str, Any]) -> str:
        """Return the role of a call."""
        return str(params.get("RoleArn", "")) if operation == "AssumeRole" else ""

    def _assume_role(self, params: Mapping[str, Any], caller: Caller) -> Response:
        names = ("Action", "Version", "RoleArn", "RoleSessionName", "ExternalId", "DurationSeconds")
        checked(self._account, "AssumeRole", params, dict.fromkeys(names, str))
        arn, session = params.get("RoleArn", ""), params.get("RoleSessionName", "")
        seconds = params.get("DurationSeconds", "3600")
        if not re.fullmatch(r"[\w+=,.@-]{2,64}", session, re.ASCII):
            message = (
                f"1 validation error detected: Value '{session}' at 'roleSessionName' failed to "
                r"satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*"
            )
            raise self._account.blame(Refusal(400, "ValidationError", message))
        if not seconds.isdecimal() or not 900 <= int(seconds) <= 43200:
            message = "DurationSeconds is outside 900 to 43200"
            raise self._account.blame(Refusal(400, "ValidationError", message))
        self._account.check(caller, "AssumeRole", "sts:AssumeRole", arn)
        external = self.roles.get(arn)
        if arn not in self.roles or external not in (None, params.get("ExternalId")):
            # AWS does not reveal which of the two failed.
            raise Denied(
                "AccessDenied",
                f"User: {caller.arn} is not authorized to perform: sts:AssumeRole "
                f"on resource: {arn}",
            )
        name = f"{arn.rpartition('/')[2]}/{session}"
        identity = self._account.new_identity(name, int(seconds))
        result = {
            "Credentials": {
                "AccessKeyId": identity.access_key,
                "SecretAccessKey": identity.secret_key,
                "SessionToken": identity.session_token,
                "Expiration": iso_date(identity.expires_at or 0),
            },
            "AssumedRoleUser": {
                "AssumedRoleId": f"AROAFAKE:{session}",
                "Arn": f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/{name}",
            },
        }
        return xml_response("AssumeRole", result)

    def _get_caller_identity(self, params: Mapping[str, Any], caller: Caller) -> Response:
        checked(self._account, "GetCallerIdentity", params, {"Action": str, "Version": str})
        result = {"Arn": caller.arn, "UserId": caller.access_key, "Account": ACCOUNT_ID}
        return xml_response("GetCallerIdentity", result)


class ContainerCredentials:
    """Lambda's credentials endpoint, which replaces the key variables under SnapStart."""

    service: ClassVar[str] = "container"
    protocol: ClassVar[Protocol] = Protocol.PLAIN

    def __init__(self, account: Account) -> None:
        self._account = account
        self.token = canary.VALUE + secrets.token_urlsafe(12)
        self.lifetime_seconds = 3600.0
        self.operations: dict[str, Callable[[Mapping[str, Any], Caller], Response]] = {
            "ContainerCredentials": self._credentials
        }

    def resource(self, operation: str, params: Mapping[str, Any]) -> str:
        """Return an empty name: there is only one function."""
        del operation, params
        return ""

    def _credentials(self, params: Mapping[str, Any], caller: Caller) -> Response:
        del caller
        if params.get("Authorization") != self.token:
            raise self._account.blame(Refusal(404, "NotFound", "unknown authorization token"))
        identity = self._account.new_identity("shop-function/restored", self.lifetime_seconds)
        data = {
            "AccessKeyId": identity.access_key,
            "SecretAccessKey": identity.secret_key,
            "Token": identity.session_token,
            "Expiration": iso_date(identity.expires_at or 0),
        }
        return json_response(data, protocol=Protocol.REST_JSON)
