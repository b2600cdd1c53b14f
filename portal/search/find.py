"""What is found for what was typed, by kind. Each kind begins with what the reader may see, and reads the index of words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import Select, and_, false, func, or_, select, true

from models import db
from models.clients import Account, AccountVersion
from models.commission import Plan, PlanVersion
from models.identity import Role
from models.leads import Lead, LeadState, number_of
from models.partners import Branch, BranchVersion, Broker, BrokerVersion, Staff, StaffVersion
from models.search import SearchWord
from models.settlement import SettlementFile
from portal.actors import Actor
from portal.clients.queries import newest_version, visible_to
from portal.commission.queries import visible_brokers
from portal.fields import normal_phone
from portal.leads.people import BadField, person
from portal.leads.policy import visible_to as leads_visible_to
from portal.leads.queries import given_name
from portal.permissions import Can, Scope
from portal.sealing import Keyring
from portal.search import months
from portal.search.index import TAIL, tail_word
from portal.search.targets import may_open, page_for
from portal.search.words import leads, plain, span_of, words_of
from portal.versions import current

MOST = 6
"""Things of one kind that are shown."""
READ = 48
"""Words of one kind that are read: a thing may be found by several of its words."""

MANY = 5_000
"""Words that are read of a reader's own things."""


_BETWEEN, _WHOLE = re.compile(r"[\s().+-]"), re.compile(r"\d{11}", re.ASCII)


@dataclass(frozen=True)
class Hit:
    """One thing that was found: its name, what tells it from others, and its page."""

    title: str
    detail: str
    href: str


@dataclass(frozen=True)
class Group:
    """What was found of one kind; `more` says that there is more than is shown."""

    kind: str
    hits: list[Hit] = field(default_factory=list)
    more: bool = False


@dataclass(frozen=True)
class Asked:
    """What was typed, by whom, and on which day it is asked."""

    text: str
    actor: Actor
    day: date
    keyring: Keyring


def holds_whole_number(text: str) -> bool:
    """Whether a whole phone or ID number of somebody may stand in a text, which then must stand in no address and no log."""
    return bool(_WHOLE.search(_BETWEEN.sub("", unicodedata.normalize("NFKC", text))))


def find(asked: Asked) -> list[Group]:
    """Everything that is found, the kinds in their order; kinds without a hit are left out."""
    if not plain(asked.text):
        return []
    groups = [ways(asked) for ways in (_clients, _leads, _brokers, _months, _plans, _staff, _branches, _files)]
    return [group for group in groups if group.hits]


def _words(kind: str, span: tuple[bytes, bytes]) -> Select[*tuple[Any, ...]]:
    return select(SearchWord.ref).where(SearchWord.kind == kind, SearchWord.word >= span[0], SearchWord.word < span[1]).order_by(SearchWord.word, SearchWord.ref).limit(READ)


def _words_of_few(kind: str, span: tuple[bytes, bytes]) -> Select[*tuple[Any, ...]]:
    """The same for a reader of few things: read from his things to their words, since one letter may begin the words of a whole
    firm. The coalesce keeps the databases from going the other way."""
    word = func.coalesce(SearchWord.word, b"")
    return select(SearchWord.ref).where(SearchWord.kind == kind, word >= span[0], word < span[1]).limit(MANY)


def _group(kind: str, rows: Iterable[Any], hit: Callable[[Any], Hit]) -> Group:
    """The first of the rows as hits; a row's first value is the key, and each thing is shown once."""
    seen = {row[0]: row for row in reversed(list(rows))}
    ordered = list(reversed(seen.values()))
    return Group(kind, [found for row in ordered[:MOST] if (found := hit(row)).href], len(ordered) > MOST)


