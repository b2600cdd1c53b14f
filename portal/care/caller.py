"""Who calls (未闻其声,先知其人): from a number to everybody whose it is, with what whoever picks up should know. A constant number of questions, each by an index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Date, Select, bindparam, func, select

from models import db
from models.attribution import Attribution
from models.care import CareTask, Contact, TaskState
from models.clients import Account, AccountVersion
from models.club import Booking, BookingState, ClubEvent
from models.consents import Consent
from models.partners import Broker, BrokerVersion, Staff, StaffVersion
from models.settlement import Balance
from models.suitability import SuitabilityTest
from portal.actors import Actor
from portal.audit import log
from portal.care import book, queries
from portal.care.policy import visible_to
from portal.clients.balances import held
from portal.clients.consents import text_of
from portal.clients.queries import accounts, newest_version
from portal.fields import normal_phone
from portal.permissions import Can
from portal.sealing import Keyring
from portal.settlement.risk_degree import Band, band, risk_degree
from portal.versions import current

CONTACTS = 5
LONGEST = 40


class Spoken(NamedTuple):
    """A contact with a caller; `staff` is the name of who made it, `staff_no` his number."""

    id: int
    at: datetime
    channel: str
    outcome: str
    note: str
    staff_no: str
    staff: str


class ToDo(NamedTuple):
    """An open task for a caller."""

    id: int
    kind: str
    due_on: date
    note: str
    staff_no: str


@dataclass
class CallerAccount:
    """An account of a caller as it stands on the last settled day; amounts in fen, the risk degree in hundredths of a per cent."""

    id: int
    account_no: str
    closed: bool
    equity: int | None
    risk_degree: int | None
    band: Band | None
    servicers: list[book.Servicer] = field(default_factory=list)
    introducers: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Caller:
    """A person whose number it is, with all his accounts, as far as the reader sees his care."""

    client_no: str
    name: str
    kind: str
    accounts: list[CallerAccount] = field(default_factory=list)
    contacts: list[Spoken] = field(default_factory=list)
    tasks: list[ToDo] = field(default_factory=list)
    grade: str = ""
    grade_until: date | None = None
    consents: dict[str, bool] = field(default_factory=dict)
    next_event: tuple[str, str, datetime] | None = None


@dataclass
class Found:
    """Whose a number is. `elsewhere`: who looks after callers whose care the reader does not see; their names stay with him."""

    callers: list[Caller] = field(default_factory=list)
    elsewhere: list[book.Servicer] = field(default_factory=list)
    unseen: int = 0
    staff: list[tuple[str, str]] = field(default_factory=list)
    brokers: list[tuple[str, str]] = field(default_factory=list)

    @property
    def known(self) -> bool:
        """Whether it is anybody's number."""
        return bool(self.callers or self.unseen or self.staff or self.brokers)


def normalised(number: str) -> str:
    """A number as it is looked up: what a telephone system sends, with a plus that an address may have turned into a blank."""
    text = number[:LONGEST]
    return normal_phone("+" + text.strip() if text[:1] == " " and text.strip()[:1].isdigit() else text.strip())


def find(number: str, actor: Actor, keyring: Keyring, moment: datetime, today: date, settled: date) -> Found:
    """Whose a number is, and write down who looked. Raises NotAllowed."""
    actor.need(Can.CARE_SEE)
    index = keyring.blind_index(normalised(number))
    if not index:
        return Found()
    found = Found(staff=_staff(index), brokers=_brokers(index))
    _add_clients(found, index, actor, today, settled)
    if found.callers:
        _add_people(found, today)
        _add_care(found, actor, today)
        _add_person(found, moment, today)
    seen = [account.account_no for caller in found.callers for account in caller.accounts]
    log.write(actor, moment, "care.caller", "caller", index[:16], after={"accounts": seen, "unseen": found.unseen})
    return found


def _add_clients(found: Found, index: str, actor: Actor, today: date, settled: date) -> None:
    """Every account of the persons whose number it is, each with its newest balance."""
    persons = db.session.execute(select(AccountVersion).where(AccountVersion.phone_index == index, newest_version())).scalars().all()
    if not persons:
        return
    numbers, indexes = {one.client_no for one in persons}, {one.id_no_index for one in persons} - {""}
    same = AccountVersion.client_no.in_(numbers)
    query = accounts().outerjoin(Balance, held(settled)).add_columns(Balance.equity, Balance.margin, visible_to(actor, today).label("seen"))
    rows = db.session.execute(query.where(same | AccountVersion.id_no_index.in_(indexes) if indexes else same).order_by(Account.account_no)).all()
    callers: dict[str, Caller] = {}
    hidden = []
    for account, version, equity, margin, seen in rows:
        if not seen:
            hidden.append(account.id)
            continue
        caller = callers.setdefault(version.id_no_index or version.client_no, Caller(version.client_no, version.name, version.kind))
        known = equity is not None
        degree, where = (risk_degree(margin, equity), band(margin, equity)) if known else (None, None)
        caller.accounts.append(CallerAccount(account.id, account.account_no, version.closed_on is not None, equity, degree, where))
    found.callers, found.unseen = list(callers.values()), len(hidden)
    if hidden and not callers:
        found.elsewhere = sorted({one for these in book.servicers(hidden, today).values() for one in these if one.there})


