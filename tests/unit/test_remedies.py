"""Every error that the package can raise or log ends in what to do about it, as an imperative.

The texts are read from the source code, so that a new error or warning is checked too.
"""

from __future__ import annotations

import ast
import re

import pytest

from appconfig_env._backends.aws import errors as aws
from appconfig_env._backends.aws.services import SERVICES
from appconfig_env._config.references import parse
from appconfig_env._http.errors import PROXY_CHECK, PROXY_REMEDIES
from appconfig_env._wrapper.exec import HINTS
from appconfig_env.errors import SourceError
from tools.messages import (
    CALL_MAKERS,
    HINTED,
    MAKERS,
    Text,
    messages,
    name_of,
    package_messages,
)

from ..support.paths import ROOT

# Other exceptions that the package raises, and why their texts need no remedy.
NOT_SHOWN = {
    "AttributeError": "Python's own words, for a name that the package does not have",
    "KeyError": "caught where it is raised",
    "BindError": "its text consists of the problems in it",
    "InvalidError": "the parts of a BindError, which has the remedies",
    "RejectedError": "a part of a ConversionError, which has the remedy",
    "LoadError": "its text consists of the failures in it",
    "SnapshotRefusedError": "a reason; the lines of the log that have it end in what to do",
    "SystemExit": "has an exit code only",
    "TypeError": "caught where it is raised: the C code of json does not accept that value",
    "MarkedYAMLError": "becomes a YamlError",
    "OSError": "the reason in a line that ends in what to do",
}
IMPERATIVES = frozenset(
    re.findall(
        r"[a-z]+",
        """
add allow begin build call change check choose close compare complete convert correct create deploy
enable escape evaluate fix flatten grant install join leave log make move name pass put quote raise
read reinstall remove rename replace report run save see separate set shorten split start store try
unset use wait write
""",
    )
)
# Errors that end in something else, each with the reason.
EXCEPTIONS = {
    "begins with …:, did you mean …:? Correct it": "a question, whose end is the remedy",
    "…, or set format=binary to read its bytes": "the error has its own remedy, which is first",
    "option …: …": "names the option of an error that has its own remedy",
    "…: its value …, or list the variables that hold references in APPCONFIG_ENV_REFERENCES": (
        "the reason, which is checked where it is made, has the first remedy"
    ),
    "the snapshot … was not written (…)": "nothing to do: the lock holder writes it",
    "warn: …: no fallback: …": "the reason, which is checked in test_bake.py, has the remedy",
    "using the last valid value: …": "ends in a FieldProblem, which has its own remedy",
    "error: …": "a line of an error, which is checked where it is made",
    "refresh after the SnapStart restore failed: %s": "ends in an error that has its own remedy",
}


def ends_in_an_imperative(message: Text) -> bool:
    if not message.text:
        return False
    if not re.search("[a-zA-Z]", re.sub(r"…|%s|[A-Z]+(_[A-Z]+)+", "", message.remedy)):
        return True  # a setting's name and another message, which is checked where it is made
    word = re.match(r"[a-z]+", message.remedy)
    return word is not None and word[0] in IMPERATIVES


def test_every_error_ends_in_an_imperative() -> None:
    found = package_messages()
    assert len(found) > 100
    without = [
        f"{one.file}:{one.line}: {one.text!r} does not end in what to do"
        for one in found
        if not ends_in_an_imperative(one) and one.text not in EXCEPTIONS
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
    without = [one for one in messages(source, "x.py") if not ends_in_an_imperative(one)]
    assert sorted((one.line, one.text) for one in without) == [
        (6, "…: wrong"),
        (9, "cannot be read (…)"),
        (9, "cannot be read (…); repair it"),
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
    without = [one for one in messages(source, "x.py") if not ends_in_an_imperative(one)]
    assert sorted((one.line, one.text) for one in without) == [
        (3, "…: broken"),
        (5, "it was left out"),
        (8, "broken; it should be fixed"),
        (9, "broken"),
        (11, "warn: … is broken"),
        (13, "… is doubtful"),
        (14, "broken: %s"),
        (16, "… has no effect"),
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
    without = {one.text for one in package_messages() if not ends_in_an_imperative(one)}
    assert without >= set(EXCEPTIONS)


@pytest.mark.parametrize("hint", [*HINTS.values(), *PROXY_REMEDIES.values(), PROXY_CHECK])
def test_every_remedy_of_a_table_is_an_imperative(hint: str) -> None:
    assert ends_in_an_imperative(Text("", 0, hint))


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
        assert ends_in_an_imperative(Text("", 0, hint)), hint


ROLE = "arn:aws:iam::111122223333:role/reader"


@pytest.mark.parametrize("operation", SERVICES)
@pytest.mark.parametrize("code", CODES)
def test_every_failure_of_a_call_says_where_it_was_made_and_by_whom(
    code: str, operation: str
) -> None:
    error = aws.AwsError(operation, code, "why", status=400, request_id="a-request")
    error.region, error.role_arn = "eu-west-1", ROLE
    failure = error.failure_of(parse("ssm:/shop/prod/DB_HOST").resource)
    text = str(SourceError("DB_HOST=ssm:/shop/prod/DB_HOST", failure))
    for part in ("DB_HOST=ssm:/shop/prod/DB_HOST", operation, code, "a-request", "eu-west-1", ROLE):
        assert part in text
    if code in aws.DENIALS:
        assert failure.action.partition(":")[2] == operation
        assert failure.action in failure.hint
        assert failure.resource_arn in failure.hint
        assert failure.resource_arn.startswith(("arn:aws:", "*"))