def _clients(asked: Asked) -> Group:
    actor, span = asked.actor, span_of(asked.text)
    if span is None or not actor.may(Can.ACCOUNT_SEE):
        return Group("clients")
    few = actor.scope(Can.ACCOUNT_SEE) == Scope.OWN
    query = (_words_of_few if few else _words)("account", span).join(Account, Account.id == SearchWord.ref)
    query = query.join(AccountVersion, and_(AccountVersion.account_id == Account.id, newest_version()))
    query = query.add_columns(Account.account_no, AccountVersion.name, AccountVersion.client_no).where(visible_to(actor, asked.day))
    named = sorted(db.session.execute(query).all(), key=lambda row: (not leads(row[2], row[1], span[0]), row[1] if few else ""))
    rows = [*_by_phone(asked), *named]
    return _group("clients", rows, lambda row: Hit(row[2], _("Account %(account)s · client %(client)s", account=row[1], client=row[3]), page_for(actor, "account", row[1])))


def _by_phone(asked: Asked) -> list[Any]:
    """The accounts of a whole phone number or of its last four digits; only for those who may see phone numbers, among what they may see."""
    digits = plain(asked.text)
    if not (digits.isdigit() and len(digits) in {4, 11} and asked.actor.may(Can.IDENTITY_REVEAL)):
        return []
    of_tail = select(SearchWord.ref).where(SearchWord.kind == TAIL, SearchWord.word == tail_word(digits, asked.keyring))
    found = Account.id.in_(of_tail) if len(digits) == 4 else AccountVersion.phone_index == asked.keyring.blind_index(normal_phone(digits))
    query = select(Account.id, Account.account_no, AccountVersion.name, AccountVersion.client_no).join(AccountVersion, AccountVersion.account_id == Account.id)
    return list(db.session.execute(query.where(found, newest_version(), visible_to(asked.actor, asked.day)).order_by(Account.account_no).limit(READ)))


def _leads(asked: Asked) -> Group:
    """Leads by name or number, named as lists name them; by their whole phone number for those who work on leads."""
    actor, span = asked.actor, span_of(asked.text)
    if span is None or not actor.may(Can.LEAD_SEE):
        return Group("leads")
    few = actor.scope(Can.LEAD_SEE) == Scope.OWN
    seen = select(Lead.id, Lead.name, Lead.public_id, Lead.registered_at, Lead.state).where(leads_visible_to(actor), Lead.state != LeadState.MERGED)
    query = (_words_of_few if few else _words)("lead", span).join(Lead, Lead.id == SearchWord.ref)
    query = query.add_columns(Lead.name, Lead.public_id, Lead.registered_at, Lead.state).where(leads_visible_to(actor), Lead.state != LeadState.MERGED)
    rows = [row for row in db.session.execute(query).all() if not _is_friend(actor) or _by_given_name(row, span[0])]
    named = sorted(rows, key=lambda row: (not leads(row[1], number_of(row[3], row[0]), span[0]), -row[0]))
    phone = _typed_phone(asked.text) if actor.may(Can.LEAD_WORK) else ""
    called = list(db.session.execute(seen.where(Lead.phone_index == asked.keyring.blind_index(phone)).limit(MOST))) if phone else []
    return _group("leads", [*called, *named], lambda row: _lead(actor, row))


def _is_friend(actor: Actor) -> bool:
    """Whether the reader is a client alone: he knows his friends by given names, and finds them by no other."""
    return set(actor.roles) == {Role.CLIENT}


def _by_given_name(row: Any, start: bytes) -> bool:
    return any(word.startswith(start) for word in words_of(given_name(row[1]), [number_of(row[3], row[0])]))


def _lead(actor: Actor, row: Any) -> Hit:
    name = given_name(row[1]) if _is_friend(actor) else row[1]
    return Hit(name or number_of(row[3], row[0]), _("Lead %(number)s", number=number_of(row[3], row[0])), url_for("leads.show", lead_public_id=row[2]))


def _typed_phone(text: str) -> str:
    """A phone number that was typed whole, as it is kept; empty where it is none."""
    digits = text.strip()
    if len(plain(digits)) < 7 or not plain(digits).isdigit():
        return ""
    try:
        return person(name="?", phone=digits).phone
    except BadField:
        return ""


