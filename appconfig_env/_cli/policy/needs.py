"""What the sources need: IAM actions, the resources to allow them on, and for which role; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..._backends.aws import iam, services
from ..._config.sources import APPCONFIG, SECRETS_MANAGER, SSM

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ..._config.aws import Access
    from ..._config.settings import Settings
    from ..._config.sources import Resource

ANY = "*"
DECRYPT = "kms:Decrypt"
# The services of the three schemes, as `AwsSettings.access` has them.
_SERVICES = {APPCONFIG: "appconfigdata", SSM: "ssm", SECRETS_MANAGER: "secretsmanager"}
# Parameters that AWS itself publishes; their ARNs have no account.
_PUBLIC = "parameter/aws/service/"
# A secret as a parameter: Parameter Store reads it with the caller's rights.
_SECRET_AS_PARAMETER = "parameter/aws/reference/secretsmanager/"  # noqa: S105 - a path


class Place(NamedTuple):
    """What an ARN has for the caller's own partition, Region and account."""

    partition: str
    region: str
    account: str


class Target(NamedTuple):
    """The resource of an action.

    Attributes:
        partition, region, account: empty for the caller's own, see `Place`.
        service: the service's name in ARNs; empty for an action without resources.
        path: what follows the account.
    """

    partition: str = ""
    service: str = ""
    region: str = ""
    account: str = ""
    path: str = ANY

    def arn(self, own: Place) -> str:
        """Return the ARN, where the caller is in `own`."""
        if not self.service:
            return ANY
        fields = (
            self.partition or own.partition,
            self.service,
            # IAM has no Regions; a role may have none in its ARN.
            self.region or ("" if self.service == "iam" else own.region),
            self.account or own.account,
        )
        return f"arn:{':'.join(fields)}:{self.path}"


class Need(NamedTuple):
    """One action on one resource, and the reference or setting that needs it."""

    action: str
    target: Target
    reason: str


class Needs(NamedTuple):
    """What each role must be allowed to do.

    Attributes:
        function: for the function's own role.
        roles: for each role that is assumed, by its ARN.
    """

    function: tuple[Need, ...]
    roles: Mapping[str, tuple[Need, ...]]


def needs_of(
    settings: Settings,
    ids: Mapping[tuple[str, ...], tuple[str, ...]] | None = None,
    keys: Iterable[str] = (),
) -> Needs:
    """Return what the sources of `settings` need.

    Args:
        settings: the sources, roles and Regions. A local folder in place of AWS makes no
            difference: the policy is for the function, not for this machine.
        ids: the IDs of application, environment and profile, by their names in a reference; a
            profile that is not in it is allowed by wildcards, because ARNs have IDs.
        keys: the ARNs of customer managed keys that encrypt what is read.
    """
    by_role: dict[str, list[Need]] = {"": []}
    for need, access in (*_of_sources(settings, ids or {}), *_of_batches(settings)):
        by_role.setdefault(access.role_arn, []).append(need)
    for access in _with_roles(settings, by_role):
        by_role[""].append(_to_assume(access))
    for key in keys:
        by_role[_reader(settings)].append(Need(DECRYPT, parsed(key), f"--kms-key {key}"))
    function = _distinct(by_role.pop(""))
    return Needs(function, {role: _distinct(found) for role, found in by_role.items()})


def parsed(arn: str) -> Target:
    """Return the target that has exactly this ARN."""
    _, partition, service, region, account, path = arn.split(":", 5)
    return Target(partition, service, region, account, path)


def _of_sources(
    settings: Settings, ids: Mapping[tuple[str, ...], tuple[str, ...]]
) -> Iterator[tuple[Need, Access]]:
    for reference, sources in settings.resources().items():
        resource = sources[0].resource
        if resource.is_local:
            continue
        label = settings.label(reference)
        service = _SERVICES[resource.scheme]
        access = settings.aws.access(service)
        for operation in _operations(resource):
            action = f"{services.prefix(service)}:{operation}"
            target = _target(action, resource, settings, access, ids)
            yield Need(action, target, label), access
            if target.path.startswith(_SECRET_AS_PARAMETER):
                yield Need("secretsmanager:GetSecretValue", _secret_behind(target), label), access


