"""The benchmarks run and measure what they say; no test here looks at a time."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from benchmarks import counts, distance, each_python, growth, layers, native
from benchmarks.contenders import CONTENDERS, NOTHING, ROOT, SHOW, Cell
from benchmarks.server import HOST, Server
from benchmarks.starts import Bench, Start
from tools import page

if TYPE_CHECKING:
    from pathlib import Path

BARE = {"PATH": os.defpath}
CALLS = {"GetLatestConfiguration": 2, "GetParametersByPath": 2, "StartConfigurationSession": 2}
STRACE = """\
1 execve("/bin/sh", ["sh"], 0x7ffd /* 1 vars */) = 0
1 openat(AT_FDCWD, "/etc/passwd", O_RDONLY|O_CLOEXEC) = 3
1 openat(AT_FDCWD, "/nowhere", O_RDONLY) = -1 ENOENT (No such file or directory)
2 openat(AT_FDCWD, "/etc/hosts", O_RDONLY <unfinished ...>
1 read(3,  <unfinished ...>
2 <... openat resumed>) = 4
1 <... read resumed>"", 64) = 0
1 +++ exited with 0 +++
"""


def test_a_cell_gives_what_each_contender_adds_and_asks_for() -> None:
    with Bench.open() as bench:
        (found,) = distance.measure(bench, 1, [Cell(1, 3)])

    assert found.added.keys() == CONTENDERS.keys()
    assert found.calls == 3
    assert found.over_baseline == found.added["ours"] - found.added["baseline"]
    assert found.boto3 == found.added["boto3"] / found.added["ours"]


def test_growth_counts_calls_and_memory_at_each_size() -> None:
    with Bench.open() as bench:
        found = growth.measure(bench, 1, {"parameters": (Cell(1, 10), Cell(1, 11))})

    assert [point.calls for point in found["parameters"]] == [3, 4]
    assert all(point.taken["MiB"][0] > 1 for point in found["parameters"])


def test_a_line_fits_what_is_straight() -> None:
    calls = [3, 5, 11, 101]
    line = growth.fit(calls, [10 + 2 * number for number in calls])

    assert (line.base, line.each, line.worst) == pytest.approx((10, 2, 0))


@pytest.mark.parametrize("power", [1, 2])
def test_the_exponent_tells_a_line_from_a_square(power: int) -> None:
    calls = [0, 10, 100, 300, 1000]

    assert growth.exponent(calls, [40 + 0.1 * one**power for one in calls]) == pytest.approx(power)


def test_strace_tells_opened_files_and_calls() -> None:
    assert counts.of_strace(STRACE) == (2, 5)


@pytest.mark.skipif(not shutil.which("strace"), reason="no strace here")
def test_a_cold_start_is_counted_by_strace(tmp_path: Path) -> None:
    counted = counts.system_calls((), BARE, tmp_path)

    if counted:  # else tracing is not allowed here
        files, calls = counted
        assert 0 < files < calls


@pytest.mark.skipif(not shutil.which("valgrind"), reason="no valgrind here")
def test_instructions_are_counted_until_the_exec(tmp_path: Path) -> None:
    def counted(script: str) -> int:
        return counts.by_valgrind(("/bin/sh", "-c", script, "sh"), BARE, tmp_path)

    assert 10_000 < counted('exec "$@"') < counted('for one in 1 2 3 4 5; do :; done; exec "$@"')


def test_the_peak_is_that_of_the_command() -> None:
    large = (sys.executable, "-I", "-S", "-c", "print(len(bytes(range(256)) * 200_000))")

    assert counts.peak_mib(large, BARE) > counts.peak_mib(NOTHING, BARE) + 40


def test_the_command_measures_what_is_wanted_and_fills_the_page(tmp_path: Path) -> None:
    (tmp_path / "performance.md").write_text((ROOT / "docs" / "performance.md").read_text())
    words = ("--rounds", "1", "--only", "start", "--only", "reads", "--docs", tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    filled = dict(page.marks((tmp_path / "performance.md").read_text()))
    assert {filled["start-rounds"], filled["reads-rounds"]} == {"1"}
    assert filled["start-variables"] == str(20 + 4 + 3)
    for name in ("machine", "start", "read"):
        assert f"{filled[name]}\n" in done.stdout
    targets = re.findall(r"\| at \w+ ([\d.]+) (ms|µs|x) \|", done.stdout)
    ratios = [target for target, unit in targets if unit == "x"]
    limit = ["1.4"] if native.built(tmp_path) else []
    assert ratios == ["1.85", "5.5", "1.3", "5", "6", *limit, "1.5", "1"]
    times = [target for target, unit in targets if unit != "x"]
    assert times == ["15", "45", "0.3"]
    progress = [line.split(" ", 2) for line in done.stderr.splitlines() if ", round " not in line]
    assert [(one[0], one[2]) for one in progress] == [
        ("[1/2]", "measuring: start"),
        ("[2/2]", "measuring: reads"),
    ]
    drawn = sorted(one.name for one in (tmp_path / "performance").iterdir())
    assert drawn == ["read.svg", "start.svg"]


def test_the_native_program_makes_the_same_calls_and_becomes_the_command(tmp_path: Path) -> None:
    program = native.built(tmp_path)
    if program is None:
        pytest.skip("no C compiler, or no OpenSSL to compile with")
    with Bench.open() as bench:
        environ = bench.serve(Cell())
        _, counts = bench.agreed(("baseline",), environ)
        bench.require_calls(Start(program, environ), counts["baseline"])
        done = subprocess.run((*program, *SHOW), env=environ, capture_output=True, check=True)
        with pytest.raises(RuntimeError, match=r"native_start made .*, expected Counts"):
            bench.require_calls(Start(program, bench.serve(Cell(1, 3))), counts["baseline"])
        (tmp_path / "none.pem").write_text("")
        environ["AWS_CA_BUNDLE"] = str(tmp_path / "none.pem")
        untrusted = subprocess.run(
            (*program, *NOTHING), env=environ, capture_output=True, check=False
        )

    assert json.loads(done.stdout)["PREFETCH_PATH"] == "/shop/prod/"
    assert untrusted.returncode == 1
    assert untrusted.stderr == b"native_start: AWS_CA_BUNDLE failed\n"


def test_without_a_compiler_there_is_no_native_program(tmp_path: Path) -> None:
    assert native.built(tmp_path, "no-such-compiler") is None
    assert native.built(tmp_path, "false") is None


def test_each_python_is_measured_from_both_layers() -> None:
    with Bench.open() as bench:
        found = each_python.measure(bench, 1)

    assert list(found) == ["3.11", "3.12", "3.13", "3.14", "3.15"]
    assert found["{}.{}".format(*sys.version_info)]


def test_a_cold_start_finds_nothing_that_another_one_has_written() -> None:
    with Bench.open() as bench:
        environ = bench.serve(Cell())
        calls = [bench.agreed(("ours",), environ)[1]["ours"].calls for _ in range(2)]
        bench.times({Cell(): bench.starts(Cell(), ("ours",))}, 2)
        calls.append(bench.server.counts().calls)  # those of the last round

    assert calls == [CALLS, CALLS, CALLS]


@pytest.mark.skipif(not shutil.which("valgrind"), reason="no valgrind here")
def test_instructions_are_those_of_a_cold_start_that_calls_aws() -> None:
    with Bench.open() as bench:
        counted = counts.instructions(bench, bench.starts(Cell(), ("ours",))["ours"])
        calls = bench.server.counts().calls

    if counted is not None:  # else valgrind does not know this processor
        assert calls.keys() == CALLS.keys(), "sh goes on to it"
        # On a busy machine an attempt may end before its response, and is made again.
        assert all(calls[name] >= 2 * number for name, number in CALLS.items())


def test_deferred_sources_are_measured_next_to_what_is_awaited() -> None:
    with Bench.open() as bench:
        found = distance.measure_deferred(bench, 1, [Cell(1, 3)])

    assert list(found) == [Cell(1, 3)]
    ways = ["awaited", "env=no", "not read", "all env=no", "nothing to read"]
    assert list(found[Cell(1, 3)]) == ways


def test_a_layer_trusts_the_server_by_its_own_directory_alone() -> None:
    with Bench.open() as bench:
        environ = bench.serve(Cell())
        del environ["AWS_CA_BUNDLE"]
        wrapper = layers.unpacked(bench.folder / "opt", bench.server.ca_file)
        done = subprocess.run((wrapper, *SHOW), env=environ, capture_output=True, check=True)
        shutil.rmtree(bench.folder / "opt" / layers.PACKAGE / "anchors")
        environ = bench.cold(environ)
        without = subprocess.run((wrapper, *SHOW), env=environ, capture_output=True, check=False)

    assert b"value 19" in done.stdout
    assert without.returncode
    assert b"certificate" in without.stderr


def test_tls_finds_the_authority_in_a_hashed_directory(tmp_path: Path) -> None:
    with Server(tmp_path / "ca.pem") as server:
        layers.trust(server.ca_file, tmp_path / "hashed")
        context = ssl.create_default_context(capath=str(tmp_path / "hashed"))
        port = int(server.url.rpartition(":")[2])
        with (
            socket.create_connection(("127.0.0.1", port)) as plain,
            context.wrap_socket(plain, server_hostname=HOST) as tls,
        ):
            assert tls.version() == "TLSv1.3"
