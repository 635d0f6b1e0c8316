"""Checks the paths that settings name, at every startup: when one is needed, it is too late."""

from __future__ import annotations

import posix  # os itself costs a cold start 1.5 ms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .._config.settings import Settings

KIND, DIRECTORY, REGULAR = 0o170000, 0o040000, 0o100000  # S_IFMT, S_IFDIR, S_IFREG


def problems(
    settings: Settings, *, reads_fallback: bool = True, search_path: str | None = None
) -> Iterator[str]:
    """Yield what is wrong with the paths, with the setting, what was expected, and a remedy.

    Args:
        settings: the paths; those that are empty are right.
        reads_fallback: whether the fallback is read, as opposed to written.
        search_path: where the next wrapper is searched for, if its name has no slash; None if it
            is not executed.
    """
    local_dir, fallback, wrapper = settings.local_dir, settings.fallback_path, settings.next_wrapper
    if local_dir and not _is(DIRECTORY, local_dir, posix.R_OK | posix.X_OK):
        yield (
            f"APPCONFIG_ENV_LOCAL_DIR: expected a readable folder, got {local_dir!r}; set it to "
            "one, or unset it"
        )
    if fallback and reads_fallback and not _is(REGULAR, fallback, posix.R_OK):
        yield (
            f"APPCONFIG_ENV_FALLBACK: expected a readable file, got {fallback!r}; write it with "
            "appconfig-env bake, or unset the variable"
        )
    if wrapper and search_path is not None:
        places = [wrapper]
        if "/" not in wrapper:
            places = [f"{folder or '.'}/{wrapper}" for folder in search_path.split(":")]
        if not _any_executable(places):
            yield (
                f"APPCONFIG_ENV_NEXT_WRAPPER: expected an executable file, got {wrapper!r}; "
                "correct its path, make it executable (chmod +x), or unset the variable"
            )


def _any_executable(places: Iterable[str]) -> bool:
    return any(_is(REGULAR, place, posix.X_OK) for place in places)


def _is(kind: int, path: str, access: int) -> bool:
    """Whether there is a file or folder at `path` that this process can use."""
    try:
        return posix.stat(path).st_mode & KIND == kind and posix.access(path, access)
    except (OSError, ValueError):  # ValueError: it contains a null character
        return False
