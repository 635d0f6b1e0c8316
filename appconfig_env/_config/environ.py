"""Reads plain settings from an environment as typed values, and collects errors; pure."""

from __future__ import annotations

from .options import YES_OR_NO, seconds, yes_or_no
from .wording import alternatives, nearest_note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LOG_LEVELS = ("trace", "debug", "info", "warn", "error", "fatal", "none")
DETAILED_LEVELS = ("trace", "debug")  # the levels at which each source has a line
MEMORY = "/dev/shm/"  # noqa: S108 # nosec B108 # whose files are not devices
CORRECT = "correct or unset the variable"
# What Lambda itself sets unless the function's configuration does, of the names that a source may
# set. TZ is the second one in container images.
# Sources: Lambda Developer Guide, "Defined runtime environment variables", the unreserved ones;
# aws/aws-lambda-base-images, ENV in each Dockerfile.
_OF_LAMBDA = {
    "AWS_XRAY_CONTEXT_MISSING": ("LOG_ERROR",),
    "LANG": ("en_US.UTF-8",),
    "TZ": (":UTC", ":/etc/localtime"),
}


def is_in_lambda(environ: Mapping[str, str]) -> bool:
    """Whether this is a Lambda function's environment; an empty variable counts as unset."""
    return bool(environ.get("AWS_LAMBDA_FUNCTION_NAME"))


def is_snap_start(environ: Mapping[str, str]) -> bool:
    """Whether Lambda takes a snapshot of this process, and may clone it."""
    return environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start"


def configured_names(environ: Mapping[str, str]) -> frozenset[str]:
    """Return the names that the function itself configures: all that do not have Lambda's value."""
    of_lambda = [name for name, values in _OF_LAMBDA.items() if environ.get(name) in values]
    return frozenset(environ).difference(of_lambda)


class Reader:
    """Reads settings by name; an empty variable counts as unset.

    Attributes:
        environ: the environment.
        problems: its errors so far; each has the variable's name, the expected and the actual
            value.
        warnings: what looks like a mistake, but need not be one.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.problems: list[str] = []
        self.warnings: list[str] = []

    def reject(self, name: str, expected: str, known: Iterable[str] = ()) -> None:
        """Add the error that the variable `name` is not what was expected, or one of `known`."""
        value = self.environ.get(name, "")
        got = f"got {value!r}{nearest_note(value, known)}"
        self.problems.append(f"{name}: expected {expected}, {got}; {CORRECT}")

    def text(self, name: str) -> str:
        """The variable's text."""
        return self.environ.get(name, "")

    def seconds(self, name: str, default: float, *, allow_zero: bool = True) -> float:
        """A duration such as `45`, `45s`, `5m` or `1h`, in seconds."""
        raw = self.text(name)
        if not raw:
            return default
        try:
            value = seconds(raw)
        except ValueError:
            value = -1.0
        if value < 0 or (value == 0 and not allow_zero):
            positive = "" if allow_zero else "positive "
            self.reject(name, f"a {positive}number of seconds (45, 45s, 5m, 1h)")
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
            self.reject(name, "a positive number of milliseconds (3000, 300ms, 5s)")
            return default
        return value

    def yes_no(self, name: str, *, default: bool) -> bool:
        """Whether the variable is `yes`, `on`, `true` or `1`."""
        raw = self.text(name)
        value = yes_or_no(raw) if raw else default
        if value is None:
            self.reject(name, YES_OR_NO)
            return default
        return value

    def one_of(self, name: str, *allowed: str) -> str:
        """One of the words `allowed`; the first one if the variable is unset."""
        value = self.text(name).lower() or allowed[0]
        if value not in allowed:
            self.reject(name, alternatives(allowed), allowed)
            return allowed[0]
        return value

    def log_level(self, name: str) -> str:
        """One of LOG_LEVELS, in any case; `warning` is `warn`."""
        level = self.text(name).lower() or "info"
        level = "warn" if level == "warning" else level
        if level not in LOG_LEVELS:
            self.reject(name, f"one of {', '.join(LOG_LEVELS)}", LOG_LEVELS)
            return "info"
        return level

    def file_path(self, name: str, default: str) -> str:
        """The absolute path of a file that will be written: no device, which it would replace."""
        path = self.text(name) or default
        is_device = path.startswith("/dev/") and not path.startswith(MEMORY)
        if is_device or not path.startswith("/"):
            self.reject(name, "the absolute path of a file")
            return default
        return path
