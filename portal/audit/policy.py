"""Who may decide what was prepared: every kind of approval names the right that its second person must hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from models.audit import Approval, ApprovalState
from portal.actors import Actor
from portal.permissions import Can, Scope

Effect = Callable[[Approval, Actor, datetime], None]
"""What an approval sets off: receives the approval, the approver and the moment, inside the open transaction."""


@dataclass(frozen=True)
class Approvable:
    """A kind of thing that needs a second person: the right he must hold, what happens then, how screens name it, and which
    entries of its preview are amounts in fen. `hold` takes the locks of the effect before anything is written: whoever else holds them
    writes the log after, so that none of two waits for the other."""

    kind: str
    right: Can
    effect: Effect
    label: str = ""
    amounts: tuple[str, ...] = ()
    hold: Callable[[Approval], None] | None = None


APPROVABLE: dict[str, Approvable] = {}
"""Every kind that can be prepared. A room registers its own when it is imported."""


def register(kind: str, right: Can, effect: Effect, *, label: str = "", amounts: Iterable[str] = (), hold: Callable[[Approval], None] | None = None) -> Approvable:
    """Declare a kind of approval. Raises ValueError where the kind is taken by something else.

    `label` is an English sentence-case name that screens translate, for example "Month close"; `amounts` are the keys of the preview
    whose whole numbers are fen; `hold` takes the locks of the effect.
    """
    approvable = Approvable(kind, right, effect, label or kind, tuple(amounts), hold)
    if APPROVABLE.setdefault(kind, approvable) != approvable:
        raise ValueError(f"the kind of approval {kind!r} is registered already")
    return approvable


Watcher = Callable[[Approval, Actor, datetime], None]
"""Is told, inside the open transaction, when something begins to wait for a second person and when it is decided."""

WATCHERS: list[Watcher] = []


def watch(watcher: Watcher) -> Watcher:
    """Tell a room further right whenever an approval begins to wait or is decided; its `state` says which."""
    if watcher not in WATCHERS:
        WATCHERS.append(watcher)
    return watcher


def holds_right(actor: Actor, kind: str) -> bool:
    """Whether a person may decide approvals of this kind. The right must reach over everything: a branch's is not enough."""
    approvable = APPROVABLE.get(kind)
    return approvable is not None and actor.user_id is not None and actor.scope(approvable.right) == Scope.ALL


def decidable_kinds(actor: Actor) -> list[str]:
    """The kinds that the actor may decide."""
    return sorted(kind for kind in APPROVABLE if holds_right(actor, kind))


def may_decide(actor: Actor, approval: Approval) -> bool:
    """Whether this person may decide this approval now: it waits, it is not his own, and he holds the right."""
    return approval.state == ApprovalState.WAITING and approval.prepared_by_id != actor.user_id and holds_right(actor, approval.kind)
