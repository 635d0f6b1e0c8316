"""Resources and sources: what to read, and how it becomes variables; knows no values; pure."""

from __future__ import annotations

from .._http.percent import encode
from ..errors import MissingKeyError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

APPCONFIG = "appconfig"
SSM = "ssm"
SECRETS_MANAGER = "secretsmanager"
FILE = "file"


class Scheme:
    """What all resources of one scheme have in common.

    Attributes:
        interval: the attribute of Settings that has their interval.
        in_place: whether the value of a variable may be such a reference.
        has_arns: whether a name may be an ARN.
        is_secret: whether every value is secret, and so neither written to a file nor baked.
        is_local: whether they are read from this machine's disk, and so read again at each cold
            start, never in the background, and not baked.
    """

    __slots__ = ("has_arns", "in_place", "interval", "is_local", "is_secret")

    def __init__(
        self, interval: str, *, in_place: bool, has_arns: bool, is_secret: bool, is_local: bool
    ) -> None:
        self.interval = interval
        self.in_place = in_place
        self.has_arns = has_arns
        self.is_secret = is_secret
        self.is_local = is_local


# No field has a default, so that each is decided for a new scheme.
SCHEMES = {
    APPCONFIG: Scheme(
        "poll_seconds", in_place=True, has_arns=False, is_secret=False, is_local=False
    ),
    SSM: Scheme("ssm_ttl_seconds", in_place=True, has_arns=True, is_secret=False, is_local=False),
    SECRETS_MANAGER: Scheme(
        "secrets_ttl_seconds", in_place=True, has_arns=True, is_secret=True, is_local=False
    ),
    FILE: Scheme("poll_seconds", in_place=False, has_arns=False, is_secret=False, is_local=True),
}


def scheme_of(reference: str) -> str:
    """Return what is before the first colon, the place of the scheme; empty without a colon."""
    scheme, colon, _ = reference.partition(":")
    return scheme if colon else ""


class Resource:
    """What one call returns, fetched once however many sources use it.

    Attributes:
        scheme: one of SCHEMES.
        parts: application, environment and profile for `appconfig`; else one name, path or ARN.
        recursive: for a path, whether to read the levels below the first.
        stage: for a secret, the version's staging label; empty means AWSCURRENT.
        version: for a secret, the version's ID; empty means the one with the staging label.
        format: `json`, `dotenv`, `yaml`, `text` or `binary`; empty means detect it.
        reference: the canonical form; equal for equal resources.
    """

    __slots__ = ("format", "parts", "recursive", "reference", "scheme", "stage", "version")

    def __init__(
        self,
        scheme: str,
        parts: tuple[str, ...],
        *,
        recursive: bool = True,
        stage: str = "",
        version: str = "",
        format: str = "",  # noqa: A002 - the option's own name
    ) -> None:
        self.scheme = scheme
        self.parts = parts
        self.recursive = recursive
        self.stage = stage
        self.version = version
        self.format = format
        options = []
        if not recursive:
            options.append("recursive=no")
        if stage:
            options.append(f"stage={encode(stage)}")
        if version:
            options.append(f"version={encode(version)}")
        if format:
            options.append(f"format={format}")
        self.reference = f"{scheme}:{self._path()}" + ("?" + "&".join(options) if options else "")

    def _path(self) -> str:
        if self.scheme == APPCONFIG:
            return "/".join(encode(part, keep=":") for part in self.parts)
        return encode(self.parts[0], keep="/:@+=")

    @property
    def name(self) -> str:
        """The profile's name, or the name, path or ARN of the parameter, secret or file."""
        return self.parts[-1]

    @property
    def is_path(self) -> bool:
        """Whether this resource is every parameter under a path."""
        return self.scheme == SSM and self.name.endswith("/")

    @property
    def is_secret(self) -> bool:
        """Whether every value is secret, whatever a backend says."""
        return SCHEMES[self.scheme].is_secret

    @property
    def is_local(self) -> bool:
        """Whether it is read from this machine's disk, whatever the settings are."""
        return SCHEMES[self.scheme].is_local

    @property
    def arn_region(self) -> str:
        """The Region in an ARN; empty if `name` is not an ARN."""
        if not SCHEMES[self.scheme].has_arns or not self.parts[-1].startswith("arn:"):
            return ""
        fields = self.name.split(":", 5)
        return fields[3] if len(fields) == 6 else ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Resource) and self.reference == other.reference

    def __hash__(self) -> int:
        return hash(self.reference)

    def __repr__(self) -> str:
        return f"<Resource {self.reference}>"


