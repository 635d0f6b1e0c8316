"""AppConfig Data as it is documented and as its users saw it; knows sessions, tokens, intervals."""

from __future__ import annotations

import base64
import hashlib
import os
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from .account import Account, Caller, checked
from .wire import Answer, Protocol, Refusal, json_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TOKEN_LIFETIME_SECONDS = 24 * 3600
DEFAULT_INTERVAL_SECONDS = 60
TOKEN_BYTES = 800  # base64 of it is 1,068 characters and ends in "=", as long as real tokens

Key = tuple[str, str, str]


@dataclass
class Deployed:
    """One version of a configuration."""

    body: bytes
    content_type: str
    label: str
    number: int


@dataclass
class Session:
    """One client's session."""

    key: Key
    interval_seconds: int
    polled_at: float | None = None
    seen_number: int = 0


@dataclass
class Token:
    """One token; it is good for one call."""

    session: Session
    issued_at: float
    spent: bool = False
    answer_lost: bool = False


class AppConfigData:
    """StartConfigurationSession and GetLatestConfiguration."""

    service: ClassVar[str] = "appconfig"
    protocol: ClassVar[Protocol] = Protocol.REST_JSON

    def __init__(self, account: Account) -> None:
        self._account = account
        self._profiles: dict[Key, Deployed | None] = {}
        self._names: dict[str, str] = {}
        self._tokens: dict[str, Token] = {}
        self._number = 0
        self.received: Counter[str] = Counter()
        self.enforces_interval = True
        self.next_poll_interval_seconds: int | None = None
        self.missing_deployment_fails_at = "StartConfigurationSession"
        self.operations: dict[str, Callable[[Mapping[str, Any], Caller], Answer]] = {
            "StartConfigurationSession": self._start,
            "GetLatestConfiguration": self._latest,
        }

    def put(self, key: Key, body: bytes, content_type: str, label: str) -> None:
        """Deploy a new version."""
        self._number += 1
        self._profiles[key] = Deployed(body, content_type, label, self._number)
        for name in key:
            self._names[identifier(name)] = name

    def delete(self, key: Key) -> None:
        """Delete the profile; application and environment stay."""
        del self._profiles[key]
        self._profiles.setdefault((key[0], key[1], ""), None)

    def undeploy(self, key: Key) -> None:
        """Leave the profile without a deployment."""
        self._profiles[key] = None

    def resource(self, operation: str, params: Mapping[str, Any]) -> str:
        """Say which profile a call is about, as the test that put it called it."""
        if operation == "StartConfigurationSession":
            return "/".join(self._key(params))
        token = self._tokens.get(str(params.get("ConfigurationToken")))
        return "/".join(token.session.key) if token else ""

    def answer_lost(self, params: Mapping[str, Any]) -> None:
        """Forgive the reuse of a token whose answer the client never got."""
        if token := self._tokens.get(str(params.get("ConfigurationToken"))):
            token.answer_lost = True

    def _start(self, params: Mapping[str, Any], caller: Caller) -> Answer:
        operation = "StartConfigurationSession"
        names = (
            "ApplicationIdentifier",
            "EnvironmentIdentifier",
            "ConfigurationProfileIdentifier",
        )
        minimum = "RequiredMinimumPollIntervalInSeconds"
        checked(self._account, operation, params, {**dict.fromkeys(names, str), minimum: int})
        for name in names:
            if not 1 <= len(params.get(name, "")) <= 128:
                raise self._account.blame(bad_request(f"{name} is outside 1 to 128 characters"))
        seconds = params.get(minimum, DEFAULT_INTERVAL_SECONDS)
        if not 15 <= seconds <= 86400:
            raise self._account.blame(bad_request(f"{minimum} is outside 15 to 86400"))
        key = self._key(params)
        self._check(caller, operation, key)
        self._find(key, operation)
        token = self._issue(Session(key, seconds))
        return json_answer({"InitialConfigurationToken": token}, 201, self.protocol)

    def _latest(self, params: Mapping[str, Any], caller: Caller) -> Answer:
        operation = "GetLatestConfiguration"
        checked(self._account, operation, params, {"ConfigurationToken": str})
        token = self._tokens.get(params.get("ConfigurationToken", ""))
        if token is None:
            raise self._account.blame(bad_request("Token not valid", "Corrupted"))
        session, now = token.session, self._account.now()
        if token.spent:
            refusal = bad_request("Token not valid", "Corrupted")
            raise (
                refusal if token.answer_lost else self._account.blame(refusal, "(token used twice)")
            )
        if now - token.issued_at >= TOKEN_LIFETIME_SECONDS:
            raise bad_request("Token not valid", "Expired")
        self._check(caller, operation, session.key)
        advertised = self.next_poll_interval_seconds or session.interval_seconds
        if self.enforces_interval and session.polled_at is not None:
            waited = now - session.polled_at
            if waited < max(session.interval_seconds, advertised):
                detail = f"({'/'.join(session.key)} after {waited:.3f} s)"
                early = bad_request("Request too early", "PollIntervalNotSatisfied")
                raise self._account.blame(early, detail)
        deployed = self._find(session.key, operation)
        token.spent = True
        session.polled_at = now
        changed = deployed.number != session.seen_number
        session.seen_number = deployed.number
        headers = {
            "Next-Poll-Configuration-Token": self._issue(session),
            "Next-Poll-Interval-In-Seconds": str(advertised),
            "Content-Type": deployed.content_type if changed else "application/octet-stream",
        }
        if not changed:
            return Answer(200, {**headers, "Version-Label": ""})
        if deployed.label:
            headers["Version-Label"] = deployed.label
        if deployed.body:
            self.received["/".join(session.key)] += 1
        return Answer(200, headers, deployed.body)

    def _issue(self, session: Session) -> str:
        text = base64.b64encode(os.urandom(TOKEN_BYTES)).decode()
        self._tokens[text] = Token(session, self._account.now())
        return text

    def _key(self, params: Mapping[str, Any]) -> Key:
        given = (
            str(params.get("ApplicationIdentifier", "")),
            str(params.get("EnvironmentIdentifier", "")),
            str(params.get("ConfigurationProfileIdentifier", "")),
        )
        app, env, profile = (self._names.get(name, name) for name in given)
        return app, env, profile

    def _find(self, key: Key, operation: str) -> Deployed:
        app, env, profile = key
        reference = {"ApplicationIdentifier": app}
        if not any(known[0] == app for known in self._profiles):
            raise not_found("Application", reference)
        reference["EnvironmentIdentifier"] = env
        if not any(known[:2] == (app, env) for known in self._profiles):
            raise not_found("Environment", reference)
        reference["ConfigurationProfileIdentifier"] = profile
        if not profile or key not in self._profiles:
            raise not_found("ConfigurationProfile", reference)
        deployed = self._profiles[key]
        if deployed is None:
            if operation == self.missing_deployment_fails_at or operation.startswith("GetLatest"):
                raise not_found("Deployment", reference)
            deployed = Deployed(b"", "", "", 0)
        return deployed

    def _check(self, caller: Caller, operation: str, key: Key) -> None:
        app, env, profile = map(identifier, key)
        resource = f"application/{app}/environment/{env}/configuration/{profile}"
        arn = self._account.arn("appconfig", resource, caller.region)
        self._account.check(caller, operation, f"appconfig:{operation}", arn, "/".join(key))


def identifier(name: str) -> str:
    """Give the ID AppConfig would have made for a name: seven small letters and digits."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    digits = ""
    for _ in range(7):
        number, digit = divmod(number, 36)
        digits += "abcdefghijklmnopqrstuvwxyz0123456789"[digit]
    return digits


def bad_request(message: str, problem: str | None = None) -> Refusal:
    """Give AppConfig's 400, with the machine-readable reason where there is one."""
    if problem is None:
        return Refusal(400, "BadRequestException", message)
    details = {"InvalidParameters": {"ConfigurationToken": {"Problem": problem}}}
    return Refusal(400, "BadRequestException", message, Reason="InvalidParameters", Details=details)


def not_found(kind: str, reference: Mapping[str, str]) -> Refusal:
    """Give AppConfig's 404."""
    return Refusal(
        404,
        "ResourceNotFoundException",
        f"{kind} not found",
        ResourceType=kind,
        ReferencedBy=dict(reference),
    )
