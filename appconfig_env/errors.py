"""The exceptions that users may catch, and failures as data; no message contains a value.

    AppConfigEnvError
      SettingsError
      SourceError
      LoadError
      MissingKeyError (KeyError)
      AmbiguousFlagError
      UnevaluatedFlagError
      ConversionError (ValueError)
      BindError (ValueError)

In parentheses: a built-in exception that is a base class too. A LoadError has a SourceError for
each source that failed, and a SourceError has a Failure, which is data and never raised; so is a
BindError's FieldProblem.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing itself is not loaded: it would cost a cold start 10 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeVar

    K = TypeVar("K")


class AppConfigEnvError(Exception):
    """The base of everything this package raises."""


class SettingsError(AppConfigEnvError):
    """Invalid settings.

    Attributes:
        problems: every problem, with its variable, what was expected, and a remedy; the message has
            each on a line.
    """

    def __init__(self, problems: Iterable[str]) -> None:
        # A variable's name may contain anything, even characters that cannot be printed.
        self.problems: tuple[str, ...] = tuple(
            "".join(char if char.isprintable() else "?" for char in problem) for problem in problems
        )
        super().__init__("\n".join(self.problems))

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return type(self), (self.problems,)


class Failure:
    """Why a resource could not be read, as data: created once, where it happens, and never raised.

    Attributes:
        kind: one of KINDS.
        summary: the reason, with AWS's code and message; never a value.
        hint: what to do about it, as an imperative.
        operation: the API operation that failed; may be empty, like all of the following.
        code: AWS's error code, or one of ours.
        request_id: AWS's ID of the request.
        action: the IAM action that is missing.
        resource_arn: the ARN to allow it on; `*` in it is for what is not known.
        region: where the call was made.
        role_arn: the role that was assumed for it; empty for the function's own role.
    """

    __slots__ = (
        "action", "code", "hint", "kind", "operation", "region", "request_id", "resource_arn",
        "role_arn", "summary",
    )  # fmt: skip

    def __init__(
        self,
        kind: str,
        summary: str,
        hint: str = "",
        *,
        operation: str = "",
        code: str = "",
        request_id: str = "",
        action: str = "",
        resource_arn: str = "",
        region: str = "",
        role_arn: str = "",
    ) -> None:
        self.kind: str = kind
        self.summary: str = summary
        self.hint: str = hint
        self.operation: str = operation
        self.code: str = code
        self.request_id: str = request_id
        self.action: str = action
        self.resource_arn: str = resource_arn
        self.region: str = region
        self.role_arn: str = role_arn

    @property
    def is_unavailable(self) -> bool:
        """Whether AWS did not decide: another attempt, or a fallback, may help."""
        return self.kind in ("throttled", "unavailable")

    def fields(self) -> dict[str, str]:
        """Return all attributes by name, for JSON and pickle."""
        return {name: getattr(self, name) for name in self.__slots__}

    def cause(self) -> tuple[str, ...]:
        """What went wrong, apart from the source: equal for all sources that one remedy helps.

        Neither the operation nor the request's ID nor the Region is part of it, nor the resource
        that an action is denied on. Where the hint alone says what to do, the summary is not part
        of it either: it may name the service's host.
        """
        summary, hint = _denied_on(self, "*")
        is_shared = self.kind in ("throttled", "unavailable", "misconfigured")
        return self.kind, self.code, "" if is_shared and self.code and hint else summary, hint

    @property
    def problem(self) -> str:
        """What failed, as a sentence without the remedy."""
        return _problem([self], [self.summary])

    def __str__(self) -> str:
        return _sentence([self])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Failure) and self.fields() == other.fields()

    def __hash__(self) -> int:
        return hash((self.kind, self.summary))

    def __repr__(self) -> str:
        return f"<Failure {self.kind}: {self}>"


def by_cause(
    failed: Iterable[tuple[str, Failure, K]], note: Callable[[list[str], K], str] | None = None
) -> list[tuple[str, list[str], list[Failure], K]]:
    """Group failures, so that several sources with one cause are reported as one line.

    Args:
        failed: for each source its name, its failure, and what else all in one line must share,
            such as what is used instead.
        note: returns, for the names of sources and what they share, what the line states before
            the remedy, or an empty string.

    Returns:
        For each group, in the order of their first sources: the line, the sources' names, their
        failures, and what they share.
    """
    groups: dict[tuple[object, ...], tuple[dict[str, None], list[Failure], K]] = {}
    for name, failure, shared in failed:
        key = (shared, *failure.cause())
        names, failures, _ = groups.setdefault(key, ({}, [], shared))
        names[name] = None
        failures.append(failure)
    return [
        (
            f"{', '.join(names)}: {_sentence(failures, note([*names], shared) if note else '')}",
            [*names],
            failures,
            shared,
        )
        for names, failures, shared in groups.values()
    ]


def _sentence(failures: list[Failure], note: str = "") -> str:
    """Return failures with one cause as one sentence, with `note` before the remedy."""
    summaries, hints = _distinct(failures, "summary"), _distinct(failures, "hint")
    arns = _distinct(failures, "resource_arn")
    if len(arns) > 1:
        parts = [_denied_on(failure, ", ".join(arns)) for failure in failures]
        summaries, hints = ([*dict.fromkeys(texts)] for texts in zip(*parts, strict=True))
    return "; ".join(filter(None, [_problem(failures, summaries), note, *hints]))


def _denied_on(failure: Failure, arns: str) -> tuple[str, str]:
    """Return the summary without the denied resource, and the hint with `arns` in its place."""
    if not failure.resource_arn:
        return failure.summary, failure.hint
    # AWS's words; the resource is an ARN, or what the request named.
    before, _, resource = failure.summary.partition(" on resource: ")
    _, space, reason = resource.partition(" ")
    return before + space + reason, failure.hint.replace(failure.resource_arn, arns)


def _problem(failures: list[Failure], summaries: list[str]) -> str:
    operations = _distinct(failures, "operation")
    text = "; ".join(summaries)
    if operations:
        text = f"{', '.join(operations)} failed: {text}"
    about = [
        f"{noun}{'s' if len(found) > 1 else ''} {', '.join(found)}"
        for noun, field in (("Region", "region"), ("role", "role_arn"), ("request", "request_id"))
        if (found := _distinct(failures, field))
    ]
    return f"{text} ({'; '.join(about)})" if about else text


def _distinct(failures: list[Failure], field: str) -> list[str]:
    return list(dict.fromkeys(filter(None, (getattr(one, field) for one in failures))))


# The caller is not allowed to; there is no such resource; a quota is used up; no response, or one
# that is not AWS's; a document that cannot be used; a setting that only the call found wrong.
KINDS = ("denied", "missing", "throttled", "unavailable", "invalid", "misconfigured")


class SourceError(AppConfigEnvError):
    """A source that could not be read, parsed or rendered as variables.

    Attributes:
        source: the source's canonical reference, such as `ssm:/shop/prod/`.
        failure: what failed, as data.
        reason: the failure as a sentence, with the remedy.
        unreachable: whether AWS did not respond, or could not (network, throttling, 5xx, deadline,
            a response that is not from AWS): a retry or the fallback may help. False if access was
            denied, the resource does not exist, or the document is invalid.
    """

    def __init__(self, source: str, failure: Failure) -> None:
        self.source: str = source
        self.failure: Failure = failure
        self.reason: str = str(failure)
        self.unreachable: bool = failure.is_unavailable
        super().__init__(f"{source}: {failure}")

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        # An error from another process must arrive here unchanged.
        return _source_error, (self.source, self.failure.fields())


def _source_error(source: str, fields: dict[str, str]) -> SourceError:
    return SourceError(source, Failure(**fields))


class LoadError(AppConfigEnvError):
    """Required sources without any value: the cold start fails, or the first `get()` does.

    The message has one line for each cause, which names all sources that failed for it.

    Attributes:
        errors: one SourceError for each source.
    """

    def __init__(self, errors: Iterable[SourceError]) -> None:
        self.errors: tuple[SourceError, ...] = tuple(errors)
        failed = ((error.source, error.failure, None) for error in self.errors)
        super().__init__("\n".join(line for line, *_ in by_cause(failed)))

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return type(self), (self.errors,)


class MissingKeyError(AppConfigEnvError, KeyError):
    """A document or key that no source has."""

    def __str__(self) -> str:
        return str(self.args[0])  # KeyError would return the message's repr


class AmbiguousFlagError(AppConfigEnvError):
    """A feature flag that more than one profile has: choose one with `source=`."""


class UnevaluatedFlagError(AppConfigEnvError):
    """A feature flag whose rules were not evaluated, so it is not known whether it is on.

    Attributes:
        is_of_context: whether the context is wrong, and not the flag.
    """

    def __init__(self, message: str, *, is_of_context: bool = False) -> None:
        self.is_of_context: bool = is_of_context
        super().__init__(message)


class ConversionError(AppConfigEnvError, ValueError):
    """A value that `get(..., type=...)` could not convert; its message does not have the value."""


class FieldProblem:
    """What is wrong with a field of a model, as data.

    Attributes:
        field: the field, below the name of the model and those around it: `Settings.db.port`; the
            model alone if its own code rejected the values.
        variable: the variable that has the value, or should have; empty for a whole model.
        source: the reference of the source that sets the variable, `the environment`, or
            `testing.override`; empty if there is no such variable.
        reason: what is wrong, with the remedy; never the value.
    """

    __slots__ = ("field", "reason", "source", "variable")

    def __init__(self, field: str, variable: str, source: str, reason: str) -> None:
        self.field: str = field
        self.variable: str = variable
        self.source: str = source
        self.reason: str = reason

    def __str__(self) -> str:
        source = f" ({self.source})" if self.source else ""
        about = f"{self.field}: {self.variable}{source}" if self.variable else self.field
        return f"{about}: {self.reason}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FieldProblem) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    def __repr__(self) -> str:
        return f"<FieldProblem {self}>"


class BindError(AppConfigEnvError, ValueError):
    """A model that `bind` could not fill: fields that are missing or invalid.

    The message has a line for each of them.

    Attributes:
        problems: a FieldProblem for each field.
    """

    def __init__(self, problems: Iterable[FieldProblem]) -> None:
        self.problems: tuple[FieldProblem, ...] = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return type(self), (self.problems,)
