r"""Restores the variables that the wrapper script's shell has dropped; see wrapper/appconfig-env.

A shell other than bash exports only variables whose names are identifiers. The script passes all
others in one variable: a line for each, with its line breaks as \1. A \2 was a \1 or a \2.
"""

from __future__ import annotations

from .._config.wording import one_line
from .exec import DROPPED

REMEDY = "use an image whose /bin/sh is bash, or rename {}"


def restore(environ: dict[str, str]) -> list[str]:
    """Put the dropped variables back into `environ`; return a warning for each that is lost."""
    warnings = []
    for line in environ.pop(DROPPED, "").split("\n"):
        name, equals, value = line.partition("=")
        if line == "?":
            remedy = REMEDY.format("them")
            warnings.append(
                "variables whose names are not identifiers, such as a.b, may be missing: /bin/sh "
                f"drops them, and /proc cannot be read, or they are too long; {remedy}"
            )
        elif "\2" in line:
            warnings.append(
                f"{one_line(name)} is missing: /bin/sh drops it, and it has control characters; "
                f"{REMEDY.format('it')}"
            )
        elif equals and name:
            environ.setdefault(name.replace("\1", "\n"), value.replace("\1", "\n"))
    return warnings
