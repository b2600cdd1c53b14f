"""balances-YYYY-MM-DD.csv and trades-YYYY-MM-DD.csv: text columns, checked as text, then whole numbers. No float anywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

import polars as pl

from models.values.money import FEN_LIMIT, NotMoney, parse_yuan
from portal.masters import header_holds, table
from portal.refusals import Findings
from portal.settlement.day import AMOUNTS, BALANCES, TRADES
from portal.settlement.files import EXCHANGES

BALANCE_COLUMNS = ["trade_date", "account_no", *AMOUNTS]
TRADE_COLUMNS = ["trade_date", "account_no", "exchange", "product", "lots", "turnover", "fee", "exchange_fee"]

MONEY = r"^-?[0-9]{1,14}(\.[0-9]{1,2}0?)?$"
"""What parse_yuan reads; its message is asked for where this does not match."""
LOTS = r"^[0-9]{1,12}$"
_CONTROL = r"\x00-\x1f\x7f-\x9f"
NUMBER = rf"^[^\s{_CONTROL}]([^{_CONTROL}]{{0,62}}[^\s{_CONTROL}])?$"


def read_balances(text: str, file: str, day: date, findings: Findings) -> pl.DataFrame:
    """A day's balances; rows in which something is refused are left out."""
    raw = _texts(text, BALANCE_COLUMNS, file, findings)
    before = findings.refused
    _about(raw, file, day, findings)
    frame = raw.with_columns(_in_fen(raw, AMOUNTS, file, findings))
    if raw.is_empty() and not before:
        findings.refuse("empty_file", file, 1, expected="at least one account")
    _once(frame, ["account_no"], file, findings)
    return frame.drop_nulls().select(pl.col(name).cast(kind) for name, kind in BALANCES.items())


def read_trades(text: str, file: str, day: date, findings: Findings) -> pl.DataFrame:
    """A day's trades, one row per account, exchange and product; rows in which something is refused are left out."""
    raw = _texts(text, TRADE_COLUMNS, file, findings)
    _about(raw, file, day, findings)
    # Capitals of ASCII alone: the capital of ſ is S, and no exchange is called that.
    exchange = pl.col("exchange").str.contains("^[A-Za-z]+$") & pl.col("exchange").str.to_uppercase().is_in(EXCHANGES)
    _match(raw, "exchange", exchange, "unknown_word", file, findings, " / ".join(EXCHANGES))
    raw = raw.with_columns(pl.col("exchange").str.to_uppercase())
    _match(raw, "product", pl.col("product").str.contains(NUMBER) & (pl.col("product").str.len_chars() <= 32), "bad_product", file, findings, "a product such as rb")
    lots = _match(raw, "lots", pl.col("lots").str.contains(LOTS), "bad_lots", file, findings, "a whole number of lots, 0 or more")
    frame = raw.with_columns(pl.when(lots).then(pl.col("lots")).cast(pl.Int64), *_in_fen(raw, ("turnover", "fee", "exchange_fee"), file, findings))
    _once(frame.with_columns(pl.col("product").str.to_uppercase()), ["account_no", "exchange", "product"], file, findings)
    return frame.drop_nulls().with_columns(pl.concat_list("line").alias("lines")).select(pl.col(name).cast(kind) for name, kind in TRADES.items())


def _texts(text: str, wanted: list[str], file: str, findings: Findings) -> pl.DataFrame:
    """The rows as text columns with their line; empty where the header does not hold."""
    plain = text.replace("\r\n", "\n")
    if '"' in plain or "\r" in plain:
        rows = list(table(text, wanted, file, findings))  # quotes and other line ends: slower, and as exact
        frame = pl.DataFrame([row for _, row in rows], schema=dict.fromkeys(wanted, pl.String), orient="row")
        return frame.with_columns(pl.Series("line", [number for number, _ in rows], pl.UInt32))
    lines = plain.split("\n")
    header = lines[0].split(",")
    if not text or not header_holds(header, wanted, file, findings):
        if not text:
            findings.refuse("empty_file", file, 1, expected=",".join(wanted))
        return pl.DataFrame(schema={**dict.fromkeys(wanted, pl.String), "line": pl.UInt32})
    frame = pl.DataFrame({"raw": pl.Series(lines[1:], dtype=pl.String)}).with_columns(pl.int_range(2, pl.len() + 2, dtype=pl.UInt32).alias("line")).filter(pl.col("raw") != "")
    frame = frame.with_columns(pl.col("raw").str.count_matches(",", literal=True).alias("commas"))
    for line, commas in frame.filter(pl.col("commas") != len(wanted) - 1).select("line", "commas").iter_rows():
        findings.refuse("wrong_columns", file, line, found=commas + 1, expected=len(wanted))
    frame = frame.filter(pl.col("commas") == len(wanted) - 1)
    fields = frame["raw"].str.split_exact(",", len(wanted) - 1).struct.rename_fields(header).struct.unnest()
    return fields.select(wanted).with_columns(frame["line"])


def _about(raw: pl.DataFrame, file: str, day: date, findings: Findings) -> None:
    """Every row speaks of the day of the file's name, and of an account."""
    _match(raw, "trade_date", pl.col("trade_date") == str(day), "wrong_day", file, findings, str(day))
    _match(raw, "account_no", pl.col("account_no").str.contains(NUMBER), "bad_account_no", file, findings, "an account number without blanks around it")


def _match(raw: pl.DataFrame, name: str, good: pl.Expr, code: str, file: str, findings: Findings, expected: str) -> pl.Series:
    """Refuse the rows where a column is not what it should be; returns which rows are good."""
    mask = raw.select(good.alias("good"))["good"]
    if not mask.all():
        for line, value in raw.filter(~mask).select("line", name).iter_rows():
            findings.refuse(code, file, line, field=name, found=value, expected=expected)
    return mask


def _in_fen(raw: pl.DataFrame, names: Sequence[str], file: str, findings: Findings) -> list[pl.Series]:
    """Amount columns as integer fen, all in one pass; amounts that are none become null and are refused."""
    readable = [pl.when(pl.col(name).str.contains(MONEY)).then(pl.col(name)).cast(pl.Decimal(18, 3)).alias(name) for name in names]
    amounts = [column.to_physical().cast(pl.Int64) // 10 for column in raw.select(readable)]
    good = pl.DataFrame(amounts).select(((pl.col(name).abs() < FEN_LIMIT).fill_null(False)).alias(name) for name in names)
    for name in [name for name, all_good in good.select(pl.all().all()).row(0, named=True).items() if not all_good]:
        for line, value in raw.filter(~good[name]).select("line", name).iter_rows():
            findings.refuse("bad_amount", file, line, field=name, found=value, expected=_why(parse_yuan, value))
    return amounts


def _why(read: Callable[[str], int], value: str) -> str:
    try:
        read(value)
    except NotMoney as error:
        return str(error)
    return "an amount in yuan such as 1234.50"


def _once(frame: pl.DataFrame, key: list[str], file: str, findings: Findings) -> None:
    """Refuse a key that stands twice, naming both lines."""
    first = frame.filter(~frame.select(key).is_duplicated().not_()).sort("line") if frame.select(key).is_duplicated().any() else None
    if first is None:
        return
    repeated = first.with_columns(pl.col("line").first().over(key).alias("first")).filter(pl.col("line") != pl.col("first"))
    for *values, line, earlier in repeated.select(*key, "line", "first").iter_rows():
        findings.refuse("key_twice", file, line, field=", ".join(key), found=" · ".join(values), expected=f"once; it stands on line {earlier} too")
