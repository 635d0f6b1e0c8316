"""Parses dotenv documents in one dialect, python-dotenv's, without its `${NAME}`; pure.

docs/documents.md describes the dialect. Lines that python-dotenv would drop, and those of which it
would keep quotation marks that are quotes in another dialect, are errors.
"""

from __future__ import annotations

from .._config.wording import enumerated, quoted
from .document import DocumentError, joined

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotenv.parser import Binding

# python-dotenv's expressions take 140 bytes for each character of a quoted value, and quadratic
# time for a run of spaces: hours and hundreds of megabytes for a document that AppConfig accepts.
LARGEST = 256 * 1024  # characters; twice the longest variable
LONGEST_SPACE = 1000
MOST_LINES = 100  # numbers of lines in one error: a document may be of another format altogether
_SPACES = "\t\v\f\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_TO_SPACE = str.maketrans(_SPACES, " " * len(_SPACES))


def parse(text: str) -> dict[str, str | None]:
    """Parse `text` into values by name, literally: fetched text is a value, never a template.

    Raises:
        DocumentError: `text` is too long, or has lines that are not accepted; has all of them.
        ImportError: python-dotenv is not installed.
    """
    # Not at the top: 24 ms that only dotenv documents pay.
    import io

    from dotenv import parser  # as above

    from .strict_dotenv_problems import problem_of  # as above

    _reject_oversized(text)
    pairs: dict[str, str | None] = {}
    lines_by_problem: dict[tuple[str, str], list[int]] = {}
    duplicates: list[DocumentError] = []
    for binding in parser.parse_stream(io.StringIO(text)):
        problem = problem_of(binding)
        if problem is not None:
            lines = lines_by_problem.setdefault((problem.summary, problem.hint), [])
            lines.append(_line(binding))
        elif binding.key in pairs:
            summary = f"duplicate name {quoted(binding.key)} (line {_line(binding)})"
            duplicates.append(DocumentError(summary, "remove one"))
        elif binding.key is not None:
            pairs[binding.key] = "" if _is_only_a_comment(binding) else binding.value
    if lines_by_problem or duplicates:
        located = [
            DocumentError(*_located(lines, *problem)) for problem, lines in lines_by_problem.items()
        ]
        raise DocumentError(*joined([*located, *duplicates]))
    return pairs


def _located(lines: Sequence[int], summary: str, hint: str) -> tuple[str, str]:
    """Return the problem of all these lines, with their numbers before it."""
    numbers = [str(line) for line in lines[:MOST_LINES]]
    if len(lines) > MOST_LINES:
        numbers.append(f"{len(lines) - MOST_LINES} more")
    return f"line{'s' if len(lines) > 1 else ''} {enumerated(numbers)}: {summary}", hint


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


def _is_only_a_comment(binding: Binding) -> bool:
    """Whether it is `NAME= # text`: a comment, but a value for python-dotenv before 1.2.4."""
    right = binding.original.string.partition("=")[2]
    return right[:1].isspace() and right.lstrip()[:1] == "#"


def _line(binding: Binding) -> int:
    """Return the line of a pair: python-dotenv counts the empty lines before it as a part of it."""
    text = binding.original.string
    empty = text[: len(text) - len(text.lstrip())].replace("\r\n", "\n").replace("\r", "\n")
    return binding.original.line + empty.count("\n")
