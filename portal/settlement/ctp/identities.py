"""The identities I1 to I10 of a statement, each exact to the fen. Both sides of a broken one are shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from models.values.money import half_up, yuan
from models.values.rates import decimal_text
from portal.refusals import Findings
from portal.settlement.ctp.columns import TABLES
from portal.settlement.ctp.facts import Block, Row, Statement, Total
from portal.settlement.ctp.labels import CAPTIONS, RISK
from portal.settlement.ctp.multipliers import multiplier_of

BALANCE = {
    "previous_balance": 1,
    "deposit_withdrawal": 1,
    "realized_pnl": 1,
    "mtm_pnl": 1,
    "exercise_pnl": 1,
    "delivery_pnl": 1,
    "premium_received": 1,
    "premium_paid": -1,
    "fee": -1,
    "exercise_fee": -1,
    "delivery_fee": -1,
}
"""I1: what the closing balance is made of, with its sign."""

EQUITY = {"balance": 1, "pledge": 1, "fx_pledge_balance": 1}
MARKET_VALUE = {"equity": 1, "long_option_value": 1, "short_option_value": -1}
AVAILABLE = {"equity": 1, "margin": -1, "delivery_margin": -1}

TITLES = {table.name: table.chinese for table in TABLES}
LOTS = ("lots", "long_lots", "short_lots")


@dataclass(frozen=True)
class _Sides:
    """One check of a block against tables: whether a difference only warns, and where it is reported."""

    file: str
    block: Block
    findings: Findings

    def compare(self, code: str, name: str, expected: int, *, lenient: bool = False, source: str = "") -> None:
        """The block's amount `name` against what it must be."""
        if self.block[name] != expected:
            report = self.findings.warn if lenient else self.findings.refuse
            report(code, self.file, self.block.lines.get(name, self.block.line), field=CAPTIONS[name], found=yuan(self.block[name]), expected=f"{yuan(expected)}{source}")


def check(statement: Statement, multipliers: Mapping[str, Fraction]) -> Findings:
    """Every identity of every block and table. A difference is a refusal; a multiplier that is unknown is a warning."""
    findings = Findings()
    for block in statement.blocks:
        _block(statement.file, block, findings)
    for tabled, rows in _tabled(statement):
        _tables(statement, tabled, rows, findings)
    check_turnovers(statement, multipliers, findings)
    _lots(statement, findings)
    _accounts(statement, findings)
    for total in statement.totals:
        check_total(statement.file, total, findings)
    return findings


def _block(file: str, block: Block, findings: Findings) -> None:
    """I1 to I5: within a 资金状况 block."""
    sides = _Sides(file, block, findings)
    for code, name, parts in (("I1", "balance", BALANCE), ("I2", "equity", EQUITY), ("I3", "market_value_equity", MARKET_VALUE), ("I4", "available", AVAILABLE)):
        sides.compare(code, name, sum(block[part] * sign for part, sign in parts.items()))
    risk = risk_degree(block["margin"], block["equity"])
    if risk is not None and risk != block.risk_degree:
        found = "" if block.risk_degree is None else f"{decimal_text(block.risk_degree, 2)}%"
        findings.refuse("I5", file, block.lines.get(RISK, block.line), field=CAPTIONS[RISK], found=found, expected=f"{decimal_text(risk, 2)}%")


def risk_degree(margin: int, equity: int) -> int | None:
    """Margin over equity in hundredths of a percent, half-up; None where equity is 0 or less.

    >>> risk_degree(17204320, 999885859), risk_degree(1, 0)
    (172, None)
    """
    return half_up(margin * 10_000, equity) if equity > 0 else None


def _tabled(statement: Statement) -> list[tuple[Block, Callable[[Row], bool]]]:
    """The blocks that tables can be held against, each with the test of which rows are its own.

    Several currencies can be told apart only where each has an account of its own; otherwise all rows count for the CNY block.
    """
    accounts = [block.account_no for block in statement.blocks]
    if len(accounts) > 1 and all(accounts) and len(set(accounts)) == len(accounts) and _all_named(statement, accounts):
        return [(block, _of_account(block.account_no)) for block in statement.blocks]
    return [(statement.main, lambda row: True)] if statement.main else []


def _all_named(statement: Statement, accounts: Sequence[str]) -> bool:
    return all(row.account_no in accounts for row in _rows(statement))


def _rows(statement: Statement) -> tuple[Row, ...]:
    return (*statement.funds, *statement.trades, *statement.closed, *statement.detail, *statement.positions)


def _accounts(statement: Statement, findings: Findings) -> None:
    """A row that names an account which no block names is a warning, once for each such account."""
    known = {"", statement.account_no, *(block.account_no for block in statement.blocks)}
    for row in _rows(statement):
        if row.account_no not in known:
            findings.warn("account_differs", statement.file, row.line, field="资金账号", found=row.account_no, expected=statement.account_no)
            known.add(row.account_no)


