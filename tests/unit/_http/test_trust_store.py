"""Trust anchors: first Amazon's roots from a file, then the whole file, and never any other."""

from __future__ import annotations

import base64
import os
import ssl
import subprocess
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore
import pytest
import trustme
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from appconfig_env._cli.layer import anchors
from appconfig_env._http.connection import Connection
from appconfig_env._http.sockets import DistrustError, resolve
from appconfig_env._http.transport import Transport, TransportError, Url
from appconfig_env._http.trust_store import AMAZON, Trust, certificates, is_amazon_root

from ...support.paths import ROOT
from ...support.pythons import PYTHONS
from ...support.raw_server import HOST, RawServer, ok
from ...support.servers import Proxy
from ...support.threads import together

if TYPE_CHECKING:
    import _ssl
    from collections.abc import Iterator

STORE = Path(botocore.__file__).with_name("cacert.pem").read_bytes()
BEGIN, END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"
# https://www.amazontrust.com/repository/
ROOTS = {
    "Amazon Root CA 1",
    "Amazon Root CA 2",
    "Amazon Root CA 3",
    "Amazon Root CA 4",
    "Starfield Services Root Certificate Authority - G2",
}

# Only the look-alike's name is Amazon's.
lookalike = trustme.CA(organization_name="Amazon Root CA 1", organization_unit_name="look-alike")
private = trustme.CA(organization_unit_name="private")
stranger = trustme.CA(organization_unit_name="stranger")


def amazon_roots(store: bytes) -> bytes:
    return b"".join(one for one in certificates(store) if is_amazon_root(one))


def subjects(context: ssl.SSLContext | _ssl._SSLContext, field: str) -> list[str]:
    """Return a field of the subjects of all certificates that a context trusts."""
    return sorted(
        str(dict(part)[field])  # type: ignore[arg-type] # the stub's type is too narrow
        for certificate in context.get_ca_certs()
        for part in certificate["subject"]
        if field in dict(part)  # type: ignore[arg-type]
    )


def names(roots: bytes, field: str = "commonName") -> list[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=roots)
    return subjects(context, field)


def units(context: _ssl._SSLContext) -> list[str]:
    return subjects(context, "organizationalUnitName")


def blocks(store: bytes) -> list[bytes]:
    return [BEGIN + block.partition(END)[0] + END for block in store.split(BEGIN)[1:]]


AMAZONS = [block for block in blocks(STORE) if amazon_roots(block)]
OTHERS = [block for block in blocks(STORE) if not amazon_roots(block)]


def written(path: Path, *authorities: trustme.CA) -> str:
    path.write_bytes(b"".join(one.cert_pem.bytes() for one in authorities))
    return str(path)


@pytest.fixture
def bundle(tmp_path: Path) -> str:
    """A bundle with the look-alike and the private authority."""
    return written(tmp_path / "ca.pem", private, lookalike)


