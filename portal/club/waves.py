"""Invitations in waves (stepped wedge): the order is drawn and stored before anybody is told, every client's day comes, and a wave is written to on its day
or later, never before. Whoever is invited by right stands outside of the lot."""

from __future__ import annotations

import hashlib
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, func, select

from models import db
from models.club import ClubEvent, EventState
from models.club_waves import ClubWave, ClubWaveClient, ClubWavePlan, ClubWaveSending
from portal.actors import Actor
from portal.bulk import insert_rows
from portal.club import capacity, invites
from portal.club.entries import note
from portal.club.invites import Candidate
from portal.club.lot import shuffled
from portal.permissions import Can
from portal.refusals import Conflict, NotFound, Refusal
from portal.versions import table_of

FEWEST, MOST = 2, 8
"""Waves of a plan."""
SHORTEST, LONGEST = 7, 60
"""Days from wave to wave."""
MOST_CLIENTS = 2_000
"""Where there are more, a part can be held out instead."""


@dataclass(frozen=True)
class Steps:
    """How a plan is to be drawn: the evening to which each wave is invited, the day of the first wave, and the days from wave to wave."""

    event_ids: tuple[int, ...]
    first: date
    gap_days: int

    @property
    def days(self) -> list[date]:
        """The day of each wave."""
        return [self.first + timedelta(days=self.gap_days * place) for place in range(len(self.event_ids))]


