"""The tricks are measured by starts that really do without them; no test looks at a time."""

from __future__ import annotations

import re
import shutil
import socket
import ssl
import subprocess
from pathlib import Path

from benchmarks import layers, sections, tricks
from benchmarks.contenders import ROOT, SHOW
from benchmarks.server import HOST, Server
from benchmarks.starts import Bench
from benchmarks.tricks import AS_IT_IS, Brought, Reads, Way

AVOIDED = {"json", "ssl", "socket", "threading", "signal", "encodings.idna"}


def imported(bench: Bench, way: Way) -> set[str]:
    """The modules that a start of this way imports."""
    python, *words = tricks.command(way, {"checkout": str(ROOT)})
    done = subprocess.run(
        (python, "-X", "importtime", *words, "/bin/true"),
        env=bench.serve(tricks.CELL),
        capture_output=True,
        text=True,
        check=True,
    )
    bench.forget()
    return set(re.findall(r"^import time: .*\|\s*(\S+)$", done.stderr, re.MULTILINE))


def test_a_start_without_the_c_modules_goes_by_the_public_ones() -> None:
    with Bench.open() as bench:
        as_it_is, public = imported(bench, AS_IT_IS), imported(bench, Way(tricks.PUBLIC))

    assert not AVOIDED & as_it_is
    assert public > AVOIDED
    assert "appconfig_env._http.tls" in as_it_is & public


def test_a_trick_is_measured_beside_the_start_without_it() -> None:
    name = "garbage not collected"
    with Bench.open() as bench:
        (found,) = tricks.measure(bench, 2, (name,))
        asked = bench.server.counts()

    assert found.name == name
    assert len(found.saved) == 2
    starts = 2 * (1 + 2) + (0 if found.instructions is None else 2)
    assert asked.configurations == 2 * starts, "each start reads both profiles"


def test_a_layer_of_files_has_no_bundle(tmp_path: Path) -> None:
    with Server() as server:
        roots = tricks._roots(tmp_path, server.ca_file)

    bundles = {name: list(Path(root).rglob("*.bundle")) for name, root in roots.items()}
    assert {name: len(found) for name, found in bundles.items()} == {
        "checkout": 0,
        "bundle": 2,
        "files": 0,
        "sources": 0,
    }


def test_a_layer_trusts_the_server_by_its_own_directory_alone() -> None:
    as_it_is, _ = tricks.TRICKS["layer: AWS's roots in a hashed directory"]
    with Bench.open() as bench:
        environ = tricks._environs(bench)[as_it_is.trusts]
        wrapper = layers.unpacked(bench.folder / "opt", bench.server.ca_file)
        done = subprocess.run((wrapper, *SHOW), env=environ, capture_output=True, check=True)
        bench.forget()
        shutil.rmtree(bench.folder / "opt" / layers.PACKAGE / "anchors")
        without = subprocess.run((wrapper, *SHOW), env=environ, capture_output=True, check=False)

    assert "AWS_CA_BUNDLE" not in environ
    assert b"value 19" in done.stdout
    assert without.returncode
    assert b"certificate" in without.stderr


def test_tls_finds_the_authority_in_a_hashed_directory(tmp_path: Path) -> None:
    with Server() as server:
        layers.trust(server.ca_file, tmp_path / "hashed")
        context = ssl.create_default_context(capath=str(tmp_path / "hashed"))
        port = int(server.url.rpartition(":")[2])
        with (
            socket.create_connection(("127.0.0.1", port)) as plain,
            context.wrap_socket(plain, server_hostname=HOST) as tls,
        ):
            assert tls.version() == "TLSv1.3"


def test_a_get_is_measured_both_ways() -> None:
    assert min(tricks.reads(1, loops=10)) > 0


def test_the_page_tells_of_each_trick() -> None:
    found = [Brought("one", [1.0, 2.0, 3.0, 4.0], 5.25), Brought("two", [-1.0], None)]

    rows = sections.tricks(found, Reads(0.1, 0.15)).tables[0].rows

    assert rows[0] == ("one", "2.5", "1.2 to 3.8", "5.2")
    assert rows[1] == ("two", "-1.0", "-1.0 to -1.0", "")
    assert rows[2] == ("`get` as a closure, µs", "0.05", "", "")
