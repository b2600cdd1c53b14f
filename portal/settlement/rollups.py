"""The sums of settled days (models/rollups.py): written with the posting of a day, moved by what a correction changes, made anew
where what they are counted under changed, and compared with the facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

import polars as pl
from sqlalchemy import delete, func, select, update

from models import db
from models.attribution import Attribution
from models.clients import AccountVersion, Servicing, ServicingRole
from models.rollups import BrokerBook, Channel, FirmDay, ProductDay, RollupDay
from models.settlement import SettlementDay
from portal.audit.recordings import hold_clock, last_recording_id
from portal.bulk import insert_frame, read_frame
from portal.settlement.facts import day_frames
from portal.versions import Difference, current, first_day_changed, newest_frame, table_of

FEW = 2_000
"""Up to so many accounts are looked up by key; with more, everybody is read and kept for the next day."""
PEOPLE = {"account_id": pl.Int64, "branch_id": pl.Int64}
SPANS = {"account_id": pl.Int64, "broker_id": pl.Int64, "share": pl.Int64, "valid_from": pl.Date, "valid_to": pl.Date}
WON = {"account_id": pl.Int64, "valid_from": pl.Date, "valid_to": pl.Date}
TABLES: dict[type[Any], tuple[list[str], list[str]]] = {
    FirmDay: (["branch_id", "channel"], ["accounts", "funded", "active", "equity", "fee", "retained_fee", "deposit", "withdrawal", "lots"]),
    BrokerBook: (["broker_id", "branch_id"], ["accounts", "funded", "active", "equity", "retained_fee", "lots"]),
    ProductDay: (["branch_id", "channel", "exchange", "product"], ["active", "lots", "turnover", "fee", "retained_fee"]),
}
"""Each table's key within a day, and what is added up."""
_OF_BALANCES = ["equity", "deposit", "withdrawal"]
_OF_TRADES = ["lots", "fee", "retained_fee"]
Sums = dict[type[Any], pl.DataFrame]
Everybody = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]
"""Accounts' branches, the spans of their attributions, and those in which staff won them: what `placed` looks at."""


def placed(day: date, accounts: list[int] | None = None) -> pl.DataFrame:
    """Under what each account counts on a day: account_id, branch_id, channel, broker_id (null without a broker)."""
    return _placed(day, _people(accounts))


def _people(accounts: list[int] | None) -> Everybody:
    return _read(accounts) if accounts is not None and len(accounts) <= FEW else everybody()


def _placed(day: date, known: Everybody) -> pl.DataFrame:
    people, spans, won = known
    here = (pl.col("valid_from") <= day) & (pl.col("valid_to") > day)
    first = spans.filter(here).sort("account_id", "share", "broker_id", descending=[False, True, False]).unique("account_id", keep="first", maintain_order=True)
    staff = won.filter(here).select("account_id", by_staff=pl.lit(True)).unique("account_id")
    joined = people.join(first.select("account_id", "broker_id"), on="account_id", how="left").join(staff, on="account_id", how="left")
    channel = pl.when(pl.col("broker_id").is_not_null()).then(pl.lit(Channel.BROKER.value)).when(pl.col("by_staff")).then(pl.lit(Channel.STAFF.value))
    return joined.select("account_id", "branch_id", "broker_id", channel.otherwise(pl.lit(Channel.DIRECT.value)).alias("channel"))


def everybody() -> Everybody:
    """All accounts and spans, kept in the session for the next day while nothing of them is recorded."""
    session = db.session()
    state = tuple(session.execute(select(*(select(func.max(model.id)).scalar_subquery() for model in (AccountVersion, Attribution, Servicing)))).one())
    kept = session.info.get("placed")
    if kept is None or kept[0] != state:
        kept = session.info["placed"] = (state, _read(None))
    found: Everybody = kept[1]
    return found


def _read(accounts: list[int] | None) -> Everybody:
    def rows(model: type[Any], columns: dict[str, Any], *more: Any) -> pl.DataFrame:
        if accounts is None:
            return newest_frame(model, columns, *more)
        return read_frame(current(model, None, model.account_id.in_(accounts)).where(*more).with_only_columns(*(getattr(model, name) for name in columns)), columns)

    return rows(AccountVersion, PEOPLE), rows(Attribution, SPANS), rows(Servicing, WON, Servicing.role == ServicingRole.ORIGINATOR.value)


def sums_of(balances: pl.DataFrame, trades: pl.DataFrame, place: pl.DataFrame, sign: int = 1) -> Sums:
    """What balances and trades come to in each table, times `sign`. Amounts in fen."""
    under = ["branch_id", "channel", "broker_id"]
    traded = trades.select("account_id", "exchange", "product", "lots", "turnover", "fee", retained_fee=pl.col("fee") - pl.col("exchange_fee"))
    held = balances.select("account_id", *_OF_BALANCES).join(place, on="account_id", how="left")
    books = held.group_by(under).agg(pl.col(_OF_BALANCES).sum(), accounts=pl.len(), funded=(pl.col("equity") > 0).sum())
    active = traded.group_by("account_id").agg(pl.col(_OF_TRADES).sum()).join(place, on="account_id", how="left")
    turned = active.group_by(under).agg(pl.col(_OF_TRADES).sum(), active=pl.len())
    people = pl.concat([part.with_columns(pl.col(pl.UInt32).cast(pl.Int64)) for part in (books, turned)], how="diagonal")
    goods = traded.join(place, on="account_id", how="left").with_columns(active=pl.lit(1, pl.Int64))
    sources = {FirmDay: people, BrokerBook: people.filter(pl.col("broker_id").is_not_null()), ProductDay: goods}
    return {model: sources[model].group_by(keys).agg((pl.col(names).sum() * sign).cast(pl.Int64)) for model, (keys, names) in TABLES.items()}