def serving(authority: trustme.CA, host: str = HOST) -> RawServer:
    """A server that closes each connection after one request."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(context)
    return RawServer(ok(b"a", "Connection: close"), context=context)


def send(transport: Transport, server: RawServer) -> bytes:
    url = Url(server.url)
    return transport.send(url, "GET", "/", {"host": url.authority}, b"", timeout=30).body


def test_amazons_five_roots_are_found_in_a_full_store() -> None:
    assert len(OTHERS) > 100
    assert set(names(amazon_roots(STORE))) == ROOTS
    assert len(names(amazon_roots(STORE))) == 5


def test_no_roots_are_found_in_a_store_without_amazons() -> None:
    assert amazon_roots(b"") == b""
    assert amazon_roots(private.cert_pem.bytes()) == b""
    assert amazon_roots(b"".join(OTHERS)) == b""


@given(st.permutations(AMAZONS), st.lists(st.sampled_from(OTHERS), max_size=5), st.randoms())
def test_the_order_does_not_matter(amazons: list[bytes], others: list[bytes], random: Any) -> None:
    mixed = amazons + others
    random.shuffle(mixed)
    assert set(names(amazon_roots(b"\n".join(mixed)))) == ROOTS


newlines = st.sampled_from([b"\n", b"\r\n", b"\n\n"])
no_blocks = st.binary(max_size=40).filter(lambda text: b"-----" not in text)
no_certificates = st.one_of(
    no_blocks,
    st.binary(max_size=20).map(lambda body: BEGIN + b"\n" + body + b"\n" + END),
    st.sampled_from([
        BEGIN + b"\n" + END,
        BEGIN + b"\n!\n" + END,
        BEGIN + b"\nAAAAA\n" + END,
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        b"-----BEGIN X509 CRL-----\nAmazon Root CA\n-----END X509 CRL-----",
        "# Amazon Root CA 1, größer\n".encode(),
    ]),
)  # fmt: skip


@given(st.lists(st.tuples(no_certificates, newlines), min_size=6, max_size=6), newlines)
def test_comments_and_garbage_between_certificates_do_not_matter(
    garbage: list[tuple[bytes, bytes]], newline: bytes
) -> None:
    store = b""
    for (text, end), block in zip(garbage, [*AMAZONS, b""], strict=True):
        store += text + b"\n" + end + block.replace(b"\n", newline) + end
    assert set(names(amazon_roots(store))) == ROOTS


@given(st.one_of(st.binary(), st.lists(st.one_of(
    st.sampled_from([BEGIN, END, b"\n", b"=", b"AAAA", b"A", STORE[:3000], *AMAZONS]),
    st.binary(max_size=5),
)).map(b"".join)))  # fmt: skip
@example(BEGIN)
@example(END + BEGIN)
@example(BEGIN * 3)
@example(STORE[:-100])
@example(STORE[1:])
def test_any_bytes_can_be_searched(store: bytes) -> None:
    assert isinstance(amazon_roots(store), bytes)


def test_a_store_that_is_not_utf8_can_be_searched() -> None:
    assert set(names(amazon_roots(b"\xff\xfe\0" + STORE.replace(b"\n", b"\r\n")))) == ROOTS


def test_only_amazons_roots_are_loaded_from_a_bundle_that_has_them(bundle: str) -> None:
    trust = Trust(bundle, {})
    assert units(trust.context()) == ["look-alike"]
    assert trust.context() is trust.context()
    assert trust.context().verify_mode == ssl.CERT_REQUIRED
    assert trust.context().check_hostname


def test_only_amazons_roots_are_loaded_from_the_real_store(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.write_bytes(STORE)
    trust = Trust(str(path), {})
    assert set(subjects(trust.context(), "commonName")) == ROOTS
    assert trust.widen(trust.context())
    assert trust.context().cert_store_stats()["x509_ca"] > 100


def test_trust_is_widened_once(bundle: str) -> None:
    trust = Trust(bundle, {})
    narrow = trust.context()
    assert trust.widen(narrow)
    whole = trust.context()
    assert units(whole) == ["look-alike", "private"]
    assert trust.widen(narrow)  # like another thread that had failed with it
    assert trust.context() is whole
    assert not trust.widen(whole)
    assert trust.context() is whole


def test_a_bundle_without_amazons_roots_is_loaded_completely_at_once(tmp_path: Path) -> None:
    trust = Trust(written(tmp_path / "ca.pem", private, stranger), {})
    assert units(trust.context()) == ["private", "stranger"]
    assert not trust.widen(trust.context())


@pytest.mark.parametrize(
    "name", [b"Amazon Root CA", b"0\x82\x01\0Amazon Root CA", AMAZON[1], b"\x30\3" + AMAZON[1]]
)
def test_data_that_only_resembles_amazons_certificates_is_rejected_by_openssl(
    tmp_path: Path, name: bytes
) -> None:
    path = tmp_path / "ca.pem"
    fake = BEGIN + b"\n" + base64.b64encode(name) + b"\n" + END + b"\n"
    path.write_bytes(fake)
    with pytest.raises(TransportError, match=r"^AWS_CA_BUNDLE: no certificates in .*ca\.pem"):
        Trust(str(path), {}).context()
    path.write_bytes(private.cert_pem.bytes() + fake)
    with pytest.raises(TransportError, match=r"^AWS_CA_BUNDLE: no certificates in .*ca\.pem"):
        Trust(str(path), {}).context()


lines = st.one_of(
    st.sampled_from([BEGIN, END, b"", b"# a comment", b"Proc-Type: 4,ENCRYPTED", BEGIN[:-1], b" "]),
    st.sampled_from(lookalike.cert_pem.bytes().splitlines()),
)
shown = st.one_of(
    st.sampled_from([one.cert_pem.bytes() for one in (lookalike, private)]),
    st.tuples(
        st.sampled_from([lookalike.cert_pem.bytes(), *AMAZONS]),
        st.sampled_from([b"#", b"# ", b" ", b"\t", b"x", b"-"]),
    ).map(lambda pair: b"".join(pair[1] + line for line in pair[0].splitlines(keepends=True))),
    st.tuples(st.sampled_from([b"", b"#", b" "]), st.sampled_from([b"\n", b"\r\n", b" \n"])).map(
        lambda pair: pair[0] + lookalike.cert_pem.bytes().replace(b"\n", pair[1])
    ),
    st.lists(lines, max_size=4).map(b"\n".join),
)


@settings(
    max_examples=3 * settings().max_examples,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.tuples(shown, st.sampled_from([b"\n", b"\r\n", b""])), max_size=5))
@example([(b"#" + b"#".join(AMAZONS[0].splitlines(keepends=True)), b"\n"), (AMAZONS[1], b"\n")])
def test_no_certificate_is_trusted_that_openssl_does_not_find_in_the_file(
    tmp_path: Path, parts: list[tuple[bytes, bytes]]
) -> None:
    path = tmp_path / "ca.pem"
    path.write_bytes(private.cert_pem.bytes() + b"".join(text + end for text, end in parts))
    public = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        public.load_verify_locations(path)
    except ssl.SSLError:  # OpenSSL rejects a broken file as a whole, so there is nothing to compare
        return
    trusted = Trust(str(path), {}).context().get_ca_certs(binary_form=True)
    assert set(trusted) <= set(public.get_ca_certs(binary_form=True))


@pytest.mark.parametrize("content", [None, b"", b"no certificate", BEGIN + b"\n" + END])
def test_a_bundle_without_certificates_is_an_error(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    trust = Trust(str(path), {})
    for _ in range(2):
        with pytest.raises(
            TransportError, match=r"^AWS_CA_BUNDLE: no certificates in .*ca\.pem' \("
        ) as caught:
            trust.context()
        assert caught.value.is_final
        assert "\n" not in str(caught.value)
    written(path, private)
    assert units(trust.context()) == ["private"]


def test_a_bundle_that_is_a_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TransportError, match=r"^AWS_CA_BUNDLE: no certificates in "):
        Trust(str(tmp_path), {}).context()


def test_a_bundle_that_disappears_is_an_error_until_it_is_back(bundle: str) -> None:
    trust = Trust(bundle, {})
    narrow = trust.context()
    Path(bundle).rename(bundle + ".away")
    with pytest.raises(TransportError, match=r"^AWS_CA_BUNDLE: no certificates in "):
        trust.widen(narrow)
    assert trust.context() is narrow
    Path(bundle + ".away").rename(bundle)
    assert trust.widen(narrow)
    assert units(trust.context()) == ["look-alike", "private"]


def test_threads_load_once_and_widen_once(bundle: str) -> None:
    trust = Trust(bundle, {})
    barrier = threading.Barrier(8)

    def work() -> tuple[object, bool, object]:
        narrow = trust.context()
        barrier.wait(30)
        widened = trust.widen(narrow)
        return narrow, widened, trust.context()

    results = together(work, 8)
    assert [widened for _, widened, _ in results] == [True] * 8
    assert len({id(narrow) for narrow, _, _ in results}) == 1
    assert len({id(whole) for _, _, whole in results}) == 1


@pytest.fixture
def transport(bundle: str) -> Iterator[Transport]:
    transport = Transport(ca_bundle=bundle)
    yield transport
    transport.close()


def test_a_certificate_signed_by_amazon_takes_one_connection(transport: Transport) -> None:
    with serving(lookalike) as server:
        for _ in range(3):
            assert send(transport, server) == b"a"
        assert server.connections == 3
    assert units(transport._trust.context()) == ["look-alike"]


def test_a_certificate_of_another_issuer_takes_one_more_connection_the_first_time(
    transport: Transport,
) -> None:
    with serving(private) as server, serving(lookalike) as amazons:
        assert send(transport, amazons) == b"a"
        assert send(transport, server) == b"a"
        assert (server.connections, len(server.requests)) == (2, 1)
        for _ in range(2):
            assert send(transport, server) == b"a"
            assert send(transport, amazons) == b"a"
        assert (server.connections, amazons.connections) == (4, 3)


def test_a_certificate_of_an_untrusted_issuer_is_rejected(transport: Transport) -> None:
    with serving(stranger) as server:
        for connections in (2, 3, 4):
            with pytest.raises(
                DistrustError,
                match=rf"^no TLS with {HOST} \(certificate not accepted: .*; check AWS_CA_BUNDLE,",
            ) as caught:
                send(transport, server)
            assert caught.value.is_final
            assert server.connections == connections
        assert server.requests == []


def test_an_untrusted_issuer_is_rejected_at_once_if_the_store_is_fully_loaded(
    tmp_path: Path,
) -> None:
    transport = Transport(ca_bundle=written(tmp_path / "ca.pem", private))
    with serving(stranger) as server, serving(private) as good:
        with pytest.raises(DistrustError):
            send(transport, server)
        assert server.connections == 1
        assert send(transport, good) == b"a"
        assert good.connections == 1


@pytest.mark.parametrize("authority", [lookalike, private])
def test_the_host_is_verified_for_every_issuer(transport: Transport, authority: trustme.CA) -> None:
    with serving(authority, "127.0.0.2") as server:
        for _ in range(2):
            with pytest.raises(DistrustError, match="IP address mismatch"):
                send(transport, server)
        assert server.requests == []


def test_concurrent_threads_all_connect_after_widening(transport: Transport) -> None:
    with serving(private) as server:
        assert together(lambda: send(transport, server), 8) == [b"a"] * 8
        assert 9 <= server.connections <= 16
        send(transport, server)
        assert server.connections <= 17


def test_widening_opens_a_second_tunnel_through_a_proxy(bundle: str) -> None:
    with serving(private) as server, serving(lookalike) as amazons, Proxy() as proxy:
        transport = Transport(ca_bundle=bundle, proxy_url=proxy.url)
        assert send(transport, amazons) == b"a"
        assert len(proxy.requests) == 1
        assert send(transport, server) == b"a"
        assert len(proxy.requests) == 3
        assert send(transport, server) == b"a"
        transport.close()
    assert [(seen.method, seen.status) for seen in proxy.requests] == [("CONNECT", 200)] * 4
    assert (server.connections, amazons.connections) == (3, 1)


def test_the_issuer_of_a_proxy_that_inspects_tls_must_be_in_the_bundle(bundle: str) -> None:
    with serving(stranger) as server, Proxy() as proxy:
        transport = Transport(ca_bundle=bundle, proxy_url=proxy.url)
        with pytest.raises(DistrustError, match="AWS_CA_BUNDLE"):
            send(transport, server)
    assert len(proxy.requests) == 2


SYSTEM = """
import os, sys
sys.path.insert(0, sys.argv[1])
from appconfig_env._http.transport import Transport, TransportError, Url
transport = Transport(environ=os.environ)
print(*(name for entry in transport._trust.context().get_ca_certs()
        for ((field, name),) in entry["subject"] if field == "organizationalUnitName"))
