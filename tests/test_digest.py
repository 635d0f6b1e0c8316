"""Digests against hashlib and hmac."""

from __future__ import annotations

import hashlib
import hmac
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from appconfig_env import _digest

from .pythons import PYTHONS

ROOT = Path(__file__).parent.parent
LONG = bytes(range(256)) * 5000  # hashlib lets go of the interpreter's lock from 2 kB on


@given(st.binary(max_size=300))
@example(LONG)
def test_sha256_is_that_of_hashlib(data: bytes) -> None:
    assert _digest.sha256(data) == hashlib.sha256(data).digest()


# Keys longer than a block of 64 bytes are hashed themselves.
@given(st.binary(max_size=130), st.binary(max_size=300))
@example(b"", b"")
@example(b"k" * 64, b"")
@example(b"k" * 65, LONG)
@example(LONG, b"message")
def test_hmac_sha256_is_that_of_hmac(key: bytes, message: bytes) -> None:
    assert _digest.hmac_sha256(key, message) == hmac.new(key, message, "sha256").digest()


def test_the_digests_are_those_of_the_standards() -> None:
    # FIPS 180-4's example "abc", and RFC 4231's test case 2.
    assert _digest.sha256(b"abc").hex() == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
    assert _digest.hmac_sha256(b"Jefe", b"what do ya want for nothing?").hex() == (
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )


COMPARE = """
import sys
if sys.argv[2:] == ["without"]:
    sys.modules["_hashlib"] = None
sys.path.insert(0, sys.argv[1])
from appconfig_env import _digest
found = [
    (_digest.sha256(data), _digest.hmac_sha256(key, data))
    for data in (b"", b"abc", b"x" * 100_000) for key in (b"", b"key", b"k" * 100)
]
print("hashlib" in sys.modules)
import hashlib, hmac
assert found == [
    (hashlib.sha256(data).digest(), hmac.new(key, data, "sha256").digest())
    for data in (b"", b"abc", b"x" * 100_000) for key in (b"", b"key", b"k" * 100)
]
"""


def compared(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("version", PYTHONS)
def test_each_python_has_the_c_code_that_is_expected(version: str) -> None:
    assert compared(PYTHONS[version], "-I", "-S", "-c", COMPARE, str(ROOT)) == "False\n"


@pytest.mark.parametrize("version", PYTHONS)
def test_a_python_without_openssl_has_the_same_digests(version: str) -> None:
    assert compared(PYTHONS[version], "-c", COMPARE, str(ROOT), "without") == "True\n"
