"""What a statement says, as plain facts. Amounts are integer fen, prices integer thousandths of a yuan, lots whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol


class Row(Protocol):
    """A row of any of the tables."""

    @property
    def line(self) -> int:
        """Its line in the file."""

    @property
    def account_no(self) -> str:
        """The account that the row names; empty where the layout has no such column."""


@dataclass(frozen=True)
class FundRow:
    """A deposit or withdrawal (出入金明细)."""

    line: int
    deposit: int
    withdrawal: int
    day: date | None = None
    kind: str = ""
    note: str = ""
    account_no: str = ""


@dataclass(frozen=True)
class TradeRow:
    """A fill (成交记录). `side` is B or S, `offset` the statement's own word (开, 平, 平今 …), `premium` is received less paid."""

    line: int
    exchange: str
    product: str
    instrument: str
    side: str
    offset: str
    price: int
    lots: int
    turnover: int
    fee: int
    realized_pnl: int
    day: date | None = None
    premium: int = 0
    trade_no: str = ""
    hedge: str = ""
    account_no: str = ""


@dataclass(frozen=True)
class ClosedRow:
    """Lots closed, with the day they were opened (平仓明细)."""

    line: int
    instrument: str
    side: str
    lots: int
    realized_pnl: int
    exchange: str = ""
    day: date | None = None
    opened: date | None = None
    open_price: int = 0
    previous_settlement: int = 0
    price: int = 0
    premium: int = 0
    account_no: str = ""


@dataclass(frozen=True)
class DetailRow:
    """Open lots of one day of opening (持仓明细)."""

    line: int
    instrument: str
    side: str
    lots: int
    mtm_pnl: int
    margin: int
    exchange: str = ""
    opened: date | None = None
    open_price: int = 0
    previous_settlement: int = 0
    settlement: int = 0
    floating_pnl: int = 0
    option_value: int = 0
    hedge: str = ""
    account_no: str = ""


@dataclass(frozen=True)
class PositionRow:
    """Open lots of one instrument (持仓汇总)."""

    line: int
    instrument: str
    long_lots: int
    short_lots: int
    mtm_pnl: int
    margin: int
    long_price: int = 0
    short_price: int = 0
    previous_settlement: int = 0
    settlement: int = 0
    long_option_value: int = 0
    short_option_value: int = 0
    hedge: str = ""
    account_no: str = ""


@dataclass(frozen=True)
class Total:
    """The last row of a table: how many rows it counts, and the sum it prints for each summed column (None where it is blank)."""

    table: str
    line: int
    count: int
    printed: Mapping[str, int | None]
    heads: Mapping[str, str]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Block:
    """A 资金状况 block: one currency's amounts by name (portal/settlement/ctp/labels.py), and the line each stands on.

    `risk_degree` is in hundredths of a percent as printed; None where equity is 0 or less.
    """

    currency: str
    account_no: str
    line: int
    amounts: Mapping[str, int]
    lines: Mapping[str, int]
    risk_degree: int | None

    def __getitem__(self, name: str) -> int:
        """The amount of that name; one that the layout lacks is 0."""
        return self.amounts.get(name, 0)


@dataclass(frozen=True)
class Statement:
    """A statement of one account, of one day or of a span of days (both ends inclusive, as printed)."""

    file: str
    account_no: str
    client_no: str
    client_name: str
    first_day: date
    last_day: date
    blocks: tuple[Block, ...]
    funds: tuple[FundRow, ...] = ()
    trades: tuple[TradeRow, ...] = ()
    closed: tuple[ClosedRow, ...] = ()
    detail: tuple[DetailRow, ...] = ()
    positions: tuple[PositionRow, ...] = ()
    totals: tuple[Total, ...] = ()
    lenient_tables: tuple[str, ...] = field(default=())
    """行权明细 and 交割明细 where present: what they hold stands elsewhere, so I7 and I8 only warn."""
    by_trade: bool = False
    """Whether balances are trade by trade (逐笔对冲): equity is the same on both bases, balances are not."""

    @property
    def daily(self) -> bool:
        """Whether it is of a single day."""
        return self.first_day == self.last_day

    @property
    def main(self) -> Block | None:
        """The CNY block, or the only one there is."""
        for block in self.blocks:
            if block.currency == "CNY":
                return block
        return self.blocks[0] if len(self.blocks) == 1 else None
