"""Waterfalls and reports of made-up traces."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._backends.aws.errors import AwsError
from appconfig_env._cli.trace import hooks, span
from appconfig_env._cli.trace.report import advice, report
from appconfig_env._cli.trace.rows import rows
from appconfig_env._cli.trace.span import KINDS, READ, Span, Trace, by_kind, from_recording
from appconfig_env._cli.trace.svg import COLOURS, html, svg
from appconfig_env._cli.trace.text import ASCII, BLOCKS, LEAST_WIDTH, picture, step_of, wrapped

SVG = "{http://www.w3.org/2000/svg}"
APP, PATH, SECRET = "appconfig:shop/prod/app", "ssm:/shop/", "secretsmanager:prod/db"


def trace(*more: Span, **fields: Any) -> Trace:
    """A cold start that reads a profile and a path of two pages."""
    spans = (
        Span("interpreter", (), 0, 10),
        Span("our imports", ("appconfig_env._cache.load",), 10, 20),
        Span("library imports", ("json",), 12, 16, parent=1),
        Span("settings", (), 20, 21),
        Span(READ, ("StartConfigurationSession", APP), 22, 40, thread=1),
        Span("call", ("StartConfigurationSession",), 22, 40, thread=1, parent=4),
        Span("DNS", ("aws.example",), 23, 25, thread=1, parent=5),
        Span("TLS", ("aws.example",), 25, 30, thread=1, parent=5),
        Span(READ, ("GetParametersByPath", PATH), 22, 50, thread=2),
        Span("call", ("GetParametersByPath",), 22, 50, thread=2, parent=8),
        Span(READ, ("GetParametersByPath", PATH), 50, 60, thread=2),
        Span("call", ("GetParametersByPath",), 50, 60, thread=2, parent=10),
        Span("parse", (APP,), 60, 61),
        Span("parse", (PATH,), 61, 62),
        Span("write", (), 62, 63),
    )
    return Trace(spans + more, **{"total": 64.0, "awaited": (APP, PATH), **fields})


def test_the_waterfall_fits_into_eighty_columns() -> None:
    assert picture(trace(), 80).splitlines() == [
        "64.0 ms until the exec: 2 resources, 3 calls",
        "",
        "                                     ms 0           20           40          60",
        "interpreter                        10.0 ██████▎",
        "our imports                         6.0       ▊▌  ██▌",
        "library imports                     4.0        ▌██",
        "settings                            1.0             ▌▏",
        "appconfig, worker 1",
        "  StartConfi…sion shop/prod/app    18.0              ░▍░░░░██████",
        "    DNS aws.example                 2.0               ▋▋",
        "    TLS aws.example                 5.0                ▍██▊",
        "ssm, worker 1",
        "  GetParametersByPath /shop/       28.0              ▎█████████████████▎",
        "  GetParamet…Path /shop/ page 2    10.0                                ▊█████▌",
        "parse (2)                           2.0                                      ▌▊",
        "write                               1.0                                       ▎▍",
        "",
        "ssm:/shop/ is the last to arrive: with env=no startup would take about 20.0 ms",
        "  less",
        "in ms: interpreter 10.0, our imports 6.0, library imports 4.0, settings 1.0, DNS",
        "  2.0, TLS 5.0, call 38.0, parse 2.0, write 1.0, other 2.0",
        "slowest imports: appconfig_env._cache.load 6.0, json 4.0",
        "arrived at: ssm:/shop/ 60.0, appconfig:shop/prod/app 40.0",
    ]


def test_the_waterfall_can_be_drawn_in_ascii() -> None:
    text = picture(trace(), 80, ASCII)
    assert text.isascii()
    assert "  GetParametersByPath /shop/       28.0              |#################|" in text


def test_a_failed_call_has_its_error_next_to_its_bar() -> None:
    failed = Span("call", ("GetSecretValue",), 22, 30, 3, 15, "AccessDeniedException")
    early = trace(Span(READ, ("GetSecretValue", SECRET), 22, 30, 3, failed=failed.failed), failed)
    (line,) = [
        line for line in picture(early, 100).splitlines() if "GetSecretValue prod/db" in line
    ]
    assert line.endswith("▒▒▒▒▏ AccessDeniedException") or "▒ AccessDeniedException" in line
    late = trace(failed._replace(began=60, ended=64, parent=-1), succeeded=False)
    (line,) = [line for line in picture(late, 100).splitlines() if "GetSecretValue" in line]
    assert re.search(r"AccessDeniedException ▒+$", line)
    assert "until startup failed" in picture(late)
    assert advice(late) == "no advice: startup failed"


def test_pauses_between_attempts_are_shown() -> None:
    more = (
        Span(READ, ("GetSecretValue", SECRET), 22, 60, 3),
        Span("call", ("GetSecretValue",), 22, 30, 3, 15, "ThrottlingException"),
        Span("call", ("GetSecretValue",), 50, 60, 3, 15),
    )
    all_rows = rows(trace(*more))
    (wait,) = [row for row in all_rows if row.label == "wait"]
    assert [(bar.began, bar.ended) for bar in wait.bars] == [(30, 50)]
    assert all_rows[all_rows.index(wait) - 1].failed == "ThrottlingException"
    assert by_kind(trace(*more))["wait"] == 20


def test_one_worker_is_one_lane_and_each_span_is_in_one_row() -> None:
    one_more = trace(Span("connect", ("alone",), 1, 2, 9))
    labels = [row.label for row in rows(one_more)]
    assert [label for label in labels if "worker" in label] == [
        "appconfig, worker 1",
        "ssm, worker 1",
        "other, worker 1",
    ]
    titles = [bar.title for row in rows(one_more) for bar in row.bars]
    for one in one_more.spans:
        if one.kind != READ:
            assert any(one.title in title for title in titles), one


def test_control_characters_and_markup_in_names_are_escaped() -> None:
    hostile = trace(
        Span("call", ('<b>&"\x1b[31m\n\u202e',), 1, 2, 9),
        lines=("logged\x07 <i>",),
        awaited=("ssm:/\x00",),
    )
    text, drawing = picture(hostile), svg(hostile)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202e]", text + drawing)
    assert "<b>" not in drawing
    root = ET.fromstring(drawing)
    assert any((one.text or "").endswith('<b>&"?[31m??') for one in root.iter(f"{SVG}text"))


def test_the_svg_has_no_script_and_no_external_resource() -> None:
    root = ET.fromstring(svg(trace()))
    assert root.tag == f"{SVG}svg"
    assert {one.tag.removeprefix(SVG) for one in root.iter()} == {
        "svg", "title", "style", "rect", "text", "line",
    }  # fmt: skip
    page = html(trace())
    assert "prefers-color-scheme:dark" in page
    assert not re.search(r"<script|href|url\(|@import", page)
    assert page.count("http") == 1  # the namespace


def test_every_bar_of_the_svg_is_inside_it_and_has_a_tooltip() -> None:
    root = ET.fromstring(svg(trace()))
    bars = [one for one in root.iter(f"{SVG}rect") if one.find(f"{SVG}title") is not None]
    assert len(bars) == sum(len(row.bars) for row in rows(trace()))
    for bar in bars:
        assert 0 < float(bar.get("x", "")) + float(bar.get("width", "")) <= 900
    titles = [one.findtext(f"{SVG}title") for one in bars]
    assert "GetParametersByPath /shop/ page 2: 10.00 ms from 50.00" in titles


def test_deferred_sources_are_reported_as_such() -> None:
    deferred = trace(awaited=(APP,), deferred=(PATH, SECRET))
    assert advice(deferred) == (
        "no advice: ssm:/shop/ arrived last, but is already deferred (env=no)"
    )
    paragraphs = report(deferred)
    assert "arrived at: ssm:/shop/ (env=no) 60.0, appconfig:shop/prod/app 40.0" in paragraphs
    assert "deferred (env=no): secretsmanager:prod/db" in paragraphs


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ([], "no advice: fewer than two AWS sources to compare"),
        ([((APP,), 9)], "no advice: fewer than two AWS sources to compare"),
        (
            [((APP,), 9), ((PATH,), 9.5)],
            "no advice: the last two sources arrived within 0.5 ms of each other",
        ),
        (
            [((APP,), 5), (("ssm:a", "ssm:b"), 9)],
            (
                "ssm:a and ssm:b are the last to arrive: "
                "with env=no startup would take about 4.0 ms less"
            ),
        ),
        ([(("ssm:a", "ssm:b"), 9)], "no advice: one call returned ssm:a and ssm:b"),
    ],
)
def test_the_advice_follows_from_the_spans(ends: list[Any], expected: str) -> None:
    spans = tuple(Span(READ, ("Get", *sources), 1, end) for sources, end in ends)
    assert advice(Trace(spans, 10.0)) == expected


def test_env_no_is_not_advised_where_it_has_no_effect() -> None:
    spans = (Span(READ, ("Get", APP), 1, 5), Span(READ, ("Get", PATH), 1, 9))
    assert advice(Trace(spans, 10.0, can_defer=False)) == (
        f"{PATH} is the last to arrive, by 4.0 ms; env=no has no effect with SnapStart or "
        "AWS_LAMBDA_MAX_CONCURRENCY"
    )


def test_a_kind_has_its_own_time_and_overlaps_count_once() -> None:
    spans = (
        Span("call", ("A",), 0, 10, 1),
        Span("TLS", (), 2, 6, 1, 0),
        Span("call", ("B",), 5, 12, 2),
    )
    lengths = by_kind(Trace(spans, 20.0))
    assert {kind: round(ms, 6) for kind, ms in lengths.items()} == {"TLS": 4, "call": 9, "other": 8}


def test_the_tracers_own_time_is_subtracted() -> None:
    one = {"kind": "settings", "names": [], "thread": 7, "parent": -1, "failed": ""}
    recording = {
        "began": 10_000_000, "ready": 13_000_000, "code": 0, "executed": 20_000_000,
        "ended": 20_000_000, "thread": 7, "lines": ["x"],
        "spans": [
            {**one, "began": 14_000_000, "ended": 16_000_000},
            {**one, "began": 15_000_000, "ended": 16_000_000, "parent": 0},
        ],
    }  # fmt: skip
    traced = from_recording(recording, 4_000_000, [APP], [])
    assert [(span.kind, span.began, span.ended, span.parent) for span in traced.spans] == [
        ("interpreter", 0, 6, -1),
        ("settings", 7, 9, -1),
        ("settings", 8, 9, 1),
    ]
    assert (traced.total, traced.succeeded, traced.lines) == (13.0, True, ("x",))
    failed = {**recording, "executed": 0, "ended": 30_000_000}
    assert not from_recording(failed, 0, [], []).succeeded


texts = st.text(max_size=30)
moments = st.floats(0, 1e5) | st.sampled_from([0.0, 1.0, 1e-9])
spans = st.builds(
    lambda kind, names, began, duration, thread, parent, failed: Span(
        kind, tuple(names), began, began + duration, thread, parent, failed
    ),
    st.sampled_from([*KINDS, READ, "another"]),
    st.lists(texts, max_size=3),
    moments,
    moments,
    st.integers(0, 3),
    st.integers(-1, 6),
    st.just("") | texts,
)
traces = st.builds(
    Trace,
    st.lists(spans, max_size=7).map(tuple),
    moments,
    st.booleans(),
    st.lists(texts, max_size=2).map(tuple),
    st.lists(texts, max_size=2).map(tuple),
    st.lists(texts, max_size=2).map(tuple),
)


@given(traces, st.integers(0, 200), st.sampled_from([BLOCKS, ASCII]))
def test_every_line_of_any_trace_fits(any_trace: Trace, width: int, glyphs: Any) -> None:
    text = picture(any_trace, width, glyphs)
    assert max(map(len, text.splitlines())) <= max(width, LEAST_WIDTH)
    assert all(line.isprintable() for line in text.split("\n"))


@given(traces)
def test_the_svg_of_any_trace_is_xml(any_trace: Trace) -> None:
    ET.fromstring(svg(any_trace))


@given(st.floats(0.001, 1e6), st.floats(1, 50))
def test_ticks_are_round_numbers_and_few(end: float, most: float) -> None:
    step = step_of(end, most)
    assert end / step <= most + 1
    assert f"{step:.0e}"[0] in "125"


@given(texts, st.integers(10, 60))
def test_wrapping_keeps_every_character(text: str, width: int) -> None:
    lines = wrapped(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(len(line) <= width for line in lines)


@pytest.mark.parametrize("hook", hooks.TABLE, ids=lambda hook: f"{hook[0]}:{hook[1]}")
def test_every_function_in_the_table_exists(hook: tuple[str, str, str, Any]) -> None:
    module, path, kind, _ = hook
    function: Any = import_module(module)
    for name in path.split("."):
        function = getattr(function, name)
    assert callable(function)
    assert kind in (*span.KINDS, READ)


def test_every_kind_has_a_colour() -> None:
    assert set(COLOURS) == set(KINDS)


def test_a_span_that_is_open_at_the_exec_is_marked_not_finished() -> None:
    recorder = hooks.Recorder()
    recorder.begin("call", ["GetParametersByPath"])
    recorder.execve("/bin/x", [], {})

    (recorded,) = recorder.recording()["spans"]

    assert recorded["failed"] == "not finished"
    assert recorded["ended"] == recorder.recording()["executed"]


def test_a_span_that_fails_is_marked_with_its_code_or_the_exceptions_name() -> None:
    recorder = hooks.Recorder()

    def fails(error: Exception) -> None:
        raise error

    for error in (AwsError("GetParameters", "ThrottlingException"), KeyError("x")):
        with pytest.raises(type(error)):
            recorder.timed(fails, "call", lambda _arguments: ["GetParameters"])(error)

    assert [recorded["failed"] for recorded in recorder.recording()["spans"]] == [
        "ThrottlingException", "KeyError",
    ]  # fmt: skip
