"""Is this person known? By the blind index of phone or ID number alone; a like name is a hint for people, never a match.

The answer is found under a lock on the person's numbers: of many who register one person at the same moment, one is first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Select, and_, or_, select, text
from sqlalchemy.orm import InstrumentedAttribute

from models import db
from models.attribution import Attribution
from models.clients import AccountVersion, Servicing
from models.leads import HAS_ID_NO, HAS_PHONE, Claim, ClaimState, IntroducerKind, Lead
from portal.leads.introducers import Introducer
from portal.leads.protection import last_day
from portal.leads.terms import Terms
from portal.transaction import on_postgresql
from portal.versions import current

Column = InstrumentedAttribute[str]


@dataclass(frozen=True)
class Indexes:
    """The blind indexes of a person's numbers; empty where he gave none."""

    phone: str
    id_no: str

    def same(self, phone_column: Column, id_column: Column) -> ColumnElement[bool]:
        """The condition that a row is of this person by either number."""
        conditions = [column == value for column, value in ((phone_column, self.phone), (id_column, self.id_no)) if value]
        return or_(*conditions)


@dataclass(frozen=True)
class Match:
    """What is known of a person: his lead and its claim that holds, or his accounts that are open or closed since a day.

    `leads` has more than one where phone and ID number belong to different leads: people must look at it.
    """

    leads: tuple[Lead, ...]
    claim: Claim | None
    until: date | None
    account_ids: tuple[int, ...]

    @property
    def lead(self) -> Lead | None:
        """The lead that he is, where there is one."""
        return self.leads[0] if self.leads else None


def lock(indexes: Indexes) -> None:
    """Hold the person's numbers until the transaction ends. SQLite's write lock does so already."""
    if on_postgresql():
        for value in sorted(filter(None, (indexes.phone, indexes.id_no))):
            db.session.execute(text("SELECT pg_advisory_xact_lock(727004, hashtext(:value))"), {"value": value})


def match(indexes: Indexes, terms: Terms, today: date) -> Match:
    """What is known of a person now. Call `lock` first where something will be written."""
    leads = db.session.execute(select(Lead).where(_lead_of(indexes)).order_by(Lead.id).execution_options(populate_existing=True)).scalars()
    found = tuple(leads)
    claim, until = _claim(found, terms, today)
    return Match(found, claim, until, _accounts(indexes, today))


def belongs_to(introducer: Introducer, account_ids: tuple[int, ...], today: date) -> bool:
    """Whether one of the accounts is attributed to a broker, or won or looked after by a staff member, today."""
    if introducer.kind is IntroducerKind.BROKER:
        held = current(Attribution, None, Attribution.account_id.in_(account_ids)).where(Attribution.broker_id == introducer.id)
        return db.session.execute(held.where(Attribution.valid_from <= today, Attribution.valid_to > today).limit(1)).first() is not None
    if introducer.kind is IntroducerKind.STAFF:
        served = current(Servicing, None, Servicing.account_id.in_(account_ids)).where(Servicing.staff_id == introducer.id)
        return db.session.execute(served.where(Servicing.valid_from <= today, Servicing.valid_to > today).limit(1)).first() is not None
    return False


def _claim(leads: tuple[Lead, ...], terms: Terms, today: date) -> tuple[Claim | None, date | None]:
    """The claim of one of the leads that holds today (a disputed one until it is decided, a decided one like any other), and its last day."""
    if not leads:
        return None, None
    live = Claim.state.in_([ClaimState.PROTECTED, ClaimState.DISPUTED, ClaimState.DECIDED])
    rows = db.session.execute(select(Claim).where(Claim.lead_id.in_([lead.id for lead in leads]), live).order_by(Claim.id)).scalars()
    for claim in rows:
        end = last_day(claim.protected_until, claim.last_activity_on, terms)
        if claim.state == ClaimState.DISPUTED:
            return claim, max(end, today)
        if today <= end:
            return claim, end
    return None, None


def _accounts(indexes: Indexes, today: date) -> tuple[int, ...]:
    """The accounts of the person that are not closed."""
    open_still = or_(AccountVersion.closed_on.is_(None), AccountVersion.closed_on > today)
    by_number = current(AccountVersion, None, AccountVersion.account_id.in_(_with_number(indexes))).where(
        indexes.same(AccountVersion.phone_index, AccountVersion.id_no_index), open_still
    )
    return tuple(db.session.execute(by_number.with_only_columns(AccountVersion.account_id).order_by(AccountVersion.account_id)).scalars())


def _lead_of(indexes: Indexes) -> ColumnElement[bool]:
    """The condition that a lead, not merged, is this person's. It repeats the words of the two partial indexes, so that they are used."""
    given = ((HAS_PHONE, Lead.phone_index, indexes.phone), (HAS_ID_NO, Lead.id_no_index, indexes.id_no))
    return or_(*(and_(indexed, column == value) for indexed, column, value in given if value))


def _with_number(indexes: Indexes) -> Select[int]:
    return select(AccountVersion.account_id).where(indexes.same(AccountVersion.phone_index, AccountVersion.id_no_index))
