"""Cold starts with limited memory, and hostile documents with the expected error of each."""

from __future__ import annotations

import os
import subprocess
import tempfile
from typing import TYPE_CHECKING, NamedTuple

from ..support.paths import WRAPPER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MEMORY_BYTES = 1 << 30
LIMITED = 'ulimit -v "$0" && exec "$@"'
MIB = 1 << 20


class Hostile(NamedTuple):
    """One document.

    Attributes:
        name: the document's name.
        format: the value of the `format` option.
        body: a function that returns the document, since some are large.
        error: a part of the expected error; empty if the document is accepted.
        warning: a part of the expected warning; empty if there is none.
    """

    name: str
    format: str
    body: Callable[[], bytes]
    error: str = ""
    warning: str = ""

    def __str__(self) -> str:
        return self.name


MERGES = "a: &a {k: 1}\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} {{<<: [{','.join(['*' + chr(97 + i)] * 9)}]}}\n"
    for i in range(12)
)
DEEP = 10_000
NO_NAME = "not a variable name"
DOCUMENTS = [
    Hostile("objects 10,000 deep", "json", lambda: b'{"a":' * DEEP + b"1" + b"}" * DEEP, "levels"),
    Hostile("lists 10,000 deep", "json", lambda: b"[" * DEEP + b"]" * DEEP, "levels"),
    Hostile(
        "a million keys",
        "json",
        lambda: b"{" + b",".join(b'"k%d":1' % n for n in range(1_000_000)) + b"}",
    ),
    Hostile("a million digits", "json", lambda: b'{"a":' + b"9" * 10**6 + b"}", "too many digits"),
    Hostile("1e400", "json", lambda: b'{"a": 1e400}', "too large"),
    Hostile("minus zero", "json", lambda: b'{"a": -0, "b": -0.0}'),
    Hostile("a key twice", "json", lambda: b'{"\\u001b[31mk": 1, "\\u001b[31mk": 2}', "duplicate"),
    Hostile("NaN", "json", lambda: b'{"a": NaN}', "NaN is not valid"),
    Hostile("Infinity", "json", lambda: b'{"a": -Infinity}', "-Infinity is not valid"),
    Hostile("a lone surrogate", "json", lambda: b'{"a": "\\ud800"}', "lone surrogate"),
    Hostile("a lone surrogate as key", "json", lambda: b'{"\\ud800": 1}', warning=NO_NAME),
    Hostile("NUL in a value", "json", lambda: b'{"a": "\\u0000"}', "NUL"),
    Hostile("NUL in a key", "json", lambda: b'{"a\\u0000b": 1}', warning=NO_NAME),
    Hostile("a newline in a key", "json", lambda: b'{"a\\nB=1": 1}', warning=NO_NAME),
    Hostile("a bidirectional override", "json", '{"a\u202eb": 1}'.encode, warning=NO_NAME),
    Hostile("a byte order mark", "json", lambda: b'\xef\xbb\xbf{"a": 1}'),
    Hostile("UTF-16", "json", lambda: '{"a": 1}'.encode("utf-16"), "UTF-8"),
    Hostile("4 MB in one value", "json", lambda: b'{"a": "' + b"x" * 4 * MIB + b'"}', "131071"),
    Hostile("4 MB of text", "text", lambda: b"x" * 4 * MIB, "131071"),
    Hostile("4 MB of keys", "json", lambda: _keys(4 * MIB)),
    Hostile("an open quote", "dotenv", lambda: b"A='x\nB=1\n", "line 1"),
    Hostile("4 MB in an open quote", "dotenv", lambda: b"A='" + b"x" * 4 * MIB, "at most"),
    Hostile("64 kB of spaces", "dotenv", lambda: b"A=x" + b" " * 65536 + b"y", "in a row"),
    Hostile("commands in values", "dotenv", lambda: b"A=$(id)\nB='`id`'\nC=${HOME}\nD=$HOME\n"),
    # Empty values, for which PyYAML takes half the time.
    Hostile("a million YAML values", "yaml", lambda: b"-\n" * 10**6, "at most 100000 values"),
    Hostile("aliases of aliases", "yaml", lambda: MERGES.replace("<<", "x").encode(), "at most"),
    Hostile("merges of merges", "yaml", MERGES.encode, "at most 100000 values"),
    Hostile("YAML 10,000 deep", "yaml", lambda: b"[" * DEEP + b"]" * DEEP, "levels"),
    Hostile("YAML's own tags", "yaml", lambda: b"a: !!python/object/apply:os.system [id]", "YAML"),
    Hostile("a million hex digits", "yaml", lambda: b"!!int 0x" + b"f" * 10**6, "its tag"),
    Hostile("a base-60 integer", "yaml", lambda: b"a: !!int 1" + b":59" * 10**5, "its tag"),
    Hostile("a base-60 float", "yaml", lambda: b"!!float 1" + b":1" * 240 + b".5", "its tag"),
]  # fmt: skip


def _keys(size: int) -> bytes:
    pairs = b",".join(b'"key_%07d":"%s"' % (n, b"v" * 80) for n in range(size // 96))
    return b"{" + pairs + b"}"


class Ended(NamedTuple):
    """A finished cold start: its exit code, its output, and the CPU seconds it took."""

    code: int
    out: str
    err: str
    seconds: float


def start(environ: Mapping[str, str], *command: str, memory: int = MEMORY_BYTES) -> Ended:
    """Run the wrapper with at most `memory` bytes of address space."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(
            ["/bin/sh", "-c", LIMITED, str(memory // 1024), str(WRAPPER), *command],
            env=dict(environ),
            stdout=out,
            stderr=err,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode())
    seconds = usage.ru_utime + usage.ru_stime  # CPU time, because the machine may be busy
    return Ended(process.returncode, texts[0], texts[1], seconds)
