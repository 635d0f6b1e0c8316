"""What would not fit into Lambda: the size of the configuration, and of the environment; pure."""

from __future__ import annotations

from typing import NamedTuple

from ..._config.settings import HANDOFF, WITHOUT_PREFIX, is_own
from ..ownership import resulting
from .findings import ERROR, Finding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from ..._config.settings import Settings

# Lambda Developer Guide, "Lambda quotas": the total size of all environment variables.
CONFIGURATION_BYTES = 4096
WRAPPER = "AWS_LAMBDA_EXEC_WRAPPER"  # by which Lambda starts us
# What Linux gives exec for arguments and environment together: a quarter of a stack of 8 MiB.
ENVIRONMENT_BYTES = 2 * 1024 * 1024


class Sizes(NamedTuple):
    """What is used of each limit, in bytes.

    Attributes:
        configuration: the settings and references that the function needs, and the variables of
            files; others that it has count too, but are not known here.
        environment: the environment that a program gets, as far as its sources were read.
    """

    configuration: int
    environment: int


def sizes(
    settings: Settings,
    environ: Mapping[str, str],
    values: Mapping[str, str],
    from_files: Collection[str] = (),
) -> Sizes:
    """Return what is used of each limit.

    Args:
        settings: the sources.
        environ: the environment.
        values: what the sources set.
        from_files: the variables that files have added to the environment.
    """
    in_place = {source.variable for source in settings.sources}
    known = {*from_files, *in_place, *WITHOUT_PREFIX, WRAPPER}
    own = {name: text for name, text in environ.items() if name in known or is_own(name)}
    own.pop(HANDOFF, None)
    # Each has an = and a NUL.
    return Sizes(_bytes(own), _bytes(resulting(settings, environ, values), besides=2))


def _bytes(variables: Mapping[str, str], besides: int = 0) -> int:
    return sum(
        len(f"{name}{text}".encode("utf-8", "surrogateescape")) + besides
        for name, text in variables.items()
    )


def too_large(found: Sizes) -> Iterator[Finding]:
    """Yield which limits are exceeded."""
    if found.configuration > CONFIGURATION_BYTES:
        yield Finding(
            ERROR,
            f"the configuration needs {found.configuration:,} bytes, but Lambda allows "
            f"{CONFIGURATION_BYTES:,} for all variables of a function; move values to a path or "
            "document, and name that in APPCONFIG_ENV_SOURCES",
        )
    if found.environment > ENVIRONMENT_BYTES:
        yield Finding(
            ERROR,
            f"the environment would have {found.environment:,} bytes, but a program can have "
            f"{ENVIRONMENT_BYTES:,}; leave large sources to get() with env=no",
        )
