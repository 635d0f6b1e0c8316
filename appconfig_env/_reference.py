"""References, `SCHEME:LOCATOR[?OPTION=VALUE&...][#KEY]`: text to Source and back; reads nothing."""

from __future__ import annotations

from ._percent import decode, encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

APPCONFIG = "appconfig"
SSM = "ssm"
SECRETS_MANAGER = "secretsmanager"
FILE = "file"
SCHEMES = (APPCONFIG, SSM, SECRETS_MANAGER, FILE)
FORMATS = ("json", "dotenv", "text", "yaml")
DURATION_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


class ReferenceProblems(ValueError):
    """Everything that is wrong with one reference."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


class Locator:
    """What is read in one piece, and so fetched once however many sources use it.

    Attributes:
        scheme: one of SCHEMES.
        parts: application, environment and profile for `appconfig`; else one name, path or ARN.
        recursive: for a path, whether the levels below the first are read too.
        stage: for a secret, the version's staging label; empty means AWSCURRENT.
        format: one of FORMATS; empty means by content.
        text: the canonical form; equal text means the same locator.
    """

    __slots__ = ("format", "parts", "recursive", "scheme", "stage", "text")

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
        self.text = f"{scheme}:{self._path()}" + ("?" + "&".join(options) if options else "")

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
        return isinstance(other, Locator) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"<Locator {self.text}>"


class Source:
    """One reference: a locator, and what becomes of what is read there.

    Attributes:
        locator: what is read.
        key: the segments of `#KEY`, outermost first; empty for the whole document.
        variable: the variable whose value this reference was; empty for one of a list.
        prefix, names, as_name, env, only, optional, default, ttl: the options; `ttl` in seconds,
            None where the service's own interval holds; `only` None where there is no allow-list.
        text: the canonical form; `parse(source.text)` gives an equal source.
    """

    __slots__ = (
        "as_name", "default", "env", "key", "locator", "names", "only", "optional", "prefix",
        "text", "ttl", "variable",
    )  # fmt: skip

    def __init__(
        self,
        locator: Locator,
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
        self.locator = locator
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
        self.text = self._text()

    def _text(self) -> str:
        options = []
        if self.prefix:
            options.append(f"prefix={encode(self.prefix)}")
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
        if self.default is not None:
            options.append(f"default={encode(self.default)}")
        if self.ttl is not None:
            options.append(f"ttl={self.ttl:f}".rstrip("0").rstrip("."))
        text = self.locator.text
        if options:
            text += ("&" if "?" in text else "?") + "&".join(options)
        return text + self._key_text()

    def _key_text(self) -> str:
        if not self.key:
            return ""
        return "#" + ".".join(encode(part).replace(".", "%2E") for part in self.key)

    @property
    def identity(self) -> str:
        """What tells this source from every other one in the same settings."""
        return f"{self.variable}={self.text}" if self.variable else self.text

    @property
    def label(self) -> str:
        """How messages name this source: without options, so without a default's value."""
        where = f"{self.variable}=" if self.variable else ""
        return where + self.locator.text + self._key_text()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Source) and self.identity == other.identity

    def __hash__(self) -> int:
        return hash(self.identity)

    def __repr__(self) -> str:
        return f"<Source {self.label}>"


def is_reference(value: str) -> bool:
    """Whether a variable's value is a reference: it starts with a scheme other than `file:`."""
    scheme, colon, rest = value.partition(":")
    return bool(colon and rest) and scheme in SCHEMES and scheme != FILE


def is_variable_name(name: str) -> bool:
    """Whether `name` is `[A-Za-z_][A-Za-z0-9_]*`."""
    return name.isascii() and name.isidentifier()


def seconds(text: str) -> float:
    """`45`, `45s`, `5m` or `1h` in seconds.

    Raises:
        ValueError: anything else.
    """
    unit = DURATION_UNITS.get(text[-1:].lower())
    digits = text if unit is None else text[:-1]
    if not (digits.isascii() and digits.replace(".", "", 1).isdigit()):
        raise ValueError(text)
    return round(float(digits) * (1.0 if unit is None else unit), 6)


def parse(text: str, variable: str = "") -> Source:
    """The source that `text` refers to.

    Args:
        text: the reference.
        variable: the variable whose value it is; empty for one of a list.

    Raises:
        ReferenceProblems: all that is wrong with it.
    """
    problems: list[str] = []
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ReferenceProblems(["want UTF-8 text"]) from None
    scheme, colon, rest = text.partition(":")
    if not colon or scheme not in SCHEMES:
        known = ", ".join(f"{known}:" for known in SCHEMES)
        raise ReferenceProblems([f"want a reference that starts with one of {known}"])
    rest, _, key_text = rest.partition("#")
    path, question, query = rest.partition("?")
    options = _options(query, problems) if question else {}
    parts = _parts(scheme, path, problems)
    key = _key(key_text, problems) if "#" in text else ()
    _refuse_contradictions(scheme, parts, key, options, variable, problems)
    locator_options = {
        name: options.pop(name) for name in ("recursive", "stage", "format") if name in options
    }
    if "as" in options:
        options["as_name"] = options.pop("as")
    if problems:
        raise ReferenceProblems(problems)
    locator = Locator(scheme, parts, **locator_options)  # type: ignore[arg-type]  # by _OPTIONS
    return Source(locator, key, variable=variable, **options)  # type: ignore[arg-type]


