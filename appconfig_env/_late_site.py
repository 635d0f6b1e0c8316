"""Adds site-packages to an interpreter started without them (-S), at the first missing import.

Processing them costs 2 ms, with .pth files up to 25; boto3, tenacity and dotenv are rarely needed.
In Lambda the function's own packages follow them, as in the runtime's own path.
"""

from __future__ import annotations

import _imp
import sys
from _thread import RLock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType


class _SiteOnDemand:
    """The last finder: at the first missing module, adds site-packages and searches them.

    importlib calls it under the lock of all imports. Imports within it must not hold that lock:
    another thread may hold the lock of a module that they need, and wait for the lock of all.
    """

    def __init__(self) -> None:
        self._lock = RLock()  # other threads wait until the packages are there
        self._has_begun = False

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        try:
            _imp.release_lock()
        except RuntimeError:  # called by other code than importlib
            return self._find_spec(name, path, target)
        try:
            return self._find_spec(name, path, target)
        finally:
            _imp.acquire_lock()

    def _find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> ModuleSpec | None:
        from importlib.machinery import PathFinder  # most cold starts never come here

        with self._lock:
            if not self._has_begun:  # else this thread's own imports below come here again
                self._has_begun = True
                import os  # 1.5 ms
                import site  # what -S avoids: 2 ms, with .pth files up to 25

                site.main()
                sys.path += _function_folders(os.environ.get("LAMBDA_TASK_ROOT", ""))
                sys.meta_path.remove(self)
        return PathFinder.find_spec(name, path, target)


def _function_folders(root: str) -> list[str]:
    """Return the package folders that Lambda's runtime adds to `root`, which may have PyYAML."""
    if not root.startswith("/"):
        return []
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return [root, f"/opt/python/lib/python{version}/site-packages"]


def install() -> None:
    """Add the finder, if the interpreter was started with -S."""
    if sys.flags.no_site:
        sys.meta_path.append(_SiteOnDemand())
