"""What faults do on the wire: one small function each, for a connection or a call."""

from __future__ import annotations

import json
import re
import socket
import time
from typing import TYPE_CHECKING

from .exchange import LONGEST_SECONDS, RESET, Response

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from .exchange import Exchange

    OnCall = Callable[[Exchange], None]

REQUEST_ID = "fault-4f2a-request"  # in every response that has headers
PAGE = b"<!DOCTYPE html><html><title>Sign in to the network</title><p>s3cret CANARY page</html>"
MEGABYTE = b"x" * 1024 * 1024
PAGE_SECONDS = 0.005  # without it, endless pages keep a core busy


# Before TLS: each returns whether the connection continues.


def reset_at_connect(connection: socket.socket, stopping: threading.Event) -> bool:
    """Accept, and reset at once."""
    del stopping
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    connection.close()
    return False


def reset_in_handshake(connection: socket.socket, stopping: threading.Event) -> bool:
    """Reset once the client has begun the TLS handshake."""
    connection.recv(64)
    return reset_at_connect(connection, stopping)


def stay_silent(connection: socket.socket, stopping: threading.Event) -> bool:
    """Accept, and never send anything."""
    del connection
    stopping.wait(LONGEST_SECONDS)
    return False


def speak_plain(connection: socket.socket, stopping: threading.Event) -> bool:
    """Respond to TLS with HTTP."""
    del stopping
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    return False


# On a call.


def never_respond(call: Exchange) -> None:
    """Accept the request, and never respond."""
    call.sleep()


def reset_after_request(call: Exchange) -> None:
    """Reset instead of responding."""
    call.reset()


