"""What a source answered, and how its bytes become data: JSON, dotenv, YAML or text; knows no source."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._reference import Locator

JSON_TYPES = ("application/json", "text/json")
YAML_TYPES = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml")
DOTENV_TYPE = "text/x-dotenv"  # ours, for files that end in .env: no registered type exists


class DocumentError(ValueError):
    """A document that does not parse; the message never holds a part of it."""


class Document:
    """One answer of a source, not parsed yet.

    Attributes:
        locator: what was read.
        body: the bytes; None where the source said that nothing changed.
        parameters: for a path, the values by name relative to it; then `body` is None.
        secret: whether the whole document may be kept in memory only.
        secret_parameters: the names in `parameters` of which that holds.
        content_type: as the source said, or an empty string.
        version: the source's own version or label, or an empty string.
        cursor: the token for the next poll; empty where there is none.
        poll_seconds: the service's own least interval until then, or None.
        name: the source's own name for it, where the locator may hold an ARN.
        is_early: the service said that it was polled too early: all stays, the cursor too.
    """

    __slots__ = (
        "body", "content_type", "cursor", "is_early", "locator", "name", "parameters",
        "poll_seconds", "secret", "secret_parameters", "version",
    )  # fmt: skip

    def __init__(
        self,
        locator: Locator,
        body: bytes | None = None,
        *,
        parameters: Mapping[str, str] | None = None,
        secret: bool = False,
        secret_parameters: frozenset[str] = frozenset(),
        content_type: str = "",
        version: str = "",
        cursor: str = "",
        poll_seconds: float | None = None,
        name: str = "",
        is_early: bool = False,
    ) -> None:
        self.locator = locator
        self.body = body
        self.parameters = parameters
        self.secret = secret
        self.secret_parameters = secret_parameters
        self.content_type = content_type
        self.version = version
        self.cursor = cursor
        self.poll_seconds = poll_seconds
        self.name = name or locator.name
        self.is_early = is_early

    @property
    def is_unchanged(self) -> bool:
        """Whether the source said that what was read before still holds."""
        return self.body is None and self.parameters is None

    def __repr__(self) -> str:
        return f"<Document {self.locator.text} version {self.version!r}>"


def text_of(body: bytes) -> str:
    """The document's text, without a byte order mark.

    Raises:
        DocumentError: it is not UTF-8.
    """
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DocumentError("want UTF-8 text, got binary content") from None


def parse(body: bytes, content_type: str = "", format: str = "") -> object:  # noqa: A002 - the option's own name
    """The document as data: what JSON knows (dict, list, str, int, float, bool, None), or text.

    Args:
        body: the document.
        content_type: decides where `format` is empty; a type that says nothing (`text/plain`,
            `application/octet-stream`, none) means: JSON if it is an object or a list, else text.
        format: `json`, `dotenv`, `yaml` or `text`; empty for by content type.

    Raises:
        DocumentError: it is not what `format` or `content_type` says.
    """
    text = text_of(body)
    kind = format or _format_of(content_type)
    if kind == "text":
        return text
    if kind == "json":
        return _json(text)
    if kind == "yaml":
        return _yaml(text)
    if kind == "dotenv":
        return _dotenv(text)
    if text.lstrip()[:1] in ("{", "["):
        try:
            return _json(text)
        except DocumentError:
            return text
    return text


def _format_of(content_type: str) -> str:
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type in JSON_TYPES or media_type.endswith("+json"):
        return "json"
    if media_type in YAML_TYPES or media_type.endswith("+yaml"):
        return "yaml"
    return "dotenv" if media_type == DOTENV_TYPE else ""


def _json(text: str) -> object:
    # Here and not at the top: a start that reads nothing must not pay the 7 ms that json costs.
    import json

    try:
        return json.loads(
            text,
            object_pairs_hook=_object,
            parse_float=_finite,
            parse_constant=_constant,
        )
    except DocumentError:
        raise
    except json.JSONDecodeError as error:
        what = "it is empty" if not text.strip() else f"line {error.lineno} column {error.colno}"
        raise DocumentError(f"want JSON, got something else ({what})") from None
    except RecursionError:
        raise DocumentError("want JSON, got one that is nested too deeply") from None
    except ValueError:  # int() refuses more than sys.get_int_max_str_digits() digits
        raise DocumentError("want JSON, got a number with too many digits") from None


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise DocumentError(f"the key {twice!r} stands twice in one JSON object")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise DocumentError("want JSON, got a number that is too large")
    return number


def _constant(text: str) -> object:
    raise DocumentError(f"want JSON, which has no {text}")


def _dotenv(text: str) -> dict[str, str | None]:
    # Here and not at the top: 24 ms that only dotenv documents pay.
    import io

    try:
        from dotenv import main as dotenv
        from dotenv import parser
    except ImportError:
        raise DocumentError(
            "a dotenv document needs python-dotenv, which is not installed here"
        ) from None

    bad = [
        binding.original.line for binding in parser.parse_stream(io.StringIO(text)) if binding.error
    ]
    if bad:
        raise DocumentError(f"want NAME=value lines, got something else in line {bad[0]}")
    # interpolate=False: what was fetched is a value, never a template.
    return dict(dotenv.dotenv_values(stream=io.StringIO(text), interpolate=False))


def _yaml(text: str) -> object:
    try:
        import yaml  # an extra, imported where a document is YAML
    except ImportError:
        raise DocumentError(
            "a YAML document needs PyYAML in the function's package (pip install 'appconfig-env[yaml]')"
        ) from None
    try:
        data = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" (line {mark.line + 1} column {mark.column + 1})" if mark else ""
        raise DocumentError(f"want YAML, got something else{where}") from None
    except (yaml.YAMLError, RecursionError, ValueError):
        raise DocumentError("want YAML, got something else") from None
    return _plain(data, frozenset())


def _plain(data: object, above: frozenset[int]) -> object:
    """`data` with what only YAML knows (dates, sets, binaries, other keys than text) as text."""
    if isinstance(data, (str, int, float, bool)) or data is None:
        return data
    if id(data) in above:
        raise DocumentError("want YAML without an anchor that contains itself")
    inside = above | {id(data)}
    if isinstance(data, dict):
        return {_scalar(key): _plain(value, inside) for key, value in data.items()}
    if isinstance(data, (list, tuple, set)):
        return [_plain(item, inside) for item in data]
    return _scalar(data)


def _scalar(value: object) -> str:
    if isinstance(value, bytes):
        raise DocumentError("want YAML without binary values")
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