def matching(wanted: Resource, known: Iterable[Resource]) -> Resource | None:
    """Return the one of `known` that reads what `wanted` names, whatever its options, or None.

    Raises:
        MissingKeyError: more than one does, and none is `wanted` itself.
    """
    name = wanted.scheme, wanted.parts
    found = {one.reference: one for one in known if (one.scheme, one.parts) == name}
    if wanted.reference in found:
        return wanted
    if len(found) > 1:
        choices = " or ".join(found)
        raise MissingKeyError(f"{wanted.reference} may be {choices}; name one of them")
    return next(iter(found.values()), None)


class Source:
    """A configured reference: a resource, and how it becomes variables.

    Attributes:
        resource: what to read.
        key: the segments of `#KEY`, outermost first; empty for the whole document.
        variable: the variable whose value this reference was; empty if it comes from a list.
        setting: the setting that names this source in a syntax of its own; empty if the user wrote
            a reference.
        prefix, names, join, as_name, env, only, optional, default, ttl: the options; `names`
            is empty for what the kind of document suggests; `ttl` in
            seconds, None for the service's interval; `only` is None without an allow-list; `join`
            is empty without the option.
        reference: the canonical form; `parse(source.reference)` returns an equal source.
        identity: identifies this source among those of the same settings; without its default,
            because the snapshot file holds it.
    """

    __slots__ = (
        "as_name",
        "default",
        "env",
        "identity",
        "join",
        "key",
        "names",
        "only",
        "optional",
        "prefix",
        "reference",
        "resource",
        "setting",
        "ttl",
        "variable",
    )  # fmt: skip

    def __init__(
        self,
        resource: Resource,
        key: tuple[str, ...] = (),
        *,
        variable: str = "",
        setting: str = "",
        prefix: str = "",
        names: str = "",
        join: str = "",
        as_name: str = "",
        env: bool = True,
        only: tuple[str, ...] | None = None,
        optional: bool = False,
        default: str | None = None,
        ttl: float | None = None,
    ) -> None:
        self.resource = resource
        self.key = key
        self.variable = variable
        self.setting = setting
        self.prefix = prefix
        self.names = names
        self.join = join
        self.as_name = as_name
        self.env = env
        self.only = only
        self.optional = optional
        self.default = default
        self.ttl = ttl
        options = self._options()
        self.reference = self._text(options)
        self.identity = f"{variable}={self.reference}" if variable else self.reference
        if default is not None:
            options.append(f"default={encode(default)}")
            self.reference = self._text(options, is_key_last=False)

    def _options(self) -> list[str]:
        options = []
        if self.prefix:
            options.append(f"prefix={self.prefix}")
        if self.names:
            options.append(f"names={self.names}")
        if self.join:
            options.append(f"join={self.join}")
        if self.as_name:
            options.append(f"as={self.as_name}")
        if not self.env:
            options.append("env=no")
        if self.only is not None:
            options.append("only=" + ",".join(self.only))
        if self.optional:
            options.append("optional")
        if self.ttl is not None:
            options.append(f"ttl={self.ttl:f}".rstrip("0").rstrip("."))
        return options

    def _text(self, options: list[str], *, is_key_last: bool = True) -> str:
        name, _, own = self.resource.reference.partition("?")
        query = "&".join([own, *options] if own else options)
        query = f"?{query}" if query else ""
        key = self._key_text()
        return name + query + key if is_key_last else name + key + query

    def _key_text(self) -> str:
        if not self.key:
            return ""
        return "#" + ".".join(encode(part).replace(".", "%2E") for part in self.key)

    @property
    def public_reference(self) -> str:
        """The reference as messages show it: without options, so without a default's value.

        After the variable whose value it was, or the setting that it was made from.
        """
        name = self.variable or self.setting
        return (f"{name}=" if name else "") + self.resource.reference + self._key_text()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Source):
            return NotImplemented
        return (self.variable, self.reference) == (other.variable, other.reference)

    def __hash__(self) -> int:
        return hash(self.identity)

    def __repr__(self) -> str:
        return f"<Source {self.public_reference}>"
