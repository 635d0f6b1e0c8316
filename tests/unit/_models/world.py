"""A process without the wrapper, whose parameters a test changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appconfig_env._backends.fake import FakeBackend
from appconfig_env._content.document import Document
from appconfig_env._helper.helper import Helper
from appconfig_env.errors import Failure

from ...support.fakes import Clock, steadily

if TYPE_CHECKING:
    from pathlib import Path

PATH = "ssm:/shop/prod/"
DENIED = Failure("denied", "not allowed", "allow it")


class World:
    """A helper with one path of parameters.

    Args:
        folder: for the snapshot.
        environ: more variables.
        parameters: by name.
    """

    def __init__(self, folder: Path, environ: dict[str, str], **parameters: str) -> None:
        self.clock = Clock()
        self.backend = FakeBackend({PATH: Document(parameters=parameters)})
        self.environ = {
            "APPCONFIG_ENV_SOURCES": PATH,
            "APPCONFIG_ENV_SNAPSHOT": str(folder / "snapshot.json"),
            **environ,
        }
        self.helper = Helper(
            self.environ,
            now=self.clock,
            make_backend=lambda *_: self.backend,
            jitter=steadily,
        )

    def change(self, **parameters: str) -> None:
        """Replace the parameters, and let the interval pass."""
        self.backend.documents[PATH] = Document(parameters=parameters)
        self.clock.tick(1000)

    def fail(self) -> None:
        """Let the path be denied, and let the interval pass."""
        self.backend.documents[PATH] = DENIED
        self.clock.tick(1000)
