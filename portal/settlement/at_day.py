"""One trade date from the firm's daily files to the market monitor, with the back office's lists beside them: bytes in, a day and findings out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from models.values.money import yuan
from portal.refusals import Findings, Severity
from portal.settlement.at_files import CUSFUND, LAYOUTS, AtName, recognise
from portal.settlement.at_fills import PRODUCT_KEY, read_fills, trades_by_product
from portal.settlement.at_funds import Files, funds_by_account, read_balances, read_funds, read_positions
from portal.settlement.at_rows import Rows
from portal.settlement.back_office import compare_balances, lists_of_day, official_fees
from portal.settlement.day import BALANCES, OTHER_CURRENCY, TRADES, DayInput
from portal.settlement.decoding import decode
from portal.settlement.exchange_fees import fees_by_product
from portal.settlement.screening import Check, Row, Words, screen

_FUNDS = ("deposit", "withdrawal", "other_in", "other_out")


@dataclass
class _Sorted:
    """A day's files by what they are."""

    by_kind: dict[str, list[tuple[str, bytes]]]
    left_alone: Counter[str]
    lenient: frozenset[str]


@dataclass
class _Parsed:
    """The four kinds of a day."""

    balances: Rows
    funds: Rows
    fills: Rows
    positions: Rows

    def all(self) -> tuple[Rows, ...]:
        return self.balances, self.funds, self.fills, self.positions


def build_day(trade_date: date, files: Files, fee_table: pl.DataFrame, back_office: Files) -> tuple[DayInput | None, Findings, dict[str, int]]:
    """Read, check and join all files of one trade date.

    `files` are name and bytes of the firm's daily files, `fee_table` the exchange fee table as FEE_TABLE says, `back_office` the lists beside them.
    Returns the day, what was found, and the row counts of the kinds left alone.

    **A day may come back beside refusals**, so that the checks against what was posted before can add theirs: post it only where nothing was refused.
    None where it could not be put together. The balance identity of each account is checked here, on the line of the balance file.
    """
    findings = Findings()
    taken = _sort(trade_date, files, findings)
    if not _whole(trade_date, taken, back_office, findings):
        return None, findings, dict(taken.left_alone)
    parsed = _Parsed(
        read_balances(taken.by_kind["cusfund"], trade_date, findings),
        read_funds(taken.by_kind.get("fundchg", []), trade_date, findings),
        read_fills(taken.by_kind.get("trddata", []), trade_date, findings),
        read_positions(taken.by_kind.get("holddata", []), trade_date, findings),
    )
    if parsed.balances.complete and parsed.balances.frame.is_empty() and not parsed.balances.spoiled:
        findings.refuse("no_balances", _names(parsed.balances.files), found=0, expected="at least one CNY row")
    lists = lists_of_day(back_office, trade_date, findings)
    official = official_fees(lists, parsed.fills.frame, findings)
    exchange_fees = fees_by_product(parsed.fills, fee_table, trade_date, official, findings)
    trades = trades_by_product(parsed.fills, findings).join(exchange_fees, on=PRODUCT_KEY, how="left", maintain_order="left")
    if not all(rows.complete for rows in parsed.all()):
        return None, findings, dict(taken.left_alone)
    balances = _balances(parsed, trades)
    _check(parsed, balances, taken.lenient, findings)
    compare_balances(lists, balances, trades, findings)
    day = _day(trade_date, parsed, balances, trades, taken)
    day.files = [name for name, _ in (*files, *back_office)]
    return day, findings, dict(taken.left_alone)


def _sort(trade_date: date, files: Files, findings: Findings) -> _Sorted:
    """Tell the files apart by their names. Refused: a name of another form, another day, files of two firms. An unknown kind is left alone with a warning."""
    by_kind: dict[str, list[tuple[str, bytes]]] = {}
    left_alone: Counter[str] = Counter()
    lenient: set[str] = set()
    firms: dict[str, str] = {}
    for name, data in files:
        said = recognise(name)
        if said is None:
            findings.refuse("unknown_name", name, found=name, expected="0199cusfund20260331.txt")
        elif said.day != trade_date:
            findings.refuse("wrong_day", name, found=said.day.isoformat(), expected=trade_date.isoformat())
        elif said.read:
            firms.setdefault(said.firm, name)
            by_kind.setdefault(said.kind, []).append((name, data))
        else:
            left_alone[said.kind] += sum(1 for line in data.split(b"\n") if line.strip())
            lenient.update(_lenient(said, name, data, findings))
    if len(firms) > 1:
        findings.refuse("two_firms", ", ".join(firms.values()), found=" ".join(sorted(firms)), expected="1")
    return _Sorted(by_kind, left_alone, frozenset(lenient))


def _lenient(said: AtName, name: str, data: bytes, findings: Findings) -> set[str]:
    if not said.known:
        findings.warn("unknown_kind", name, found=said.kind, expected=" ".join(LAYOUTS))
    text = decode(data, name, findings) if said.lenient else None
    lines = (line.split("@", 2) for line in text.split("\n")) if text else ()
    return {fields[1] for fields in lines if len(fields) > 1 and fields[1]}


