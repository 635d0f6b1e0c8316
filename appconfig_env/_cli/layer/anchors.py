"""Amazon's root certificates as a directory from which OpenSSL reads only the one it needs."""

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
# A manipulated store cannot add another root to a layer, whatever its name.
PUBLIC_KEYS = frozenset(
    {
        "fbe3018031f9586bcbf41727e417b7d1c45c2f47f93be372a17b96b50757d5a2",  # Amazon Root CA 1
        "7f4296fc5b6a4e3b35d3c369623e364ab1af381d8fa7121533c9d6c633ea2461",  # Amazon Root CA 2
        "36abc32656acfc645c61b71613c4bf21c787f5cabbee48348d58597803d7abc9",  # Amazon Root CA 3
        "f7ecded5c66047d28ed6466b543c40e0743abe81d109254dcf845d4c2c7853c5",  # Amazon Root CA 4
        "2b071c59a0a0ae76b0eadb2bad23bad4580b69c3601b630c2eaf0613afa83f92",  # Starfield Services
    }
)
# Universal tags of the string types that OpenSSL canonicalizes.
_STRINGS = {0x0C: "utf-8", 0x13: "ascii", 0x14: "latin-1", 0x16: "ascii", 0x1E: "utf-16-be"}
_UTF8_STRING, _SEQUENCE, _SET, _VERSION = 0x0C, 0x30, 0x31, 0xA0


def roots(store: bytes | None = None) -> dict[str, bytes]:
    """Return the certificates of Amazon's roots in PEM, by file name.

    Args:
        store: a PEM file; by default botocore's, so that a layer is the same on every machine.
    """
    if store is None:
        import botocore  # 10 ms that no other command pays

        store = (Path(botocore.__file__).parent / "cacert.pem").read_bytes()
    files: dict[str, bytes] = {}
    for certificate in certificates(store):
        if public_key_sha256(certificate) in PUBLIC_KEYS:
            name = subject_hash(certificate)
            number = sum(file.startswith(name) for file in files)
            files[f"{name}.{number}"] = _pem(certificate)
    return files


def subject_hash(certificate: bytes) -> str:
    """Return the name by which OpenSSL looks up a certificate: a hash of its subject.

    Source: OpenSSL, X509_NAME_hash and x509_name_canon: SHA-1 of the name's sets, in which every
    string is UTF-8, its ASCII letters in lower case, white space stripped and collapsed.

    Args:
        certificate: in DER.
    """
    _, subject = _fields(certificate)[4]
    canonical = b"".join(_element(_SET, _canonical_set(inner)) for _, inner in _parts(subject))
    digest = hashlib.sha1(canonical, usedforsecurity=False).digest()
    return f"{int.from_bytes(digest[:4], 'little'):08x}"


def public_key_sha256(certificate: bytes) -> str:
    """Return the hash that identifies an authority: SHA-256 of its key and the key's algorithm.

    Args:
        certificate: in DER.
    """
    return hashlib.sha256(_element(*_fields(certificate)[5])).hexdigest()


def _fields(certificate: bytes) -> list[tuple[int, bytes]]:
    """Serial number, algorithm, issuer, validity, subject, public key; then optional fields."""
    (whole,) = _parts(certificate)
    to_be_signed = next(_parts(whole[1]))
    return [field for field in _parts(to_be_signed[1]) if field[0] != _VERSION]


def _canonical_set(inner: bytes) -> bytes:
    pairs = []
    for _, pair in _parts(inner):
        (kind_tag, kind), (tag, value) = _parts(pair)
        if tag in _STRINGS:
            text = value.decode(_STRINGS[tag]).encode()
            # bytes.lower() changes only ASCII letters, as OpenSSL does.
            tag, value = _UTF8_STRING, b" ".join(text.split()).lower()
        pairs.append(_element(_SEQUENCE, _element(kind_tag, kind) + _element(tag, value)))
    return b"".join(pairs)


def _parts(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the tag and content of each element in a sequence of DER elements."""
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
