"""What two states of knowledge pay differently: priced twice by the one engine, compared account by account and day by day.

A month is priced as known at one recording and as known at another; what a broker's lines of an account and day add up to is
compared, and days in a row with the same owners before and after are one span. Tiers measure whole months, so whole months are
priced. What a tier's rounding line moved has no account and stands alone. Of a closed month this is what corrections post.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from models.values.calendar import Month
from portal.attribution.known import asserted_between, holding, known_rows, ranks, state_on
from portal.commission.load import load_month
from portal.commission.month import Progress, attribute_month, price_month, quiet, tiers_of
from portal.commission.wording import N_
from portal.settlement.facts import changed_accounts, settled_days

MOVED: dict[str, Any] = {
    "account_id": pl.Int64,
    "first_day": pl.Date,
    "last_day": pl.Date,
    "days": pl.Int64,
    "cause": pl.String,
    "before": pl.String,
    "after": pl.String,
    "broker_id": pl.Int64,
    "amount": pl.Int64,
}
"""One row per account, span and broker whose pay differs (fen, after less before); one without broker where owners differ and no pay.

`before` and `after` name the owners: `B001 600000 confirmed;B002 …`, empty for the house alone. `cause` is one of CAUSES.
"""
CAUSES = ("attribution", "settlement", "terms", "rounding")
"""Why pay differs: other owners; other trades or balances; plans, agreements, licences or tiers; a tier's rounding line."""
PAID: dict[str, Any] = {"broker_id": pl.Int64, "account_id": pl.Int64, "day": pl.Date, "amount": pl.Int64}


@dataclass(frozen=True)
class Moved:
    """Everything that differs in some months: MOVED rows, and what each broker earned by either state (broker_id, before, after)."""

    rows: pl.DataFrame
    totals: pl.DataFrame


def moved(first: Month, last: Month, before: int, after: int, progress: Progress = quiet) -> Moved:
    """Compare the months from `first` to `last` as known at two recordings. Reads only."""
    rows, totals = [pl.DataFrame(schema=MOVED)], [pl.DataFrame(schema={"broker_id": pl.Int64, "before": pl.Int64, "after": pl.Int64})]
    months = list(first.until(last))
    for done, month in enumerate(months):
        progress(N_("Pricing what was known before"), 2 * done, 2 * len(months))
        old = paid(month, before)
        progress(N_("Pricing what was known after"), 2 * done + 1, 2 * len(months))
        new = paid(month, after)
        rows.append(_compared(month, old, new, before, after))
        totals += [
            old.group_by("broker_id").agg(before=pl.col("amount").sum(), after=pl.lit(0, pl.Int64)),
            new.group_by("broker_id").agg(before=pl.lit(0, pl.Int64), after=pl.col("amount").sum()),
        ]
    summed = pl.concat(totals).group_by("broker_id").agg(pl.col("before", "after").sum()).sort("broker_id")
    return Moved(pl.concat(rows), summed)


def paid(month: Month, known: int) -> pl.DataFrame:
    """What every broker's lines of each account and day add up to, as known at a recording: PAID. Rounding lines have no account."""
    facts = load_month(month, known)
    attributed = attribute_month(facts)
    ids = facts.brokers.select("b", "broker_id")
    parts = [pl.DataFrame(schema=PAID)]
    for lines in price_month(attributed, tiers_of(attributed)):
        summed = lines.group_by("b", "account", "day").agg(pl.col("amount").sum())
        parts.append(summed.join(ids, on="b").select("broker_id", pl.col("account").cast(pl.Int64).alias("account_id"), "day", "amount"))
    return pl.concat(parts)


def _compared(month: Month, old: pl.DataFrame, new: pl.DataFrame, before: int, after: int) -> pl.DataFrame:
    signed = pl.concat([new, old.with_columns(-pl.col("amount"))])
    money = signed.group_by("broker_id", "account_id", "day").agg(pl.col("amount").sum()).filter(pl.col("amount") != 0)
    rounding = money.filter(pl.col("account_id").is_null())
    lines = money.filter(pl.col("account_id").is_not_null())
    days = sorted({*settled_days(month.first, month.last, before), *settled_days(month.first, month.last, after)})
    touched = {*asserted_between(before, after)["account_id"].to_list(), *lines["account_id"].to_list()}
    spans = _spans(_account_days(month, days, sorted(touched), lines, before, after), days)
    return pl.concat([_priced(spans, lines), _of_rounding(month, rounding)]).sort("account_id", "first_day", "broker_id", nulls_last=True)


