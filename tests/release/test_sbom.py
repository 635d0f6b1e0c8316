"""The layer's bill of materials, compared with the official schema and the zip's contents."""

from __future__ import annotations

import hashlib
import json
import ssl
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from appconfig_env._cli import layer as _layer
from appconfig_env._cli.layer import anchors
from appconfig_env._cli.layer.files import LayerError, LayerFile, plain_files
from appconfig_env._cli.layer.sbom import bill

from ..support.paths import ROOT

if TYPE_CHECKING:
    from cyclonedx.validation.json import JsonStrictValidator

# The subject of one of Amazon's roots, as in Amazon's repository.
STARFIELD = (
    "CN=Starfield Services Root Certificate Authority - G2,"
    r"O=Starfield Technologies\, Inc.,L=Scottsdale,ST=Arizona,C=US"
)


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> _layer.Layer:
    return _layer.build(
        tmp_path_factory.mktemp("layer") / "layer.zip", pythons=[sys.executable], limit_bytes=10**7
    )


@pytest.fixture(scope="module")
def sbom(layer: _layer.Layer) -> dict[str, Any]:
    assert layer.bill is not None
    data: dict[str, Any] = json.loads(layer.bill.read_bytes())
    return data


@pytest.fixture(scope="module")
def validator() -> JsonStrictValidator:
    # Imported late: it takes 1.5 s, also in workers that only collect the tests.
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    return JsonStrictValidator(SchemaVersion.V1_7)


def libraries(sbom: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in sbom["components"] if one["type"] == "library"}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def hash_of(component: dict[str, Any]) -> str:
    (one,) = component["hashes"]
    assert one["alg"] == "SHA-256"
    return str(one["content"])


def test_it_is_cyclonedx_by_the_official_schema(
    layer: _layer.Layer, validator: JsonStrictValidator
) -> None:
    assert layer.bill is not None
    assert validator.validate_str(layer.bill.read_text()) is None


def test_the_schema_rejects_an_invalid_bill(
    sbom: dict[str, Any], validator: JsonStrictValidator
) -> None:
    wrong = {**sbom, "components": [{"type": "library"}]}

    assert validator.validate_str(json.dumps(wrong)) is not None


def test_it_is_next_to_the_zip_with_the_same_name(layer: _layer.Layer) -> None:
    assert layer.bill == layer.path.with_name("layer.cdx.json")


def test_it_lists_every_file_of_the_zip_once_with_its_hash(
    layer: _layer.Layer, sbom: dict[str, Any]
) -> None:
    listed = [
        (file["name"], hash_of(file))
        for component in sbom["components"]
        for file in component["components"]
    ]

    with zipfile.ZipFile(layer.path) as archive:
        packed = [(name, sha256(archive.read(name))) for name in archive.namelist()]
    assert sorted(listed) == packed


def test_it_identifies_the_zip_by_its_hash(layer: _layer.Layer, sbom: dict[str, Any]) -> None:
    assert hash_of(sbom["metadata"]["component"]) == sha256(layer.path.read_bytes())


def test_it_lists_each_package_with_version_and_licence(sbom: dict[str, Any]) -> None:
    licences = {
        one["purl"]: [licence["license"]["id"] for licence in one["licenses"]]
        for one in libraries(sbom).values()
    }

    version = metadata.version
    assert licences == {
        f"pkg:pypi/appconfig-env@{version('appconfig-env')}": ["Apache-2.0"],
        f"pkg:pypi/python-dotenv@{version('python-dotenv')}": ["BSD-3-Clause"],
        f"pkg:pypi/tenacity@{version('tenacity')}": ["Apache-2.0"],
    }


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("appconfig-env", "Apache-2.0"),
        ("tenacity", "Apache License"),
        ("python-dotenv", "Redistribution and use in source and binary forms"),
    ],
)
def test_the_licence_of_each_package_is_in_the_zip(
    layer: _layer.Layer, sbom: dict[str, Any], name: str, words: str
) -> None:
    files = [file["name"] for file in libraries(sbom)[name]["components"]]
    (path,) = [file for file in files if file.endswith("/LICENSE")]

    with zipfile.ZipFile(layer.path) as archive:
        assert words in archive.read(path).decode()


