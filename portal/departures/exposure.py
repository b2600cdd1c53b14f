"""Who is exposed to the departure of some persons on a day: the tree cut at these nodes, each account once with the path that leads to it.

An account is exposed when on that day one of them looks after it, it is attributed to one of them, or it is attributed to a broker
whom one of them manages (risk rules, "The tree"). All of it as known at a recording. The number of queries does not grow with accounts.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import select

from models import db
from models.attribution import Attribution
from models.clients import Servicing, ServicingRole
from models.partners import Broker, BrokerVersion, Staff
from portal.refusals import NotFound, Refusal
from portal.versions import current

MOST_PERSONS = 20


class Kind(enum.StrEnum):
    """Who may leave."""

    STAFF = "staff"
    BROKER = "broker"


class Person(NamedTuple):
    """A staff member or a broker."""

    kind: Kind
    key: int
    number: str

    @property
    def text(self) -> str:
        """As it stands in an address: staff-S001."""
        return f"{self.kind}-{self.number}"


class Way(enum.StrEnum):
    """How a path leads to an account, the closest first."""

    SERVES = "serves"
    INTRODUCED = "introduced"
    MANAGES = "manages"


class Path(NamedTuple):
    """The path to an account: from whom, how, and through which broker (his number; empty where there is none between)."""

    person: str
    way: Way
    through: str = ""


def persons(texts: Iterable[str]) -> list[Person]:
    """The persons that are named as `staff-S001` or `broker-B001`, each once. Raises Refusal for another form and for too many, NotFound."""
    wanted = list(dict.fromkeys(text.strip() for text in texts if text.strip()))
    if len(wanted) > MOST_PERSONS:
        raise Refusal("%(count)s persons were named, at most %(most)s can be looked at together", count=len(wanted), most=MOST_PERSONS)
    return [_person(text) for text in wanted]


def _person(text: str) -> Person:
    kind, _, number = text.partition("-")
    if kind not in set(Kind) or not number:
        raise Refusal("%(text)s names nobody: a person is staff- or broker- with his number, such as staff-S001", text=text[:80])
    query = select(Staff.id).where(Staff.staff_no == number) if kind == Kind.STAFF else select(Broker.id).where(Broker.broker_no == number)
    key = db.session.execute(query).scalar()
    if key is None:
        raise nobody(Kind(kind), number)
    return Person(Kind(kind), key, number)


def nobody(kind: Kind, number: str) -> NotFound:
    """The same answer for who is not there and for whom one may not ask about."""
    return NotFound("there is nobody under %(text)s about whom you may ask", text=f"{kind}-{number}")


def exposed(leaving: Sequence[Person], day: date, known: int | None = None) -> dict[int, Path]:
    """The exposed accounts by their ids. Of several paths the closest is given, of equal ones that of who was named first."""
    found: dict[int, Path] = {}
    staff = {one.key: one.number for one in leaving if one.kind is Kind.STAFF}
    brokers = {one.key: (one.number, Way.INTRODUCED, "") for one in leaving if one.kind is Kind.BROKER}
    for account_id, staff_id in _served(list(staff), day, known):
        found.setdefault(account_id, Path(staff[staff_id], Way.SERVES))
    for broker_id, number, manager in _managed(list(staff), known):
        brokers.setdefault(broker_id, (staff[manager], Way.MANAGES, number))
    order = {key: place for place, key in enumerate(brokers)}
    for account_id, broker_id in sorted(_introduced(list(brokers), day, known), key=lambda row: order[row[1]]):
        found.setdefault(account_id, Path(*brokers[broker_id]))
    return found


def _served(staff_ids: Sequence[int], day: date, known: int | None) -> list[tuple[int, int]]:
    if not staff_ids:
        return []
    row = current(Servicing, known, Servicing.staff_id.in_(staff_ids) & (Servicing.role == ServicingRole.SERVICER.value)).subquery()
    query = select(row.c.account_id, row.c.staff_id).where(row.c.valid_from <= day, row.c.valid_to > day)
    order = {key: place for place, key in enumerate(staff_ids)}
    return sorted((tuple(one) for one in db.session.execute(query).all()), key=lambda one: order[one[1]])


def _managed(staff_ids: Sequence[int], known: int | None) -> list[tuple[int, str, int]]:
    """The brokers whom some of the staff manage, by number. Who manages whom is undated: what is known counts for all days."""
    if not staff_ids:
        return []
    row = current(BrokerVersion, known).subquery()
    query = select(row.c.broker_id, Broker.broker_no, row.c.manager_staff_id).join(Broker, Broker.id == row.c.broker_id)
    return [tuple(one) for one in db.session.execute(query.where(row.c.manager_staff_id.in_(staff_ids)).order_by(Broker.broker_no)).all()]


def _introduced(broker_ids: Sequence[int], day: date, known: int | None) -> list[tuple[int, int]]:
    if not broker_ids:
        return []
    row = current(Attribution, known, Attribution.broker_id.in_(broker_ids)).subquery()
    query = select(row.c.account_id, row.c.broker_id).where(row.c.valid_from <= day, row.c.valid_to > day, row.c.share > 0)
    return [tuple(one) for one in db.session.execute(query).all()]
