"""What one process knows, put together: its own, the file's and the environment's; pure."""

from __future__ import annotations

from ._render import Rendered
from ._snapshot import Snapshot, State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._settings import Settings


def newest(own: Snapshot, found: Snapshot | None) -> Snapshot:
    """Of each source the newer state, of `own` or of `found`."""
    if found is None:
        return own
    states = dict(own.states)
    for text, state in found.states.items():
        mine = states.get(text)
        if mine is None:
            is_better = state.is_answered and not state.withheld
        else:
            is_better = state.has_data and state.checked_at >= mine.checked_at
        if is_better:
            states[text] = state
    return Snapshot(own.taken_at, own.fingerprint, states)


def completed(
    found: Snapshot, settings: Settings, environ: Mapping[str, str], started_at: float | None
) -> Snapshot:
    """A snapshot from the file, with the secret values that the environment has.

    Args:
        found: what is in the file, where no secret is.
        settings: what is read.
        environ: the process's environment.
        started_at: when a wrapper filled that, in Unix seconds; None where none did. What another
            process has read since then the environment does not know.
    """
    by_identity = {source.identity: source for source in settings.sources}
    states: dict[str, State] = {}
    for text, state in found.states.items():
        rendered = dict(state.rendered)
        is_whole = True
        for identity, names in state.withheld.items():
            source = by_identity.get(identity)
            is_known = source is not None and source.env and started_at is not None
            known = {name: environ[name] for name in names if is_known and name in environ}
            is_whole = is_whole and len(known) == len(names)
            plain = rendered.get(identity) or Rendered()
            rendered[identity] = Rendered(
                {**plain.values, **known}, secret=names, protected=plain.protected
            )
        if not is_whole:
            continue
        whole = state.but(rendered=rendered, withheld={})
        if state.withheld and started_at is not None and (state.fetched_at or 0.0) > started_at:
            # Others have read it since: ours is good until it is read anew, which is due.
            whole = whole.but(
                version="", fetched_at=started_at, checked_at=started_at, due_at=started_at
            )
        states[text] = whole
    return Snapshot(found.taken_at, found.fingerprint, states)
