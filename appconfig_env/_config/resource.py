"""What is read in one piece: a scheme and the parts of its resource; knows nothing of variables."""

from __future__ import annotations

from .._http.percent import encode

APPCONFIG = "appconfig"
SSM = "ssm"
SECRETS_MANAGER = "secretsmanager"
FILE = "file"
SCHEMES = (APPCONFIG, SSM, SECRETS_MANAGER, FILE)


class Resource:
    """What is read in one piece, and so fetched once however many sources use it.

    Attributes:
        scheme: one of SCHEMES.
        parts: application, environment and profile for `appconfig`; else one name, path or ARN.
        recursive: for a path, whether the levels below the first are read too.
        stage: for a secret, the version's staging label; empty means AWSCURRENT.
        format: `json`, `dotenv`, `yaml` or `text`; empty means by content.
        reference: the canonical form; equal text means the same resource.
    """

    __slots__ = ("format", "parts", "recursive", "reference", "scheme", "stage")

    def __init__(
        self,
        scheme: str,
        parts: tuple[str, ...],
        *,
        recursive: bool = True,
        stage: str = "",
        format: str = "",  # noqa: A002 - the option's own name
    ) -> None:
        self.scheme = scheme
        self.parts = parts
        self.recursive = recursive
        self.stage = stage
        self.format = format
        options = []
        if not recursive:
            options.append("recursive=no")
        if stage:
            options.append(f"stage={encode(stage)}")
        if format:
            options.append(f"format={format}")
        self.reference = f"{scheme}:{self._path()}" + ("?" + "&".join(options) if options else "")

    def _path(self) -> str:
        if self.scheme == APPCONFIG:
            return "/".join(encode(part, keep=":") for part in self.parts)
        return encode(self.parts[0], keep="/:@+=,")

    @property
    def name(self) -> str:
        """The profile's name, or the parameter's, secret's or file's name, path or ARN."""
        return self.parts[-1]

    @property
    def is_path(self) -> bool:
        """Whether this is every parameter below a path."""
        return self.scheme == SSM and self.name.endswith("/")

    @property
    def arn_region(self) -> str:
        """The Region that an ARN names, else an empty string."""
        fields = self.name.split(":", 5)
        return fields[3] if len(fields) == 6 and fields[0] == "arn" else ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Resource) and self.reference == other.reference

    def __hash__(self) -> int:
        return hash(self.reference)

    def __repr__(self) -> str:
        return f"<Resource {self.reference}>"
