"""Reading who opened what, and how often: every list begins with the clients of whom the reader of the list may know it."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, and_, cast, func, select, true

from models import db
from models.clients import Account, AccountVersion
from models.identity import User
from models.research import ResearchItem, ResearchOpen, ResearchVersion
from portal.actors import Actor
from portal.care.policy import visible_to
from portal.clients.queries import newest_version
from portal.permissions import Can, Scope


def seen_by(actor: Actor, day: date) -> ColumnElement[bool]:
    """The condition, on ResearchOpen, that an actor may know who it was: staff of the clients whom they look after, a branch of its own."""
    if actor.scope(Can.RESEARCH_OPENS) is Scope.ALL:
        return true()
    own = select(AccountVersion.client_no).select_from(Account).join(AccountVersion, AccountVersion.account_id == Account.id)
    return and_(ResearchOpen.client_no != "", ResearchOpen.client_no.in_(own.where(newest_version(), visible_to(actor, day, Can.RESEARCH_OPENS))))


def client_names() -> Any:
    """The name of each client by his number."""
    query = select(AccountVersion.client_no, func.min(AccountVersion.name).label("name")).where(newest_version(), AccountVersion.client_no != "")
    return query.group_by(AccountVersion.client_no).subquery()


def newest_versions() -> Any:
    """The version of each item that is read, or the newest where none is."""
    last = select(ResearchVersion.item_id, func.max(ResearchVersion.number).label("number")).group_by(ResearchVersion.item_id).subquery()
    number = func.coalesce(ResearchItem.published_version, last.c.number)
    query = select(ResearchVersion).join(ResearchItem, ResearchItem.id == ResearchVersion.item_id).join(last, last.c.item_id == ResearchItem.id)
    return query.where(ResearchVersion.number == number).subquery()


NAMES = client_names()
READ = newest_versions()
WHO = func.coalesce(NAMES.c.name, User.name, "")
"""How a reader is called: a client by his name in the books, else by that of his sign-in."""


def listed(actor: Actor, day: date) -> Select[*tuple[Any, ...]]:
    """Every kept opening that an actor may see: the row, its item, the title, and who it was."""
    query = select(ResearchOpen, ResearchItem, READ.c.title.label("title"), READ.c.chain.label("chain"), WHO.label("who"))
    query = query.join(ResearchItem, ResearchItem.id == ResearchOpen.item_id).join(READ, READ.c.item_id == ResearchItem.id)
    query = query.outerjoin(NAMES, NAMES.c.client_no == ResearchOpen.client_no).outerjoin(User, User.id == ResearchOpen.user_id)
    return query.where(seen_by(actor, day))


def sums() -> Any:
    """What was opened of each item, those who are not recorded included: readers known, opens, and how often its end was reached."""
    query = select(
        ResearchOpen.item_id, func.count().label("readers"), cast(func.sum(ResearchOpen.times), BigInteger).label("opens"), func.count(ResearchOpen.finished_at).label("ends")
    )
    return query.group_by(ResearchOpen.item_id).subquery()


OPENED = sums()
READERS = func.coalesce(OPENED.c.readers, 0)
OPENS = func.coalesce(OPENED.c.opens, 0) + ResearchItem.opens_unnamed
ENDS = func.coalesce(OPENED.c.ends, 0) + ResearchItem.finished_unnamed


def items() -> Select[*tuple[Any, ...]]:
    """Every report and course with its version that is read (else the newest) and what was opened of it."""
    query = select(ResearchItem, READ, READERS.label("readers"), OPENS.label("opens"), ENDS.label("ends"))
    return query.join(READ, READ.c.item_id == ResearchItem.id).outerjoin(OPENED, OPENED.c.item_id == ResearchItem.id)


def one(item_id: int) -> Any:
    """One item as a row of `items`."""
    return db.session.execute(items().where(ResearchItem.id == item_id)).one()
