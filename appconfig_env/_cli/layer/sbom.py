"""A layer's bill of materials as CycloneDX JSON: the zip's components, their licences and hashes.

Reproducible: it contains no time, and its serial number is derived from the zip's hash. Facts about
copied packages come from their METADATA.
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
# A library's hash covers several files; this property documents how it is computed.
HASH_OF = "appconfig-env:sha256-of"
LINES = "for each file below, in this order: its SHA-256 in hexadecimal, two spaces, its name, LF"
CHANGED = (
    "Python sources without comments, docstrings and annotations; byte code compiled from them."
)
# The abbreviations of RFC 4514.
_SHORT = {
    "commonName": "CN",
    "countryName": "C",
    "localityName": "L",
    "organizationName": "O",
    "stateOrProvinceName": "ST",
}
# A name of the SPDX list, to distinguish it from prose in METADATA.
_SPDX_ID = re.compile(r"[A-Za-z0-9.+-]+")


def bill(files: Sequence[LayerFile], zip_sha256: str) -> bytes:
    """Return the bill of materials.

    Args:
        files: all files in the zip.
        zip_sha256: the zip's hash in hexadecimal.

    Raises:
        LayerError: a file belongs to no package of the layer, or a package is not installed.
    """
    by_owner = _by_owner(files)
    certificates = [_certificate(file) for file in by_owner.pop(ANCHORS, [])]
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


def _by_owner(files: Iterable[LayerFile]) -> dict[str, list[LayerFile]]:
    """Group files by the name of their package; the trust anchors under ANCHORS."""
    metadata = str(PurePosixPath(own_metadata().name).parent)
    owners = {SCRIPT: OURS, "python/appconfig_env": OURS, metadata: OURS}
    for name in DISTRIBUTIONS:
        for path in distribution(name).files or ():
            owners[f"python/{path.parts[0]}"] = name
    by_owner: dict[str, list[LayerFile]] = {}
    for file in files:
        if file.name.startswith(ANCHORS):
            owner: str | None = ANCHORS
        else:
            owner = owners.get("/".join(PurePosixPath(file.name).parts[:2]))
        if owner is None:
            raise LayerError(
                f"{file.name} is in the layer, but belongs to none of its packages; "
                "report it as a bug of appconfig-env"
            )
        by_owner.setdefault(owner, []).append(file)
    return by_owner


def _library(name: str, files: Sequence[LayerFile]) -> dict[str, Any]:
    fields = distribution(name).metadata
    version = fields["Version"]
    purl = f"pkg:pypi/{name}@{version}"
    digests = [(file.name, hashlib.sha256(file.data).hexdigest()) for file in files]
    lines = "".join(f"{digest}  {path}\n" for path, digest in digests)
    package: dict[str, Any] = {"type": "library", "name": name, "version": version, "purl": purl}
    changed = {"pedigree": {"ancestors": [package], "notes": CHANGED}} if name != OURS else {}
    return {
        **package,
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
    # The older field has either prose or a name, like the newer one.
    for field in ("License-Expression", "License"):
        if field in fields:
            is_id = _SPDX_ID.fullmatch(fields[field])
            return [{"license": {"id" if is_id else "name": fields[field]}}]
    return []


def _certificate(file: LayerFile) -> dict[str, Any]:
    pem = file.data.decode()
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
                "name": file.name,
                "hashes": [_sha256(hashlib.sha256(file.data).hexdigest())],
            }
        ],
    }


def _distinguished(name: Any) -> tuple[str, str]:
    """Return a distinguished name as RFC 4514 text, and its common name."""
    pairs = [pair for (pair,) in reversed(name)]
    text = ",".join(f"{_SHORT[key]}={value}".replace(",", r"\,") for key, value in pairs)
    return text, dict(pairs)["commonName"]


def _time(text: object) -> str:
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(text)), UTC).isoformat()


def _sha256(digest: str) -> dict[str, str]:
    return {"alg": "SHA-256", "content": digest}
