"""site-packages for an interpreter started without them (-S): added once something is missing.

Processing them costs 2 ms, with .pth files up to 25; boto3, tenacity and dotenv are rarely needed.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType


class _SiteOnDemand:
    """The last finder: at the first module that nobody finds it adds them and looks again."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        sys.meta_path.remove(self)
        import site
        from importlib.machinery import PathFinder

        site.main()
        return PathFinder.find_spec(name, path, target)


def install() -> None:
    """Add the finder, if the interpreter was started with -S."""
    if sys.flags.no_site:
        sys.meta_path.append(_SiteOnDemand())
