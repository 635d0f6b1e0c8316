"""Mangum, which makes a Lambda handler of a web application."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..support.life import VALUES
from .web import APPLICATION

if TYPE_CHECKING:
    from ..support.life import Life, Runtime

HANDLER = (
    APPLICATION
    + """
from mangum import Mangum

handler = Mangum(app, lifespan="off")
for line in sys.stdin:  # as Lambda's runtime client
    print(json.dumps(handler(json.loads(line), None)), flush=True)
"""
)


def invoked(runtime: Runtime, path: str) -> dict[str, Any]:
    """Return the body of the response to an event of a function URL."""
    event = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": "shop"},
        "requestContext": {
            "http": {"method": "GET", "path": path, "sourceIp": "192.0.2.1"},
            "stage": "$default",
        },
        "isBase64Encoded": False,
    }
    response = runtime.ask(json.dumps(event))
    assert response["statusCode"] == 200
    body: dict[str, Any] = json.loads(response["body"])
    return body


def test_a_web_application_has_the_values_and_refreshes_them(life: Life) -> None:
    (life.folder / "handler.py").write_text(HANDLER)
    runtime = life.start(words=[str(life.folder / "handler.py")])

    first = invoked(runtime, "/")

    assert (first["environ"], first["values"]) == (VALUES, VALUES)
    life.deploy(11)
    assert invoked(runtime, "/refresh")["values"] == ["11", *VALUES[1:]]
    assert invoked(runtime, "/")["values"] == ["11", *VALUES[1:]]
    assert life.aws.count("StartConfigurationSession") == 1, "the wrapper's"
    assert life.aws.problems == []
    assert runtime.end() == 0
