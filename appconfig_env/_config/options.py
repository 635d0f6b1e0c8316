"""The options of a reference, `?OPTION=VALUE&...`, and the values that each accepts; pure."""

from __future__ import annotations

from .._http.percent import decode
from .wording import alternatives, nearest_note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

FORMATS = ("json", "dotenv", "text", "yaml", "binary")
DURATION_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}
# Ten years. More digits may become an infinite float, which neither clock nor JSON can represent.
LONGEST_SECONDS = 10 * 365 * 24 * 3600.0


_WORDS = {
    "yes": True, "on": True, "true": True, "1": True,
    "no": False, "off": False, "false": False, "0": False,
}  # fmt: skip
YES_OR_NO = "yes or no (also true or false, on or off, 1 or 0)"


def yes_or_no(text: str) -> bool | None:
    """Return whether `text` is `yes`, `on`, `true` or `1`, in any case; None for any other text.

    The words of settings, options and `get(..., type=bool)`. The SDK's switches have their own:
    `true` and `false`.
    """
    return _WORDS.get(text.lower())


def is_variable_name(name: str) -> bool:
    """Whether `name` is `[A-Za-z_][A-Za-z0-9_]*`."""
    return name.isascii() and name.isidentifier()


def seconds(text: str) -> float:
    """Convert `45`, `45s`, `5m` or `1h` to seconds.

    Raises:
        ValueError: `text` is anything else, or exceeds LONGEST_SECONDS.
    """
    unit = DURATION_UNITS.get(text[-1:].lower())
    digits = text if unit is None else text[:-1]
    value = LONGEST_SECONDS + 1
    if digits.isascii() and digits.replace(".", "", 1).isdigit():
        value = round(float(digits) * (unit or 1.0), 6)
    if value > LONGEST_SECONDS:
        raise ValueError(
            f"expected a number of seconds (60, 60s, 5m, 1h), got {text!r}; correct it"
        )
    return value


def decoded(text: str) -> str:
    """Decode every %XX in `text`.

    Raises:
        ValueError: invalid percent-encoding; the message omits `text`, which may be a value.
    """
    try:
        return decode(text)
    except ValueError:
        raise ValueError(
            "invalid percent-encoding; write a literal % as %25, other characters as %XX of "
            "their UTF-8 bytes"
        ) from None


def read(query: str, problems: list[str]) -> dict[str, object]:
    """Parse the options in `query`, by name; append every error to `problems`."""
    options: dict[str, object] = {}
    for item in query.split("&"):
        name, equals, raw = item.partition("=")
        take = _OPTIONS.get(name)
        if take is None:
            # Text after a default may be part of its value, which must not be logged.
            if "default" in options:
                found, remedy = "after default=", "write a & in the default as %26"
            else:
                found = f"{name!r}" + (
                    nearest_note(name, _OPTIONS) or f" (known: {', '.join(_OPTIONS)})"
                )
                remedy = "correct its name, remove it, or write a ? in a name or key as %3F"
            problems.append(f"unknown option {found}; {remedy}")
        elif name in options:
            problems.append(f"duplicate option {name}; remove one")
        elif not equals and name != "optional":
            problems.append(f"option {name}: expected {name}=VALUE; add the value")
        else:
            try:
                options[name] = take(decoded(raw) if equals else "yes")
            except ValueError as error:
                problems.append(f"option {name}: {error}")
    return options


def _yes_no(text: str) -> bool:
    value = yes_or_no(text)
    if value is None:
        raise ValueError(f"expected {YES_OR_NO}, got {text!r}; correct it")
    return value


def _one_of(*allowed: str) -> Callable[[str], str]:
    def take(text: str) -> str:
        if text not in allowed:
            found = f"{text!r}{nearest_note(text, allowed)}"
            raise ValueError(f"expected {alternatives(allowed)}, got {found}; correct it")
        return text

    return take


def _name(text: str) -> str:
    if not is_variable_name(text):
        raise ValueError(
            f"expected a variable name ([A-Za-z_][A-Za-z0-9_]*), got {text!r}; correct it"
        )
    return text


def _join(text: str) -> str:
    if not text or not is_variable_name(f"_{text}"):
        raise ValueError(f"expected letters, digits or underscores (__), got {text!r}; correct it")
    return text


def _only(text: str) -> tuple[str, ...]:
    return tuple(_name(name) for name in text.split(","))


def _default(text: str) -> str:
    if "\0" in text:
        raise ValueError("a variable cannot hold a NUL character (%00); remove it")
    return text


def _text(expected: str) -> Callable[[str], str]:
    def take(text: str) -> str:
        if not text or not text.isprintable() or text.endswith((",", ";")):
            raise ValueError(f"expected {expected}, got {text!r}; correct it")
        return text

    return take


_OPTIONS: dict[str, Callable[[str], object]] = {
    "prefix": _name,
    "names": _one_of("upper", "keep"),
    "join": _join,
    "as": _name,
    "env": _yes_no,
    "only": _only,
    "optional": _yes_no,
    "default": _default,
    "recursive": _yes_no,
    "format": _one_of(*FORMATS),
    "stage": _text("a staging label such as AWSPREVIOUS"),
    "version": _text("a version ID"),
    "ttl": seconds,
}
