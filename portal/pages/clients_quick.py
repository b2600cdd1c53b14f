"""The list of clients as it is asked most: all of the firm's, by equity. One day's balances stand beside each other, so the next page
and the sums are read from them alone; names and branches are then looked up for the rows of the page."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from models import db
from models.clients import Account, AccountVersion
from models.settlement import Balance, SettlementDay
from portal.clients import balances
from portal.pages.settled import last_day
from portal.permissions import Can, Scope
from portal.web.list_pages import COUNT, Asked, Quick
from portal.web.once import once
from portal.web.paging import read_day
from portal.web.remembered import remembered
from portal.web.wanted import Wanted


def day_of(asked: Asked) -> date:
    """The day of the balances that are asked for: the last settled one where the address names none."""
    try:
        return read_day(asked.args["day"])
    except (KeyError, ValueError):
        return last_day() or date.min


def newest(day: date) -> ColumnElement[bool]:
    """The condition that a Balance of a day is the newest of its account."""
    return once(("newest balances", day), partial(balances.newest, day))


def quick(asked: Asked, wanted: Wanted) -> Quick | None:
    """The short ways for somebody who sees all clients and narrows them by nothing but the day."""
    narrowed = any(bound.value is not None for bound in wanted.filters if bound.filter.name != "day")
    if narrowed or asked.actor.scope(Can.ACCOUNT_SEE) is not Scope.ALL:
        return None
    day = day_of(asked)
    by_equity = wanted.sort.removeprefix("-") == "equity" and (wanted.after is None or wanted.after[0] is not None)
    return Quick(_sums(day), _keys(day, wanted) if by_equity else None)


def _keys(day: date, wanted: Wanted) -> list[int]:
    """The accounts of a page and the one after it, in their order; fewer where those without a balance follow."""
    down = wanted.sort.startswith("-")
    query = select(Balance.account_id).where(Balance.trade_date == day, ~Balance.gone, newest(day))
    if wanted.after is not None:
        value, key = wanted.after
        further = (Balance.equity < value, Balance.account_id < key) if down else (Balance.equity > value, Balance.account_id > key)
        query = query.where(or_(further[0], and_(Balance.equity == value, further[1])))
    order = (Balance.equity.desc(), Balance.account_id.desc()) if down else (Balance.equity, Balance.account_id)
    return list(db.session.execute(query.order_by(*order).limit(wanted.per_page + 1)).scalars())


def _sums(day: date) -> dict[str, int | None]:
    """How many accounts there are, and what they hold on a day in fen; added up anew after an import of balances or of accounts."""
    state = select(select(func.max(SettlementDay.id)).where(SettlementDay.trade_date == day).scalar_subquery(), select(func.max(AccountVersion.id)).scalar_subquery())
    return remembered(("sums of clients", day, *db.session.execute(state).one()), lambda: _added(day))


def _added(day: date) -> dict[str, int | None]:
    known = exists().where(AccountVersion.account_id == Account.id)
    accounts: int = db.session.execute(select(func.count()).select_from(Account).where(known)).scalar_one()
    sums: Any = select(func.sum(Balance.equity), func.sum(Balance.available)).where(Balance.trade_date == day, ~Balance.gone, newest(day))
    equity, available = (None if value is None else int(value) for value in db.session.execute(sums).one())
    return {COUNT: accounts, "equity": equity, "available": available}
