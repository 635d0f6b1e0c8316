"""Where a service is called: the host that AWS gives it in a Region, or the URL that was configured; pure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .settings import AwsSettings

# Partitions whose standard endpoints follow one pattern, by the start of their Regions' names
# (botocore/data/partitions.json). Regions of others are left to boto3.
_SUFFIXES = {"cn-": "amazonaws.com.cn", "us-gov-": "amazonaws.com"}
_COMMERCIAL = ("af-", "ap-", "ca-", "eu-", "il-", "me-", "mx-", "sa-", "us-east-", "us-west-")


def dns_suffix(region: str) -> str:
    """The suffix of `region`'s partition; empty where the pattern is not known."""
    if not (region.isascii() and region.replace("-", "").isalnum()):
        return ""  # a host is made of it, and an ARN may say anything
    for start, suffix in _SUFFIXES.items():
        if region.startswith(start):
            return suffix
    return "amazonaws.com" if region.startswith(_COMMERCIAL) else ""


def url(service: str, region: str, settings: AwsSettings) -> str:
    """The URL of `service` in `region`, as configured or as AWS's pattern has it; empty where neither is known."""
    suffix = dns_suffix(region)
    own = f"https://{service}.{region}.{suffix}" if suffix else ""
    return settings.endpoints.get(service) or own
