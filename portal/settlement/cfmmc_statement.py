"""An investor statement of the market monitor (监控中心 客户交易结算日报, .xls or .xlsx) in the shape of a client's statement."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from models.values.calendar import NotADate, parse_day
from models.values.money import NotMoney, parse_thousandths, parse_yuan, yuan
from models.values.rates import NotARate, decimal_text, parse_decimal
from portal.refusals import Findings
from portal.settlement.cfmmc_sheets import Grid, Sheet, labelled, read_workbook, squeeze, table
from portal.settlement.ctp.facts import Block, ClosedRow, DetailRow, Statement, TradeRow
from portal.settlement.ctp.identities import check_turnovers, risk_degree
from portal.settlement.ctp.multipliers import exchange_of, shipped_multipliers
from portal.settlement.ctp.tables import OFFSETS, SIDES, product_of

FIRST, TRADES, CLOSED, DETAIL, PRODUCTS = "客户交易结算日报", "成交明细", "平仓明细", "持仓明细", "品种汇总"
MAGIC = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
BY_TRADE = "逐笔对冲"

AMOUNTS = {
    "previous_balance": "上日结存",
    "deposit_withdrawal": "当日存取合计",
    "fee": "当日手续费",
    "balance": "当日结存",
    "equity": "客户权益",
    "margin": "保证金占用",
    "available": "可用资金",
}
OPTIONAL = {"premium": "当日总权利金", "pledge": "非货币充抵金额", "fx_pledge_balance": "货币充抵金额"}
CAPTIONS = {**AMOUNTS, **OPTIONAL, "total_pnl": "当日盈亏", "realized_pnl": "平仓盈亏", "floating_pnl": "浮动盈亏"}
HEADINGS = ("客户期货期权内部资金账户", "客户名称", "交易日期", "风险度", "实有货币资金", "冻结资金", "追加保证金")

_NAME = re.compile(r"(.+?)_(\d{4}-\d{2}-\d{2})(?:\D.*)?\.xlsx?", re.IGNORECASE | re.ASCII)
_LOTS = re.compile(r"\d{1,12}(?:\.0+)?", re.ASCII)


def recognises(name: str, head: bytes) -> bool:
    """Whether a file may be an investor statement: a workbook named {account}_{YYYY-MM-DD}.xls or .xlsx."""
    return head.startswith(MAGIC) and bool(_NAME.fullmatch(name.rsplit("/", 1)[-1]))


def parse_investor_statement(name: str, data: bytes, *, multipliers: Mapping[str, Fraction] | None = None) -> tuple[Statement | None, Findings]:
    """Read an investor statement and check that it adds up; None where something could not be read for certain.

    Its balances are of the CNY side; `total_pnl` is 当日盈亏, or where the sheet says 逐笔对冲 `realized_pnl` and `floating_pnl`.
    """
    findings = Findings()
    sheets = read_workbook(data)
    if sheets is None:
        findings.refuse("workbook", name, expected=".xls, .xlsx")
        return None, findings
    return parse_sheets(name, sheets, findings, multipliers=multipliers)


def parse_sheets(name: str, sheets: dict[str, Grid], findings: Findings, *, multipliers: Mapping[str, Fraction] | None = None) -> tuple[Statement | None, Findings]:
    """The same, of a workbook's cells as text by the sheet's name."""
    if FIRST not in sheets:
        findings.refuse("table_missing", name, field=FIRST, found=", ".join(sheets), expected=FIRST)
        return None, findings
    statement = _Reader(name, sheets, findings).read()
    if statement is None or findings.refused:
        return None, findings
    _check(statement, findings)
    check_turnovers(statement, shipped_multipliers() if multipliers is None else multipliers, findings)
    return statement, findings


@dataclass
class _Reader:
    """Reads one workbook; what does not fit goes to `findings`."""

    file: str
    sheets: dict[str, Grid]
    findings: Findings

    def read(self) -> Statement | None:
        """The statement, None where a part of it is missing."""
        by_trade = any(BY_TRADE in cell for row in self.sheets[FIRST] for cell in row)
        block = self._block(by_trade=by_trade)
        day, account_no, client_name = self._head()
        trades = self._trades()
        closed = self._closed()
        detail = self._detail()
        self._products(sum(row.fee for row in trades))
        if block is None or day is None:
            return None
        elsewhere = tuple(sheet for sheet in self.sheets if re.search("期权|行权|交割", sheet))
        return Statement(
            self.file,
            account_no,
            account_no,
            client_name,
            day,
            day,
            (block,),
            trades=tuple(trades),
            closed=tuple(closed),
            detail=tuple(detail),
            lenient_tables=elsewhere,
            by_trade=by_trade,
        )

    def _head(self) -> tuple[date | None, str, str]:
        """Day, account and client's name: of the sheet, else of the file's name; where both are given they must agree."""
        named = _NAME.fullmatch(self.file.rsplit("/", 1)[-1])
        found = {label: values[0][1] for label, values in labelled(self.sheets[FIRST], HEADINGS).items()}
        account = found.get("客户期货期权内部资金账户", "").removesuffix(".0")
        day = found.get("交易日期", "")
        for caption, inside, outside in (("客户期货期权内部资金账户", account, named[1] if named else ""), ("交易日期", day, named[2] if named else "")):
            if inside and outside and inside != outside:
                self.findings.warn("name_differs", self.file, field=caption, found=inside, expected=outside)
        account, day = account or (named[1] if named else ""), day or (named[2] if named else "")
        if not account:
            self.findings.refuse("account_missing", self.file, field="客户期货期权内部资金账户")
        try:
            return parse_day(day), account, found.get("客户名称", "")
        except NotADate as error:
            self.findings.refuse("not_a_date" if day else "date_missing", self.file, field="交易日期", found=day, expected=error)
            return None, account, ""

    def _block(self, *, by_trade: bool) -> Block | None:
        needed = AMOUNTS | ({"realized_pnl": "平仓盈亏", "floating_pnl": "浮动盈亏"} if by_trade else {"total_pnl": "当日盈亏"})
        wanted = needed | OPTIONAL
        found = labelled(self.sheets[FIRST], (*wanted.values(), *HEADINGS))
        refused = self.findings.refused
        amounts, lines = {}, {}
        for name, label in wanted.items():
            # The tables further down the sheet use some of the same words as heads; the summary stands first.
            line, text = found.get(label, [(0, "")])[0]
            if not line and name in needed:
                self.findings.refuse("label_missing", self.file, field=label, expected=label)
            elif line:
                amounts[name], lines[name] = self.fen(line, label, text), line
        line, text = found.get("风险度", [(0, "")])[0]
        if not line:
            self.findings.refuse("label_missing", self.file, field="风险度", expected="风险度")
        if self.findings.refused > refused:
            return None
        lines["risk_degree"] = line
        return Block("CNY", "", 1, amounts, lines, self._risk(line, text) if amounts["equity"] > 0 else None)

    def _risk(self, line: int, text: str) -> int | None:
        try:
            return 0 if text == "--" else parse_decimal(text.removesuffix("%").strip(), 2)
        except NotARate as error:
            self.findings.refuse("not_a_number", self.file, line, field="风险度", found=text, expected=error)
            return None

    def _table(self, name: str, needed: tuple[str, ...], summed: tuple[str, ...]) -> Sheet | None:
        """A sheet's table with its totals checked; a sheet that is not there is an empty one."""
        if name not in self.sheets:
            return None
        sheet = table(name, self.sheets[name], needed)
        if sheet is None:
            self.findings.refuse("column_missing", self.file, field=name, expected=", ".join(needed))
            return None
        if sheet.total is None:
            if sheet.rows:
                self.findings.refuse("total_missing", self.file, sheet.rows[-1][0], field=name, expected="合计")
            return sheet
        line, cells = sheet.total
        for head in summed:
            printed = self.cell(sheet, cells, head)
            total = sum(self.fen(row, f"{name}.{head}", self.cell(sheet, values, head)) for row, values in sheet.rows)
            if printed not in ("", "--") and self.fen(line, f"{name}.{head}", printed) != total:
                self.findings.refuse("I10", self.file, line, field=f"{name}.{head}", found=printed, expected=yuan(total))
        return sheet

    def _texts(self, sheet: Sheet | None) -> list[tuple[int, dict[str, str]]]:
        """The rows of a table, if there is one, by their heads."""
        return [(line, {head: self.cell(sheet, cells, head) for head in sheet.heads}) for line, cells in sheet.rows] if sheet else []

    @staticmethod
    def cell(sheet: Sheet, cells: list[str], head: str) -> str:
        """The cell under a head; blank where the table has no such head."""
        index = sheet.heads.get(head)
        return cells[index] if index is not None and index < len(cells) else ""

    def fen(self, line: int, caption: str, text: str) -> int:
        """An amount in fen; -- is 0, and what is no amount is a refusal."""
        try:
            return 0 if text == "--" else parse_yuan(text, spreadsheet=True)
        except NotMoney as error:
            self.findings.refuse("not_a_number", self.file, line, field=caption, found=text, expected=error)
            return 0

    def price(self, line: int, caption: str, text: str) -> int:
        """A price in thousandths; -- and blank are 0."""
        try:
            return 0 if text in ("", "--") else parse_thousandths(text, spreadsheet=True)
        except NotMoney as error:
            self.findings.refuse("not_a_number", self.file, line, field=caption, found=text, expected=error)
            return 0

    def lots(self, line: int, caption: str, text: str) -> int:
        """Whole lots; blank and -- are 0."""
        if text in ("", "--"):
            return 0
        if not _LOTS.fullmatch(text):
            self.findings.refuse("not_a_number", self.file, line, field=caption, found=text, expected="3")
            return 0
        return int(text.partition(".")[0])

    def word(self, line: int, caption: str, text: str, words: Mapping[str, str]) -> str:
        """One of some words; another is a refusal by name."""
        if squeeze(text).casefold() not in words:
            self.findings.refuse("not_known", self.file, line, field=caption, found=text, expected=", ".join(words))
        return words.get(squeeze(text).casefold(), "")

    def _trades(self) -> list[TradeRow]:
        sheet = self._table(TRADES, ("合约", "买/卖", "成交价", "手数", "成交额", "开/平", "手续费"), ("成交额", "手续费"))
        rows = []
        for line, texts in self._texts(sheet):
            product = product_of(texts["合约"], "CFFEX" if exchange_of(product_of(texts["合约"], "CFFEX")) == "CFFEX" else "")
            exchange = exchange_of(product)
            if not exchange:
                self.findings.warn("exchange_unknown", self.file, line, field=f"{TRADES}.合约", found=texts["合约"])
            rows.append(
                TradeRow(
                    line,
                    exchange,
                    product,
                    texts["合约"],
                    self.word(line, f"{TRADES}.买/卖", texts["买/卖"], SIDES),
                    self.word(line, f"{TRADES}.开/平", texts["开/平"], {**{word: word for word in OFFSETS}, "平仓": "平", "开仓": "开"}),
                    self.price(line, f"{TRADES}.成交价", texts["成交价"]),
                    self.lots(line, f"{TRADES}.手数", texts["手数"]),
                    self.fen(line, f"{TRADES}.成交额", texts["成交额"]),
                    self.fen(line, f"{TRADES}.手续费", texts["手续费"]),
                    self.fen(line, f"{TRADES}.平仓盈亏", texts.get("平仓盈亏") or "--"),
                    trade_no=texts.get("成交序号", ""),
                )
            )
        return rows

    def _closed(self) -> list[ClosedRow]:
        sheet = self._table(CLOSED, ("合约", "买/卖", "手数", "平仓盈亏"), ("平仓盈亏",))
        rows = []
        for line, texts in self._texts(sheet):
            side = self.word(line, f"{CLOSED}.买/卖", texts["买/卖"], SIDES)
            lots = self.lots(line, f"{CLOSED}.手数", texts["手数"])
            prices = [self.price(line, f"{CLOSED}.{head}", texts.get(head, "")) for head in ("开仓价", "昨结算价", "成交价")]
            pnl = self.fen(line, f"{CLOSED}.平仓盈亏", texts["平仓盈亏"])
            rows.append(ClosedRow(line, texts["合约"], side, lots, pnl, open_price=prices[0], previous_settlement=prices[1], price=prices[2]))
        return rows

    def _detail(self) -> list[DetailRow]:
        """Long and short lots stand in columns of their own; a row may hold both."""
        sheet = self._table(DETAIL, ("合约", "买持仓", "卖持仓"), ())
        rows = []
        for line, texts in self._texts(sheet):
            pnl = self.fen(line, f"{DETAIL}.持仓盈亏", texts.get("持仓盈亏") or texts.get("浮动盈亏") or "--")
            for side, held, opened in (("B", "买持仓", "买入价"), ("S", "卖持仓", "卖出价")):
                lots = self.lots(line, f"{DETAIL}.{held}", texts[held])
                if lots:
                    price = self.price(line, f"{DETAIL}.{opened}", texts.get(opened, ""))
                    rows.append(DetailRow(line, texts["合约"], side, lots, pnl, 0, open_price=price))
                    pnl = 0
        return rows

    def _products(self, fee: int) -> None:
        """品种汇总 adds up the same fills by product."""
        sheet = self._table(PRODUCTS, ("品种", "手续费"), ("手续费",))
        if sheet is not None:
            total = sum(self.fen(line, f"{PRODUCTS}.手续费", self.cell(sheet, cells, "手续费")) for line, cells in sheet.rows)
            if total != fee and not self.findings.refused:
                self.findings.refuse("I7", self.file, sheet.line, field=f"{PRODUCTS}.手续费", found=yuan(total), expected=f"{yuan(fee)} ({TRADES})")