def sizes(clients: int, waves: int) -> list[int]:
    """How many clients stand in each wave: as alike as can be, the earlier ones larger by one.

    >>> sizes(10, 4)
    [3, 3, 2, 2]
    """
    return [clients // waves + (place < clients % waves) for place in range(waves)]


def order(seed: str, numbers: Sequence[str], waves: int) -> list[tuple[str, int]]:
    """Every client number in the drawn order with its wave."""
    drawn = shuffled(seed, numbers)
    of_place = [wave for wave, size in enumerate(sizes(len(drawn), waves), 1) for _one in range(size)]
    return list(zip(drawn, of_place, strict=True))


def check(steps: Steps, clients: int, today: date) -> dict[int, ClubEvent]:
    """The evenings of a plan. Raises Refusal where it cannot be carried out: too few or too many waves or clients, a day that has passed, or an evening for which
    nobody can sign up any more on the day of its wave."""
    waves = len(steps.event_ids)
    if not FEWEST <= waves <= MOST:
        raise Refusal("a plan has %(least)s to %(most)s waves", least=FEWEST, most=MOST)
    if not SHORTEST <= steps.gap_days <= LONGEST:
        raise Refusal("between two waves lie %(least)s to %(most)s days", least=SHORTEST, most=LONGEST)
    if steps.first < today:
        raise Refusal("the day of the first wave has passed")
    if not waves <= clients <= MOST_CLIENTS:
        raise Refusal("a plan has %(least)s to %(most)s clients; these are %(found)s", least=waves, most=MOST_CLIENTS, found=clients)
    found = {row.id: row for row in db.session.execute(select(ClubEvent).where(ClubEvent.id.in_(steps.event_ids), ClubEvent.state == EventState.PUBLISHED)).scalars()}
    for number, day in zip(steps.event_ids, steps.days, strict=True):
        if number not in found:
            raise Refusal("choose for each wave an evening that is open for booking")
        if found[number].sales_end_at.astimezone(ZoneInfo(found[number].zone)).date() <= day:
            raise Refusal("on %(day)s nobody can sign up for %(title)s any more: choose a later evening, or an earlier day", day=day.isoformat(), title=found[number].title)
    return found


def digest_of(candidates: Sequence[Candidate], steps: Steps) -> str:
    """What stands for a preview: the draw does exactly what was shown."""
    return hashlib.sha256(f"{invites.digest_of(candidates)} {steps}".encode()).hexdigest()


def draw(
    event_id: int, candidates: Sequence[Candidate], steps: Steps, criteria: Mapping[str, Any], settled_on: date | None, *, actor: Actor, moment: datetime, today: date
) -> ClubWavePlan:
    """Draw the order and store every client's wave; nobody is told anything by this. Raises NotAllowed, NotFound; Refusal as `check` says; Conflict where a client
    stands in a list or a plan of one of the evenings already. Verb."""
    actor.need(Can.CLUB_EDIT)
    event = capacity.locked(event_id)
    promised = invites.promised(event.id)
    known = {one.client_no: one for one in candidates if one.client_no not in promised}
    check(steps, len(known), today)
    if any(known.keys() & invites.listed(number) for number in set(steps.event_ids)):
        raise Conflict("a client stands in a list of this event already: look again")
    seed = secrets.token_hex(32)
    made = {"criteria": dict(criteria), "seed": seed, "gap_days": steps.gap_days, "settled_on": settled_on}
    plan = ClubWavePlan(public_id=secrets.token_hex(8), event_id=event.id, **made, drawn_at=moment, drawn_by_id=actor.user_id, drawn_label=actor.label)
    db.session.add(plan)
    db.session.flush()
    db.session.add_all(ClubWave(plan_id=plan.id, number=place, on_day=day, event_id=number) for place, (number, day) in enumerate(zip(steps.event_ids, steps.days, strict=True), 1))
    db.session.flush()
    drawn = order(seed, list(known), len(steps.event_ids))
    rows = [(plan.id, number, place, wave, known[number].equity) for place, (number, wave) in enumerate(drawn, 1)]
    insert_rows(table_of(ClubWaveClient), ("plan_id", "client_no", "place", "wave", "equity"), rows)
    note(event.id, None, "waves_drawn", actor, moment, plan=plan.public_id, seed=seed, days=[day.isoformat() for day in steps.days], waves=Counter(wave for _number, wave in drawn))
    return plan


def send(public_id: str, number: int, *, actor: Actor, moment: datetime, today: date) -> ClubWaveSending:
    """Write to the clients of a wave who can sign in. Whoever took back his consent is not written to, and stays in his wave. Raises NotAllowed, NotFound; Conflict
    where it was sent, an earlier wave was not, or its day has not come; Refusal where nobody can sign up. Verb."""
    actor.need(Can.CLUB_EDIT)
    plan = plan_of(public_id)
    capacity.locked(plan.event_id)
    rows = waves_of(plan.id)
    found = next((row for row in rows if row.ClubWave.number == number), None)
    if found is None:
        raise NotFound("there is no such wave")
    wave, event = found.ClubWave, capacity.locked(found.ClubWave.event_id)
    if found.ClubWaveSending is not None:
        raise Conflict("this wave was sent already")
    if wave.on_day > today:
        raise Conflict("the day of this wave is %(day)s: who is told earlier cannot be compared any more", day=wave.on_day.isoformat())
    if any(row.ClubWaveSending is None for row in rows if row.ClubWave.number < number):
        raise Conflict("an earlier wave was not sent yet: send that one first")
    if event.state != EventState.PUBLISHED or event.sales_end_at <= moment:
        raise Refusal("nobody can sign up for this event now: open it for booking first")
    own = select(ClubWaveClient.client_no).where(ClubWaveClient.plan_id == plan.id, ClubWaveClient.wave == number)
    told, unreached = invites.write_to(event, own, f"wave:{wave.id}", actor, moment)
    row = ClubWaveSending(wave_id=wave.id, at=moment, told=told, unreached=unreached, actor_label=actor.label)
    db.session.add(row)
    db.session.flush()
    note(event.id, None, "wave_sent", actor, moment, plan=plan.public_id, wave=number, told=row.told, unreached=row.unreached)
    return row


def plan_of(public_id: str) -> ClubWavePlan:
    """A plan by its address. Raises NotFound."""
    found = db.session.execute(select(ClubWavePlan).where(ClubWavePlan.public_id == public_id)).scalar_one_or_none()
    if found is None:
        raise NotFound("there is no such plan")
    return found


def waves_of(plan_id: int) -> Sequence[Row[Any]]:
    """The waves of a plan in their order: the wave, its sending or None, its event, how many clients it has."""
    counted = select(ClubWaveClient.wave, func.count().label("clients")).where(ClubWaveClient.plan_id == plan_id).group_by(ClubWaveClient.wave).subquery()
    query = select(ClubWave, ClubWaveSending, ClubEvent, func.coalesce(counted.c.clients, 0).label("clients")).join(ClubEvent, ClubEvent.id == ClubWave.event_id)
    query = query.outerjoin(ClubWaveSending, ClubWaveSending.wave_id == ClubWave.id).outerjoin(counted, counted.c.wave == ClubWave.number)
    return db.session.execute(query.where(ClubWave.plan_id == plan_id).order_by(ClubWave.number)).all()


def plans_of(event_id: int) -> Sequence[ClubWavePlan]:
    """The plans that were made from an event, the newest first."""
    return db.session.execute(select(ClubWavePlan).where(ClubWavePlan.event_id == event_id).order_by(ClubWavePlan.id.desc())).scalars().all()
