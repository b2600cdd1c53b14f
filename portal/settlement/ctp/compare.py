"""A statement beside the portal's own books of that account and day. The books are not wrong because a statement differs: it warns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from models.values.money import yuan
from portal.refusals import Findings
from portal.settlement.ctp.facts import Block, Statement
from portal.settlement.ctp.labels import CAPTIONS


@dataclass(frozen=True)
class Traded:
    """What an account traded in one product on a day: lots, turnover and fee in fen."""

    lots: int = 0
    turnover: int = 0
    fee: int = 0


@dataclass(frozen=True)
class Books:
    """The portal's balance row of an account and day in fen, and its trades by (exchange, product)."""

    balance: int
    equity: int
    fee: int
    deposit: int
    withdrawal: int
    other_in: int
    other_out: int
    margin: int
    trades: Mapping[tuple[str, str], Traded] = field(default_factory=dict)


@dataclass(frozen=True)
class _Sides:
    """One number as the statement and as the books have it: fen, or lots."""

    line: int | None
    name: str
    stated: int
    posted: int
    is_lots: bool = False


def compare(statement: Statement, books: Books) -> Findings:
    """What the statement's CNY side and the books of its day say differently, each a warning that names both sides.

    Expects a statement of a single day; the caller sees to it that account and day are the books' own.
    """
    findings = Findings()
    block = statement.main
    if block is None or block.currency != "CNY":
        findings.warn("no_cny_block", statement.file, field="币种", expected="CNY")
        return findings
    for side in (*_amounts(statement, block, books), *_trades(statement, books)):
        if side.stated != side.posted:
            show = str if side.is_lots else yuan
            findings.warn("books_differ", statement.file, side.line, field=side.name, found=show(side.stated), expected=show(side.posted))
    return findings


def traded(statement: Statement) -> dict[tuple[str, str], Traded]:
    """A statement's fills added up by (exchange, product)."""
    sums: dict[tuple[str, str], Traded] = {}
    for row in statement.trades:
        so_far = sums.get((row.exchange, row.product), Traded())
        sums[row.exchange, row.product] = Traded(so_far.lots + row.lots, so_far.turnover + row.turnover, so_far.fee + row.fee)
    return sums


def _amounts(statement: Statement, block: Block, books: Books) -> list[_Sides]:
    line = block.lines.get("deposit_withdrawal")
    # Exchange rebates and interest stand among the deposits of a statement, and as other_in and other_out in the books.
    paid_in, paid_out = books.deposit + books.other_in, books.withdrawal + books.other_out
    if statement.funds or not block["deposit_withdrawal"]:
        money = [_Sides(line, "入金", sum(row.deposit for row in statement.funds), paid_in), _Sides(line, "出金", sum(row.withdrawal for row in statement.funds), paid_out)]
    else:
        money = [_Sides(line, CAPTIONS["deposit_withdrawal"], block["deposit_withdrawal"], paid_in - paid_out)]
    posted = {"balance": books.balance, "equity": books.equity, "fee": books.fee, "margin": books.margin}
    if statement.by_trade:
        del posted["balance"]
    return [*money, *(_Sides(block.lines.get(name), CAPTIONS[name], block[name], amount) for name, amount in posted.items())]


def _trades(statement: Statement, books: Books) -> list[_Sides]:
    ours = traded(statement)
    sides = []
    for exchange, product in sorted(ours.keys() | books.trades.keys()):
        key = (exchange, product)
        stated, posted = ours.get(key, Traded()), books.trades.get(key, Traded())
        line = next((row.line for row in statement.trades if (row.exchange, row.product) == key), None)
        name = f"成交记录 {exchange}.{product}"
        sides.append(_Sides(line, f"{name} 手数", stated.lots, posted.lots, is_lots=True))
        sides.append(_Sides(line, f"{name} 成交额", stated.turnover, posted.turnover))
        sides.append(_Sides(line, f"{name} 手续费", stated.fee, posted.fee))
    return sides
