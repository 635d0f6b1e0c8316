"""Signatures against botocore's signer, for any request; tests/suites has AWS's own examples."""

from __future__ import annotations

import subprocess
import sys
from urllib.parse import quote

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import example, given
from hypothesis import strategies as st

from appconfig_env._backends.aws.sigv4 import Credentials, sign

from ....support.paths import ROOT

TIMESTAMP = "20260102T030405Z"

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
segments = texts.map(lambda text: quote(text, safe=""))
raw_segments = st.text("abc:@!$&'()*+,;=~-_", min_size=1)
dots = st.sampled_from(["", ".", "..", "...", "a.b", ".a"])
paths = st.lists(st.one_of(segments, raw_segments, dots), max_size=5).map(
    lambda some: "/" + "/".join(some)
)
pairs = st.tuples(texts.filter(bool), texts).map(
    lambda pair: "=".join(quote(x, safe="") for x in pair)
)
queries = st.lists(pairs, max_size=4).map("&".join)
names = st.from_regex(r"x-amz-[a-z][a-z0-9-]{0,10}", fullmatch=True).filter(
    lambda name: name not in ("x-amz-date", "x-amz-security-token", "x-amz-content-sha256")
)
values = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
keys = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef0123456789/+", min_size=1, max_size=40)


@given(
    st.sampled_from(["GET", "POST"]),
    paths,
    queries,
    st.dictionaries(names, values, max_size=4),
    st.binary(max_size=50),
    keys,
    keys,
    st.one_of(st.just(""), keys),
    st.sampled_from(["appconfig", "ssm", "secretsmanager", "sts"]),
    st.sampled_from(["us-east-1", "cn-north-1", "eu-central-2"]),
)
@example(
    "GET",
    "/a%20b",
    "configuration_token=a%2Fb%2B%3D%3D",
    {},
    b"",
    "A",
    "s",
    "t",
    "ssm",
    "us-east-1",
)
@example("GET", "/..//a/./b/../c/", "", {}, b"", "A", "s", "", "ssm", "us-east-1")
@example("GET", "/a/..", "", {}, b"", "A", "s", "", "ssm", "us-east-1")
@example("POST", "/", "", {"x-amz-target": "  a   b "}, b"{}", "A", "s", "", "sts", "us-east-1")
def test_a_signature_is_the_one_botocore_makes(  # noqa: PLR0917 - hypothesis passes them so
    method: str,
    path: str,
    query: str,
    headers: dict[str, str],
    body: bytes,
    access_key: str,
    secret_key: str,
    token: str,
    service: str,
    region: str,
) -> None:
    headers = {"host": "aws.example:8080", "content-type": "application/json", **headers}
    signed = sign(
        method, path, query, headers, body,
        credentials=Credentials(access_key, secret_key, token),
        service=service, region=region, timestamp=TIMESTAMP,
    )  # fmt: skip
    url = f"http://aws.example:8080{path}" + (f"?{query}" if query else "")
    request = AWSRequest(method, url, headers=headers, data=body)
    request.context["timestamp"] = TIMESTAMP
    signer = SigV4Auth(BotocoreCredentials(access_key, secret_key, token or None), service, region)
    request.headers["X-Amz-Date"] = TIMESTAMP
    if token:
        request.headers["X-Amz-Security-Token"] = token
    canonical = signer.canonical_request(request)
    signature = signer.signature(signer.string_to_sign(request, canonical), request)
    assert signed["authorization"].endswith(f"Signature={signature}")
    assert (
        f"Credential={access_key}/20260102/{region}/{service}/aws4_request, "
        in signed["authorization"]
    )
    assert signed.get("x-amz-security-token", "") == token
    assert signed["x-amz-date"] == TIMESTAMP


def test_a_repr_of_credentials_contains_no_secret() -> None:
    assert repr(Credentials("AKID", "canary", "canary")) == "<Credentials AKID>"


def test_a_python_without_openssl_signs_the_same() -> None:
    sign_here = """
import sys
if len(sys.argv) > 2:
    sys.modules["_hashlib"] = None
sys.path.insert(0, sys.argv[1])
from appconfig_env._backends.aws.sigv4 import Credentials, sign
signed = sign(
    "POST", "/", "", {"host": "ssm.aws"}, b"{}", credentials=Credentials("A", "s"),
    service="ssm", region="us-east-1", timestamp="20260102T030405Z",
)
print("hmac" in sys.modules, signed["authorization"])
"""
    command = [sys.executable, "-I", "-S", "-c", sign_here, str(ROOT)]
    found, without = (
        subprocess.run([*command, *words], capture_output=True, text=True, check=True).stdout
        for words in ((), ("without",))
    )

    assert found.startswith("False AWS4-HMAC-SHA256 ")
    assert without == found.replace("False", "True")
