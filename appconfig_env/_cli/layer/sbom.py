"""A layer's bill of materials, as CycloneDX JSON: what is in the zip, of whom, with which hash.

The same bytes for the same zip: it holds no time, and its serial number comes from the zip's hash.
Of others' packages it knows what their METADATA says.
"""

from __future__ import annotations

import hashlib
import json
import re
import ssl
import uuid
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from .files import ANCHORS, DISTRIBUTIONS, LayerError, distribution, own_metadata

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from importlib.metadata import PackageMetadata

    from .files import LayerFile

SPECIFICATION = "1.7"
OURS = "appconfig-env"
LAYER = "appconfig-env-layer"
SCRIPT = "appconfig-env"
# A library's hash covers several files; this property says how it is made.
HASH_OF = "appconfig-env:sha256-of"
LINES = "for each file below, in this order: its SHA-256 in hexadecimal, two spaces, its name, LF"
CHANGED = "Python sources without comments, docstrings and annotations; byte code made of them."
# How RFC 4514 writes what is in a name.
_SHORT = {
    "commonName": "CN",
    "countryName": "C",
    "localityName": "L",
    "organizationName": "O",
    "stateOrProvinceName": "ST",
}
# A name of the SPDX list, where METADATA has no more than prose.
_SPDX_ID = re.compile(r"[A-Za-z0-9.+-]+")


def bill(entries: Sequence[LayerFile], zip_sha256: str) -> bytes:
    """The bill of materials.

    Args:
        entries: all that is in the zip.
        zip_sha256: of the zip, in hexadecimal.

    Raises:
        LayerError: a file belongs to nothing that the layer carries, or a package is not installed.
    """
    by_owner = _by_owner(entries)
    certificates = [_certificate(entry) for entry in by_owner.pop(ANCHORS, [])]
    libraries = [_library(name, by_owner.pop(name)) for name in (OURS, *DISTRIBUTIONS)]
    ours, *others = libraries
    layer = {
        "type": "application",
        "bom-ref": LAYER,
        "name": LAYER,
        "version": ours["version"],
        "description": "AWS Lambda layer, a zip",
        "hashes": [_sha256(zip_sha256)],
        "licenses": ours["licenses"],
    }
    parts = [one["bom-ref"] for one in (*libraries, *certificates)]
    document = {
        "$schema": f"http://cyclonedx.org/schema/bom-{SPECIFICATION}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": SPECIFICATION,
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'sha256:{zip_sha256}')}",
        "version": 1,
        "metadata": {
            "tools": {
                "components": [
                    {"type": "application", "name": f"{OURS} layer", "version": ours["version"]}
                ]
            },
            "component": layer,
        },
        "components": [*libraries, *certificates],
        "dependencies": [
            {"ref": LAYER, "dependsOn": parts},
            {"ref": ours["bom-ref"], "dependsOn": [one["bom-ref"] for one in others]},
        ],
        "compositions": [{"aggregate": "complete", "assemblies": [LAYER, *parts]}],
    }
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def _by_owner(entries: Iterable[LayerFile]) -> dict[str, list[LayerFile]]:
    """The files of each package, by its name; the trust anchors apart."""
    metadata = str(PurePosixPath(own_metadata().name).parent)
    owners = {SCRIPT: OURS, "python/appconfig_env": OURS, metadata: OURS}
    for name in DISTRIBUTIONS:
        for file in distribution(name).files or ():
            owners[f"python/{file.parts[0]}"] = name
    found: dict[str, list[LayerFile]] = {}
    for entry in entries:
        if entry.name.startswith(ANCHORS):
            owner: str | None = ANCHORS
        else:
            owner = owners.get("/".join(PurePosixPath(entry.name).parts[:2]))
        if owner is None:
            raise LayerError(f"{entry.name} is in the layer, and belongs to no package of it")
        found.setdefault(owner, []).append(entry)
    return found


def _library(name: str, entries: Sequence[LayerFile]) -> dict[str, Any]:
    fields = distribution(name).metadata
    version = fields["Version"]
    purl = f"pkg:pypi/{name}@{version}"
    digests = [(entry.name, hashlib.sha256(entry.data).hexdigest()) for entry in entries]
    lines = "".join(f"{digest}  {path}\n" for path, digest in digests)
    known: dict[str, Any] = {"type": "library", "name": name, "version": version, "purl": purl}
    changed = {"pedigree": {"ancestors": [known], "notes": CHANGED}} if name != OURS else {}
    return {
        **known,
        "bom-ref": purl,
        "hashes": [_sha256(hashlib.sha256(lines.encode()).hexdigest())],
        "licenses": _licences(fields),
        **changed,
        "components": [
            {"type": "file", "name": path, "hashes": [_sha256(digest)]} for path, digest in digests
        ],
        "properties": [{"name": HASH_OF, "value": LINES}],
    }


def _licences(fields: PackageMetadata) -> list[dict[str, Any]]:
    # The older field holds prose, or a name as the newer one does.
    for field in ("License-Expression", "License"):
        if field in fields:
            is_id = _SPDX_ID.fullmatch(fields[field])
            return [{"license": {"id" if is_id else "name": fields[field]}}]
    return []


def _certificate(entry: LayerFile) -> dict[str, Any]:
    pem = entry.data.decode()
    fingerprint = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=pem)
    (fields,) = context.get_ca_certs()
    subject, common_name = _distinguished(fields["subject"])
    return {
        "type": "cryptographic-asset",
        "bom-ref": f"sha256:{fingerprint}",
        "name": common_name,
        "cryptoProperties": {
            "assetType": "certificate",
            "certificateProperties": {
                "serialNumber": fields["serialNumber"],
                "subjectName": subject,
                "issuerName": _distinguished(fields["issuer"])[0],
                "notValidBefore": _time(fields["notBefore"]),
                "notValidAfter": _time(fields["notAfter"]),
                "certificateFormat": "X.509",
                "fingerprint": _sha256(fingerprint),
            },
        },
        "components": [
            {
                "type": "file",
                "name": entry.name,
                "hashes": [_sha256(hashlib.sha256(entry.data).hexdigest())],
            }
        ],
    }


def _distinguished(name: Any) -> tuple[str, str]:
    """A name as RFC 4514 writes it, and the common name in it."""
    pairs = [pair for (pair,) in reversed(name)]
    said = ",".join(f"{_SHORT[key]}={value}".replace(",", r"\,") for key, value in pairs)
    return said, dict(pairs)["commonName"]


def _time(said: object) -> str:
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(said)), UTC).isoformat()


def _sha256(digest: str) -> dict[str, str]:
    return {"alg": "SHA-256", "content": digest}
