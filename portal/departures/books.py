"""What each of the staff looks after on a settled day and on how few the firm's equity stands: made once from the facts of the day and kept, so
that pages and limits read a few rows whatever the firm's size.

Who counts under whom is what is believed now of that day, as in the sums of settled days (portal/settlement/rollups.py). A day is made anew
where its sums were, where servicing changed that counts on it, and with it the rest of its month, over which fees are added up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

import polars as pl
from sqlalchemy import case, delete, func, insert, literal, select, update

from models import db
from models.clients import Servicing, ServicingRole
from models.concentration import WHOLE_FIRM, ConcentrationDay, ConcentrationFigure, Holder, Measure, StaffBook
from models.partners import BrokerVersion, PersonKind, StaffVersion
from models.rollups import BrokerBook, Channel, FirmDay, RollupDay
from models.values.calendar import Month
from portal.audit.recordings import last_recording_id
from portal.bulk import insert_frame, read_frame
from portal.care.people import there
from portal.departures.spread import concentration
from portal.settlement.facts import day_frames
from portal.settlement.rollups import placed
from portal.versions import current, first_day_changed, newest_frame, table_of

SPANS: dict[str, Any] = {"account_id": pl.Int64, "staff_id": pl.Int64, "valid_from": pl.Date, "valid_to": pl.Date}
STAFF = ("accounts", "equity", "alone", "alone_equity", "retained_fee")
CONTACTS = ("equity", "several", "one", "nobody")
CHANNELS = list(Channel)
KEPT: tuple[Any, ...] = (StaffBook, ConcentrationDay, ConcentrationFigure)
FLOORS: dict[str, Any] = {"branch_id": pl.Int64, "holder": pl.String, "key": pl.Int64, "equity": pl.Int64, "fee": pl.Int64}
"""What each holder has in each branch: his key, equity at the day's end and retained fee of the month up to the day (fen)."""


def stale_days() -> list[date]:
    """The settled days whose figures are missing or do not hold any more, with the days of the same month after them, in order."""
    summed = dict(db.session.execute(select(RollupDay.trade_date, RollupDay.known_recording_id)).all())
    made = dict(db.session.execute(select(ConcentrationDay.trade_date, ConcentrationDay.known_recording_id).where(ConcentrationDay.branch_id == WHOLE_FIRM)).all())
    first = _first_moved(min(made.values(), default=0)) if made else None
    stale = {day for day, known in summed.items() if day not in made or known > made[day] or (first is not None and day >= first)}
    begins: dict[Month, date] = {}
    for day in stale:
        begins[Month.of(day)] = min(day, begins.get(Month.of(day), day))
    return sorted(day for day in summed if day >= begins.get(Month.of(day), date.max))


def is_missing() -> bool:
    """Whether a settled day that is added up stands without its figures."""
    made = select(ConcentrationDay.trade_date).where(ConcentrationDay.branch_id == WHOLE_FIRM)
    return db.session.execute(select(RollupDay.trade_date).where(RollupDay.trade_date.not_in(made)).limit(1)).first() is not None


def _first_moved(known: int) -> date | None:
    """From which day on somebody looks after somebody else, or left, by what was recorded after `known`; None: nowhere."""
    left = select(func.min(StaffVersion.left_on)).where(StaffVersion.recording_id > known)
    days = (first_day_changed(Servicing, known, last_recording_id()), db.session.execute(left).scalar())
    return min((day for day in days if day is not None), default=None)


def keep(days: Iterable[date], progress: Callable[[str, int, int], None] = lambda step, done, total: None) -> int:
    """Make the books and figures of days anew, in their order. Returns how many. Verb: runs inside a transaction."""
    wanted = sorted(days)
    known = last_recording_id()
    spans = served()
    for done, day in enumerate(wanted):
        progress("adding up on how few the equity stands", done, len(wanted))
        staff, contacts = _of_day(day, spans)
        for model in KEPT:
            db.session.execute(delete(model).where(model.trade_date == day))
        if staff.height:
            insert_frame(table_of(StaffBook), staff.select(pl.lit(day).alias("trade_date"), "staff_id", "branch_id", *STAFF).sort("staff_id", "branch_id"))
        found = [{"trade_date": day, **one} for one in figures(floors(day))]
        if found:
            db.session.execute(insert(ConcentrationFigure), found)
        db.session.execute(insert(ConcentrationDay), [{"trade_date": day, "known_recording_id": known, **row} for row in _branches(day, contacts)])
    return len(wanted)