def _add_people(found: Found, today: date) -> None:
    """Who looks after each account and who introduced it."""
    of = {account.id: account for caller in found.callers for account in caller.accounts}
    for account_id, these in book.servicers(list(of), today).items():
        of[account_id].servicers = these
    for account_id, broker_no, name in db.session.execute(_introducers(), {"accounts": list(of), "day": today}):
        of[account_id].introducers.append((broker_no, name or ""))


@cache
def _introducers() -> Select[*tuple[Any, ...]]:
    """Who introduced some accounts, by what is believed of a day; this and the two below are put together once, which takes longer than an answer."""
    accounts_asked: Any = bindparam("accounts", expanding=True)
    day: Any = bindparam("day", type_=Date)
    row, broker = current(Attribution, None, Attribution.account_id.in_(accounts_asked)).subquery(), current(BrokerVersion).subquery()
    query = select(row.c.account_id, Broker.broker_no, broker.c.name).join(Broker, Broker.id == row.c.broker_id).outerjoin(broker, broker.c.broker_id == Broker.id)
    return query.where(row.c.valid_from <= day, row.c.valid_to > day).order_by(Broker.broker_no)


def _add_care(found: Found, actor: Actor, today: date) -> None:
    """What was said last, and what is to be done."""
    of = {account.id: caller for caller in found.callers for account in caller.accounts}
    said = queries.contacts(actor, today).where(Contact.account_id.in_(list(of))).order_by(Contact.at.desc(), Contact.id.desc()).limit(CONTACTS)
    for row in db.session.execute(said):
        one = row[0]
        of[one.account_id].contacts.append(Spoken(one.id, one.at, one.channel, one.outcome, one.note, row.staff_no, row.staff_name or row.staff_no))
    todo = queries.tasks(actor, today).where(CareTask.account_id.in_(list(of)), CareTask.state == TaskState.OPEN).order_by(CareTask.due_on)
    for row in db.session.execute(todo):
        task = row[0]
        of[task.account_id].tasks.append(ToDo(task.id, task.kind, task.due_on, task.note, row.staff_no))


def _add_person(found: Found, moment: datetime, today: date) -> None:
    """What belongs to a person and not to an account: suitability, consents, the next evening."""
    of = {caller.client_no: caller for caller in found.callers}
    for test in _newest(SuitabilityTest, (SuitabilityTest.client_no,), list(of)):
        of[test.client_no].grade, of[test.client_no].grade_until = test.grade, test.valid_until
    for consent in _newest(Consent, (Consent.client_no, Consent.purpose), list(of)):
        of[consent.client_no].consents[consent.purpose] = consent.given and consent.text_version == text_of(consent.purpose, today).version
    coming = select(Booking.client_no, ClubEvent.title, ClubEvent.title_en, Booking.starts_at).join(ClubEvent, ClubEvent.id == Booking.event_id)
    coming = coming.where(Booking.client_no.in_(list(of)), Booking.state == BookingState.GRANTED, Booking.starts_at > moment)
    for client_no, title, title_en, at in db.session.execute(coming.order_by(Booking.starts_at.desc())):
        of[client_no].next_event = (title, title_en, at)


def _newest(model: Any, key: tuple[Any, ...], numbers: Sequence[str]) -> Sequence[Any]:
    newest = select(func.max(model.id)).where(model.client_no.in_(numbers)).group_by(*key)
    return db.session.execute(select(model).where(model.id.in_(newest))).scalars().all()


def _staff(index: str) -> list[tuple[str, str]]:
    """The firm's own people whose number it is."""
    return [(number, name) for number, name in db.session.execute(_whose_staff(), {"index": index})]


@cache
def _whose_staff() -> Select[*tuple[str, str]]:
    index: Any = bindparam("index")
    row = current(StaffVersion, None, StaffVersion.staff_id.in_(select(StaffVersion.staff_id).where(StaffVersion.phone_index == index))).subquery()
    return select(Staff.staff_no, row.c.name).join(Staff, Staff.id == row.c.staff_id).where(row.c.phone_index == index).order_by(Staff.staff_no)


def _brokers(index: str) -> list[tuple[str, str]]:
    """The introducing brokers whose number it is; whoever picks up learns that a broker calls, whichever branch he stands with."""
    return [(number, name) for number, name in db.session.execute(_whose_brokers(), {"index": index})]


@cache
def _whose_brokers() -> Select[*tuple[str, str]]:
    index: Any = bindparam("index")
    row = current(BrokerVersion, None, BrokerVersion.broker_id.in_(select(BrokerVersion.broker_id).where(BrokerVersion.phone_index == index))).subquery()
    return select(Broker.broker_no, row.c.name).join(Broker, Broker.id == row.c.broker_id).where(row.c.phone_index == index).order_by(Broker.broker_no)
