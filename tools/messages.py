"""Every message that tells what went wrong, read from the package's source code.

The remedies are checked by a test, and docs/troubleshooting.md is made from the messages.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from itertools import product
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ROOT = Path(__file__).resolve().parent.parent
# What errors are made with, and the position of the message among the arguments.
MAKERS = {
    "AmbiguousFlagError": 0, "AppConfigEnvError": 0, "CompileError": 0, "ConversionError": 0,
    "EnvFileError": 0, "ExecError": 0, "ExportError": 0, "Finding": 1, "ImportError": 0,
    "LayerError": 0, "Misuse": 0, "MissingKeyError": 0, "NearMiss": 0, "ProviderFatalError": 0,
    "ReferenceProblems": 0, "SettingsError": 0, "TraceError": 0, "UnevaluatedFlagError": 0,
    "ValueError": 0,
    "_failure": 2, "_misused": 0,
}  # fmt: skip
# What writes a line of a level to a log or to standard error, and the position of the message.
LOGS = {"_fail": 0, "_log": 0, "error": 0, "fail": 0, "log": 1, "warning": 0, "write": 1}
LEVELS = ("warn", "error", "fatal")
# Generators that yield warnings, or errors.
WARNERS = {"_doubtful", "_idle_access", "_too_frequent", "problems"}
# Failures, and what becomes one: the position of the remedy, which is an argument of its own.
HINTED = {
    "DocumentError": 1, "JsonError": 1, "JsonSyntaxError": 1, "KeyMissingError": 1, "YamlError": 1,
    "_MissingError": 1, "Failure": 2, "RefusedError": 1, "RulesError": 1,
}  # fmt: skip
# Errors of a call. `AwsError.failure` adds a remedy if the message has none, unless it is final.
CALL_MAKERS = {
    "AwsError": 2, "BrokenResponseError": 1, "DistrustError": 0, "TransportError": 0,
    "_ClosedError": 0,
}  # fmt: skip
# What follows a remedy: what was done.
CONSEQUENCES = re.compile(r"; it was left out$")
MOST_TEXTS = 12  # that a function's result is shown as
VALUE = "…"  # in place of what only the run knows


class Text(NamedTuple):
    """A message in the source code; with a `summary`, the text is its remedy alone."""

    file: str
    line: int
    text: str
    summary: str = ""

    @property
    def symptom(self) -> str:
        """Return what is wrong: all but the remedy."""
        before, separator, _ = CONSEQUENCES.sub("", self.text).rpartition("; ")
        return self.summary or (before if separator else self.text)

    @property
    def remedy(self) -> str:
        """Return the last clause, apart from what was done."""
        return CONSEQUENCES.sub("", self.text).rpartition("; ")[2]

    @property
    def has_remedy(self) -> bool:
        """Whether the remedy is known, and apart from the symptom."""
        return self.remedy != self.symptom and has_words(self.remedy)


def has_words(text: str) -> bool:
    """Whether it has more than what only the run knows."""
    return re.search(r"[a-z]{2}", text.replace(VALUE, "").replace("%s", "")) is not None


class Names:
    """The texts that names stand for, in one function and its module.

    Args:
        module: what is assigned to the module's names, imported ones included.
        function: the function; None for the module itself.
        functions: the module's functions and methods by name: a call stands for what they return.
    """

    def __init__(
        self,
        module: dict[str, list[ast.expr]],
        function: ast.AST | None,
        functions: Mapping[str, ast.FunctionDef] = MappingProxyType({}),
    ) -> None:
        self._module = module
        self._known = module if function is None else module | assigned(function)
        self._functions = functions
        self._open: set[str] = set()

    def texts(self, node: ast.expr | None) -> list[str]:
        """Return all texts that `node` can be."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return [node.value]
        if isinstance(node, ast.JoinedStr):
            return self._joined(node.values)
        if isinstance(node, ast.FormattedValue):
            return self.texts(node.value)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return self._joined([node.left, node.right])
        if isinstance(node, ast.IfExp):
            return [*self.texts(node.body), *self.texts(node.orelse)]
        if isinstance(node, (ast.List, ast.Tuple)):
            return [text for one in node.elts for text in self.texts(one)]
        if isinstance(node, (ast.GeneratorExp, ast.ListComp)):
            return self.texts(node.elt)
        if isinstance(node, ast.Name) and node.id in self._known and node.id not in self._open:
            self._open.add(node.id)
            found = [text for one in self._known[node.id] for text in self.texts(one)]
            self._open.discard(node.id)
            return found
        if isinstance(node, ast.Call) and name_of(node.func) in self._functions:
            return self._returned(name_of(node.func))
        return [VALUE]

    def _returned(self, name: str) -> list[str]:
        function = self._functions[name]
        others = {other: one for other, one in self._functions.items() if other != name}
        inner = Names(self._module, function, others)
        values = [node.value for node in ast.walk(function) if isinstance(node, ast.Return)]
        found = [text for value in values for text in inner.texts(value)]
        # Of more texts, or of what is not a text, only the run knows which.
        return found if found and len(found) <= MOST_TEXTS else [VALUE]

    def unpacked(self, argument: ast.expr) -> list[ast.expr]:
        """Return what `*NAME` stands for if NAME is a tuple; other arguments as they are."""
        if isinstance(argument, ast.Starred) and isinstance(argument.value, ast.Name):
            found = self._known.get(argument.value.id, [])
            if len(found) == 1 and isinstance(found[0], ast.Tuple):
                return found[0].elts
        return [argument]

    def _joined(self, parts: Iterable[ast.expr]) -> list[str]:
        return ["".join(texts) for texts in product(*map(self.texts, parts))]


