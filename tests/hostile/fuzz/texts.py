"""Targets that take text: references, settings, URLs, the snapshot, the handoff, log lines."""

from __future__ import annotations

import json
import math
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from appconfig_env._cache import handoff as handoffs
from appconfig_env._cache import snapshot_json
from appconfig_env._cache.entry import Entry
from appconfig_env._cache.snapshot import Snapshot, fingerprint
from appconfig_env._cache.snapshot_json import SnapshotRefusedError
from appconfig_env._config.options import is_variable_name
from appconfig_env._config.references import ReferenceProblems, parse, parse_prefetch
from appconfig_env._config.settings import AWS_PREFIX, KNOWN, PREFIX, from_environ
from appconfig_env._content.document import Document
from appconfig_env._http import percent as _percent
from appconfig_env._http.url import Url
from appconfig_env._wrapper.log import StartLog
from appconfig_env.errors import Failure, SettingsError

from .target import Target, check_message, text_of


def references(data: bytes) -> None:
    """A reference becomes a source whose text parses to the same source, or an error."""
    text = text_of(data)
    for variable in ("", "NAME"):
        try:
            source = parse(text, variable)
        except ReferenceProblems as error:
            check_message(str(error), LONGEST_PROBLEM + 150 * len(text))
            continue
        again = parse(source.reference, variable)
        same = (source, source.reference, source.identity)
        assert (again, again.reference, again.identity) == same
        assert (again.default, again.key, again.only) == (source.default, source.key, source.only)
        check_message(
            source.public_reference + repr(source) + source.identity, 50 * len(text) + 200
        )
        assert "default=" not in source.identity.partition("?")[2].partition("#")[0]
        assert source.reference.isascii()
    try:
        source = parse_prefetch(text)
    except ReferenceProblems as error:
        check_message(str(error))
    else:
        assert parse(source.reference) == source


LONGEST_PROBLEM = 2000


def settings(data: bytes) -> None:
    """Any environment becomes settings, the same each time, or problems that name the variable."""
    items = (item.partition("=") for item in text_of(data).split("\0"))
    environ = {name: value for name, equals, value in items if name and equals}
    try:
        found = from_environ(environ)
    except SettingsError as error:
        for problem in error.problems:
            check_message(problem, LONGEST_PROBLEM + 20 * len(data))
            assert problem.startswith((*map(_shown, environ), "AP", "AWS_")), problem
        return
    assert from_environ(dict(environ)).identity() == found.identity()
    assert len(fingerprint(found)) == 64
    for sources in found.resources().values():
        assert 0 <= found.interval(sources) < math.inf
    assert 0 < found.deadline_seconds < math.inf
    assert found.snapshot_path.startswith("/")


def _shown(name: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in name)


def urls(data: bytes) -> None:
    """An accepted URL is one to urllib too; any text survives percent-encoding."""
    text = text_of(data)
    try:
        found = Url(text)
    except ValueError as error:
        check_message(str(error))
    else:
        try:
            theirs = urlsplit(text)
        except ValueError:
            assert {"[", "]"} & {*text}  # which urllib accepts only around an IPv6 address
            return
        assert (found.scheme, found.host.lower()) == (
            theirs.scheme,
            (theirs.hostname or "").lower(),
        )
        assert 0 <= found.port < 65536
        assert found.path == theirs.path
        assert "@" not in repr(found).partition("://")[2].partition("/")[0]
    try:
        decoded = _percent.decode(text)
    except ValueError:  # a UnicodeError is one too
        return
    if "%" in text:
        assert decoded.encode() == unquote_to_bytes(text)
        assert _percent.decode(_percent.encode(decoded)) == decoded


SETTINGS = from_environ(
    {
        "APPCONFIG_ENV_SOURCES": "appconfig:a/b/c ssm:/p/ file:/x.env",
        "S": "secretsmanager:s#k",
        "T": "ssm:/t?default=d",
    }
)


