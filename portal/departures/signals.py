"""Signals of a day: worked out from what was known then, kept, rested where somebody explained them, and every look at them written down. Verbs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import select

from models import db
from models.departure_signals import DepartureSignal, SignalKind, SignalLook, SignalRest, SignalRun
from portal.actors import Actor
from portal.audit import log
from portal.departures import signal_rules as rules
from portal.departures.exposure import Kind, Person, nobody
from portal.departures.signal_facts import Key, Seen, Who, seen
from portal.permissions import Can
from portal.refusals import Refusal
from portal.risk.gathering import Progress

RESTS = (30, 60, 90, 180)
"""For so many days a signal may rest."""
APPEALED = 180
"""Days for which all signals of a person rest whose appeal was upheld."""
SHORTEST, LONGEST = 4, 400
"""Characters of the reason."""


class Raised(NamedTuple):
    """A signal about somebody."""

    who: Who
    kind: SignalKind
    evidence: dict[str, Any]


def raised(day: date, zone: ZoneInfo, progress: Progress) -> tuple[int, list[Raised]]:
    """How many were looked at, and every signal about them as of a day; nothing recorded after its evening is used, and nothing is kept."""
    known = seen(day, zone, progress)
    found = [Raised(who, sign.kind, sign.evidence) for who in known.people for sign in signs_of(known, who) if sign is not None]
    return len(known.people), found


def signs_of(known: Seen, who: Who) -> Iterable[rules.Sign | None]:
    """Every rule, asked about one person."""
    key: Key = (who.kind, who.id)
    if who.kind is Kind.BROKER:
        for kind in (SignalKind.AGREEMENT_ENDS, SignalKind.LICENCE_ENDS):
            yield rules.ending(kind, known.ends.get((kind, who.id), ()), known.day)
    for kind in (SignalKind.NO_SIGN_IN, SignalKind.NO_LEAD, SignalKind.NO_CONTACT):
        yield rules.silence(kind, known.deeds.get((kind, key), ()), known.day)
    for one in known.clusters.get(key, ()):
        yield rules.cluster(one.kind, one.counted, **one.more)
    for kind in (SignalKind.LOOK_UPS, SignalKind.EXPORTS):
        if (kind, key) in known.weeks:
            yield rules.unusual(kind, known.weeks[kind, key], known.known_weeks.get(key, 0))


def keep(day: date, persons: int, found: Iterable[Raised], *, actor: Actor, moment: datetime) -> SignalRun:
    """Keep the signals of a day. One that stood in the newest run before goes on from its first day."""
    since = _standing(day)
    run = SignalRun(on_day=day, rule_version=rules.VERSION, made_at=moment, persons=persons)
    db.session.add(run)
    db.session.flush()
    rows = [
        DepartureSignal(run_id=run.id, kind=kind, first_on=since.get((who.kind, who.id, kind.value), day), evidence=evidence, **_columns(who.kind, who.id))
        for who, kind, evidence in found
    ]
    db.session.add_all(rows)
    log.write(actor, moment, "signals.raised", "signal_run", str(run.id), after={"on": str(day), "rules": rules.VERSION, "persons": persons, "signals": len(rows)})
    return run


def _standing(day: date) -> dict[tuple[Kind, int, str], date]:
    """The signals of the newest run of an earlier day, with their first days."""
    before = select(SignalRun.id).where(SignalRun.on_day < day).order_by(SignalRun.on_day.desc(), SignalRun.id.desc()).limit(1).scalar_subquery()
    rows = db.session.execute(select(DepartureSignal).where(DepartureSignal.run_id == before)).scalars()
    return {(Kind.STAFF if row.staff_id else Kind.BROKER, row.staff_id or row.broker_id or 0, row.kind): row.first_on for row in rows}


def _columns(kind: Kind, key: int) -> dict[str, int | None]:
    return {"staff_id": key if kind is Kind.STAFF else None, "broker_id": key if kind is Kind.BROKER else None}


def check_not_own(actor: Actor, kind: Kind, number: str) -> None:
    """Nobody is told anything about himself here. Raises NotFound, as for somebody who is not there."""
    if number == (actor.staff_no if kind is Kind.STAFF else actor.broker_no):
        raise nobody(kind, number)


def look(person: Person, run_id: int | None, *, actor: Actor, moment: datetime) -> None:
    """Write down that somebody opens the evidence about one person. Raises NotAllowed, and NotFound for himself."""
    actor.need(Can.SIGNAL_SEE)
    check_not_own(actor, person.kind, person.number)
    row = SignalLook(at=moment, actor_id=actor.user_id, actor_label=actor.label, run_id=run_id, **_columns(person.kind, person.key))
    db.session.add(row)
    db.session.flush()
    log.write(actor, moment, "signals.looked", "signal_look", str(row.id))


def rest(person: Person, kind: SignalKind, days: int, reason: str, *, actor: Actor, moment: datetime, today: date) -> SignalRest:
    """A signal is explained and no sign: it rests through the last of so many days, today counted.

    Raises NotAllowed, NotFound for himself, Refusal without a reason or for another number of days."""
    actor.need(Can.SIGNAL_SEE)
    check_not_own(actor, person.kind, person.number)
    if not SHORTEST <= len(reason.strip()) <= LONGEST:
        raise Refusal("say what explains it, in %(shortest)s to %(longest)s characters", shortest=SHORTEST, longest=LONGEST)
    if days not in RESTS:
        raise Refusal("a signal rests for 30, 60, 90 or 180 days")
    row = _rest(person, kind, today + timedelta(days=days - 1), reason.strip(), actor, moment)
    log.write(actor, moment, "signals.explained", "signal_rest", str(row.id), after={"kind": kind.value, "until": str(row.until_on)})
    return row


def rest_all(person: Person, departure_id: int, reason: str, *, actor: Actor, moment: datetime, today: date) -> date:
    """All signals of somebody rest after an upheld appeal; returns through which day."""
    until = today + timedelta(days=APPEALED - 1)
    for kind in SignalKind:
        _rest(person, kind, until, reason[:LONGEST], actor, moment, departure_id)
    return until


def _rest(person: Person, kind: SignalKind, until: date, reason: str, actor: Actor, moment: datetime, departure_id: int | None = None) -> SignalRest:
    said = {"until_on": until, "reason": reason, "departure_id": departure_id, "at": moment, "actor_id": actor.user_id, "actor_label": actor.label}
    row = SignalRest(kind=kind, **said, **_columns(person.kind, person.key))
    db.session.add(row)
    db.session.flush()
    return row