for address in sys.argv[2:]:
    try:
        url = Url(address)
        response = transport.send(url, "GET", "/", {"host": url.authority}, b"", timeout=30)
        print(response.status)
    except TransportError as error:
        print(type(error).__name__)
print(*(name for name in ("ssl", "socket", "enum") if name in sys.modules))
"""


def with_system_store(tmp_path: Path, file: str, version: str = "") -> tuple[list[str], list[int]]:
    """Run a process whose store the environment names; return its output and connections."""
    python = PYTHONS[version] if version else next(iter(PYTHONS.values()))
    environ = {"PATH": os.defpath, "SSL_CERT_DIR": str(tmp_path / "none"), "SSL_CERT_FILE": file}
    with serving(lookalike) as amazons, serving(private) as server, serving(stranger) as unknown:
        servers = (amazons, server, unknown)
        command = [python, "-I", "-S", "-c", SYSTEM, str(ROOT), *(one.url for one in servers)]
        done = subprocess.run(
            command, capture_output=True, text=True, env=environ, check=False, timeout=60
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.splitlines(), [one.connections for one in servers]


@pytest.mark.parametrize("version", PYTHONS)
def test_ssl_cert_file_names_the_systems_store(tmp_path: Path, bundle: str, version: str) -> None:
    output, connections = with_system_store(tmp_path, bundle, version)
    assert output == ["look-alike", "200", "200", "DistrustError", ""]
    assert connections == [1, 2, 1]


def test_the_systems_store_is_also_narrowed_and_widened(
    bundle: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", bundle)  # OpenSSL reads it each time
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    trust = Trust("", os.environ)
    assert units(trust.context()) == ["look-alike"]
    assert trust.widen(trust.context())
    assert units(trust.context()) == ["look-alike", "private"]


def test_a_system_store_without_amazons_roots_is_loaded_completely(tmp_path: Path) -> None:
    output, connections = with_system_store(tmp_path, written(tmp_path / "own.pem", private))
    assert output == ["private", "DistrustError", "200", "DistrustError", ""]
    assert connections == [1, 1, 1]


def test_a_system_without_a_store_trusts_no_server(tmp_path: Path) -> None:
    output, _ = with_system_store(tmp_path, str(tmp_path / "absent.pem"))
    assert output == ["", "DistrustError", "DistrustError", "DistrustError", ""]


# A layer's directory, which has each root under the hash of its name.


@pytest.fixture
def no_store_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


def directory(folder: Path, authority: trustme.CA) -> str:
    """A directory like a layer's, but with another authority."""
    folder.mkdir()
    pem = authority.cert_pem.bytes()
    (certificate,) = certificates(pem)
    (folder / f"{anchors.subject_hash(certificate)}.0").write_bytes(pem)
    return str(folder)


