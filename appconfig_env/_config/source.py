"""One source: a resource, its options, and how it is written and named; knows nothing of values."""

from __future__ import annotations

from .._http.percent import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .resource import Resource


class Source:
    """One reference: a resource, and what becomes of what is read there.

    Attributes:
        resource: what is read.
        key: the segments of `#KEY`, outermost first; empty for the whole document.
        variable: the variable whose value this reference was; empty for one of a list.
        prefix, names, as_name, env, only, optional, default, ttl: the options; `ttl` in seconds,
            None where the service's own interval holds; `only` None where there is no allow-list.
        reference: the canonical form; `parse(source.reference)` gives an equal source.
        identity: what tells this source from the others of the same settings, without its default:
            it stands in the snapshot's file.
    """

    __slots__ = (
        "as_name",
        "default",
        "env",
        "identity",
        "key",
        "names",
        "only",
        "optional",
        "prefix",
        "reference",
        "resource",
        "ttl",
        "variable",
    )  # fmt: skip

    def __init__(
        self,
        resource: Resource,
        key: tuple[str, ...] = (),
        *,
        variable: str = "",
        prefix: str = "",
        names: str = "upper",
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
        self.prefix = prefix
        self.names = names
        self.as_name = as_name
        self.env = env
        self.only = only
        self.optional = optional
        self.default = default
        self.ttl = ttl
        options = self._options()
        self.identity = (f"{variable}=" if variable else "") + self._text(options)
        if default is not None:
            options.append(f"default={encode(default)}")
        self.reference = self._text(options)

    def _options(self) -> list[str]:
        options = []
        if self.prefix:
            options.append(f"prefix={self.prefix}")
        if self.names != "upper":
            options.append(f"names={self.names}")
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

    def _text(self, options: list[str]) -> str:
        text = self.resource.reference
        if options:
            text += ("&" if "?" in text else "?") + "&".join(options)
        return text + self._key_text()

    def _key_text(self) -> str:
        if not self.key:
            return ""
        return "#" + ".".join(encode(part).replace(".", "%2E") for part in self.key)

    @property
    def public_reference(self) -> str:
        """How messages name this source: without options, so without a default's value."""
        where = f"{self.variable}=" if self.variable else ""
        return where + self.resource.reference + self._key_text()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Source):
            return NotImplemented
        return (self.variable, self.reference) == (other.variable, other.reference)

    def __hash__(self) -> int:
        return hash(self.identity)

    def __repr__(self) -> str:
        return f"<Source {self.public_reference}>"
