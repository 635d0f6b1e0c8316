"""TLS with and without the ssl module, with a real server: same results and errors."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from appconfig_env._http import tls
from appconfig_env._http.sockets import Socket, dial, resolve

from ...support.paths import ROOT
from ...support.pythons import PYTHONS
from ...support.raw_server import HOST, RawServer, Response, hang, ok, then_close

if TYPE_CHECKING:
    import _ssl
    from collections.abc import Iterator
    from pathlib import Path

    from appconfig_env._http.sockets import Stream

MEGABYTE = bytes(range(256)) * 4096
HEAD = b"GET / HTTP/1.1\r\n\r\n"

authority = trustme.CA()
other_authority = trustme.CA()


@pytest.fixture(params=["_ssl", "ssl"])
def context(request: pytest.FixtureRequest) -> _ssl._SSLContext:
    """Either implementation's context; it trusts only `authority`."""
    context = tls.new_context(tls.native if request.param == "_ssl" else None)
    assert isinstance(context, ssl.SSLContext) is (request.param == "ssl")
    context.load_verify_locations(cadata=authority.cert_pem.bytes().decode())
    return context


def server_context(leaf: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    return context


def serving(*responses: Response, leaf: trustme.LeafCert | None = None) -> RawServer:
    leaf = leaf or authority.issue_cert(HOST, "localhost")
    return RawServer(*responses, context=server_context(leaf))


@contextmanager
def connected(
    server: RawServer, context: _ssl._SSLContext, host: str = HOST, seconds: float = 10
) -> Iterator[Stream]:
    outer = dial(resolve(HOST, server.port), "the server", time.monotonic() + 10)
    try:
        outer.settimeout(seconds)
        stream = tls.start(context, outer, host)
        try:
            yield stream
        finally:
            stream.close()
    finally:
        outer.close()


def read(stream: Stream, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = stream.recv(65536)
        assert more
        data += more
    return data


def close_properly(connection: socket.socket) -> None:
    """Close TLS with a close_notify."""
    assert isinstance(connection, ssl.SSLSocket)
    connection.sendall(b"bye")
    connection.unwrap()


class Context:
    """A context as another Python might have it."""

    verify_mode = ssl.CERT_REQUIRED
    check_hostname = True
    minimum_version = 0
    _wrap_socket = None

    def __init__(self, protocol: int) -> None:
        del protocol


class TrustingContext(Context):
    verify_mode = ssl.CERT_NONE


class CarelessContext(Context):
    check_hostname = False


class ContextWithoutWrap(Context):
    def __getattribute__(self, name: str) -> Any:
        if name == "_wrap_socket":
            raise AttributeError(name)
        return super().__getattribute__(name)


class ReadOnlyContext(Context):
    @property
    def minimum_version(self) -> int:  # type: ignore[override]
        return 0


class ContextWithoutArguments(Context):
    def __init__(self) -> None:
        raise AssertionError("called without its argument")


def fake_module(**names: object) -> ModuleType:
    fake = ModuleType("_ssl")
    vars(fake).update(PROTOCOL_TLS_CLIENT=16, PROTO_TLSv1_2=771, CERT_REQUIRED=2)
    vars(fake).update(names)
    return fake


def without(name: str) -> ModuleType:
    fake = fake_module(_SSLContext=Context)
    delattr(fake, name)
    return fake


@pytest.mark.parametrize("native", [tls.native, None])
def test_certificates_and_host_names_are_verified(native: ModuleType | None) -> None:
    context = tls.new_context(native)
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname is True
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert context.cert_store_stats() == {"x509": 0, "crl": 0, "x509_ca": 0}


def test_both_implementations_have_the_same_configuration() -> None:
    native, public = tls.new_context(), tls.new_context(None)
    for name in ("options", "verify_flags", "maximum_version", "security_level", "_host_flags"):
        assert getattr(native, name) == getattr(public, name), name
    assert native.get_ciphers() == public.get_ciphers()


def test_the_c_module_is_used_if_it_verifies() -> None:
    assert isinstance(tls.new_context(fake_module(_SSLContext=Context)), Context)
    assert not isinstance(tls.new_context(), ssl.SSLContext)


@pytest.mark.parametrize(
    "native",
    [
        ModuleType("empty"),
        *map(without, ("_SSLContext", "PROTOCOL_TLS_CLIENT", "PROTO_TLSv1_2", "CERT_REQUIRED")),
        *(
            fake_module(_SSLContext=kind)
            for kind in (
                TrustingContext,
                CarelessContext,
                ContextWithoutWrap,
                ReadOnlyContext,
                ContextWithoutArguments,
            )
        ),
    ],
)
def test_a_c_module_that_differs_or_does_not_verify_is_not_used(native: ModuleType) -> None:
    context = tls.new_context(native)
    assert isinstance(context, ssl.SSLContext)
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize("host", [HOST, "localhost", "LOCALHOST"])
def test_requests_and_responses_are_exchanged(context: _ssl._SSLContext, host: str) -> None:
    with serving(ok(b"one"), ok(b"two")) as server, connected(server, context, host) as stream:
        for response in (ok(b"one"), ok(b"two")):
            stream.sendall(HEAD)
            assert read(stream, len(response)) == response
    assert server.requests == [HEAD, HEAD]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_server_may_support_one_version_only(
    context: _ssl._SSLContext, version: ssl.TLSVersion
) -> None:
    settings = server_context(authority.issue_cert(HOST))
    settings.minimum_version = settings.maximum_version = version
    with RawServer(ok(), context=settings) as server, connected(server, context) as stream:
        stream.sendall(HEAD)
        assert read(stream, len(ok())) == ok()


def test_a_megabyte_is_sent_and_received(context: _ssl._SSLContext) -> None:
    request = b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(MEGABYTE) + MEGABYTE
    with serving(ok(MEGABYTE)) as server, connected(server, context) as stream:
        stream.sendall(request)
        assert read(stream, len(ok(MEGABYTE))) == ok(MEGABYTE)
    assert server.requests == [request]


class PartialWriter:
    """An OpenSSL that writes only a few bytes at a time, and its context in one."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def _wrap_socket(self, *_: object, **__: object) -> PartialWriter:
        return self

    def do_handshake(self) -> None:
        pass

    def write(self, data: memoryview) -> int:
        self.written.append(bytes(data[:4]))
        return len(self.written[-1])


def test_partial_writes_are_continued_until_all_is_sent() -> None:
    writer: Any = PartialWriter()
    outer = Socket()
    stream = tls.start(writer, outer, HOST)
    stream.sendall(b"0123456789")
    stream.close()
    assert outer.fileno() == -1
    assert writer.written == [b"0123", b"4567", b"89"]


def test_sending_no_bytes_is_allowed(context: _ssl._SSLContext) -> None:
    with serving(ok()) as server, connected(server, context) as stream:
        stream.sendall(b"")
        stream.sendall(HEAD)
        assert read(stream, len(ok())) == ok()


def test_receiving_from_a_silent_server_times_out(context: _ssl._SSLContext) -> None:
    with serving(hang) as server, connected(server, context) as stream:
        stream.sendall(HEAD)
        stream.settimeout(0.05)
        with pytest.raises(TimeoutError):
            stream.recv(1)


def test_sending_to_a_server_that_reads_nothing_times_out(context: _ssl._SSLContext) -> None:
    released = threading.Event()

    def wait(_: socket.socket) -> None:
        released.wait(10)

    with (
        serving(wait) as server,
        connected(server, context) as stream,
    ):
        stream.sendall(HEAD)
        stream.settimeout(0.05)
        with pytest.raises(TimeoutError):
            stream.sendall(MEGABYTE * 16)
        released.set()


def test_a_handshake_without_a_response_times_out(context: _ssl._SSLContext) -> None:
    with (
        RawServer(hang) as server,
        pytest.raises(TimeoutError),
        connected(server, context, seconds=0.05),
    ):
        pytest.fail("there is no TLS")


def test_a_server_without_tls_is_an_error(context: _ssl._SSLContext) -> None:
    with socket.create_server((HOST, 0)) as listener:

        def accept() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"220 mail.example ESMTP\r\n")
                connection.recv(65536)

        thread = threading.Thread(target=accept)
        thread.start()
        outer = dial(resolve(*listener.getsockname()), "the server", time.monotonic() + 10)
        with pytest.raises(ssl.SSLError) as caught:
            tls.start(context, outer, HOST)
        outer.close()
        thread.join()
    assert not getattr(caught.value, "verify_message", "")


def verify_error(context: _ssl._SSLContext, leaf: trustme.LeafCert, host: str = HOST) -> str:
    """Why OpenSSL rejects the certificate."""
    with (
        serving(ok(), leaf=leaf) as server,
        pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED") as caught,
        connected(server, context, host),
    ):
        pytest.fail("it was accepted")
    assert server.requests == []
    return str(getattr(caught.value, "verify_message", ""))


def test_the_certificate_of_another_host_is_rejected(context: _ssl._SSLContext) -> None:
    leaf = authority.issue_cert("example.com", "127.0.0.2")
    assert verify_error(context, leaf, HOST).startswith("IP address mismatch")
    assert verify_error(context, leaf, "localhost").startswith("Hostname mismatch")
    assert verify_error(context, leaf, "www.example.com").startswith("Hostname mismatch")
    assert verify_error(context, leaf, "example.com.evil.test").startswith("Hostname mismatch")


def test_an_ip_address_in_the_common_name_is_ignored(context: _ssl._SSLContext) -> None:
    leaf = authority.issue_cert("localhost", common_name=HOST)
    assert verify_error(context, leaf, HOST).startswith("IP address mismatch")


def test_a_certificate_of_another_authority_is_rejected(context: _ssl._SSLContext) -> None:
    leaf = other_authority.issue_cert(HOST)
    assert verify_error(context, leaf) == "unable to get local issuer certificate"


def test_an_authority_that_the_server_sends_is_not_trusted(
    context: _ssl._SSLContext, tmp_path: Path
) -> None:
    leaf = other_authority.issue_cert(HOST)
    leaf.private_key_and_cert_chain_pem.write_to_path(tmp_path / "chain.pem")
    other_authority.cert_pem.write_to_path(tmp_path / "chain.pem", append=True)
    chain = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    chain.load_cert_chain(tmp_path / "chain.pem")
    with (
        RawServer(ok(), context=chain) as server,
        pytest.raises(ssl.SSLCertVerificationError, match="self-signed certificate in certif"),
        connected(server, context),
    ):
        pytest.fail("it was accepted")


def test_a_certificate_outside_its_validity_is_rejected(context: _ssl._SSLContext) -> None:
    now = datetime.now(UTC)
    expired = authority.issue_cert(
        HOST, not_before=now - timedelta(days=2), not_after=now - timedelta(days=1)
    )
    assert verify_error(context, expired) == "certificate has expired"
    early = authority.issue_cert(
        HOST, not_before=now + timedelta(days=1), not_after=now + timedelta(days=2)
    )
    # OpenSSL 3.6 appends "or the system clock is incorrect".
    assert verify_error(context, early).startswith("certificate is not yet valid")


def test_without_trust_anchors_every_certificate_is_rejected() -> None:
    for native in (tls.native, None):
        leaf = authority.issue_cert(HOST)
        assert (
            verify_error(tls.new_context(native), leaf) == "unable to get local issuer certificate"
        )


@pytest.mark.parametrize("host", ["", ".example.com", "grün.example", "\udcff"])
def test_a_host_that_cannot_be_in_a_certificate_is_an_error(host: str) -> None:
    context = tls.new_context()
    context.load_verify_locations(cadata=authority.cert_pem.bytes().decode())
    with serving(ok()) as server, pytest.raises(ValueError), connected(server, context, host):  # noqa: PT011 - messages of both OpenSSL and Python
        pytest.fail("it was accepted")
    assert server.requests == []


def test_a_connection_that_ends_without_close_notify_is_an_error(context: _ssl._SSLContext) -> None:
    with serving(then_close(b"only the first ha")) as server, connected(server, context) as stream:
        stream.sendall(HEAD)
        assert read(stream, 17) == b"only the first ha"
        with pytest.raises(OSError, match="EOF"):
            stream.recv(1)


def test_a_connection_that_is_closed_properly_reads_as_empty(context: _ssl._SSLContext) -> None:
    with serving(close_properly) as server, connected(server, context) as stream:
        stream.sendall(HEAD)
        assert read(stream, 3) == b"bye"
        assert stream.recv(1) == b""
        assert stream.recv(1) == b""


def test_a_closed_stream_can_neither_send_nor_receive(context: _ssl._SSLContext) -> None:
    with serving(ok()) as server, connected(server, context) as stream:
        stream.close()
        stream.close()
        with pytest.raises((OSError, ValueError)):
            stream.sendall(HEAD)
        with pytest.raises((OSError, ValueError)):
            stream.recv(1)
    assert server.requests == []


TALK = """
import sys, time
sys.path.insert(0, sys.argv[1])
from appconfig_env._http import tls
from appconfig_env._http.sockets import dial, resolve
context = tls.new_context()
context.load_verify_locations(sys.argv[2])

def talk(port, size):
    outer = dial(resolve("127.0.0.1", port), "the server", time.monotonic() + 10)
    try:
        outer.settimeout(10)
        stream = tls.start(context, outer, "127.0.0.1")
        stream.sendall(b"POST / HTTP/1.1\\r\\nContent-Length: %d\\r\\n\\r\\n" % size + b"x" * size)
        received = 0
        while data := stream.recv(65536):
            received += len(data)
        return type(stream).__name__, received
    except OSError as error:
        return type(error).__name__, getattr(error, "verify_message", str(error))
    finally:
        outer.close()

found = [context.verify_mode, context.check_hostname, context.minimum_version]
found += [talk(int(port), 1_000_000) for port in sys.argv[3:]]
found += [name for name in ("ssl", "socket", "enum", "re") if name in sys.modules]
print(*found, sep="\\n")
"""


@pytest.mark.parametrize("version", PYTHONS)
def test_each_python_has_the_expected_c_code(version: str, tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(bundle)
    with (
        serving(close_properly) as good,
        serving(then_close(b"bye")) as cut,
        serving(ok(), leaf=authority.issue_cert("example.com")) as wrong,
        serving(ok(), leaf=other_authority.issue_cert(HOST)) as unknown,
    ):
        command = [PYTHONS[version], "-I", "-S", "-c", TALK, str(ROOT), str(bundle)]
        command += [str(server.port) for server in (good, cut, wrong, unknown)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[:4] == ["2", "True", "771", "('TlsStream', 3)"]
    assert lines[4].startswith("('SSLEOFError', ")
    assert lines[5].startswith("('SSLCertVerificationError', \"IP address mismatch")
    assert lines[6] == "('SSLCertVerificationError', 'unable to get local issuer certificate')"
    assert lines[7:] == []
    assert [len(server.requests) for server in (good, cut, wrong, unknown)] == [1, 1, 0, 0]


ABSENT = """
import sys
sys.modules["_ssl"] = None
sys.path.insert(0, sys.argv[1])
from appconfig_env._http import tls, trust_store
print(tls.native, repr(trust_store._system_file({})))
"""


def test_a_python_without_openssl_can_still_use_plain_http() -> None:
    command = [sys.executable, "-c", ABSENT, str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "None ''\n"
