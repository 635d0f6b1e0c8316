"""What is wrong with a line of a dotenv document, and what to do about it; pure.

python-dotenv only reports that it could not read a line. No text of a line is part of a problem,
because any of it could be part of a value.
"""

from __future__ import annotations

import re

from .document import DocumentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotenv.parser import Binding

QUOTES = ("'", '"')
_EXPORT = re.compile(r"\Aexport\s+(?=\S)")
_COLON = re.compile(r"""["']?[\w./-]+["']?\s*:(?!//)""")  # not the URL that a value goes on with
_WRITE_PAIR = "write NAME=value"


def problem_of(binding: Binding) -> DocumentError | None:
    """Return what is wrong with a line, or with the lines of one value; None if nothing is."""
    written = _EXPORT.sub("", binding.original.string.strip())
    left, equals, right = written.partition("=")
    left, right = left.strip(), right.strip()
    is_comment = binding.key is None and not binding.error
    if is_comment or binding.value is not None:
        return None if is_comment else _ambiguous(binding, left, right)
    colon = _COLON.match(left)
    if colon and (not equals or left[colon.end() :][:1].isspace()):  # and not a name with a colon
        return DocumentError("a colon instead of =", _WRITE_PAIR)
    if not equals or "#" in left:
        # Usually a line of a value that needs quotes.
        return DocumentError(
            "no = after the name", "write NAME=value, or quote a value that spans several lines"
        )
    return _unreadable(left, right)


def _unreadable(left: str, right: str) -> DocumentError:
    """Return why python-dotenv could not read what has an equals sign."""
    if not left:
        return DocumentError("no name before =", _WRITE_PAIR)
    if left.startswith(QUOTES):
        return _name_in_quotes()
    if len(left.split()) > 1:
        return DocumentError(
            "more than one word before =", "write NAME=value, or export NAME=value"
        )
    if not _closed(right):
        return DocumentError("a quote that is not closed", "close it")
    if "\n" in right or "\r" in right:
        return DocumentError(
            "a quote that a later line closes, with text after it",
            "close it in its own line, or quote the whole value",
        )
    return DocumentError("text after the closing quote", "quote the whole value")


def _ambiguous(binding: Binding, left: str, right: str) -> DocumentError | None:
    """Return the problem of a pair whose quotation marks dialects read differently."""
    if left.startswith(QUOTES):
        return _name_in_quotes()
    if right.startswith("`"):
        # In Node's dialect these are quotes; here they would become a part of the value.
        return DocumentError(
            "a value that begins with a backtick", "quote it with single or double quotes"
        )
    if not right.startswith(QUOTES) and _is_cut_in_quotes(binding.value or "", right):
        return DocumentError(
            "a # between quotation marks inside of a value",
            "quote the whole value, or remove the comment",
        )
    return None


def _name_in_quotes() -> DocumentError:
    return DocumentError("a name in quotation marks", "remove the quotation marks")


def _closed(value: str) -> bool:
    """Whether the quote at the beginning of `value` ends in it; a backslash escapes one."""
    unescaped = re.sub(r"\\.", "", value, flags=re.DOTALL)
    return unescaped.count(unescaped[:1]) > 1


def _is_cut_in_quotes(value: str, written: str) -> bool:
    """Whether a comment was cut off an unquoted value that opens a quote which the comment ends."""
    comment = written[len(value) :]
    return any(value.count(mark) % 2 and comment.count(mark) % 2 for mark in "'\"`")
