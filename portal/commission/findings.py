"""What is wrong, or soon will be, with the firm's attribution on a day as known at a recording: equity with nobody, shares given
away twice, claims that wait for their call, and spans, agreements and licences that end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import polars as pl
from sqlalchemy import select

from models.columns import OPEN_END
from models.commission import Agreement
from models.partners import Licence, PersonKind
from models.values.rates import SHARE_WHOLE
from portal.attribution.known import holding
from portal.bulk import read_frame
from portal.commission.holdings import Holdings
from portal.versions import current

KINDS = ("over", "overlapping", "agreement_missing", "licence_missing", "pending", "span_ends", "agreement_ends", "licence_ends", "uncovered")
FOUND: dict[str, Any] = {
    "kind": pl.String,
    "account_no": pl.String,
    "broker_no": pl.String,
    "since": pl.Date,
    "until": pl.Date,
    "days": pl.Int64,
    "accounts": pl.Int64,
    "equity": pl.Int64,
}
"""One finding: `days` is the age of a pending claim, or how many days are left; `accounts` and `equity` (fen) what is concerned."""


def findings(held: Holdings, within: int) -> pl.DataFrame:
    """Every finding in FOUND columns, by the order of KINDS and the greatest equity first; `within` days count as soon."""
    parts = [_uncovered(held), *_too_much(held), _pending(held), _span_ends(held, within)]
    parts += _terms(held, within, Agreement, "agreement") + _terms(held, within, Licence, "licence")
    table = pl.concat([pl.DataFrame(schema=FOUND), *(_shaped(part) for part in parts)])
    order = pl.col("kind").replace_strict({kind: place for place, kind in enumerate(KINDS)}, return_dtype=pl.Int32)
    return table.with_columns(order=order).sort(["order", "equity", "account_no", "broker_no"], descending=[False, True, False, False], nulls_last=True).drop("order")


def summary(found: pl.DataFrame) -> dict[str, tuple[int, int]]:
    """(findings, fen) of every kind, 0 where there is none."""
    counted = {kind: (count, int(equity or 0)) for kind, count, equity in found.group_by("kind").agg(n=pl.len(), equity=pl.col("equity").sum()).iter_rows()}
    return {kind: counted.get(kind, (0, 0)) for kind in KINDS}


def _shaped(part: pl.DataFrame) -> pl.DataFrame:
    missing = [pl.lit(None, kind).alias(name) for name, kind in FOUND.items() if name not in part.columns]
    return part.with_columns(missing).select(pl.col(name).cast(kind) for name, kind in FOUND.items())


def _uncovered(held: Holdings) -> pl.DataFrame:
    bare = held.accounts.filter((pl.col("owners") == 0) & (pl.col("equity").fill_null(0) != 0))
    return bare.select(pl.lit("uncovered").alias("kind"), "account_no", "equity", pl.lit(1).alias("accounts"))


def _too_much(held: Holdings) -> list[pl.DataFrame]:
    """Shares past the whole, and one broker with two rows. An import lets neither in; if one is here, it came another way."""
    over = held.accounts.filter(pl.col("share") > SHARE_WHOLE).select(pl.lit("over").alias("kind"), "account_no", "equity", pl.lit(1).alias("accounts"))
    twice = held.rows.group_by("account_id", "broker_no").agg(pl.len(), since=pl.col("valid_from").max(), equity=pl.col("part").sum()).filter(pl.col("len") > 1)
    named = twice.join(held.accounts.select("account_id", "account_no"), on="account_id")
    return [over, named.select(pl.lit("overlapping").alias("kind"), "account_no", "broker_no", "since", "equity", pl.lit(1).alias("accounts"))]


def _pending(held: Holdings) -> pl.DataFrame:
    rows = held.rows.filter(pl.col("state") == "pending").join(held.accounts.select("account_id", "account_no"), on="account_id")
    age = (pl.lit(held.day) - pl.col("valid_from")).dt.total_days()
    return rows.select(pl.lit("pending").alias("kind"), "account_no", "broker_no", since="valid_from", until="confirmed_on", days=age, accounts=pl.lit(1), equity="part")


def _span_ends(held: Holdings, within: int) -> pl.DataFrame:
    """Rows that end soon without another beginning on that day: a move to the next broker is no finding."""
    horizon = held.day + timedelta(days=within)
    following = holding(held.firm.rows, held.day, horizon).select("account_id", valid_to="valid_from").unique()
    rows = held.rows.filter((pl.col("valid_to") <= horizon) & (pl.col("valid_to") != OPEN_END)).join(following, on=["account_id", "valid_to"], how="anti")
    rows = rows.join(held.accounts.select("account_id", "account_no"), on="account_id")
    left = (pl.col("valid_to") - pl.lit(held.day)).dt.total_days()
    return rows.select(pl.lit("span_ends").alias("kind"), "account_no", "broker_no", since="valid_from", until="valid_to", days=left, accounts=pl.lit(1), equity="part")


def _terms(held: Holdings, within: int, model: Any, word: str) -> list[pl.DataFrame]:
    """Brokers with clients whose agreement or licence ends soon without another in its place, and those who have none that day."""
    day, horizon = pl.lit(held.day), held.day + timedelta(days=within)
    row = current(model, held.known).subquery()
    spans = read_frame(select(row.c.broker_id, row.c.valid_from, row.c.valid_to), {"broker_id": pl.Int64, "valid_from": pl.Date, "valid_to": pl.Date})
    concerned = held.rows.group_by("broker_id", "broker_no").agg(accounts=pl.col("account_id").n_unique(), equity=pl.col("part").sum())
    if word == "licence":  # a licence is required for persons alone (commission rules §5)
        concerned = concerned.join(held.firm.brokers.filter(pl.col("kind") == PersonKind.PERSON.value), on="broker_id", how="semi")
    now = spans.filter((pl.col("valid_from") <= day) & (pl.col("valid_to") > day)).group_by("broker_id").agg(since=pl.col("valid_from").max(), until=pl.col("valid_to").max())
    missing = concerned.join(now, on="broker_id", how="anti")
    before = spans.filter(pl.col("valid_to") <= day).group_by("broker_id").agg(until=pl.col("valid_to").max())
    ends = concerned.join(now, on="broker_id").filter((pl.col("until") <= horizon) & (pl.col("until") != OPEN_END))
    ends = ends.join(spans.select("broker_id", until="valid_from").unique(), on=["broker_id", "until"], how="anti")
    return [
        ends.with_columns(kind=pl.lit(f"{word}_ends"), days=(pl.col("until") - day).dt.total_days()),
        missing.join(before, on="broker_id", how="left").with_columns(kind=pl.lit(f"{word}_missing"), days=(pl.col("until") - day).dt.total_days()),
    ]
