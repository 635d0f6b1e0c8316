"""One environment's plain settings as typed values, and all that is wrong with them; pure."""

from __future__ import annotations

from .options import seconds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

LOG_LEVELS = ("trace", "debug", "info", "warn", "error", "fatal", "none")
_WORDS = {
    "yes": True, "on": True, "true": True, "1": True,
    "no": False, "off": False, "false": False, "0": False,
}  # fmt: skip


class Reader:
    """Reads settings by name; an empty variable counts as one that is not set.

    Attributes:
        environ: the environment.
        problems: what is wrong with it: a name, what was wanted and what was there, each.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.problems: list[str] = []

    def refuse(self, name: str, wanted: str) -> None:
        """Note that the variable `name` does not say what was wanted."""
        self.problems.append(f"{name}: want {wanted}, got {self.environ.get(name, '')!r}")

    def text(self, name: str) -> str:
        """The variable's text."""
        return self.environ.get(name, "")

    def seconds(self, name: str, default: float, *, is_zero_fine: bool = True) -> float:
        """A duration such as `45`, `45s`, `5m` or `1h`, in seconds."""
        raw = self.text(name)
        if not raw:
            return default
        try:
            value = seconds(raw)
        except ValueError:
            value = -1.0
        if value < 0 or (value == 0 and not is_zero_fine):
            more = "" if is_zero_fine else "more than 0 "
            self.refuse(name, f"{more}seconds (45, 45s, 5m, 1h)")
            return default
        return value

    def millis(self, name: str, default: float) -> float:
        """A duration such as `3000`, `300ms` or `5s`, in milliseconds."""
        raw = self.text(name).lower()
        if not raw:
            return default
        number, factor = raw.removesuffix("ms"), 1.0
        if number == raw and raw[-1] in "smh":
            factor = 1000.0
        try:
            value = seconds(number) * factor
        except ValueError:
            value = 0.0
        if value <= 0 or (number != raw and number[-1] in "smh"):  # as in 5sms
            self.refuse(name, "milliseconds (3000, 300ms, 5s)")
            return default
        return value

    def yes_no(self, name: str, *, default: bool) -> bool:
        """Whether the variable says `yes`, `on`, `true` or `1`."""
        raw = self.text(name)
        value = _WORDS.get(raw.lower()) if raw else default
        if value is None:
            self.refuse(name, "yes or no (or on, off)")
            return default
        return value

    def one_of(self, name: str, *allowed: str) -> str:
        """One of the words `allowed`; the first one where the variable is not set."""
        value = self.text(name).lower() or allowed[0]
        if value not in allowed:
            self.refuse(name, " or ".join(allowed))
            return allowed[0]
        return value

    def log_level(self, name: str) -> str:
        """One of LOG_LEVELS, in any case; `warning` is `warn`."""
        level = self.text(name).lower() or "info"
        level = "warn" if level == "warning" else level
        if level not in LOG_LEVELS:
            self.refuse(name, f"one of {', '.join(LOG_LEVELS)}")
            return "info"
        return level

    def absolute_path(self, name: str, default: str) -> str:
        """A path that starts with a slash."""
        path = self.text(name) or default
        if not path.startswith("/"):
            self.refuse(name, "an absolute path")
            return default
        return path
