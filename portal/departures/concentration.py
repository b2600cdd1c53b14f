"""On how few the firm's client equity stands: the figures of a settled day and of every month's end, and who holds how much. Reads what is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl
from sqlalchemy import func, select

from models import db
from models.concentration import WHOLE_FIRM, ConcentrationDay, ConcentrationFigure, Holder, Measure
from models.partners import Staff, StaffVersion
from portal.departures.holders import floors
from portal.versions import current

MONTHS = 36
"""So many months' ends are drawn."""


@dataclass(frozen=True)
class Figure:
    """How unevenly a measure is spread: how many hold it, what they hold and what the 1, 5 and 10 largest do (fen), the index (to 10,000)."""

    holders: int
    total: int
    top: dict[int, int]
    hhi: int

    def share(self, count: int) -> int:
        """What so many of the largest hold, in hundredths of a per cent, rounded down."""
        return self.top[count] * 10_000 // self.total


@dataclass(frozen=True)
class Standing:
    """The figures of a settled day. `equity` is that of accounts above 0 (fen), which two or more of the staff look after, `one` alone or
    `nobody`; `under_brokers` of `all_equity` stands under brokers; of `brokers` with accounts so many are natural `persons`."""

    day: date
    known: int
    equity: int
    several: int
    one: int
    nobody: int
    all_equity: int
    under_brokers: int
    brokers: int
    persons: int
    figures: dict[tuple[Holder, Measure], Figure]

    @property
    def brokers_share(self) -> int | None:
        """The brokers' share of the equity, hundredths of a per cent; None without equity."""
        return self.under_brokers * 10_000 // self.all_equity if self.all_equity > 0 else None

    @property
    def persons_share(self) -> int | None:
        """The natural persons' share of the brokers with accounts, hundredths of a per cent."""
        return self.persons * 10_000 // self.brokers if self.brokers else None

    def contact(self, name: str) -> int | None:
        """The share of the equity that `several`, `one` or `nobody` looks after, hundredths of a per cent; None without equity."""
        part: int = getattr(self, name)
        return part * 10_000 // self.equity if self.equity else None


def standings(days: list[date], branch_id: int | None = None) -> dict[date, Standing]:
    """The figures of those of some days for which they are kept. Two queries."""
    branch = WHOLE_FIRM if branch_id is None else branch_id
    figure = ConcentrationFigure
    each: dict[date, dict[tuple[Holder, Measure], Figure]] = {}
    for row in db.session.execute(select(figure).where(figure.trade_date.in_(days), figure.branch_id == branch)).scalars():
        held = Figure(row.holders, row.total, {1: row.top_1, 5: row.top_5, 10: row.top_10}, row.hhi)
        each.setdefault(row.trade_date, {})[Holder(row.holder), Measure(row.measure)] = held
    names = ("equity", "several", "one", "nobody", "all_equity", "under_brokers", "brokers", "persons")
    rows = db.session.execute(select(ConcentrationDay).where(ConcentrationDay.trade_date.in_(days), ConcentrationDay.branch_id == branch)).scalars()
    found = {}
    for one in rows:
        sums: dict[str, int] = {name: getattr(one, name) for name in names}
        found[one.trade_date] = Standing(day=one.trade_date, known=one.known_recording_id, figures=each.get(one.trade_date, {}), **sums)
    return dict(sorted(found.items()))


def standing(day: date, branch_id: int | None = None) -> Standing | None:
    """The figures of a day; None where they are not kept (yet)."""
    return standings([day], branch_id).get(day)


def last_day() -> date | None:
    """The newest settled day whose figures are kept."""
    found: date | None = db.session.execute(select(func.max(ConcentrationDay.trade_date)).where(ConcentrationDay.branch_id == WHOLE_FIRM)).scalar()
    return found


def month_ends(day: date) -> list[date]:
    """The last settled day of each month up to a day whose figures are kept, MONTHS of them at most; of the day's own month the day itself."""
    query = select(ConcentrationDay.trade_date).where(ConcentrationDay.branch_id == WHOLE_FIRM, ConcentrationDay.trade_date <= day).order_by(ConcentrationDay.trade_date)
    last: dict[tuple[int, int], date] = {}
    for one in db.session.execute(query).scalars():
        last[one.year, one.month] = one
    return list(last.values())[-MONTHS:]


def brokers(day: date) -> pl.DataFrame:
    """The equity of every broker in every branch on a settled day: FLOORS."""
    return floors([day], None, [Holder.BROKER], [Measure.EQUITY])


def holders(day: date, branch_id: int | None, holder: Holder, measure: Measure) -> dict[int, int]:
    """What each holder has (fen) by his key: of a channel its place in CHANNELS."""
    return added(floors([day], branch_id, [holder], [measure]), branch_id, measure)


def added(rows: pl.DataFrame, branch_id: int | None, measure: Measure = Measure.EQUITY) -> dict[int, int]:
    """What each holder in FLOORS has (fen) in a branch, or in all of them, by his key. Pure."""
    inside = rows if branch_id is None else rows.filter(pl.col("branch_id") == branch_id)
    sums = inside.group_by("key", maintain_order=True).agg(pl.col("equity" if measure is Measure.EQUITY else "fee").sum().alias("fen"))
    return dict(zip(sums["key"].to_list(), sums["fen"].to_list(), strict=True))


def by_branch_and_broker(day: date, rows: pl.DataFrame) -> dict[int, dict[int, int]]:
    """The equity (fen) of every broker in every branch from `brokers`, and under none of them (key 0) what stands under no broker."""
    parts = rows.group_by("branch_id").agg("key", "equity").rows()
    found: dict[int, dict[int, int]] = {branch: dict(zip(keys, values, strict=True)) for branch, keys, values in parts}
    whole = floors([day], None, [Holder.BRANCH], [Measure.EQUITY])
    for branch, value in whole.select("branch_id", "equity").iter_rows():
        found.setdefault(branch, {})[0] = value - sum(found.get(branch, {}).values())
    return found


def staff_names(ids: list[int]) -> dict[int, tuple[str, str]]:
    """Number and name of some of the staff."""
    version = current(StaffVersion, None, StaffVersion.staff_id.in_(ids)).subquery()
    rows = db.session.execute(select(Staff.id, Staff.staff_no, version.c.name).outerjoin(version, version.c.staff_id == Staff.id).where(Staff.id.in_(ids)))
    return {key: (number, name or number) for key, number, name in rows}
