"""AWS's services: their operations, their names in policies, their URLs in a Region; pure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..._config.aws import AwsSettings

SERVICES = {  # by operation: all that this package calls
    "StartConfigurationSession": "appconfigdata",
    "GetLatestConfiguration": "appconfigdata",
    "GetParametersByPath": "ssm",
    "GetParameters": "ssm",
    "GetSecretValue": "secretsmanager",
    "BatchGetSecretValue": "secretsmanager",
    "AssumeRole": "sts",
}
_PREFIXES = {"appconfigdata": "appconfig"}  # the others are named as in SERVICES

# Partitions whose standard endpoints follow one pattern, by the area in their Regions' names, which
# are AREA-DIRECTION-NUMBER (botocore/data/partitions.json). The others need boto3.
_SUFFIXES = {"cn": "amazonaws.com.cn", "us-gov": "amazonaws.com"} | dict.fromkeys(
    ("af", "ap", "ca", "eu", "il", "me", "mx", "sa", "us"), "amazonaws.com"
)


def prefix(service: str) -> str:
    """Return the name of `service` in IAM actions and in signatures."""
    return _PREFIXES.get(service, service)


def dns_suffix(region: str) -> str:
    """Return the DNS suffix of `region`'s partition; empty if the partition is not known."""
    area, _, place = region.rpartition("-")[0].rpartition("-")
    number = region.rpartition("-")[2]
    # It becomes part of a host name, and an ARN may contain anything.
    is_plain = region.isascii() and place.isalpha() and number.isdigit()
    return _SUFFIXES.get(area, "") if is_plain else ""


def url(service: str, region: str, settings: AwsSettings) -> str:
    """Return the URL of `service` in `region`, configured or AWS's own; empty if unknown."""
    suffix = dns_suffix(region)
    own = f"https://{service}.{region}.{suffix}" if suffix else ""
    return settings.endpoints.get(service) or own
