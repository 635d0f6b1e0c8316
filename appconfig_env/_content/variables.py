"""Renders documents as variables: flattening, names, limits and protected names; pure."""

from __future__ import annotations

from .._config.options import is_variable_name
from .._config.sources import APPCONFIG, FILE, SECRETS_MANAGER, SSM
from .._config.wording import MOST_LISTED, listed, quoted
from .document import Document, DocumentError, joined
from .fast_json import NumberText, dumps_exact
from .parse import NotTextError, kind_of, parse, plain, text_of
from .protected import is_protected, is_proxy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from .._config.sources import Resource, Source

# On Linux, exec fails with E2BIG for a NAME=value string of 131,072 bytes (MAX_ARG_STRLEN includes
# the final NUL).
LONGEST_VARIABLE_BYTES = 131_071
FOR_GET = "set env=no and read it with get()"
FREE_NAME = "choose another name, or configure its value on the function"
FIX_KEY = "correct #KEY"
FOR_BYTES = "set format=binary to read its bytes"
_TO_UNDERSCORE = str.maketrans("/-.", "___")


class KeyMissingError(DocumentError):
    """`#KEY` is missing from the document, or null."""


class Variables:
    """The variables of one source.

    Attributes:
        values: by variable name.
        secret: the names whose values must stay in memory.
        protected: names left out because they could run code or redirect AWS calls.
        left_out: what else was left out or is missing, each a sentence with the remedy.
    """

    __slots__ = ("left_out", "protected", "secret", "values")

    def __init__(
        self,
        values: dict[str, str] | None = None,
        secret: Iterable[str] = (),
        protected: Iterable[str] = (),
        left_out: Iterable[str] = (),
    ) -> None:
        self.values = values or {}
        self.secret = frozenset(secret)
        self.protected = tuple(protected)
        self.left_out = tuple(left_out)

    def __repr__(self) -> str:
        return f"<Variables {', '.join(self.values)}>"


def data_of(document: Document, resource: Resource) -> object:
    """Return the parsed document of `resource` as users see it: numbers are int and float.

    Raises:
        DocumentError: see `exact_data_of`.
    """
    return document.converted(exact_data_of(document, resource), plain)


def exact_data_of(document: Document, resource: Resource) -> object:
    """Return the parsed document of `resource`; for a path, the values by relative name.

    Parsed on the first call; one document belongs to one resource, and so to one format.

    Raises:
        DocumentError: it does not parse, or is an empty configuration.
    """

    def parsed(document: Document) -> object:
        if document.parameters is not None:
            return dict(document.parameters)
        body = document.body
        may_be_empty = resource.scheme != APPCONFIG or resource.format in ("text", "binary")
        if not may_be_empty and not body.strip():
            raise DocumentError(
                "the document is empty",
                "deploy a configuration, or set format=text to allow empty text",
            )
        try:
            return parse(body, document.content_type, resource.format)
        except NotTextError as error:
            raise DocumentError(error.summary, f"{error.hint}, or {FOR_BYTES}") from None

    return document.parsed(parsed)


