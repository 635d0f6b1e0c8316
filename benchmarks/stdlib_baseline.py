"""The stdlib baseline: the same calls with the standard library's public modules, then exec.

As many connections to each service as appconfig-env opens by default, all in parallel; one TLS
context, one signing key for each service, connections that are kept. Nothing that a real one needs:
no errors, no time limits, no retries, no check of what comes back, no snapshot, no log. Started by
`contenders` without garbage collection.
"""

import hashlib
import hmac
import json
import os
import socket
import ssl
import sys
import time
from _thread import allocate_lock, start_new_thread  # threading takes longer to load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _thread import LockType
    from collections.abc import Callable
    from typing import Any, TypeAlias

    # What to do on a connection, what with, and where its variables go.
    Job: TypeAlias = tuple[Callable[["Connection", Any, dict[str, str]], None], Any, dict[str, str]]

CONNECTIONS = 3
BATCH = 10
JSON = {"content-type": "application/json"}


class Signer:
    """Signs a moment's requests to one service."""

    def __init__(self, environ: dict[str, str], service: str, moment: str) -> None:
        day, region = moment[:8], environ["AWS_REGION"]
        scope = f"{day}/{region}/{service}/aws4_request"
        self.host = environ["AWS_ENDPOINT_URL"].removeprefix("https://")
        self.fields = {
            "host": self.host,
            "x-amz-date": moment,
            "x-amz-security-token": environ["AWS_SESSION_TOKEN"],
        }
        self.first = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n"
        self.credential = f"{environ['AWS_ACCESS_KEY_ID']}/{scope}"
        self.key = ("AWS4" + environ["AWS_SECRET_ACCESS_KEY"]).encode()
        for part in (day, region, service, "aws4_request"):
            self.key = hmac.digest(self.key, part.encode(), "sha256")

    def request(
        self, method: str, path: str, query: str, headers: dict[str, str], body: bytes
    ) -> bytes:
        """Return the whole signed request; the values of `headers` hold no spaces."""
        fields = {**headers, **self.fields}
        names = sorted(fields)
        signed = ";".join(names)
        lines = [f"{name}:{fields[name]}" for name in names]
        parts = [method, path, query, *lines, "", signed, hashlib.sha256(body).hexdigest()]
        text = self.first + hashlib.sha256("\n".join(parts).encode()).hexdigest()
        signature = hmac.digest(self.key, text.encode(), "sha256").hex()
        proof = f"Credential={self.credential}, SignedHeaders={signed}, Signature={signature}"
        head = [
            f"{method} {path}?{query} HTTP/1.1" if query else f"{method} {path} HTTP/1.1",
            *lines,
            f"authorization:AWS4-HMAC-SHA256 {proof}",
            f"content-length:{len(body)}",
            "",
            "",
        ]
        return "\r\n".join(head).encode() + body


class Connection:
    """One kept connection."""

    def __init__(self, context: ssl.SSLContext, place: "Any", signer: Signer) -> None:
        self._signer = signer
        opened = socket.socket(place[0])
        opened.connect(place[4])
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # As bytes: text would load the codec for names that are not ASCII.
        name = signer.host.partition(":")[0].encode()
        self._socket = context.wrap_socket(opened, server_hostname=name)

    def call(
        self, method: str, path: str, query: str, headers: dict[str, str], body: bytes
    ) -> bytes:
        """Return the body of the response."""
        self._socket.sendall(self._signer.request(method, path, query, headers, body))
        data = self._socket.recv(65536)
        while b"\r\n\r\n" not in data:
            data += self._socket.recv(65536)
        head, _, found = data.partition(b"\r\n\r\n")
        length = int(head.partition(b"\r\nContent-Length: ")[2].partition(b"\r\n")[0])
        while len(found) < length:
            found += self._socket.recv(65536)
        return found


