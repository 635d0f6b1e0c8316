"""What a denied call needs: the IAM action and the ARN of its resource, ready for a policy; pure.

AWS's message names both in most cases. What it leaves out is built from what is known of the call,
with `*` for the rest. Source: Service Authorization Reference, resource types of each service.
"""

from __future__ import annotations

from ..._config.sources import APPCONFIG, SECRETS_MANAGER, SSM
from . import services

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..._config.sources import Resource

LONGEST_ARN = 2048  # characters, in IAM's API (arnType)
_DECRYPT = "kms:Decrypt"
# How the services report that a KMS key denies the call, without an action. Parameter Store: "The
# ciphertext refers to a customer master key that does not exist, [...] or you are not allowed to
# access"; Secrets Manager: "Access to KMS is not allowed".
_KMS_WORDS = ("KMS", "customer master key")
_ANY_PROFILE = "application/*/environment/*/configuration/*"
_SUFFIX = "-??????"  # Secrets Manager adds a hyphen and six characters to the name


def action(service: str, operation: str, message: str) -> str:
    """Return the IAM action that a denial of `operation` with `message` is about."""
    named = _word_after(message, "not authorized to perform: ")
    prefix, colon, name = named.partition(":")
    if colon and named.isascii() and name.isalnum() and prefix.replace("-", "").isalnum():
        return named
    if any(word in message for word in _KMS_WORDS):
        return _DECRYPT
    return f"{services.prefix(service)}:{operation}"


def resource_arn(
    needed: str, message: str, resource: Resource | None, *, region: str = "", role_arn: str = ""
) -> str:
    """Return the ARN to allow the action `needed` on; empty if nothing is known of it.

    Args:
        needed: see `action`.
        message: AWS's message.
        resource: what the call was to read; None if it is not known.
        region: where the call was made.
        role_arn: the role to assume.
    """
    named = _word_after(message, "on resource: ")
    service = needed.partition(":")[0]
    fields = named.split(":", 5)
    is_arn = len(fields) == 6 and fields[0] == "arn" and named.isprintable()
    # A denial of a key may name the parameter or the secret.
    if is_arn and len(named) <= LONGEST_ARN and (service != "kms" or fields[2] == "kms"):
        return named
    if service == "sts":
        return role_arn
    if needed == "secretsmanager:BatchGetSecretValue":
        return "*"  # an action without resource types
    if resource is None:
        return ""
    partition, account = _caller(message)
    region = resource.arn_region or region
    partition = partition or partition_of(region)
    if service == "kms":
        # A key in the same Region, but perhaps in another account.
        return f"arn:{partition}:kms:{region or '*'}:*:key/*"
    if resource.arn_region:
        return _without_version(resource)
    return f"arn:{partition}:{service}:{region or '*'}:{account or '*'}:{_path(resource)}"


def _path(resource: Resource) -> str:
    if resource.scheme == APPCONFIG:
        return _ANY_PROFILE  # ARNs have IDs, references may have names, and one may look like both
    if resource.scheme == SSM:
        return "parameter/" + resource.name.partition(":")[0].strip("/")
    if resource.scheme == SECRETS_MANAGER:
        return f"secret:{resource.name}{_SUFFIX}"
    raise ValueError(f"no ARN is known for {resource.scheme}:")


def _without_version(resource: Resource) -> str:
    if resource.scheme == SSM:
        return ":".join(resource.name.split(":")[:6])
    suffix = resource.name[-7:]
    is_whole = suffix[0] == "-" and suffix[1:].isalnum()
    is_cut = resource.scheme == SECRETS_MANAGER and not is_whole
    return resource.name + _SUFFIX if is_cut else resource.name


def _caller(message: str) -> tuple[str, str]:
    """Return the partition and the account of the caller that `message` names, or ''."""
    fields = _word_after(message, "User: ").split(":")
    if len(fields) < 6 or fields[0] != "arn" or not (len(fields[4]) == 12 and fields[4].isdigit()):
        return "", ""
    return fields[1], fields[4]


def partition_of(region: str) -> str:
    """Return the partition of a Region; * if it is not known."""
    if region.startswith("us-gov-"):
        return "aws-us-gov"
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws" if services.dns_suffix(region) else "*"


def _word_after(message: str, words: str) -> str:
    """Return the word after `words`, without punctuation; empty if there is none."""
    rest = message.partition(words)[2].split(maxsplit=1)
    return rest[0].strip("\"',;.") if rest else ""
