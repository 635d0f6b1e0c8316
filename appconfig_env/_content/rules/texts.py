"""What the characters between quotes in an Ion text are; pure."""

from __future__ import annotations

import re

from .nodes import PlacedError

_ESCAPE = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(\r\n|[\n\r])|(.))", re.DOTALL
)
_ESCAPED = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "v": "\v",
    '"': '"', "'": "'", "?": "?", "\\": "\\", "/": "/",
}  # fmt: skip
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def unescaped(text: str, offset: int) -> str:
    """Return the text of what is between quotes.

    Args:
        text: what is between them.
        offset: where it begins, for errors.

    Raises:
        PlacedError: an escape is wrong.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\\" not in text:
        return text
    parts, end = [], 0
    for found in _ESCAPE.finditer(text):
        parts += [text[end : found.start()], _escaped(found, offset + found.start())]
        end = found.end()
    joined = "".join([*parts, text[end:]])
    # Two escapes for one character, as in JSON.
    joined = _PAIR.sub(
        lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), joined
    )
    if any("\ud800" <= character <= "\udfff" for character in joined):
        raise PlacedError("half of a surrogate pair", "write the whole pair", offset)
    return joined


def _escaped(found: re.Match[str], offset: int) -> str:
    if found[4]:
        return ""  # a line break after a backslash only breaks the line
    if found[5]:
        if found[5] not in _ESCAPED:
            raise PlacedError("an unknown escape after \\", "write \\\\ for one", offset)
        return _ESCAPED[found[5]]
    number = int(found[1] or found[2] or found[3], 16)
    if number > 0x10FFFF:
        raise PlacedError("an escape beyond Unicode", "correct it", offset)
    return chr(number)
