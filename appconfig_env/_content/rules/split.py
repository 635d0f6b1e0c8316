"""Which part of all values a `split` selects: a hash of our own; pure.

AWS has not published the one of its agent, so the two select different values. The formula is in
docs/variants.md, and never changes: it decides which users see what.
"""

from __future__ import annotations

try:  # hashlib adds 1 ms to it
    from _hashlib import openssl_sha256 as sha256
except ImportError:  # a Python built without OpenSSL
    from hashlib import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_WHOLE = 1 << 64


def selects(percent: float, values: Sequence[str], *, flag: str, seed: str | None = None) -> bool:
    """Whether a value is among the first `percent` of all values.

    Args:
        percent: from 0 to 100.
        values: the texts of one value, or of the items of a list.
        flag: the flag's key, which is the seed of a split without one.
        seed: the seed; None if the split has none.
    """
    above, below = percent.as_integer_ratio()
    return position(values, flag=flag, seed=seed) * 100 * below < above * _WHOLE


def position(values: Sequence[str], *, flag: str, seed: str | None = None) -> int:
    """Return where a value is among all values: from 0 to 2**64 - 1, evenly.

    The parts are hashed with their lengths, so that no two lists of parts are one text.
    """
    scope = ("flag", flag) if seed is None else ("seed", seed)
    digest = sha256()
    for part in ("appconfig-env split 1", *scope, *values):
        data = part.encode("utf-8", "surrogatepass")
        digest.update(b"%d:%b" % (len(data), data))
    return int.from_bytes(digest.digest()[:8], "big")
