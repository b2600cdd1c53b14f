"""The floors: the least that the work can cost on this machine right now, with nothing around it.

`load_day` parses a day's own files with polars and hands the rows to the driver's bulk call into bare tables: no checks, no keys.
`Month.price` prices a whole month in memory with exact whole numbers, day by day, and stores nothing; its count of lines and sum
of amounts are those of the product, so that both are known to have done the same work.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from math import prod
from pathlib import Path
from typing import Any

import polars as pl
import psycopg
import pysqlite3.dbapi2 as sqlite

from portal.settlement.day import AMOUNTS
from tests.bench.make_firm import DAYS, SIZES, day, traded
from tests.bench.make_masters import attribution_places, upline_places
from tests.bench.plans import DEDUCTIONS, OVERRIDES, PLANS
from tests.bench.stopwatch import Taken, stopwatch

WHOLE = 1_000_000
_DAY_TABLES = {
    "floor_balance": ("trade_date", "account_no", *AMOUNTS),
    "floor_trade": ("trade_date", "account_no", "exchange", "product", "lots", "turnover", "fee", "exchange_fee"),
}
_TEXT = {"trade_date", "account_no", "exchange", "product"}


def parsed(path: Path) -> pl.DataFrame:
    """A day file as text and whole fen, by exact decimals."""
    table = pl.read_csv(path, infer_schema=False)
    money = [(pl.col(name).cast(pl.Decimal(18, 2)) * 100).cast(pl.Int64) for name in table.columns if name not in _TEXT and name != "lots"]
    return table.with_columns(*money, *(pl.col(name).cast(pl.Int64) for name in table.columns if name == "lots"))


def load_day(paths: list[Path], database: str) -> Taken:
    """The time for: read, parse, bulk load into bare tables, commit. `database` is a PostgreSQL address, or empty for SQLite."""
    return _load_postgresql(paths, database) if database.startswith("postgres") else _load_sqlite(paths)


def _ddl(table: str) -> str:
    columns = ", ".join(f"{name} {'TEXT' if name in _TEXT else 'BIGINT'} NOT NULL" for name in _DAY_TABLES[table])
    return f"CREATE TABLE {table} ({columns})"


def _load_sqlite(paths: list[Path]) -> Taken:
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite.connect(Path(folder) / "floor.db", isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")
        for table in _DAY_TABLES:
            connection.execute(_ddl(table))
        with stopwatch() as taken:
            connection.execute("BEGIN IMMEDIATE")
            for (table, columns), path in zip(_DAY_TABLES.items(), paths, strict=True):
                marks = ", ".join("?" * len(columns))
                for part in parsed(path).iter_slices(50_000):
                    connection.executemany(f"INSERT INTO {table} VALUES ({marks})", part.rows())
            connection.execute("COMMIT")
        connection.close()
    return taken[0]


def _load_postgresql(paths: list[Path], database: str) -> Taken:
    with psycopg.connect(database.replace("+psycopg", ""), autocommit=True) as connection:
        for table in _DAY_TABLES:
            connection.execute(f"DROP TABLE IF EXISTS {table}")
            connection.execute(_ddl(table))
        with stopwatch() as taken, connection.transaction():
            for table, path in zip(_DAY_TABLES, paths, strict=True):
                with connection.cursor().copy(f"COPY {table} FROM STDIN (FORMAT csv)") as copy:
                    for part in parsed(path).iter_slices(50_000):
                        copy.write(part.write_csv(include_header=False).encode())
        for table in _DAY_TABLES:
            connection.execute(f"DROP TABLE {table}")
    return taken[0]


@dataclass
class Priced:
    """What a month came to, to compare with the product: how many lines, and the sum of their amounts in fen."""

    lines: int = 0
    amount: int = 0

    def add(self, amounts: pl.Series) -> None:
        """Count lines."""
        self.lines += amounts.len()
        self.amount += int(amounts.sum())


@dataclass
class Month:
    """The facts of a reference firm's month, ready in memory; whole numbers stand for accounts, brokers and products."""

    size: str
    trades: list[pl.DataFrame] = field(default_factory=list)
    equity: list[pl.DataFrame] = field(default_factory=list)
    owners: pl.DataFrame = field(default_factory=pl.DataFrame)
    above: list[pl.DataFrame] = field(default_factory=list)

    @classmethod
    def of(cls, size: str) -> Month:
        """Make the facts (not measured)."""
        firm, month = SIZES[size], cls(size)
        for index in range(len(DAYS)):
            rows = traded(firm, index)
            month.trades.append(rows.select("key", "exchange", "product", "lots", "turnover", (pl.col("fee") - pl.col("exchange_fee")).alias("retained")))
            balances = day(size, index).balances
            assert balances is not None
            month.equity.append(balances.select(pl.int_range(0, pl.len(), dtype=pl.Int64).alias("key"), pl.col("equity").clip(0).alias("retained")))
        spans = attribution_places(firm).with_columns(pl.col("valid_from", "valid_to").replace("", "9999-12-31").str.to_date("%Y-%m-%d"))
        plan = pl.col("place") % len(PLANS)
        month.owners = spans.rename({"place": "b"}).with_columns((pl.col("b") % len(PLANS)).alias("plan"))
        ranks = upline_places(firm).select("place", "upline")
        current = pl.DataFrame({"b": range(firm.brokers), "place": range(firm.brokers)}, schema={"b": pl.Int64, "place": pl.Int64})
        for _ in OVERRIDES:
            current = current.join(ranks, on="place").select("b", pl.col("upline").alias("place"))
            month.above.append(current.with_columns(plan.alias("plan")))
        return month

    def price(self) -> tuple[Taken, Priced]:
        """The time for pricing every line of the month, and what it came to."""
        with stopwatch() as taken:
            done = self._priced()
        return taken[0], done

    def _priced(self) -> Priced:
        done = Priced()
        attributed = [_attributed(trades, self.owners, settled) for trades, settled in zip(self.trades, DAYS, strict=True)]
        equity = [_attributed(rows, self.owners, settled, _WITH_EQUITY) for rows, settled in zip(self.equity, DAYS, strict=True)]
        factors = _factors(attributed, equity)
        for rows, balances in zip(attributed, equity, strict=True):
            _price_day(rows, balances, factors, self.above, done)
        _round(attributed, factors, done)
        return done