Held = tuple[pl.DataFrame, pl.DataFrame]
"""Balances and trades."""


def moved(day: date, old: Held, new: Held) -> Callable[[], Sums] | None:
    """How to work out a day's sums after some accounts had `old` and now have `new`. What is answered needs no session, so it can be
    called beside other work; None where the day's sums are not there (made before they were, or waiting for a job): `rebuild` it."""
    stored = db.session.execute(select(RollupDay).where(RollupDay.trade_date == day)).first() is not None
    if not stored and old[0].height:
        return None
    known, held = _people(_few([*old, *new])), _stored(day) if stored else None

    def work() -> Sums:
        place = _placed(day, known)
        if held is None:
            return sums_of(*new, place)
        before, after = sums_of(*old, place, sign=-1), sums_of(*new, place)
        return {model: pl.concat([frame.select(held[model].columns) for frame in (held[model], before[model], after[model])]) for model in TABLES}

    return work


def _few(frames: list[pl.DataFrame]) -> list[int] | None:
    """The accounts of some frames; None where one of them has more than FEW rows."""
    if max(frame.height for frame in frames) > FEW:
        return None
    return pl.concat([frame.select("account_id") for frame in frames]).unique()["account_id"].to_list()


def rebuild(days: Iterable[date]) -> None:
    """Make the sums of days anew from their facts. Nothing is recorded meanwhile, and nobody else makes them: what was read is what stands. Verb."""
    hold_clock()
    for day in days:
        write(day, sums_of(*day_frames(day), placed(day)))


def forget(days: list[date]) -> None:
    """Take away the sums of days that are to be rebuilt by a job. Verb."""
    models: list[type[Any]] = [*TABLES, RollupDay]
    for model in models:
        db.session.execute(delete(model).where(model.trade_date.in_(days)))


def touched(found: Difference, branches: dict[int, int], recording_id: int) -> date | None:
    """From which day on the sums count otherwise after rows of a master file were asserted under a recording; None: nowhere.

    `branches` are the accounts' branches before: only another branch matters, and matters from the beginning.
    """
    if found.model is Attribution or found.model is Servicing:
        if found.changed or found.vanished:
            return first_day_changed(found.model, recording_id - 1, recording_id)
        return min((row["valid_from"] for row in found.new), default=None)
    if found.model is AccountVersion and any(branches.get(row["account_id"], row["branch_id"]) != row["branch_id"] for row in (*found.new, *found.changed)):
        return date.min
    return None


def branches_of(accounts: list[int]) -> dict[int, int]:
    """The branch under which each of some accounts counts now."""
    places = current(AccountVersion).with_only_columns(AccountVersion.account_id, AccountVersion.branch_id)
    wanted = set(accounts)
    return {account: branch for account, branch in db.session.execute(places) if account in wanted}


def settled_from(first: date) -> list[date]:
    """The settled days from a day on."""
    return list(db.session.execute(select(SettlementDay.trade_date).distinct().where(SettlementDay.trade_date >= first).order_by(SettlementDay.trade_date)).scalars())


def missing_days() -> list[date]:
    """Settled days whose sums are not there."""
    known = select(RollupDay.trade_date)
    query = select(SettlementDay.trade_date).distinct().where(SettlementDay.trade_date.not_in(known))
    return list(db.session.execute(query.order_by(SettlementDay.trade_date)).scalars())


def differences(day: date) -> list[str]:
    """Where the stored sums of a day differ from its facts, in words; empty where they agree."""
    fresh, held = sums_of(*day_frames(day), placed(day)), _stored(day)
    found = []
    for model, (keys, names) in TABLES.items():
        wanted, stored = (_nonzero(frame.select(*keys, *names), names) for frame in (fresh[model], held[model]))
        for said, one, other in (("is missing or differs", wanted, stored), ("should not be so", stored, wanted)):
            rows = one.join(other, on=[*keys, *names], how="anti", nulls_equal=True).sort(keys)
            found += [f"{day} {model.__tablename__} {row}: {said}" for row in rows.iter_rows()]
    return found


def _stored(day: date) -> Sums:
    frames: Sums = {}
    for model, (keys, names) in TABLES.items():
        schema = {name: pl.String if name in {"channel", "exchange", "product"} else pl.Int64 for name in (*keys, *names)}
        frames[model] = read_frame(select(*(getattr(model, name) for name in schema)).where(model.trade_date == day), schema)
    return frames


def write(day: date, sums: Sums) -> None:
    """Put a day's sums in place of those that are there. Verb: in the transaction that posts the day."""
    for model, (keys, names) in TABLES.items():
        db.session.execute(delete(model).where(model.trade_date == day))
        rows = _nonzero(sums[model].group_by(keys).agg(pl.col(names).sum()), names).sort(keys)
        if rows.height:
            insert_frame(table_of(model), rows.select(pl.lit(day).alias("trade_date"), *keys, *names))
    known = last_recording_id()
    if not db.session.execute(update(RollupDay).where(RollupDay.trade_date == day).values(known_recording_id=known).returning(RollupDay.trade_date)).first():
        db.session.add(RollupDay(trade_date=day, known_recording_id=known))
        db.session.flush()


def _nonzero(rows: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    return rows.filter(pl.any_horizontal(pl.col(names) != 0))
