"""The firm's daily files in the trade's notation: a line per call, only what matters said. All people here are invented."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import date

import polars as pl

from models.values.rates import parse_rate
from portal.refusals import Findings, Severity
from portal.settlement.at_day import build_day
from portal.settlement.day import DayInput
from portal.settlement.exchange_fees import FEE_TABLE

DAY = date(2026, 1, 5)
_numbers = itertools.count(100001)


def cusfund(
    account: str, previous: str, balance: str, pnl: str = "0.000", *, premium: str = "0.000", margin_left: str | None = None, equity: str | None = None, **more: str
) -> str:
    """A balance; equity is the balance and available the equity where nothing else is said."""
    equity = equity or balance
    values = {"day": "2026-01-05", "currency": "CNY", "pledged": "0.000", "collateral": "0.000", "tail": "@0.000", **more}
    start = f"{values['day']}@{account}@{equity}@{margin_left or equity}@0.000@0.000@{previous}@{previous}@{balance}@{balance}@{pnl}@{pnl}@0.000"
    return f"{start}@{values['pledged']}@N@{values['currency']}@{balance}@{values['collateral']}@0.000@0.000@{premium}{values['tail']}"


def fundchg(account: str, amount: str, note: str = "银期转账", currency: str = "CNY") -> str:
    """Money in (+) or out (-)."""
    return f"2026-01-05@{account}@{amount}@01@6222000000000000@01@6222000000000001@{note}@N@{currency}@A@2026-01-05"


def fill(account: str, words: str, turnover: str, fee: str, *, pnl: str = "0.000", trade_id: str = "", exchange: str = "D", currency: str = "CNY", hedge: str = "S") -> str:
    """A fill such as `B 开 3 m2605`."""
    side, flag, lots, instrument = words.split()
    number = trade_id or str(next(_numbers))
    start = f"2026-01-05@{account}@{number}@{instrument}@{side}@{lots}@3000.000@{turnover}@10:00:00@{flag}@{hedge}@{pnl}@{pnl}@{fee}"
    return f"{start}@12345678@{exchange}@N@1@0001@{currency}@2026-01-04"


def holding(account: str, margin: str, *, instrument: str = "m2605", exchange: str = "D", currency: str = "CNY", side: str = "B") -> str:
    """A position and its margin."""
    return f"2026-01-05@{account}@{instrument}@{side}@S@3@{margin}@0.000@0.000@3000.000@3000.000@3000.000@12345678@{exchange}@N@{currency}@0"


def file(kind: str, *lines: str, encoding: str = "gb18030", end: str = "\n", name: str = "") -> tuple[str, bytes]:
    """A file of the day."""
    return name or f"0199{kind}20260105.txt", "".join(line + end for line in lines).encode(encoding)


def table(*rows: str) -> pl.DataFrame:
    """The exchange fee table: `DCE m 0 1.5 0 1.5 0 0.5` (open, close, close-today, each by money and by lot)."""
    parsed = []
    for row in rows:
        exchange, product, *rates = row.split()
        parsed.append((exchange, product, date(2025, 1, 1), None, *(parse_rate(rate) for rate in rates)))
    return pl.DataFrame(parsed, schema=FEE_TABLE, orient="row")


RATES = ("DCE m 0 1.5 0 1.5 0 0.5", "DCE m_o 0 0.2 0 0.2 0 0", "CFFEX IO 0 15 0 15 0 15", "SHFE rb 0.0001 0 0.0001 0 0.0002 0", "CZCE SR 0 3 0 3 0 0", "CZCE SR_o 0 1 0 1 0 1")


def built(*files: tuple[str, bytes], rates: Sequence[str] = RATES, lists: Sequence[tuple[str, bytes]] = (), whole: bool = True) -> tuple[DayInput | None, Findings, dict[str, int]]:
    """The day of these files; the kinds not given are there and empty."""
    empty = [file(kind) for kind in ("fundchg", "trddata", "holddata") if whole and not any(kind in name for name, _ in files)]
    return build_day(DAY, [*files, *empty], table(*rates), list(lists))


def refusals(findings: Findings) -> list[tuple[str, str, int | None, str]]:
    """Code, file, line and field index of every refusal."""
    return [(one.code, one.file, one.line, one.field.split(" ")[0]) for one in findings.listed if one.severity is Severity.REFUSAL]


def warnings(findings: Findings) -> list[tuple[str, int | None]]:
    """Code and line of every warning."""
    return [(one.code, one.line) for one in findings.listed if one.severity is Severity.WARNING]