def snapshot(data: bytes) -> None:
    """A snapshot is refused, or written back as what was read, without what is secret."""
    for with_secrets in (False, True):
        try:
            found = snapshot_json.loads(data, with_secrets=with_secrets)
        except SnapshotRefusedError as error:
            check_message(str(error))
            continue
        resources = SETTINGS.resources()
        whole = snapshot_json.dumps(found, resources, with_secrets=True)
        again = snapshot_json.loads(whole, with_secrets=True)
        assert snapshot_json.dumps(again, resources, with_secrets=True) == whole
        public = snapshot_json.loads(snapshot_json.dumps(found, resources))
        for text, entry in public.entries.items():
            assert not entry.is_secret or entry.document is None
            assert entry.is_secret == found.entries[text].is_secret
        for one in (found, found.complete(), found.without_tokens(), public):
            _use(one)


def _use(found: Snapshot) -> None:
    for name, value in found.values(SETTINGS).items():
        assert isinstance(name, str)
        assert isinstance(value, str)
    assert all(str(error) for error in found.missing(SETTINGS))
    for text, entry in found.entries.items():
        assert isinstance(text, str)
        assert not math.isnan(entry.refresh_at + entry.checked_at)
        entry.is_stale(1e9)
        for sources in SETTINGS.resources().values():
            rendering = entry._with(failure=entry.failure).rendering(sources)
            for reason in rendering.reasons:
                check_message(str(reason))


def handoff(data: bytes) -> None:
    """Text that the wrapper did not write is ignored; what it wrote survives a round trip."""
    found = handoffs.loads(text_of(data))
    if found is None:
        return
    again = handoffs.loads(handoffs.dumps(found))
    assert again is not None
    assert (again.process, again.taken_at) == (found.process, found.taken_at)
    assert (again.references, again.configured) == (found.references, found.configured)
    assert (again.background is None) == (found.background is None)
    assert math.isfinite(found.taken_at)


def log_lines(data: bytes) -> None:
    """A message is logged as one line without control characters, whatever it contains."""
    message = text_of(data)
    lines: list[str] = []
    StartLog({}, lines.append).write("error", message)
    StartLog({"AWS_LAMBDA_LOG_FORMAT": "JSON"}, lines.append).write("error", message)
    for line in lines:
        assert line.isprintable()
    assert len(json.loads(lines[1])["message"]) == len(message)


def _environ(**variables: str) -> bytes:
    return "\0".join(f"{name}={value}" for name, value in variables.items()).encode()


def _written() -> tuple[bytes, ...]:
    about: dict[str, Any] = {
        "checked_at": 1.0,
        "refresh_at": 2.0,
        "fetched_at": 1.0,
        "revision": 3,
        "confirmed": 3,
        "version": "1",
    }
    failure = Failure("denied", "GetParameters failed", "allow it", operation="GetParameters")
    profile = Document(b'{"a": {"b": 1}}', content_type="application/json", name="c", version="1")
    binary = Document(b"\xff\xfe", version="1")
    path = Document(parameters={"a": "1", "b/c": "2"}, version="1")
    mixed = Document(parameters={"a": "s3"}, secret_parameters=frozenset({"a"}), version="1")
    secret = Document(b'{"k": "v"}', secret=True, version="1", name="s")
    public = {
        "appconfig:a/b/c": Entry(document=profile, token="t", **about),
        "ssm:/p/": Entry(document=path, failures=1, failure=failure, **about),
        "ssm:/t": Entry(checked_at=1.0, refresh_at=2.0, failures=1, failure=failure),
        "file:/x.env": Entry(document=binary, **about),
    }
    private = {
        "secretsmanager:s": Entry(document=secret, is_secret=True, **about),
        "ssm:/p/": Entry(document=mixed, is_secret=True, **about),
    }
    resources = SETTINGS.resources()
    return (
        snapshot_json.dumps(Snapshot(1.0, "f" * 64, {}), resources),
        snapshot_json.dumps(Snapshot(1.0, "f" * 64, public), resources),
        snapshot_json.dumps(Snapshot(1.0, "f" * 64, public | private), resources),
        snapshot_json.dumps(
            Snapshot(1.0, "f" * 64, public | private), resources, with_secrets=True
        ),
    )