def _whole(trade_date: date, taken: _Sorted, back_office: Files, findings: Findings) -> bool:
    """Without balances there is no day; another missing kind is a warning, and the identities guard."""
    if "cusfund" not in taken.by_kind:
        alone = bool(back_office) and not taken.by_kind
        names = ", ".join(name for name, _ in back_office) if alone else f"cusfund{trade_date:%Y%m%d}.txt"
        findings.refuse("back_office_only" if alone else "no_balances", names, found=" ".join(sorted(taken.by_kind)), expected=" ".join(LAYOUTS))
        return False
    for kind in LAYOUTS:
        if kind not in taken.by_kind:
            findings.warn("missing_kind", f"{kind}{trade_date:%Y%m%d}.txt", found=" ".join(sorted(taken.by_kind)), expected=kind)
    return True


def _balances(parsed: _Parsed, trades: pl.DataFrame) -> pl.DataFrame:
    """The balance of every account in the portal's own terms, and beside it what the checks need."""
    fees = trades.group_by("account_no").agg(pl.col("fee", "realized_pnl").sum())
    margins = parsed.positions.frame.group_by("account_no").agg(pl.col("margin").sum())
    joined = parsed.balances.frame
    for part in (funds_by_account(parsed.funds.frame), fees, margins):
        joined = joined.join(part, on="account_no", how="left", maintain_order="left")
    joined = joined.with_columns(pl.col(*_FUNDS, "fee", "realized_pnl", "margin").fill_null(0))
    joined = joined.rename({"available_t": "stated_available_t"})
    funds = pl.col("deposit") - pl.col("withdrawal") + pl.col("other_in") - pl.col("other_out")
    expected = pl.col("previous_balance") + funds + pl.col("pnl") + pl.col("premium") - pl.col("fee")
    return joined.with_columns(
        (pl.col("pnl") - pl.col("realized_pnl")).alias("mtm_pnl"), (pl.col("equity") - pl.col("margin")).alias("available"), funds.alias("funds"), expected.alias("expected")
    )


def _check(parsed: _Parsed, balances: pl.DataFrame, lenient: frozenset[str], findings: Findings) -> None:
    """The checks per account and day; accounts of refused rows are left out, their sums are not known.

    The balance identity of lenient accounts is left to the checks that every day goes through, where it is a warning.
    """
    refused_balances = parsed.balances.spoiled
    for rows in parsed.all()[1:]:
        orphans = rows.frame.join(balances, on="account_no", how="anti", maintain_order="left").filter(~pl.col("account_no").is_in(list(refused_balances)))
        first = orphans.unique("account_no", keep="first", maintain_order=True)
        screen(first, rows.files, [Check("row_without_balance", pl.lit(True), rows.layout.label("account_no"), "account_no", "cusfund")], findings)
    spoiled = list(set[str]().union(*(rows.spoiled for rows in parsed.all())))
    sound = balances.filter(~pl.col("account_no").is_in(spoiled)) if spoiled else balances
    broken, excused = pl.col("balance") != pl.col("expected"), pl.col("account_no").is_in(list(lenient))
    label, warning = CUSFUND.label, Severity.WARNING
    checks = [
        Check("balance_identity", broken & ~excused, label("balance"), _stated("balance"), _computed),
        Check("equity_identity", pl.col("equity") != pl.col("balance") + pl.col("tail"), label("equity"), _stated("equity"), _with_tail, warning),
        Check("available_differs", pl.col("stated_available_t") != pl.col("available") * 10, label("available"), _stated_available, _own_available, warning),
    ]
    screen(sound, parsed.balances.files, checks, findings)


def _stated(name: str) -> Words:
    return lambda row: f"{row['account_no']} {yuan(row[name])}"


def _computed(row: Row) -> str:
    terms = [("previous_balance", 1), ("funds", 1), ("pnl", 1), ("premium", 1), ("fee", -1)]
    return f"{yuan(row['expected'])} = {_sum([row[name] * sign for name, sign in terms])}"


def _with_tail(row: Row) -> str:
    return f"{yuan(row['balance'] + row['tail'])} = {_sum([row['balance'], row['tail']])}"


def _stated_available(row: Row) -> str:
    thousandths = row["stated_available_t"]
    return f"{row['account_no']} {'-' if thousandths < 0 else ''}{abs(thousandths) // 1000}.{abs(thousandths) % 1000:03d}"


def _own_available(row: Row) -> str:
    return f"{yuan(row['available'])} = {_sum([row['equity'], -row['margin']])}"


def _sum(amounts: Sequence[int]) -> str:
    return yuan(amounts[0]) + "".join(f" {'-' if amount < 0 else '+'} {yuan(abs(amount))}" for amount in amounts[1:])


def _day(trade_date: date, parsed: _Parsed, balances: pl.DataFrame, trades: pl.DataFrame, taken: _Sorted) -> DayInput:
    others = pl.concat([pl.DataFrame(schema=OTHER_CURRENCY), *(rows.other_currency for rows in parsed.all())])
    return DayInput(
        trade_date,
        balances=balances.select(pl.col(name).cast(kind) for name, kind in BALANCES.items()),
        trades=trades.select(pl.col(name).cast(kind) for name, kind in TRADES.items()),
        other_currency=others,
        balance_file=_names(parsed.balances.files),
        trade_file=_names(parsed.fills.files),
        lenient_identity_accounts=taken.lenient,
        balance_identity_checked=True,
    )


def _names(files: Sequence[str]) -> str:
    return ", ".join(files[:5]) + (f" (+{len(files) - 5})" if len(files) > 5 else "")
