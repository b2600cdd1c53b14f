"""One settled day of the demonstration firm after the other: trades, positions, money in and out, all in columns.

Everything is integer fen. A day is a function of the day before, so the balances chain; the amounts of a row satisfy
balance = previous + deposit − withdrawal + other_in − other_out + realized + mtm + premium − fee by construction.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import polars as pl

from portal.demo.noise import SIGMA, bell, below, half_up, lognormal, stream
from portal.demo.products import PRODUCTS, product_table
from portal.demo.stories import CORRECTED, CORRECTED_DAY, STORY_ACCOUNTS

MILLION = 1_000_000
OPTION = len(PRODUCTS) - 1
CHOICES = 3
"""Each client trades up to three products."""
SMALLEST = 500_000
"""Below 5,000.00 yuan a client does not trade."""

_BASE = lognormal(9_000_000, 1.45)
_SLOTS = [slot for slot, product in enumerate(PRODUCTS) for _ in range(product.weight)]


@dataclass(frozen=True)
class Day:
    """One settled day: its number in the year, its date, the product table, and whether interest is paid on it."""

    number: int
    date: date
    products: pl.DataFrame
    interest: bool


def traits(seed: int, accounts: pl.DataFrame) -> pl.DataFrame:
    """What a client is like, from the account's place `key`: size (fen), how often and what he trades, how he is charged."""

    def draw(name: str, limit: int) -> pl.Expr:
        return pl.lit(below(limit, stream(seed, name), accounts["key"]))

    def picked(name: str, values: list[int]) -> pl.Expr:
        return draw(name, len(values)).replace_strict(range(len(values)), values, return_dtype=pl.Int64)

    def unless_told(usual: pl.Expr, told: int) -> pl.Expr:
        return pl.when(pl.col("key").is_in(STORY_ACCOUNTS)).then(told).otherwise(usual)

    pledges = (pl.col("kind") == "institution") & (draw("pledges", 3) == 0)
    return accounts.with_columns(
        unless_told(picked("size", _BASE), 60_000_000).alias("base"),
        unless_told(draw("active", 1000) * draw("active again", 1000) * 6 // 10, 800_000).alias("activity"),
        unless_told(picked("slot 0", _SLOTS), 0).alias("slot_0"),
        *(picked(f"slot {choice}", _SLOTS).alias(f"slot_{choice}") for choice in range(1, CHOICES)),
        (40 + draw("markup", 5) * 45 + draw("fine", 20)).alias("markup"),
        (20 + draw("usage", 350)).alias("usage"),
        pl.when(pledges).then(200_000_000 + draw("pledge", 40) * 10_000_000).otherwise(0).alias("pledge"),
    )


def draws(seed: int, accounts: int, days: int) -> pl.DataFrame:
    """All chance of the year at once, a row per day and account (day by day): one column for each thing that is drawn."""
    place = pl.int_range(0, accounts * days, dtype=pl.Int64, eager=True)
    key, day = place % accounts, place // accounts
    chance = {"eager": MILLION, "lots": 360, "option": 2}
    columns = {f"{name}_{choice}": below(limit, stream(seed, f"{name} {choice}"), key, day) for choice in range(CHOICES) for name, limit in chance.items()}
    columns |= {f"off_{choice}": bell(stream(seed, f"price {choice}"), key, day) for choice in range(CHOICES)}
    columns |= {name: below(limit, stream(seed, name), key, day) for name, limit in {"pays": MILLION, "draws": MILLION, "part": 25}.items()}
    columns |= {name: below(limit, stream(seed, name), key, day // 5) for name, limit in {"stance": 1000, "side": 2}.items()}
    return pl.DataFrame(columns)


def trades_of(state: pl.DataFrame, day: Day) -> pl.DataFrame:
    """The day's trade rows of the clients in `state` (one per account and product) with their realised P/L and premium."""
    chosen = []
    for choice, times in enumerate((1000, 700, 350)):
        eager = pl.col(f"eager_{choice}") * 1000 < pl.col("activity") * times
        told = (pl.col("key") == CORRECTED) & pl.lit(day.date == CORRECTED_DAY and choice == 0)
        distinct = pl.all_horizontal([pl.col(f"slot_{choice}") != pl.col(f"slot_{other}") for other in range(choice)] or [pl.lit(True)])
        wanted = [pl.col(f"{name}_{choice}").alias(name) for name in ("slot", "lots", "off", "option")]
        chosen.append(state.filter((eager & (pl.col("previous_balance") >= SMALLEST) & distinct) | told).select("key", "previous_balance", "markup", *wanted))
    rows = pl.concat(chosen).join(day.products, on="slot", how="left", maintain_order="left")
    return _priced(rows).sort("key", "exchange", "product")


def _priced(rows: pl.DataFrame) -> pl.DataFrame:
    option = pl.col("slot") == OPTION
    off = pl.col("after") * pl.col("swing") * pl.col("off") // (3 * SIGMA * 100_000)
    lot_margin = pl.col("after") * pl.col("tick_value") * pl.col("margin_rate") // 1000
    wish = pl.col("previous_balance") * (40 + pl.col("lots")) // 1000 // lot_margin
    return (
        rows.filter(pl.col("previous_balance") * 8 >= lot_margin * 10)
        .with_columns(wish.clip(1, 120).alias("lots"), (pl.col("after") + off).clip(1).alias("price"))
        .with_columns((pl.col("lots") * pl.col("price") * pl.col("tick_value")).alias("turnover"))
        .with_columns((half_up(pl.col("turnover") * pl.col("by_money"), 10**8) + pl.col("lots") * pl.col("by_lot")).alias("exchange_fee"))
        .with_columns(
            (pl.col("exchange_fee") + half_up(pl.col("exchange_fee") * pl.col("markup"), 100)).alias("fee"),
            pl.when(option).then(0).otherwise(pl.col("lots") * pl.col("tick_value") * (off // 3)).alias("realized_pnl"),
            pl.when(option).then(pl.col("turnover") * (1 - 2 * pl.col("option"))).otherwise(0).alias("premium"),
        )
    )


def balances_of(state: pl.DataFrame, trades: pl.DataFrame, day: Day) -> pl.DataFrame:
    """The day's balance row of every client in `state`."""
    sums = trades.group_by("key").agg(pl.col("fee", "realized_pnl", "premium").sum(), (pl.col("lots") * (pl.col("exchange") == "CFFEX")).sum().alias("orders"))
    futures = day.products.filter(pl.col("slot") != OPTION).select("slot", "before", "after", "tick_value", "margin_rate")
    rows = state.join(sums, on="key", how="left", maintain_order="left").join(futures, left_on="slot_0", right_on="slot", how="left", maintain_order="left")
    rows = rows.with_columns(pl.col("fee", "realized_pnl", "premium", "orders", "before", "after", "tick_value", "margin_rate").fill_null(0))
    return _closed(_positions(_moved(rows, day), day))


def _moved(rows: pl.DataFrame, day: Day) -> pl.DataFrame:
    """Money in and out. A client's first money is his base; who is below zero is called; who fades draws his out, and who
    closes his account all that is left on its last day."""
    before = pl.col("previous_balance")
    fading = since("fades_on", day.date)
    pays_in = (pl.col("pays") < 9000) & ~fading
    draws = pl.col("draws") < pl.when(fading).then(45_000).otherwise(8000)
    part = 5 + pl.col("part") + pl.when(fading).then(25).otherwise(0)
    called = ((-before) // 100_000 + 2) * 100_000
    paid = pl.when(pl.col("first")).then(pl.col("base")).when(before < 0).then(called).when(pays_in).then((pl.col("base") * part // 100 // 100_000 + 1) * 100_000).otherwise(0)
    drawn = pl.when(pl.col("empties_on") == day.date).then(before.clip(0)).when(draws & (before > SMALLEST)).then(before * part // 100 // 10_000 * 10_000).otherwise(0)
    interest = pl.when(pl.lit(day.interest) & (before > 50_000_000)).then(before * 9 // 10_000).otherwise(0)
    declared = pl.when(before > SMALLEST).then(pl.col("orders") * 100).otherwise(0)
    return rows.with_columns(paid.alias("deposit"), drawn.alias("withdrawal"), interest.alias("other_in"), declared.alias("other_out"))


def _positions(rows: pl.DataFrame, day: Day) -> pl.DataFrame:
    """Lots held overnight in the client's main product, long or short for a week at a time."""
    silent = since("silent_on", day.date)
    free = (pl.col("previous_balance") - pl.col("withdrawal")).clip(0)
    lot_margin = pl.col("after") * pl.col("tick_value") * pl.col("margin_rate")
    usage = pl.col("usage") * pl.col("stance") // 1000
    held = pl.when(silent | (lot_margin == 0) | (pl.col("activity") < 8_000)).then(0).otherwise(free * usage // lot_margin.clip(1))
    side = 1 - 2 * pl.col("side")
    return rows.with_columns(held.alias("held")).with_columns(
        (side * pl.col("held") * (pl.col("after") - pl.col("before")) * pl.col("tick_value")).alias("mtm_pnl"),
        half_up(pl.col("held") * lot_margin, 1000).alias("margin"),
    )


def _closed(rows: pl.DataFrame) -> pl.DataFrame:
    ins = pl.col("previous_balance") + pl.col("deposit") + pl.col("other_in") + pl.col("realized_pnl") + pl.col("mtm_pnl") + pl.col("premium")
    return (
        rows.with_columns((ins - pl.col("withdrawal") - pl.col("other_out") - pl.col("fee")).alias("balance"))
        .with_columns((pl.col("balance") + pl.col("pledge")).alias("equity"))
        .with_columns((pl.col("equity") - pl.col("margin")).alias("available"))
    )


def year(seed: int, clients: pl.DataFrame, days: list[date], prices: list[list[int]]) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Each settled day's balances and trades, keyed by the account's place.

    `clients` has key, kind, opened_on, closed_on, old (had money before the first day), fades_on, silent_on and empties_on.
    """
    people = traits(seed, clients).with_columns(pl.when(pl.col("old")).then(pl.col("base")).alias("previous_balance"))
    chances = draws(seed, people.height, len(days))
    for number, today in enumerate(days):
        quarter_ends = today.month % 3 == 0 and (number + 1 == len(days) or days[number + 1].month != today.month)
        day = Day(number, today, product_table(today, prices[number], prices[number + 1]), quarter_ends)
        with_chance = pl.concat([people, chances.slice(number * people.height, people.height)], how="horizontal")
        there = with_chance.filter((pl.col("opened_on") <= today) & (pl.col("closed_on").is_null() | (pl.col("closed_on") > today)))
        there = there.with_columns(pl.col("previous_balance").is_null().alias("first"), pl.col("previous_balance").fill_null(0))
        trades = trades_of(_calmed(there, today), day)
        balances = balances_of(there, trades, day)
        people = people.join(balances.select("key", "balance"), on="key", how="left", maintain_order="left")
        people = people.with_columns(pl.coalesce("balance", "previous_balance").alias("previous_balance")).drop("balance")
        yield balances, trades


def _calmed(there: pl.DataFrame, today: date) -> pl.DataFrame:
    """Who fades trades a third as often, then not at all."""
    calmer = pl.when(since("silent_on", today)).then(0).when(since("fades_on", today)).then(pl.col("activity") // 3)
    return there.with_columns(calmer.otherwise(pl.col("activity")).alias("activity"))


def since(column: str, today: date) -> pl.Expr:
    """Whether a client's day has come; without such a day it never does."""
    return (pl.col(column) <= today).fill_null(value=False)
