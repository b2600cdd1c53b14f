"""Members and their spans: found, made once, held while something of them changes; a span is appended or ended."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import BindParameter, Select, and_, case, func, or_, select, update

from models import db
from models.clients import AccountVersion
from models.club_membership import Cause, ClubDues, ClubMember, ClubMembership, ClubTier, DuesState
from models.club_money import Payment
from models.identity import User, UserState
from models.leads import Lead
from portal.actors import Actor
from portal.audit import log
from portal.club.codes import new_code
from portal.club.entries import insert_new
from portal.club.membership import YIELDS, Span
from portal.club.statuses import RENEWING
from portal.refusals import NotFound
from portal.versions import current

CLIENT = "client:"
"""How a client's key as a person begins."""


@dataclass(frozen=True)
class Person:
    """Who is to be a member: a client, a sign-in or a prospect."""

    key: str
    name: str
    user_id: int | None = None
    client_no: str = ""
    lead_id: int | None = None


def of_person(key: str) -> ClubMember | None:
    """The member that a person is, if he is one; a client also by what he was as a prospect."""
    found = db.session.execute(select(ClubMember).where(ClubMember.person == key)).scalar_one_or_none()
    return found if found is not None or not key.startswith(CLIENT) else _as_prospect(key.removeprefix(CLIENT))


def of_persons(keys: Iterable[str]) -> dict[str, ClubMember]:
    """The same of many, by person; in two statements."""
    wanted = set(keys)
    found = {row.person: row for row in db.session.execute(select(ClubMember).where(ClubMember.person.in_(wanted))).scalars()}
    numbers = [key.removeprefix(CLIENT) for key in wanted - set(found) if key.startswith(CLIENT)]
    if numbers:
        account = current(AccountVersion).subquery()
        query = select(ClubMember, account.c.client_no).join(Lead, Lead.id == ClubMember.lead_id).join(account, account.c.account_id == Lead.account_id)
        query = query.where(account.c.client_no.in_(numbers), ClubMember.client_no == "").order_by(ClubMember.id.desc())
        found |= {f"{CLIENT}{client_no}": row for row, client_no in db.session.execute(query)}
    return found


def by_public_id(public_id: str) -> ClubMember:
    """A member by his public id. Raises NotFound."""
    found = db.session.execute(select(ClubMember).where(ClubMember.public_id == public_id)).scalar_one_or_none()
    if found is None:
        raise NotFound("there is no such member")
    return found


def held(member_id: int) -> ClubMember:
    """A member, held until the open transaction ends: whoever changes something of his membership holds him."""
    return db.session.execute(select(ClubMember).where(ClubMember.id == member_id).with_for_update().execution_options(populate_existing=True)).scalar_one()


def join(person: Person, moment: datetime) -> ClubMember:
    """The member that a person is, held; made where there is none yet. What a prospect had goes with him when he becomes a client."""
    found = of_person(person.key)
    if found is None:
        row = {"public_id": secrets.token_urlsafe(12), "person": person.key, "name": person.name[:120], "user_id": person.user_id, "client_no": person.client_no}
        insert_new(ClubMember, "person", {**row, "lead_id": person.lead_id, "code": new_code(), "created_at": moment})
        found = db.session.execute(select(ClubMember).where(ClubMember.person == person.key)).scalar_one()
    member = held(found.id)
    if member.person != person.key:
        member.person, member.client_no = person.key, person.client_no
        db.session.flush()
    if person.user_id is not None and member.user_id is None:
        member.user_id, member.name = person.user_id, member.name or person.name[:120]
    return member


def _as_prospect(client_no: str) -> ClubMember | None:
    """The membership that a client had as a prospect."""
    accounts = current(AccountVersion).where(AccountVersion.client_no == client_no).with_only_columns(AccountVersion.account_id)
    query = select(ClubMember).join(Lead, Lead.id == ClubMember.lead_id).where(Lead.account_id.in_(accounts), ClubMember.client_no == "").order_by(ClubMember.id)
    return db.session.execute(query.limit(1)).scalar_one_or_none()


def spans_of(member_ids: Iterable[int]) -> dict[int, list[Span]]:
    """The spans of members, by member, the earliest first."""
    wanted = list(member_ids)
    found: dict[int, list[Span]] = {number: [] for number in wanted}
    renews = and_(ClubDues.state == DuesState.LIVE, ~ClubDues.cancel_at_period_end, ClubDues.wanted_price_id.is_(None), ClubDues.status.in_(RENEWING))
    query = select(ClubMembership, ClubTier.rank, Payment.disputed_at, func.coalesce(renews, False).label("renews")).join(ClubTier, ClubTier.id == ClubMembership.tier_id)
    query = query.outerjoin(Payment, Payment.id == ClubMembership.payment_id).outerjoin(ClubDues, ClubDues.id == ClubMembership.dues_id)
    for row, rank, disputed_at, goes_on in db.session.execute(query.where(ClubMembership.member_id.in_(wanted)).order_by(ClubMembership.valid_from, ClubMembership.id)):
        days = (row.valid_from, row.valid_to, row.grace_to, row.ended_on)
        found[row.member_id].append(Span(row.id, row.tier_id, rank, row.cause, *days, disputed_at is not None, bool(goes_on)))
    return found