def assigned(tree: ast.AST) -> dict[str, list[ast.expr]]:
    """Return what is assigned to each name in `tree`."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                pairs = [(target, node.value)]
                if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    pairs = list(zip(target.elts, node.value.elts, strict=True))
                for name, value in pairs:
                    if isinstance(name, ast.Name):
                        found.setdefault(name.id, []).append(value)
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            earlier = found.get(node.target.id)
            if earlier and isinstance(node.op, ast.Add):
                earlier[-1] = ast.BinOp(earlier[-1], ast.Add(), node.value)
    return found


@cache
def own_constants(path: Path) -> dict[str, list[ast.expr]]:
    """Return what a module's own constants stand for."""
    found = assigned(ast.parse(path.read_text()))
    return {name: values for name, values in found.items() if name.isupper()}


@cache
def unique_constants() -> dict[str, list[ast.expr]]:
    """Return the constants that only one module of the package has, by name."""
    modules = [own_constants(path) for path in (ROOT / "appconfig_env").rglob("*.py")]
    count = Counter(name for module in modules for name in module)
    return {name: one for module in modules for name, one in module.items() if count[name] == 1}


def constants(path: Path) -> dict[str, list[ast.expr]]:
    """Return what the constants that a module names stand for: imported ones, and others."""
    found = dict(unique_constants())
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level and node.module:
            source = path.parents[node.level - 1].joinpath(*node.module.split("."))
            source = source / "__init__.py" if source.is_dir() else source.with_suffix(".py")
            theirs = own_constants(source)
            for alias in node.names:
                if alias.name in theirs:
                    found[alias.asname or alias.name] = theirs[alias.name]
    return found


