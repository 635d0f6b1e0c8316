"""Times a table of functions and every import of a cold start, without changes to their modules.

Imports nothing that the traced code would import itself, so no typing; knows nothing of drawing.
"""

from __future__ import annotations

import sys
from _thread import get_ident
from time import monotonic_ns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

    Arguments = Sequence[Any]
    Names = Callable[[Arguments], Iterable[object]]


def _at(*places: int) -> Names:
    """Name a span by the arguments at these positions."""
    return lambda arguments: [arguments[place] for place in places if place < len(arguments)]


def _read(arguments: Arguments) -> Iterable[object]:
    """The names for `Run.call(run, operation, parameters, resources)`: never the parameters."""
    return [arguments[1], *(resource.reference for resource in arguments[3])]


def _documents(arguments: Arguments) -> Iterable[object]:
    return [arguments[1].reference]


def _requests(arguments: Arguments) -> Iterable[object]:
    return [request.resource.reference for request in arguments[1]]


# The functions to time: the module that looks them up, their path in it, the span's kind, and a
# function that names the span by its arguments. Only names of hosts, operations and sources,
# because they are shown. A test checks that every function exists.
TABLE: tuple[tuple[str, str, str, Names], ...] = (
    ("appconfig_env._config.settings", "from_environ", "settings", _at()),
    ("appconfig_env._backends.local", "LocalBackend.__call__", "files", _requests),
    (
        "appconfig_env._backends.local",
        "read_file",
        "files",
        lambda arguments: [arguments[0].reference],
    ),
    ("appconfig_env._backends.aws.executor", "Run.call", "read", _read),
    ("appconfig_env._backends.aws.lean_client", "LeanClient.call", "call", _at(1)),
    ("appconfig_env._backends.aws.lean_client", "LeanClient._assume_role", "credentials", _at()),
    ("appconfig_env._backends.aws.credentials", "_from_container", "credentials", _at()),
    ("appconfig_env._http.transport", "resolve", "DNS", _at(0)),
    ("appconfig_env._http.connection", "dial", "connect", _at(1)),
    ("appconfig_env._http.trust_store", "Trust.context", "trust anchors", _at()),
    ("appconfig_env._http.trust_store", "Trust.widen", "trust anchors", _at()),
    ("appconfig_env._http.connection", "Connection.start_tls", "TLS", _at(2)),
    ("appconfig_env._backends.aws.boto3_client", "Boto3Client.call", "call", _at(1)),
    ("appconfig_env._backends.aws.boto3_client", "Boto3Client._new_session", "credentials", _at()),
    ("appconfig_env._backends.aws.boto3_client", "Boto3Client._new_client", "boto3 client", _at(2)),
    (
        "urllib3.util.connection",
        "create_connection",
        "connect",
        lambda arguments: [arguments[0][0]],
    ),
    ("urllib3.connection", "ssl_wrap_socket", "TLS", _at()),
    ("appconfig_env._content.render", "exact_data_of", "parse", _documents),
    (
        "appconfig_env._content.render",
        "render",
        "render",
        lambda arguments: [arguments[0].public_reference],
    ),
    ("appconfig_env._cache.snapshot_file", "write", "write", _at()),
)


class Span:
    """A timed operation in one thread, perhaps nested in another."""

    __slots__ = ("began", "ended", "failed", "kind", "names", "parent", "thread")

    def __init__(self, kind: str, names: Iterable[object], parent: Span | None) -> None:
        self.kind = kind
        self.names = [str(name) for name in names]
        self.parent = parent
        self.thread = get_ident()
        self.failed = ""
        self.ended = 0  # not yet
        self.began = monotonic_ns()


class Recorder:
    """Records the spans of all threads.

    Attributes:
        lines: the log lines of the traced code.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._spans: list[Span] = []
        self._open: dict[int, list[Span]] = {}  # by thread, the innermost last
        self._thread = get_ident()
        self._executed = 0

    def begin(self, kind: str, names: Iterable[object]) -> Span:
        """Begin a span, nested in this thread's innermost open span."""
        stack = self._open.setdefault(get_ident(), [])
        span = Span(kind, names, stack[-1] if stack else None)
        stack.append(span)
        self._spans.append(span)
        return span

    def end(self, span: Span, error: BaseException | None = None) -> None:
        """End `span`, and all open spans nested in it."""
        span.ended = monotonic_ns()
        if error is not None:
            span.failed = str(getattr(error, "code", "") or type(error).__name__)
        stack = self._open[get_ident()]
        while stack:
            last = stack.pop()
            if last is span:
                break
            last.ended = span.ended

    def timed(self, function: Callable[..., Any], kind: str, names: Names) -> Callable[..., Any]:
        """Wrap `function` to record a span for each call."""

        def call(*arguments: Any, **keywords: Any) -> Any:
            try:
                span_names = list(names(arguments))
            except (AttributeError, IndexError, TypeError):  # a call that the table does not expect
                span_names = []
            span = self.begin(kind, span_names)
            try:
                result = function(*arguments, **keywords)
            except BaseException as error:
                self.end(span, error)
                raise
            self.end(span)
            return result

        return call

    def hook(self, module: ModuleType) -> None:
        """Wrap the table's functions in `module`."""
        for name, path, kind, names in TABLE:
            if name != module.__name__:
                continue
            above, _, last = path.rpartition(".")
            owner = getattr(module, above, None) if above else module
            function = getattr(owner, last, None)
            if function is not None:
                setattr(owner, last, self.timed(function, kind, names))

    def execve(self, path: str, words: list[str], environ: Mapping[str, str]) -> None:
        """Record the time of the exec in place of it."""
        del path, words, environ  # they have values, which must not be recorded
        self._executed = monotonic_ns()

    def recording(self) -> dict[str, Any]:
        """Return everything as JSON data; a span's parent as its number, -1 for none."""
        now = self._executed or monotonic_ns()
        spans = [span for span in list(self._spans) if span.began < now]
        numbers = {id(span): number for number, span in enumerate(spans)}
        return {
            "executed": self._executed,
            "ended": now,
            "thread": self._thread,
            "lines": self.lines,
            "spans": [
                {
                    "kind": span.kind,
                    "names": span.names,
                    "began": span.began,
                    "ended": min(span.ended or now, now),
                    "thread": span.thread,
                    "parent": numbers.get(id(span.parent), -1),
                    "failed": span.failed if span.ended else "not finished",
                }
                for span in spans
            ],
        }


class ImportTimer:
    """The first finder: delegates to the others, and times each module until it is executed."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See `importlib.abc.MetaPathFinder`."""
        span = self._recorder.begin(_kind_of(name), [name])
        spec = None
        for finder in list(sys.meta_path):  # one of them takes itself out
            if finder is not self:
                spec = finder.find_spec(name, path, target)
            if spec is not None:
                break
        loader: Any = spec and spec.loader
        execute = getattr(loader, "exec_module", None)
        if execute is None or isinstance(loader, type):  # not found, or built in
            self._recorder.end(span)
            return spec

        def exec_module(module: ModuleType) -> None:
            del loader.exec_module  # restores the class's method
            try:
                execute(module)
            finally:
                self._recorder.end(span)
            self._recorder.hook(module)

        loader.exec_module = exec_module
        return spec


def _kind_of(name: str) -> str:
    first = name.partition(".")[0]
    if first == "appconfig_env":
        return "our imports"
    return "library imports" if first in sys.stdlib_module_names else "package imports"