def spans(member_id: int) -> list[Span]:
    """The spans of one member."""
    return spans_of([member_id])[member_id]


def standing_on(day: date | BindParameter[date]) -> Select[Any]:
    """Each member's span that wins on a day (membership_id, member_id, tier_id): what `tier_on` says, for all of them at once."""
    valid = and_(ClubMembership.valid_from <= day, ClubMembership.grace_to > day, or_(ClubMembership.ended_on.is_(None), ClubMembership.ended_on > day))
    granted = func.max(case((ClubMembership.cause == Cause.GRANTED, 1), else_=0)).over(partition_by=ClubMembership.member_id)
    rows = select(ClubMembership, ClubTier.rank, granted.label("by_hand")).join(ClubTier, ClubTier.id == ClubMembership.tier_id)
    found = rows.outerjoin(Payment, Payment.id == ClubMembership.payment_id).where(valid, Payment.disputed_at.is_(None)).subquery()
    order = (found.c.rank.desc(), (found.c.valid_to > day).desc(), found.c.valid_to.desc(), found.c.id.desc())
    place = func.row_number().over(partition_by=found.c.member_id, order_by=order).label("place")
    best = select(found.c.id.label("membership_id"), found.c.member_id, found.c.tier_id, found.c.cause, found.c.valid_to, place)
    ranked = best.where(or_(found.c.by_hand == 0, found.c.cause.not_in(YIELDS))).subquery()
    return select(ranked).where(ranked.c.place == 1)


@dataclass(frozen=True)
class Days:
    """From when to when, up to when in grace, and from which day periods are counted."""

    valid_from: date
    valid_to: date
    grace_to: date
    anchor: date


def append(member: ClubMember, tier_id: int, cause: Cause, days: Days, *, actor: Actor, moment: datetime, reason: str = "", **more: Any) -> ClubMembership:
    """A span begins. The member must be held."""
    row = ClubMembership(member_id=member.id, tier_id=tier_id, cause=cause, reason=reason, **vars(days), created_at=moment, actor_label=actor.label, ended_why="", **more)
    db.session.add(row)
    db.session.flush()
    after = {"tier": tier_id, "cause": cause.value, "from": days.valid_from.isoformat(), "to": days.valid_to.isoformat(), "reason": reason}
    log.write(actor, moment, "club.membership_begun", "club_member", member.public_id, after=after)
    return row


def end(membership_id: int, on: date, why: str, *, actor: Actor, moment: datetime) -> bool:
    """A span ends on a day, not before it began and not after its own end; returns whether that changes anything."""
    row = db.session.get_one(ClubMembership, membership_id, with_for_update=True, populate_existing=True)
    on = min(max(on, row.valid_from), row.valid_to)
    if row.ended_on is not None and row.ended_on <= on:
        return False
    row.ended_on, row.ended_why = on, why[:400]
    db.session.flush()
    member = db.session.get_one(ClubMember, row.member_id)
    log.write(actor, moment, "club.membership_ended", "club_member", member.public_id, after={"membership": row.id, "on": on.isoformat(), "why": why})
    return True


def end_of_payment(payment_id: int, on: date, why: str, *, actor: Actor, moment: datetime) -> None:
    """What a payment brought ends, because it went back."""
    for number in list(db.session.execute(select(ClubMembership.id).where(ClubMembership.payment_id == payment_id)).scalars()):
        end(number, on, why, actor=actor, moment=moment)


def readers_of(member: ClubMember) -> list[int]:
    """The sign-ins of a member."""
    who = or_(User.id == member.user_id, and_(User.client_no == member.client_no, User.client_no != ""))
    return list(db.session.execute(select(User.id).where(who, User.state != UserState.DISABLED)).scalars())


def customer_made(member_id: int, customer_id: str) -> None:
    """Keep who a member is at Stripe; the first answer counts."""
    db.session.execute(update(ClubMember).where(ClubMember.id == member_id, ClubMember.customer_id.is_(None)).values(customer_id=customer_id))


def anchor_of(membership_id: int) -> date:
    """The day from which the periods of a span are counted."""
    return db.session.execute(select(ClubMembership.anchor).where(ClubMembership.id == membership_id)).scalar_one()


def payment_of(membership_id: int) -> Payment | None:
    """The payment that brought a span; None where it brought none."""
    query = select(Payment).join(ClubMembership, ClubMembership.payment_id == Payment.id).where(ClubMembership.id == membership_id)
    return db.session.execute(query).scalar_one_or_none()


def of_dues(dues_id: int) -> list[int]:
    """The numbers of the spans that dues brought."""
    return list(db.session.execute(select(ClubMembership.id).where(ClubMembership.dues_id == dues_id)).scalars())
