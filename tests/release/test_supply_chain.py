"""Third-party code: every version has its hash, and nothing is installed without."""

from __future__ import annotations

import json
import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from ..support.pins import FOLDER, Pin, pins, requirements, requirements_of
from ..support.rie import RUNTIME_CLIENT

ROOT = FOLDER.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCKED = sorted(path.stem for path in FOLDER.glob("*.txt"))
WRITTEN = sorted(path.stem for path in FOLDER.glob("*.in"))
# Only included by others: part of dev and floors.
PARTS = {"tests"}


def declared() -> list[Requirement]:
    """The dependencies and extras of pyproject.toml."""
    extras = PROJECT["optional-dependencies"].values()
    every = [*PROJECT["dependencies"], *(one for extra in extras for one in extra)]
    return [Requirement(one) for one in every]


def test_every_environment_has_a_source_list_and_a_locked_list() -> None:
    assert LOCKED == [
        "build", "deploying", "dev", "docs", "floors", "fuzz", "lock", "pip", "pythons", "runtime",
        "sam",
    ]  # fmt: skip
    assert set(WRITTEN) - PARTS == set(LOCKED) - {"floors"}  # whose source list is pyproject.toml


@pytest.mark.parametrize("name", LOCKED)
def test_every_requirement_is_one_version_with_its_hashes(name: str) -> None:
    for pin in pins(name):  # which rejects a pin without a single version
        assert pin.hashes, pin.name
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", one) for one in pin.hashes), pin.name


@pytest.mark.parametrize("name", LOCKED)
def test_a_locked_list_contains_only_pins_and_allows_only_wheels(name: str) -> None:
    lines = (FOLDER / f"{name}.txt").read_text().splitlines()
    others = [line for line in lines if not re.match(r"[A-Za-z0-9]|    (--hash=|# )|#", line)]

    assert [line for line in others if line] == ["--only-binary :all:"]
    assert not [line for line in lines if "://" in line or re.search(r"[ =@]/", line)]


@pytest.mark.parametrize("name", sorted(set(WRITTEN) - PARTS))
def test_the_locked_list_matches_its_source_list(name: str) -> None:
    required, locked = requirements(name), by_name(name)

    assert {one for one, of in locked.items() if is_required(of)} == set(required)
    for requirement in required.values():
        for pin in locked[canonicalize_name(requirement.name)]:
            assert pin.version in requirement.specifier, pin.name


@pytest.mark.parametrize("name", LOCKED)
def test_every_locked_package_is_required_by_another_locked_one(name: str) -> None:
    locked = by_name(name)

    for pin in pins(name):
        for why in pin.because:
            assert why.startswith(("-", "appconfig-env ")) or canonicalize_name(why) in locked, pin
        assert pin.because - {"-c requirements/dev.txt"}, pin


@pytest.mark.parametrize("name", ["runtime", "build", "fuzz", "pythons"])
def test_environments_shared_with_the_tests_have_the_same_versions(name: str) -> None:
    dev = by_name("dev")
    shared = [pin for pin in pins(name) if pin.name in dev]

    assert len(shared) > 2
    for pin in shared:
        assert pin.hashes in [one.hashes for one in dev[pin.name]], pin.name


def test_the_floors_are_the_lowest_versions_in_pyproject() -> None:
    direct = {
        (pin.name, pin.version) for pin in pins("floors") if "appconfig-env" in str(pin.because)
    }

    assert direct == {(canonicalize_name(one.name), floor(one)) for one in declared()}


def floor(requirement: Requirement) -> str:
    (specifier,) = requirement.specifier
    assert specifier.operator == ">=", f"expected name>=version, got {requirement}"
    return specifier.version


def test_no_floor_is_higher_than_the_version_in_the_tests() -> None:
    dev = by_name("dev")

    for requirement in declared():
        for pin in dev[canonicalize_name(requirement.name)]:
            assert Version(floor(requirement)) <= Version(pin.version), pin.name


def test_the_floors_are_tested_with_the_same_tools() -> None:
    floors, dev = by_name("floors"), by_name("dev")

    for name in (*requirements("tests"), *requirements("build")):
        assert floors[name][0].hashes == dev[name][0].hashes


def by_name(name: str) -> dict[str, list[Pin]]:
    grouped: dict[str, list[Pin]] = {}
    for pin in pins(name):
        grouped.setdefault(pin.name, []).append(pin)
    return grouped


def is_required(pinned: list[Pin]) -> bool:
    return any(why.startswith("-r ") for pin in pinned for why in pin.because)


def test_make_installs_by_hash_or_without_the_network() -> None:
    text = (ROOT / "Makefile").read_text()
    variables = dict(re.findall(r"^(\w+) := (.*)$", text, re.MULTILINE))
    installs = re.findall(r"^.*\$\(PIP\).*$", text, re.MULTILINE)

    assert {"--require-hashes", "--only-binary"} <= set(variables["HASHED"].split())
    assert {"--no-index", "--no-deps", "--no-build-isolation"} <= set(variables["EDITABLE"].split())
    assert {"--no-index", "--no-deps"} <= set(variables["WHEEL"].split())
    assert len(installs) > 8
    for line in installs:
        words = line.partition("$(PIP)")[2].split()
        assert words in (["$(EDITABLE)"], ["$(WHEEL)"]) or all(
            re.fullmatch(r"\$\(HASHED\)/(\w+)\.txt", word) for word in words
        ), line
    outside = [line for line in text.splitlines() if "pip install" in line]
    assert len(outside) == 1, "the definition of PIP"


def test_make_rebuilds_an_environment_when_its_list_changes() -> None:
    text = (ROOT / "Makefile").read_text()
    rules = re.findall(r"^\$\((\w+)\): (.*)\n((?:\t.*\n)+)", text, re.MULTILINE)

    seen = set()
    for _, needs, recipe in rules:
        lists = re.findall(r"\$\(HASHED\)/(\w+)\.txt", recipe)
        assert all(f"requirements/{one}.txt" in needs for one in lists), needs
        seen |= set(lists)
    assert seen | {"pip"} == set(LOCKED)


def test_the_emulator_s_packages_and_dependencies_are_installed_by_hash() -> None:
    lines = requirements_of("dev", RUNTIME_CLIENT).splitlines()
    names = {re.split(r"[ =]", line)[0] for line in lines if re.match(r"[a-z]", line)}

    assert names == {"awslambdaric", "simplejson", "snapshot-restore-py"}
    with pytest.raises(ValueError, match=r"dev\.txt does not contain awslambdaric==0;"):
        requirements_of("dev", "awslambdaric==0")


def test_what_npm_installs_is_pinned_by_hash_and_runs_no_script() -> None:
    folder = FOLDER / "osls"
    wanted: dict[str, str] = json.loads((folder / "package.json").read_text())["dependencies"]
    locked = json.loads((folder / "package-lock.json").read_text())["packages"]
    packages = {name: one for name, one in locked.items() if name}

    assert locked[""]["dependencies"] == wanted
    for name, version in wanted.items():
        assert packages[f"node_modules/{name}"]["version"] == version
    assert len(packages) > 100
    for name, one in packages.items():
        assert re.fullmatch(r"sha512-[\w+/]{86}==", one["integrity"]), name
        assert "resolved" not in one, "from the registry that this machine uses"
    installs = re.findall(r"npm ci\b.*\\\n.*", (ROOT / "Makefile").read_text())
    assert installs
    assert all("--ignore-scripts" in one for one in installs)