def _account_days(month: Month, days: list[date], touched: list[int], lines: pl.DataFrame, before: int, after: int) -> pl.DataFrame:
    """account_id, day, before, after and cause of every account-day whose owners or pay differ."""
    key = ["account_id", "day"]
    owners = _owners(days, touched, before).rename({"owners": "before"}).join(_owners(days, touched, after).rename({"owners": "after"}), on=key, how="full", coalesce=True)
    owners = owners.with_columns(pl.col("before", "after").fill_null(""))
    paid_days = lines.select(key).unique()
    differing = pl.concat([owners.filter(pl.col("before") != pl.col("after")).select(key), paid_days]).unique()
    facts = [(account, day) for day, accounts in changed_accounts(month.first, month.last, before, after).items() for account in accounts]
    corrected = pl.DataFrame(facts, schema={"account_id": pl.Int64, "day": pl.Date}, orient="row").with_columns(corrected=pl.lit(value=True))
    table = differing.join(owners, on=key, how="left").with_columns(pl.col("before", "after").fill_null("")).join(corrected, on=key, how="left")
    cause = pl.when(pl.col("before") != pl.col("after")).then(pl.lit("attribution")).when(pl.col("corrected")).then(pl.lit("settlement")).otherwise(pl.lit("terms"))
    return table.select(*key, "before", "after", cause=cause)


def _owners(days: list[date], accounts: list[int], known: int) -> pl.DataFrame:
    """account_id, day and the text of its owners, for every account-day that has one."""
    schema = {"account_id": pl.Int64, "day": pl.Date, "owners": pl.String}
    if not days or not accounts:
        return pl.DataFrame(schema=schema)
    rows = holding(known_rows(known, accounts), days[0], days[-1]).join(ranks(), on="broker_id")
    daily = rows.join(pl.DataFrame({"day": days}), how="cross").filter((pl.col("valid_from") <= pl.col("day")) & (pl.col("valid_to") > pl.col("day")))
    told = pl.concat_str("broker_no", pl.col("share").cast(pl.String), state_on(pl.col("day")), separator=" ")
    return daily.sort("account_id", "day", "b").with_columns(told=told).group_by("account_id", "day").agg(pl.col("told").str.join(";").alias("owners")).select(list(schema))


def _spans(table: pl.DataFrame, days: list[date]) -> pl.DataFrame:
    """The account-days with the number of the span that each belongs to: settled days in a row with the same owners and cause."""
    places = pl.DataFrame({"day": days}, schema={"day": pl.Date}).with_row_index("place")
    ordered = table.join(places, on="day").with_columns(pl.col("place").cast(pl.Int64)).sort("account_id", "place")
    same = [pl.col(name) == pl.col(name).shift(1) for name in ("account_id", "before", "after", "cause")]
    goes_on = pl.all_horizontal(*same, pl.col("place") == pl.col("place").shift(1) + 1).fill_null(value=False)
    return ordered.with_columns(span=(~goes_on).cum_sum())


def _priced(spans: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """MOVED rows of the spans with what each broker's pay moved in them; what came to nothing in the end is left out."""
    span = spans.group_by("span").agg(pl.col("account_id", "cause", "before", "after").first(), first_day=pl.col("day").min(), last_day=pl.col("day").max(), days=pl.len())
    money = lines.join(spans.select("account_id", "day", "span"), on=["account_id", "day"]).group_by("span", "broker_id").agg(pl.col("amount").sum())
    told = span.join(money.filter(pl.col("amount") != 0), on="span", how="left").with_columns(pl.col("amount").fill_null(0))
    return told.select(pl.col(name).cast(kind) for name, kind in MOVED.items())


def _of_rounding(month: Month, rounding: pl.DataFrame) -> pl.DataFrame:
    whole = {"first_day": pl.lit(month.first), "last_day": pl.lit(month.last), "days": pl.lit(0), "cause": pl.lit("rounding"), "before": pl.lit(""), "after": pl.lit("")}
    return rounding.with_columns(**whole).select(pl.col(name).cast(kind) for name, kind in MOVED.items())