def messages(source: str, file: str) -> Iterator[Text]:
    """Yield the messages of one module, with each text that their names can stand for."""
    tree = ast.parse(source)
    own = ast.Module([node for node in tree.body if isinstance(node, ast.Assign)], [])
    path = ROOT / file
    known = (constants(path) if path.exists() else {}) | assigned(own)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    by_name = {function.name: function for function in functions}
    inside = {id(node): function for function in functions for node in ast.walk(function)}
    names_of = cache(lambda function: Names(known, function, by_name))
    for call in ast.walk(tree):
        if isinstance(call, ast.Yield):
            function = inside[id(call)]
            if function.name in WARNERS:
                texts = names_of(function).texts(call.value)
                yield from (Text(file, call.lineno, text) for text in texts)
        if not isinstance(call, ast.Call):
            continue
        names = names_of(inside.get(id(call)))
        if (pair := failure_of(call, names)) is not None:
            for summary, hint in product(*map(names.texts, pair)):
                yield Text(file, call.lineno, hint, summary)
        message = message_of(call, file)
        if message is not None:
            for text in names.texts(message):
                if "; " in text or not gets_a_remedy(call):
                    yield Text(file, call.lineno, text)
                else:
                    yield Text(file, call.lineno, VALUE, text)


def name_of(node: ast.expr) -> str:
    """Return the name of what is called: `x` of `x()` and `a.x()`."""
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def gets_a_remedy(call: ast.Call) -> bool:
    """Whether `AwsError.failure` adds a remedy to the error that `call` makes."""
    is_final = any(
        keyword.arg == "is_final" and ast.unparse(keyword.value) == "True"
        for keyword in call.keywords
    )
    return name_of(call.func) in CALL_MAKERS and not is_final


def failure_of(call: ast.Call, names: Names) -> tuple[ast.expr, ast.expr] | None:
    """Return the summary and the remedy of the failure that `call` makes; '' for a missing one."""
    name = name_of(call.func)
    position = HINTED.get(name)
    arguments = [part for one in call.args for part in names.unpacked(one)]
    for keyword in call.keywords:
        if keyword.arg == "hint" and (position is not None or name in CALL_MAKERS):
            at = position - 1 if position is not None else CALL_MAKERS[name]
            return _at(arguments, at), keyword.value
        if keyword.arg is None:  # the fields of another failure
            return None
    if position is None or any(isinstance(one, ast.Starred) for one in arguments):
        return None  # no failure, or the summary and the remedy of others
    return _at(arguments, position - 1), _at(arguments, position)


def _at(arguments: list[ast.expr], position: int) -> ast.expr:
    return arguments[position] if len(arguments) > position else ast.Constant("")


def message_of(call: ast.Call, file: str) -> ast.expr | None:
    """Return the expression of the message that `call` makes an error with."""
    function, name = call.func, name_of(call.func)
    if isinstance(function, ast.Attribute) and name in ("append", "extend"):
        lists = ("problems", "warnings", "where")
        return call.args[0] if name_of(function.value) in lists else None
    if is_logged(call):
        return call.args[LOGS[name]]
    if name == "ValueError" and not file.startswith("appconfig_env/_config/"):
        return None  # caught, and never shown
    position = (MAKERS | CALL_MAKERS).get(name)
    if position is None or len(call.args) <= position:
        return None
    return call.args[position]


def is_logged(call: ast.Call) -> bool:
    """Whether `call` logs a warning or an error, or a level that only the run knows."""
    name, arguments = name_of(call.func), call.args
    if name not in LOGS or len(arguments) <= LOGS[name]:
        return False
    if name == "_log":  # the level is the text's first word
        return ast.unparse(arguments[0]).lstrip("f'\"").startswith(LEVELS)
    if name == "error" and isinstance(call.func, ast.Attribute):
        # The parser adds a remedy if there is no second argument.
        return name_of(call.func.value) != "parser" and not isinstance(call.func.value, ast.Call)
    if LOGS[name] == 0:
        return True
    return not (isinstance(arguments[0], ast.Constant) and arguments[0].value not in LEVELS)


@cache
def package_messages() -> list[Text]:
    """Return the messages of all modules of the package, by file."""
    return [
        text
        for path in sorted((ROOT / "appconfig_env").rglob("*.py"))
        for text in messages(path.read_text(), path.relative_to(ROOT).as_posix())
    ]
