"""What is known of exposed accounts: equity, how it moved, the last trade, the last contact, other ties to the firm, the chance to go along.

Everything is asked for all accounts at once: the number of queries does not grow with them. Amounts are fen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from sqlalchemy import BigInteger, ColumnElement, and_, case, cast, func, select

from models import db
from models.care import Contact, ContactOutcome
from models.clients import Account, AccountVersion, Servicing, ServicingRole
from models.club import Booking, BookingState
from models.departures import DepartureKind
from models.partners import Branch, Staff
from models.risk import RiskRun, RiskScore
from models.settlement import Balance, SettlementDay, Trade
from portal.bulk import among, read_frame
from portal.care.queries import effective
from portal.departures import fed_back
from portal.departures.exposure import Path, Person, Way
from portal.risk.facts import evening
from portal.settlement import windows
from portal.versions import current

AT_ONCE = 5_000
"""Ids in one statement. Only who exposes more than this asks a second time."""
PRIOR = {Way.SERVES: 200_000, Way.INTRODUCED: 350_000, Way.MANAGES: 150_000}
"""The chance to go along where there is no score: stated, not measured, and said so on the page (parts per million)."""
SHANGHAI = ZoneInfo("Asia/Shanghai")
SCHEMA = {
    "account": pl.Int64, "account_no": pl.String, "client": pl.String, "branch": pl.String, "person": pl.String, "way": pl.String, "through": pl.String,
    "equity": pl.Int64, "average": pl.Int64, "flow_30": pl.Int64, "flow_90": pl.Int64, "fee": pl.Int64, "traded_on": pl.Date,
    "contact_on": pl.Date, "contact_by": pl.String, "others": pl.Int64, "events": pl.Int64, "guests": pl.Int64, "chance": pl.Int64, "modelled": pl.Int64, "scored": pl.Boolean, "expected": pl.Int64,
}  # fmt: skip
"""One row per exposed account. `modelled` is the chance to go along as the model alone says it (none: no score), `chance` as past handovers move it."""
KIND_OF = {Way.SERVES: DepartureKind.STAFF_LEAVES, Way.INTRODUCED: DepartureKind.BROKER_MOVES}
"""Whose past handovers move a chance where no departure is recorded yet. Clients of a broker who stays are not handed over when his manager goes:
nothing is known of them."""


def table(
    paths: Mapping[int, Path], leaving: Sequence[Person], day: date, settled: date | None, visible: ColumnElement[bool] | None = None, kind: str | None = None
) -> pl.DataFrame:
    """The rows of SCHEMA of the exposed accounts, those with most to lose first. `settled`: the newest settled day up to `day`; `visible`: a
    condition on AccountVersion that narrows them to whom the reader may see; `kind`: of the departure, where it is recorded."""
    ids = sorted(paths)
    people = _by_parts(ids, lambda part: _people(part, visible), {"account": pl.Int64, "account_no": pl.String, "client": pl.String, "client_no": pl.String, "branch": pl.String})
    ways = [(key, path.person, path.way.value, path.through) for key, path in paths.items()]
    frame = people.join(pl.DataFrame(ways, schema={"account": pl.Int64, "person": pl.String, "way": pl.String, "through": pl.String}, orient="row"), on="account")
    for part in (*_moved(ids, settled), _contacts(ids, day), _others(ids, leaving, day), _scores(ids, day)):
        frame = frame.join(part, on="account", how="left")
    frame = frame.join(_club(frame["client_no"].unique().to_list()), on="client_no", how="left")
    frame = frame.with_columns(pl.col("equity", "others", "events", "guests").fill_null(0), scored=pl.col("follow").is_not_null())
    prior = pl.col("way").replace_strict({way.value: chance for way, chance in PRIOR.items()}, return_dtype=pl.Int64)
    frame = _moved_by_past(frame, day, kind).with_columns(chance=pl.coalesce("told", prior), modelled="follow")
    frame = frame.with_columns(expected=pl.max_horizontal("equity", 0) * pl.col("chance") // 1_000_000)
    return frame.select(pl.col(name).cast(kind) for name, kind in SCHEMA.items()).sort(["expected", "equity", "account_no"], descending=[True, True, False])


def _moved_by_past(frame: pl.DataFrame, day: date, kind: str | None) -> pl.DataFrame:
    """With the column `told`: the model's chance (`follow`) moved by the handovers that were closed by the end of the day."""
    pasts = fed_back.pasts(evening(day, SHANGHAI))
    told = pl.col("follow")
    for way, usual in KIND_OF.items():
        shift = pasts.get(kind or usual.value, fed_back.NOTHING).shift
        if shift:
            here = frame.filter(pl.col("way") == way.value).select("account", pl.col("follow").fill_null(0))
            moved = here.select("account", pl.Series("moved", fed_back.moved(here["follow"].to_numpy(), shift), dtype=pl.Int64))
            frame = frame.join(moved, on="account", how="left").with_columns(told=pl.when(pl.col("follow").is_not_null()).then(pl.coalesce("moved", told))).drop("moved")
            told = pl.col("told")
    return frame.with_columns(told=told)