_OPTIONS = (
    "prefix=", "names=keep", "names=upper", "join=__", "as=", "env=no", "only=", "optional",
    "default=", "recursive=no", "format=json", "format=dotenv", "format=yaml", "format=text",
    "format=binary", "stage=", "version=", "ttl=",
)  # fmt: skip
SNAPSHOT_WORDS = (
    '"body"', '"base64"', '"parameters"', '"secret"', '"digest"', '"documents"', "\n", "1e400",
    "NaN", "true", "[",
)  # fmt: skip
_SCHEMES = ("appconfig:", "ssm:/", "secretsmanager:", "file:/", "arn:aws:ssm:r:1:parameter/")

TARGETS = (
    Target(
        "references",
        references,
        (
            b"appconfig:app/env/profile?prefix=A_&only=A_B,A_C#db.host",
            b"ssm:/shop/prod/?recursive=no&names=keep",
            b"ssm:/x:3?default=a%20b&ttl=5m#k%2Ev",
            b"ssm:/x#k%2Ev?ttl=5m&default=a%23b",
            b"secretsmanager:arn:aws:secretsmanager:eu-west-1:1:secret:a-AbCdEf?stage=S#p",
            b"secretsmanager:arn:aws:secretsmanager:eu-west-1:1:secret:a-AbCdEf:p:S:1-2?as=A",
            b"file:/etc/x.env?format=dotenv&env=no&optional",
            b"/applications/a/environments/b/configurations/c",
            b"a:b:c%3A",
        ),
        (*_OPTIONS, *_SCHEMES, "%2F", "%00", "&", "?", "#", ".", "/applications/"),
    ),
    Target(
        "settings",
        settings,
        (
            _environ(
                APPCONFIG_ENV_SOURCES="ssm:/a/ appconfig:a/b/c",
                X="ssm:/x?default=1",
                AWS_REGION="eu-west-1",
            ),
            _environ(
                AWS_APPCONFIG_EXTENSION_PREFETCH_LIST="a:b:c,d:e:f",
                APP_PARAMS_PATH="p",
                APP_ENV="e",
                AWS_APPCONFIG_EXTENSION_PROXY_HEADERS="a: b, c: d",
                AWS_ENDPOINT_URL="http://127.0.0.1:1/x",
            ),
            _environ(
                APPCONFIG_ENV_DEADLINE_SECONDS="3s",
                AWS_APPCONFIG_EXTENSION_POLL_TIMEOUT_MILLIS="300ms",
                SSM_PARAMETER_STORE_TTL="5m",
                APPCONFIG_ENV_TYPO="1",
            ),
        ),
        (
            *(PREFIX + name + "=" for name in KNOWN),
            *(AWS_PREFIX + name + "=" for name in ("POLL_INTERVAL_SECONDS", "MAX_CONNECTIONS")),
            "APP_PARAMS_PATH=", "AWS_USE_FIPS_ENDPOINT=true", *_SCHEMES,
        ),
    ),
    Target(
        "urls",
        urls,
        (b"https://u:p%40@host.example:8443/a/b?c=d", b"http://[::1]:80/", b"%41%C3%A9"),
        ("http://", "https://", "@", "[", "]", ":65535"),
    ),
    Target("snapshot", snapshot, _written(), SNAPSHOT_WORDS),
    Target(
        "handoff",
        handoff,
        (
            b'{"process":1,"taken_at":1.5,"references":{"A":"ssm:/a"},"configured":["B"]}',
            b'{"process":1,"taken_at":1,"references":{},"configured":[],"background":[7,8,9]}',
        ),
        ('"background"', "NaN", "Infinity", "1e999"),
    ),
    Target("log_lines", log_lines, (b"ssm:/x: bad JSON", b"\x1b[31m\xc2\x9b\xe2\x80\xae\n"), ()),
)  # fmt: skip
assert is_variable_name("NAME")