def differences() -> list[str]:
    """Where what is kept of a day is not what its facts come to, in words; empty where it is. Days that do not hold any more are left out: they
    are made anew in any case."""
    spans, stale = served(), set(stale_days())
    kept = db.session.execute(select(ConcentrationDay.trade_date).where(ConcentrationDay.branch_id == WHOLE_FIRM).order_by(ConcentrationDay.trade_date)).scalars()
    return [line for day in [day for day in kept if day not in stale] for line in _differences(day, spans)]


def _differences(day: date, spans: pl.DataFrame) -> list[str]:
    staff, contacts = _of_day(day, spans)
    found = []
    for model, rows in ((StaffBook, staff.to_dicts()), (ConcentrationFigure, figures(floors(day))), (ConcentrationDay, _branches(day, contacts))):
        names = [column.name for column in model.__table__.columns if column.name not in ("trade_date", "known_recording_id")]
        stored = {tuple(row) for row in db.session.execute(select(*(getattr(model, name) for name in names)).where(model.trade_date == day))}
        fresh = {tuple(row[name] for name in names) for row in rows}
        for said, wrong in (("is missing or differs", fresh - stored), ("should not be so", stored - fresh)):
            found += [f"{day} {model.__tablename__} {row}: {said}" for row in sorted(wrong, key=str)]
    return found