def _by_parts(ids: Sequence[Any], ask: Callable[[Sequence[Any]], Any], schema: dict[str, Any]) -> pl.DataFrame:
    found = [read_frame(ask(ids[start : start + AT_ONCE]), schema) for start in range(0, len(ids), AT_ONCE)]
    return pl.concat(found) if found else pl.DataFrame(schema=schema)


def _people(ids: Sequence[int], visible: ColumnElement[bool] | None) -> Any:
    newest = select(func.max(AccountVersion.id)).where(among(AccountVersion.account_id, ids)).group_by(AccountVersion.account_id)
    query = select(Account.id, Account.account_no, AccountVersion.name, AccountVersion.client_no, Branch.branch_no).join(AccountVersion, AccountVersion.account_id == Account.id)
    query = query.join(Branch, Branch.id == AccountVersion.branch_id).where(AccountVersion.id.in_(newest))
    return query if visible is None else query.where(visible)


def _days(settled: date, back: int) -> list[date]:
    """The settled days of so many days up to one. They are named one by one: each account is then looked up by its key, and no day is read whole."""
    query = select(SettlementDay.trade_date).distinct().where(SettlementDay.trade_date.between(settled - timedelta(days=back - 1), settled))
    return list(db.session.execute(query.order_by(SettlementDay.trade_date)).scalars())


def _corrected(days: Sequence[date]) -> list[date]:
    """Those of some days that have more than one version: only there it has to be asked of each account which one counts."""
    query = select(SettlementDay.trade_date).where(SettlementDay.trade_date.in_(days), SettlementDay.version > 1).distinct()
    return list(db.session.execute(query.order_by(SettlementDay.trade_date)).scalars())


def _once(days: Sequence[date]) -> tuple[list[date], list[date]]:
    """Days that were posted once, and those that were corrected."""
    corrected = set(_corrected(days))
    return [day for day in days if day not in corrected], sorted(corrected)


