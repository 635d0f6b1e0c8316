"""The layer on arm64: a cold start over TLS, the snapshot and the helper, by CPython for arm64.

For `make test-arm64`, not part of `make test`: the interpreters are those that tools/get_pythons.sh
unpacks, and on any other processor QEMU runs them.
"""

from __future__ import annotations

import ast
import json
import os
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest
import trustme

from appconfig_env._cli import layer as _layer
from appconfig_env._cli.layer.bytecode import compile_all

from .layers import unpacked
from .paths import ROOT
from .pythons import PYTHONS

if TYPE_CHECKING:
    from pathlib import Path

    from .fake_aws import FakeAws

ARM64 = {
    path.name.removeprefix("python"): str(path)
    for path in sorted((ROOT / ".tools" / "pythons-arm64" / "bin").glob("python3.*"))
}
SECURE = "for its owner only"
PASSWORD = "s3=cr$t\n'\"é"

# What a function does: its environment, the helper, and the helper again after a refresh.
FUNCTION = """
import os, sys
sys.path.insert(0, sys.argv[1])
import appconfig_env

names = ("LIMIT", "P0", "P11", "TOKEN", "DB_PASSWORD", "LATE_USER")

def seen():
    return {
        "variables": {name: os.environ.get(name) for name in names},
        "got": {name: appconfig_env.get(name) for name in names},
        "errors": [source["last_error"] for source in appconfig_env.status().values()],
    }

found = seen() | {
    "flag": appconfig_env.flag("checkout").attributes,
    "loader": type(appconfig_env._helper.helper.__loader__).__name__,
}
print(found, flush=True)
sys.stdin.readline()
changed = sorted(appconfig_env.refresh())
print(seen() | {
    "changed": changed,
    "heavy": sorted({"hmac", "json", "re", "socket", "ssl"} & set(sys.modules)),
    "machine": os.uname().machine,
    "version": f"{sys.version_info[0]}.{sys.version_info[1]}",
})
"""


@pytest.fixture(params=ARM64)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def opt(version: str, tmp_path: Path) -> Path:
    """Unpack a layer that this machine's CPython of that version has built."""
    layer = tmp_path / "layer.zip"
    _layer.build(layer, pythons=[PYTHONS[version]])
    return unpacked(layer, tmp_path / "opt")


@pytest.fixture
def environ(fake_aws_tls: FakeAws, tmp_path: Path) -> dict[str, str]:
    """Fill an account; return what a function that reads it is configured with."""
    aws = fake_aws_tls
    aws.put_profile("shop", "prod", "app", {"limit": 10}, label="v1")
    aws.put_profile("shop", "prod", "flags", {"checkout": {"enabled": True, "limit": 3}})
    for number in range(12):
        aws.put_parameter(f"/shop/prod/p{number}", f"value {number}")
    aws.put_parameter("/shop/prod/token", SECURE, type="SecureString")
    aws.put_secret("prod/db", json.dumps({"user": "app", "password": PASSWORD}))
    return {
        **aws.environ(),
        "PATH": os.defpath,
        "APPCONFIG_ENV_SOURCES": "appconfig:shop/prod/app appconfig:shop/prod/flags"
        " ssm:/shop/prod/ secretsmanager:prod/db?env=no&prefix=LATE_",
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
        "DB_PASSWORD": "secretsmanager:prod/db#password",
        # Under an emulator everything takes some ten times as long.
        "APPCONFIG_ENV_DEADLINE_SECONDS": "300",
        "AWS_APPCONFIG_EXTENSION_POLL_TIMEOUT_MILLIS": "30s",
    }


def command(opt: Path, version: str) -> list[str]:
    """Return how Lambda starts a runtime: the wrapper, then the runtime's own command."""
    program = [ARM64[version], "-I", "-S", "-c", FUNCTION, str(opt / "python")]
    return [str(opt / "appconfig-env"), *program]


def test_there_are_interpreters_for_arm64() -> None:
    assert len(ARM64) >= 2, "run: ARCH=arm64 sh tools/get_pythons.sh"


def test_a_cold_start_and_a_refresh_on_arm64(
    opt: Path, version: str, environ: dict[str, str], fake_aws_tls: FakeAws, tmp_path: Path
) -> None:
    aws = fake_aws_tls
    with subprocess.Popen(
        command(opt, version), env=environ, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as function:  # fmt: skip
        assert function.stdin
        assert function.stdout
        line = function.stdout.readline()
        aws.put_profile("shop", "prod", "app", {"limit": 11}, label="v2")
        aws.put_parameter("/shop/prod/p0", "new value")
        aws.put_secret("prod/db", json.dumps({"user": "app", "password": "rotated"}))
        aws.forward(15)  # the shortest interval that the service allows
        rest, log = function.communicate("\n", timeout=300)
    assert function.returncode == 0, log
    found, again = ast.literal_eval(line), ast.literal_eval(rest)

    assert (again["machine"], again["version"]) == ("aarch64", version)
    started = {"LIMIT": "10", "P0": "value 0", "P11": "value 11", "TOKEN": SECURE}
    assert found == {
        "variables": {**started, "DB_PASSWORD": PASSWORD, "LATE_USER": None},
        "got": {**started, "DB_PASSWORD": PASSWORD, "LATE_USER": "app"},
        "errors": [None] * 4,
        "flag": {"limit": 3},
        "loader": "BundleLoader",  # byte code from another processor
    }
    assert again["variables"] == found["variables"], "as of the cold start"
    assert again["got"] == {
        **found["got"], "LIMIT": "11", "P0": "new value", "DB_PASSWORD": "rotated",
    }  # fmt: skip
    assert again["errors"] == found["errors"]
    assert {"DB_PASSWORD", "LIMIT", "P0"} <= set(again["changed"])
    assert again["heavy"] == [], "the C code alone does TLS, JSON and signatures"

    snapshot = tmp_path / "snapshot.json"
    assert stat.S_IMODE(snapshot.stat().st_mode) == 0o600
    text = snapshot.read_text()
    documents = json.loads(text)["documents"]
    assert documents["appconfig:shop/prod/app"]["body"] == '{"limit": 11}'
    # A path with a SecureString is secret as a whole.
    secrets = (SECURE, PASSWORD, "rotated", "new value")
    assert not [secret for secret in secrets if secret in text]
    assert aws.failed_handshakes == 0
    assert aws.received == {"shop/prod/app": 2, "shop/prod/flags": 1}
    assert aws.problems == []


def test_a_server_that_is_not_trusted_is_refused_on_arm64(
    opt: Path, version: str, environ: dict[str, str], fake_aws_tls: FakeAws, tmp_path: Path
) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    environ["AWS_CA_BUNDLE"] = str(tmp_path / "other.pem")

    done = subprocess.run(
        command(opt, version), env=environ, capture_output=True, text=True, check=False, timeout=300
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert "certificate" in done.stderr
    assert fake_aws_tls.failed_handshakes > 0
    assert fake_aws_tls.calls == []


def test_byte_code_compiled_on_arm64_has_the_same_bytes(version: str) -> None:
    names = (
        "appconfig_env/_cache/store.py",
        "appconfig_env/_http/tls.py",
        "appconfig_env/_content/fast_json.py",
    )
    sources = {name: (ROOT / name).read_text() for name in names}

    here, there = compile_all(sources, [PYTHONS[version]]), compile_all(sources, [ARM64[version]])

    assert here == there