def read_profile(connection: Connection, profile: str, values: dict[str, str]) -> None:
    """Read one profile, in a session of its own."""
    application, environment, name = profile.split("/")
    asked = {
        "ApplicationIdentifier": application,
        "EnvironmentIdentifier": environment,
        "ConfigurationProfileIdentifier": name,
    }
    began = connection.call("POST", "/configurationsessions", "", JSON, json.dumps(asked).encode())
    token = json.loads(began)["InitialConfigurationToken"]
    token = token.replace("/", "%2F").replace("+", "%2B").replace("=", "%3D")
    document = connection.call("GET", "/configuration", f"configuration_token={token}", {}, b"")
    flatten(json.loads(document), "", values)


def read_path(connection: Connection, path: str, values: dict[str, str]) -> None:
    """Read all pages below a path, each of which names the next one."""
    asked = {"Path": path, "Recursive": True, "WithDecryption": True, "MaxResults": BATCH}
    while True:
        response = read_parameters(connection, "GetParametersByPath", asked, len(path), values)
        if "NextToken" not in response:
            return
        asked["NextToken"] = response["NextToken"]


def read_names(connection: Connection, names: list[str], values: dict[str, str]) -> None:
    """Read one batch of names, whose variables are called by their last part."""
    asked = {"Names": names, "WithDecryption": True}
    read_parameters(connection, "GetParameters", asked, names[0].rindex("/") + 1, values)


def read_parameters(
    connection: Connection,
    operation: str,
    asked: "dict[str, Any]",
    cut: int,
    values: dict[str, str],
) -> "dict[str, Any]":
    """Read one response of Parameter Store."""
    headers = {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": f"AmazonSSM.{operation}",
    }
    body = json.dumps(asked).encode()
    response: dict[str, Any] = json.loads(connection.call("POST", "/", "", headers, body))
    for parameter in response["Parameters"]:
        values[variable(parameter["Name"][cut:])] = parameter["Value"]
    return response


def variable(name: str) -> str:
    """Return the variable's name for a key or a parameter."""
    return name.replace("/", "_").replace("-", "_").replace(".", "_").upper()


def flatten(data: "dict[str, Any]", prefix: str, values: dict[str, str]) -> None:
    """Put a document's values there by variable name."""
    for key, value in data.items():
        name = prefix + variable(key)
        if isinstance(value, str):
            values[name] = value
        elif isinstance(value, dict) and value:
            flatten(value, f"{name}_", values)
        elif value is not None:
            values[name] = json.dumps(value, separators=(",", ":"))


def plan(environ: dict[str, str]) -> "dict[str, list[Job]]":
    """Return what is to be read, by the service that has it."""
    names = environ.get("PREFETCH_NAMES", "").split()
    batches = [names[start : start + BATCH] for start in range(0, len(names), BATCH)]
    return {
        "appconfig": [(read_profile, one, {}) for one in environ["PREFETCH_PROFILES"].split()],
        "ssm": [
            *((read_path, path, {}) for path in environ.get("PREFETCH_PATH", "").split()),
            *((read_names, batch, {}) for batch in batches),
        ],
    }


def main() -> None:
    """Read everything and become the command."""
    environ = dict(os.environ)
    jobs = plan(environ)
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    context = ssl.create_default_context(cafile=environ["AWS_CA_BUNDLE"])
    host, _, port = environ["AWS_ENDPOINT_URL"].removeprefix("https://").partition(":")
    place = socket.getaddrinfo(host.encode(), int(port), socket.AF_INET, socket.SOCK_STREAM)[0]

    def work(signer: Signer, waiting: "list[Job]", done: "LockType") -> None:
        connection = Connection(context, place, signer)
        while waiting:
            try:
                read, what, values = waiting.pop(0)
            except IndexError:  # another thread took the last one
                break
            read(connection, what, values)
        done.release()

    locks = []
    for service, wanted in jobs.items():
        signer, waiting = Signer(environ, service, moment), list(wanted)
        for _ in wanted[:CONNECTIONS]:
            locks.append(allocate_lock())
            locks[-1].acquire()
            start_new_thread(work, (signer, waiting, locks[-1]))
    for lock in locks:
        lock.acquire()
    for wanted in jobs.values():
        for _, _, values in wanted:
            environ.update(values)
    os.execve(sys.argv[1], sys.argv[1:], environ)
