"""Whether somebody may book an event: what is known of him and of the event, held against the rule of portal/club/admission.py."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from models import db
from models.clients import AccountVersion
from models.club import Admitted, ClubEvent
from models.club_membership import ClubMember, ClubTier
from models.club_waitlist import WaitPlace
from models.identity import Role, UserRole
from models.suitability import SuitabilityTest
from portal.clients.queries import newest_version
from portal.club import members
from portal.club.admission import Answer, Facts, Terms, Test, decide
from portal.club.membership import Span, expected_on
from portal.refusals import Refusal
from portal.suitability.queries import newest

EMPLOYED = frozenset({Role.STAFF, Role.BRANCH_MANAGER, Role.COMPLIANCE, Role.FINANCE, Role.AUDITOR, Role.ADMIN})


class NotEligible(Refusal):
    """Somebody may not book this event on that day; `message` says why, and what to do."""


class Person(NamedTuple):
    """Who asks: his key as a person, and his sign-in where he has one."""

    key: str
    user_id: int | None


def answer(event: ClubEvent, person: Person, starts_at: datetime, moment: datetime, seats: int = 1) -> Answer:
    """Hold a person against what an event asks for, on its own day by the clocks of its place."""
    zone = ZoneInfo(event.zone)
    terms, facts = terms_of([event])[event.id], facts_of([person])[person.key]
    return decide(terms, facts, starts_at.astimezone(zone).date(), moment.astimezone(zone).date(), seats)


def need(event: ClubEvent, person: Person, starts_at: datetime, moment: datetime, seats: int = 1) -> None:
    """Raises NotEligible where a person may not book so many seats of an event."""
    found = answer(event, person, starts_at, moment, seats)
    if not found.may:
        raise NotEligible(found.message, **{**found.values, "tiers": " / ".join(f"{tier.name} {tier.name_en}".strip() for tier in found.tiers)})


def wait_priority(event: ClubEvent, person: str, starts_at: datetime, moment: datetime) -> int:
    """Where a person's tier puts him on a waitlist (9 first, 0 as everybody): the tier that he is to have on the day of the event (M1)."""
    member = members.of_person(person)
    if member is None:
        return 0
    zone = ZoneInfo(event.zone)
    span = expected_on(members.spans(member.id), starts_at.astimezone(zone).date(), moment.astimezone(zone).date())
    return db.session.execute(select(ClubTier.wait_priority).where(ClubTier.id == span.tier_id)).scalar_one() if span is not None else 0


def barred(events: Sequence[ClubEvent], starts: Mapping[int, datetime], places: Iterable[WaitPlace], moment: datetime) -> set[int]:
    """Of those who wait, the places of who may not come any more; in a few statements, however many events and places."""
    by_id = {event.id: event for event in events if event.id in starts and (event.tiers or event.admitted or event.grade_least)}
    asked = [place for place in places if place.event_id in by_id]
    if not asked:
        return set()
    terms, facts = terms_of(list(by_id.values())), facts_of([Person(place.person, place.user_id) for place in asked])
    found = set()
    for place in asked:
        zone = ZoneInfo(by_id[place.event_id].zone)
        day, today = starts[place.event_id].astimezone(zone).date(), moment.astimezone(zone).date()
        if not decide(terms[place.event_id], facts[place.person], day, today, place.seats).may:
            found.add(place.id)
    return found


def terms_of(events: Sequence[ClubEvent]) -> dict[int, Terms]:
    """What events ask for, by event."""
    keys = {key for event in events for key in event.tiers}
    tiers = list(db.session.execute(select(ClubTier).where(ClubTier.key.in_(keys)).order_by(ClubTier.rank)).scalars()) if keys else []
    return {event.id: Terms(frozenset(map(Admitted, event.admitted)), tuple(tier for tier in tiers if tier.key in event.tiers), event.grade_least) for event in events}


def facts_of(people: Sequence[Person]) -> dict[str, Facts]:
    """What is known of persons, by their keys."""
    roles: dict[int, set[str]] = {}
    for row in db.session.execute(select(UserRole.user_id, UserRole.role).where(UserRole.user_id.in_({one.user_id for one in people if one.user_id is not None}))):
        roles.setdefault(row.user_id, set()).add(row.role)
    keys = [one.key for one in people]
    known = members.of_persons(keys)
    spans, tests = members.spans_of({one.id for one in known.values()}), _tests(keys, known)
    return {one.key: Facts(_kinds(one, roles.get(one.user_id or 0, set())), _spans(known.get(one.key), spans), tests.get(one.key)) for one in people}


def _kinds(person: Person, roles: set[str]) -> frozenset[Admitted]:
    found = set()
    if person.key.startswith(members.CLIENT):
        found.add(Admitted.CLIENT)
    elif Role.CLIENT in roles or not roles:
        found.add(Admitted.PROSPECT)
    if Role.BROKER in roles:
        found.add(Admitted.BROKER)
    if roles & EMPLOYED:
        found.add(Admitted.STAFF)
    return frozenset(found)


def _spans(member: ClubMember | None, spans: Mapping[int, list[Span]]) -> tuple[Span, ...]:
    return tuple(spans[member.id]) if member is not None else ()


def _tests(keys: Sequence[str], known: Mapping[str, ClubMember]) -> dict[str, Test]:
    """The newest test of each person: a client's by his number, a prospect's by the lead that he came from."""
    clients = {key.removeprefix(members.CLIENT): key for key in keys if key.startswith(members.CLIENT)}
    leads: dict[int | None, str] = {member.lead_id: key for key, member in known.items() if member.lead_id is not None}
    query = (
        select(SuitabilityTest).where(SuitabilityTest.client_no.in_(clients) | SuitabilityTest.lead_id.in_(leads), newest()).order_by(SuitabilityTest.taken_on, SuitabilityTest.id)
    )
    return _by_masters(clients) | {
        clients[row.client_no] if row.client_no else leads[row.lead_id]: Test(row.grade, row.valid_until, bool(row.unsuitable)) for row in db.session.execute(query).scalars()
    }


def _by_masters(clients: Mapping[str, str]) -> dict[str, Test]:
    """The grade that the masters name, the lowest of somebody's open accounts: it counts where he was not asked in the portal, as in research."""
    lowest = func.min(func.nullif(AccountVersion.risk_grade, ""))
    query = select(AccountVersion.client_no, lowest).where(AccountVersion.client_no.in_(clients), newest_version(), AccountVersion.closed_on.is_(None))
    return {clients[number]: Test(grade, date.max) for number, grade in db.session.execute(query.group_by(AccountVersion.client_no)) if grade}
