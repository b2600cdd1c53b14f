"""The tables and their columns by name. Each column is known by its Chinese or its English head; both must mean the same."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass

from portal.settlement.ctp.facts import ClosedRow, DetailRow, FundRow, PositionRow, Row, TradeRow


class Kind(enum.Enum):
    """What a column's cells hold."""

    TEXT = enum.auto()
    INSTRUMENT = enum.auto()
    DAY = enum.auto()
    FEN = enum.auto()
    PRICE = enum.auto()
    LOTS = enum.auto()
    SIDE = enum.auto()
    OFFSET = enum.auto()
    EXCHANGE = enum.auto()


@dataclass(frozen=True)
class Column:
    """A column: its name (a field of the row), its heads squeezed, what it holds; `skip` for columns known but not kept."""

    name: str
    kind: Kind
    heads: tuple[str, ...]
    needed: bool = True
    skip: bool = False

    @property
    def summed(self) -> bool:
        """Whether the total row adds the column up."""
        return self.kind in (Kind.FEN, Kind.LOTS)


@dataclass(frozen=True)
class Table:
    """A table: its name here, its titles, what a row becomes, its columns."""

    name: str
    chinese: str
    english: tuple[str, ...]
    row: Callable[..., Row]
    columns: tuple[Column, ...]


T, D, F, P, L = Kind.TEXT, Kind.DAY, Kind.FEN, Kind.PRICE, Kind.LOTS
ACCOUNT = Column("account_no", T, ("资金账号", "accountid"), needed=False)
INVEST_UNIT = Column("invest_unit", T, ("投资单元", "investunit"), needed=False, skip=True)
TRADING_CODE = Column("trading_code", T, ("交易编码", "tradingcode"), needed=False, skip=True)
PRODUCT = Column("product_name", T, ("品种", "product"), needed=False, skip=True)
INSTRUMENT = Column("instrument", Kind.INSTRUMENT, ("合约", "instrument"))
EXCHANGE = Column("exchange", Kind.EXCHANGE, ("交易所", "exchange"))
SIDE = Column("side", Kind.SIDE, ("买/卖", "b/s"))
HEDGE = Column("hedge", T, ("投/保", "s/h"), needed=False)
HEDGE_NOT_KEPT = Column("hedge", T, ("投/保", "s/h"), needed=False, skip=True)
REALIZED = Column("realized_pnl", F, ("平仓盈亏", "realizedp/l"))
PREMIUM = Column("premium", F, ("权利金收支", "premiumreceived/paid"), needed=False)
OPENED = Column("opened", D, ("开仓日期", "opendate"))
OPEN_PRICE = Column("open_price", P, ("开仓价", "pos.openprice"), needed=False)
PREVIOUS = Column("previous_settlement", P, ("昨结算", "prev.sttl"), needed=False)
MTM = Column("mtm_pnl", F, ("盯市盈亏", "持仓盯市盈亏", "mtmp/l"))

FUNDS = Table(
    "funds",
    "出入金明细",
    ("deposit/withdrawal",),
    FundRow,
    (
        Column("day", D, ("发生日期", "date")),
        Column("kind", T, ("出入金类型", "type"), needed=False),
        Column("deposit", F, ("入金", "deposit")),
        Column("withdrawal", F, ("出金", "withdrawal")),
        Column("rate", T, ("汇率", "exchangerate"), needed=False, skip=True),
        ACCOUNT,
        Column("note", T, ("说明", "note"), needed=False),
    ),
)
TRADES = Table(
    "trades",
    "成交记录",
    ("transactionrecord",),
    TradeRow,
    (
        Column("day", D, ("成交日期", "date")),
        INVEST_UNIT,
        EXCHANGE,
        TRADING_CODE,
        PRODUCT,
        INSTRUMENT,
        SIDE,
        HEDGE,
        Column("price", P, ("成交价", "price")),
        Column("lots", L, ("手数", "lots")),
        Column("turnover", F, ("成交额", "turnover")),
        Column("offset", Kind.OFFSET, ("开平", "o/c")),
        Column("fee", F, ("手续费", "fee")),
        REALIZED,
        PREMIUM,
        Column("trade_no", T, ("成交序号", "trans.no."), needed=False),
        Column("trade_type", T, ("成交类型", "tradetype", "trans.type", "transactiontype"), needed=False, skip=True),
        ACCOUNT,
    ),
)
CLOSED = Table(
    "closed",
    "平仓明细",
    ("positionclosed",),
    ClosedRow,
    (
        Column("day", D, ("平仓日期", "closedate")),
        INVEST_UNIT,
        EXCHANGE,
        TRADING_CODE,
        PRODUCT,
        INSTRUMENT,
        OPENED,
        HEDGE_NOT_KEPT,
        SIDE,
        Column("lots", L, ("手数", "lots")),
        OPEN_PRICE,
        PREVIOUS,
        Column("price", P, ("成交价", "trans.price", "price"), needed=False),
        REALIZED,
        PREMIUM,
        ACCOUNT,
    ),
)
DETAIL = Table(
    "detail",
    "持仓明细",
    ("positionsdetail",),
    DetailRow,
    (
        INVEST_UNIT,
        EXCHANGE,
        TRADING_CODE,
        PRODUCT,
        INSTRUMENT,
        OPENED,
        HEDGE,
        SIDE,
        Column("lots", L, ("持仓量", "positon", "position")),
        OPEN_PRICE,
        PREVIOUS,
        Column("settlement", P, ("结算价", "settlementprice"), needed=False),
        Column("floating_pnl", F, ("浮动盈亏", "accum.p/l"), needed=False),
        MTM,
        Column("margin", F, ("保证金", "margin")),
        Column("option_value", F, ("期权市值", "marketvalue(options)"), needed=False),
        ACCOUNT,
    ),
)
POSITIONS = Table(
    "positions",
    "持仓汇总",
    ("positions",),
    PositionRow,
    (
        INVEST_UNIT,
        TRADING_CODE,
        PRODUCT,
        INSTRUMENT,
        Column("long_lots", L, ("买持", "longpos.")),
        Column("long_price", P, ("买均价", "avgbuyprice"), needed=False),
        Column("short_lots", L, ("卖持", "shortpos.")),
        Column("short_price", P, ("卖均价", "avgsellprice"), needed=False),
        PREVIOUS,
        Column("settlement", P, ("今结算", "sttltoday"), needed=False),
        MTM,
        Column("margin", F, ("保证金占用", "marginoccupied")),
        HEDGE,
        Column("long_option_value", F, ("多头期权市值", "marketvalue(long)"), needed=False),
        Column("short_option_value", F, ("空头期权市值", "marketvalue(short)"), needed=False),
        ACCOUNT,
    ),
)
TABLES = (FUNDS, TRADES, CLOSED, DETAIL, POSITIONS)

LENIENT = {"行权明细": ("exercise",), "交割明细": ("delivery",)}
"""Tables that are not read; their presence is what counts."""
