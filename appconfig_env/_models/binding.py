"""The instance of a bound model: built from the values in use, and again when they change."""

from __future__ import annotations

from _thread import allocate_lock

from .._config.wording import nearest_note
from .._helper.helper import MISSING, sealed
from ..errors import BindError, FieldProblem, LoadError
from .problem import InvalidError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from typing import Any, Protocol

    from .._cache.store import Seen
    from .._helper.helper import Helper
    from .problem import Problem

    class Bindable(Protocol):
        """A model; see `plain_model.PlainModel` and `settings_model.SettingsModel`."""

        def names(self, known: Collection[str]) -> list[str]: ...
        def variables_of(self, attribute: str) -> tuple[str, ...] | None: ...
        def build(self, texts: Mapping[str, str]) -> Any: ...


class State:
    """An instance, and what it was built from; replaced as a whole.

    Its repr has no value, because error reporters show the variables of frames.

    Attributes:
        store: the store that the values are from.
        seen: the values of all sources, compared by identity.
        texts: those of the model's variables.
        used: as `texts`, with the last valid ones of fields that are not valid now.
        outside: what the environment has of the variables that no source sets.
        instance: the instance.
    """

    __slots__ = ("instance", "outside", "seen", "store", "texts", "used")

    def __init__(
        self,
        store: object,
        seen: Seen,
        *,
        texts: Mapping[str, str],
        used: Mapping[str, str],
        outside: Mapping[str, str | None],
        instance: Any,
    ) -> None:
        self.store = store
        self.seen = seen
        self.texts = texts
        self.used = used
        self.outside = outside
        self.instance = instance

    def is_outdated(self, names: Collection[str] | None, environ: Mapping[str, str]) -> bool:
        """Whether the environment has other values for variables that no source sets.

        Args:
            names: the variables; None for all.
            environ: the environment.
        """
        for name in self.outside if names is None else names:
            # Not through a variable, which an error reporter would show.
            if name in self.outside and self.outside[name] != environ.get(name):
                return True
        return False