def _check(statement: Statement, findings: Findings) -> None:
    """I1 and I5 and I7 as in a CTP statement; I2 and I4 only warn, since firms fill that tail differently."""
    block, file = statement.blocks[0], statement.file
    pnl = block["realized_pnl"] if statement.by_trade else block["total_pnl"]
    balance = block["previous_balance"] + block["deposit_withdrawal"] + pnl + block["premium"] - block["fee"]
    equity = block["balance"] + block["floating_pnl"] + block["pledge"] + block["fx_pledge_balance"]
    lenient = findings.warn if statement.lenient_tables else findings.refuse
    for code, name, expected, report in (
        ("I1", "balance", balance, findings.refuse),
        ("I2", "equity", equity, findings.warn),
        ("I4", "available", block["equity"] - block["margin"], findings.warn),
        ("I7", "fee", sum(row.fee for row in statement.trades), lenient),
    ):
        if block[name] != expected:
            report(code, file, block.lines[name], field=CAPTIONS[name], found=yuan(block[name]), expected=yuan(expected))
    risk = risk_degree(block["margin"], block["equity"])
    if risk is not None and risk != block.risk_degree:
        found = "" if block.risk_degree is None else f"{decimal_text(block.risk_degree, 2)}%"
        findings.refuse("I5", file, block.lines["risk_degree"], field="风险度", found=found, expected=f"{decimal_text(risk, 2)}%")
    traded, closed = sum(row.realized_pnl for row in statement.trades), sum(row.realized_pnl for row in statement.closed)
    if traded != closed:
        lenient("I7", file, field=f"{CLOSED}.平仓盈亏", found=yuan(closed), expected=f"{yuan(traded)} ({TRADES})")
    if statement.by_trade and block["realized_pnl"] != closed:
        lenient("I7", file, block.lines["realized_pnl"], field="平仓盈亏", found=yuan(block["realized_pnl"]), expected=f"{yuan(closed)} ({CLOSED})")
