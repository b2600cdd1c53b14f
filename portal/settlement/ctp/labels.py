"""The 资金状况 block: its labels to names, its values to fen. A label is known by its English part, else by its Chinese one."""

from __future__ import annotations

from dataclasses import dataclass

from models.values.money import NotMoney, parse_yuan
from models.values.rates import NotARate, parse_decimal
from portal.refusals import Findings
from portal.settlement.ctp.facts import Block
from portal.settlement.ctp.layout import Section, account_of, chinese, currency_of, english, pairs

RISK = "risk_degree"

CURRENCIES = {"RMB": "CNY", "CNH": "CNH", "人民币": "CNY", "美元": "USD", "港币": "HKD", "港元": "HKD", "欧元": "EUR", "日元": "JPY"}


@dataclass(frozen=True)
class Label:
    """A label: its name here, its Chinese and English texts (squeezed), and whether every layout has it."""

    name: str
    chinese: str
    english: tuple[str, ...]
    needed: bool = True


LABELS = (
    Label("previous_balance", "期初结存", ("balanceb/f",)),
    Label("deposit_withdrawal", "出入金", ("deposit/withdrawal",)),
    Label("realized_pnl", "平仓盈亏", ("realizedp/l",)),
    Label("mtm_pnl", "持仓盯市盈亏", ("mtmp/l",)),
    Label("exercise_pnl", "期权执行盈亏", ("exercisep/l",)),
    Label("fee", "手续费", ("commission",)),
    Label("exercise_fee", "行权手续费", ("exercisefee",)),
    Label("delivery_fee", "交割手续费", ("deliveryfee",)),
    Label("fx_pledge_in", "货币质入", ("newfxpledge",), needed=False),
    Label("fx_pledge_out", "货币质出", ("fxredemption",), needed=False),
    Label("pledge_change", "质押变化金额", ("chginpledgeamt", "chginpledgeamt."), needed=False),
    Label("premium_received", "权利金收入", ("premiumreceived",)),
    Label("premium_paid", "权利金支出", ("premiumpaid",)),
    Label("delivery_pnl", "交割盈亏", ("deliveryp/l",), needed=False),
    Label("initial_margin", "基础保证金", ("initialmargin",), needed=False),
    Label("balance", "期末结存", ("balancec/f",)),
    Label("pledge", "质押金", ("pledgeamount",)),
    Label("equity", "客户权益", ("clientequity",)),
    Label("fx_pledge_occupied", "货币质押保证金占用", ("fxpledgeocc.", "fxpledgeocc"), needed=False),
    Label("fx_pledge_balance", "货币质押余额", ("fxpledgebalance", "fxpledgebal."), needed=False),
    Label("margin", "保证金占用", ("marginoccupied",)),
    Label("delivery_margin", "交割保证金", ("deliverymargin",)),
    Label("long_option_value", "多头期权市值", ("marketvalue(long)",)),
    Label("short_option_value", "空头期权市值", ("marketvalue(short)",)),
    Label("market_value_equity", "市值权益", ("marketvalue(equity)",)),
    Label("available", "可用资金", ("fundavail.", "fundavail")),
    Label(RISK, "风险度", ("riskdegree",)),
    Label("margin_call", "应追加资金", ("margincall",), needed=False),
    Label("fx_pledge_change", "货币质押变化金额", ("chginfxpledge",), needed=False),
)

CAPTIONS = {label.name: label.chinese for label in LABELS}
"""What a finding calls an amount: the label's Chinese text."""

_BY_ENGLISH = {text: label for label in LABELS for text in label.english}
_BY_CHINESE = {label.chinese: label for label in LABELS}


def label_of(text: str) -> Label | None:
    """The label that a text stands for, None where it is none of ours."""
    return _BY_ENGLISH.get(english(text)) or (None if english(text) else _BY_CHINESE.get(chinese(text)))


def read_block(file: str, section: Section, findings: Findings) -> Block | None:
    """The amounts of a block; None where one is missing, stands twice or is no number, each of which is a refusal."""
    refused = findings.refused
    currency = currency_of(section.title)
    if not currency:
        findings.refuse("currency_missing", file, section.line, field="币种", found=section.title, expected="币种：… Currency：CNY")
    texts, lines = _texts(file, section, findings)
    for label in LABELS:
        if label.needed and label.name not in texts:
            findings.refuse("label_missing", file, section.line, field=label.chinese, found="", expected=f"{label.chinese} {label.english[0]}")
    equity = _amount(file, lines.get("equity"), "equity", texts.get("equity"), findings)
    amounts = {name: value for name, text in texts.items() if name not in (RISK, "equity") and (value := _amount(file, lines[name], name, text, findings)) is not None}
    risk = _risk(file, lines.get(RISK), texts.get(RISK), findings) if equity is not None and equity > 0 else None
    if findings.refused > refused or equity is None:
        return None
    return Block(CURRENCIES.get(currency, currency), account_of(section.title), section.line, {**amounts, "equity": equity}, lines, risk)


def _texts(file: str, section: Section, findings: Findings) -> tuple[dict[str, str], dict[str, int]]:
    texts: dict[str, str] = {}
    lines: dict[str, int] = {}
    for number, line in section.labels:
        for text, value in pairs(line):
            label = label_of(text)
            if label is None:
                findings.warn("label_unknown", file, number, field=text, found=value, expected="")
            elif label.name in texts:
                findings.refuse("label_twice", file, number, field=label.chinese, found=value, expected=f"{texts[label.name]} ({lines[label.name]})")
            else:
                texts[label.name], lines[label.name] = value, number
    return texts, lines


def _amount(file: str, line: int | None, name: str, text: str | None, findings: Findings) -> int | None:
    if text is None:
        return None
    try:
        return parse_yuan(text)
    except NotMoney as error:
        findings.refuse("not_a_number", file, line, field=CAPTIONS[name], found=text, expected=error)
        return None


def _risk(file: str, line: int | None, text: str | None, findings: Findings) -> int | None:
    if text is None:
        return None
    try:
        return parse_decimal(text.removesuffix("%").strip(), 2)
    except NotARate as error:
        findings.refuse("not_a_number", file, line, field=CAPTIONS[RISK], found=text, expected=error)
        return None