def render(
    source: Source, document: Document, data: object, *, consumes: bool = False
) -> Variables:
    """Render the variables of `source` from `document`.

    Of many names, one that no variable can have is left out; and so is, if the source is optional,
    a name of `only=` that the document does not have.

    Args:
        source: the source.
        document: its resource's document.
        data: `exact_data_of(document, source.resource)`.
        consumes: whether to remove from `data` what has become a variable: of a large document,
            the memory of one is enough for the other.

    Raises:
        KeyMissingError: `#KEY` is missing from the document, or null.
        DocumentError: two keys become one name, no environment can hold a value, or a name of
            `only=` is missing; has every error.
    """
    problems: list[DocumentError] = []
    # Before the loop, which may consume the data.
    left_out = _unevaluated(source, document, data)
    is_one_of_many = document.parameters is not None or isinstance(data, dict)
    values: dict[str, str] = {}
    unusable: set[str] = set()
    clashes: list[tuple[str, str]] = []  # names that another key has, and the second key
    secret: list[str] = []
    protected: list[str] = []
    for name, origin, value in _pairs(source, document, data, consumes=consumes):
        if source.only is not None and name not in source.only:
            continue
        if source.env and _is_left_out(source, name):
            protected.append(name)
            continue
        if name in values or name in unusable:
            clashes.append((name, origin))
            continue
        if source.env and not is_variable_name(name):
            not_a_name = _not_a_name(name, origin, is_left_out=is_one_of_many)
            (left_out if is_one_of_many else problems).append(not_a_name)
            unusable.add(name)
            continue
        if source.env and (problem := _impossible(name, value, document.body)):
            problems.append(problem)
            unusable.add(name)
            continue
        values[name] = value
        is_whole = document.secret or (source.as_name and document.is_secret)
        if is_whole or origin in document.secret_parameters:
            secret.append(name)
    problems += _clash_errors(source, document, clashes)
    problems += _chosen(source, protected)
    if source.only and (missing := _missing(source, document, {*values, *unusable, *protected})):
        (left_out if source.optional else problems).append(missing)
    if problems:
        raise DocumentError(*joined(_bounded(problems)))
    return Variables(values, secret, dict.fromkeys(protected), map(str, _bounded(left_out)))


def may_set(source: Source, name: str) -> bool:
    """Whether `source` could set the variable `name`, whatever its document is."""
    chosen = source.variable or source.as_name
    if chosen:
        return name == chosen
    if source.only is not None:
        return name in source.only
    return name.startswith(source.prefix)


def fits(name: str, value: str) -> bool:
    """Whether an environment can hold the variable."""
    return is_variable_name(name) and _impossible(name, value) is None


def single_name(source: Source) -> str:
    """Return the variable of `source` if it has a single value."""
    return _one_name(source, _own_name(source, ""))


def render_default(source: Source, *, is_secret: bool = False) -> Variables:
    """Render the default of `source`; no variables if it has none.

    Args:
        source: the source.
        is_secret: whether the value that the default replaces is known to be secret, even if not
            every value of its scheme is.

    Raises:
        DocumentError: no variable can have this name or value.
    """
    if source.default is None:
        return Variables()
    name = single_name(source)
    if source.only is not None and name not in source.only:
        return Variables()
    if source.env and is_protected(name):
        for error in _chosen(source, [name]):
            raise error
        return Variables(protected=[name])
    if source.env and not is_variable_name(name):
        raise _not_a_name(name, source.resource.name)
    if source.env and (problem := _impossible(name, source.default)):
        raise problem
    is_secret = is_secret or source.resource.is_secret
    return Variables({name: source.default}, secret=[name] if is_secret else ())


def may_be_unevaluated(resource: Resource, document: Document) -> bool:
    """Whether a profile or a file may have feature flags whose rules were not evaluated.

    A look at the bytes, so that only such profiles need more: see `unevaluated`.
    """
    body = document.body
    return resource.scheme in (APPCONFIG, FILE) and (
        b"_variants" in body
        or b"::" in body
        or b"$ion_" in body
        or (b"flags" in body and b"values" in body)
    )


def pick(data: object, key: tuple[str, ...]) -> object:
    """Return the value at `key`, outermost segment first; or of the member with a dot in its name.

    Raises:
        KeyMissingError: `data` has no such key.
    """
    for depth, segment in enumerate(key):
        exact = ".".join(key[depth:])  # a member of just this name comes first
        if isinstance(data, dict) and exact in data:
            return data[exact]
        if not isinstance(data, dict):
            parent = quoted(".".join(key[:depth])) if depth else "the document"
            raise KeyMissingError(
                f"{parent} is not a JSON object, so it has no key {quoted(segment)}", FIX_KEY
            )
        if segment not in data:
            parent = quoted(".".join(key[:depth])) if depth else "the document"
            found = f"it has {listed(data, segment)}"
            raise KeyMissingError(f"{parent} has no key {quoted(segment)}; {found}", FIX_KEY)
        data = data[segment]
    return data