def _of_day(day: date, spans: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    return books(*day_frames(day, lean=True), placed(day).select("account_id", "branch_id"), _serving(spans, day))


def all_hold(known: int) -> None:
    """Everything that is kept was looked at and holds at a step of knowledge. Verb."""
    db.session.execute(update(ConcentrationDay).where(ConcentrationDay.known_recording_id < known).values(known_recording_id=known))


def served() -> pl.DataFrame:
    """Every span in which somebody looks after an account, as it is believed now."""
    return newest_frame(Servicing, SPANS, Servicing.role == ServicingRole.SERVICER.value)


def _serving(spans: pl.DataFrame, day: date) -> pl.DataFrame:
    """Who of the staff who are there looks after whom on a day, each pair once."""
    here = [row.staff_id for row in db.session.execute(there(day))]
    now = (pl.col("valid_from") <= day) & (pl.col("valid_to") > day) & pl.col("staff_id").is_in(here)
    return spans.filter(now).select("account_id", "staff_id").unique()


def books(balances: pl.DataFrame, trades: pl.DataFrame, place: pl.DataFrame, serving: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What each of the staff looks after by branch (STAFF), and by branch what several, one or nobody looks after (CONTACTS). Amounts in fen. Pure."""
    helpers = serving.group_by("account_id").agg(helpers=pl.len().cast(pl.Int64))
    held = balances.filter(pl.col("equity") > 0).select("account_id", "equity").join(place, on="account_id", how="left")
    held = held.join(helpers, on="account_id", how="left").with_columns(pl.col("helpers").fill_null(0))
    kinds = {"equity": pl.lit(True), "several": pl.col("helpers") > 1, "one": pl.col("helpers") == 1, "nobody": pl.col("helpers") == 0}
    contacts = held.group_by("branch_id").agg(pl.col("equity").filter(condition).sum().alias(name) for name, condition in kinds.items())
    alone = pl.col("helpers") == 1
    mine = held.join(serving, on="account_id").group_by("staff_id", "branch_id")
    looked = mine.agg(accounts=pl.len().cast(pl.Int64), equity=pl.col("equity").sum(), alone=alone.sum().cast(pl.Int64), alone_equity=pl.col("equity").filter(alone).sum())
    fees = trades.group_by("account_id").agg(retained_fee=(pl.col("fee") - pl.col("exchange_fee")).sum())
    paid = fees.join(place, on="account_id", how="left").join(serving, on="account_id").group_by("staff_id", "branch_id").agg(pl.col("retained_fee").sum())
    staff = looked.join(paid, on=["staff_id", "branch_id"], how="full", coalesce=True).with_columns(pl.col(STAFF).fill_null(0))
    return staff, contacts


def floors(day: date, branch_id: int | None = None, holders: Iterable[Holder] = tuple(Holder), measures: Iterable[Measure] = tuple(Measure)) -> pl.DataFrame:
    """What each holder has in each branch on a day (FLOORS), from the sums of settled days and the books of the staff."""
    sources = {Holder.BROKER: (BrokerBook, BrokerBook.broker_id), Holder.STAFF: (StaffBook, StaffBook.staff_id), Holder.BRANCH: (FirmDay, FirmDay.branch_id)}
    frames = [pl.DataFrame(schema=FLOORS)]
    for holder in holders:
        model, key = sources.get(holder, (FirmDay, FirmDay.channel))
        frames.append(
            _held(day, branch_id, model, key, measures).select(pl.col(name).cast(FLOORS[name]) if name != "holder" else pl.lit(holder.value).alias(name) for name in FLOORS)
        )
    return pl.concat(frames)


def _held(day: date, branch_id: int | None, model: Any, key: Any, measures: Iterable[Measure]) -> pl.DataFrame:
    """Equity at the day's end and the fees of the month up to it, in one question; what is not asked for is 0."""
    equity, fees = Measure.EQUITY in measures, Measure.RETAINED_FEE in measures
    when = model.trade_date.between(Month.of(day).first, day) if fees else model.trade_date == day
    sums = [
        func.sum(case((model.trade_date == day, model.equity), else_=0)) if equity else literal(0),
        func.sum(model.retained_fee) if fees else literal(0),
    ]
    within = [] if branch_id is None else [model.branch_id == branch_id]
    query = select(model.branch_id, key, *sums).where(when, *within).group_by(model.branch_id, key)
    place = {name.value: place for place, name in enumerate(CHANNELS)} if key is FirmDay.channel else None
    rows = [(branch, one if place is None else place[one], int(held), int(paid)) for branch, one, held, paid in db.session.execute(query)]
    return pl.DataFrame(rows, schema={name: kind for name, kind in FLOORS.items() if name != "holder"}, orient="row")


def figures(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """The figures of every branch and of the whole firm from FLOORS; nothing stands where nothing is held. Pure."""
    inside = rows.filter(pl.col("holder") != Holder.BRANCH.value)
    whole = rows.with_columns(branch_id=pl.lit(WHOLE_FIRM, pl.Int64)).group_by("branch_id", "holder", "key").agg(pl.col("equity", "fee").sum())
    found = []
    for (branch, holder), part in pl.concat([inside, whole.select(inside.columns)]).group_by("branch_id", "holder"):
        for measure, column in ((Measure.EQUITY, "equity"), (Measure.RETAINED_FEE, "fee")):
            one = concentration(part[column].to_list())
            if one is not None:
                largest = {f"top_{count}": value for count, value in one.held.items()}
                found.append({"branch_id": branch, "holder": holder, "measure": measure.value, "holders": one.holders, "total": one.total, **largest, "hhi": one.index})
    return found


def _branches(day: date, contacts: pl.DataFrame) -> list[dict[str, Any]]:
    """A row for each branch and one for the whole firm (ConcentrationDay without its day)."""
    brokers = _brokers(day)
    under = _under_brokers(day, brokers).join(contacts, on="branch_id", how="full", coalesce=True).fill_null(0)
    each = brokers.unique("broker_id")  # one with clients in two branches is one
    kinds = pl.lit(each.height, pl.Int64).alias("brokers"), pl.lit(int(each["person"].sum()), pl.Int64).alias("persons")
    whole = under.select(pl.lit(WHOLE_FIRM, pl.Int64).alias("branch_id"), pl.exclude("branch_id", "brokers", "persons").sum(), *kinds)
    return pl.concat([under.select(whole.columns), whole]).to_dicts()


def _under_brokers(day: date, brokers: pl.DataFrame) -> pl.DataFrame:
    """By branch: all equity, that under brokers, how many brokers have accounts there and how many of them are natural persons."""
    by_broker = func.sum(FirmDay.equity).filter(FirmDay.channel == Channel.BROKER.value)
    query = select(FirmDay.branch_id, func.sum(FirmDay.equity), func.coalesce(by_broker, 0)).where(FirmDay.trade_date == day).group_by(FirmDay.branch_id)
    sums = [tuple(map(int, row)) for row in db.session.execute(query)]
    frame = pl.DataFrame(sums, schema=dict.fromkeys(("branch_id", "all_equity", "under_brokers"), pl.Int64), orient="row")
    kinds = brokers.group_by("branch_id").agg(brokers=pl.len().cast(pl.Int64), persons=pl.col("person").sum())
    return frame.join(kinds, on="branch_id", how="left").with_columns(pl.col("brokers", "persons").fill_null(0))


def _brokers(day: date) -> pl.DataFrame:
    """The brokers with accounts in each branch, and whether they are natural persons. Joined here: a database looks each of thousands up."""
    book = select(BrokerBook.broker_id, BrokerBook.branch_id).where(BrokerBook.trade_date == day, BrokerBook.accounts > 0)
    held = read_frame(book, {"broker_id": pl.Int64, "branch_id": pl.Int64})
    kinds = read_frame(current(BrokerVersion).with_only_columns(BrokerVersion.broker_id, BrokerVersion.kind), {"broker_id": pl.Int64, "kind": pl.String})
    return held.join(kinds, on="broker_id", how="left").with_columns(person=(pl.col("kind") == PersonKind.PERSON.value).fill_null(value=False).cast(pl.Int64))
