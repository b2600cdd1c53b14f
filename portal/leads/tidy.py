"""What the days themselves decide, written down once a day: idle leads and those of people who left go to the pool, claims that
have run out are lapsed, and whoever's claim ends soon is told.

The clock decides, not this: a claim that has run out protects nobody from that day on, whether or not it was tidied. Everything
here is set-based, and once more is the same as once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, insert, or_, select, update
from sqlalchemy.orm import aliased

from models import db
from models.identity import User, UserState
from models.leads import Claim, ClaimState, Lead, LeadEntry, number_of
from models.partners import Broker, Staff, StaffVersion
from portal.actors import Actor
from portal.audit import log
from portal.leads.owners import is_open
from portal.leads.pool import POOLED
from portal.leads.protection import HOLDING, last_day
from portal.leads.states import RUN_OUT, end_of, starts_of
from portal.leads.telling import tell_ending, tell_pooled
from portal.leads.terms import Terms, terms
from portal.versions import current
from portal.webhooks.recording import Happened, record

CHUNK = 500
"""Leads of one statement."""
PART = 2_000
"""Leads of one call: whoever calls again in another transaction keeps each of them short."""
SOON = timedelta(days=7)
"""So long before its last day the end of a claim is announced."""


@dataclass(frozen=True)
class Day:
    """The day that is tidied for, and by whom at which moment."""

    today: date
    actor: Actor
    moment: datetime
    rules: Terms


def tidy(today: date, actor: Actor, moment: datetime, *, since: date) -> dict[str, int]:
    """Do all of it inside the open transaction; `since` is the last day that was tidied for. Returns how many of each."""
    day = Day(today, actor, moment, terms())
    return {name: _all(part, day) for name, part in PARTS.items()} | {"told": announce(day, since)}


def leave(day: Day) -> int:
    """The open leads of people who left go to the pool."""
    staff = current(StaffVersion).subquery()
    gone = select(staff.c.staff_id).where(staff.c.left_on.is_not(None), staff.c.left_on <= day.today)
    return _pool(Lead.owner_staff_id.in_(gone), "left", day)


def fall_into_pool(day: Day) -> int:
    """Leads on which nobody worked for the days of the terms go to the pool, whether or not they had an owner."""
    idle = Lead.last_activity_at < day.moment - timedelta(days=day.rules.unworked_days)
    return _pool(and_(Lead.pool_since.is_(None), idle), "idle", day)


def lapse(day: Day) -> int:
    """Claims that have run out are lapsed, and so are their leads, unless another claim counts or their owner works on them."""
    newest = (Claim.id, Claim.lead_id, Claim.protected_until, Claim.last_activity_on)
    due = db.session.execute(select(*newest).where(_counted(), _run_out(day)).order_by(Claim.id).limit(PART)).all()
    for claims in _chunks(due):
        ended = {"state": ClaimState.LAPSED, "ended_at": day.moment, "ended_why": "time"}
        db.session.execute(update(Claim).where(Claim.id.in_([claim.id for claim in claims])).values(**ended))
        ends = {claim.lead_id: last_day(claim.protected_until, claim.last_activity_on, day.rules) for claim in claims}
        _note({claim.lead_id: claim.id for claim in claims}, "claim_lapsed", {lead: {"until": str(end)} for lead, end in ends.items()}, day)
        _lapse_leads(list(ends), day)
    return len(due)


def announce(day: Day, since: date) -> int:
    """Tell whose claim ends in a week, once: those whose last day came within a week after the last tidying."""
    soon = day.today + SOON
    query = (
        select(User.id, Lead.public_id, Lead.id, Lead.registered_at, Claim.protected_until, Claim.last_activity_on)
        .select_from(Claim)
        .join(Lead, Lead.id == Claim.lead_id)
        .outerjoin(Broker, Broker.id == Claim.broker_id)
        .outerjoin(Staff, Staff.id == Claim.staff_id)
        .join(User, or_(User.broker_no == Broker.broker_no, User.staff_no == Staff.staff_no))
        .where(Claim.state.in_(HOLDING), is_open(), User.state != UserState.DISABLED, _ends_by(soon, day))
        .order_by(Claim.id, User.id)
    )
    rows = []
    for user, public_id, lead_id, registered_at, until, active in db.session.execute(query):
        end = last_day(until, active, day.rules)
        if since + SOON < end <= soon:
            rows.append((user, public_id, number_of(registered_at, lead_id), end))
    tell_ending(rows, day.actor, day.moment)
    return len(rows)


PARTS: dict[str, Callable[[Day], int]] = {"left": leave, "pooled": fall_into_pool, "lapsed": lapse}
"""What is written down, at most PART of each at a time; a call that does fewer has done the rest."""


def _all(part: Callable[[Day], int], day: Day) -> int:
    total = done = part(day)
    while done == PART:
        done = part(day)
        total += done
    return total


def _counted() -> ColumnElement[bool]:
    """The condition on Claim that the clock ends it: protected, or decided by a case about somebody who is no client yet."""
    return or_(Claim.state == ClaimState.PROTECTED, and_(Claim.state == ClaimState.DECIDED, Claim.lead_id.in_(select(Lead.id).where(is_open()))))


def _run_out(day: Day) -> ColumnElement[bool]:
    """The condition on Claim that its last day is over."""
    return or_(Claim.protected_until < day.today, Claim.last_activity_on < day.today - timedelta(days=day.rules.idle_days))


def _ends_by(soon: date, day: Day) -> ColumnElement[bool]:
    return or_(Claim.protected_until <= soon, Claim.last_activity_on <= soon - timedelta(days=day.rules.idle_days))


def _pool(condition: ColumnElement[bool], why: str, day: Day) -> int:
    owner = aliased(Staff)
    query = select(Lead.id, Lead.public_id, Lead.registered_at, Lead.owner_staff_id, owner.staff_no).outerjoin(owner, owner.id == Lead.owner_staff_id)
    rows = db.session.execute(query.where(is_open(), condition).order_by(Lead.id).limit(PART).with_for_update(of=Lead)).all()
    for leads in _chunks(rows):
        values = {"pool_since": day.moment, "owner_staff_id": None, "owned_since": None, "version": Lead.version + 1}
        db.session.execute(update(Lead).where(Lead.id.in_([row.id for row in leads])).values(**values), execution_options={"synchronize_session": False})
        _note(dict.fromkeys([row.id for row in leads]), POOLED, {row.id: {"why": why, "staff": row.staff_no or ""} for row in leads}, day)
        log.write_many(day.actor, day.moment, (log.Line("lead.pooled", "lead", _number(row), before={"staff": row.staff_no}, after={"why": why}) for row in leads))
        _tell_owners(leads, day)
    db.session.expire_all()
    return len(rows)


def _tell_owners(leads: Sequence[Any], day: Day) -> None:
    numbers = {row.staff_no for row in leads if row.staff_no}
    users: dict[str, list[int]] = {}
    for user, staff_no in db.session.execute(select(User.id, User.staff_no).where(User.staff_no.in_(numbers), User.state != UserState.DISABLED)):
        users.setdefault(str(staff_no), []).append(user)
    tell_pooled(((user, row.public_id, _number(row)) for row in leads for user in users.get(row.staff_no or "", ())), day.actor, day.moment)


def _lapse_leads(lead_ids: Sequence[int], day: Day) -> None:
    """The leads of claims that have just lapsed, except where another claim counts or the owner is at work."""
    other = exists().where(Claim.lead_id == Lead.id, Claim.state.in_([*HOLDING, ClaimState.DISPUTED]))
    at_work = and_(Lead.owner_staff_id.is_not(None), Lead.last_activity_at >= day.moment - timedelta(days=day.rules.idle_days))
    query = select(Lead.id, Lead.public_id, Lead.registered_at, Lead.state).where(Lead.id.in_(lead_ids), Lead.state.in_(starts_of(RUN_OUT)), ~other, ~at_work).order_by(Lead.id)
    rows = db.session.execute(query.with_for_update()).all()
    if not rows:
        return
    values = {"state": end_of(RUN_OUT), "state_since": day.moment, "state_reason": RUN_OUT, "pool_since": None, "contact_due_on": None, "version": Lead.version + 1}
    db.session.execute(update(Lead).where(Lead.id.in_([row.id for row in rows])).values(**values), execution_options={"synchronize_session": False})
    _note(dict.fromkeys([row.id for row in rows]), "lapse", {row.id: {"from": row.state, "to": end_of(RUN_OUT).value, "why": RUN_OUT} for row in rows}, day)
    lines = (log.Line("lead.lapse", "lead", _number(row), before={"state": row.state}, after={"state": end_of(RUN_OUT).value, "why": RUN_OUT}) for row in rows)
    log.write_many(day.actor, day.moment, lines)
    told = [Happened(_number(row), f"/leads/{row.public_id}", {"from": str(row.state), "to": end_of(RUN_OUT).value}) for row in rows]
    record("lead.decided", told, day.moment)
    db.session.expire_all()


def _note(claim_of: dict[int, int] | dict[int, None], action: str, details: dict[int, dict[str, str]], day: Day) -> None:
    rows = [
        {"lead_id": lead, "claim_id": claim, "at": day.moment, "actor_id": None, "actor_label": day.actor.label, "action": action, "text": "", "details": details[lead]}
        for lead, claim in claim_of.items()
    ]
    if rows:
        db.session.execute(insert(LeadEntry), rows)


def _number(row: Any) -> str:
    return number_of(row.registered_at, row.id)


def _chunks(rows: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK))
