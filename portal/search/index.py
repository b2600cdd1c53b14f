"""The words of everything that is searched for, made from what the firm knows: only what is new since the last time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, Table, delete, exists, false, func, literal, null, select, text

from models import db
from models.clients import Account, AccountVersion
from models.commission import Plan, PlanVersion
from models.leads import Lead, number_of
from models.partners import Branch, BranchVersion, Broker, BrokerVersion, Staff, StaffVersion
from models.search import SearchMark, SearchWord
from models.settlement import SettlementFile
from portal.bulk import insert_rows
from portal.sealing import Keyring, Unreadable
from portal.search.words import words_of
from portal.transaction import on_postgresql

CHUNK = 5_000
"""Rows of knowledge that one transaction takes in."""
LEAD = "lead"
"""The kind of word under which a lead is found. Leads are no versions: each is taken in once, and its words go when it is erased."""
OVERLAP = 5_000
"""So many leads before the mark are looked at again: one of two who register at once may be written down after the later number."""
TAIL = "tail"
"""The kind of word under which an account is found by the last four digits of its phone."""


@dataclass(frozen=True)
class Source:
    """Where a kind's names come from: the rows of knowledge (`id`, key, whether withdrawn, name, two numbers, sealed phone)."""

    kind: str
    row_id: Any
    rows: Select[*tuple[Any, ...]]
    ref: Any


def _version(kind: str, thing: Any, number: Any, version: Any, key: str, *more: Any) -> Source:
    rows = select(version.id, thing.id, version.withdrawn, version.name, number, *(more or (null(), null()))).join(thing, thing.id == getattr(version, key))
    return Source(kind, version.id, rows, getattr(version, key))


SOURCES = (
    _version("account", Account, Account.account_no, AccountVersion, "account_id", AccountVersion.client_no, AccountVersion.phone_sealed),
    _version("broker", Broker, Broker.broker_no, BrokerVersion, "broker_id"),
    _version("staff", Staff, Staff.staff_no, StaffVersion, "staff_id"),
    _version("branch", Branch, Branch.branch_no, BranchVersion, "branch_id"),
    _version("plan", Plan, Plan.plan_code, PlanVersion, "plan_id"),
    Source("file", SettlementFile.id, select(SettlementFile.id, SettlementFile.id, false(), SettlementFile.name, literal(""), null(), null()), SettlementFile.id),
)


def behind() -> bool:
    """Whether something is known that cannot be found yet: one look at the newest row of each kind."""
    newest = [select(func.coalesce(func.max(source.row_id), 0)).scalar_subquery().label(source.kind) for source in SOURCES]
    known = db.session.execute(select(*newest)).one()
    marks = _marks()
    if any(marks.get(source.kind, 0) < upto for source, upto in zip(SOURCES, known, strict=True)):
        return True
    return db.session.execute(_unknown_leads(marks).with_only_columns(Lead.id).limit(1)).first() is not None


def catch_up_step(keyring: Keyring) -> bool:
    """Take in the next rows of knowledge inside the open transaction. False where nothing is left."""
    if on_postgresql():
        db.session.execute(text("SELECT pg_advisory_xact_lock(727003)"))  # one at a time; SQLite's write lock sees to it already
    marks = _marks()
    for source in SOURCES:
        rows = db.session.execute(source.rows.where(source.row_id > marks.get(source.kind, 0)).order_by(source.row_id).limit(CHUNK)).all()
        if rows:
            _take_in(source, rows, keyring)
            db.session.merge(SearchMark(kind=source.kind, upto=rows[-1][0]))
            db.session.flush()
            return True
    return _take_in_leads(marks)


def _unknown_leads(marks: dict[str, int]) -> Select[*tuple[Any, ...]]:
    """The leads that cannot be found yet."""
    there = exists().where(SearchWord.kind == LEAD, SearchWord.ref == Lead.id)
    query = select(Lead.id, Lead.name, Lead.registered_at).where(Lead.id > marks.get(LEAD, 0) - OVERLAP, Lead.erased_at.is_(None), ~there)
    return query.order_by(Lead.id)


def _take_in_leads(marks: dict[str, int]) -> bool:
    """Make the next leads findable by name and number. They are held meanwhile: one that is being erased is not taken in after that."""
    rows = db.session.execute(_unknown_leads(marks).limit(CHUNK).with_for_update(read=True, of=Lead)).all()
    if not rows:
        return False
    words = [(LEAD, word, row.id) for row in rows for word in words_of(row.name, [number_of(row.registered_at, row.id)])]
    insert_rows(SearchWord.__table__, ("kind", "word", "ref"), sorted(words))  # type: ignore[arg-type]
    db.session.merge(SearchMark(kind=LEAD, upto=max(rows[-1].id, marks.get(LEAD, 0))))
    db.session.flush()
    return True


def _take_in(source: Source, rows: Any, keyring: Keyring) -> None:
    """Replace the words of the things that these rows speak of; of several rows about one thing the newest counts."""
    table: Table = SearchWord.__table__  # type: ignore[assignment]
    newest = {row[1]: row for row in rows}
    known = db.session.execute(select(SearchMark.upto).where(SearchMark.kind == source.kind)).scalar() or 0
    if known:
        spoken_of = select(source.ref).where(source.row_id > known, source.row_id <= rows[-1][0])
        db.session.execute(
            delete(SearchWord).where(SearchWord.kind.in_([source.kind, TAIL]) if source.kind == "account" else SearchWord.kind == source.kind, SearchWord.ref.in_(spoken_of))
        )
    there = [row for row in newest.values() if not row[2]]
    words = [(source.kind, word, row[1]) for row in there for word in words_of(row[3], filter(None, row[4:6]))]
    tails = [(TAIL, tail_word(phone[-4:], keyring), row[1]) for row in there if (phone := _phone(row, keyring))]
    insert_rows(table, ("kind", "word", "ref"), sorted(words) + sorted(tails))


def tail_word(digits: str, keyring: Keyring) -> bytes:
    """Under what the accounts of a phone's last four digits are kept: a keyed digest, so that the table gives no number away."""
    return keyring.blind_index(f"tail:{digits}")[:16].encode()


def _phone(row: Any, keyring: Keyring) -> str:
    """A row's phone number; empty where it has none, or one that does not open."""
    try:
        return keyring.open(row[6] or "", f"account_version.phone_sealed:{row[4]}")
    except Unreadable:
        return ""


def _marks() -> dict[str, int]:
    return {row.kind: row.upto for row in db.session.execute(select(SearchMark.kind, SearchMark.upto))}
