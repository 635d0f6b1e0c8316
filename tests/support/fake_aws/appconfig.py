"""AppConfig Data as documented and as observed: sessions, tokens, intervals."""

from __future__ import annotations

import base64
import os
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

from .account import Account, Caller, checked
from .sessions import (
    Deployed,
    Key,
    Session,
    Token,
    Use,
    bad_request,
    identifier,
    not_found,
    problem_of,
    too_early,
)
from .wire import Protocol, Refusal, Response, json_response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TOKEN_LIFETIME_SECONDS = 24 * 3600
DEFAULT_INTERVAL_SECONDS = 60
TOKEN_BYTES = 800  # its base64 has 1,068 characters and ends in "=", like real tokens


class AppConfigData:
    """StartConfigurationSession and GetLatestConfiguration."""

    service: ClassVar[str] = "appconfig"
    protocol: ClassVar[Protocol] = Protocol.REST_JSON

    def __init__(self, account: Account) -> None:
        self._account = account
        self._profiles: dict[Key, Deployed | None] = {}
        self._earlier: dict[Key, list[Deployed]] = {}
        self._names: dict[str, str] = {}
        self._tokens: dict[str, Token] = {}
        self._number = self._sessions = 0
        self.received: Counter[str] = Counter()
        self.ledger: list[Use] = []
        self.enforces_interval = True
        self.next_poll_interval_seconds: int | None = None
        # Whether a raised interval also applies to sessions that have not received it yet.
        self.raises_unannounced = False
        # Replaces the interval in the header; empty for no header. It is not enforced.
        self.next_poll_interval_text: str | None = None
        self.missing_deployment_fails_at = "StartConfigurationSession"
        self.operations: dict[str, Callable[[Mapping[str, Any], Caller], Response]] = {
            "StartConfigurationSession": self._start,
            "GetLatestConfiguration": self._latest,
        }

    def put(self, key: Key, body: bytes, content_type: str, label: str) -> None:
        """Deploy a new version."""
        self._number += 1
        self._keep(key)
        self._profiles[key] = Deployed(body, content_type, label, self._number)
        for name in key:
            self._names[identifier(name)] = name

    def roll_back(self, key: Key) -> None:
        """Deploy the previous version; clients that saw that one last see no change."""
        self._profiles[key] = self._earlier[key].pop()

    def delete(self, key: Key) -> None:
        """Delete the profile; application and environment stay."""
        del self._profiles[key]
        self._profiles.setdefault((key[0], key[1], ""), None)

    def undeploy(self, key: Key) -> None:
        """Leave the profile without a deployment."""
        self._keep(key)
        self._profiles[key] = None

    def _keep(self, key: Key) -> None:
        if current := self._profiles.get(key):
            self._earlier.setdefault(key, []).append(current)

    def resource(self, operation: str, params: Mapping[str, Any]) -> str:
        """Return the profile of a call, by the name that the test used."""
        if operation == "StartConfigurationSession":
            return "/".join(self._key(params))
        token = self._tokens.get(str(params.get("ConfigurationToken")))
        return "/".join(token.session.key) if token else ""

    def response_lost(self, params: Mapping[str, Any]) -> None:
        """Allow the reuse of a token whose response never reached the client."""
        if token := self._tokens.get(str(params.get("ConfigurationToken"))):
            token.response_lost = True

    def _start(self, params: Mapping[str, Any], caller: Caller) -> Response:
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
        self._sessions += 1
        token = self._issue(Session(key, seconds, self._sessions, seconds))
        return json_response({"InitialConfigurationToken": token}, 201, self.protocol)

    def _latest(self, params: Mapping[str, Any], caller: Caller) -> Response:
        checked(self._account, "GetLatestConfiguration", params, {"ConfigurationToken": str})
        text = params.get("ConfigurationToken", "")
        token = self._tokens.get(text)
        outcome = ""
        try:
            if not re.fullmatch(r"\S{1,8192}", text):
                message = "ConfigurationToken is outside 1 to 8192 characters"
                raise self._account.blame(bad_request(message))
            if token is None:
                raise self._account.blame(bad_request("Token not valid", "Corrupted"))
            response, outcome = self._response(token, caller)
        except Refusal as refusal:
            outcome = problem_of(refusal)
            raise
        finally:
            issued = (0, 0) if token is None else (token.number, token.session.number)
            self.ledger.append(Use(self._account.now(), caller.access_key, *issued, outcome))
        return response

    def _response(self, token: Token, caller: Caller) -> tuple[Response, str]:
        session, now = token.session, self._account.now()
        self._refuse(token, caller)
        advertised = self.next_poll_interval_seconds or session.interval_seconds
        deployed = self._find(session.key, "GetLatestConfiguration")
        token.spent = True
        session.polled_at = now
        session.announced_seconds = advertised
        changed = deployed.number != session.seen_number
        session.seen_number = deployed.number
        headers = {
            "Next-Poll-Configuration-Token": self._issue(session),
            "Next-Poll-Interval-In-Seconds": str(advertised),
            "Content-Type": deployed.content_type if changed else "application/octet-stream",
        }
        if self.next_poll_interval_text is not None:
            session.announced_seconds = session.interval_seconds
            headers["Next-Poll-Interval-In-Seconds"] = self.next_poll_interval_text
            if not self.next_poll_interval_text:
                del headers["Next-Poll-Interval-In-Seconds"]
        if not changed:
            return Response(200, {**headers, "Version-Label": ""}), "unchanged"
        if deployed.label:
            headers["Version-Label"] = deployed.label
        if deployed.body:
            self.received["/".join(session.key)] += 1
        return Response(200, headers, deployed.body), "changed"

    def _refuse(self, token: Token, caller: Caller) -> None:
        session, now = token.session, self._account.now()
        if token.spent:
            refusal = bad_request("Token not valid", "Corrupted")
            raise (
                refusal
                if token.response_lost
                else self._account.blame(refusal, "(token used twice)")
            )
        if now - token.issued_at >= TOKEN_LIFETIME_SECONDS:
            raise bad_request("Token not valid", "Expired")
        self._check(caller, "GetLatestConfiguration", session.key)
        if self.enforces_interval and session.polled_at is not None:
            waited = now - session.polled_at
            if waited < session.announced_seconds:
                detail = f"({'/'.join(session.key)} after {waited:.3f} s)"
                raise self._account.blame(too_early(), detail)
            if self.raises_unannounced and waited < (self.next_poll_interval_seconds or 0):
                raise too_early()  # not the client's mistake

    def _issue(self, session: Session) -> str:
        text = base64.b64encode(os.urandom(TOKEN_BYTES)).decode()
        self._tokens[text] = Token(session, self._account.now(), len(self._tokens) + 1)
        return text

    def _key(self, params: Mapping[str, Any]) -> Key:
        names = (
            str(params.get("ApplicationIdentifier", "")),
            str(params.get("EnvironmentIdentifier", "")),
            str(params.get("ConfigurationProfileIdentifier", "")),
        )
        app, env, profile = (self._names.get(name, name) for name in names)
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
