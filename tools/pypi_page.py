"""Makes the project's page on PyPI out of README.md, while the package is built.

PyPI has none of the repository's files, so a relative link leads nowhere there. `repository` in
pyproject.toml says where they are; while it is empty, such links become plain text.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

# Code first, so that what looks like a link in it stays as it is.
_CODE_OR_LINK = re.compile(
    r"""(?P<code> ^```.*?^```$ | `+[^`]*`+ )
    | (?P<image> !? ) \[ (?P<text> [^\[\]]* ) \] \( (?P<target> [^()\s]+ ) \)""",
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
_RIGHT_ANYWHERE = re.compile(r"[a-z]+:|#", re.IGNORECASE)


class PypiPage(MetadataHookInterface):
    """Sets the two fields of the metadata that depend on `repository`."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add `readme` and `urls`; there are no URLs while the repository has no address.

        Raises:
            ValueError: `repository` is not the https URL of a repository.
        """
        repository: str = self.config["repository"]
        if repository and not re.fullmatch(r"https://[\w.-]+(/[\w.-]+)+", repository):
            raise ValueError(f"repository: expected https://HOST/OWNER/NAME, got {repository!r}")
        text = Path(self.root, "README.md").read_text(encoding="utf-8")
        tag = f"v{metadata['version']}"
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": page(text, repository, tag),
        }
        urls = {
            "Source": repository,
            "Changelog": f"{repository}/blob/{tag}/CHANGELOG.md",
            "Issues": f"{repository}/issues",
        }
        metadata["urls"] = urls if repository else {}


def page(readme: str, repository: str, tag: str) -> str:
    """Return the README with absolute links.

    Args:
        readme: its text, in Markdown.
        repository: the repository's URL, or an empty string.
        tag: the tag of this version, so that a page stays right when the files change.
    """

    def replaced(found: re.Match[str]) -> str:
        text, target = found["text"], found["target"]
        if found["code"] or _RIGHT_ANYWHERE.match(target):
            return found[0]
        if not repository:
            return text
        if found["image"]:
            return f"![{text}]({repository}/raw/{tag}/{target})"
        return f"[{text}]({repository}/blob/{tag}/{target})"

    return _CODE_OR_LINK.sub(replaced, readme)
