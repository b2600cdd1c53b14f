"""Who acts. A door makes the actor; verbs and queries receive it and never look for the signed-in user themselves."""

from __future__ import annotations

from dataclasses import dataclass

from models.identity import Role, User
from portal.permissions import Can, Scope, scope_of
from portal.refusals import NotAllowed


@dataclass(frozen=True)
class Actor:
    """A person (or the terminal) with roles and what they are bound to by number. `lent`: rights over his own that somebody without a role holds."""

    user_id: int | None
    label: str
    roles: tuple[Role, ...] = ()
    broker_no: str | None = None
    client_no: str | None = None
    staff_no: str | None = None
    branch_no: str | None = None
    at_terminal: bool = False
    lent: tuple[Can, ...] = ()

    def scope(self, can: Can) -> Scope | None:
        """The widest scope in which the actor holds a permission. At the machine's terminal everything may be done
        except what needs a named second person."""
        if self.at_terminal:
            return Scope.ALL
        return Scope.OWN if can in self.lent else scope_of(list(self.roles), can)

    def may(self, can: Can) -> bool:
        """Whether the actor holds a permission in any scope."""
        return self.scope(can) is not None

    def need(self, can: Can) -> Scope:
        """The actor's scope for a permission. Raises NotAllowed where there is none."""
        scope = self.scope(can)
        if scope is None:
            raise NotAllowed("%(who)s does not hold the right %(right)s", who=self.label, right=can.value)
        return scope


TERMINAL = Actor(user_id=None, label="terminal", at_terminal=True)
"""Somebody with a shell on the machine."""
NOBODY = Actor(user_id=None, label="anonymous")
"""Somebody who has not signed in."""


VISITING = (Can.CLUB_SEAT,)
"""What somebody may who proved his mail address and has no sign-in: his own seats at the club's events."""


def actor_of(user: User) -> Actor:
    """The actor that a user is."""
    return Actor(
        user_id=user.id,
        label=user.email,
        roles=tuple(Role(row.role) for row in user.roles),
        broker_no=user.broker_no,
        client_no=user.client_no,
        staff_no=user.staff_no,
        branch_no=user.branch_no,
        lent=VISITING if user.visitor else (),
    )
