"""One request to a server of the test, and that server's side of TLS."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from appconfig_env._http.transport import Transport, Url

if TYPE_CHECKING:
    import trustme

    from appconfig_env._http.messages import HttpResponse

    from ...support.raw_server import RawServer


def send(transport: Transport, server: RawServer, timeout: float = 30.0) -> HttpResponse:
    url = Url(server.url)
    return transport.send(url, "POST", "/path", {"host": url.authority}, b"body", timeout=timeout)


def server_context(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context