def _operations(resource: Resource) -> tuple[str, ...]:
    if resource.scheme == APPCONFIG:
        return "StartConfigurationSession", "GetLatestConfiguration"
    if resource.scheme == SSM:
        return ("GetParametersByPath" if resource.is_path else "GetParameters",)
    if resource.scheme == SECRETS_MANAGER:
        return ("GetSecretValue",)
    raise ValueError(f"no action is known for {resource.scheme}:")


def _target(
    action: str,
    resource: Resource,
    settings: Settings,
    access: Access,
    ids: Mapping[tuple[str, ...], tuple[str, ...]],
) -> Target:
    is_own = access.region == settings.aws.region
    arn = iam.resource_arn(action, "", resource, region="" if is_own else access.region)
    found = parsed(arn)
    partition, region, account = (
        "" if field == ANY else field for field in (found.partition, found.region, found.account)
    )
    path = found.path
    if access.role_arn:
        role = parsed(access.role_arn)
        partition, account = partition or role.partition, account or role.account
    if path.startswith(_PUBLIC):
        account = ANY
    if resource.scheme == APPCONFIG and resource.parts in ids:
        application, environment, profile = ids[resource.parts]
        path = f"application/{application}/environment/{environment}/configuration/{profile}"
    return Target(partition, found.service, region, account, path)


def _secret_behind(parameter: Target) -> Target:
    """Return the secret that a parameter refers to."""
    name = parameter.path.removeprefix(_SECRET_AS_PARAMETER)
    return parameter._replace(service="secretsmanager", path=f"secret:{name}-??????")


def _of_batches(settings: Settings) -> Iterator[tuple[Need, Access]]:
    """Yield the need to read secrets in batches: two or more of one Region, as the backend does."""
    names: dict[str, dict[str, str]] = {}
    for reference, sources in settings.resources().items():
        resource = sources[0].resource
        is_current = not (resource.stage or resource.version)
        if resource.scheme == SECRETS_MANAGER and is_current:
            in_region = names.setdefault(resource.arn_region, {})
            in_region.setdefault(resource.name, settings.label(reference))
    labels = [label for group in names.values() if len(group) > 1 for label in group.values()]
    if labels:
        access = settings.aws.access("secretsmanager")
        yield Need("secretsmanager:BatchGetSecretValue", Target(), ", ".join(labels)), access


def _with_roles(settings: Settings, by_role: Mapping[str, list[Need]]) -> Iterator[Access]:
    """Yield one access for each role that something is read with."""
    known = {access.role_arn: access for access in (settings.aws.others, settings.aws.appconfig)}
    return (known[role] for role in by_role if role)


def _to_assume(access: Access) -> Need:
    return Need("sts:AssumeRole", parsed(access.role_arn), access.role_setting)


def _reader(settings: Settings) -> str:
    """Return the role that reads what a key may encrypt: parameters and secrets before profiles."""
    schemes = {one.resource.scheme for one in settings.sources}
    is_other = schemes & {SSM, SECRETS_MANAGER}
    access = settings.aws.others if is_other or APPCONFIG not in schemes else settings.aws.appconfig
    return access.role_arn if schemes & _SERVICES.keys() else ""


def _distinct(found: Iterable[Need]) -> tuple[Need, ...]:
    """Return one need for each action and resource, with all of its reasons."""
    reasons: dict[tuple[str, Target], dict[str, None]] = {}
    for one in found:
        reasons.setdefault((one.action, one.target), {})[one.reason] = None
    return tuple(Need(*key, ", ".join(names)) for key, names in reasons.items())