def _of_account(account_no: str) -> Callable[[Row], bool]:
    return lambda row: row.account_no == account_no


def _tables(statement: Statement, block: Block, own: Callable[[Row], bool], findings: Findings) -> None:
    """I6 to I9: a block against the tables. With 行权明细 or 交割明细 present, I7 and I8 only warn."""
    sides = _Sides(statement.file, block, findings)
    lenient = bool(statement.lenient_tables)
    detail = sum(row.mtm_pnl for row in statement.detail if own(row))
    summary = sum(row.mtm_pnl for row in statement.positions if own(row))
    sides.compare("I6", "deposit_withdrawal", sum(row.deposit - row.withdrawal for row in statement.funds if own(row)), source=" (出入金明细)")
    sides.compare("I7", "fee", sum(row.fee for row in statement.trades if own(row)), lenient=lenient, source=" (成交记录)")
    sides.compare("I7", "realized_pnl", sum(row.realized_pnl for row in statement.trades if own(row)), lenient=lenient, source=" (成交记录)")
    sides.compare("I7", "realized_pnl", sum(row.realized_pnl for row in statement.closed if own(row)), lenient=lenient, source=" (平仓明细)")
    # A span's block adds up every day of it, while its positions are those of the last day alone.
    sides.compare("I8", "mtm_pnl", detail, lenient=lenient or not statement.daily, source=" (持仓明细)")
    sides.compare("I8", "mtm_pnl", summary, lenient=lenient or not statement.daily, source=" (持仓汇总)")
    if detail != summary and not statement.daily:
        report = findings.warn if lenient else findings.refuse
        report("I8", statement.file, block.lines.get("mtm_pnl", block.line), field="持仓汇总.持仓盯市盈亏", found=yuan(summary), expected=f"{yuan(detail)} (持仓明细)")
    sides.compare("I9", "margin", sum(row.margin for row in statement.positions if own(row)), source=" (持仓汇总)")


def check_turnovers(statement: Statement, multipliers: Mapping[str, Fraction], findings: Findings) -> None:
    """I10 by row: turnover is price × lots × multiplier."""
    unknown: set[str] = set()
    for row in statement.trades:
        multiplier = multiplier_of(row.product, multipliers)
        if multiplier is None:
            if row.product not in unknown:
                findings.warn("multiplier_unknown", statement.file, row.line, field="成交记录.成交额", found=row.product)
            unknown.add(row.product)
            continue
        exact = row.price * row.lots * multiplier / 10  # thousandths of a yuan to fen
        expected = half_up(exact.numerator, exact.denominator)
        if row.turnover != expected:
            reason = f"{yuan(expected)} ({decimal_text(row.price, 3)} × {row.lots} × {multiplier})"
            findings.refuse("I10", statement.file, row.line, field="成交记录.成交额", found=yuan(row.turnover), expected=reason)


def _lots(statement: Statement, findings: Findings) -> None:
    """No identity but a warning: lots of an instrument and side that one table has and the table beside it has not, or not as many.

    It shows what the sums of money cannot: long and short heads that were swapped, or a table that was cut out whole.
    """
    closing = [(row.instrument, row.side, row.lots) for row in statement.trades if row.offset != "开"]
    closed = [(row.instrument, row.side, row.lots) for row in statement.closed]
    detail = [(row.instrument, row.side, row.lots) for row in statement.detail]
    positions = [(row.instrument, side, lots) for row in statement.positions for side, lots in (("B", row.long_lots), ("S", row.short_lots))]
    pairs = [(detail, positions, "持仓汇总", "持仓明细")]
    if not statement.lenient_tables:
        pairs.append((closing, closed, "平仓明细", "成交记录"))
    for expected, found, title, other in pairs:
        there, here = _by_instrument(expected), _by_instrument(found)
        for instrument, side in sorted((there - here) + (here - there)):
            key = (instrument, side)
            findings.warn("lots_differ", statement.file, field=f"{title} {instrument} {side}", found=here[key], expected=f"{there[key]} ({other})")


def _by_instrument(rows: Sequence[tuple[str, str, int]]) -> Counter[tuple[str, str]]:
    sums: Counter[tuple[str, str]] = Counter()
    for instrument, side, lots in rows:
        sums[instrument, side] += lots
    return sums


def check_total(file: str, total: Total, findings: Findings) -> None:
    """I10 by table: the count is the number of rows, each total the sum of its column. A total may be blank where the sum is 0."""
    title = TITLES[total.table]
    if total.count != len(total.rows):
        findings.refuse("I10", file, total.line, field=f"{title}.共 N条", found=total.count, expected=len(total.rows))
    for name, printed in total.printed.items():
        expected = sum(getattr(row, name) for row in total.rows)
        if printed != expected and (printed is not None or expected):
            show = str if name in LOTS else yuan
            findings.refuse("I10", file, total.line, field=f"{title}.{total.heads[name]}", found="" if printed is None else show(printed), expected=show(expected))
