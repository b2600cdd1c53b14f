"""What a bridge is made of: a broker's month as computed, each line beside the fact that it was paid on, as known to that run."""

from __future__ import annotations

from datetime import date

import polars as pl

from models import db
from models.commission import CommissionRun, RunStatement, SegmentRole
from models.partners import Broker
from models.values.calendar import Month
from models.values.rates import SHARE_WHOLE
from portal.commission import store
from portal.commission.book import balances_on, held_on, spans_of, touched_by, trades_on
from portal.commission.bridge import Cell, Side
from portal.commission.vocabulary import Kind, Reason

MEASURES = {Kind.none: "fee", Kind.retained_fee: "fee", Kind.per_lot: "lots", Kind.turnover: "turnover", Kind.equity: "equity", Kind.override: "override"}
"""What the lines of a kind are paid on."""
OF_ATTRIBUTION = [Reason.attribution_pending.value, Reason.attribution_suspended.value, Reason.self_account.value, Reason.related_account.value]
"""Reasons that lie in the attribution; what else pays 0 lies in the rate."""
FACTS = {"account_id": pl.Int64, "trade_date": pl.Date, "key": pl.String, "fee": pl.Int64, "lots": pl.Int64, "turnover": pl.Int64, "equity": pl.Int64, "share": pl.Int64}


def side_of(run: CommissionRun, broker: Broker) -> Side:
    """A broker's month in a run as one side of a bridge. A month without a statement is an empty one."""
    month, known = Month.parse(run.period), run.known_recording_id
    statement = db.session.get(RunStatement, (run.id, broker.id))
    lines = store.read_lines(run.id, SegmentRole.LINES, {broker.broker_no: broker.id})
    spans = spans_of(broker.id, known)
    mine = spans.filter((pl.col("broker") == broker.id) & (pl.col("valid_from") <= month.last) & (pl.col("valid_to") > month.first))
    cells = cells_of(lines, facts_of(broker.id, spans, sorted(lines["trade_date"].drop_nulls().unique()), known))
    accounts = mine["account"].unique().to_list()
    downlines = {key[1] for key in cells if key[0] == "override"}
    rest = int(lines.filter(pl.col("kind") == Kind.rounding.value)["amount"].sum())
    kept = {"corrections": statement.corrections, "level": statement.cap_or_guarantee, "adjustments": statement.adjustments} if statement else {}
    return Side(cells, frozenset({*accounts, *downlines}), rest, **kept)


def cells_of(lines: pl.DataFrame, facts: pl.DataFrame) -> dict[tuple[str, int, str], Cell]:
    """The cells of a month: STORED lines beside their facts. A fact counts under a measure where it has a line of that measure."""
    key = (pl.col("exchange") + "." + pl.col("product")).str.to_uppercase().fill_null("")
    measure = pl.col("kind").replace_strict({kind.value: name for kind, name in MEASURES.items()}, default=None, return_dtype=pl.String)
    rows = lines.with_columns(key=key, measure=measure).drop_nulls("measure").join(facts, on=["account_id", "trade_date", "key"], how="left")
    base = pl.coalesce(*(pl.when(pl.col("measure") == name).then(pl.col(name)) for name in ("fee", "lots", "turnover", "equity")), pl.col("part")).fill_null(0)
    share = pl.when(pl.col("measure") == "override").then(SHARE_WHOLE).otherwise(pl.col("share").fill_null(0))
    earning = pl.when(pl.col("reason").is_in(OF_ATTRIBUTION)).then(0).otherwise(share)
    rows = rows.with_columns(base=base.cast(pl.Int128)).with_columns(held=pl.col("base") * earning)
    summed = rows.group_by("measure", "account_id", "key").agg(pl.col("base", "held").sum(), pl.col("amount").sum())
    return {(name, account, product): Cell(base, held, amount) for name, account, product, base, held, amount in summed.iter_rows()}


def facts_of(broker_id: int, spans: pl.DataFrame, days: list[date], known: int) -> pl.DataFrame:
    """FACTS of a broker on some days as known at a recording; one row per account, day and product, and one per account and day (key empty)."""
    held = held_on(spans, days).filter(pl.col("broker") == broker_id).select("day", "account", "share")
    balances = balances_on(days, touched_by(broker_id), known)
    key = (pl.col("exchange") + "." + pl.col("product")).str.to_uppercase()
    trades = trades_on(days, touched_by(broker_id), balances).with_columns(key=key, fee=pl.col("fee") - pl.col("exchange_fee"), equity=None)
    equity = balances.with_columns(key=pl.lit(""), fee=None, lots=None, turnover=None, equity=pl.col("equity").clip(lower_bound=0))
    parts = (part.join(held, on=["day", "account"]).rename({"account": "account_id", "day": "trade_date"}) for part in (trades, equity))
    return pl.concat(part.select(pl.col(name).cast(kind) for name, kind in FACTS.items()) for part in parts)
