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
from sqlalchemy import delete, func, insert, select, update

from models import db
from models.clients import Servicing, ServicingRole
from models.concentration import WHOLE_FIRM, ConcentrationDay, ConcentrationFigure, StaffBook
from models.partners import BrokerVersion, PersonKind, StaffVersion
from models.rollups import BrokerBook, Channel, FirmDay, RollupDay
from models.values.calendar import Month
from portal.audit.recordings import last_recording_id
from portal.bulk import insert_frame, read_frame
from portal.departures.holders import figures, floors
from portal.partners.here import departures
from portal.settlement.facts import day_frames
from portal.settlement.rollups import placed
from portal.versions import current, first_day_changed, newest_frame, table_of

AT_ONCE = 10
"""Settled days that are made together, in one transaction."""
SPANS: dict[str, Any] = {"account_id": pl.Int64, "staff_id": pl.Int64, "valid_from": pl.Date, "valid_to": pl.Date}
STAFF = ("accounts", "equity", "alone", "alone_equity", "retained_fee")
CONTACTS = ("equity", "several", "one", "nobody")
BOOKS: dict[str, Any] = {"trade_date": pl.Date, **dict.fromkeys(("staff_id", "branch_id", *STAFF), pl.Int64)}
CONTACT_SUMS: dict[str, Any] = {"trade_date": pl.Date, **dict.fromkeys(("branch_id", *CONTACTS), pl.Int64)}
KEPT: tuple[Any, ...] = (StaffBook, ConcentrationDay, ConcentrationFigure)


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
    """Make the books and figures of some days of a few months anew. Returns how many. Verb: runs inside a transaction."""
    wanted = sorted(days)
    known = last_recording_id()
    staff, contacts = _of_days(wanted, progress)
    for model in KEPT:
        db.session.execute(delete(model).where(model.trade_date.in_(wanted)))
    if staff.height:
        insert_frame(table_of(StaffBook), staff.sort("trade_date", "staff_id", "branch_id"))
    found = figures(floors(wanted))
    if found:
        db.session.execute(insert(ConcentrationFigure), found)
    if wanted:
        db.session.execute(insert(ConcentrationDay), [{"known_recording_id": known, **row} for row in _branches(wanted, contacts)])
    return len(wanted)


def differences() -> list[str]:
    """Where what is kept of a day is not what its facts come to, in words; empty where it is. Days that do not hold any more are left out: they
    are made anew in any case."""
    stale = set(stale_days())
    kept = db.session.execute(select(ConcentrationDay.trade_date).where(ConcentrationDay.branch_id == WHOLE_FIRM).order_by(ConcentrationDay.trade_date)).scalars()
    days = [day for day in kept if day not in stale]
    return [line for start in range(0, len(days), AT_ONCE) for line in _differences(days[start : start + AT_ONCE])]


def _differences(days: list[date]) -> list[str]:
    staff, contacts = _of_days(days)
    found = []
    for model, rows in ((StaffBook, staff.to_dicts()), (ConcentrationFigure, figures(floors(days))), (ConcentrationDay, _branches(days, contacts))):
        names = ["trade_date", *(column.name for column in model.__table__.columns if column.name not in ("trade_date", "known_recording_id"))]
        stored = {tuple(row) for row in db.session.execute(select(*(getattr(model, name) for name in names)).where(model.trade_date.in_(days)))}
        fresh = {tuple(row[name] for name in names) for row in rows}
        for said, wrong in (("is missing or differs", fresh - stored), ("should not be so", stored - fresh)):
            found += [f"{row[0]} {model.__tablename__} {row[1:]}: {said}" for row in sorted(wrong, key=str)]
    return sorted(found)