def reset_in_headers(call: Exchange) -> None:
    """Reset in the middle of a header."""
    head = call.response().head
    call.send(head[: len(head) // 2])
    call.wait_until_read()
    call.reset()


def reset_in_body(call: Exchange) -> None:
    """Reset after half a body."""
    response = call.response()
    call.send(_with_request_id(response).head + response.body[: len(response.body) // 2])
    call.wait_until_read()
    call.reset()


def drip_headers(call: Exchange) -> None:
    """Send the headers byte by byte."""
    call.drip(call.response().head)


def drip_body(call: Exchange) -> None:
    """Send the body byte by byte."""
    response = call.response()
    call.send(response.head)
    call.drip(response.body[:-1])
    call.sleep()  # a short body must not be complete before a long deadline


def refuse(status: int, *, with_body: bool) -> OnCall:
    """Refuse as the called service does, with its code and message or with an empty body."""

    def on_call(call: Exchange) -> None:
        code = code_of(status, call.source)
        data = {"__type": f"com.amazonaws#{code}", "message": message_of(status)}
        body = json.dumps(data).encode() if with_body else b""
        kind = [f"x-amzn-ErrorType: {code}:http://internal.amazon.com/"] if with_body else []
        call.send(_response(status, body, "application/x-amz-json-1.1", *kind))

    return on_call


def refuse_with(status: int, code: str, message: str) -> OnCall:
    """Refuse with a code that all services share."""

    def on_call(call: Exchange) -> None:
        body = json.dumps({"__type": code, "message": message}).encode()
        call.send(_response(status, body, "application/x-amz-json-1.1"))

    return on_call


def refuse_for(seconds: float) -> OnCall:
    """Throttle all calls for `seconds` after the first one."""
    throttle = refuse(429, with_body=True)

    def on_call(call: Exchange) -> None:
        if time.monotonic() - call.first_at < seconds:
            throttle(call)
        else:
            call.pass_on()

    return on_call


def show_page(status: int) -> OnCall:
    """Respond with a web page."""

    def on_call(call: Exchange) -> None:
        call.send(_response(status, PAGE, "text/html; charset=utf-8"))

    return on_call


def repeat_request(call: Exchange) -> None:
    """Refuse the signature as AWS can: repeat the whole string to sign, including the token."""
    headers = re.search(rb"(?i)x-amz-security-token: (\S+)", call.request)
    token = headers[1].decode() if headers else ""
    canonical = f"POST\n/\n\nhost:x\nx-amz-security-token:{token}\n"
    message = (
        "The request signature we calculated does not match the signature you provided. Check "
        "your AWS Secret Access Key and signing method. Consult the service documentation for "
        f"details.\n\nThe Canonical String for this request should have been\n'{canonical}'"
    )
    refuse_with(403, "InvalidSignatureException", message)(call)


def cut_json(call: Exchange) -> None:
    """Send the first half of the document with the right length."""
    response = _with_request_id(call.response())
    call.send(b"".join(response.with_body(response.body[: len(response.body) // 2])))


def announce_too_much(call: Exchange) -> None:
    """Announce a body of a gigabyte."""
    head = _with_request_id(call.response()).without_length(f"Content-Length: {1024**3}")
    call.send(head + b'{"Parameters": [')
    call.sleep()


def send_too_much(call: Exchange) -> None:
    """Send chunks of a megabyte endlessly."""
    call.send(_with_request_id(call.response()).without_length("Transfer-Encoding: chunked"))
    for _ in range(1024):
        call.send(b"%x\r\n%s\r\n" % (len(MEGABYTE), MEGABYTE))


def promise_more(call: Exchange) -> None:
    """Announce too many bytes, then close."""
    response = _with_request_id(call.response())
    length = f"Content-Length: {len(response.body) + 10}"
    call.send(response.without_length(length) + response.body)
    call.close()


def promise_more_and_wait(call: Exchange) -> None:
    """Announce too many bytes, then keep the connection open."""
    response = _with_request_id(call.response())
    length = f"Content-Length: {len(response.body) + 10}"
    call.send(response.without_length(length) + response.body)
    call.sleep()


def promise_less(call: Exchange) -> None:
    """Announce too few bytes."""
    response = _with_request_id(call.response())
    length = f"Content-Length: {len(response.body) // 2}"
    call.send(response.without_length(length) + response.body)


def send_slices(call: Exchange) -> None:
    """Send a valid response 0.3 s late, 31 bytes every 5 ms, like a slow link."""
    call.sleep(0.3)
    data = b"".join(call.fresh_response())
    for at in range(0, len(data), 31):
        call.send(data[at : at + 31])
        call.sleep(0.005)


def send_chunks(call: Exchange) -> None:
    """Send the body in chunks of a few bytes, one of them with an extension, and a trailer."""
    response = call.fresh_response()
    call.send(response.without_length("Transfer-Encoding: chunked"))
    for at in range(0, len(response.body), 7):
        piece = response.body[at : at + 7]
        call.send(b"%x;name=value\r\n%s\r\n" % (len(piece), piece))
    call.send(b"0\r\nX-Trailer: yes\r\n\r\n")


def send_broken_chunks(call: Exchange) -> None:
    """Send a chunk whose size is not a number."""
    response = _with_request_id(call.response())
    call.send(response.without_length("Transfer-Encoding: chunked") + b"size?\r\n" + response.body)


def end_in_a_chunk(call: Exchange) -> None:
    """Close in the middle of a chunk."""
    response = _with_request_id(call.response())
    size = len(response.body)
    head = response.without_length("Transfer-Encoding: chunked")
    call.send(head + b"%x\r\n%s" % (size, response.body[: size // 2]))
    call.close()


def turn_pages(token: Callable[[int], str]) -> OnCall:
    """Mark every page as followed by another one."""

    def on_call(call: Exchange) -> None:
        if call.operation != "GetParametersByPath":
            call.pass_on()
            return
        call.sleep(PAGE_SECONDS)
        parameter = {"Name": f"/fault/path/p{call.number}", "Value": "s3cret CANARY"}
        page = {"Parameters": [parameter], "NextToken": token(call.number)}
        call.send(_response(200, json.dumps(page).encode(), "application/x-amz-json-1.1"))

    return on_call


_CODES = {
    400: ("BadRequestException", "ValidationException", "InvalidParameterException"),
    403: ("AccessDeniedException",) * 3,
    404: ("ResourceNotFoundException", "ParameterNotFound", "ResourceNotFoundException"),
    429: ("ThrottlingException",) * 3,
    500: ("InternalServerException", "InternalServerError", "InternalServiceError"),
    503: ("ServiceUnavailable",) * 3,
}


def code_of(status: int, source: str) -> str:
    """The code that the source's service returns for `status`."""
    appconfig, ssm, secretsmanager = _CODES[status]
    by_source = {"path": ssm, "name": ssm, "secret": secretsmanager}
    return by_source.get(source, appconfig)


def message_of(status: int) -> str:
    """The message that comes with `status`."""
    return f"AWS's message for {status}"


def _response(status: int, body: bytes, kind: str, *headers: str) -> bytes:
    lines = [
        f"HTTP/1.1 {status} Fault",
        f"Content-Type: {kind}",
        f"Content-Length: {len(body)}",
        f"x-amzn-RequestId: {REQUEST_ID}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def _with_request_id(response: Response) -> Response:
    """The same response with the request ID that errors have to contain."""
    head = re.sub(rb"(?i)(x-amzn-requestid: )\S+", rb"\g<1>" + REQUEST_ID.encode(), response.head)
    return Response(head, response.body)
