"""The lines that the rules give for one month with what is known now."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tests.oracle.knowledge import Knowledge, Row
from tests.oracle.sums import fen, half_up, number, split

Key = tuple[Any, ...]
Part = tuple[Row, Row, int, Fraction]


@dataclass(frozen=True)
class Line:
    """One line of a statement; texts as the files show them."""

    broker_no: str
    kind: str
    plan_code: str
    amount: int = 0
    part: int | None = None
    reason: str = ""
    account_no: str = ""
    trade_date: str = ""
    exchange: str = ""
    product: str = ""


Lines = dict[Key, Line]


def kept(version: dict[str, Any]) -> Fraction:
    """What the deductions leave of a retained fee."""
    return 1 - sum((number(item["rate"]) for item in version.get("deductions") or []), Fraction(0))


def month_lines(known: Knowledge, month: str) -> Lines:
    """Every line of a month (§2–§5), by (fact, beneficiary, role, component)."""
    trades = [part for day in sorted(known.trades) if day.startswith(month) for trade in known.trades[day] for part in trade_parts(known, trade)]
    equities = [part for day in known.settled_days(month) for balance in known.balances[day] for part in equity_parts(known, balance)]
    lines: Lines = {}
    tiers = Tiers(known, month, trades, equities)
    for trade, row, part, share in trades:
        add_trade_lines(known, lines, tiers, trade, row, part, share)
    for balance, row, part, _ in equities:
        add_equity_line(known, lines, balance, row, part)
    tiers.add_rounding(lines)
    add_overrides(known, lines)
    return lines


def trade_parts(known: Knowledge, trade: Row) -> list[Part]:
    return parts(known, trade, fen(trade["fee"]) - fen(trade["exchange_fee"]))


def equity_parts(known: Knowledge, balance: Row) -> list[Part]:
    return parts(known, balance, max(fen(balance["equity"]), 0))


def parts(known: Knowledge, fact: Row, amount: int) -> list[Part]:
    """A fact with each attribution row of its day, the broker's part and share."""
    rows = known.rows("attributions", fact["trade_date"], account_no=fact["account_no"])
    shares = {row["broker_no"]: number(row["share"]) / 100 for row in rows}
    assert len(shares) == len(rows), fact
    assert sum(shares.values(), Fraction(0)) <= 1, fact
    by_broker = split(amount, shares)
    return [(fact, row, by_broker[row["broker_no"]], shares[row["broker_no"]]) for row in rows]


def trade_fact(trade: Row) -> Key:
    return ("trade", trade["trade_date"], trade["account_no"], trade["exchange"].upper(), trade["product"].upper())


def of_trade(trade: Row) -> dict[str, str]:
    return {name: trade[name] for name in ("account_no", "trade_date", "exchange", "product")}