class Binding:
    """A model whose instance has the values in use.

    Args:
        helper: has the values.
        model: the model.
        name: the model's name, for errors.

    Raises:
        BindError: fields are missing or not valid.
        SettingsError: the settings are invalid.
    """

    def __init__(self, helper: Helper, model: Bindable, name: str) -> None:
        self._helper = helper
        self._model = model
        self._name = name
        self._reported: frozenset[str] = frozenset()
        self._lock = allocate_lock()
        self._state: State = sealed(self._first)
        helper.observe(self)

    def refreshed(self) -> None:
        """Do nothing: the next reading of an attribute compares the values."""

    def after_fork_in_child(self) -> None:
        """Reset the lock, which another thread of the parent may have held."""
        self._lock = allocate_lock()

    def instance(self, attribute: str = "") -> Any:
        """Return the instance; one built from the current values, if they have changed.

        Args:
            attribute: the attribute that is about to be read. What the environment has is compared
                for its variables alone; if it is not a field, for those of all fields.

        Raises:
            BindError: inside or after `testing.override`, whose values are not valid or not all.
            SettingsError: the settings are invalid.
        """
        state = self._state
        if self._helper.seen() is state.seen and not state.is_outdated(
            self._model.variables_of(attribute), self._helper.environ
        ):
            return state.instance
        lock = self._lock  # a signal handler may fork, and that replaces it
        if not lock.acquire(blocking=False):
            return state.instance  # another thread is building one
        try:
            self._state = sealed(lambda: self._next(state))
        finally:
            lock.release()
        return self._state.instance

    def _first(self) -> State:
        seen = self._helper.seen()  # before the values: a later refresh shows as another object
        store = self._helper.store()
        texts, failures = self._read()
        problems = [*self._unread(failures)]
        instance = None
        try:
            instance = self._model.build(texts)
        except InvalidError as error:
            problems += self._described(error.problems, texts, failures)
        if problems:
            raise BindError(problems)
        outside = self._outside(texts, seen)
        return State(store, seen, texts=texts, used=texts, outside=outside, instance=instance)

    def _next(self, before: State) -> State:
        seen = self._helper.seen()
        store = self._helper.store()
        if store is not before.store:  # in a test: values of another one must not be used here
            return self._first()
        texts, failures = self._read()
        for name in failures.keys() & before.texts.keys():
            texts[name] = before.texts[name]  # the helper reports why it cannot be read
        outside = self._outside(texts, seen)
        used, instance = before.used, before.instance
        if texts != before.texts:
            used, instance = self._renewed(before, texts)
        return State(store, seen, texts=texts, used=used, outside=outside, instance=instance)

    def _renewed(self, before: State, texts: Mapping[str, str]) -> tuple[Mapping[str, str], Any]:
        """Return what is used of `texts`, and the instance; log what is not valid."""
        problems: Sequence[Problem] = ()
        used, instance = texts, before.instance
        try:
            instance = self._model.build(texts)
        except InvalidError as error:
            problems = error.problems
            used = _with_last_valid(texts, before.used, problems)
        if problems:
            try:
                instance = self._model.build(used)
            except InvalidError:  # the other fields' new values do not fit the last ones
                used = before.used
        self._report([*self._described(problems, texts, {})])
        return used, instance

    def _read(self) -> tuple[dict[str, str], dict[str, LoadError]]:
        """Return the values of the model's variables, and why those of some are not known."""
        texts: dict[str, str] = {}
        failures: dict[str, LoadError] = {}
        for name in self._model.names(self._helper.store().names()):
            try:
                text = self._helper.get(name, MISSING)
            except LoadError as error:
                failures[name] = error
            else:
                if text is not MISSING:
                    texts[name] = text
        return texts, failures

    def _outside(self, texts: Mapping[str, str], seen: Seen) -> dict[str, str | None]:
        names = {*self._model.names(self._helper.store().names()), *texts}
        return {name: self._helper.environ.get(name) for name in names if name not in seen[2]}

    def _unread(self, failures: Mapping[str, LoadError]) -> Iterator[FieldProblem]:
        """Yield a problem for each source that could not be read and may set variables."""
        variables: dict[tuple[str, str], list[str]] = {}
        for name, failure in failures.items():
            for error in failure.errors:
                variables.setdefault((error.source, error.reason), []).append(name)
        for (source, reason), names in variables.items():
            yield FieldProblem(self._name, ", ".join(names), source, reason)

    def _described(
        self,
        problems: Sequence[Problem],
        texts: Mapping[str, str],
        failures: Mapping[str, LoadError],
    ) -> Iterator[FieldProblem]:
        store = self._helper.store()
        for problem in problems:
            field = ".".join((self._name, *problem.path))
            name = next((one for one in problem.variables if one in texts), "")
            if not problem.path:
                text = f"the values are not {problem.reason}; correct them"
                yield FieldProblem(field, "", "", text)
            elif problem.reason and name:
                text = f"the value is not {problem.reason}; correct the value or the field's type"
                yield FieldProblem(field, name, store.origin(name), text)
            elif not any(one in failures for one in problem.variables):
                name = problem.variables[0]
                note = nearest_note(name, store.names())
                text = (
                    f"neither a source nor the environment has this name{note}; add its source to "
                    "APPCONFIG_ENV_SOURCES, correct the name, or add a default to the field"
                )
                yield FieldProblem(field, name, "", text)

    def _report(self, problems: Sequence[FieldProblem]) -> None:
        """Log new problems, and the recovery from all, each once."""
        log = self._helper.store().log
        earlier, self._reported = self._reported, frozenset(map(str, problems))
        for problem in problems:
            if str(problem) not in earlier:
                fields = {"variable": problem.variable, "source": problem.source}
                log("warn", f"using the last valid value: {problem}", fields)
        if earlier and not problems:
            log("info", f"{self._name}: recovered; every field has its current value")


def _with_last_valid(
    texts: Mapping[str, str], before: Mapping[str, str], problems: Sequence[Problem]
) -> dict[str, str]:
    """Return `texts` with those from `before` for the fields that are not valid."""
    kept = dict(texts)
    for name in (name for problem in problems for name in problem.variables):
        kept.pop(name, None)
        if name in before:
            kept[name] = before[name]
    return kept
