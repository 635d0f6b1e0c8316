"""The line of a verb that takes longer than a second: on terminals, erased at the end."""

from __future__ import annotations

import threading

import pytest

from appconfig_env._cli.waiting import waiting


class Screen:
    """What was written, and an event when something is."""

    def __init__(self) -> None:
        self.text = ""
        self.is_written = threading.Event()

    def write(self, text: str) -> None:
        self.text += text
        self.is_written.set()


def test_after_a_while_a_line_is_shown_and_then_erased() -> None:
    screen = Screen()

    with waiting("building", is_shown=True, write=screen.write, every_seconds=0.001):
        assert screen.is_written.wait(60)

    first, *_, blank, last = screen.text.split("\r")[1:]
    assert first.startswith("appconfig-env: building (0 s)")
    assert (blank.strip(), last) == ("", "")
    assert len(blank) >= len(first)


def test_what_is_done_at_once_shows_nothing() -> None:
    screen = Screen()

    with waiting("building", is_shown=True, write=screen.write, every_seconds=3600):
        pass

    assert screen.text == ""


def test_without_a_terminal_nothing_is_shown() -> None:
    screen = Screen()

    with waiting("building", write=screen.write, every_seconds=0.0):
        assert threading.active_count() == len(threading.enumerate())

    assert screen.text == ""


def test_a_narrow_terminal_gets_a_short_line() -> None:
    screen = Screen()

    with waiting(
        "building", is_shown=True, write=screen.write, columns=lambda: 12, every_seconds=0.001
    ):
        assert screen.is_written.wait(60)

    assert max(map(len, screen.text.split("\r"))) == 11


def test_the_line_is_erased_after_an_error_too() -> None:
    screen = Screen()

    def fail() -> None:
        with waiting("building", is_shown=True, write=screen.write, every_seconds=0.001):
            assert screen.is_written.wait(60)
            raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        fail()
    assert screen.text.endswith(" \r")
