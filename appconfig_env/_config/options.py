"""The options of a reference, `?OPTION=VALUE&...`: which there are and what each takes; pure."""

from __future__ import annotations

from .._http.percent import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

FORMATS = ("json", "dotenv", "text", "yaml")
DURATION_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}
# Ten years. More digits may be an infinite float, which no clock and no JSON file can hold.
LONGEST_SECONDS = 10 * 365 * 24 * 3600.0


def is_variable_name(name: str) -> bool:
    """Whether `name` is `[A-Za-z_][A-Za-z0-9_]*`."""
    return name.isascii() and name.isidentifier()


def seconds(text: str) -> float:
    """`45`, `45s`, `5m` or `1h` in seconds.

    Raises:
        ValueError: anything else, or more than LONGEST_SECONDS.
    """
    unit = DURATION_UNITS.get(text[-1:].lower())
    digits = text if unit is None else text[:-1]
    value = LONGEST_SECONDS + 1
    if digits.isascii() and digits.replace(".", "", 1).isdigit():
        value = round(float(digits) * (unit or 1.0), 6)
    if value > LONGEST_SECONDS:
        raise ValueError(f"want seconds (60, 60s, 5m, 1h), got {text!r}")
    return value


def decoded(text: str) -> str:
    """`text` with every %XX resolved.

    Raises:
        ValueError: it holds another %; the message holds nothing of `text`, which may be a value.
    """
    try:
        return decode(text)
    except ValueError:
        message = "want %XX (two hexadecimal digits; together UTF-8) after every %, and %25 for %"
        raise ValueError(message) from None


def read(query: str, problems: list[str]) -> dict[str, object]:
    """The options in `query` by name; what is wrong with them is added to `problems`."""
    options: dict[str, object] = {}
    for item in query.split("&"):
        name, equals, raw = item.partition("=")
        take = _OPTIONS.get(name)
        if take is None:
            # What follows a default may be a part of its value, which nobody should read.
            shown = (
                "after default, in whose value a & is %26" if "default" in options else f"{name!r}"
            )
            problems.append(f"unknown option {shown} (known: {', '.join(_OPTIONS)})")
        elif name in options:
            problems.append(f"option {name} is given twice")
        elif not equals and name != "optional":
            problems.append(f"option {name}: want {name}=VALUE")
        else:
            try:
                options[name] = take(decoded(raw) if equals else "yes")
            except ValueError as error:
                problems.append(f"option {name}: {error}")
    return options


def _yes_no(text: str) -> bool:
    if text not in ("yes", "no"):
        raise ValueError(f"want yes or no, got {text!r}")
    return text == "yes"


def _one_of(*allowed: str) -> Callable[[str], str]:
    def take(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"want {' or '.join(allowed)}, got {text!r}")
        return text

    return take


def _name(text: str) -> str:
    if not is_variable_name(text):
        raise ValueError(f"want a variable name ([A-Za-z_][A-Za-z0-9_]*), got {text!r}")
    return text


def _only(text: str) -> tuple[str, ...]:
    return tuple(_name(name) for name in text.split(","))


def _default(text: str) -> str:
    if "\0" in text:
        raise ValueError("want text without NUL, which no variable can hold")
    return text


def _stage(text: str) -> str:
    if not text or not text.isprintable():
        raise ValueError(f"want a staging label such as AWSPREVIOUS, got {text!r}")
    return text


_OPTIONS: dict[str, Callable[[str], object]] = {
    "prefix": _name,
    "names": _one_of("upper", "keep"),
    "as": _name,
    "env": _yes_no,
    "only": _only,
    "optional": _yes_no,
    "default": _default,
    "recursive": _yes_no,
    "format": _one_of(*FORMATS),
    "stage": _stage,
    "ttl": seconds,
}
