"""AWS Signature Version 4 as functions of request, credentials and time; pure.

Source: AWS IAM User Guide, "Create a signed AWS API request"; checked against botocore's signer.
"""

from __future__ import annotations

from ..._http.percent import encode

try:  # hashlib adds 1 ms to it; hmac loads warnings as well, and both load more on 3.14
    from _hashlib import hmac_digest
    from _hashlib import openssl_sha256 as sha256
except ImportError:  # a Python without OpenSSL
    from hashlib import sha256
    from hmac import digest as hmac_digest  # type: ignore[assignment] # takes more

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

ALGORITHM = "AWS4-HMAC-SHA256"


class Credentials:
    """An access key.

    Attributes:
        access_key, secret_key: the pair.
        session_token: empty for a user's permanent key.
        expires_at: Unix seconds; None if unknown.
    """

    __slots__ = ("access_key", "expires_at", "secret_key", "session_token")

    def __init__(
        self,
        access_key: str,
        secret_key: str,
        session_token: str = "",
        expires_at: float | None = None,
    ) -> None:
        self.access_key = access_key
        self.secret_key = secret_key
        self.session_token = session_token
        self.expires_at = expires_at

    def __repr__(self) -> str:
        return f"<Credentials {self.access_key}>"  # the ID is public, the rest is not


def sign(
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    credentials: Credentials,
    service: str,
    region: str,
    timestamp: str,
) -> dict[str, str]:
    """Return the headers to send: `headers` and those of the signature.

    Args:
        method: such as `POST`.
        path: the encoded path as it is sent; normalized and encoded again for the canonical
            request, as in all services except S3.
        query: the encoded query as it is sent, without `?`.
        headers: all headers to sign, including `host`; names in lower case.
        body: the payload.
        credentials: the access key.
        service: the signing name, such as `appconfig`.
        region: the Region of the endpoint.
        timestamp: such as `20260102T030405Z`.
    """
    signed = dict(headers)
    signed["x-amz-date"] = timestamp
    if credentials.session_token:
        signed["x-amz-security-token"] = credentials.session_token
    names = sorted(signed)
    canonical_request = "\n".join([
        method,
        encode(_normalized(path), keep="/") or "/",
        _canonical_query(query),
        *(f"{name}:{' '.join(signed[name].split())}" for name in names),
        "",
        ";".join(names),
        sha256(body).hexdigest(),
    ])  # fmt: skip
    scope = f"{timestamp[:8]}/{region}/{service}/aws4_request"
    digest = sha256(canonical_request.encode()).hexdigest()
    key = ("AWS4" + credentials.secret_key).encode()
    for part in scope.split("/"):
        key = hmac_digest(key, part.encode(), "sha256")
    to_sign = f"{ALGORITHM}\n{timestamp}\n{scope}\n{digest}"
    signature = hmac_digest(key, to_sign.encode(), "sha256").hex()
    signed["authorization"] = (
        f"{ALGORITHM} Credential={credentials.access_key}/{scope}, "
        f"SignedHeaders={';'.join(names)}, Signature={signature}"
    )
    return signed


def _normalized(path: str) -> str:
    """Return `path` without empty and dot segments (RFC 3986, "Remove Dot Segments")."""
    if "//" not in path and "/." not in path:
        return path  # true for AWS's own endpoints
    segments: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del segments[-1:]
        elif segment not in ("", "."):
            segments.append(segment)
    end = "/" if path.endswith("/") and segments else ""
    return "/" + "/".join(segments) + end


def _canonical_query(query: str) -> str:
    pairs = sorted(item.partition("=")[::2] for item in query.split("&") if item)
    return "&".join(f"{name}={value}" for name, value in pairs)
