"""Whom something about a lead concerns. The one place from which notices about leads go out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from models.leads import Lead
from portal.actors import Actor
from portal.notices.kinds import N_, Group, register
from portal.notices.verbs import tell, tell_each

ASSIGNED, ASSIGNED_MANY, ENDS_SOON, POOLED = "lead.assigned", "lead.assigned_many", "lead.ends_soon", "lead.pooled"
register(ASSIGNED, N_("The lead %(number)s is yours to look after: speak with it by %(day)s."), Group.CLIENTS, label=N_("A lead is given to me"), tone="info")
register(ASSIGNED_MANY, N_("%(count)s leads are yours to look after: speak with them by %(day)s."), Group.CLIENTS, label=N_("Many leads are given to me"))
register(ENDS_SOON, N_("The claim on the lead %(number)s ends on %(day)s."), Group.CLIENTS, label=N_("A claim ends soon"), tone="warn")
register(POOLED, N_("The lead %(number)s went to the pool: nobody worked on it."), Group.CLIENTS, label=N_("A lead of mine goes to the pool"), tone="warn")


def address(public_id: str) -> str:
    """Where a lead is found."""
    return f"/leads/{public_id}"


def tell_assigned(lead: Lead, users: Iterable[int], actor: Actor, moment: datetime) -> None:
    """Tell the new owner, unless he did it himself."""
    others = [user for user in users if user != actor.user_id]
    if others:
        tell(others, ASSIGNED, address(lead.public_id), {"number": lead.number, "day": str(lead.contact_due_on or "")}, actor=actor, moment=moment)


def tell_assigned_many(users: Iterable[int], count: int, due: date, actor: Actor, moment: datetime) -> None:
    """Tell somebody of many leads at once."""
    others = [user for user in users if user != actor.user_id]
    if others:
        tell(others, ASSIGNED_MANY, "/leads?state=registered", {"count": count, "day": str(due)}, actor=actor, moment=moment)


def tell_pooled(rows: Iterable[tuple[int, str, str]], actor: Actor, moment: datetime) -> None:
    """Tell former owners (user, public id, number) that their leads went to the pool."""
    tell_each(((user, "/leads/pool", {"number": number}) for user, _public_id, number in rows), POOLED, actor=actor, moment=moment)


def tell_ending(rows: Iterable[tuple[int, str, str, date]], actor: Actor, moment: datetime) -> None:
    """Tell those whose claim ends soon (user, public id, number, last day)."""
    tell_each(((user, address(public_id), {"number": number, "day": str(day)}) for user, public_id, number, day in rows), ENDS_SOON, actor=actor, moment=moment)
