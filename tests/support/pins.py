"""Reads requirements/*.txt: third-party packages, each version with its hashes."""

from __future__ import annotations

import re
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from .paths import ROOT

FOLDER = ROOT / "requirements"


class Pin(NamedTuple):
    """One requirement of a *.txt, which may appear twice with different markers.

    Attributes:
        name: normalized: lower case and `-`.
        version: the only accepted version.
        marker: the environments that need it; empty for all.
        hashes: `sha256:` and hexadecimal digits.
        because: the packages that require it, from the comment.
        text: the requirement's lines in the file.
    """

    name: str
    version: str
    marker: str
    hashes: frozenset[str]
    because: frozenset[str]
    text: str


def pins(name: str) -> list[Pin]:
    """The pins of requirements/NAME.txt."""
    text = (FOLDER / f"{name}.txt").read_text()
    return [_pin(block) for block in re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]]


def _pin(block: str) -> Pin:
    first = block.partition("\n")[0].removesuffix(" \\")
    requirement = Requirement(first)
    (specifier,) = requirement.specifier
    if specifier.operator != "==" or "*" in specifier.version or requirement.url:
        raise ValueError(f"expected name==version, got {first!r}")
    comments = [line.strip(" #") for line in block.splitlines() if line.startswith("    #")]
    return Pin(
        canonicalize_name(requirement.name),
        specifier.version,
        str(requirement.marker or ""),
        frozenset(re.findall(r"--hash=(\S+)", block)),
        frozenset(line.removeprefix("via ") for line in comments if line != "via"),
        block,
    )


def requirements_of(locked: str, package: str, *, alone: bool = False) -> str:
    """One package of requirements/LOCKED.txt, as the text of a requirements file for pip.

    Args:
        locked: as in `pins`.
        package: `name==version`.
        alone: without its dependencies.

    Raises:
        ValueError: the file does not contain this version.
    """
    every = pins(locked)
    if package not in {f"{pin.name}=={pin.version}" for pin in every}:
        raise ValueError(f"requirements/{locked}.txt does not contain {package}; run make lock")
    names: set[str] = {package.partition("==")[0]}
    while not alone and (more := {pin.name for pin in every if pin.because & names} - names):
        names |= more
    return "--only-binary :all:\n" + "".join(pin.text for pin in every if pin.name in names)


def requirements(name: str) -> dict[NormalizedName, Requirement]:
    """The requirements of requirements/NAME.in and the files it includes, by name."""
    found: dict[NormalizedName, Requirement] = {}
    for line in (FOLDER / f"{name}.in").read_text().splitlines():
        words = re.sub(r"(^|\s)#.*", "", line).strip()
        if words.startswith("-r "):
            found |= requirements(words.removeprefix("-r ").removesuffix(".in"))
        elif words:
            requirement = Requirement(words)
            found[canonicalize_name(requirement.name)] = requirement
    return found