def test_a_package_s_hash_can_be_recomputed_from_the_bill(sbom: dict[str, Any]) -> None:
    for one in libraries(sbom).values():
        lines = "".join(f"{hash_of(file)}  {file['name']}\n" for file in one["components"])
        assert hash_of(one) == sha256(lines.encode())
        assert one["properties"][0]["name"] == "appconfig-env:sha256-of"


def test_copied_packages_are_marked_as_changed_and_ours_is_not(sbom: dict[str, Any]) -> None:
    packages = libraries(sbom)

    assert "pedigree" not in packages.pop("appconfig-env")
    for one in packages.values():
        (ancestor,) = one["pedigree"]["ancestors"]
        assert ancestor["purl"] == one["purl"]


def test_it_lists_the_trust_anchors_by_subject_and_fingerprint(
    layer: _layer.Layer, sbom: dict[str, Any]
) -> None:
    certificates = [one for one in sbom["components"] if one["type"] == "cryptographic-asset"]

    subjects = {
        one["cryptoProperties"]["certificateProperties"]["subjectName"] for one in certificates
    }
    assert subjects == {f"CN=Amazon Root CA {n},O=Amazon,C=US" for n in (1, 2, 3, 4)} | {STARFIELD}
    with zipfile.ZipFile(layer.path) as archive:
        for one in certificates:
            pem = archive.read(one["components"][0]["name"]).decode()
            fingerprint = one["cryptoProperties"]["certificateProperties"]["fingerprint"]
            assert fingerprint["content"] == sha256(ssl.PEM_cert_to_DER_cert(pem))


def test_every_reference_in_it_resolves(sbom: dict[str, Any]) -> None:
    refs = [one["bom-ref"] for one in (sbom["metadata"]["component"], *sbom["components"])]
    assert len(set(refs)) == len(refs)
    for one in sbom["dependencies"]:
        assert {one["ref"], *one["dependsOn"]} <= set(refs)
    assert set(sbom["compositions"][0]["assemblies"]) == set(refs)


def test_it_contains_neither_the_time_nor_paths_of_the_machine(
    layer: _layer.Layer, sbom: dict[str, Any]
) -> None:
    assert layer.bill is not None
    assert "timestamp" not in sbom["metadata"]
    assert str(ROOT) not in layer.bill.read_text()
    assert str(layer.path.parent) not in layer.bill.read_text()


def test_a_file_of_no_package_is_an_error() -> None:
    stray = LayerFile("python/stray/x.py", b"")

    with pytest.raises(
        LayerError, match=r"python/stray/x\.py is in the layer, but belongs to none"
    ):
        bill([*plain_files(), stray], 64 * "0")


@pytest.mark.parametrize("file", ["tenacity/retry.py", "dotenv/py.typed"])
def test_only_an_altered_file_of_the_layer_stops_the_build(file: str, tmp_path: Path) -> None:
    site = copied_site(tmp_path / "site")
    with (site / file).open("a") as stream:
        stream.write("\nimport os\n")

    output = tmp_path / "layer.zip"
    result = subprocess.run(
        [
            sys.executable,
            "-m",
            "appconfig_env._cli.layer",
            "--output",
            output,
            "--python",
            "python3",
        ],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{site}:{ROOT}", "PATH": str(Path(sys.executable).parent)},
        capture_output=True,
        text=True,
        check=False,
    )

    if file.endswith(".py"):
        assert result.returncode == 1
        assert result.stderr.startswith(
            f"appconfig-env: error: {site / file} was changed after its"
        )
        assert list(tmp_path.iterdir()) == [site]
    else:  # not part of the layer
        assert result.returncode == 0, result.stderr


def copied_site(site: Path) -> Path:
    """A copy of the layer's packages that a test can alter."""
    for name in ("tenacity", "python-dotenv"):
        for file in metadata.distribution(name).files or ():
            if ".." not in file.parts and file.suffix != ".pyc":
                path = site / file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(file.read_binary())
    return site


def test_no_other_root_is_taken_from_a_trust_store_whatever_its_name() -> None:
    real = b"".join(anchors.roots().values())
    impostor = trustme.CA(organization_name="Amazon", organization_unit_name="Amazon Root CA 1")
    store = impostor.cert_pem.bytes() + real

    assert anchors.roots(impostor.cert_pem.bytes()) == {}
    assert anchors.roots(store) == anchors.roots(real) == anchors.roots()
