"""Figures as a table for people or as JSON for programs, with the machine they come from."""

from __future__ import annotations

import json
import os
import platform
import ssl
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from . import page

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .figures import Figure
    from .page import Section

PACKAGES = ("appconfig-env", "boto3", "botocore", "aws-lambda-powertools", "awslambdaric")


def machine() -> dict[str, str]:
    """What the figures depend on."""
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "tls": ssl.OPENSSL_VERSION,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processors": f"{os.cpu_count()} x {_processor()}",
        "load": f"{os.getloadavg()[0]:.2f} before the run (what else runs here is in the figures)",
        **{name: _version(name) for name in PACKAGES},
    }


def as_text(
    figures: Sequence[Figure], about: dict[str, str], sections: Iterable[Section] = ()
) -> str:
    """The tables."""
    lines = [f"{name}: {said}" for name, said in about.items()]
    for section in sections:
        lines += ["", page.as_text(section)]
    if not figures:
        return "\n".join(lines)
    width = max(len(figure.name) for figure in figures)
    lines += ["", f"{'':{width}}  {'median':>12}  {'best':>8}  {'quartiles':>19}  target"]
    for figure in figures:
        value = f"{_number(figure.value, figure.unit)} {figure.unit:2}"
        best = "" if figure.best is None else _number(figure.best, figure.unit)
        spread = " to ".join(_number(one, figure.unit) for one in figure.spread or ())
        lines.append(
            f"{figure.name:{width}}  {value:>12}  {best:>8}  {spread:>19}  {_verdict(figure)}"
        )
    missed = [figure.name for figure in figures if figure.is_met is False]
    lines += ["", f"Targets missed: {'; '.join(missed)}" if missed else "All targets are met."]
    return "\n".join(line.rstrip() for line in lines)


def as_json(
    figures: Iterable[Figure], about: dict[str, str], sections: Iterable[Section] = ()
) -> str:
    """The same as one object."""
    found = {
        "machine": about,
        "figures": [{**figure._asdict(), "is_met": figure.is_met} for figure in figures],
        "sections": [
            {"title": one.title, "tables": [table._asdict() for table in one.tables]}
            for one in sections
        ],
    }
    return json.dumps(found, indent=2, ensure_ascii=False)


def _number(value: float, unit: str) -> str:
    return f"{value:.3f}" if unit == "µs" else f"{value:.2f}" if unit else f"{value:.0f}"


def _verdict(figure: Figure) -> str:
    if figure.target is None:
        return ""
    bound = "at least" if figure.at_least else "at most"
    return f"{bound} {figure.target:g} {figure.unit}: {'met' if figure.is_met else 'MISSED'}"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed here"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
