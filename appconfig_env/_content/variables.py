"""How documents become variables: names, flattening, what is refused and what is left out; pure."""

from __future__ import annotations

from .._config.references import APPCONFIG, FILE, SECRETS_MANAGER, SSM, is_variable_name
from .._config.wording import quoted
from .document import Document, DocumentError
from .fast_json import dumps
from .parse import kind_of, parse, text_of
from .protected import is_protected, is_proxy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .._config.references import Source

# One NAME=value string of 131,072 bytes is E2BIG on Linux (MAX_ARG_STRLEN, with its final NUL).
LONGEST_VARIABLE_BYTES = 131_071
_TO_UNDERSCORE = str.maketrans("/-.", "___")


class KeyMissingError(DocumentError):
    """`#KEY` is not in the document, or is null there."""


class Variables:
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
        return f"<Variables {', '.join(self.values)}>"


def data_of(document: Document) -> object:
    """The document as data; for a path, the values by relative name.

    Raises:
        DocumentError: it does not parse, or is empty where there is to be a configuration.
    """
    if document.parameters is not None:
        return dict(document.parameters)
    resource, body = document.resource, document.body or b""
    if resource.scheme == APPCONFIG and not body.strip() and resource.format != "text":
        raise DocumentError("the document is empty (format=text takes that as a value)")
    return parse(body, document.content_type, resource.format)


def render(source: Source, document: Document, data: object) -> Variables:
    """The variables that `source` makes of `document`.

    Args:
        source: the reference.
        document: what was read for it.
        data: `data_of(document)`.

    Raises:
        KeyMissingError: `#KEY` is not there.
        DocumentError: names that clash, a name or value that no environment can hold.
    """
    values: dict[str, str] = {}
    origins: dict[str, str] = {}
    secret: list[str] = []
    protected: list[str] = []
    for name, origin, value in _pairs(source, document, data):
        if source.only is not None and name not in source.only:
            continue
        if source.env and _is_left_out(source, name):
            protected.append(name)
            continue
        if name in origins:
            raise DocumentError(
                f"{quoted(origins[name])} and {quoted(origin)} both give {quoted(name)}; rename one"
            )
        origins[name] = origin
        if source.env:
            _refuse_impossible(name, origin, value)
        values[name] = value
        is_whole = document.secret or (source.as_name and document.is_secret)
        if is_whole or origin in document.secret_parameters:
            secret.append(name)
    return Variables(values, secret, dict.fromkeys(protected))


def render_default(source: Source, *, is_secret: bool = False) -> Variables:
    """What `source` gives where its value is missing: its default, or nothing.

    Args:
        source: the reference.
        is_secret: whether what it stands in for is known to be secret; a secret's is anyway.

    Raises:
        DocumentError: no variable can have that name or value.
    """
    if source.default is None:
        return Variables()
    name = _one_name(source, _own_name(source, ""))
    if source.only is not None and name not in source.only:
        return Variables()
    if source.env and is_protected(name):
        return Variables(protected=[name])
    if source.env:
        _refuse_impossible(name, source.resource.name, source.default)
    is_secret = is_secret or source.resource.scheme == SECRETS_MANAGER
    return Variables({name: source.default}, secret=[name] if is_secret else ())


def may_set(source: Source, name: str, value: str) -> bool:
    """Whether `source` could have set this variable, which only a file says it did."""
    if (source.variable and name != source.variable) or _is_left_out(source, name):
        return False
    if source.only is not None and name not in source.only:
        return False
    try:
        _refuse_impossible(name, name, value)
    except DocumentError:
        return False
    return True


def pick(data: object, key: tuple[str, ...]) -> object:
    """The value that `key` leads to, outermost segment first.

    Raises:
        KeyMissingError: there is none.
    """
    for depth, segment in enumerate(key):
        if not isinstance(data, dict):
            above = f"{quoted('.'.join(key[:depth]))} is" if depth else "the document is"
            raise KeyMissingError(
                f"{above} no JSON object, so there is no {quoted('.'.join(key[: depth + 1]))}"
            )
        if segment not in data:
            raise KeyMissingError(f"the document has no key {quoted('.'.join(key[: depth + 1]))}")
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
    return dumps(value, compact=True, ascii_only=False)


