"""Accounts that a person may see; every list of accounts begins with `visible_accounts`."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ColumnElement, Select, false, func, select, true
from sqlalchemy.orm import aliased

from models.attribution import Attribution
from models.clients import Account, AccountVersion, Servicing, ServicingRole
from models.partners import Branch, Broker, Staff
from portal.actors import Actor
from portal.permissions import Can, Scope
from portal.versions import current


def newest_version() -> ColumnElement[bool]:
    """The condition that an AccountVersion row is the newest of its account (by key, so that a page of a list stays cheap)."""
    other = aliased(AccountVersion)
    return AccountVersion.id == select(func.max(other.id)).where(other.account_id == AccountVersion.account_id).scalar_subquery()


def accounts() -> Select[Account, AccountVersion]:
    """Every account with what is known of it now."""
    return select(Account, AccountVersion).join(AccountVersion, AccountVersion.account_id == Account.id).where(newest_version())


def visible_to(actor: Actor, day: date) -> ColumnElement[bool]:
    """The condition, on Account and AccountVersion, that an actor may see an account on a trade date.

    A broker sees the accounts attributed to him on that day, staff those they look after, a client his own, a branch its own.
    """
    scope = actor.scope(Can.ACCOUNT_SEE)
    if scope is None:
        return false()
    if scope is Scope.ALL:
        return true()
    if scope is Scope.BRANCH:
        return AccountVersion.branch_id.in_(select(Branch.id).where(Branch.branch_no == (actor.branch_no or "")))
    ways = [Account.id.in_(ids) for ids in _own(actor, day)]
    return false() if not ways else ways[0] if len(ways) == 1 else ways[0] | ways[1] if len(ways) == 2 else ways[0] | ways[1] | ways[2]


def _own(actor: Actor, day: date) -> list[Select[int]]:
    """The account ids that are an actor's own, by each thing he is bound to."""
    ways: list[Select[int]] = []
    if actor.broker_no:
        mine = Attribution.account_id.in_(select(Attribution.account_id).join(Broker, Broker.id == Attribution.broker_id).where(Broker.broker_no == actor.broker_no))
        span = current(Attribution, None, mine).subquery()
        broker = select(Broker.id).where(Broker.broker_no == actor.broker_no)
        ways.append(select(span.c.account_id).where(span.c.broker_id.in_(broker), span.c.valid_from <= day, span.c.valid_to > day))
    if actor.staff_no:
        staff = select(Staff.id).where(Staff.staff_no == actor.staff_no)
        served = current(Servicing, None, Servicing.staff_id.in_(staff)).subquery()
        looks_after = (served.c.role == ServicingRole.SERVICER) & (served.c.valid_from <= day) & (served.c.valid_to > day)
        ways.append(select(served.c.account_id).where(looks_after))
    if actor.client_no:
        version = aliased(AccountVersion)
        ways.append(select(version.account_id).where(version.client_no == actor.client_no))
    return ways
