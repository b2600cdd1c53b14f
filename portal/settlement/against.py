"""Statements and lists beside the books, line by line. Reads and compares; the books are not wrong because another paper differs.

A line is one number of one account and day: what the books have (`here`) and what the paper says (`there`), in fen or in lots.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import polars as pl

from portal.refusals import Findings
from portal.settlement.around import account_ids
from portal.settlement.at_values import half_up, products
from portal.settlement.back_office_tables import BALANCE_COLUMNS, BALANCE_LIST, FEE_LIST, FILL_LIST, WITH_OTHER_MONEY, Sheets, read_lists
from portal.settlement.ctp.compare import traded
from portal.settlement.ctp.facts import Statement
from portal.settlement.facts import day_frames

KEY = ("trade_date", "account_no", "item", "exchange", "product")
THERE: dict[str, pl.DataType | type[pl.DataType]] = {"trade_date": pl.Date, **dict.fromkeys(KEY[1:], pl.String), "there": pl.Int64}
HERE = {**THERE, "here": pl.Int64}
del HERE["there"]
LINES = {"line": pl.Int64, **dict.fromkeys(KEY, pl.String), "trade_date": pl.Date, "here": pl.Int64, "there": pl.Int64, "state": pl.String}
EQUAL, DIFFERS, ONLY_HERE, ONLY_THERE = "equal", "differs", "only_here", "only_there"

BY_PRODUCT = ("lots", "turnover", "product_fee", "product_exchange_fee")
OF_STATEMENT = ("fee", "balance", "equity", "margin")


def of_statement(statement: Statement) -> pl.DataFrame:
    """What a statement of one day says, its CNY side; empty where it has none."""
    block = statement.main
    if block is None or block.currency != "CNY":
        return pl.DataFrame(schema=THERE)
    said: list[tuple[str, str, str, int]] = [(name, "", "", block[name]) for name in OF_STATEMENT if name in block.amounts and not (statement.by_trade and name == "balance")]
    if statement.funds or not block["deposit_withdrawal"]:
        said += [("deposit", "", "", sum(row.deposit for row in statement.funds)), ("withdrawal", "", "", sum(row.withdrawal for row in statement.funds))]
    else:
        said.append(("deposit_withdrawal", "", "", block["deposit_withdrawal"]))
    for (exchange, product), sums in sorted(traded(statement).items()):
        said += [("lots", exchange, product, sums.lots), ("turnover", exchange, product, sums.turnover), ("product_fee", exchange, product, sums.fee)]
    return pl.DataFrame([(statement.first_day, statement.account_no, *row) for row in said], schema=THERE, orient="row")


def of_lists(files: Sequence[tuple[str, bytes]], findings: Findings) -> dict[str, pl.DataFrame]:
    """What lists of the back office say, by the title of the list. Fees finer than a fen are rounded once per product."""
    found = read_lists(files, findings)
    return {title: _of_balances(sheets) if title == BALANCE_LIST.title else _of_contracts(sheets) for title, sheets in found.items() if not sheets.frame.is_empty()}


def _of_balances(sheets: Sheets) -> pl.DataFrame:
    frame = sheets.frame
    amounts = [half_up(pl.col(f"{column}_t"), 10).alias(name) for column, name in BALANCE_COLUMNS.items() if f"{column}_t" in frame.columns]
    wide = frame.select(pl.col("day").alias("trade_date"), "account_no", *amounts)
    return _long(wide, "there").filter(pl.col("there").is_not_null())


def _of_contracts(sheets: Sheets) -> pl.DataFrame:
    columns = {FEE_LIST.title: ("总成交量", "成交额", "手续费", "上交手续费"), FILL_LIST.title: ("成交手数", "成交金额", "手续费", "交易所手续费")}[sheets.table.title]
    instruments = sheets.frame.select("exchange", "合约").unique(maintain_order=True).with_columns(pl.col("合约").str.strip_chars().alias("instrument"))
    named = sheets.frame.join(products(instruments).select("exchange", "合约", "product"), on=["exchange", "合约"], how="left")
    sums = [half_up(pl.col(f"{column}_t").sum(), 1000 if name == "lots" else 10).alias(name) for column, name in zip(columns, BY_PRODUCT, strict=True)]
    wide = named.group_by(pl.col("day").alias("trade_date"), "account_no", "exchange", pl.col("product").fill_null(pl.col("合约")), maintain_order=True).agg(sums)
    return _long(wide, "there")


def compared(there: pl.DataFrame, *, whole: bool, fills: bool) -> pl.DataFrame:
    """Every line of a paper beside the books (LINES), in the order of day, account and item. `whole` says that the paper speaks of
    all accounts of its days, so that one it leaves out is a line too: its equity, or its lots. `fills` says that it speaks of all
    fills of its accounts, also where it has none."""
    here = _books(there, whole=whole, fills=fills)
    joined = there.join(here, on=KEY, how="full", coalesce=True, nulls_equal=True)
    alternative = pl.when(pl.col("either") == pl.col("there")).then("either").otherwise("here")
    state = (
        pl.when(pl.col("here").is_null())
        .then(pl.lit(ONLY_THERE))
        .when(pl.col("there").is_null())
        .then(pl.lit(ONLY_HERE))
        .when(pl.col("here") == pl.col("there"))
        .then(pl.lit(EQUAL))
        .otherwise(pl.lit(DIFFERS))
    )
    lines = joined.with_columns(here=alternative).with_columns(state=state).filter((pl.col("state") != ONLY_THERE) | (pl.col("there") != 0))
    order = pl.col("item").replace_strict(ORDER, default=99)
    lines = lines.sort("trade_date", "account_no", "exchange", "product", order, nulls_last=True).drop("either").with_row_index("line", offset=1)
    return lines.select(pl.col(name).cast(kind) for name, kind in LINES.items())


ORDER = {name: place for place, name in enumerate((*BALANCE_COLUMNS.values(), "deposit_withdrawal", *BY_PRODUCT))}


def _books(there: pl.DataFrame, *, whole: bool, fills: bool) -> pl.DataFrame:
    """The books of the paper's days, in the items that it speaks of; `either` is the other value that is no difference."""
    days = there["trade_date"].unique().sort().to_list()
    parts = [_of_day(day, there.filter(pl.col("trade_date") == day), whole=whole, fills=fills) for day in days]
    return pl.concat([pl.DataFrame(schema={**HERE, "either": pl.Int64}), *parts])


