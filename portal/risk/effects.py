"""What is kept of how invitations worked: which events are to be looked at, and the newest of what was found (portal/risk/invited.py finds it)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from models import db
from models.club import ClubEvent, ClubSession, EventState
from models.club_invites import EventEffect, InviteList
from models.club_waves import ClubWave, ClubWaveEffect, ClubWavePlan
from portal.actors import Actor
from portal.audit import log
from portal.risk import methods
from portal.risk.comparing import Difference
from portal.risk.methods import Method

WINDOWS = (30, 90)
"""Days after an event's last day at which its invitations are read."""


def gained(window: Mapping[str, Any]) -> Difference:
    """What inviting brought in all, read back from JSON."""
    row = window["gained"]
    return Difference(row["invited"], row["held"], row["of_invited"] or 0, row["of_held"] or 0, row["low"], row["high"], row["tells"] or not row["enough"])


def due(until: date) -> list[int]:
    """Events that can be read (somebody was held out, or pairs can be made), whose first window is over by a settled day, and that were not looked at as of it, or
    need no more looking."""
    last = select(ClubSession.event_id, func.max(ClubSession.ends_at).label("ends_at")).group_by(ClubSession.event_id).subquery()
    drawn = select(InviteList.id).where(InviteList.event_id == ClubEvent.id, InviteList.percent > 0).exists()
    query = select(ClubEvent.id, last.c.ends_at, ClubEvent.zone, drawn.label("drawn")).join(last, last.c.event_id == ClubEvent.id)
    rows = db.session.execute(query.where(ClubEvent.state == EventState.PUBLISHED)).all()
    over = {row.id: row.drawn for row in rows if row.ends_at.astimezone(ZoneInfo(row.zone)).date() + timedelta(days=WINDOWS[0]) <= until}
    known = {row.event_id: row for row in newest(over)}
    open_yet = [number for number in over if number not in known or (known[number].until_day < until and not known[number].result["final"])]
    paired = methods.of_events(number for number in open_yet if not over[number])
    return sorted(number for number in open_yet if over[number] or paired[number].method is Method.PAIRS)


def newest(event_ids: Iterable[int]) -> list[EventEffect]:
    """What is known of events, the newest of each."""
    last = select(func.max(EventEffect.id)).where(EventEffect.event_id.in_(list(event_ids))).group_by(EventEffect.event_id)
    return list(db.session.execute(select(EventEffect).where(EventEffect.id.in_(last))).scalars())


def plans_due(until: date) -> list[int]:
    """Plans in waves of which two periods are over by a settled day, and that were not looked at as of it, or need no more looking."""
    second = select(ClubWave.plan_id, ClubWave.on_day).where(ClubWave.number == 2).subquery()
    latest = select(ClubWaveEffect.plan_id, func.max(ClubWaveEffect.id).label("last")).group_by(ClubWaveEffect.plan_id).subquery()
    query = select(ClubWavePlan.id, ClubWaveEffect.until_day, ClubWaveEffect.result).join(second, second.c.plan_id == ClubWavePlan.id)
    query = query.outerjoin(latest, latest.c.plan_id == ClubWavePlan.id).outerjoin(ClubWaveEffect, ClubWaveEffect.id == latest.c.last)
    rows = db.session.execute(query.where(second.c.on_day <= until + timedelta(days=1)).order_by(ClubWavePlan.id)).all()
    return [row.id for row in rows if row.until_day is None or (row.until_day < until and not row.result["final"])]


def newest_of_plan(plan_id: int) -> ClubWaveEffect | None:
    """What is known of a plan in waves, the newest."""
    return db.session.execute(select(ClubWaveEffect).where(ClubWaveEffect.plan_id == plan_id).order_by(ClubWaveEffect.id.desc()).limit(1)).scalar_one_or_none()


def keep_plan(plan: ClubWavePlan, result: Mapping[str, Any], until: date, *, actor: Actor, moment: datetime) -> None:
    """Store what was found of a plan in waves. Verb."""
    db.session.add(ClubWaveEffect(plan_id=plan.id, until_day=until, made_at=moment, result=dict(result)))
    db.session.flush()
    log.write(actor, moment, "club.waves_computed", "club_wave_plan", plan.public_id, after={"until": str(until)})


def keep(found: Mapping[int, Mapping[str, Any]], until: date, *, actor: Actor, moment: datetime) -> int:
    """Store what was found of events. Returns how many. Verb."""
    for event_id, result in found.items():
        db.session.add(EventEffect(event_id=event_id, until_day=until, made_at=moment, result=result))
    db.session.flush()
    if found:
        log.write(actor, moment, "club.effects_computed", "club_event", "", after={"events": sorted(found), "until": str(until)})
    return len(found)