def components(version: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {component["kind"]: component for component in version["components"]}


def add_trade_lines(known: Knowledge, lines: Lines, tiers: Tiers, trade: Row, row: Row, part: int, share: Fraction) -> None:
    broker, day = row["broker_no"], trade["trade_date"]
    reason = known.reason(row, day)
    fact, shown = trade_fact(trade), of_trade(trade)
    found = known.version(broker, day)
    if found is None:
        assert reason
        lines[fact, broker, "direct", "none"] = Line(broker, "none", known.agreement(broker, day), 0, part, reason, **shown)
        return
    plan, version = found
    for kind, component in components(version).items():
        if kind == "retained_fee":
            amount, why = (0, reason) if reason else tiers.price(broker, plan, version, component, part)
            line = Line(broker, kind, plan, amount, part, why, **shown)
        elif kind == "per_lot":
            amount, why = (0, reason) if reason else per_lot(component, trade, share)
            line = Line(broker, kind, plan, amount, None, why, **shown)
        elif kind == "turnover":
            amount = 0 if reason else half_up(fen(trade["turnover"]) * share * number(component["rate"]))
            line = Line(broker, kind, plan, amount, None, reason, **shown)
        else:
            continue
        lines[fact, broker, "direct", kind] = line


def per_lot(component: dict[str, Any], trade: Row, share: Fraction) -> tuple[int, str]:
    rates = {key.upper(): rate for key, rate in component["rates"].items()}
    exchange, product = trade["exchange"].upper(), trade["product"].upper()
    for key in (f"{exchange}.{product}", product, "*"):
        if key in rates:
            return half_up(number(trade["lots"]) * share * number(rates[key]) * 100), ""
    return 0, "no_rate"


def add_equity_line(known: Knowledge, lines: Lines, balance: Row, row: Row, part: int) -> None:
    broker, account, day = row["broker_no"], balance["account_no"], balance["trade_date"]
    found = known.version(broker, day)
    if found is None:
        return
    plan, version = found
    component = components(version).get("equity")
    if component is None:
        return
    reason = known.reason(row, day)
    amount = 0 if reason else half_up(part * number(component["annual_rate"]) / number(component["day_count"]))
    lines[("balance", day, account), broker, "direct", "equity"] = Line(broker, "equity", plan, amount, part, reason, account, day)


class Tiers:
    """The measures of a month per broker and version, and what the steps make of a row."""

    def __init__(self, known: Knowledge, month: str, trades: list[Part], equities: list[Part]) -> None:
        self.known, self.month = known, month
        self.fees: dict[Key, int] = defaultdict(int)
        self.lots: dict[Key, Fraction] = defaultdict(Fraction)
        self.equity: dict[Key, int] = defaultdict(int)
        self.marginal: dict[Key, int] = {}
        for trade, row, part, share in trades:
            if not known.reason(row, trade["trade_date"]):
                key = self.key(row["broker_no"], trade["trade_date"])
                self.fees[key] += part
                self.lots[key] += number(trade["lots"]) * share
        for balance, row, part, _ in equities:
            if not known.reason(row, balance["trade_date"]):
                self.equity[self.key(row["broker_no"], balance["trade_date"])] += part

    def key(self, broker: str, day: str) -> Key:
        found = self.known.version(broker, day)
        return (broker, found[0], found[1]["valid_from"]) if found else (broker, "", "")

    def measure(self, key: Key, name: str) -> Fraction:
        """Fen for money, lots for lots."""
        if name == "retained_fee":
            return Fraction(self.fees[key])
        if name == "lots":
            return self.lots[key]
        days = sum(1 for day in self.known.settled_days(self.month) if self.key(key[0], day) == key)
        return Fraction(self.equity[key] // days)

    def price(self, broker: str, plan: str, version: dict[str, Any], component: dict[str, Any], part: int) -> tuple[int, str]:
        """The amount of a row that earns, and `below_first_tier` where the measure reaches no step."""
        if "tiers" not in component:
            return half_up(part * kept(version) * number(component["rate"])), ""
        tiers = component["tiers"]
        key = (broker, plan, version["valid_from"])
        measure = self.measure(key, tiers["measure"])
        unit = 1 if tiers["measure"] == "lots" else 100
        steps = [(number(threshold) * unit, number(rate)) for threshold, rate in tiers["steps"]]
        if measure <= 0 or measure < steps[0][0]:
            return 0, "below_first_tier"
        if tiers["mode"] == "whole":
            rate = [rate for threshold, rate in steps if threshold <= measure][-1]
            return half_up(part * kept(version) * rate), ""
        total = Fraction(0)
        for index, (threshold, rate) in enumerate(steps):
            top = min(measure, steps[index + 1][0]) if index + 1 < len(steps) else measure
            if top > threshold:
                total += (top - threshold) * kept(version) * rate
        self.marginal[key] = half_up(total)
        return half_up(Fraction(part * self.marginal[key]) / measure), ""

    def add_rounding(self, lines: Lines) -> None:
        """What marginal lines miss of their total, one line per broker and version."""
        for (broker, plan, valid_from), total in self.marginal.items():
            posted = sum(
                line.amount
                for line in lines.values()
                if line.broker_no == broker and line.kind == "retained_fee" and not line.reason and self.key(broker, line.trade_date) == (broker, plan, valid_from)
            )
            if total != posted:
                lines[("month", self.month, plan, valid_from), broker, "direct", "rounding"] = Line(broker, "rounding", plan, total - posted)


def add_overrides(known: Knowledge, lines: Lines) -> None:
    """What uplines at levels 1 to 3 earn on rows that earn a retained-fee line."""
    for (fact, downline, _, kind), line in list(lines.items()):
        if kind != "retained_fee" or line.reason:
            continue
        who, seen = downline, {downline}
        for level in (1, 2, 3):
            row = known.one("uplines", line.trade_date, broker_no=who)
            if row is None:
                break
            who = row["upline_no"]
            assert who not in seen, "a loop"
            seen.add(who)
            add_override(known, lines, fact, line, downline, who, level)


def add_override(known: Knowledge, lines: Lines, fact: Key, line: Line, downline: str, upline: str, level: int) -> None:
    day, account = line.trade_date, line.account_no
    found = known.version(upline, day)
    if found is None:
        return
    plan, version = found
    rates = [number(item["rate"]) for item in version.get("overrides") or [] if int(item["level"]) == level]
    if not rates:
        return
    if known.inactive(upline, day):
        reason = "broker_inactive"
    elif known.unlicensed(upline, day):
        reason = "licence_expired"
    else:
        reason = known.relation(upline, account, day)
    assert line.part is not None
    amount = 0 if reason else half_up(line.part * kept(version) * rates[0])
    lines[fact, upline, ("override", level, downline), "override"] = Line(upline, "override", plan, amount, line.part, reason, account, day, line.exchange, line.product)
