"""AWS's published signatures: the requests of its Signature Version 4 test suite.

Names and signatures are the suite's. Left out are its requests to services that do not normalize
paths (S3), which this package does not call, and those in query strings.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from appconfig_env._backends.aws.sigv4 import Credentials, sign

UNRESERVED = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
FORM = "application/x-www-form-urlencoded"
FORM_HEADERS = {
    "content-length": "13",
    "x-amz-content-sha256": "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e",
}
STS_TOKEN = (
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfI"
    "eoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0"
    "wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDry"
    "pNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
)


class Published(NamedTuple):
    """A request, and the signature that AWS published for it.

    Attributes:
        name: the suite's name for it.
        request: method, path and query; the path as the suite has it, which is not encoded.
        signature: as published.
        headers: besides `host`.
        body: the payload.
        token: the session token.
    """

    name: str
    request: str
    signature: str
    headers: dict[str, str] = {}  # noqa: RUF012 - never changed
    body: bytes = b""
    token: str = ""


GET_ROOT = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
POST_ROOT = "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
POST_PARAM1 = "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"
PUBLISHED = (
    Published("get-vanilla", "GET /", GET_ROOT),
    Published("get-vanilla-query", "GET /", GET_ROOT),
    # Paths without a segment, with segments that cancel each other, and with empty ones.
    Published("get-relative-normalized", "GET /example/..", GET_ROOT),
    Published("get-relative-relative-normalized", "GET /example1/example2/../..", GET_ROOT),
    Published("get-slash-dot-slash-normalized", "GET /./", GET_ROOT),
    Published("get-slash-normalized", "GET //", GET_ROOT),
    Published(
        "get-slash-pointless-dot-normalized",
        "GET /./example",
        "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5",
    ),
    Published(
        "get-slashes-normalized",
        "GET //example//",
        "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84",
    ),
    # What paths and queries can contain.
    Published(
        "get-space-normalized",
        "GET /example space/",
        "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741",
    ),
    Published(
        "get-unreserved",
        f"GET /{UNRESERVED}",
        "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
    ),
    Published(
        "get-utf8",
        "GET /\u1234",
        "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
    ),
    Published(
        "get-vanilla-empty-query-key",
        "GET /?Param1=value1",
        "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
    ),
    Published(
        "get-vanilla-query-order-encoded",
        "GET /?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
        "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
    ),
    Published(
        "get-vanilla-query-order-key-case",
        "GET /?Param2=value2&Param1=value1",
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ),
    Published(
        "get-vanilla-query-unreserved",
        f"GET /?{UNRESERVED}={UNRESERVED}",
        "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
    ),
    Published(
        "get-vanilla-utf8-query",
        "GET /?%E1%88%B4=bar",  # the suite has it unencoded; here, queries are given as sent
        "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
    ),
    # A header that is sent several times has all values, separated by commas.
    Published(
        "get-header-key-duplicate",
        "GET /",
        "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
        {"my-header1": "value2,value2,value1"},
    ),
    Published(
        "get-header-value-order",
        "GET /",
        "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01",
        {"my-header1": "value4,value1,value3,value2"},
    ),
    Published(
        "get-header-value-multiline",
        "GET /",
        "cfd34249e4b1c8d6b91ef74165d41a32e5fab3306300901bb65a51a73575eefd",
        {"my-header1": "value1\n  value2\n     value3"},
    ),
    Published(
        "get-header-value-trim",
        "GET /",
        "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
        {"my-header1": " value1", "my-header2": ' "a   b   c"'},
    ),
    Published("post-vanilla", "POST /", POST_ROOT),
    Published("post-header-key-case", "POST /", POST_ROOT),
    Published(
        "post-header-key-sort",
        "POST /",
        "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
        {"my-header1": "value1"},
    ),
    Published(
        "post-header-value-case",
        "POST /",
        "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
        {"my-header1": "VALUE1"},
    ),
    Published("post-vanilla-query", "POST /?Param1=value1", POST_PARAM1),
    Published("post-vanilla-empty-query-value", "POST /?Param1=value1", POST_PARAM1),
    Published(
        "post-x-www-form-urlencoded",
        "POST /",
        "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b",
        {"content-type": FORM, **FORM_HEADERS},
        b"Param1=value1",
    ),
    Published(
        "post-x-www-form-urlencoded-parameters",
        "POST /",
        "328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422",
        {"content-type": f"{FORM}; charset=utf-8", **FORM_HEADERS},
        b"Param1=value1",
    ),
    Published(
        "get-vanilla-with-session-token",
        "GET /",
        "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8",
        token="6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267",
    ),
    Published(
        "post-sts-header-before",
        "POST /",
        "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
        token=STS_TOKEN,
    ),
)


@pytest.mark.parametrize("case", PUBLISHED, ids=[case.name for case in PUBLISHED])
def test_a_signature_is_the_one_that_aws_published(case: Published) -> None:
    method, _, target = case.request.partition(" ")
    path, _, query = target.partition("?")

    signed = sign(
        method, path, query, {"host": "example.amazonaws.com", **case.headers}, case.body,
        credentials=Credentials(
            "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", case.token
        ),
        service="service", region="us-east-1", timestamp="20150830T123600Z",
    )  # fmt: skip

    assert signed["authorization"].rpartition("=")[2] == case.signature
