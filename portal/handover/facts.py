"""What a proposal is made from: who of the staff has room, and what is known of each client who needs somebody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, func, or_, select

from models import db
from models.care import Contact, ContactOutcome
from models.clients import AccountVersion, Servicing, ServicingRole
from models.departures import Departure, DepartureKind
from models.handovers import SuccessorTerms
from models.identity import User
from models.partners import StaffVersion
from models.settlement import SettlementDay, Trade
from portal.care.queries import effective
from portal.handover.successors import Candidate, Client
from portal.partners.here import CERTAIN
from portal.versions import current

CAPACITY = 200
"""Clients whom one looks after at most, where his manager stated no other number."""
SPOKEN_WITHIN = timedelta(days=365)
PRODUCTS_OF = 22
"""The products of the last so many settled days are what a client trades."""
SHANGHAI = ZoneInfo("Asia/Shanghai")


def leavers() -> Select[Any]:
    """The staff who have left the firm or are known to be about to: nobody gives them clients."""
    return select(Departure.staff_id).where(Departure.staff_id.is_not(None), Departure.kind == DepartureKind.STAFF_LEAVES.value, Departure.state.in_(CERTAIN))


def _serving(day: date, where: ColumnElement[bool] | None = None) -> Any:
    row = current(Servicing, None, where).subquery()
    return row, (row.c.role == ServicingRole.SERVICER.value) & (row.c.valid_from <= day) & (row.c.valid_to > day)


def candidates(day: date) -> list[Candidate]:
    """Everybody who looks after clients on a day or of whom it was stated that he may, without those who leave. Three queries."""
    row, now = _serving(day)
    counted = select(row.c.staff_id, func.count(row.c.account_id.distinct())).where(now).group_by(row.c.staff_id)
    load: dict[int, int] = dict(db.session.execute(counted).all())
    terms = {one.staff_id: one for one in db.session.execute(select(SuccessorTerms)).scalars()}
    version = current(StaffVersion).subquery()
    here = or_(version.c.left_on.is_(None), version.c.left_on > day)
    people = db.session.execute(select(version.c.staff_id, version.c.branch_id).where(here, version.c.staff_id.not_in(leavers())).order_by(version.c.staff_id)).all()
    return [_candidate(staff, branch, load.get(staff, 0), terms.get(staff)) for staff, branch in people if staff in load or staff in terms]


def _candidate(staff_id: int, branch_id: int, load: int, terms: SuccessorTerms | None) -> Candidate:
    capacity = CAPACITY if terms is None else terms.capacity
    languages, products = ("zh", "") if terms is None else (terms.languages, terms.products)
    return Candidate(staff_id, branch_id, capacity, capacity - load, frozenset(languages.split()), frozenset(products.upper().split()))


def clients(stakes: dict[int, int], day: date) -> list[Client]:
    """What is known of some accounts (with what is at stake, fen) on a day. The number of queries does not grow with them."""
    ids = list(stakes)
    version = current(AccountVersion, None, AccountVersion.account_id.in_(ids)).subquery()
    rows = db.session.execute(select(version.c.account_id, version.c.branch_id, version.c.client_no)).all()
    languages, spoken = _languages({row.client_no for row in rows}), _spoken(ids, day)
    products, served = _products(ids, day), _served(ids, day)
    return [
        Client(row.account_id, row.branch_id, stakes[row.account_id], languages.get(row.client_no, ""), products[row.account_id], served[row.account_id], spoken[row.account_id])
        for row in rows
    ]


def _languages(client_nos: Iterable[str]) -> dict[str, str]:
    """What clients read the portal in; of those who never signed in nothing is known."""
    rows = db.session.execute(select(User.client_no, User.locale).where(User.client_no.in_(list(client_nos)), User.locale != "")).all()
    return {client_no: locale.split("-")[0] for client_no, locale in rows if client_no}


def _spoken(ids: Sequence[int], day: date) -> defaultdict[int, dict[int, int]]:
    since = datetime.combine(day, time.min, SHANGHAI) - SPOKEN_WITHIN
    query = select(Contact.account_id, Contact.staff_id, func.count()).where(
        Contact.account_id.in_(ids), Contact.at >= since, Contact.outcome == ContactOutcome.REACHED.value, effective()
    )
    found: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for account_id, staff_id, count in db.session.execute(query.group_by(Contact.account_id, Contact.staff_id)).all():
        found[account_id][staff_id] = count
    return found


def _products(ids: Sequence[int], day: date) -> defaultdict[int, frozenset[str]]:
    days = select(SettlementDay.trade_date).where(SettlementDay.trade_date <= day).distinct().order_by(SettlementDay.trade_date.desc()).limit(PRODUCTS_OF)
    held: defaultdict[int, set[str]] = defaultdict(set)
    for account_id, product in db.session.execute(select(Trade.account_id, Trade.product).distinct().where(Trade.trade_date.in_(days), Trade.account_id.in_(ids))).all():
        held[account_id].add(product.upper())
    return defaultdict(frozenset, {account_id: frozenset(products) for account_id, products in held.items()})


def _served(ids: Sequence[int], day: date) -> defaultdict[int, frozenset[int]]:
    row, now = _serving(day, Servicing.account_id.in_(ids))
    held: defaultdict[int, set[int]] = defaultdict(set)
    for account_id, staff_id in db.session.execute(select(row.c.account_id, row.c.staff_id).where(now)).all():
        held[account_id].add(staff_id)
    return defaultdict(frozenset, {account_id: frozenset(people) for account_id, people in held.items()})
