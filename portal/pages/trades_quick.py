"""The totals of the list of trades as it is asked most: by day, exchange, product, channel and branch. Those are what the sums of settled days
(models/rollups.py) are kept by, so a few hundred rows say what all the trades of the days come to; a filter below that grain (an account, a first
broker), or a day whose sums wait for a job, is added up from the trades themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, func, select

from models import db
from models.partners import Branch
from models.rollups import ProductDay, RollupDay
from models.settlement import SettlementDay
from portal.commission.overview import cut_for
from portal.pages.settled import last_day
from portal.web.list_pages import COUNT, Asked, Quick
from portal.web.wanted import Wanted

Narrow = Callable[[Any], ColumnElement[bool]]
DAYS: Mapping[str, Callable[[Any, Any], ColumnElement[bool]]] = {"from": lambda column, day: column >= day, "to": lambda column, day: column <= day}
"""The filters by which days are chosen, on any table's day."""
GROUPS: Mapping[str, Narrow] = {
    "exchange": lambda text: ProductDay.exchange == text,
    "product": lambda text: ProductDay.product == text,
    "channel": lambda text: ProductDay.channel == text,
    "branch": lambda text: ProductDay.branch_id.in_(select(Branch.id).where(Branch.branch_no == text)),
}
"""The filters that take whole rows of the sums or none."""
ADDED = {"lots": ProductDay.lots, "turnover": ProductDay.turnover, "fee": ProductDay.fee, "retained_fee": ProductDay.retained_fee}


def quick(asked: Asked, wanted: Wanted) -> Quick | None:
    """The totals from the sums of settled days, where the filters in use and the days allow it; else None. The rows of the page are still looked for."""
    used = {bound.filter.name: bound.value for bound in wanted.filters if bound.value is not None}
    if used.keys() - DAYS.keys() - GROUPS.keys():
        return None

    def days(column: Any) -> list[ColumnElement[bool]]:
        """The condition of the days asked for, as the list itself reads them: without any, the last settled one."""
        chosen = [narrow(column, used[name]) for name, narrow in DAYS.items() if name in used]
        return chosen if chosen or asked.args.get("from") or asked.args.get("to") else [column == last_day()]

    if not _all_added(days(SettlementDay.trade_date)):
        return None
    conditions = [*days(ProductDay.trade_date), *(GROUPS[name](value) for name, value in used.items() if name in GROUPS)]
    cut = cut_for(asked.actor)
    if cut.branch_id is not None:
        conditions.append(ProductDay.branch_id == cut.branch_id)
    row = db.session.execute(select(func.sum(ProductDay.active), *(func.sum(column) for column in ADDED.values())).where(*conditions)).one()
    count, *sums = (None if value is None else int(value) for value in row)
    return Quick({COUNT: count or 0, **dict(zip(ADDED, sums, strict=True))}, None)


def _all_added(days: list[ColumnElement[bool]]) -> bool:
    """Whether the sums of every settled day among some are there; sums that no longer hold are taken away (portal/settlement/rollups.py)."""
    waits = select(SettlementDay.id).where(*days, SettlementDay.trade_date.not_in(select(RollupDay.trade_date))).limit(1)
    return db.session.execute(waits).first() is None
