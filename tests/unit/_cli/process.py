"""Runs a verb in a process of a test's own: environment, backend, clock and output."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, NamedTuple

from appconfig_env._backends.fake import FakeBackend
from appconfig_env._cli.commands import Process, start
from appconfig_env._cli.output import Output

from ...support.fakes import Clock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from appconfig_env._backends.base import Backend, Outcome
    from appconfig_env._config.settings import Settings


class Done(NamedTuple):
    """What a verb returned and wrote."""

    exit_code: int
    out: str
    err: str


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


def only(backend: Backend) -> Callable[[Settings, Mapping[str, str]], Backend]:
    """Return what makes `backend`, whatever the settings are."""

    def make(settings: Settings, environ: Mapping[str, str]) -> Backend:
        del settings, environ
        return backend

    return make


def ran(
    verb: str,
    *words: str,
    documents: dict[str, bytes | Outcome] | None = None,
    environ: Mapping[str, str] | None = None,
    terminal: bool = False,
    backend: Backend | None = None,
    make_backend: Callable[[Settings, Mapping[str, str]], Backend] | None = None,
) -> Done:
    """Run `verb` against `documents`, which a fake backend returns; or against another one."""
    out, err = (Terminal(), Terminal()) if terminal else (io.StringIO(), io.StringIO())
    environ = environ or {}
    process = Process(
        environ,
        Output(out, environ),
        Output(err, environ),
        now=Clock(),
        make_backend=make_backend or only(backend or FakeBackend(documents)),
    )
    exit_code = start(verb, words, process)
    return Done(exit_code, out.getvalue(), err.getvalue())
