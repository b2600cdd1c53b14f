"""balances-YYYY-MM-DD.csv and trades-YYYY-MM-DD.csv: text columns, checked as text, then whole numbers. No float anywhere."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from datetime import date

import polars as pl

from models.values.money import FEN_LIMIT, NotMoney, parse_yuan
from portal.masters import header_holds, table
from portal.refusals import Findings, Severity
from portal.settlement.day import AMOUNTS, BALANCES, TRADES
from portal.settlement.files import EXCHANGES

BALANCE_COLUMNS = ["trade_date", "account_no", *AMOUNTS]
TRADE_COLUMNS = ["trade_date", "account_no", "exchange", "product", "lots", "turnover", "fee", "exchange_fee"]

MONEY = r"^-?[0-9]{1,14}(\.[0-9]{1,2}0?)?$"
"""What parse_yuan reads; its message is asked for where this does not match."""
LOTS = r"^[0-9]{1,9}$"
AT_ONCE = 2
"""Amount columns that are converted beside each other: on the way each takes three times what is kept of it."""
_CONTROL = r"\x00-\x1f\x7f-\x9f"
NUMBER = rf"^[^\s{_CONTROL}]([^{_CONTROL}]{{0,62}}[^\s{_CONTROL}])?$"


def read_balances(content: bytes, file: str, day: date, findings: Findings) -> pl.DataFrame:
    """A day's balances from a file's text in UTF-8; rows in which something is refused are left out."""
    frame = _texts(content, BALANCE_COLUMNS, file, findings)
    del content  # a tenth of the memory that a day takes
    if frame.is_empty() and not findings.refused:
        findings.refuse("empty_file", file, 1, expected="at least one account")
    _about(frame, file, day, findings)
    frame = frame.with_columns(_in_fen(frame, AMOUNTS, file, findings))
    _once(frame, ["account_no"], file, findings)
    return frame.drop_nulls().select(pl.col(name).cast(kind) for name, kind in BALANCES.items())


def read_trades(content: bytes, file: str, day: date, findings: Findings) -> pl.DataFrame:
    """A day's trades from a file's text in UTF-8, one row per account, exchange and product; rows in which something is refused are left out."""
    raw = _texts(content, TRADE_COLUMNS, file, findings)
    del content
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


def _texts(content: bytes, wanted: list[str], file: str, findings: Findings) -> pl.DataFrame:
    """The rows as text columns with their line; empty where the header does not hold."""
    if b'"' in content or b"\r" in content:
        rows = list(table(content.decode(), wanted, file, findings))  # quotes and other line ends: slower, and as exact
        frame = pl.DataFrame([row for _, row in rows], schema=dict.fromkeys(wanted, pl.String), orient="row")
        return frame.with_columns(pl.Series("line", [number for number, _ in rows], pl.UInt32))
    header = content.partition(b"\n")[0].decode().split(",")
    if not content or not header_holds(header, wanted, file, findings):
        if not content:
            findings.refuse("empty_file", file, 1, expected=",".join(wanted))
        return pl.DataFrame(schema={**dict.fromkeys(wanted, pl.String), "line": pl.UInt32})
    even = _even(content, header)
    return (_line_by_line(content.decode().split("\n")[1:], header, file, findings) if even is None else even).select(*wanted, "line")


def _even(content: bytes, header: list[str]) -> pl.DataFrame | None:
    """The rows where every line has as many fields as the header; None where one has not.

    polars refuses a line with more fields and fills up one with fewer, so that only the commas of all lines together tell."""
    lines = content.count(b"\n") + (not content.endswith(b"\n"))
    if lines < 2 or content.count(b",") != lines * (len(header) - 1):
        return None
    try:
        frame = pl.scan_csv(io.BytesIO(content), schema=dict.fromkeys(header, pl.String), quote_char=None, empty_string_is_null=False).collect()
    except pl.exceptions.PolarsError:
        return None
    return frame.with_columns(pl.int_range(2, pl.len() + 2, dtype=pl.UInt32).alias("line")) if frame.height == lines - 1 else None


def _line_by_line(lines: list[str], header: list[str], file: str, findings: Findings) -> pl.DataFrame:
    """The rows of a file that has blank lines, or lines of another number of fields, which are refused."""
    frame = pl.DataFrame({"raw": pl.Series(lines, dtype=pl.String)}).with_columns(pl.int_range(2, pl.len() + 2, dtype=pl.UInt32).alias("line")).filter(pl.col("raw") != "")
    frame = frame.with_columns(pl.col("raw").str.count_matches(",", literal=True).alias("commas"))
    for line, commas in frame.filter(pl.col("commas") != len(header) - 1).select("line", "commas").iter_rows():
        findings.refuse("wrong_columns", file, line, found=commas + 1, expected=len(header))
    frame = frame.filter(pl.col("commas") == len(header) - 1)
    fields = frame["raw"].str.split_exact(",", len(header) - 1).struct.rename_fields(header).struct.unnest()
    return fields.with_columns(frame["line"])


def _about(raw: pl.DataFrame, file: str, day: date, findings: Findings) -> None:
    """Every row speaks of the day of the file's name, and of an account."""
    _match(raw, "trade_date", pl.col("trade_date") == str(day), "wrong_day", file, findings, str(day))
    _match(raw, "account_no", pl.col("account_no").str.contains(NUMBER), "bad_account_no", file, findings, "an account number without blanks around it")


def _match(raw: pl.DataFrame, name: str, good: pl.Expr, code: str, file: str, findings: Findings, expected: str) -> pl.Series:
    """Refuse the rows where a column is not what it should be; returns which rows are good."""
    mask = raw.select(good.alias("good"))["good"]
    if not mask.all():
        _each(raw.filter(~mask), name, code, file, findings, lambda _: expected)
    return mask


def _each(bad: pl.DataFrame, name: str, code: str, file: str, findings: Findings, expected: Callable[[str], str]) -> None:
    """Refuse a value of every row; those that could not be listed any more are only counted."""
    for line, value in bad.head(findings.limit).select("line", name).iter_rows():
        findings.refuse(code, file, line, field=name, found=value, expected=expected(value))
    findings.counts[Severity.REFUSAL] += max(0, bad.height - findings.limit)


def _in_fen(raw: pl.DataFrame, names: Sequence[str], file: str, findings: Findings) -> list[pl.Series]:
    """Amount columns as integer fen; amounts that are none become null and are refused."""
    amounts = pl.concat([_converted(raw, names[start : start + AT_ONCE]) for start in range(0, len(names), AT_ONCE)], how="horizontal")
    small = [(pl.col(name).abs() < FEN_LIMIT).fill_null(False) for name in names]
    for place, all_good in enumerate(amounts.select(good.all() for good in small).row(0)):
        if not all_good:
            bad = raw.filter(~amounts.select(small[place]).to_series())
            _each(bad, names[place], "bad_amount", file, findings, lambda value: _why(parse_yuan, value))
    return amounts.get_columns()


def _converted(raw: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Integer fen of some amount columns in one pass, null where an amount is none."""
    return raw.select(pl.when(pl.col(name).str.contains(MONEY)).then(pl.col(name)).cast(pl.Decimal(18, 3)).to_physical().cast(pl.Int64).alias(name) // 10 for name in names)


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
