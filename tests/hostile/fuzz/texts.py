"""Targets that take text: references, settings, URLs, the snapshot, what the wrapper hands over."""

from __future__ import annotations

import json
import math
from urllib.parse import unquote_to_bytes, urlsplit

from appconfig_env._cache import handoff as _handover
from appconfig_env._cache import snapshot as _snapshot
from appconfig_env._cache.load import render_entry
from appconfig_env._config.options import is_variable_name
from appconfig_env._config.references import ReferenceProblems, parse, parse_prefetch
from appconfig_env._config.settings import AWS_PREFIX, KNOWN, PREFIX, from_environ
from appconfig_env._http import percent as _percent
from appconfig_env._http.url import Url
from appconfig_env._wrapper.log import StartLog
from appconfig_env.errors import SettingsError

from .target import Target, check_message, text_of


def references(data: bytes) -> None:
    """A reference gives a source whose text gives the same source, or says all that is wrong."""
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
    """Any environment gives settings, the same each time, or problems that name the variable."""
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
    assert len(_snapshot.fingerprint(found)) == 64
    for sources in found.resources().values():
        assert 0 <= found.interval(sources) < math.inf
    assert 0 < found.deadline_seconds < math.inf
    assert found.snapshot_path.startswith("/")


def _shown(name: str) -> str:
    return "".join(sign if sign.isprintable() else "?" for sign in name)


def urls(data: bytes) -> None:
    """What is taken for a URL is one to urllib too; any text survives percent-encoding."""
    text = text_of(data)
    try:
        found = Url(text)
    except ValueError as error:
        check_message(str(error))
    else:
        try:
            theirs = urlsplit(text)
        except ValueError:
            assert {"[", "]"} & {*text}  # which it takes nowhere but around an IPv6 address
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
    """A snapshot's text is refused, or written back as what was read, without what is secret."""
    try:
        found = _snapshot.loads(text_of(data))
    except _snapshot.SnapshotRefusedError as error:
        check_message(str(error))
        return
    whole = _snapshot.dumps(found, with_secrets=True)
    again = _snapshot.loads(whole)
    assert _snapshot.dumps(again, with_secrets=True) == whole
    public = _snapshot.loads(_snapshot.dumps(found))
    for text, entry in public.entries.items():
        assert not any(rendered.secret for rendered in entry.rendered.values())
        assert not (entry.has_data and (entry.is_secret or found.entries[text].is_secret))
    for one in (found, found.complete(), found.without_tokens(), public):
        for name, value in one.values(SETTINGS).items():
            assert isinstance(name, str)
            assert isinstance(value, str)
        assert all(str(error) for error in one.missing())
        for text, entry in one.entries.items():
            assert not math.isnan(entry.refresh_at + entry.checked_at)
            entry.is_stale(1e9)
            for sources in SETTINGS.resources().values():
                render_entry(sources, entry)
            assert isinstance(text, str)


def handoff(data: bytes) -> None:
    """What the wrapper did not write is nothing; what it wrote comes back as it was."""
    found = _handover.loads(text_of(data))
    if found is None:
        return
    again = _handover.loads(_handover.dumps(found))
    assert again is not None
    assert (again.process, again.taken_at) == (found.process, found.taken_at)
    assert (again.references, again.configured) == (found.references, found.configured)
    assert (again.left is None) == (found.left is None)
    assert math.isfinite(found.taken_at)


def log_lines(data: bytes) -> None:
    """Whatever a message holds, a line of log is one line, without signs that steer a terminal."""
    message = text_of(data)
    said: list[str] = []
    StartLog({}, said.append).write("error", message)
    StartLog({"AWS_LAMBDA_LOG_FORMAT": "JSON"}, said.append).write("error", message)
    for line in said:
        assert line.isprintable()
    assert len(json.loads(said[1])["message"]) == len(message)


def _environ(**variables: str) -> bytes:
    return "\0".join(f"{name}={value}" for name, value in variables.items()).encode()


def _written() -> tuple[bytes, ...]:
    fields = {
        "version": "1", "fetched_at": 1.0, "checked_at": 1.0, "refresh_at": 2.0, "failures": 0,
        "error": None, "values": {"S=secretsmanager:s#k": {}}, "redacted": {},
        "token": "t", "data": {"a": {"b": 1}}, "protected": {"x": ["LD_PRELOAD"]},
        "missing": [["ssm:/t", "why", True]],
    }  # fmt: skip
    secret = fields | {"secret": True, "redacted": {"S=secretsmanager:s#k": ["S"]}}
    entries = {"appconfig:a/b/c": fields, "secretsmanager:s": secret, "ssm:/p/": fields}
    whole = {"schema": 1, "fingerprint": "f" * 64, "taken_at": 1.0, "sources": entries}
    return json.dumps(whole).encode(), json.dumps(whole | {"sources": {}}).encode()


_OPTIONS = (
    "prefix=", "names=keep", "names=upper", "as=", "env=no", "only=", "optional", "default=",
    "recursive=no", "format=json", "format=dotenv", "format=yaml", "format=text", "stage=", "ttl=",
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
            b"secretsmanager:arn:aws:secretsmanager:eu-west-1:1:secret:a-AbCdEf?stage=S#p",
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
    Target("snapshot", snapshot, _written(), ('"data"', '"values"', "1e400", "NaN", "true", "[")),
    Target(
        "handoff",
        handoff,
        (
            b'{"process":1,"taken_at":1.5,"references":{"A":"ssm:/a"},"configured":["B"]}',
            b'{"process":1,"taken_at":1,"references":{},"configured":[],"left":[7,8,9]}',
        ),
        ('"left"', "NaN", "Infinity", "1e999"),
    ),
    Target("log_lines", log_lines, (b"ssm:/x: want JSON", b"\x1b[31m\xc2\x9b\xe2\x80\xae\n"), ()),
)  # fmt: skip
assert is_variable_name("NAME")
