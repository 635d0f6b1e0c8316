"""How documents become variables: names, flattening, what is refused and what is left out; pure."""

from __future__ import annotations

from ._document import Document, DocumentError, parse, text_of
from ._protected import is_protected
from ._reference import is_variable_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ._reference import Source

# One NAME=value string of 131,072 bytes is E2BIG on Linux (MAX_ARG_STRLEN, with its final NUL).
LONGEST_VARIABLE_BYTES = 131_071
_TO_UNDERSCORE = str.maketrans("/-.", "___")


class KeyMissingError(DocumentError):
    """`#KEY` is not in the document, or is null there."""


class Rendered:
    """What one source gives.

    Attributes:
        values: by variable name.
        secret: the names whose values may be kept in memory only.
        protected: names that were left out because they could run code or redirect AWS calls.
    """

    __slots__ = ("protected", "secret", "values")

    def __init__(
        self,
        values: dict[str, str] | None = None,
        secret: Iterable[str] = (),
        protected: Iterable[str] = (),
    ) -> None:
        self.values = values or {}
        self.secret = frozenset(secret)
        self.protected = tuple(protected)

    def __repr__(self) -> str:
        return f"<Rendered {', '.join(self.values)}>"


def data_of(document: Document) -> object:
    """The document as data; for a path, the values by relative name.

    Raises:
        DocumentError: it does not parse.
    """
    if document.parameters is not None:
        return dict(document.parameters)
    return parse(document.body or b"", document.content_type, document.locator.format)


def render(source: Source, document: Document, data: object) -> Rendered:
    """The variables that `source` makes of `document`.

    Args:
        source: the reference.
        document: what was read for it.
        data: `data_of(document)`.

    Raises:
        DocumentError: names that clash, a name or value that no environment can hold.
    """
    if source.variable or source.as_name:
        name = source.variable or source.as_name
        pairs = [(name, name, _single(source, document, data))]
    else:
        pairs = list(_pairs(source, document, data))
    values: dict[str, str] = {}
    origins: dict[str, str] = {}
    secret: list[str] = []
    protected: list[str] = []
    for name, origin, value in pairs:
        if source.only is not None and name not in source.only:
            continue
        if name in origins:
            raise DocumentError(
                f"{origins[name]!r} and {origin!r} both give {name}; rename one, or use only="
            )
        origins[name] = origin
        if source.env and is_protected(name):
            protected.append(name)
            continue
        if source.env:
            _refuse_impossible(name, origin, value)
        values[name] = value
        whole = document.secret or (source.as_name and document.secret_parameters)
        if whole or origin in document.secret_parameters:
            secret.append(name)
    return Rendered(values, secret, protected)


def render_default(source: Source) -> Rendered:
    """What `source` gives where its document is missing: its default, or nothing."""
    if source.default is None:
        return Rendered()
    name = (
        source.variable
        or source.as_name
        or source.prefix + _styled(source, _own_segments(source, ""))
    )
    if source.env and is_protected(name):
        return Rendered(protected=[name])
    return Rendered({name: source.default})


def pick(data: object, key: tuple[str, ...]) -> object:
    """The value that `key` leads to, outermost segment first.

    Raises:
        KeyMissingError: there is none.
    """
    for depth, segment in enumerate(key):
        if not isinstance(data, dict) or segment not in data:
            raise KeyMissingError(f"the document has no key {'.'.join(key[: depth + 1])!r}")
        data = data[segment]
    return data


def text_value(value: object) -> str:
    """A JSON value as a variable's text: strings as they are, the rest as JSON writes it."""
    if isinstance(value, str):
        return value
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, int):
        return str(value)
    # Only documents that are JSON come here, and they have loaded it.
    import json

    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _single(source: Source, document: Document, data: object) -> str:
    if not source.key:
        return text_of(document.body) if document.body is not None else text_value(data)
    value = pick(data, source.key)
    if value is None:
        raise KeyMissingError(f"the key {'.'.join(source.key)!r} is null")
    return text_value(value)


def _pairs(source: Source, document: Document, data: object) -> Iterator[tuple[str, str, str]]:
    """Name, where it comes from, and value of each variable."""
    if source.key:
        data = pick(data, source.key)
        if data is None:
            raise KeyMissingError(f"the key {'.'.join(source.key)!r} is null")
    if document.parameters is not None:
        for relative, value in document.parameters.items():
            yield source.prefix + _styled(source, relative.split("/")), relative, value
    elif isinstance(data, dict):
        for path, value in _leaves(data, ()):
            yield source.prefix + _styled(source, path), ".".join(path), value
    else:
        segments = _own_segments(source, document.name)
        text = text_of(document.body or b"") if not source.key else text_value(data)
        yield source.prefix + _styled(source, segments), segments[-1], text


def _leaves(
    data: dict[str, object], above: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], str]]:
    for key, value in data.items():
        path = (*above, key)
        if isinstance(value, dict) and value:
            yield from _leaves(value, path)
        elif value is not None:
            yield path, text_value(value)


def _own_segments(source: Source, name: str) -> list[str]:
    """The one segment that names a single value: of its key, or of its parameter, secret or file."""
    if source.key:
        return [source.key[-1]]
    own = name or source.locator.name
    if source.locator.scheme == "ssm" and not own.startswith("arn:"):
        own = own.partition(":")[0]  # name:VERSION and name:LABEL are the same parameter
    if source.locator.scheme == "appconfig":
        return [own]
    return [own.rpartition("/")[2].rpartition(":")[2]]


def _styled(source: Source, path: Iterable[str]) -> str:
    if source.names == "keep":
        return list(path)[-1]
    return "_".join(path).translate(_TO_UNDERSCORE).upper()


def _refuse_impossible(name: str, origin: str, value: str) -> None:
    if not is_variable_name(name):
        raise DocumentError(
            f"{origin!r} gives {name!r}, which is no variable name ([A-Za-z_][A-Za-z0-9_]*); "
            "rename it, or leave it to get() with env=no"
        )
    if "\0" in value:
        raise DocumentError(f"the value of {name} has a NUL character, which no variable can hold")
    try:
        size = len(value.encode("utf-8")) + len(name) + 1
    except UnicodeEncodeError:
        raise DocumentError(
            f"the value of {name} has a lone surrogate, which is not UTF-8"
        ) from None
    if size > LONGEST_VARIABLE_BYTES:
        raise DocumentError(
            f"{name} would take {size} bytes, and a variable holds {LONGEST_VARIABLE_BYTES} at most; "
            "leave it to get() with env=no"
        )
