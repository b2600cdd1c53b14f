"""Giving many leads to people at once: looked at first, then all of them or none.

    plan = planned(actor, public_ids, ["S001", "S002"], today)       # what would come of it; writes nothing
    assign_many(plan.given, actor=…, moment=…, today=…)              # exactly that, in the open transaction

Whoever is chosen and has left, or has no room, is named and gets nothing. What was done is undone like any other assignment: by giving
the leads to somebody else, one by one or many at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import insert, select, update

from models import db
from models.leads import Lead, LeadEntry, LeadTask
from models.partners import Staff
from portal.actors import Actor
from portal.audit import log
from portal.leads.deadlines import contact_due
from portal.leads.owners import Colleague, colleague, colleagues, is_open, users_of
from portal.leads.policy import visible_to
from portal.leads.pool import ASSIGNED
from portal.leads.states import OPEN
from portal.leads.telling import tell_assigned_many
from portal.leads.terms import Terms, terms
from portal.permissions import Can
from portal.refusals import Conflict, NotFound, Refusal

MOST = 500
"""Leads of one assignment."""


class Given(NamedTuple):
    """One lead for one of the staff, as it was looked at."""

    public_id: str
    version: int
    staff_no: str


class Place(NamedTuple):
    """One of the staff, what he holds, what he gets, and how many he may hold."""

    staff_no: str
    name: str
    holds: int
    gets: int
    most: int


@dataclass
class Plan:
    """What would come of an assignment: who gets what, which leads stay where they are and why (a msgid), and who gets nothing."""

    given: list[Given] = field(default_factory=list)
    leads: dict[str, Lead] = field(default_factory=dict)
    places: list[Place] = field(default_factory=list)
    staying: list[tuple[Lead, str]] = field(default_factory=list)
    refused: list[tuple[str, Refusal]] = field(default_factory=list)


def dealt(wanted: Sequence[tuple[str, str]], room: dict[str, int]) -> tuple[dict[str, str], dict[str, str]]:
    """Deal things, each with its present owner, to people in turn while they have room; nobody gets what he has. Pure.

    Returns who gets which, and why the rest stays.

    >>> dealt([("a", ""), ("b", "S1"), ("c", ""), ("d", "")], {"S1": 2, "S2": 1})
    ({'a': 'S1', 'b': 'S2', 'c': 'S1'}, {'d': 'full'})
    >>> dealt([("a", "S1")], {"S1": 5})
    ({}, {'a': 'his'})
    """
    left, turn = dict(room), list(room)
    got: dict[str, str] = {}
    stays: dict[str, str] = {}
    for thing, owner in wanted:
        free = [who for who in turn if left[who] > 0]
        who = next((one for one in free if one != owner), None)
        if who is None:
            stays[thing] = "his" if free or owner in room else "full"
            continue
        got[thing], left[who] = who, left[who] - 1
        turn.append(turn.pop(turn.index(who)))
    return got, stays


def planned(actor: Actor, public_ids: Iterable[str], staff_nos: Iterable[str], today: date) -> Plan:
    """What giving these leads to these people in turn would do. Raises NotAllowed, Refusal where nothing or too much is chosen."""
    actor.need(Can.LEAD_ASSIGN)
    wanted, chosen = list(dict.fromkeys(public_ids)), list(dict.fromkeys(staff_nos))
    if not wanted or len(wanted) > MOST:
        raise Refusal("choose 1 to %(most)s leads", most=MOST)
    if not chosen:
        raise Refusal("choose to whom the leads are given")
    plan, rules = Plan(), terms()
    there = {one.staff_no: one for one in colleagues(actor, today)}
    found = db.session.execute(select(Lead, Staff.staff_no).outerjoin(Staff, Staff.id == Lead.owner_staff_id).where(Lead.public_id.in_(wanted), visible_to(actor, Can.LEAD_ASSIGN)))
    rows = {lead.public_id: (lead, owner or "") for lead, owner in found}
    ready = [(key, rows[key][1]) for key in wanted if key in rows and rows[key][0].state in OPEN]
    room = {number: max(0, rules.leads_per_staff - there[number].leads) for number in chosen if _may_get(number, there, plan, actor, today)}
    got, stays = dealt(ready, room)
    plan.leads = {key: rows[key][0] for key in got}
    plan.given = [Given(key, rows[key][0].version, staff_no) for key, staff_no in got.items()]
    plan.staying = [(rows[key][0], stays[key]) for key in stays] + [(lead, "state") for lead, _owner in rows.values() if lead.state not in OPEN]
    plan.places = [_place(there[number], [one for one in plan.given if one.staff_no == number], rules) for number in room]
    return plan


def _may_get(staff_no: str, there: dict[str, Colleague], plan: Plan, actor: Actor, today: date) -> bool:
    """Whether somebody is there; who is not is named with the reason."""
    if staff_no in there:
        return True
    try:
        colleague(actor, staff_no, today)
    except (Refusal, NotFound) as refusal:
        plan.refused.append((staff_no, refusal))
    return False


def _place(one: Colleague, given: Sequence[Given], rules: Terms) -> Place:
    return Place(one.staff_no, one.name, one.leads, len(given), rules.leads_per_staff)


def assign_many(given: Sequence[Given], *, actor: Actor, moment: datetime, today: date) -> int:
    """Give the leads to the people, all of them or none, inside the open transaction. Returns how many. Verb.

    Raises NotAllowed; NotFound for a lead that one may not give; Refusal for somebody who left; Conflict where a lead was changed since
    it was looked at, or somebody has no room for all of his.
    """
    actor.need(Can.LEAD_ASSIGN)
    if not given or len(given) > MOST or len({one.public_id for one in given}) != len(given):
        raise Refusal("choose 1 to %(most)s leads", most=MOST)
    rules = terms()
    people = {number: colleague(actor, number, today) for number in sorted({one.staff_no for one in given})}
    leads = _held(given, actor)  # leads before people, as everybody else takes them: nobody waits in a ring
    _need_rooms(given, people, rules)
    before = dict(db.session.execute(select(Staff.id, Staff.staff_no).where(Staff.id.in_({lead.owner_staff_id for lead in leads.values()} - {None}))).all())
    due = contact_due(today, rules)
    lines, entries = [], []
    for one in given:
        lead, old = leads[one.public_id], before.get(leads[one.public_id].owner_staff_id or 0, "")
        lines.append(log.Line("lead.assigned", "lead", lead.number, before={"staff": old}, after={"staff": one.staff_no, "together": len(given)}))
        said = {"lead_id": lead.id, "claim_id": None, "at": moment, "actor_id": actor.user_id, "actor_label": actor.label, "text": ""}
        entries.append(said | {"action": ASSIGNED, "details": {"staff": one.staff_no, "before": old}})
    for number, who in people.items():
        _give([leads[one.public_id].id for one in given if one.staff_no == number], who.id, moment, due)
    db.session.execute(insert(LeadEntry), entries)
    log.write_many(actor, moment, lines)
    for number, who in people.items():
        tell_assigned_many(users_of(who.id), sum(one.staff_no == number for one in given), due, actor, moment)
    db.session.expire_all()
    return len(given)


def _need_rooms(given: Sequence[Given], people: dict[str, Colleague], rules: Terms) -> None:
    """Hold the rows of all who get something, in one order, and count what they hold. Raises Conflict where one has not enough room."""
    ids = sorted(who.id for who in people.values())
    db.session.execute(select(Staff.id).where(Staff.id.in_(ids)).order_by(Staff.id).with_for_update()).all()
    owners = list(db.session.execute(select(Lead.owner_staff_id).where(Lead.owner_staff_id.in_(ids), is_open())).scalars())
    for number, who in people.items():
        holds, gets = owners.count(who.id), sum(one.staff_no == number for one in given)
        if holds + gets > rules.leads_per_staff:
            raise Conflict(
                "%(number)s looks after %(holds)s open leads already: there is no room for %(gets)s more, %(most)s are the most",
                number=number,
                holds=holds,
                gets=gets,
                most=rules.leads_per_staff,
            )


def _held(given: Sequence[Given], actor: Actor) -> dict[str, Lead]:
    """The leads, held until the transaction ends, as they were looked at. Raises NotFound, Conflict."""
    keys = [one.public_id for one in given]
    query = select(Lead).where(Lead.public_id.in_(keys), visible_to(actor, Can.LEAD_ASSIGN)).order_by(Lead.id)
    leads = {lead.public_id: lead for lead in db.session.execute(query.with_for_update().execution_options(populate_existing=True)).scalars()}
    for one in given:
        lead = leads.get(one.public_id)
        if lead is None:
            raise NotFound("there is no lead that you may see under this address")
        if lead.version != one.version or lead.state not in OPEN:
            raise Conflict("%(number)s was changed by somebody meanwhile: look again, nothing of yours was written", number=lead.number)
    return leads


def _give(lead_ids: list[int], staff_id: int, moment: datetime, due: date) -> None:
    """What `pool.give` does to one, to many."""
    whole = {"synchronize_session": False}
    values = {"owner_staff_id": staff_id, "owned_since": moment, "pool_since": None, "last_activity_at": moment, "version": Lead.version + 1}
    db.session.execute(update(Lead).where(Lead.id.in_(lead_ids)).values(**values), execution_options=whole)
    db.session.execute(update(Lead).where(Lead.id.in_(lead_ids), Lead.contacted_at.is_(None)).values(contact_due_on=due), execution_options=whole)
    db.session.execute(update(Lead).where(Lead.id.in_(lead_ids), Lead.contacted_at.is_not(None)).values(contact_due_on=None), execution_options=whole)
    db.session.execute(update(LeadTask).where(LeadTask.lead_id.in_(lead_ids), LeadTask.done_at.is_(None)).values(owner_staff_id=staff_id), execution_options=whole)
