"""site-packages for an interpreter started without them (-S): added once something is missing.

Processing them costs 2 ms, with .pth files up to 25; boto3, tenacity and dotenv are rarely needed.
In Lambda the function's own packages come after them, where its runtime will find them too.
"""

from __future__ import annotations

import os
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
        sys.path += _of_the_function()
        return PathFinder.find_spec(name, path, target)


def _of_the_function() -> list[str]:
    """The folders of packages that Lambda's runtime adds, for a YAML document's PyYAML."""
    root = os.environ.get("LAMBDA_TASK_ROOT", "")
    if not root.startswith("/"):
        return []
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return [root, f"/opt/python/lib/python{version}/site-packages"]


def install() -> None:
    """Add the finder, if the interpreter was started with -S."""
    if sys.flags.no_site:
        sys.meta_path.append(_SiteOnDemand())
