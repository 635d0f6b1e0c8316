"""Parameter Store's three read calls, with AWS's refusals and paging."""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from .account import Account, Caller, checked
from .wire import Protocol, Refusal, Response, json_response, validation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .secretsmanager import SecretsManager

LIMIT = 10
SECRET_REFERENCE = "/aws/reference/secretsmanager/"


class Version(NamedTuple):
    """One version of one parameter."""

    name: str
    value: str
    kind: str
    number: int
    labels: tuple[str, ...]
    modified_at: float


class ParameterStore:
    """GetParameter, GetParameters, GetParametersByPath."""

    service: ClassVar[str] = "ssm"
    protocol: ClassVar[Protocol] = Protocol.JSON

    def __init__(self, account: Account, secretsmanager: SecretsManager) -> None:
        self._account = account
        self._secretsmanager = secretsmanager
        self._parameters: dict[str, list[Version]] = {}
        self._next: dict[str, tuple[tuple[Any, ...], int]] = {}
        self.empty_pages = 0
        self.operations: dict[str, Callable[[Mapping[str, Any], Caller], Response]] = {
            "GetParameter": self._get_parameter,
            "GetParameters": self._get_parameters,
            "GetParametersByPath": self._get_parameters_by_path,
        }

    def put(self, name: str, value: str, kind: str, labels: Iterable[str]) -> None:
        """Add a version; its labels move away from older versions."""
        versions = self._parameters.setdefault(name, [])
        moved = tuple(labels)
        versions[:] = [
            old._replace(labels=tuple(label for label in old.labels if label not in moved))
            for old in versions
        ]
        number = len(versions) + 1
        versions.append(Version(name, value, kind, number, moved, self._account.now()))

    def delete(self, name: str) -> None:
        """Delete a parameter with all its versions."""
        del self._parameters[name]

    def resource(self, operation: str, params: Mapping[str, Any]) -> str:
        """Return the resource of a call."""
        if operation == "GetParameters":
            return ",".join(map(str, params.get("Names", [])))
        return str(params.get("Path" if operation == "GetParametersByPath" else "Name", ""))

    def _get_parameter(self, params: Mapping[str, Any], caller: Caller) -> Response:
        checked(self._account, "GetParameter", params, {"Name": str, "WithDecryption": bool})
        requested = params.get("Name", "")
        self._refuse_unlike_a_path(requested)
        name, selector = self._split(requested)
        self._check(caller, "GetParameter", name)
        version = self._find(name, selector)
        if version is None:
            if name in self._parameters:
                message = f"Systems Manager could not find version {selector[1:]} of {name}."
                raise Refusal(400, "ParameterVersionNotFound", message)
            raise Refusal(400, "ParameterNotFound", "")
        shown = self._show(caller, version, selector, decrypt=params.get("WithDecryption", False))
        return json_response({"Parameter": shown})

    def _refuse_unlike_a_path(self, requested: str) -> None:
        if "/" in requested and not requested.startswith(("/", "arn:")):
            message = (
                'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a '
                "path, it can consist of sub-paths divided by slash symbol; each sub-path can be "
                "formed as a mix of letters, numbers and the following 3 symbols .-_"
            )
            raise self._account.blame(validation(message), f"({requested!r})")

    def _get_parameters(self, params: Mapping[str, Any], caller: Caller) -> Response:
        checked(self._account, "GetParameters", params, {"Names": list, "WithDecryption": bool})
        names = params.get("Names", [])
        if not 1 <= len(names) <= LIMIT:
            raise self._account.blame(
                validation(
                    f"1 validation error detected: Value at 'names' failed to satisfy constraint: "
                    f"Member must have length less than or equal to {LIMIT}"
                ),
                f"({len(names)} names)",
            )
        if len(set(names)) != len(names):
            raise self._account.blame(validation("Duplicate names in the request"))
        for requested in names:
            self._refuse_unlike_a_path(requested)
            self._check(caller, "GetParameters", self._split(requested)[0])
        shown, invalid = [], []
        for requested in names:
            name, selector = self._split(requested)
            version = self._find(name, selector)
            if version is None:
                invalid.append(requested)
                continue
            decrypt = params.get("WithDecryption", False)
            shown.append(self._show(caller, version, selector, decrypt=decrypt))
        shown.sort(key=lambda parameter: str(parameter["Name"]))
        return json_response({"Parameters": shown, "InvalidParameters": sorted(invalid)})

    def _get_parameters_by_path(self, params: Mapping[str, Any], caller: Caller) -> Response:
        operation = "GetParametersByPath"
        model = {
            "Path": str,
            "Recursive": bool,
            "WithDecryption": bool,
            "MaxResults": int,
            "NextToken": str,
        }
        checked(self._account, operation, params, model)
        path, size = params.get("Path", ""), params.get("MaxResults", LIMIT)
        if not path.startswith("/") or "//" in path:
            message = "The parameter path must begin with a slash and have no empty level."
            raise self._account.blame(validation(message), f"({path!r})")
        if not 1 <= size <= LIMIT:
            raise self._account.blame(
                validation(
                    f"1 validation error detected: Value '{size}' at 'maxResults' failed to "
                    f"satisfy constraint: Member must have value less than or equal to {LIMIT}"
                )
            )
        recursive = params.get("Recursive", False)
        base = path.rstrip("/") + "/"
        arn = self._account.arn("ssm", f"parameter{path}", caller.region)  # as requested
        self._account.check(
            caller, operation, f"ssm:{operation}", arn, path, base, path.rstrip("/")
        )
        query = (base, recursive, params.get("WithDecryption", False))
        start = self._start(query, params.get("NextToken"))
        names = [
            name
            for name in sorted(self._parameters)
            if name.startswith(base) and (recursive or "/" not in name[len(base) :])
        ]
        if self.empty_pages:
            self.empty_pages -= 1
            size = 0
        page = names[start : start + size]
        latest = [self._parameters[name][-1] for name in page]
        body: dict[str, Any] = {
            "Parameters": [self._show(caller, version, "", decrypt=query[2]) for version in latest]
        }
        if size == 0 or start + size < len(names):
            body["NextToken"] = secrets.token_urlsafe(90) + "+/=="
            self._next[body["NextToken"]] = (query, start + size)
        return json_response(body)

    def _start(self, query: tuple[Any, ...], token: str | None) -> int:
        if token is None:
            return 0
        expected, start = self._next.get(token, ((), 0))
        if expected != query:
            message = "The specified token is not valid."
            raise self._account.blame(Refusal(400, "InvalidNextToken", message))
        return start

    def _split(self, requested: str) -> tuple[str, str]:
        """Split a name or an ARN into the name and the selector, including its colon."""
        if requested.startswith("arn:"):
            region, rest = requested.split(":", 5)[3::2]
            resource, colon, selector = rest.partition(":")
            name = resource.removeprefix("parameter")
            if region not in self._account.regions:
                return requested, ""
            # A name without a slash is "parameter/name" in an ARN, just as "/name" is.
            if name not in self._parameters and name[1:] in self._parameters:
                name = name[1:]
            return name, colon + selector
        name, colon, selector = requested.partition(":")
        return name, colon + selector

    def _find(self, name: str, selector: str) -> Version | None:
        if name.startswith(SECRET_REFERENCE):
            text = self._secretsmanager.text(name.removeprefix(SECRET_REFERENCE))
            return (text and Version(name, text, "SecureString", 0, (), 0.0)) or None
        versions = self._parameters.get(name, [])
        if not selector:
            return versions[-1] if versions else None
        for version in versions:
            if selector[1:] in (str(version.number), *version.labels):
                return version
        return None

    def _show(
        self, caller: Caller, version: Version, selector: str, *, decrypt: bool
    ) -> dict[str, object]:
        value = version.value
        if version.name.startswith(SECRET_REFERENCE) and not decrypt:
            raise validation(
                "WithDecryption flag must be True for retrieving a Secrets Manager secret"
            )
        if version.kind == "SecureString" and decrypt:
            key = self._account.arn("kms", "key/aws-ssm", caller.region)
            self._account.check(caller, "Decrypt", "kms:Decrypt", key, version.name)
        elif version.kind == "SecureString":
            value = base64.b64encode(hashlib.sha512(value.encode()).digest() * 2).decode()
        slash = "" if version.name.startswith("/") else "/"
        shown: dict[str, object] = {
            "Name": version.name,
            "Type": version.kind,
            "Value": value,
            "Version": version.number,
            "LastModifiedDate": round(version.modified_at, 3),
            "ARN": self._account.arn("ssm", f"parameter{slash}{version.name}", caller.region),
            "DataType": "text",
        }
        if selector:
            shown["Selector"] = selector
        return shown

    def _check(self, caller: Caller, operation: str, name: str) -> None:
        resource = f"parameter{'' if name.startswith('/') else '/'}{name}"
        arn = self._account.arn("ssm", resource, caller.region)
        self._account.check(caller, operation, f"ssm:{operation}", arn, name)