def _brokers(asked: Asked) -> Group:
    actor, span = asked.actor, span_of(months.without_month(asked.text))
    if span is None or not actor.may(Can.COMMISSION_SEE):
        return Group("brokers")
    version = current(BrokerVersion).subquery()
    query = _words("broker", span).join(Broker, Broker.id == SearchWord.ref).join(version, version.c.broker_id == Broker.id)
    rows = db.session.execute(query.add_columns(Broker.broker_no, version.c.name).where(visible_brokers(actor))).all()
    month = months.month_in(asked.text)
    return _group("statements" if month else "brokers", rows, lambda row: _statement(month, row) if month else _broker(actor, row))


def _broker(actor: Actor, row: Any) -> Hit:
    fallback = url_for("commission.lines", broker=row[1]) if may_open(actor, "commission.lines") else ""
    return Hit(row[2], _("Broker %(number)s", number=row[1]), page_for(actor, "broker", row[1]) or fallback)


def _statement(month: str, row: Any) -> Hit:
    return Hit(_("Statement of %(month)s", month=month), f"{row[2]} {row[1]}", url_for("commission.statement", period=month, broker_no=row[1]))


def _months(asked: Asked) -> Group:
    """Months by their number; a broker is led to his own statement of it."""
    actor = asked.actor
    found = [month for month in months.known_months(asked.text) if actor.may(Can.COMMISSION_SEE)]
    own = actor.broker_no if actor.scope(Can.COMMISSION_SEE) == Scope.OWN else None
    hits = [_statement(month, (0, own, "")) if own else Hit(month, _("Month"), page_for(actor, "month", month)) for month in found[: 2 * MOST]]
    return Group("statements" if own else "months", [hit for hit in hits if hit.href])


def _plans(asked: Asked) -> Group:
    actor, span = asked.actor, span_of(asked.text)
    if span is None or not actor.may(Can.MONTH_SEE) or not page_for(actor, "plan", "-"):
        return Group("plans")
    version = select(PlanVersion.plan_id, PlanVersion.name).where(PlanVersion.id.in_(current(PlanVersion).with_only_columns(PlanVersion.id))).subquery()
    query = _words("plan", span).join(Plan, Plan.id == SearchWord.ref).join(version, version.c.plan_id == Plan.id)
    rows = db.session.execute(query.add_columns(Plan.plan_code, version.c.name)).all()
    return _group("plans", rows, lambda row: Hit(row[2], row[1], page_for(actor, "plan", row[1])))


def _staff(asked: Asked) -> Group:
    actor, span = asked.actor, span_of(asked.text)
    if span is None or not actor.may(Can.USER_SEE):
        return Group("staff")
    version = current(StaffVersion).subquery()
    query = _words("staff", span).join(Staff, Staff.id == SearchWord.ref).join(version, version.c.staff_id == Staff.id)
    rows = db.session.execute(query.add_columns(Staff.staff_no, version.c.name)).all()
    return _group("staff", rows, lambda row: Hit(row[2], _("Staff %(number)s", number=row[1]), page_for(actor, "staff", row[1]) or url_for("identity.users", q=row[2])))


def _branches(asked: Asked) -> Group:
    actor, span = asked.actor, span_of(asked.text)
    if span is None or not page_for(actor, "branch", "-"):
        return Group("branches")
    version = current(BranchVersion).subquery()
    query = _words("branch", span).join(Branch, Branch.id == SearchWord.ref).join(version, version.c.branch_id == Branch.id)
    rows = db.session.execute(query.add_columns(Branch.branch_no, version.c.name).where(_own_branch(actor))).all()
    return _group("branches", rows, lambda row: Hit(row[2], _("Branch %(number)s", number=row[1]), page_for(actor, "branch", row[1])))


def _own_branch(actor: Actor) -> Any:
    scope = actor.scope(Can.BROKER_SEE)
    return true() if scope == Scope.ALL else or_(Branch.branch_no == (actor.branch_no or ""), false()) if scope == Scope.BRANCH else false()


def _files(asked: Asked) -> Group:
    span = span_of(asked.text)
    if span is None or not asked.actor.may(Can.IMPORT_SEE):
        return Group("files")
    query = _words("file", span).join(SettlementFile, SettlementFile.id == SearchWord.ref).add_columns(SettlementFile.name, SettlementFile.trade_date)
    return _group("files", db.session.execute(query).all(), lambda row: Hit(row[1], str(row[2] or ""), url_for("imports.index")))
