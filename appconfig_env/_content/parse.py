"""Parses a document's bytes into data; knows no source; pure."""

from __future__ import annotations

from . import strict_json as _json
from .document import DocumentError
from .fast_json import NumberText

JSON_TYPES = ("application/json", "text/json")
YAML_TYPES = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml")
DOTENV_TYPE = "text/x-dotenv"  # ours, for files that end in .env: no registered type exists
# What is not UTF-8 text, by its first bytes, and what to do about it; the first that matches.
_FORMATS = (
    (b"\xe0\x01\x00\xea", "binary Amazon Ion", "convert it to JSON"),
    (b"\x1f\x8b", "data compressed with gzip", "store it uncompressed"),
    (b"PK\x03\x04", "a ZIP archive", "store its files, one by one"),
    (b"\xfe\xed\xfe\xed", "a Java keystore", "store it as text, such as base64"),
    (b"\xff\xfe\x00\x00", "UTF-32 text", "save it as UTF-8"),
    (b"\x00\x00\xfe\xff", "UTF-32 text", "save it as UTF-8"),
    (b"\xff\xfe", "UTF-16 text", "save it as UTF-8"),
    (b"\xfe\xff", "UTF-16 text", "save it as UTF-8"),
)
# The same without a mark, by which of the first four bytes are zero (RFC 4627, section 3).
_WITHOUT_MARK = {"0101": "UTF-16", "1010": "UTF-16", "0111": "UTF-32", "1110": "UTF-32"}


class NotTextError(DocumentError):
    """A document that is not UTF-8."""


def text_of(body: bytes) -> str:
    """Decode the document's text, without a byte order mark.

    Raises:
        NotTextError: it is not UTF-8.
    """
    try:
        # The codec utf-8-sig would be one more module to import.
        text = body.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError as error:
        raise _not_text(body, error.start) from None
    if b"\0" in body[:4] and _wide_encoding(body):  # ASCII characters in UTF-16 are also UTF-8
        raise _not_text(body, 0)
    return text


def _not_text(body: bytes, wrong: int) -> NotTextError:
    """Return the error for a body that is not UTF-8, which it ceases to be at the byte `wrong`."""
    for mark, found, remedy in _FORMATS:
        if body.startswith(mark):
            return NotTextError(f"expected UTF-8 text, got {found}", remedy)
    if encoding := _wide_encoding(body):
        return NotTextError(f"expected UTF-8 text, got {encoding} text", "save it as UTF-8")
    if any(byte < 32 and byte not in b"\t\n\f\r" for byte in body):
        summary, hint = "got binary content", "store it as text, such as base64"
    else:
        line = body.count(b"\n", 0, wrong) + 1
        summary, hint = f"got text in another encoding at line {line}", "save it as UTF-8"
    return NotTextError(f"expected UTF-8 text, {summary}", hint)


def _wide_encoding(body: bytes) -> str:
    """Return `UTF-16` or `UTF-32` if text begins so, without a byte order mark; else ''."""
    first = body[:4]
    if any(0 < byte < 32 and byte not in b"\t\n\r" for byte in first):
        return ""  # binary, such as small numbers
    return _WITHOUT_MARK.get("".join("01"[byte == 0] for byte in first), "")


def kind_of(content_type: str, format: str = "") -> str:  # noqa: A002 - the option's own name
    """Return the option's value, or what the type means; empty if neither determines it."""
    if format or not content_type:
        return format
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type in JSON_TYPES or media_type.endswith("+json"):
        return "json"
    if media_type in YAML_TYPES or media_type.endswith("+yaml"):
        return "yaml"
    return "dotenv" if media_type == DOTENV_TYPE else ""


def parse(body: bytes, content_type: str = "", format: str = "") -> object:  # noqa: A002 - the option's own name
    """Parse a document into JSON data (dict, list, str, int, NumberText, bool, None), or text.

    With the format `binary`, return its bytes.

    Args:
        body: the document.
        content_type: determines the format if `format` is empty; for an unspecific type
            (`text/plain`, `application/octet-stream`, empty), a JSON object or list is parsed as
            JSON, everything else is text.
        format: `json`, `dotenv`, `yaml`, `text` or `binary`; empty to use the content type.

    Raises:
        NotTextError: the document is not UTF-8.
        DocumentError: it does not have the format of `format` or `content_type`.
    """
    if format == "binary":
        return body
    text = text_of(body)
    kind = kind_of(content_type, format)
    if kind == "json":
        return _json_data(text)
    if kind == "yaml":
        return _yaml_data(text)
    if kind == "dotenv":
        return _dotenv_data(text)
    if not kind and text.lstrip()[:1] in ("{", "["):
        return _json_data(text, otherwise=text)
    return text


def plain(data: object) -> object:
    """Return parsed data with numbers in place of each NumberText; what has none is not copied."""
    if type(data) is NumberText:
        return int(data) if data == "-0" else float(data)
    if isinstance(data, dict):
        members = {key: plain(item) for key, item in data.items()}
        return data if all(members[key] is item for key, item in data.items()) else members
    if isinstance(data, list):
        items = [plain(item) for item in data]
        is_same = all(item is one for item, one in zip(items, data, strict=True))
        return data if is_same else items
    return data


def _json_data(text: str, otherwise: str | None = None) -> object:
    try:
        return _json.parse(text)
    except _json.JsonSyntaxError:
        if otherwise is not None:
            return otherwise
        raise


def _dotenv_data(text: str) -> object:
    from . import strict_dotenv as _dotenv  # only dotenv documents pay for it

    try:
        return _dotenv.parse(text)
    except ImportError:
        raise DocumentError(
            "a dotenv document needs python-dotenv", "run pip install python-dotenv"
        ) from None


def _yaml_data(text: str) -> object:
    from . import strict_yaml as _yaml  # only YAML documents pay for it

    try:
        return _yaml.parse(text)
    except ImportError:
        raise DocumentError(
            "a YAML document needs PyYAML",
            "add it to the function's package (pip install 'appconfig-env[yaml]')",
        ) from None