def handshake(trust: Trust, server: RawServer) -> None:
    deadline = time.monotonic() + 10
    connection = Connection(resolve(HOST, Url(server.url).port), "server", deadline)
    try:
        connection.start_tls(trust.context(), HOST, deadline)
    finally:
        connection.close()


def test_the_five_roots_have_the_file_names_that_openssl_looks_up() -> None:
    # As `openssl rehash` and the system's own directories name them.
    file_names = {
        "ce5e74ef.0", "6d41d539.0", "8cb5ee0f.0", "de6d66f3.0", "09789157.0",
    }  # fmt: skip
    roots = anchors.roots()
    assert roots.keys() == file_names
    assert set(names(amazon_roots(b"".join(roots.values())))) == ROOTS


@pytest.mark.parametrize(
    "name", ["plain", "UPPER and lower", "  two  spaces ", "Größe ÄÖ ǅ", "x" * 64]
)
@pytest.mark.usefixtures("no_store_is_named")
def test_a_root_of_any_name_is_found_in_the_directory(tmp_path: Path, name: str) -> None:
    authority = trustme.CA(organization_name=name, organization_unit_name=name.swapcase())
    trust = Trust("", {}, directory(tmp_path / "anchors", authority))
    with serving(authority) as server:
        handshake(trust, server)
    with serving(stranger) as server, pytest.raises(DistrustError):
        handshake(trust, server)


@pytest.mark.usefixtures("no_store_is_named")
def test_the_systems_store_replaces_the_directory_when_trust_is_widened(tmp_path: Path) -> None:
    trust = Trust("", {}, directory(tmp_path / "anchors", private))
    first = trust.context()
    assert trust.widen(first)
    assert trust.context() is not first
    assert not trust.widen(trust.context()), "the system's store is the widest"


@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"])
@pytest.mark.usefixtures("no_store_is_named")
def test_with_a_named_store_no_other_issuer_is_trusted(
    tmp_path: Path, bundle: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = directory(tmp_path / "anchors", stranger)
    if variable != "AWS_CA_BUNDLE":
        monkeypatch.setenv(variable, bundle)
    trust = Trust(bundle if variable == "AWS_CA_BUNDLE" else "", os.environ, folder)
    with serving(stranger) as server, pytest.raises(DistrustError):
        handshake(trust, server)


@pytest.mark.usefixtures("no_store_is_named")
def test_without_the_directory_the_systems_store_is_used(tmp_path: Path) -> None:
    trust = Trust("", {}, str(tmp_path / "nowhere"))
    with serving(private) as server, pytest.raises(DistrustError):
        handshake(trust, server)
