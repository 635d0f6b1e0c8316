"""Parses durations, in each of the forms that programs write; pure."""

from __future__ import annotations

import re

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdw])", re.ASCII)
_ISO = re.compile(
    r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", re.ASCII
)


def seconds_of(text: str) -> float | None:
    """Return a duration in seconds: `90`, `1.5s`, `1h30m`, `PT90S`, `1:30:00`; None for others."""
    text = text.strip()
    sign, digits = (-1.0, text[1:]) if text.startswith("-") else (1.0, text)
    if re.fullmatch(r"\d+(\.\d+)?", digits, re.ASCII):
        return sign * float(digits)
    parts = _PART.findall(digits)
    if parts and "".join(number + unit for number, unit in parts) == digits:
        return sign * sum(float(number) * UNITS[unit] for number, unit in parts)
    iso = _ISO.fullmatch(digits)
    if iso is not None and any(iso.groups()) and not digits.endswith("T"):
        weights = (604800, 86400, 3600, 60, 1)
        return sign * sum(float(n or 0) * w for n, w in zip(iso.groups(), weights, strict=True))
    clock = re.fullmatch(r"(\d+):([0-5]?\d)(?::([0-5]?\d(?:\.\d+)?))?", digits, re.ASCII)
    if clock is not None:
        hours, minutes, seconds = clock.groups()
        return sign * (int(hours) * 3600 + int(minutes) * 60 + float(seconds or 0))
    return None
