"""Every error that the package can raise or log ends in what to do about it, as an imperative.

The texts are read from the source code, so that a new error or warning is checked too.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import pytest

from appconfig_env._backends.aws import errors as aws
from appconfig_env._backends.aws.services import SERVICES
from appconfig_env._http.errors import PROXY_CHECK, PROXY_REMEDIES
from appconfig_env._wrapper.exec import HINTS

from ..support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# What errors are made with, and the position of the message among the arguments.
MAKERS = {
    "AmbiguousFlagError": 0, "AppConfigEnvError": 0, "CompileError": 0, "ConversionError": 0,
    "ExecError": 0, "ImportError": 0, "LayerError": 0, "MissingKeyError": 0,
    "NearMiss": 0, "ProviderFatalError": 0, "ReferenceProblems": 0, "SettingsError": 0,
    "TraceError": 0, "ValueError": 0,
}  # fmt: skip
# What writes a line of a level to a log or to standard error, and the position of the message.
LOGS = {"_fail": 0, "_log": 0, "error": 0, "fail": 0, "log": 1, "warning": 0, "write": 1}
LEVELS = ("warn", "error", "fatal")
# Generators that yield warnings.
WARNERS = {"_doubtful"}
# Failures, and what becomes one: the position of the remedy, which is an argument of its own.
HINTED = {
    "DocumentError": 1, "JsonError": 1, "JsonSyntaxError": 1, "KeyMissingError": 1, "YamlError": 1,
    "_MissingError": 1, "Failure": 2,
}  # fmt: skip
# Errors of a call. `AwsError.failure` adds a remedy if the message has none, unless it is final.
CALL_MAKERS = {
    "AwsError": 2, "BrokenResponseError": 1, "DistrustError": 0, "TransportError": 0,
    "_ClosedError": 0,
}  # fmt: skip
# Other exceptions that the package raises, and why their texts need no remedy.
NOT_SHOWN = {
    "AttributeError": "Python's own words, for a name that the package does not have",
    "GeneralError": "its text consists of the failures of the profiles",
    "KeyError": "caught where it is raised",
    "LoadError": "its text consists of the failures in it",
    "SnapshotRefusedError": "a reason; the lines of the log that have it end in what to do",
    "SystemExit": "has an exit code only",
    "TypeError": "caught where it is raised: the C code of json does not accept that value",
    "MarkedYAMLError": "becomes a YamlError",
    "OSError": "the reason in a line that ends in what to do",
}
# What follows a remedy: what was done.
CONSEQUENCES = re.compile(r"; it was left out$")
IMPERATIVES = frozenset(
    re.findall(
        r"[a-z]+",
        """
add allow begin build change check choose convert correct create deploy enable evaluate fix flatten
grant install leave log make move name pass put quote raise read reinstall remove rename replace
report run save see separate set shorten split store try unset use wait write
""",
    )
)
# Errors that end in something else, each with the reason.
EXCEPTIONS = {
    "option {}: {}": "names the option of an error that has its own remedy",
    "{}: its value {}, or list the variables that hold references in APPCONFIG_ENV_REFERENCES": (
        "the reason, which is checked where it is made, has the first remedy"
    ),
    "the snapshot {} was not written ({})": "nothing to do: the lock holder writes it",
    "warn: {}: no fallback: {}": "the reason, which is checked in test_bake.py, has the remedy",
    "error: {}": "a line of an error, which is checked where it is made",
    "refresh after the SnapStart restore failed: %s": "ends in an error that has its own remedy",
}
VALUE = "{}"  # in place of what only the run knows


class Text(NamedTuple):
    """A message in the source code."""

    file: str
    line: int
    text: str

    @property
    def remedy(self) -> str:
        """Return the last clause, apart from what was done."""
        return CONSEQUENCES.sub("", self.text).rpartition("; ")[2]

    @property
    def ends_in_an_imperative(self) -> bool:
        if not self.text:
            return False
        if not re.search("[a-zA-Z]", re.sub(r"\{\}|%s|[A-Z]+(_[A-Z]+)+", "", self.remedy)):
            return True  # a setting's name and another message, which is checked where it is made
        word = re.match(r"[a-z]+", self.remedy)
        return word is not None and word[0] in IMPERATIVES


class Names:
    """The texts that names stand for, in one function and its module."""

    def __init__(self, module: dict[str, list[ast.expr]], function: ast.AST | None) -> None:
        self._known = dict(module)
        if function is not None:
            self._known |= assigned(function)
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
        return [VALUE]

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
    return found


@cache
def constants() -> dict[str, list[ast.expr]]:
    """Return the package's constants by name: modules import them from one another."""
    return {
        name: values
        for path in (ROOT / "appconfig_env").rglob("*.py")
        for name, values in assigned(ast.parse(path.read_text())).items()
        if name.isupper()
    }


