"""What each holder has of the firm's equity and fees on settled days, and how unevenly that is spread over them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import polars as pl
from sqlalchemy import BigInteger, Date, and_, case, cast, column, func, literal, select, values

from models.concentration import WHOLE_FIRM, Holder, Measure, StaffBook
from models.rollups import BrokerBook, Channel, FirmDay
from models.values.calendar import Month
from portal.bulk import read_frame
from portal.departures.spread import concentration

CHANNELS = list(Channel)
FLOORS: dict[str, Any] = {"trade_date": pl.Date, "branch_id": pl.Int64, "holder": pl.String, "key": pl.Int64, "equity": pl.Int64, "fee": pl.Int64}
"""What each holder has in each branch on a day: his key, equity at the day's end and retained fee of the month up to the day (fen)."""


def floors(days: list[date], branch_id: int | None = None, holders: Iterable[Holder] = tuple(Holder), measures: Iterable[Measure] = tuple(Measure)) -> pl.DataFrame:
    """What each holder has in each branch on each of some days (FLOORS), from the sums of settled days and the books of the staff."""
    sources = {Holder.BROKER: (BrokerBook, BrokerBook.broker_id), Holder.STAFF: (StaffBook, StaffBook.staff_id), Holder.BRANCH: (FirmDay, FirmDay.branch_id)}
    frames = [pl.DataFrame(schema=FLOORS)]
    for holder in holders if days else ():
        model, key = sources.get(holder, (FirmDay, FirmDay.channel))
        found = _held(days, branch_id, model, key, measures)
        frames.append(found.select(pl.col(name) if name != "holder" else pl.lit(holder.value).alias(name) for name in FLOORS))
    return pl.concat(frames)


def _held(days: list[date], branch_id: int | None, model: Any, key: Any, measures: Iterable[Measure]) -> pl.DataFrame:
    """Equity at each day's end and the fees of its month up to it, in one question; what is not asked for is 0."""
    equity, fees = Measure.EQUITY in measures, Measure.RETAINED_FEE in measures
    wanted = values(column("day", Date), column("first", Date), name="wanted").data([(day, Month.of(day).first if fees else day) for day in days]).cte()
    sums = [
        cast(func.sum(case((model.trade_date == wanted.c.day, model.equity), else_=0)), BigInteger) if equity else literal(0),
        cast(func.sum(model.retained_fee), BigInteger) if fees else literal(0),
    ]
    when = and_(model.trade_date <= wanted.c.day, model.trade_date >= wanted.c.first)
    within = [] if branch_id is None else [model.branch_id == branch_id]
    query = select(wanted.c.day, model.branch_id, key, *sums).select_from(wanted).join(model, when).where(*within).group_by(wanted.c.day, model.branch_id, key)
    named = key is FirmDay.channel
    found = read_frame(query, {**{name: kind for name, kind in FLOORS.items() if name != "holder"}, "key": pl.String if named else pl.Int64})
    return found.with_columns(pl.col("key").replace_strict({name.value: place for place, name in enumerate(CHANNELS)}, return_dtype=pl.Int64)) if named else found


def figures(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """The figures of every branch and of the whole firm on each day from FLOORS; nothing stands where nothing is held. Pure."""
    inside = rows.filter(pl.col("holder") != Holder.BRANCH.value)
    whole = rows.with_columns(branch_id=pl.lit(WHOLE_FIRM, pl.Int64)).group_by("trade_date", "branch_id", "holder", "key").agg(pl.col("equity", "fee").sum())
    key = ["trade_date", "branch_id", "holder"]
    found = []
    for part in pl.concat([inside, whole.select(inside.columns)]).group_by(key).agg("equity", "fee").sort(key).iter_rows(named=True):
        for measure, name in ((Measure.EQUITY, "equity"), (Measure.RETAINED_FEE, "fee")):
            one = concentration(part[name])
            if one is not None:
                largest = {f"top_{count}": value for count, value in one.held.items()}
                found.append({**{name: part[name] for name in key}, "measure": measure.value, "holders": one.holders, "total": one.total, **largest, "hhi": one.index})
    return found