_TIERS = {place: component["tiers"] for place, plan in enumerate(PLANS) for component in plan["versions"][0]["components"] if "tiers" in component}
_WITH_EQUITY = [place for place, plan in enumerate(PLANS) for component in plan["versions"][0]["components"] if component["kind"] == "equity"]
_WITH_EQUITY += [place for place, tiers in _TIERS.items() if tiers["measure"] == "average_equity"]
_KEPT = 1 - sum((Fraction(rate) for rate in DEDUCTIONS), Fraction(0))


def _component(kind: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for place, plan in enumerate(PLANS):
        for component in plan["versions"][0]["components"]:
            if component["kind"] == kind:
                yield place, component


def _half_up(numerator: pl.Expr, below: pl.Expr | int) -> pl.Expr:
    return numerator.sign() * ((2 * numerator.abs() + below) // (2 * below))


def _fits(*factors: int) -> bool:
    """Whether twice the product of such factors stays below 64 bits; else the arithmetic would not be exact."""
    return 2 * prod(factors) < 2**62


def _attributed(rows: pl.DataFrame, owners: pl.DataFrame, settled: date, plans: Sequence[int] = range(len(PLANS))) -> pl.DataFrame:
    """Rows times brokers on some plans, each with its `part` of `retained` by largest remainder; only shared accounts need the long way."""
    amount = "retained"
    today = owners.filter((pl.col("valid_from") <= settled) & (pl.col("valid_to") > settled)).select("key", "b", "plan", "share")
    whole = today.filter((pl.col("share") == WHOLE) & pl.col("plan").is_in(plans))
    alone = rows.join(whole, on="key").with_columns(pl.col(amount).alias("part"))
    shared = today.filter(pl.col("share") < WHOLE)
    many = rows.with_row_index("row").join(shared, on="key")
    house = many.group_by("row").agg(pl.lit(1 << 40).alias("b"), pl.col(amount).first(), (WHOLE - pl.col("share").sum()).alias("share"))
    parts = pl.concat([many.select("row", "b", amount, "share"), house.select("row", "b", amount, "share")])
    product = pl.col(amount).abs() * pl.col("share")
    parts = parts.with_columns((product // WHOLE).alias("floor"), (product % WHOLE).alias("rest")).sort(["row", "rest", "b"], descending=[False, True, False])
    left = pl.col(amount).abs().first() - pl.col("floor").sum()
    parts = parts.with_columns((pl.col("floor") + (pl.int_range(0, pl.len()) < left).over("row").cast(pl.Int64)).alias("size"))
    sized = parts.select("row", "b", (pl.col("size") * pl.col(amount).sign()).alias("part"))
    return pl.concat([alone, many.filter(pl.col("plan").is_in(plans)).join(sized, on=["row", "b"]).select(alone.columns)])


def _factors(attributed: list[pl.DataFrame], equity: list[pl.DataFrame]) -> pl.DataFrame:
    """Per broker: his part of the retained fee is multiplied by above ÷ below; marginal tiers also carry their total."""
    fees = pl.concat(rows.group_by("b", "plan").agg(pl.col("part").sum(), (pl.col("lots") * pl.col("share")).sum().alias("lots")) for rows in attributed)
    sums = fees.group_by("b", "plan").sum().sort("b")
    money = pl.concat(rows.group_by("b").agg(pl.col("part").sum().alias("equity")) for rows in equity).group_by("b").sum()
    rows = []
    for b, plan, part, lots, balance in sums.join(money, on="b", how="left").with_columns(pl.col("equity").fill_null(0)).select("b", "plan", "part", "lots", "equity").iter_rows():
        rows.append((b, *_factor(plan, part, lots, balance)))
    return pl.DataFrame(rows, schema={"b": pl.Int64, "above": pl.Int64, "below": pl.Int64, "total": pl.Int64}, orient="row")


def _factor(plan: int, part: int, lots: int, equity: int) -> tuple[int, int, int | None]:
    if plan not in _TIERS:
        rate = next((Fraction(component["rate"]) for place, component in _component("retained_fee") if place == plan), None)
        factor = _KEPT * (rate or 0)
        return factor.numerator, factor.denominator, None
    tiers = _TIERS[plan]
    unit = WHOLE if tiers["measure"] == "lots" else 100
    steps = [(Fraction(threshold) * unit, Fraction(rate)) for threshold, rate in tiers["steps"]]
    measure = {"retained_fee": part, "lots": lots, "average_equity": equity // len(DAYS)}[tiers["measure"]]
    if measure <= 0 or measure < steps[0][0]:
        return 0, 1, None
    if tiers["mode"] == "whole":
        factor = _KEPT * next(rate for threshold, rate in reversed(steps) if threshold <= measure)
        return factor.numerator, factor.denominator, None
    ends = [threshold for threshold, _ in steps[1:]] + [Fraction(measure)]
    total = _KEPT * sum((max(min(Fraction(measure), end) - start, Fraction(0)) * rate for (start, rate), end in zip(steps, ends, strict=True)), Fraction(0))
    whole = (2 * total.numerator + total.denominator) // (2 * total.denominator)
    return whole, measure, whole


def _price_day(rows: pl.DataFrame, balances: pl.DataFrame, factors: pl.DataFrame, above: list[pl.DataFrame], done: Priced) -> None:
    per_lot = dict(_component("per_lot"))
    fees = rows.filter(~pl.col("plan").is_in(list(per_lot))).join(factors, on="b")
    assert _fits(int(fees["part"].abs().max() or 0), int(factors["above"].max() or 0))
    assert _fits(int(rows["turnover"].max() or 0), WHOLE, 1000)
    done.add(fees.select(_half_up(pl.col("part") * pl.col("above"), pl.col("below"))).to_series())
    for place, component in per_lot.items():
        rates = {key.casefold(): Fraction(rate) * 100 for key, rate in component["rates"].items()}
        mine = rows.filter(pl.col("plan") == place)
        names = mine.select("exchange", "product").unique()
        found = [rates.get(f"{exchange}.{code}".casefold(), rates.get(code.casefold(), rates["*"])) * 10**6 for exchange, code in names.iter_rows()]
        priced = mine.join(names.with_columns(pl.Series("rate", [int(rate) for rate in found], dtype=pl.Int64)), on=["exchange", "product"])
        done.add(priced.select(_half_up(pl.col("lots") * pl.col("share") * pl.col("rate"), WHOLE * 10**6)).to_series())
    for place, component in _component("turnover"):
        rate = Fraction(component["rate"])
        mine = rows.filter(pl.col("plan") == place)
        done.add(mine.select(_half_up(pl.col("turnover") * pl.col("share") * rate.numerator, WHOLE * rate.denominator)).to_series())
    for place, component in _component("equity"):
        rate = Fraction(component["annual_rate"]) / int(component["day_count"])
        done.add(balances.filter(pl.col("plan") == place).select(_half_up(pl.col("part") * rate.numerator, rate.denominator)).to_series())
    for level, who in enumerate(above):
        factor = _KEPT * Fraction(OVERRIDES[level])
        done.add(fees.select("b", "part").join(who, on="b").select(_half_up(pl.col("part") * factor.numerator, factor.denominator)).to_series())


def _round(attributed: list[pl.DataFrame], factors: pl.DataFrame, done: Priced) -> None:
    """T − Σ lines of each marginal tier, where it is not 0."""
    marginal = factors.filter(pl.col("total").is_not_null())
    lines = pl.concat(rows.select("b", "part").join(marginal, on="b").select("b", _half_up(pl.col("part") * pl.col("above"), pl.col("below")).alias("paid")) for rows in attributed)
    rest = marginal.join(lines.group_by("b").sum(), on="b").select((pl.col("total") - pl.col("paid")).alias("rest"))["rest"]
    done.add(rest.filter(rest != 0))


_MADE: dict[str, Month] = {}


def price_month(size: str) -> tuple[Taken, int, int]:
    """The time, lines and amount (fen) of pricing a reference firm's month; its facts are made once in a process."""
    if size not in _MADE:
        _MADE[size] = Month.of(size)
    taken, done = _MADE[size].price()
    return taken, done.lines, done.amount