def _is_left_out(source: Source, name: str) -> bool:
    """Whether the name is protected, or a proxy's that the function itself did not choose."""
    if not is_proxy(name):
        return is_protected(name)
    return source.only is None and name != _one_name(source, _own_name(source, ""))


def _pairs(source: Source, document: Document, data: object) -> Iterator[tuple[str, str, str]]:
    """Name, where it comes from, and value of each variable."""
    if source.key:
        data = pick(data, source.key)
        if data is None:
            raise KeyMissingError(f"the key {quoted('.'.join(source.key))} is null")
    if source.variable or source.as_name:
        name = source.variable or source.as_name
        is_whole = not source.key and document.body is not None
        yield name, name, text_of(document.body or b"") if is_whole else text_value(data)
    elif document.parameters is not None:
        for relative, value in document.parameters.items():
            yield source.prefix + _styled(source, relative.split("/")), relative, value
    elif isinstance(data, dict):
        for path, value in _leaves(data, ()):
            yield source.prefix + _styled(source, path), ".".join(path), value
    elif data is not None:
        own = _own_name(source, document.name)
        is_yaml = kind_of(document.content_type, source.resource.format) == "yaml"
        if source.key or is_yaml or isinstance(data, str):
            yield _one_name(source, own), own, text_value(data)
        else:  # JSON already, and numbers as they were written
            yield _one_name(source, own), own, text_of(document.body or b"")


def _leaves(
    data: dict[str, object], above: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], str]]:
    for key, value in data.items():
        path = (*above, key)
        if isinstance(value, dict) and value:
            yield from _leaves(value, path)
        elif value is not None:
            yield path, text_value(value)


def _one_name(source: Source, own: str) -> str:
    return source.variable or source.as_name or source.prefix + _styled(source, [own])


def _own_name(source: Source, name: str) -> str:
    """What names a single value: its key, or the last part of its source's own name.

    Args:
        source: the reference.
        name: as the source itself said it; empty where it did not answer.
    """
    if source.key:
        return source.key[-1]
    resource = source.resource
    own = name or resource.name
    if resource.scheme == APPCONFIG:
        return own
    if resource.arn_region and own == resource.name:
        own = own.split(":", 5)[5]  # parameter/shop/x:3, or secret:shop/x-AbCdEf
        if resource.scheme == SECRETS_MANAGER:
            own = own.removeprefix("secret:")
            own = own[:-7] if own[-7:-6] == "-" else own  # what AWS adds to a secret's name
    elif resource.scheme == FILE and not name:
        own = own.removesuffix("." + own.rpartition(".")[2])  # as local.py names it
    if resource.scheme == SSM:
        own = own.partition(":")[0]  # name:VERSION and name:LABEL are the same parameter
    return own.rpartition("/")[2]


def _styled(source: Source, path: Sequence[str]) -> str:
    if source.names == "keep":
        return path[-1]
    return "_".join(path).translate(_TO_UNDERSCORE).upper()


def _refuse_impossible(name: str, origin: str, value: str) -> None:
    if not is_variable_name(name):
        raise DocumentError(
            f"{quoted(origin)} gives {quoted(name)}, which is no variable name "
            "([A-Za-z_][A-Za-z0-9_]*); rename it, or leave it to get() with env=no"
        )
    if "\0" in value:
        raise DocumentError(
            f"the value of {quoted(name)} has a NUL character, which no variable can hold; "
            "leave it to get() with env=no"
        )
    try:
        size = len(name) + 1 + len(value.encode())
    except UnicodeEncodeError:
        raise DocumentError(
            f"the value of {quoted(name)} has a lone surrogate, which is not UTF-8; "
            "leave it to get() with env=no"
        ) from None
    if size > LONGEST_VARIABLE_BYTES:
        raise DocumentError(
            f"{quoted(name)} would take {size} bytes, and a variable holds "
            f"{LONGEST_VARIABLE_BYTES} at most; leave it to get() with env=no"
        )
