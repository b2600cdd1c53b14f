"""The firm's daily files to the market monitor (监控中心): their names, kinds and fields.

A file is named NNNN + kind + YYYYMMDD.txt; its fields are joined by `@`, without a header. Only the kinds of LAYOUTS are read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import PurePosixPath

_NAME = re.compile(r"(\d{4})([A-Za-z]+)(\d{8})(?!\d)[^/]*\.txt", re.IGNORECASE)


@dataclass(frozen=True)
class Field:
    """A field's name in code and its label in the trade."""

    name: str
    label: str


@dataclass(frozen=True)
class Layout:
    """The fields of a kind in order, the numbers of fields a line may have, and where its currency stands.

    `withheld` are fields that are never kept, not even for a row that is only shown.
    """

    kind: str
    counts: tuple[int, ...]
    currency: int
    fields: tuple[Field, ...]
    used: tuple[str, ...]
    withheld: frozenset[str] = frozenset()

    def label(self, name: str) -> str:
        """How a finding names a field: its index, counted from 0, and its label."""
        index = next(number for number, field in enumerate(self.fields) if field.name == name)
        return f"{index} {self.fields[index].label}"


def _fields(text: str) -> tuple[Field, ...]:
    return tuple(Field(*part.split("=")) for part in text.split())


CUSFUND = Layout(
    "cusfund",
    (21, 22),
    15,
    _fields(
        "day=日期 account_no=资金账号 equity=资金权益总额 available=可用资金 margin_call=需追加保证金 risk_degree=风险度 previous_balance=上日结存(逐日盯市) "
        "previous_balance_by_trade=上日结存(逐笔对冲) balance=当日结存(逐日盯市) balance_by_trade=当日结存(逐笔对冲) pnl=当日总盈亏(逐日盯市) pnl_by_trade=当日总盈亏(逐笔对冲) "
        "floating_pnl=浮动盈亏 pledged=非货币充抵金额 trading_member=是否为交易会员 currency=币种 cash=实有货币资金 currency_collateral=货币充抵金额 pledged_out=其他货币质出金额 "
        "fx_margin=货币质押保证金占用 premium=当日总权利金 frozen=冻结资金"
    ),
    ("day", "account_no", "equity", "available", "previous_balance", "balance", "pnl", "pledged", "currency", "currency_collateral", "premium"),
)
"""Balance per client and day."""

FUNDCHG = Layout(
    "fundchg",
    (12,),
    9,
    _fields(
        "day=日期 account_no=资金账号 amount=出入金金额 client_bank=客户银行代码 client_bank_account=客户银行账号 firm_bank=公司银行代码 firm_bank_account=公司银行账号 "
        "note=出入金说明 trading_member=是否为交易会员 currency=币种 type=出入金类型 occurred_on=发生日期"
    ),
    ("day", "account_no", "amount", "note", "currency"),
    frozenset({"client_bank", "client_bank_account", "firm_bank", "firm_bank_account"}),
)
"""Deposits and withdrawals."""

TRDDATA = Layout(
    "trddata",
    (21,),
    19,
    _fields(
        "day=日期 account_no=资金账号 trade_id=成交流水号 instrument=合约 side=买卖 lots=成交量 price=成交价 turnover=成交额 time=成交时间 open_close=开平 hedge=投机套保 "
        "realized_pnl=平仓盈亏(逐日盯市) realized_pnl_by_trade=平仓盈亏(逐笔对冲) fee=手续费 trading_code=交易编码 exchange=交易所 trading_member=是否为交易会员 "
        "order_id=报单号 seat=席位号 currency=币种 filled_on=成交日期"
    ),
    ("day", "account_no", "trade_id", "instrument", "side", "lots", "price", "turnover", "open_close", "hedge", "realized_pnl", "fee", "exchange", "currency"),
)
"""Fills."""

HOLDDATA = Layout(
    "holddata",
    (16, 17),
    15,
    _fields(
        "day=日期 account_no=资金账号 instrument=合约 side=买卖 hedge=投机套保 lots=持仓量 margin=保证金 pnl=持仓盈亏(逐日盯市) pnl_by_trade=浮动盈亏(逐笔对冲) "
        "average_price=持仓均价 previous_settlement=昨结算价 settlement=今结算价 trading_code=交易编码 exchange=交易所 trading_member=是否为交易会员 currency=币种 covered=备兑标志"
    ),
    ("day", "account_no", "instrument", "side", "hedge", "lots", "margin", "exchange", "currency"),
)
"""Positions."""

LAYOUTS = {layout.kind: layout for layout in (CUSFUND, FUNDCHG, TRDDATA, HOLDDATA)}
LEFT_ALONE = ("customer", "otherfund", "liquiddetails", "holddetails", "delivdetails")
"""Kinds that are recognised and not read, beside every kind that begins with `opt`. `customer` holds identity data."""


@dataclass(frozen=True)
class AtName:
    """What a file's name says: the firm's 4-digit code, the kind (lower case) and the trade date."""

    firm: str
    kind: str
    day: date

    @property
    def read(self) -> bool:
        """Whether the portal reads this kind."""
        return self.kind in LAYOUTS

    @property
    def known(self) -> bool:
        """Whether the portal knows this kind, read or left alone."""
        return self.read or self.kind in LEFT_ALONE or self.kind.startswith("opt")

    @property
    def lenient(self) -> bool:
        """Whether an account with a row in this file has fees that stand elsewhere, so that its balance identity only warns."""
        return self.kind == "delivdetails" or self.kind.startswith("opt")


def recognise(name: str) -> AtName | None:
    """Read a file's name; folders before it and a part mark after the day (split per account) do not matter. None: not one of these files."""
    found = _NAME.fullmatch(PurePosixPath(name.replace("\\", "/")).name)
    if not found:
        return None
    try:
        day = datetime.strptime(found[3], "%Y%m%d").date()  # noqa: DTZ007 - a trade date has no time zone
    except ValueError:
        return None
    return AtName(found[1], found[2].lower(), day)
