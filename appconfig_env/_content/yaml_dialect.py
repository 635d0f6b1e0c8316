"""The dialect of YAML documents: which scalars are not text, which tags are known, limits; pure.

docs/documents.md describes it for users. The rule: what YAML 1.1 and 1.2 read differently is text
or an error, never one of the two by chance.
"""

from __future__ import annotations

import re

from .document import DocumentError

# A few lines of anchors can expand to billions of values.
MOST_VALUES = 100_000
TOO_MANY = (
    f"expected YAML of at most {MOST_VALUES} values with aliases resolved",
    "split the document",
)
# Every Python can write numbers of this many digits (sys.set_int_max_str_digits: 640 or more).
LONGEST_NUMBER = 500
TAG = "tag:yaml.org,2002:"
TEXT_TAG, MERGE_TAG, VALUE_TAG = f"{TAG}str", f"{TAG}merge", f"{TAG}value"
LIST_TAGS, MAPPING_TAGS = (None, "!", f"{TAG}seq"), (None, "!", f"{TAG}map")
# Plain scalars that are not text; all others are the text that is written: NO, 22:22, 0123, 1_000,
# 0x1F, 2026-01-31, .inf. The core schema (YAML 1.2.2, 10.3.2) without octal and hexadecimal numbers
# and signs, and with JSON's rule for leading zeros: account numbers and telephone numbers are text.
SCALARS = (
    ("bool", "true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", "null|Null|NULL|~|", ("n", "N", "~", "")),
    ("int", "-?(?:0|[1-9][0-9]*)", "-0123456789"),
    ("float", r"-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?", "-.0123456789"),
    ("merge", "<<", "<"),
)
PATTERNS = {f"{TAG}{kind}": re.compile(f"(?:{pattern})\\Z") for kind, pattern, _ in SCALARS}
NUMBER_TAGS = (f"{TAG}int", f"{TAG}float")
PLAIN_TAGS = frozenset((*NUMBER_TAGS, f"{TAG}bool", f"{TAG}null"))
JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
# Line breaks for YAML 1.1 only, so for PyYAML: a comment or a text would end there.
OLD_LINE_BREAKS = re.compile("[\x85\u2028\u2029]")
# Two escapes of JSON for one character, which PyYAML would leave as two halves.
SURROGATE_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


class YamlError(DocumentError):
    """Text that is not YAML, or not expressible as JSON."""


def reject_old_line_breaks(text: str) -> None:
    """Reject characters that are line breaks in YAML 1.1 only.

    Raises:
        YamlError: `text` has one.
    """
    if found := OLD_LINE_BREAKS.search(text):
        code = f"{ord(found[0]):04X}"
        raise YamlError(
            f"YAML with the character U+{code}, which not every parser takes for a line break "
            f"(line {text.count(chr(10), 0, found.start()) + 1})",
            f'write it in double quotes as "\\u{code.lower()}", or remove it',
        )


def reject_tag(tag: str, text: str, line: int) -> None:
    """Reject a scalar with a tag that is not known, or that its text does not fit.

    Args:
        tag: as written in the document, with its handle resolved.
        text: the scalar's text.
        line: where it is.

    Raises:
        YamlError: it is rejected.
    """
    if tag == TEXT_TAG:
        return
    if tag not in PLAIN_TAGS:
        raise unknown_tag(line)
    if not PATTERNS[tag].match(text):
        raise YamlError(
            f"a value that does not fit its tag (line {line})",
            "remove the tag, or write a decimal number, true, false or null",
        )


def unknown_tag(line: int) -> YamlError:
    """Return the error for a tag without an equivalent in JSON: !!set, !!binary, !Ref."""
    return YamlError(
        f"expected YAML with JSON's types only, got a tag (line {line})",
        "remove the tag, or quote a text that begins with !",
    )


def paired(text: str) -> str:
    """Return `text` with each pair of surrogates replaced by its character."""
    return SURROGATE_PAIR.sub(
        lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), text
    )