def messages(source: str, file: str) -> Iterator[Text]:
    tree = ast.parse(source)
    own = ast.Module([node for node in tree.body if isinstance(node, ast.Assign)], [])
    known = constants() | assigned(own)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    inside = {id(node): function for function in functions for node in ast.walk(function)}
    for call in ast.walk(tree):
        if isinstance(call, ast.Yield):
            function = inside[id(call)]
            if function.name in WARNERS:
                texts = Names(known, function).texts(call.value)
                yield from (Text(file, call.lineno, text) for text in texts)
        if not isinstance(call, ast.Call):
            continue
        names = Names(known, inside.get(id(call)))
        hint = hint_of(call, names)
        if hint is not None:
            yield from (Text(file, call.lineno, text) for text in names.texts(hint))
        message = message_of(call, file)
        if message is not None:
            for text in names.texts(message):
                if "; " in text or not gets_a_remedy(call):
                    yield Text(file, call.lineno, text)


def name_of(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def gets_a_remedy(call: ast.Call) -> bool:
    """Whether `AwsError.failure` adds a remedy to the error that `call` makes."""
    is_final = any(
        keyword.arg == "is_final" and ast.unparse(keyword.value) == "True"
        for keyword in call.keywords
    )
    return name_of(call.func) in CALL_MAKERS and not is_final


def hint_of(call: ast.Call, names: Names) -> ast.expr | None:
    """Return the expression of the remedy that `call` makes a failure with; '' if it has none."""
    position = HINTED.get(name_of(call.func))
    for keyword in call.keywords:
        if keyword.arg == "hint" and (position is not None or name_of(call.func) in CALL_MAKERS):
            return keyword.value
        if keyword.arg is None:  # the fields of another failure
            return None
    if position is None:
        return None
    arguments = [part for one in call.args for part in names.unpacked(one)]
    if any(isinstance(one, ast.Starred) for one in arguments):
        return None  # the summary and the remedy of others
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
    return [
        text
        for path in sorted((ROOT / "appconfig_env").rglob("*.py"))
        for text in messages(path.read_text(), path.relative_to(ROOT).as_posix())
    ]


def test_every_error_ends_in_an_imperative() -> None:
    found = package_messages()
    assert len(found) > 100
    without = [
        f"{one.file}:{one.line}: {one.text!r} does not end in what to do"
        for one in found
        if not one.ends_in_an_imperative and one.text not in EXCEPTIONS
    ]
    if without:
        pytest.fail("\n".join(without), pytrace=False)


def test_an_error_without_a_remedy_is_found() -> None:
    source = """
WHY = "it is broken"
PAIR = "broken", WHY
def f(name, hint):
    remedy = "" if name else "; repair it"
    problems.append(f"{name}: wrong")
    problems.append(f"{name}: wrong; correct it")
    raise LayerError(f"{WHY}; {hint}")
    raise LayerError(f"cannot be read ({name}){remedy}")
    raise Failure("invalid", "broken; fix it")
    raise Failure("invalid", "broken", "fix it")
    raise Failure("invalid", "broken", "it should be fixed")
    raise Failure(**fields)
    raise JsonError(*PAIR)
    raise JsonError(*joined(others))
    raise DocumentError("broken", hint=WHY)
    raise AwsError("GetParameters", "X", "no connection")
    raise AwsError("GetParameters", "X", "no connection", is_final=True)
    raise AwsError("GetParameters", "X", f"no connection; {WHY}")
    raise AwsError("GetParameters", "X", "no connection", hint=WHY)
"""
    without = [one for one in messages(source, "x.py") if not one.ends_in_an_imperative]
    assert sorted((one.line, one.text) for one in without) == [
        (6, "{}: wrong"),
        (9, "cannot be read ({})"),
        (9, "cannot be read ({}); repair it"),
        (10, ""),
        (12, "it should be fixed"),
        (14, "it is broken"),
        (16, "it is broken"),
        (18, "no connection"),
        (19, "no connection; it is broken"),
        (20, "it is broken"),
    ]


def test_a_line_of_a_log_without_a_remedy_is_found() -> None:
    source = """
def f(log, level, line):
    log("warn", f"{line}: broken")
    log("info", f"{line}: as usual")
    log(level, "it was left out")
    log("warn", f"{line}; it was left out")
    log("warn", "broken; fix it; it was left out")
    self._log.write("error", "broken; it should be fixed")
    log.fail("broken")
    log.fail("broken; fix it", "fatal")
    _log(f"warn: {line} is broken")
    _log(f"{line} is good")
    reader.warnings.append(f"{line} is doubtful")
    logger.warning("broken: %s", line)
def _doubtful():
    yield f"{line} has no effect"
    yield f"{line} has no effect; unset it"
"""
    without = [one for one in messages(source, "x.py") if not one.ends_in_an_imperative]
    assert sorted((one.line, one.text) for one in without) == [
        (3, "{}: broken"),
        (5, "it was left out"),
        (8, "broken; it should be fixed"),
        (9, "broken"),
        (11, "warn: {} is broken"),
        (13, "{} is doubtful"),
        (14, "broken: %s"),
        (16, "{} has no effect"),
    ]


def raised() -> set[str]:
    """The names of the exceptions that the package raises by a call of their class."""
    return {
        name_of(node.exc.func)
        for path in (ROOT / "appconfig_env").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)
    }