def _moved(ids: Sequence[int], settled: date | None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What `_money` and `_traded` say. It is kept for the newest settled day; of an earlier one, or where something was recorded since, the
    days themselves are asked."""
    kept = windows.of_accounts(settled, ids) if settled is not None else None
    if kept is None:
        return _money(ids, settled), _traded(ids, settled)
    money = kept.filter(pl.col("days") > 0).select("account", "equity", (pl.col("total") // pl.col("days")).alias("average"), "flow_30", "flow_90")
    return money, kept.drop_nulls("traded_on").select("account", "traded_on", "fee")


def _money(ids: Sequence[int], settled: date | None) -> pl.DataFrame:
    """Equity on the day, its average of 90 days, deposits less withdrawals of 30 and 90 days. Rebates and interest are no deposits.

    Days that were posted once are added up by the database, so that one row an account comes back."""
    if settled is None:
        return pl.DataFrame(schema=dict.fromkeys(("account", "equity", "average", "flow_30", "flow_90"), pl.Int64))
    once, corrected = _once(_days(settled, 90))
    summed = pl.concat([_sums_once(ids, once, settled), _sums_corrected(ids, corrected, settled)]).group_by("account").sum()
    return summed.select("account", "equity", (pl.col("total") // pl.col("days")).alias("average"), "flow_30", "flow_90")


MONEY: dict[str, type[pl.DataType]] = dict.fromkeys(("account", "equity", "total", "days", "flow_30", "flow_90"), pl.Int64)


def _sums_once(ids: Sequence[int], days: Sequence[date], settled: date) -> pl.DataFrame:
    paid = Balance.deposit - Balance.withdrawal
    sums = (
        func.sum(case((Balance.trade_date == settled, Balance.equity), else_=0)),
        func.sum(Balance.equity),
        func.count(),
        func.sum(case((Balance.trade_date > settled - timedelta(days=30), paid), else_=0)),
        func.sum(paid),
    )
    columns = (Balance.account_id, *(cast(one, BigInteger) for one in sums))
    return _by_parts(
        ids if days else (), lambda part: select(*columns).where(Balance.trade_date.in_(days), among(Balance.account_id, part), ~Balance.gone).group_by(Balance.account_id), MONEY
    )


def _sums_corrected(ids: Sequence[int], days: Sequence[date], settled: date) -> pl.DataFrame:
    schema = {"account": pl.Int64, "day": pl.Date, "version": pl.Int64, "gone": pl.Boolean, "equity": pl.Int64, "paid": pl.Int64}
    columns = (Balance.account_id, Balance.trade_date, Balance.version, Balance.gone, Balance.equity, (Balance.deposit - Balance.withdrawal).label("paid"))
    rows = _by_parts(ids if days else (), lambda part: select(*columns).where(Balance.trade_date.in_(days), among(Balance.account_id, part)), schema)
    rows = rows.filter(pl.col("version") == pl.col("version").max().over("account", "day")).filter(~pl.col("gone"))
    recent = pl.col("day") > settled - timedelta(days=30)
    summed = rows.group_by("account").agg(
        equity=pl.col("equity").filter(pl.col("day") == settled).sum(),
        total=pl.col("equity").sum(),
        days=pl.len(),
        flow_30=pl.col("paid").filter(recent).sum(),
        flow_90=pl.col("paid").sum(),
    )
    return summed.select(pl.col(name).cast(kind) for name, kind in MONEY.items())


def _traded(ids: Sequence[int], settled: date | None) -> pl.DataFrame:
    """The last day with a trade and the retained fee of a year, of the version of each day that counts."""
    schema = {"account": pl.Int64, "traded_on": pl.Date, "fee": pl.Int64}
    if settled is None:
        return pl.DataFrame(schema=schema)
    once, corrected = _once(_days(settled, 365))
    newest = select(func.max(Balance.version)).where(Balance.trade_date == Trade.trade_date, Balance.account_id == Trade.account_id).scalar_subquery()

    def ask(days: Sequence[date], *counts: ColumnElement[bool]) -> pl.DataFrame:
        sums = (Trade.account_id, func.max(Trade.trade_date), cast(func.sum(Trade.fee - Trade.exchange_fee), BigInteger))
        rows = select(*sums).where(Trade.trade_date.in_(days), *counts).group_by(Trade.account_id)
        return _by_parts(ids if days else (), lambda part: rows.where(among(Trade.account_id, part)), schema)

    both = pl.concat([ask(once), ask(corrected, Trade.version == newest)])
    return both.group_by("account").agg(pl.col("traded_on").max(), pl.col("fee").sum())


def _contacts(ids: Sequence[int], day: date) -> pl.DataFrame:
    """The last time somebody spoke with the client, and who. Each account's newest contact is looked up by its key: no account's history is read."""
    until = evening(day, SHANGHAI)
    spoke = and_(Contact.outcome == ContactOutcome.REACHED.value, Contact.at < until, effective())

    newest = select(Contact.id).where(Contact.account_id == Account.id, spoke).order_by(Contact.at.desc(), Contact.id.desc()).limit(1).correlate(Account).scalar_subquery()
    last = _by_parts(ids, lambda part: select(newest).select_from(Account).where(among(Account.id, part)), {"id": pl.Int64}).drop_nulls()["id"].to_list()
    told = select(Contact.account_id, Contact.at, Staff.staff_no).join(Staff, Staff.id == Contact.staff_id)
    rows: list[Any] = [tuple(row) for start in range(0, len(last), AT_ONCE) for row in db.session.execute(told.where(among(Contact.id, last[start : start + AT_ONCE]))).all()]
    found = {account_id: (at.astimezone(SHANGHAI).date(), number) for account_id, at, number in rows}
    return pl.DataFrame([(key, *value) for key, value in found.items()], schema={"account": pl.Int64, "contact_on": pl.Date, "contact_by": pl.String}, orient="row")


def _others(ids: Sequence[int], leaving: Sequence[Person], day: date) -> pl.DataFrame:
    """How many others of the staff look after the account."""
    going = [one.key for one in leaving if one.kind == "staff"]

    def ask(part: Sequence[int]) -> Any:
        row = current(Servicing, None, among(Servicing.account_id, part)).subquery()
        now = and_(row.c.role == ServicingRole.SERVICER.value, row.c.valid_from <= day, row.c.valid_to > day, row.c.staff_id.not_in(going))
        return select(row.c.account_id, func.count(row.c.staff_id.distinct())).where(now).group_by(row.c.account_id)

    return _by_parts(ids, ask, {"account": pl.Int64, "others": pl.Int64})


def _club(numbers: Sequence[str]) -> pl.DataFrame:
    """Events for which the client has or had a seat, and guests whom he brought."""
    held = Booking.state == BookingState.GRANTED.value
    return _by_parts(
        numbers,
        lambda part: select(Booking.client_no, func.count(), func.sum(Booking.seats - 1)).where(among(Booking.client_no, part), held).group_by(Booking.client_no),
        {"client_no": pl.String, "events": pl.Int64, "guests": pl.Int64},
    )


def _scores(ids: Sequence[int], day: date) -> pl.DataFrame:
    """The chance to go along from the newest scoring up to the day."""
    run = db.session.execute(select(RiskRun.id).where(RiskRun.on_day <= day).order_by(RiskRun.on_day.desc(), RiskRun.id.desc()).limit(1)).scalar()
    return _by_parts(
        ids if run is not None else (), lambda part: select(RiskScore.account_id, RiskScore.follow).where(RiskScore.run_id == run, among(RiskScore.account_id, part)),
        {"account": pl.Int64, "follow": pl.Int64},
    )  # fmt: skip


def settled_up_to(day: date) -> date | None:
    """The newest settled day that is not after a day."""
    found: date | None = db.session.execute(select(func.max(SettlementDay.trade_date)).where(SettlementDay.trade_date <= day)).scalar()
    return found
