"""The expected result of each cell of the matrix, compared with the actual one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .fault import SOURCES, Outcome
from .harness import NAMES, REFERENCES, value_of
from .wire import REQUEST_ID, code_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .fault import Fault
    from .harness import Refresh, Start

APPCONFIG = ("StartConfigurationSession", "GetLatestConfiguration")
OPERATIONS = {
    "session": APPCONFIG,
    "poll": APPCONFIG,
    "path": ("GetParametersByPath",),
    "name": ("GetParameters",),
    "secret": ("GetSecretValue",),
}


OWN = "appconfig-env: "  # before each line of the wrapper
# In the error of an attempt that began so late that the deadline ended it.
CUT_OFF = ("timed out", "in time", "no response within", "not attempted before the deadline")


def hit_by(fault: Fault) -> tuple[str, ...]:
    """The sources that cannot be read under `fault`."""
    return fault.sources if fault.outcome is not Outcome.SUCCESS else ()


def check_start(fault: Fault, column: str, done: Start) -> set[str]:
    """Compare a cold start with what `fault` allows.

    Returns:
        The sources whose error names the fault, and not only that an attempt ran out of time.
    """
    hit = hit_by(fault)
    exact = set()
    uses_fallback = column == "FALLBACK" and fault.outcome is not Outcome.REFUSED
    if hit and column != "optional" and not uses_fallback:
        _check_failed_start(fault, column, done, hit)
    else:
        _check_good_start(done, hit, uses_fallback=uses_fallback)
    for source in hit:
        lines = [line for line in _problems(done.stderr) if REFERENCES[source] in line]
        if not lines and done.code == 1 and (column, source) == ("FALLBACK", "secret"):
            continue  # optional there: a failed start reports only the sources that made it fail
        assert len(lines) == 1, done.stderr
        if _check_error(fault, source, lines[0]):
            exact.add(source)
    for source in set(SOURCES) - set(hit):
        # A cold start with a fallback does not have to wait for the quota.
        is_reported = any(REFERENCES[source] in line for line in _problems(done.stderr))
        assert not is_reported or (uses_fallback and not fault.recovers)
    assert "Traceback" not in done.stderr
    if hit and fault.on_call and column == "required":
        _check_attempts(fault, done.calls)
    if fault.outcome is Outcome.PERMANENT:
        # One for each source, or two if only part of the trust store is loaded at first.
        assert done.connections <= 2 * len(SOURCES)
    return exact


def check_refresh(fault: Fault, life: Refresh) -> set[str]:
    """Compare a refresh with what `fault` allows; return the same as `check_start`."""
    assert life.faulty["raised"] == ""
    assert life.faulty["files"] == life.faulty["before"]["files"]
    assert life.faulty["threads"] == life.faulty["before"]["threads"]
    assert _numbers(life.started) == dict.fromkeys(SOURCES, 1)
    hit = hit_by(fault)
    exact = set()
    numbers, errors = _numbers(life.faulty), _errors(life.faulty)
    for source in SOURCES:
        if source in hit:
            assert numbers[source] == 1
            assert life.faulty["status"][REFERENCES[source]]["age"] is not None
            if _check_error(fault, source, errors[source] or ""):
                exact.add(source)
            # Without the wrapper's lines, which name every source and call at this level.
            logged = [one for one in life.stderr.splitlines() if not one.startswith(OWN)]
            lines = [line for line in logged if REFERENCES[source] in line]
            assert len(lines) == 1
            assert "; using the last value" in lines[0]
        elif fault.recovers:
            assert (numbers[source], errors[source]) == (2, None)
        else:  # either, depending on the time left
            assert (numbers[source], errors[source] is None) in ((1, False), (2, True))
    assert _numbers(life.recovered) == dict.fromkeys(SOURCES, 2)
    assert _errors(life.recovered) == dict.fromkeys(SOURCES)
    assert "Traceback" not in life.stderr
    return exact


def _problems(stderr: str) -> list[str]:
    """The lines of the wrapper about problems, without those about each source and call."""
    levels = tuple(f"{OWN}{level}: " for level in ("warn", "error", "fatal"))
    return [line for line in stderr.splitlines() if line.startswith(levels)]


def _check_failed_start(fault: Fault, column: str, done: Start, hit: Iterable[str]) -> None:
    assert done.code == 1
    assert done.report is None
    (init_error,) = done.init_errors
    assert init_error["errorType"] == "AppConfigEnv.LoadError"
    lines = init_error["errorMessage"].split("\n")
    for source in hit:
        if column == "FALLBACK" and source == "secret":
            continue  # optional there
        (line,) = [line for line in lines if REFERENCES[source] in line]
        _check_error(fault, source, line)
        assert f"appconfig-env: error: {line}" in done.stderr.splitlines()


def _check_good_start(done: Start, hit: Iterable[str], *, uses_fallback: bool) -> None:
    assert done.code == 0, done.stderr
    assert done.init_errors == []
    assert done.report is not None
    environ = done.report["environ"]
    for source, name in NAMES.items():
        if source not in hit or (uses_fallback and source != "secret"):
            assert environ[name] == value_of(source, 1)
        else:
            assert name not in environ
    assert done.report["threads"] == 1
    assert not [name for name in done.report["files"] if name.startswith("socket:")]


def _check_error(fault: Fault, source: str, error: str) -> bool:
    """Check that an error names what failed, where, and what to do.

    Returns:
        Whether it names the fault. The deadline may have ended the last attempt.
    """
    code = code_of(fault.status, source) if fault.status else ""
    expected = [text.format(code=code) for text in fault.error_parts]
    if fault.has_request_id:
        expected.append(f"request {REQUEST_ID})")
    missing = [text for text in expected if text not in error]
    if missing and fault.is_slow and any(text in error for text in CUT_OFF):
        return False
    # Sources that fail for one cause share a line, which names the operations of all.
    operations = "|".join(OPERATIONS[source])
    assert re.search(rf"\b({operations})(, \w+)* failed: ", error), error
    assert missing == [], error
    return True


def _check_attempts(fault: Fault, calls: list[tuple[str, str]]) -> None:
    """Check that transient faults are retried, and nothing else."""
    attempts = {
        source: calls.count((source, OPERATIONS[source][source == "poll"]))
        for source in fault.sources
    }
    if fault.outcome is not Outcome.TRANSIENT:
        if fault.status == 400:
            attempts.pop("poll")  # a refused token is retried in a new session
        has_pages = "NextToken" in fault.error_parts[0]
        assert has_pages or set(attempts.values()) == {1}
    elif "in time" not in fault.error_parts:
        assert sum(attempts.values()) > len(attempts)


def _numbers(report: Mapping[str, Any]) -> dict[str, int]:
    return {source: int(report["values"][name][-1]) for source, name in NAMES.items()}


def _errors(report: Mapping[str, Any]) -> dict[str, str | None]:
    return {
        source: report["status"][reference]["last_error"]
        for source, reference in REFERENCES.items()
    }