def _of_day(day: date, there: pl.DataFrame, *, whole: bool, fills: bool) -> pl.DataFrame:
    balances, trades = day_frames(day)
    numbers = account_ids()
    items = set(there["item"].unique())
    fees = trades.group_by("account_id").agg(pl.col("exchange_fee").sum())
    accounts = balances.join(numbers, on="account_id").join(fees, on="account_id", how="left").with_columns(pl.col("exchange_fee").fill_null(0), trade_date=pl.lit(day))
    net = pl.col("deposit") + pl.col("other_in") - pl.col("withdrawal") - pl.col("other_out")
    either = {name: (pl.col(name) + pl.col(other)).alias(name) for name, other in WITH_OTHER_MONEY.items()}
    names = [name for name in (*BALANCE_COLUMNS.values(), "deposit_withdrawal") if name in items]
    held = accounts.with_columns(deposit_withdrawal=net)
    wide = _long(held.select("trade_date", "account_no", *names), "here")
    others = _long(held.select("trade_date", "account_no", *(either[name] for name in names if name in either)), "either")
    joined = wide.join(others, on=KEY, how="left", nulls_equal=True)
    parts = [_spoken_of(joined, there, whole, "equity")]
    if fills:
        parts.append(_spoken_of(_traded(day, trades.join(numbers, on="account_id"), there), there, whole, "lots"))
    return pl.concat(parts)


def _traded(day: date, trades: pl.DataFrame, there: pl.DataFrame) -> pl.DataFrame:
    names = dict(zip(("lots", "turnover", "fee", "exchange_fee"), BY_PRODUCT, strict=True))
    wide = trades.select(pl.lit(day).alias("trade_date"), "account_no", "exchange", "product", *(pl.col(column).alias(name) for column, name in names.items()))
    listed = there.filter(pl.col("item").is_in(BY_PRODUCT))
    wanted = set(listed["item"].unique()) or set(BY_PRODUCT[:3])
    return _long(_spelled(wide, listed), "here").filter(pl.col("item").is_in(wanted)).with_columns(either=pl.lit(None, pl.Int64))


def _spelled(ours: pl.DataFrame, theirs: pl.DataFrame) -> pl.DataFrame:
    """Our products as the paper spells them: letters in other cases are the same product."""
    spelling = theirs.select("exchange", "product").unique().with_columns(pl.col("product").str.to_lowercase().alias("low"))
    joined = ours.with_columns(pl.col("product").str.to_lowercase().alias("low")).join(spelling.rename({"product": "as_there"}), on=["exchange", "low"], how="left")
    return joined.with_columns(product=pl.coalesce("as_there", "product")).drop("low", "as_there")


def _spoken_of(here: pl.DataFrame, there: pl.DataFrame, whole: bool, presence: str) -> pl.DataFrame:
    """Our lines about accounts that the paper names; of others, in a whole list, the one line that says they are missing there."""
    lines = here.select(*HERE, "either")
    named = lines.join(there.select("account_no").unique(), on="account_no", how="semi")
    if not whole:
        return named
    silent = lines.join(there.select("account_no").unique(), on="account_no", how="anti").filter(pl.col("item") == presence)
    return pl.concat([named, silent])


def _long(wide: pl.DataFrame, value: str) -> pl.DataFrame:
    """One row per number; a number of the whole account has neither exchange nor product."""
    keys = [name for name in wide.columns if name in KEY]
    rows = wide.unpivot(index=keys, variable_name="item", value_name=value)
    missing = [pl.lit("").alias(name) for name in ("exchange", "product") if name not in keys]
    return rows.with_columns(*missing).select(*KEY, pl.col(value).cast(pl.Int64))


def counts(lines: pl.DataFrame) -> dict[str, int]:
    """How many lines of each state."""
    found = dict(lines.group_by("state").len().iter_rows())
    return {state: int(found.get(state, 0)) for state in (EQUAL, DIFFERS, ONLY_HERE, ONLY_THERE)}


def newest_of_each(parts: Iterable[tuple[int, pl.DataFrame]]) -> pl.DataFrame:
    """Of comparisons (number, lines) the newest word on each number of the books."""
    frames = [lines.with_columns(comparison=pl.lit(number, pl.Int64)) for number, lines in parts]
    if not frames:
        return pl.DataFrame(schema={**LINES, "comparison": pl.Int64})
    return pl.concat(frames).sort("comparison").unique(list(KEY), keep="last", maintain_order=True)
