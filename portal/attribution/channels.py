"""How an account came to the firm on a day, as a condition of a query: by a broker, by staff, or by itself.

The same reading as the sums of settled days (portal/settlement/rollups.py): the first broker has the largest share, of equal
ones the one who was entered first. An attribution counts whatever its state: it says who introduced, not who earns.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import aliased

from models.attribution import Attribution
from models.clients import Servicing, ServicingRole
from models.partners import Broker
from models.rollups import Channel


def came_by(channel: str, account: Any, day: Any) -> ColumnElement[bool]:
    """The condition that an account (a column of ids) came by a channel, on a day (a value or a column)."""
    span, won = aliased(Attribution), aliased(Servicing)
    attributed = _some(span, _counts(Attribution, span, account, day))
    by_staff = _some(won, _counts(Servicing, won, account, day), won.role == ServicingRole.ORIGINATOR.value)
    conditions = {Channel.BROKER: attributed, Channel.STAFF: ~attributed & by_staff, Channel.DIRECT: ~attributed & ~by_staff}
    return conditions[Channel(channel)]


def first_broker_is(broker_no: str, account: Any, day: Any) -> ColumnElement[bool]:
    """The condition that a broker is the first of an account on a day."""
    mine, other = aliased(Attribution), aliased(Attribution)
    before = or_(other.share > mine.share, (other.share == mine.share) & (other.broker_id < mine.broker_id))
    broker = select(Broker.id).where(Broker.broker_no == broker_no).scalar_subquery()
    return _some(mine, _counts(Attribution, mine, account, day), mine.broker_id == broker, ~_some(other, _counts(Attribution, other, account, day), before))


def _some(row: Any, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """That there is such a row; everything else that the conditions speak of stands in the query around it."""
    return exists().where(*conditions).correlate_except(row)


def _counts(model: Any, row: Any, account: Any, day: Any) -> ColumnElement[bool]:
    """That a row is of the account, believed now, and holds on the day."""
    newer = aliased(model)
    same = [getattr(newer, name) == getattr(row, name) for name in model.KEY]
    holds: ColumnElement[bool] = (row.account_id == account) & ~row.withdrawn & (row.valid_from <= day) & (row.valid_to > day) & ~_some(newer, *same, newer.id > row.id)
    return holds