def parse_prefetch(text: str) -> Source:
    """One entry of AWS's prefetch list, `A:E:C` or `/applications/A/environments/E/configurations/C`.

    Raises:
        ReferenceProblems: it is neither.
    """
    fields = text.split("/")
    if text.startswith("/") and len(fields) == 7:
        words, parts = tuple(fields[1::2]), tuple(fields[2::2])
        spelled = words == ("applications", "environments", "configurations")
    else:
        parts = tuple(text.split(":"))
        spelled = len(parts) == 3
    if not spelled or not all(parts):
        raise ReferenceProblems([
            "want APPLICATION:ENVIRONMENT:PROFILE or "
            "/applications/APPLICATION/environments/ENVIRONMENT/configurations/PROFILE"
        ])  # fmt: skip
    try:
        return Source(Locator(APPCONFIG, tuple(decode(part) for part in parts)))
    except ValueError as error:
        raise ReferenceProblems([str(error)]) from None


def _parts(scheme: str, path: str, problems: list[str]) -> tuple[str, ...]:
    fields = path.split("/") if scheme == APPCONFIG else [path]
    try:
        parts = tuple(decode(field) for field in fields)
    except ValueError as error:
        problems.append(str(error))
        return ("?",)
    if scheme == APPCONFIG and (len(parts) != 3 or not all(parts)):
        problems.append(
            "want APPLICATION/ENVIRONMENT/PROFILE after appconfig: (a / in a name as %2F)"
        )
    elif not all(parts):
        problems.append(f"want a name after {scheme}:")
    elif any(not part.isprintable() for part in parts):
        problems.append("want printable names")
    elif scheme == SSM and parts[0].endswith("/") and not parts[0].startswith("/"):
        problems.append("want a path that starts with /, as in ssm:/shop/prod/")
    return parts


def _key(text: str, problems: list[str]) -> tuple[str, ...]:
    try:
        key = tuple(decode(segment) for segment in text.split("."))
    except ValueError as error:
        problems.append(str(error))
        return ()
    if not all(key):
        problems.append("want a key after #, its parts separated by single dots")
    return key


def _options(query: str, problems: list[str]) -> dict[str, object]:
    options: dict[str, object] = {}
    for item in query.split("&"):
        name, equals, raw = item.partition("=")
        read = _OPTIONS.get(name)
        if read is None:
            problems.append(f"unknown option {name!r} (known: {', '.join(_OPTIONS)})")
        elif name in options:
            problems.append(f"option {name} is given twice")
        else:
            try:
                value = decode(raw) if equals or name != "optional" else "yes"
                options[name] = read(value)
            except ValueError as error:
                problems.append(f"option {name}: {error}")
    return options


def _refuse_contradictions(
    scheme: str,
    parts: tuple[str, ...],
    key: tuple[str, ...],
    options: dict[str, object],
    variable: str,
    problems: list[str],
) -> None:
    is_path = scheme == SSM and parts[0].endswith("/")
    if "recursive" in options and not is_path:
        problems.append("option recursive goes with a path only (ssm:/.../)")
    if "stage" in options and scheme != SECRETS_MANAGER:
        problems.append("option stage goes with secretsmanager: only")
    if is_path:
        if key:
            problems.append(
                "#KEY picks from one JSON document, not from a path; name the parameter"
            )
        problems.extend(
            f"option {name} goes with a single value, not with a path"
            for name in ("default", "format")
            if name in options
        )
    if "as" in options:
        problems.extend(
            f"option {name} has no use beside as, which gives the one name"
            for name in ("prefix", "names", "only")
            if name in options
        )
    if variable:
        if scheme == FILE:
            problems.append("file: is for APPCONFIG_ENV_SOURCES, not for a variable's value")
        if is_path:
            problems.append(
                "a path holds many values; name one parameter, or move it to APPCONFIG_ENV_SOURCES"
            )
        problems.extend(
            f"option {name} is for lists; here the variable gives the one name"
            for name in ("prefix", "names", "as", "env", "only")
            if name in options
        )


def _yes_no(text: str) -> bool:
    if text not in ("yes", "no"):
        raise ValueError(f"want yes or no, got {text!r}")
    return text == "yes"


def _one_of(*allowed: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"want {' or '.join(allowed)}, got {text!r}")
        return text

    return read


def _name(text: str) -> str:
    if not is_variable_name(text):
        raise ValueError(f"want a variable name ([A-Za-z_][A-Za-z0-9_]*), got {text!r}")
    return text


def _prefix(text: str) -> str:
    return _name(text)


def _only(text: str) -> tuple[str, ...]:
    return tuple(_name(name) for name in text.split(","))


def _stage(text: str) -> str:
    if not text:
        raise ValueError("want a staging label such as AWSPREVIOUS")
    return text


def _ttl(text: str) -> float:
    try:
        return seconds(text)
    except ValueError:
        raise ValueError(f"want seconds (60, 60s, 5m, 1h), got {text!r}") from None


_OPTIONS: dict[str, Callable[[str], object]] = {
    "prefix": _prefix,
    "names": _one_of("upper", "keep"),
    "as": _name,
    "env": _yes_no,
    "only": _only,
    "optional": _yes_no,
    "default": str,
    "recursive": _yes_no,
    "format": _one_of(*FORMATS),
    "stage": _stage,
    "ttl": _ttl,
}
