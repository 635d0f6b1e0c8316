"""AWS's own roots as a directory in which OpenSSL finds one without reading the others."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

from ..._http.trust_store import certificates

if TYPE_CHECKING:
    from collections.abc import Iterator

# SHA-256 of their public keys, as Amazon publishes them (https://www.amazontrust.com/repository/).
# A store that was tampered with brings no other root into a layer, whatever it is called.
AMAZONS = frozenset(
    {
        "fbe3018031f9586bcbf41727e417b7d1c45c2f47f93be372a17b96b50757d5a2",  # Amazon Root CA 1
        "7f4296fc5b6a4e3b35d3c369623e364ab1af381d8fa7121533c9d6c633ea2461",  # Amazon Root CA 2
        "36abc32656acfc645c61b71613c4bf21c787f5cabbee48348d58597803d7abc9",  # Amazon Root CA 3
        "f7ecded5c66047d28ed6466b543c40e0743abe81d109254dcf845d4c2c7853c5",  # Amazon Root CA 4
        "2b071c59a0a0ae76b0eadb2bad23bad4580b69c3601b630c2eaf0613afa83f92",  # Starfield Services
    }
)
# Universal tags of the strings that OpenSSL brings into one form.
_STRINGS = {0x0C: "utf-8", 0x13: "ascii", 0x14: "latin-1", 0x16: "ascii", 0x1E: "utf-16-be"}
_UTF8_STRING, _SEQUENCE, _SET, _VERSION = 0x0C, 0x30, 0x31, 0xA0


def roots(store: bytes | None = None) -> dict[str, bytes]:
    """The certificates of Amazon's roots in PEM, by the name of their file.

    Args:
        store: a PEM file; by default botocore's, so that a layer is the same wherever it is built.
    """
    if store is None:
        import botocore  # 10 ms that no other command pays

        store = (Path(botocore.__file__).parent / "cacert.pem").read_bytes()
    found: dict[str, bytes] = {}
    for certificate in certificates(store):
        if public_key_sha256(certificate) in AMAZONS:
            name = subject_hash(certificate)
            number = sum(known.startswith(name) for known in found)
            found[f"{name}.{number}"] = _pem(certificate)
    return found


def subject_hash(certificate: bytes) -> str:
    """The name by which OpenSSL looks a certificate up: eight hexadecimal digits of its subject.

    Source: OpenSSL, X509_NAME_hash and x509_name_canon: SHA-1 of the name's sets, in which every
    string is UTF-8, its ASCII in lower case, without white space around it or twice inside.

    Args:
        certificate: in DER.
    """
    _, subject = _fields(certificate)[4]
    canonical = b"".join(_element(_SET, _canonical_set(inner)) for _, inner in _parts(subject))
    digest = hashlib.sha1(canonical, usedforsecurity=False).digest()
    return f"{int.from_bytes(digest[:4], 'little'):08x}"


def public_key_sha256(certificate: bytes) -> str:
    """What an authority is known by: its key and the key's algorithm, hashed.

    Args:
        certificate: in DER.
    """
    return hashlib.sha256(_element(*_fields(certificate)[5])).hexdigest()


def _fields(certificate: bytes) -> list[tuple[int, bytes]]:
    """Serial number, algorithm, issuer, validity, subject, public key; then what is optional."""
    (whole,) = _parts(certificate)
    to_be_signed = next(_parts(whole[1]))
    return [field for field in _parts(to_be_signed[1]) if field[0] != _VERSION]


def _canonical_set(inner: bytes) -> bytes:
    found = []
    for _, pair in _parts(inner):
        (kind_tag, kind), (tag, value) = _parts(pair)
        if tag in _STRINGS:
            text = value.decode(_STRINGS[tag]).encode()
            # Of ASCII alone, as bytes have it.
            tag, value = _UTF8_STRING, b" ".join(text.split()).lower()
        found.append(_element(_SEQUENCE, _element(kind_tag, kind) + _element(tag, value)))
    return b"".join(found)


def _parts(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The elements that stand one after another in DER, each as its tag and what is in it."""
    while data:
        tag, length, start = data[0], data[1], 2
        if length >= 0x80:
            start += length & 0x7F
            length = int.from_bytes(data[2:start], "big")
        yield tag, data[start : start + length]
        data = data[start + length :]


def _element(tag: int, inner: bytes) -> bytes:
    length = len(inner)
    if length < 0x80:
        return bytes((tag, length)) + inner
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(size))) + size + inner


def _pem(certificate: bytes) -> bytes:
    lines = wrap(b64encode(certificate).decode(), 64)
    return "\n".join(
        ["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""]
    ).encode()
