"""What others wrote and we run: every version with its hash, and nothing taken without."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from ..support.pins import FOLDER, Pin, pins, requirements_of, wanted
from ..support.rie import RUNTIME_CLIENT

ROOT = FOLDER.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCKED = sorted(path.stem for path in FOLDER.glob("*.txt"))
WRITTEN = sorted(path.stem for path in FOLDER.glob("*.in"))
# Read by others alone: it is part of dev and floors.
PARTS = {"tests"}


def promised() -> list[Requirement]:
    """The dependencies and extras of pyproject.toml."""
    extras = PROJECT["optional-dependencies"].values()
    every = [*PROJECT["dependencies"], *(one for extra in extras for one in extra)]
    return [Requirement(one) for one in every]


def test_every_environment_has_a_list_by_hand_and_a_locked_one() -> None:
    assert LOCKED == ["build", "dev", "floors", "fuzz", "lock", "pip", "runtime", "sam"]
    assert set(WRITTEN) - PARTS == set(LOCKED) - {"floors"}  # which pyproject.toml is the list of


@pytest.mark.parametrize("name", LOCKED)
def test_every_requirement_is_one_version_with_its_hashes(name: str) -> None:
    for pin in pins(name):  # of which each has one version, or is refused
        assert pin.hashes, pin.name
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", one) for one in pin.hashes), pin.name


@pytest.mark.parametrize("name", LOCKED)
def test_a_locked_list_holds_nothing_else_and_takes_wheels_alone(name: str) -> None:
    lines = (FOLDER / f"{name}.txt").read_text().splitlines()
    others = [line for line in lines if not re.match(r"[A-Za-z0-9]|    (--hash=|# )|#", line)]

    assert [line for line in others if line] == ["--only-binary :all:"]
    assert not [line for line in lines if "://" in line or re.search(r"[ =@]/", line)]


@pytest.mark.parametrize("name", sorted(set(WRITTEN) - PARTS))
def test_the_locked_list_is_of_what_the_list_by_hand_asks_for(name: str) -> None:
    asked, locked = wanted(name), by_name(name)

    assert {one for one, of in locked.items() if is_asked_for(of)} == set(asked)
    for requirement in asked.values():
        for pin in locked[canonicalize_name(requirement.name)]:
            assert pin.version in requirement.specifier, pin.name


@pytest.mark.parametrize("name", LOCKED)
def test_whatever_is_locked_is_asked_for_by_something_locked(name: str) -> None:
    locked = by_name(name)

    for pin in pins(name):
        for why in pin.because:
            assert why.startswith(("-", "appconfig-env ")) or canonicalize_name(why) in locked, pin
        assert pin.because - {"-c requirements/dev.txt"}, pin


@pytest.mark.parametrize("name", ["runtime", "build", "fuzz"])
def test_environments_that_stand_on_the_tests_have_the_same_versions(name: str) -> None:
    dev = by_name("dev")
    shared = [pin for pin in pins(name) if pin.name in dev]

    assert len(shared) > 2
    for pin in shared:
        assert pin.hashes in [one.hashes for one in dev[pin.name]], pin.name


def test_the_floors_are_the_lowest_versions_that_pyproject_promises() -> None:
    direct = {
        (pin.name, pin.version) for pin in pins("floors") if "appconfig-env" in str(pin.because)
    }

    assert direct == {(canonicalize_name(one.name), floor(one)) for one in promised()}


def floor(requirement: Requirement) -> str:
    (specifier,) = requirement.specifier
    assert specifier.operator == ">=", f"want name>=version, got {requirement}"
    return specifier.version


def test_every_floor_is_no_higher_than_what_the_tests_run_with() -> None:
    dev = by_name("dev")

    for requirement in promised():
        for pin in dev[canonicalize_name(requirement.name)]:
            assert Version(floor(requirement)) <= Version(pin.version), pin.name


def test_floors_run_the_same_tests_with_the_same_tools() -> None:
    floors, dev = by_name("floors"), by_name("dev")

    for name in (*wanted("tests"), *wanted("build")):
        assert floors[name][0].hashes == dev[name][0].hashes


def by_name(name: str) -> dict[str, list[Pin]]:
    found: dict[str, list[Pin]] = {}
    for pin in pins(name):
        found.setdefault(pin.name, []).append(pin)
    return found


def is_asked_for(pinned: list[Pin]) -> bool:
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


def test_make_renews_an_environment_when_its_list_changes() -> None:
    text = (ROOT / "Makefile").read_text()
    rules = re.findall(r"^\$\((\w+)\): (.*)\n((?:\t.*\n)+)", text, re.MULTILINE)

    seen = set()
    for _, needs, recipe in rules:
        lists = re.findall(r"\$\(HASHED\)/(\w+)\.txt", recipe)
        assert all(f"requirements/{one}.txt" in needs for one in lists), needs
        seen |= set(lists)
    assert seen | {"pip"} == set(LOCKED)


def test_what_the_emulator_runs_is_taken_by_hash_with_all_it_needs() -> None:
    lines = requirements_of("dev", RUNTIME_CLIENT).splitlines()
    named = {re.split(r"[ =]", line)[0] for line in lines if re.match(r"[a-z]", line)}

    assert named == {"awslambdaric", "simplejson", "snapshot-restore-py"}
    with pytest.raises(ValueError, match=r"dev\.txt: want awslambdaric==0 in it"):
        requirements_of("dev", "awslambdaric==0")