def text_value(value: object) -> str:
    """Return a JSON value as a variable's text: strings unchanged, everything else as JSON."""
    if isinstance(value, str):
        return str(value)  # a NumberText becomes a text like any other
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, int):
        return str(value)
    return dumps_exact(value)


def _unevaluated(source: Source, document: Document, data: object) -> list[DocumentError]:
    """Return an error if a whole document has feature flags whose rules were not evaluated."""
    if source.key or not may_be_unevaluated(source.resource, document):
        return []
    from .unevaluated import EVALUATE, unevaluated_form  # few profiles come here

    form = unevaluated_form(data)
    return [DocumentError(f"it has feature flags {form}", EVALUATE)] if form else []


def _chosen(source: Source, protected: Iterable[str]) -> list[DocumentError]:
    """Return an error for each protected name that the source itself names, in place or by as=."""
    if not (source.variable or source.as_name):
        return []
    return [DocumentError(f"{name} is a protected name", FREE_NAME) for name in protected]


def _is_left_out(source: Source, name: str) -> bool:
    """Whether the name is protected, or a proxy variable that the function did not choose."""
    if not is_proxy(name):
        return is_protected(name)
    return source.only is None and name != single_name(source)


def _clash_errors(
    source: Source, document: Document, clashes: Sequence[tuple[str, str]]
) -> list[DocumentError]:
    """Return an error for each name that two keys become, with both keys, as far as it is shown."""
    names = {name for name, _ in clashes[: MOST_LISTED + 1]}
    firsts: dict[str, str] = {}
    for name, origin, _ in _all(source, document) if names else ():
        if name in names:
            firsts.setdefault(name, origin)
    return [
        DocumentError(
            f"{quoted(firsts.get(name, name))} and {quoted(origin)} both become variable "
            f"{quoted(name)}",
            "rename one",
        )
        for name, origin in clashes
    ]


def _bounded(errors: list[DocumentError]) -> list[DocumentError]:
    """Return the first of many errors, and how many there are more: a log has to hold them."""
    more = len(errors) - MOST_LISTED
    if more <= 0:
        return errors
    note = DocumentError(f"the document has {more} more problems like these", "fix these first")
    return [*errors[:MOST_LISTED], note]


def _all(source: Source, document: Document) -> Iterator[tuple[str, str, str]]:
    """Yield them once more, for an error: of a large document, `render` keeps no list of them."""
    return _pairs(source, document, exact_data_of(document, source.resource))


def _pairs(
    source: Source, document: Document, data: object, *, consumes: bool = False
) -> Iterator[tuple[str, str, str]]:
    """Yield the name, the origin (key or relative name) and the value of each variable."""
    if source.key:
        data = pick(data, source.key)
        if data is None:
            raise KeyMissingError(f"the key {quoted('.'.join(source.key))} is null", "set a value")
    if source.variable or source.as_name:
        name = source.variable or source.as_name
        is_whole = not source.key and document.parameters is None
        yield name, name, _whole_text(document, data) if is_whole else text_value(data)
    elif document.parameters is not None:
        for relative, value in document.parameters.items():
            yield source.prefix + _styled(source, relative.split("/")), relative, value
    elif isinstance(data, dict):
        is_dotenv = kind_of(document.content_type, source.resource.format) == "dotenv"
        names = source.names or ("keep" if is_dotenv else "upper")
        for path, value in _leaves(data, (), _consumed if consumes else dict.items):
            yield source.prefix + _styled(source, path, names), ".".join(path), value
    elif data is not None:
        own = _own_name(source, document.name)
        is_yaml = kind_of(document.content_type, source.resource.format) == "yaml"
        if source.key or is_yaml or (isinstance(data, str) and type(data) is not NumberText):
            yield _one_name(source, own), own, text_value(data)
        else:  # already JSON; numbers keep their text
            yield _one_name(source, own), own, _whole_text(document, data)


