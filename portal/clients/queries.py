"""Accounts that a person may see; every list of accounts begins with `visible_accounts`."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, bindparam, exists, false, func, select, true
from sqlalchemy.orm import aliased

from models import db
from models.attribution import Attribution
from models.clients import Account, AccountVersion, Servicing, ServicingRole
from models.partners import Branch, BranchVersion, Broker, Staff
from models.transfers import SightEnd
from portal.actors import Actor
from portal.permissions import Can, Scope
from portal.refusals import NotFound
from portal.versions import current


def newest_version() -> ColumnElement[bool]:
    """The condition that an AccountVersion row is the newest of its account: one account is looked up by key, all of them in one go."""
    newer = aliased(AccountVersion)
    return ~exists().where(newer.account_id == AccountVersion.account_id, newer.id > AccountVersion.id)


def accounts() -> Select[Account, AccountVersion]:
    """Every account with what is known of it now."""
    return select(Account, AccountVersion).select_from(Account).join(AccountVersion, AccountVersion.account_id == Account.id).where(newest_version())


class Bound(NamedTuple):
    """To whom somebody is bound, by number: values, or parameters of a statement that is built once for all who are bound alike."""

    broker_no: Any
    staff_no: Any
    client_no: Any
    branch_no: Any


def account_for(actor: Actor, account_no: str, day: date) -> tuple[Account, AccountVersion]:
    """An account that an actor may see on a trade date. Raises NotFound, the same for foreign and for missing ones."""
    own = _bound(actor)
    query = _account_by_number(actor.scope(Can.ACCOUNT_SEE), *(number is not None for number in own))
    found = db.session.execute(query, {"account_no": account_no, "day": day, **own._asdict()}).one_or_none()
    if found is None:
        raise NotFound("there is no account %(number)s that you may see", number=account_no)
    return found[0], found[1]


def account_now(actor: Actor, account_no: str, settled: date | None, today: date) -> tuple[Account, AccountVersion]:
    """An account that an actor may see on the last settled day (`settled`), or today where it has become his since. Raises NotFound."""
    if settled is not None and settled < today:
        try:
            return account_for(actor, account_no, settled)
        except NotFound:
            return account_for(actor, account_no, today)
    return account_for(actor, account_no, settled or today)


@cache
def _account_by_number(scope: Scope | None, *bound: bool) -> Select[Account, AccountVersion]:
    """The question of `account_for`, asked at every page of an account: built once a scope and kinds of numbers."""
    own = Bound(*(bindparam(name) if is_bound else None for name, is_bound in zip(Bound._fields, bound, strict=True)))
    return accounts().where(Account.account_no == bindparam("account_no"), _visible(scope, own, bindparam("day")))


_BRANCH = BranchVersion.__table__.c
_NEWEST_BRANCH = select(func.max(_BRANCH.id)).where(_BRANCH.branch_id == bindparam("branch_id")).scalar_subquery()
_BRANCH_NAME = select(_BRANCH.name).where(_BRANCH.id == _NEWEST_BRANCH, ~_BRANCH.withdrawn)


def branch_of(version: AccountVersion) -> str:
    """The name of an account's branch as known now; empty where none is known."""
    return db.session.execute(_BRANCH_NAME, {"branch_id": version.branch_id}).scalar() or ""


def visible_to(actor: Actor, day: date) -> ColumnElement[bool]:
    """The condition, on Account and AccountVersion, that an actor may see an account on a trade date.

    A broker sees the accounts attributed to him on that day (one that was handed over no more, from that minute on), staff those
    they look after, a client his own, a branch its own.
    """
    return _visible(actor.scope(Can.ACCOUNT_SEE), _bound(actor), day)


def _bound(actor: Actor) -> Bound:
    return Bound(*(getattr(actor, name) or None for name in Bound._fields))


def _visible(scope: Scope | None, own: Bound, day: Any) -> ColumnElement[bool]:
    if scope is None:
        return false()
    if scope is Scope.ALL:
        return true()
    if scope is Scope.BRANCH:
        return false() if own.branch_no is None else AccountVersion.branch_id.in_(select(Branch.id).where(Branch.branch_no == own.branch_no))
    ways = [Account.id.in_(ids) for ids in _own(own, day)]
    return false() if not ways else ways[0] if len(ways) == 1 else ways[0] | ways[1] if len(ways) == 2 else ways[0] | ways[1] | ways[2]


def seen_by_broker(broker_no: Any, day: Any) -> Select[int]:
    """The ids of the accounts that a broker may see on a trade date: attributed to him then, and not handed over since."""
    broker = select(Broker.id).where(Broker.broker_no == broker_no)
    mine = Attribution.account_id.in_(select(Attribution.account_id).join(Broker, Broker.id == Attribution.broker_id).where(Broker.broker_no == broker_no))
    span = current(Attribution, None, mine).subquery()
    taken = (SightEnd.broker_id == span.c.broker_id) & (SightEnd.account_id == span.c.account_id) & (SightEnd.recording_id >= span.c.recording_id)
    held = select(span.c.account_id).where(span.c.broker_id.in_(broker), span.c.valid_from <= day, span.c.valid_to > day)
    return held.where(~exists().where(taken))


def _own(own: Bound, day: Any) -> list[Select[int]]:
    """The account ids that are somebody's own, by each thing he is bound to."""
    ways: list[Select[int]] = []
    if own.broker_no is not None:
        ways.append(seen_by_broker(own.broker_no, day))
    if own.staff_no is not None:
        staff = select(Staff.id).where(Staff.staff_no == own.staff_no)
        served = current(Servicing, None, Servicing.staff_id.in_(staff)).subquery()
        looks_after = (served.c.role == ServicingRole.SERVICER) & (served.c.valid_from <= day) & (served.c.valid_to > day)
        ways.append(select(served.c.account_id).where(looks_after))
    if own.client_no is not None:
        version = aliased(AccountVersion)
        ways.append(select(version.account_id).where(version.client_no == own.client_no))
    return ways
