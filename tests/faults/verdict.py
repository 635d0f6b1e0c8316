"""What each cell of the matrix has to show: held against what a start or a refresh did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .fault import SOURCES, Ending
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


# Of an attempt that began so late that the deadline cut it off.
CUT_OFF = ("timed out", "in time", "no answer within", "no time was left for it")


def hit_by(fault: Fault) -> tuple[str, ...]:
    """The sources that `fault` does not let be read."""
    return fault.sources if fault.ending is not Ending.WELL else ()


def see_start(fault: Fault, column: str, done: Start) -> set[str]:
    """Hold a cold start against what `fault` allows.

    Returns:
        The sources whose error tells the fault, not that there was no more time for an attempt.
    """
    hit = hit_by(fault)
    exact = set()
    stands_in = column == "FALLBACK" and fault.ending is not Ending.REFUSED
    if hit and column != "optional" and not stands_in:
        _see_failed_start(fault, column, done, hit)
    else:
        _see_good_start(done, hit, stands_in=stands_in)
    for source in hit:
        lines = [line for line in done.stderr.splitlines() if REFERENCES[source] in line]
        if not lines and done.code == 1 and (column, source) == ("FALLBACK", "secret"):
            continue  # optional there: a start that fails tells what it fails for
        assert len(lines) == 1, done.stderr
        if _see_error(fault, source, lines[0]):
            exact.add(source)
    for source in set(SOURCES) - set(hit):
        # A start with a fallback need not wait for a quota.
        assert REFERENCES[source] not in done.stderr or (stands_in and not fault.heals)
    assert "Traceback" not in done.stderr
    if hit and fault.does and column == "required":
        _see_attempts(fault, done.calls)
    if fault.ending is Ending.LASTING:
        # One for each source, or two, where a store of certificates is only read in part at first.
        assert done.connections <= 2 * len(SOURCES)
    return exact


def see_refresh(fault: Fault, life: Refresh) -> set[str]:
    """Hold a refresh against what `fault` allows; the same is returned."""
    assert life.faulty["raised"] == ""
    assert life.faulty["files"] == life.faulty["before"]["files"]
    assert life.faulty["threads"] == life.faulty["before"]["threads"]
    assert _numbers(life.good) == dict.fromkeys(SOURCES, 1)
    hit = hit_by(fault)
    exact = set()
    numbers, errors = _numbers(life.faulty), _errors(life.faulty)
    for source in SOURCES:
        if source in hit:
            assert numbers[source] == 1
            assert life.faulty["status"][REFERENCES[source]]["age"] is not None
            if _see_error(fault, source, errors[source] or ""):
                exact.add(source)
            told = [line for line in life.stderr.splitlines() if REFERENCES[source] in line]
            assert len(told) == 1
            assert "the last good values stay" in told[0]
        elif fault.heals:
            assert (numbers[source], errors[source]) == (2, None)
        else:  # by the time there is, either
            assert (numbers[source], errors[source] is None) in ((1, False), (2, True))
    assert _numbers(life.well) == dict.fromkeys(SOURCES, 2)
    assert _errors(life.well) == dict.fromkeys(SOURCES)
    assert "Traceback" not in life.stderr
    return exact


def _see_failed_start(fault: Fault, column: str, done: Start, hit: Iterable[str]) -> None:
    assert done.code == 1
    assert done.shown is None
    (told,) = done.told
    assert told["errorType"] == "AppConfigEnv.LoadError"
    lines = told["errorMessage"].split("\n")
    for source in hit:
        if column == "FALLBACK" and source == "secret":
            continue  # optional there
        (line,) = [line for line in lines if REFERENCES[source] in line]
        _see_error(fault, source, line)
        assert f"appconfig-env: error: {line}" in done.stderr.splitlines()


def _see_good_start(done: Start, hit: Iterable[str], *, stands_in: bool) -> None:
    assert done.code == 0, done.stderr
    assert done.told == []
    assert done.shown is not None
    environ = done.shown["environ"]
    for source, name in NAMES.items():
        if source not in hit or (stands_in and source != "secret"):
            assert environ[name] == value_of(source, 1)
        else:
            assert name not in environ
    assert done.shown["threads"] == 1
    assert not [name for name in done.shown["files"] if name.startswith("socket:")]


def _see_error(fault: Fault, source: str, said: str) -> bool:
    """See that a person learns from it what failed, where, and what to do.

    Returns:
        Whether it tells the fault. The last attempt before a deadline may have been cut off.
    """
    code = code_of(fault.status, source) if fault.status else ""
    expected = [text.format(code=code) for text in fault.says]
    if fault.is_named:
        expected.append(f"(request {REQUEST_ID})")
    missing = [text for text in expected if text not in said]
    if missing and fault.is_slow and any(words in said for words in CUT_OFF):
        return False
    assert any(f"{operation} failed: " in said for operation in OPERATIONS[source]), said
    assert missing == [], said
    return True


def _see_attempts(fault: Fault, calls: list[tuple[str, str]]) -> None:
    """See that what may pass is tried again, and nothing else."""
    attempts = {
        source: calls.count((source, OPERATIONS[source][source == "poll"]))
        for source in fault.sources
    }
    if fault.ending is not Ending.PASSING:
        if fault.status == 400:
            attempts.pop("poll")  # a token that is refused is worth another session
        is_many = "NextToken" in fault.says[0]
        assert is_many or set(attempts.values()) == {1}
    elif "in time" not in fault.says:
        assert sum(attempts.values()) > len(attempts)


def _numbers(seen: Mapping[str, Any]) -> dict[str, int]:
    return {source: int(seen["values"][name][-1]) for source, name in NAMES.items()}


def _errors(seen: Mapping[str, Any]) -> dict[str, str | None]:
    return {
        source: seen["status"][reference]["last_error"] for source, reference in REFERENCES.items()
    }
