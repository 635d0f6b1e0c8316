"""Targets that take bytes: documents of every format, JSON, trust stores."""

from __future__ import annotations

import io
import json
import math
import os
import re
import ssl
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appconfig_env._config.references import parse
from appconfig_env._content import fast_json as _json_codec
from appconfig_env._content.document import Document, DocumentError
from appconfig_env._content.parse import kind_of, text_of
from appconfig_env._content.protected import is_protected
from appconfig_env._content.strict_json import DEEPEST
from appconfig_env._content.variables import LONGEST_VARIABLE_BYTES, data_of, render
from appconfig_env._http import trust_store as trust

from .target import Target, check_message

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCES = [
    parse(text)
    for text in (
        "ssm:/shop/app?format=json",
        "ssm:/shop/app?format=dotenv",
        "ssm:/shop/app?format=yaml",
        "ssm:/shop/app?format=text",
        "ssm:/shop/app",
        "appconfig:a/b/c",
        "appconfig:a/b/c?names=keep&prefix=P_",
        "appconfig:a/b/c?env=no",
        "secretsmanager:s#a.b",
        "secretsmanager:s?as=S",
        "file:/x.json?only=A,B",
    )
]
TYPES = (
    "", "application/json", "text/x-dotenv", "application/yaml", "text/plain", "x; charset=utf-16",
)  # fmt: skip
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def documents(data: bytes) -> None:
    """A document becomes variables that any environment can hold, or an error without its content.

    JSON is parsed as the json module does, dotenv as python-dotenv does.
    """
    if len(data) < 2:
        return
    source, content_type, body = (
        SOURCES[data[0] % len(SOURCES)],
        TYPES[data[1] % len(TYPES)],
        data[2:],
    )
    document = Document(body, content_type=content_type, version="v1")
    kind = kind_of(content_type, source.resource.format)
    try:
        parsed = data_of(document, source.resource)
    except DocumentError as error:
        check_message(str(error))
        assert kind != "json" or not _is_strict_json(body)
        return
    _compare(kind, text_of(body), parsed)
    try:
        rendered = render(source, document, parsed)
    except DocumentError as error:
        check_message(str(error))
        return
    assert rendered.secret <= rendered.values.keys()
    for name, value in rendered.values.items() if source.env else ():
        assert NAME.fullmatch(name)
        assert not is_protected(name)
        assert "\0" not in value
        assert len(f"{name}={value}".encode()) <= LONGEST_VARIABLE_BYTES
        assert source.only is None or name in source.only


def _compare(kind: str, text: str, parsed: object) -> None:
    if kind == "json":
        assert repr(parsed) == repr(json.loads(text))
    elif kind == "dotenv":
        import dotenv

        theirs = dotenv.dotenv_values(stream=io.StringIO(text), interpolate=False)
        assert parsed == dict(theirs)
    elif kind == "yaml":
        json.dumps(parsed, allow_nan=False)
    elif kind == "text":
        assert parsed == text


def _is_strict_json(body: bytes) -> bool:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) != len(pairs):
            raise ValueError
        return members

    def finite(text: str) -> float:
        if math.isinf(float(text)):
            raise ValueError
        return float(text)

    def never(text: str) -> object:
        raise ValueError(text)

    try:
        text = body.removeprefix(b"\xef\xbb\xbf").decode()
        data = json.loads(text, object_pairs_hook=once, parse_float=finite, parse_constant=never)
    except (ValueError, RecursionError):
        return False
    level, depth = [data], 0
    while level := [item for item in level if isinstance(item, (dict, list))]:
        depth += 1
        level = [
            one for item in level for one in (item.values() if isinstance(item, dict) else item)
        ]
    return depth <= DEEPEST


def json_codec(data: bytes) -> None:
    """The codec decodes and rejects as the json module does, and encodes what it decoded."""
    try:
        text = data.decode("utf-8", "surrogatepass")
    except ValueError:
        return
    ours, theirs = _tried(_json_codec.loads, text), _tried(json.loads, text)
    assert repr(ours) == repr(theirs)
    if not isinstance(ours, Exception):
        written = _json_codec.dumps(ours)
        assert written == json.dumps(ours)
        assert repr(_json_codec.loads(written)) == repr(ours)


def _tried(function: Callable[[str], Any], text: str) -> object:
    try:
        return function(text)
    except RecursionError:
        return RecursionError("too deep")
    except ValueError as error:
        return error


def certificates(data: bytes) -> None:
    """No authority is trusted that OpenSSL does not find in the same file."""
    found = trust.certificates(data)
    ours, theirs = set(), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for one in found:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            context.load_verify_locations(cadata=one)
        except (ssl.SSLError, ValueError):
            continue
        ours.update(context.get_ca_certs(binary_form=True))
    if not ours:
        return
    with tempfile.NamedTemporaryFile(dir=_MEMORY) as file:
        file.write(data)
        file.flush()
        try:
            theirs.load_verify_locations(file.name)
        except ssl.SSLError:
            return  # the file ends in garbage: OpenSSL has loaded everything before it
        finally:
            known = set(theirs.get_ca_certs(binary_form=True))
        assert ours <= known


_MEMORY = "/dev/shm" if os.path.isdir("/dev/shm") else None


def _documents() -> tuple[bytes, ...]:
    """Valid documents, each for several sources and content types."""
    bodies = (
        b'{"db": {"host": "x", "port": 1.5e3, "on": true, "no": null, "list": [1, "\\u00e9"]}}',
        b"A=1\nexport B='x y' # note\nC=\"a\\nb\"\n",
        b"a: &a {x: 0x1F, y: 1.5}\nb: {<<: *a, d: 2020-01-02}\nc: !!set {q}\nd: |\n  t\n",
        b"plain text",
        b'{"flag": {"enabled": true, "limit": 10}}',
    )
    docs = [bytes([source, 0]) + bodies[min(source, 4)] for source in range(len(SOURCES))]
    docs += [bytes([4, kind]) + body for kind in range(len(TYPES)) for body in bodies[:3]]
    return tuple(docs)


def _stores() -> tuple[bytes, ...]:
    pem = Path(__file__).with_name("authority.pem").read_bytes()
    return pem, b"# a comment\n" + pem + b"\n" + pem, pem.replace(b"\n", b"\r\n")


TARGETS = (
    Target(
        "documents",
        documents,
        _documents(),
        ("\\ud800", "NaN", "1e999", "<<:", "*a", "&a", "!!int", "!!binary", "!!timestamp",
         "${A}", "$(id)", "export ", "'", "\n", "? ", "!!python/object:"),
    ),
    Target(
        "json_codec",
        json_codec,
        (b'{"a": [1, -0, 1.5e3, "\\ud83d\\ude00", null, true]}', b"[NaN, -Infinity]"),
        ("\\ud800", "NaN", "Infinity", "1e999", "\\u0000"),
    ),
    Target(
        "certificates",
        certificates,
        _stores(),
        ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----", "-----BEGIN TRUSTED"),
    ),
)  # fmt: skip