def test_every_exception_that_is_raised_is_in_one_of_the_tables() -> None:
    classes = {name for name in raised() if name.strip("_")[0].isupper()}
    tables = {*MAKERS, *HINTED, *CALL_MAKERS}

    assert classes - tables - NOT_SHOWN.keys() == set()
    assert NOT_SHOWN.keys() & tables == set()
    assert NOT_SHOWN.keys() - classes == set()


def test_every_exception_is_needed() -> None:
    without = {one.text for one in package_messages() if not one.ends_in_an_imperative}
    assert without >= set(EXCEPTIONS)


@pytest.mark.parametrize("hint", [*HINTS.values(), *PROXY_REMEDIES.values(), PROXY_CHECK])
def test_every_remedy_of_a_table_is_an_imperative(hint: str) -> None:
    assert Text("", 0, hint).ends_in_an_imperative


STATUSES = (0, 301, 400, 403, 404, 429, 500, 501, 503)
CODES = (
    *sorted(aws.DENIALS), *sorted(aws.CLOCK_CODES), "ExpiredTokenException",
    "UnrecognizedClientException", "ThrottlingException", "InternalServerError",
    "ResourceNotFoundException", "ParameterNotFound", "DecryptionFailure", "ValidationException",
    "HTTP 403", "HTTP 500", aws.UNREACHABLE, aws.INVALID_RESPONSE, aws.NO_CREDENTIALS,
    aws.MISCONFIGURED,
)  # fmt: skip


@pytest.mark.parametrize("operation", ["", *SERVICES])
@pytest.mark.parametrize("code", CODES)
def test_every_failure_of_a_call_has_a_remedy(code: str, operation: str) -> None:
    for status in STATUSES:
        hint = aws.AwsError(operation, code, "why", status=status).failure.hint
        assert hint
        assert Text("", 0, hint).ends_in_an_imperative, hint