def _whole_text(document: Document, data: object) -> str:
    """Return a document as the text of one variable: as it is, or base64 for `format=binary`."""
    if not isinstance(data, bytes):
        return text_of(document.body)
    from binascii import b2a_base64  # few documents are binary

    return b2a_base64(data, newline=False).decode()


def _leaves(
    data: dict[str, object],
    above: tuple[str, ...],
    members: Callable[[dict[str, object]], Iterable[tuple[str, object]]],
) -> Iterator[tuple[tuple[str, ...], str]]:
    for key, value in members(data):
        path = (*above, key)
        if isinstance(value, dict) and value:
            yield from _leaves(value, path, members)
        elif value is not None:
            yield path, text_value(value)


def _consumed(data: dict[str, object]) -> Iterator[tuple[str, object]]:
    """Yield the members in their order, and forget each of them."""
    keys = list(data)
    keys.reverse()
    while keys:
        key = keys.pop()
        yield key, data.pop(key)


def _one_name(source: Source, own: str) -> str:
    return source.variable or source.as_name or source.prefix + _styled(source, [own])


def _own_name(source: Source, name: str) -> str:
    """Return the name of a single value: its key, or the last part of its resource's name.

    Args:
        source: the source.
        name: the resource's name as its backend returned it; empty without a document.
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
            own = own[:-7] if own[-7:-6] == "-" else own  # the suffix that AWS adds to the name
    elif resource.scheme == FILE and not name:
        own = own.removesuffix("." + own.rpartition(".")[2])  # as local.py names it
    if resource.scheme == SSM:
        own = own.partition(":")[0]  # name:VERSION and name:LABEL are the same parameter
    return own.rpartition("/")[2]


def _styled(source: Source, path: Sequence[str], names: str = "") -> str:
    join = source.join
    if (names or source.names) == "keep":
        return join.join(path) if join else path[-1]
    if join:
        return join.join([part.translate(_TO_UNDERSCORE).upper() for part in path])
    return "_".join(path).translate(_TO_UNDERSCORE).upper()


def _missing(source: Source, document: Document, found: Collection[str]) -> DocumentError | None:
    """Return an error that names what of `only=` was not found; None if all was."""
    missing = [name for name in source.only or () if name not in found]
    if not missing:
        return None
    there = listed([name for name, _, _ in _all(source, document)], *missing)
    return DocumentError(f"only=: no {', '.join(missing)} among {there}", "correct only=")


def _not_a_name(name: str, origin: str, *, is_left_out: bool = False) -> DocumentError:
    found = quoted(name) if name == origin else f"{quoted(origin)} becomes {quoted(name)}, which"
    then = " and was left out" if is_left_out else ""
    return DocumentError(
        f"{found} is not a variable name ([A-Za-z_][A-Za-z0-9_]*){then}",
        f"rename it, or {FOR_GET}",
    )


def _impossible(name: str, value: str, body: bytes = b"") -> DocumentError | None:
    """Return why no variable can hold the value; None if one can.

    Args:
        name: the variable.
        value: its value.
        body: the document that the value comes from.
    """
    if "\0" in value:
        # Text formats escape it, so a document with the byte itself is probably not text.
        remedy = FOR_BYTES if 0 in body else "remove it"
        return DocumentError(
            f"the value of {quoted(name)} has a NUL character, which no variable can hold",
            f"{remedy}, or {FOR_GET}",
        )
    try:
        size = len(name) + 1 + len(value.encode())
    except UnicodeEncodeError:
        return DocumentError(
            f"the value of {quoted(name)} has a lone surrogate, which is not UTF-8",
            f"remove it, or {FOR_GET}",
        )
    if size > LONGEST_VARIABLE_BYTES:
        return DocumentError(
            f"{quoted(name)} needs {size} bytes, but NAME=value can have at most "
            f"{LONGEST_VARIABLE_BYTES}",
            f"shorten it, or {FOR_GET}",
        )
    return None
