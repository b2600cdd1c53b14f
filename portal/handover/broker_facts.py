"""What a proposal of managers is made from: the brokers whom one manages with their books, who may manage them, and who of the staff knows their clients."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

from sqlalchemy import func, or_, select

from models import db
from models.attribution import Attribution
from models.clients import Servicing, ServicingRole
from models.departures import Departure
from models.handovers import Handover, HandoverBroker
from models.partners import BrokerVersion, StaffVersion
from models.rollups import BrokerBook, RollupDay
from portal.handover.facts import leavers
from portal.handover.managers import Managed, Manager
from portal.versions import current


def managed_by(staff_id: int) -> list[tuple[int, int, int]]:
    """The brokers whom one of the staff manages, with their accounts and the equity (fen) under them on the newest settled day."""
    day = select(func.max(RollupDay.trade_date)).scalar_subquery()
    version = current(BrokerVersion).subquery()
    book = select(BrokerBook.broker_id, func.sum(BrokerBook.accounts).label("accounts"), func.sum(BrokerBook.equity).label("equity"))
    held = book.where(BrokerBook.trade_date == day).group_by(BrokerBook.broker_id).subquery()
    query = select(version.c.broker_id, func.coalesce(held.c.accounts, 0), func.coalesce(held.c.equity, 0)).outerjoin(held, held.c.broker_id == version.c.broker_id)
    rows = db.session.execute(query.where(version.c.manager_staff_id == staff_id).order_by(version.c.broker_id))
    return [(broker, int(accounts), int(equity)) for broker, accounts, equity in rows]


def people(handover: Handover, day: date) -> list[Manager]:
    """Everybody who is there on a day and may manage brokers: neither the one who goes nor another who leaves."""
    managed = current(BrokerVersion).subquery()
    load: dict[int, int] = dict(
        db.session.execute(select(managed.c.manager_staff_id, func.count()).where(managed.c.manager_staff_id.is_not(None)).group_by(managed.c.manager_staff_id)).all()
    )
    version = current(StaffVersion).subquery()
    going = select(Departure.staff_id).where(Departure.id == handover.departure_id, Departure.staff_id.is_not(None))
    here = or_(version.c.left_on.is_(None), version.c.left_on > day) & version.c.staff_id.not_in(leavers()) & version.c.staff_id.not_in(going)
    rows = db.session.execute(select(version.c.staff_id, version.c.branch_id).where(here).order_by(version.c.staff_id)).all()
    return [Manager(staff, branch, load.get(staff, 0)) for staff, branch in rows]


def brokers(rows: list[HandoverBroker], day: date) -> list[Managed]:
    """What is known of the brokers of a handover on a day. Two queries."""
    ids = [row.broker_id for row in rows]
    branches = dict(db.session.execute(current(BrokerVersion, None, BrokerVersion.broker_id.in_(ids)).with_only_columns(BrokerVersion.broker_id, BrokerVersion.branch_id)).all())
    span, look = current(Attribution).subquery(), current(Servicing).subquery()
    running = (look.c.role == ServicingRole.SERVICER.value) & (look.c.valid_from <= day) & (look.c.valid_to > day)
    query = select(span.c.broker_id, look.c.staff_id, func.count(span.c.account_id.distinct())).join(look, look.c.account_id == span.c.account_id)
    query = query.where(span.c.broker_id.in_(ids), span.c.valid_from <= day, span.c.valid_to > day, running).group_by(span.c.broker_id, look.c.staff_id)
    served: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for broker, staff, count in db.session.execute(query):
        served[broker][staff] = count
    return [Managed(row.broker_id, branches.get(row.broker_id, 0), row.accounts, row.equity, served[row.broker_id]) for row in rows]
