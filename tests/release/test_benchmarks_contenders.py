"""Those who are compared do the same, and the server counts them right from any distance."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from benchmarks import stdlib_baseline
from benchmarks.contenders import ROOT, Cell, base_environ, require_same
from benchmarks.responses import Responses, documents, parameter_name, token
from benchmarks.server import HOST, Counts, Server
from benchmarks.starts import Bench

if TYPE_CHECKING:
    from pathlib import Path

WITHOUT_POWERTOOLS = ("ours", "baseline", "boto3")
SESSIONS = {"GetLatestConfiguration": 4, "StartConfigurationSession": 4}


def asked(responses: Responses, operation: str, **words: object) -> dict[str, Any]:
    headers = {"x-amz-target": f"AmazonSSM.{operation}"}
    _, whole = responses.respond("POST", "/", headers, json.dumps(words).encode())
    found: dict[str, Any] = json.loads(whole.partition(b"\r\n\r\n")[2])
    return found


@pytest.mark.parametrize(
    ("by_name", "calls"),
    [(False, {"GetParametersByPath": 3, **SESSIONS}), (True, {"GetParameters": 3, **SESSIONS})],
)
def test_all_set_the_same_variables_by_the_same_calls(by_name: bool, calls: dict[str, int]) -> None:
    with Bench.open() as bench:
        environ = bench.serve(Cell(4, 25, by_name=by_name))
        variables, counts = bench.agreed(WITHOUT_POWERTOOLS, environ)

    assert variables == (4 + 3 + 3 + 3) + 25
    assert [one.calls for one in counts.values()] == [calls] * 3
    # One connection for each of three profiles, and of three batches or one path. The baseline
    # always opens them all; ours reuses one whose call ends before the next call begins.
    most = 3 + (3 if by_name else 1)
    assert 1 <= counts["ours"].connections <= counts["baseline"].connections == most
    assert counts["boto3"].connections == 2


@pytest.mark.parametrize("by_name", [False, True])
def test_powertools_sets_the_same(by_name: bool) -> None:
    with Bench.open() as bench:
        environ = bench.serve(Cell(2, 11, by_name=by_name))
        _, counts = bench.agreed(("baseline", "powertools"), environ)

    assert counts["powertools"].calls == counts["baseline"].calls


def test_wrappers_that_do_not_agree_are_not_compared() -> None:
    with pytest.raises(RuntimeError, match="do not agree on DB_HOST, ONLY"):
        require_same({"DB_HOST": "a"}, {"DB_HOST": "b", "ONLY": "c"})


@pytest.mark.parametrize(
    ("method", "path", "query", "headers", "body"),
    [
        ("POST", "/", "", {"content-type": "a/b", "x-amz-target": "AmazonSSM.X"}, b'{"A": 1}'),
        ("GET", "/configuration", "configuration_token=a%2Fb%2Bc%3D", {}, b""),
    ],
)
def test_the_stdlib_baseline_signs_as_botocore_does(
    method: str, path: str, query: str, headers: dict[str, str], body: bytes
) -> None:
    environ = base_environ(ROOT, "https://ssm.example.com", "")
    credentials = Credentials(
        environ["AWS_ACCESS_KEY_ID"],
        environ["AWS_SECRET_ACCESS_KEY"],
        environ["AWS_SESSION_TOKEN"],
    )
    url = f"https://ssm.example.com{path}{'?' if query else ''}{query}"
    request = AWSRequest(method=method, url=url, headers=headers, data=body)
    SigV4Auth(credentials, "ssm", "us-east-1").add_auth(request)

    signer = stdlib_baseline.Signer(environ, "ssm", request.headers["X-Amz-Date"])
    sent = signer.request(method, path, query, headers, body).decode()

    assert f"\r\nauthorization:{request.headers['Authorization']}\r\n" in sent
    assert sent.endswith(f"\r\n\r\n{body.decode()}")


@pytest.mark.parametrize("profiles", [1, 2, 3, 100])
def test_no_two_documents_have_a_key_in_common(profiles: int) -> None:
    found = documents(profiles)

    keys = [key for document in found.values() for key in document]
    assert len(found) == profiles
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(("parameters", "pages"), [(1, 1), (10, 1), (11, 2), (100, 10)])
def test_a_path_has_as_many_pages_as_awss(parameters: int, pages: int) -> None:
    responses = Responses(1, parameters)
    found = [asked(responses, "GetParametersByPath")]
    while "NextToken" in found[-1]:
        found.append(asked(responses, "GetParametersByPath", NextToken=found[-1]["NextToken"]))

    names = [one["Name"] for page in found for one in page["Parameters"]]
    assert len(found) == pages
    assert names == [parameter_name(number) for number in range(parameters)]


def test_names_are_given_in_tens_and_unknown_ones_named() -> None:
    names = [parameter_name(number) for number in (3, 30)]

    found = asked(Responses(1, 20), "GetParameters", Names=names)

    assert [one["Name"] for one in found["Parameters"]] == names[:1]
    assert found["InvalidParameters"] == names[1:]
    assert asked(Responses(1, 20), "GetParameters", Names=names * 6) == {}


def test_a_token_tells_its_profile() -> None:
    seven = token(7)

    assert len(seven) == 1068
    assert base64.b64decode(seven)[0] == 7
    assert seven != token(7)


def test_connections_without_tls_have_no_distance_and_are_counted(tmp_path: Path) -> None:
    waits: list[float] = []
    server = Server(tmp_path / "ca.pem", waits.append)
    server.serve(2, 20, 10)

    talk(server, requests=2, is_plain=True)

    assert waits == []
    assert server.counts() == Counts(Counter(GetParametersByPath=2), 1)


def test_two_round_trips_pass_before_the_handshake_and_one_before_each_response(
    tmp_path: Path,
) -> None:
    waits: list[float] = []
    server = Server(tmp_path / "ca.pem", waits.append)
    server.serve(2, 20, 10)

    talk(server, requests=3)

    assert waits == [0.02, 0.01, 0.01, 0.01]
    assert server.counts().calls == {"GetParametersByPath": 3}


def test_without_distance_nothing_waits(tmp_path: Path) -> None:
    waits: list[float] = []

    talk(Server(tmp_path / "ca.pem", waits.append), requests=1)

    assert waits == []


def talk(server: Server, requests: int, *, is_plain: bool = False) -> None:
    """A client with one connection, which waits for each response."""
    authority = trustme.CA()
    theirs, ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert(HOST).configure_cert(theirs)
    authority.configure_trust(ours)
    head = "POST / HTTP/1.1\r\nX-Amz-Target: AmazonSSM.GetParametersByPath\r\nContent-Length: 2"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        plain = socket.create_connection(listener.getsockname())
        accepted, _ = listener.accept()
    context = None if is_plain else theirs
    thread = threading.Thread(target=server.respond_on, args=(accepted, context))
    thread.start()
    with plain if is_plain else ours.wrap_socket(plain, server_hostname=HOST) as client:
        for _ in range(requests):
            client.sendall(f"{head}\r\n\r\n{{}}".encode())
            assert client.recv(65536).startswith(b"HTTP/1.1 200 OK\r\n")
    thread.join()
