"""Parses dotenv documents in one dialect, python-dotenv's, without its `${NAME}`; pure.

docs/documents.md describes the dialect. Lines that python-dotenv would drop, and those of which it
would keep quotation marks that are quotes in another dialect, are errors.
"""

from __future__ import annotations

from .._config.wording import quoted
from .document import DocumentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotenv.parser import Binding

# python-dotenv's expressions take 140 bytes for each character of a quoted value, and quadratic
# time for a run of spaces: hours and hundreds of megabytes for a document that AppConfig accepts.
LARGEST = 256 * 1024  # characters; twice the longest variable
LONGEST_SPACE = 1000
_SPACES = "\t\v\f\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_TO_SPACE = str.maketrans(_SPACES, " " * len(_SPACES))


def parse(text: str) -> dict[str, str | None]:
    """Parse `text` into values by name, literally: fetched text is a value, never a template.

    Raises:
        DocumentError: `text` is too long, or has a line that is not accepted.
        ImportError: python-dotenv is not installed.
    """
    # Not at the top: 24 ms that only dotenv documents pay.
    import io

    from dotenv import parser  # as above

    _reject_oversized(text)
    pairs: dict[str, str | None] = {}
    for binding in parser.parse_stream(io.StringIO(text)):
        _reject_ambiguous(binding)
        if binding.key in pairs:
            summary = f"duplicate name {quoted(binding.key)} (line {_line(binding)})"
            raise DocumentError(summary, "remove one")
        if binding.key is not None:
            pairs[binding.key] = "" if _is_only_a_comment(binding) else binding.value
    return pairs


def _reject_oversized(text: str) -> None:
    if len(text) > LARGEST:
        raise DocumentError(
            f"expected dotenv text of at most {LARGEST} characters, got {len(text)}",
            "write it as JSON, or split it",
        )
    before, run, _ = text.translate(_TO_SPACE).partition(" " * (LONGEST_SPACE + 1))
    if run:
        line = before.count("\n") + 1
        raise DocumentError(
            f"expected at most {LONGEST_SPACE} spaces in a row, got more in line {line}",
            "remove them, or write the document as JSON",
        )


def _reject_ambiguous(binding: Binding) -> None:
    """Reject what is not a pair, or one whose quotation marks dialects read differently."""
    # A name alone is usually the second line of a value that needs quotes.
    if binding.error or (binding.key is not None and binding.value is None):
        raise DocumentError(
            f"line {_line(binding)} is not NAME=value", "quote values that span several lines"
        )
    if binding.key is None:  # a comment
        return
    left, _, right = binding.original.string.partition("=")
    right = right.strip()
    if left.strip().removeprefix("export").lstrip()[:1] in ("'", '"'):
        raise DocumentError(
            f"line {_line(binding)} has a name in quotation marks", "remove the quotation marks"
        )
    if right[:1] == "`":
        # In Node's dialect these are quotes; here they would become a part of the value.
        raise DocumentError(
            f"line {_line(binding)} has a value that begins with a backtick",
            "quote it with single or double quotes",
        )
    if right[:1] not in ("'", '"') and _is_cut_in_quotes(binding.value or "", right):
        raise DocumentError(
            f"line {_line(binding)} has a # between quotation marks inside of a value",
            "quote the whole value, or remove the comment",
        )


def _is_only_a_comment(binding: Binding) -> bool:
    """Whether it is `NAME= # text`: a comment, but a value for python-dotenv before 1.2.4."""
    right = binding.original.string.partition("=")[2]
    return right[:1].isspace() and right.lstrip()[:1] == "#"


def _is_cut_in_quotes(value: str, written: str) -> bool:
    """Whether a comment was cut off an unquoted value that opens a quote which the comment ends."""
    comment = written[len(value) :]
    return any(value.count(mark) % 2 and comment.count(mark) % 2 for mark in "'\"`")


def _line(binding: Binding) -> int:
    """Return the line of a pair: python-dotenv counts the empty lines before it as a part of it."""
    text = binding.original.string
    empty = text[: len(text) - len(text.lstrip())].replace("\r\n", "\n").replace("\r", "\n")
    return binding.original.line + empty.count("\n")
