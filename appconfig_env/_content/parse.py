"""How a document's bytes become data; knows no source; pure."""

from __future__ import annotations

from .._config.wording import quoted
from . import strict_json as _json
from .document import DocumentError

JSON_TYPES = ("application/json", "text/json")
YAML_TYPES = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml")
DOTENV_TYPE = "text/x-dotenv"  # ours, for files that end in .env: no registered type exists
# python-dotenv's expressions take 140 bytes for each sign of a value in quotes, and time by the
# square of a run of spaces: hours and hundreds of megabytes for a document as AppConfig takes it.
LARGEST_DOTENV = 256 * 1024  # signs; twice the longest variable
LONGEST_SPACE = 1000
_SPACES = "\t\v\f\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_TO_SPACE = str.maketrans(_SPACES, " " * len(_SPACES))


def text_of(body: bytes) -> str:
    """The document's text, without a byte order mark.

    Raises:
        DocumentError: it is not UTF-8.
    """
    try:
        # Not by the codec utf-8-sig, which is a module to be loaded.
        return body.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError:
        raise DocumentError(
            "want UTF-8 text, got binary content; store it as text, such as base64"
        ) from None


def kind_of(content_type: str, format: str = "") -> str:  # noqa: A002 - the option's own name
    """One of `json`, `dotenv`, `yaml` and `text`, or an empty string where nothing says it."""
    media_type = content_type.partition(";")[0].strip().lower()
    if format:
        return format
    if media_type in JSON_TYPES or media_type.endswith("+json"):
        return "json"
    if media_type in YAML_TYPES or media_type.endswith("+yaml"):
        return "yaml"
    return "dotenv" if media_type == DOTENV_TYPE else ""


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
    kind = kind_of(content_type, format)
    if kind == "json":
        return _json_data(text)
    if kind == "yaml":
        return _yaml_data(text)
    if kind == "dotenv":
        return _dotenv(text)
    if not kind and text.lstrip()[:1] in ("{", "["):
        return _json_data(text, otherwise=text)
    return text


def _json_data(text: str, otherwise: str | None = None) -> object:
    try:
        return _json.parse(text)
    except _json.JsonError as error:
        if otherwise is not None and isinstance(error, _json.JsonSyntaxError):
            return otherwise
        raise DocumentError(str(error)) from None


def _dotenv(text: str) -> dict[str, str | None]:
    # Here and not at the top: 24 ms that only dotenv documents pay.
    import io

    try:
        from dotenv import parser
    except ImportError:
        raise DocumentError(
            "a dotenv document needs python-dotenv, which is not installed here"
        ) from None

    if len(text) > LARGEST_DOTENV:
        raise DocumentError(
            f"want dotenv text of {LARGEST_DOTENV} signs at most, got {len(text)}; "
            "write it as JSON, or split it"
        )
    before, run, _ = text.translate(_TO_SPACE).partition(" " * (LONGEST_SPACE + 1))
    if run:
        line = before.count("\n") + 1
        raise DocumentError(
            f"want {LONGEST_SPACE} spaces in a row at most, got more in line {line}"
        )
    found: dict[str, str | None] = {}
    # As it stands there, without dotenv's ${NAME}: what was fetched is a value, never a template.
    for binding in parser.parse_stream(io.StringIO(text)):
        # A name alone is mostly the second line of a value that wants quotes.
        if binding.error or (binding.key is not None and binding.value is None):
            raise DocumentError(
                f"want NAME=value lines, got something else in line {binding.original.line}"
            )
        if binding.key in found:
            raise DocumentError(f"the name {quoted(binding.key)} stands twice")
        if binding.key is not None:
            found[binding.key] = binding.value
    return found


def _yaml_data(text: str) -> object:
    from . import strict_yaml as _yaml  # only YAML documents pay for it

    try:
        return _yaml.parse(text)
    except ImportError:
        raise DocumentError(
            "a YAML document needs PyYAML in the function's package "
            "(pip install 'appconfig-env[yaml]')"
        ) from None
    except _yaml.YamlError as error:
        raise DocumentError(str(error)) from None