def _of_days(days: list[date], progress: Callable[[str, int, int], None] = lambda step, done, total: None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The books of the staff and the contacts (`books`) of some days, with their trade_date. Each day is added up by itself: it holds every account."""
    spans, here = served(), _here()
    staff, contacts = [pl.DataFrame(schema=BOOKS)], [pl.DataFrame(schema=CONTACT_SUMS)]
    for done, day in enumerate(days):
        progress("adding up on how few the equity stands", done, len(days))
        found = books(*day_frames(day, lean=True), placed(day).select("account_id", "branch_id"), _serving(spans, here, day))
        for frames, frame in zip((staff, contacts), found, strict=True):
            frames.append(frame.select(pl.lit(day).alias("trade_date"), pl.all()).select(frames[0].columns))
    return pl.concat(staff), pl.concat(contacts)


def all_hold(known: int) -> None:
    """Everything that is kept was looked at and holds at a step of knowledge. Verb."""
    db.session.execute(update(ConcentrationDay).where(ConcentrationDay.known_recording_id < known).values(known_recording_id=known))


def served() -> pl.DataFrame:
    """Every span in which somebody looks after an account, as it is believed now."""
    return newest_frame(Servicing, SPANS, Servicing.role == ServicingRole.SERVICER.value)


def _here() -> pl.DataFrame:
    """The staff, and from which day on each is not there any more by the masters or by a departure that counts (as `portal.care.people.there`)."""
    gone, row = departures().subquery(), current(StaffVersion).subquery()
    left = select(row.c.staff_id, row.c.left_on, gone.c.effective_on).outerjoin(gone, gone.c.staff_id == row.c.staff_id)
    found = read_frame(left, {"staff_id": pl.Int64, "left_on": pl.Date, "effective_on": pl.Date})
    return found.select("staff_id", left_on=pl.min_horizontal("left_on", "effective_on").fill_null(date.max))


def _serving(spans: pl.DataFrame, here: pl.DataFrame, day: date) -> pl.DataFrame:
    """Who of the staff who are there looks after whom on a day, each pair once."""
    there = here.filter(pl.col("left_on") > day)["staff_id"].to_list()
    now = (pl.col("valid_from") <= day) & (pl.col("valid_to") > day) & pl.col("staff_id").is_in(there)
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


def _branches(days: list[date], contacts: pl.DataFrame) -> list[dict[str, Any]]:
    """A row for each branch and one for the whole firm of each of the days (ConcentrationDay without what was known)."""
    brokers = _brokers(days)
    under = _under_brokers(days, brokers).join(contacts, on=["trade_date", "branch_id"], how="full", coalesce=True).fill_null(0)
    each = brokers.unique(["trade_date", "broker_id"])  # one with clients in two branches is one
    kinds = each.group_by("trade_date").agg(brokers=pl.len().cast(pl.Int64), persons=pl.col("person").sum())
    sums = under.group_by("trade_date").agg(pl.exclude("branch_id", "brokers", "persons").sum())
    whole = pl.DataFrame({"trade_date": days}, schema={"trade_date": pl.Date}).join(sums, on="trade_date", how="left").join(kinds, on="trade_date", how="left")
    whole = whole.with_columns(branch_id=pl.lit(WHOLE_FIRM, pl.Int64)).fill_null(0)
    return pl.concat([under, whole.select(under.columns)]).to_dicts()


def _under_brokers(days: list[date], brokers: pl.DataFrame) -> pl.DataFrame:
    """By day and branch: all equity, that under brokers, how many brokers have accounts there and how many of them are natural persons."""
    by_broker = func.sum(FirmDay.equity).filter(FirmDay.channel == Channel.BROKER.value)
    within = select(FirmDay.trade_date, FirmDay.branch_id, func.sum(FirmDay.equity), func.coalesce(by_broker, 0)).where(FirmDay.trade_date.in_(days))
    sums = [(day, *map(int, row)) for day, *row in db.session.execute(within.group_by(FirmDay.trade_date, FirmDay.branch_id))]
    frame = pl.DataFrame(sums, schema={"trade_date": pl.Date, **dict.fromkeys(("branch_id", "all_equity", "under_brokers"), pl.Int64)}, orient="row")
    kinds = brokers.group_by("trade_date", "branch_id").agg(brokers=pl.len().cast(pl.Int64), persons=pl.col("person").sum())
    return frame.join(kinds, on=["trade_date", "branch_id"], how="left").with_columns(pl.col("brokers", "persons").fill_null(0))


def _brokers(days: list[date]) -> pl.DataFrame:
    """The brokers with accounts in each branch on each day, and whether they are natural persons. Joined here: a database looks each of thousands up."""
    book = select(BrokerBook.trade_date, BrokerBook.broker_id, BrokerBook.branch_id).where(BrokerBook.trade_date.in_(days), BrokerBook.accounts > 0)
    held = read_frame(book, {"trade_date": pl.Date, "broker_id": pl.Int64, "branch_id": pl.Int64})
    kinds = read_frame(current(BrokerVersion).with_only_columns(BrokerVersion.broker_id, BrokerVersion.kind), {"broker_id": pl.Int64, "kind": pl.String})
    return held.join(kinds, on="broker_id", how="left").with_columns(person=(pl.col("kind") == PersonKind.PERSON.value).fill_null(value=False).cast(pl.Int64))
