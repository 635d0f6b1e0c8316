"""What a function needs to start with: its variables, its layer and its permissions; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..._config.settings import PREFETCH_LIST, PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..._config.settings import Settings
    from ..policy.needs import Needs

WRAPPER = "AWS_LAMBDA_EXEC_WRAPPER"
IN_LAYER = "/opt/appconfig-env"
SOURCES = f"{PREFIX}SOURCES"
EXAMPLE = "ssm:/my-app/prod/"
LAYER_FILE = "dist/appconfig-env-layer.zip"  # what `appconfig-env layer` writes
RUNTIMES = ("python3.11", "python3.12", "python3.13", "python3.14")
# The settings that name sources; every other one has a default.
_OF_SOURCES = (SOURCES, PREFETCH_LIST, "APP_PARAMS_PATH", "APP_ENV")


class Starter(NamedTuple):
    """What to give to a function.

    Attributes:
        variables: the settings and references, without the wrapper's own variable.
        needs: the permissions, see `policy.needs.needs_of`.
        layer: the ARN of a layer; empty if the deployment has the layer itself.
        wheel: the path of a wheel, for an image; empty to install from the package index.
    """

    variables: Mapping[str, str]
    needs: Needs
    layer: str = ""
    wheel: str = ""


class Edit(NamedTuple):
    """A file as it is, and as it would be.

    Attributes:
        path: the file.
        before: its contents; None if there is no such file.
        after: its contents afterwards.
        is_private: whether it is for secrets, and so for its owner alone.
    """

    path: str
    before: str | None
    after: str
    is_private: bool = False


class Result(NamedTuple):
    """What `init` would change, and what is left to its user.

    Attributes:
        edits: the files to write.
        notes: what to do besides, each as an imperative.
        by_hand: lines to add where no edit could be made.
        is_refused: whether what is there has a form that is not edited.
    """

    edits: Sequence[Edit] = ()
    notes: Sequence[str] = ()
    by_hand: Sequence[str] = ()
    is_refused: bool = False


class RefusedError(ValueError):
    """A file that is not edited.

    Attributes:
        summary: the reason.
        hint: what to do about it, as an imperative.
        by_hand: the lines to add instead.
    """

    def __init__(self, summary: str, hint: str) -> None:
        self.summary = summary
        self.hint = hint
        self.by_hand: Sequence[str] = ()
        super().__init__(f"{summary}; {hint}")


def environ_with(environ: Mapping[str, str], sources: Sequence[str]) -> dict[str, str]:
    """Return the environment to start with: with `sources`, or an example if it has none."""
    given = " ".join(sources)
    if given:
        return {**environ, SOURCES: given}
    return dict(environ)


def variables(environ: Mapping[str, str], settings: Settings) -> dict[str, str]:
    """Return the variables of an environment that name its sources."""
    names = [name for name in _OF_SOURCES if environ.get(name)]
    names += [source.variable for source in settings.sources if source.variable]
    return {name: environ[name] for name in names}
