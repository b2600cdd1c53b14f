"""Reading what waits for a confirmation call, and conversions: each list begins with what the reader may see."""

from __future__ import annotations

from bisect import bisect_left
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select, true
from sqlalchemy.orm import aliased

from models import db
from models.attribution import Attribution, AttributionState
from models.clients import Account, AccountVersion, Servicing
from models.confirmations import ConfirmationCall, Conversion, ConversionState
from models.leads import Claim, Lead
from models.partners import Branch, Broker, Staff
from portal.actors import Actor
from portal.leads.policy import visible_to as leads_visible_to
from portal.permissions import Can, Scope
from portal.refusals import NotFound
from portal.rules.breaches import CallDue
from portal.versions import current, version_of


def account_seen(actor: Actor, can: Can, account_id: Any, day: date) -> ColumnElement[bool]:
    """The condition that an actor holds a right over an account (a column of ids): all, those of his branch, or those he won or looks after."""
    scope = actor.scope(can)
    if scope is None:
        return false()
    if scope is Scope.ALL:
        return true()
    if scope is Scope.BRANCH:
        version = current(AccountVersion).subquery()
        here = select(Branch.id).where(Branch.branch_no == (actor.branch_no or ""))
        found: ColumnElement[bool] = account_id.in_(select(version.c.account_id).where(version.c.branch_id.in_(here)))
        return found
    me = select(Staff.id).where(Staff.staff_no == (actor.staff_no or ""))
    row = current(Servicing, None, Servicing.staff_id.in_(me)).subquery()
    mine: ColumnElement[bool] = account_id.in_(select(row.c.account_id).where(row.c.valid_from <= day, row.c.valid_to > day))
    return mine


_WAITED = aliased(Attribution)
ROW = current(Attribution, None, Attribution.account_id.in_(select(_WAITED.account_id).where(_WAITED.state == AttributionState.PENDING))).subquery()
"""The attribution rows that count now, of the accounts that ever waited for a call, for lists to sort and filter by: of all others none waits."""
VERSION, _ITS_OWN = version_of(AccountVersion, ROW.c.account_id)


def pending(actor: Actor, today: date) -> Select[*tuple[Any, ...]]:
    """Every attribution that waits for a call and that the actor may see."""
    query = select(ROW.c.id, ROW.c.account_id, ROW.c.share, ROW.c.valid_from, Account.account_no, Broker.broker_no, VERSION.name, VERSION.opened_on)
    query = query.join(Account, Account.id == ROW.c.account_id).join(Broker, Broker.id == ROW.c.broker_id).outerjoin(VERSION, _ITS_OWN)
    return query.where(ROW.c.state == AttributionState.PENDING, ROW.c.valid_to > today, account_seen(actor, Can.CONFIRMATION_SEE, ROW.c.account_id, today))


def waiting_accounts(day: date, *, each: bool = False) -> Select[*tuple[Any, ...]]:
    """The accounts that wait for a call on a day, for rooms to the right: account_id, since (the first day), attribution_id and broker_id (of the earliest
    that waits) and how many brokers wait; with `each` a row for every broker: account_id, broker_id, since, attribution_id."""
    row = current(Attribution).subquery()
    query = select(row.c.account_id, row.c.broker_id, row.c.valid_from.label("since"), row.c.id.label("attribution_id"))
    query = query.where(row.c.state == AttributionState.PENDING, row.c.valid_to > day, row.c.valid_from <= day)
    if each:
        return query
    place = func.row_number().over(partition_by=row.c.account_id, order_by=(row.c.valid_from, row.c.id)).label("place")
    one = query.add_columns(place, func.count().over(partition_by=row.c.account_id).label("brokers")).subquery()
    return select(one.c.account_id, one.c.broker_id, one.c.since, one.c.attribution_id, one.c.brokers).where(one.c.place == 1)


def pending_for(actor: Actor, attribution_id: int, can: Can, today: date) -> Any:
    """One attribution with its account and broker, waiting or not, over which the actor holds a right. Raises NotFound."""
    version, its_own = version_of(AccountVersion, Attribution.account_id)
    query = select(Attribution.id, Attribution.account_id, Account.account_no, Broker.broker_no, version.name, version.opened_on, Attribution.share, Attribution.valid_from)
    query = query.join(Account, Account.id == Attribution.account_id).join(Broker, Broker.id == Attribution.broker_id).outerjoin(version, its_own)
    found = db.session.execute(query.where(Attribution.id == attribution_id, account_seen(actor, can, Attribution.account_id, today))).first()
    if found is None:
        raise NotFound("there is no attribution that waits for a call under this address")
    return found


def calls_about(row: Conversion) -> list[ConfirmationCall]:
    """The confirmation calls about what a conversion wrote on its account, the newest first."""
    claimed = select(Claim.broker_id).where(Claim.id == row.claim_id).scalar_subquery()
    mine = (ConfirmationCall.account_id == row.account_id, ConfirmationCall.broker_id == claimed)
    return list(db.session.scalars(select(ConfirmationCall).where(*mine).order_by(ConfirmationCall.id.desc())))


def overdue_from(due: CallDue, today: date) -> date | None:
    """An attribution that began before this day had its call due before today; None where none can have."""
    place = bisect_left(due.calendar, today) - due.days
    return due.calendar[place] if 0 <= place < len(due.calendar) else None


def conversions(actor: Actor) -> Select[*tuple[Any, ...]]:
    """Every conversion of a lead that the actor may see; an account that never came while its lead's time ran out is awaited no more."""
    over = and_(Conversion.state == ConversionState.AWAITED, Lead.erased_at.is_not(None))
    return select(Conversion, Lead).join(Lead, Lead.id == Conversion.lead_id).where(or_(leads_visible_to(actor), leads_visible_to(actor, Can.LEAD_WORK)), ~over)


def conversion_seen(actor: Actor, conversion_id: int) -> Any:
    """One of them. Raises NotFound."""
    found = db.session.execute(conversions(actor).where(Conversion.id == conversion_id)).first()
    if found is None:
        raise NotFound("there is no conversion %(number)s", number=conversion_id)
    return found
