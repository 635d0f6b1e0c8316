"""The exceptions that users may catch: the class tells whose fault it is; values are never said."""

from __future__ import annotations

TYPE_CHECKING = False  # typing itself is not loaded: it would cost a cold start 10 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class AppConfigEnvError(Exception):
    """The base of everything this package raises."""


class SettingsError(AppConfigEnvError):
    """Your settings: every problem found, each with its variable's name and what was wanted."""

    def __init__(self, problems: Iterable[str]) -> None:
        # A variable's name may hold anything; what is no text could not even be printed.
        self.problems: tuple[str, ...] = tuple(
            "".join(sign if sign.isprintable() else "?" for sign in problem) for problem in problems
        )
        super().__init__("\n".join(self.problems))

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return type(self), (self.problems,)


class SourceError(AppConfigEnvError):
    """One source that could not be read, parsed or turned into variables.

    Attributes:
        source: the source's canonical reference, such as `ssm:/shop/prod/`.
        reason: what failed, what was wanted and what to do about it.
        unreachable: True where the service did not answer or could not (network, throttling, 5xx,
            deadline, an answer that is not AWS's): trying again, or a fallback, may help. False for
            denial, absence and bad content.
    """

    def __init__(self, source: str, reason: str, *, unreachable: bool = False) -> None:
        self.source = source
        self.reason = reason
        self.unreachable = unreachable
        super().__init__(f"{source}: {reason}")

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        # What other processes raise must arrive here as it was.
        return _source_error, (self.source, self.reason, self.unreachable)


def _source_error(source: str, reason: str, unreachable: object) -> SourceError:
    return SourceError(source, reason, unreachable=bool(unreachable))


class LoadError(AppConfigEnvError):
    """Required sources that have no value at all: the start fails, or the first `get()` does.

    Attributes:
        errors: one SourceError for each.
    """

    def __init__(self, errors: Iterable[SourceError]) -> None:
        self.errors: tuple[SourceError, ...] = tuple(errors)
        super().__init__("\n".join(str(error) for error in self.errors))

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return type(self), (self.errors,)


class MissingKeyError(AppConfigEnvError, KeyError):
    """A document or key that no source has."""

    def __str__(self) -> str:
        return str(self.args[0])  # KeyError would show the message's repr


class AmbiguousFlagError(AppConfigEnvError):
    """A feature flag that more than one profile has: `source=` must say which."""


class ConversionError(AppConfigEnvError, ValueError):
    """A value that `get(..., type=...)` could not convert; the value itself is not said."""
