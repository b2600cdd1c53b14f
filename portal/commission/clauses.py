"""A plan version in words: every component and limit as a sentence made from its data, with numbers worked through. Pure.

A sentence is a `Step`: an English sentence that is also the key of its translation, with its values; doors translate it.
Whoever shows clauses uses `templates/commission/_clauses.html`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.values.money import half_up
from models.values.rates import RATE_UNIT, decimal_text
from portal.commission.statement import level_amount
from portal.commission.terms import Terms, Tiers, read_terms
from portal.commission.tiers import result_of
from portal.commission.wording import N_, Step, percent

FEN = 10**6
"""Yuan amounts of a plan are kept with 8 decimals: in a fen there are so many of their unit."""
SAMPLE = 100_000
"""The retained fee of the worked numbers, in fen, where the plan itself suggests none."""


TITLES = {
    "none": N_("No pay for trades"),
    "deductions": N_("Deductions first"),
    "retained_fee": N_("Share of the retained fee"),
    "per_lot": N_("Per lot"),
    "turnover": N_("On turnover"),
    "equity": N_("On equity"),
    "override": N_("Override"),
    "cap": N_("Cap"),
    "guarantee": N_("Guarantee"),
    "reserve": N_("Reserve"),
}


@dataclass(frozen=True)
class Clause:
    """One component or limit in words. `items` are its rows (steps, rates), `example` the same with numbers worked through."""

    kind: str
    sentence: Step
    items: tuple[Step, ...] = ()
    example: tuple[Step, ...] = ()

    @property
    def title(self) -> str:
        """What it is about, in two words; an English text that is the key of its translation."""
        return TITLES[self.kind]


def clauses(terms: Mapping[str, Any]) -> list[Clause]:
    """The clauses of a checked plan version (its `terms` as a plan file gives them), in the order in which they work."""
    exact = read_terms(dict(terms))
    found = [*_deductions(terms, exact), *_fee(exact), *_per_lot(terms, exact), *_turnover(exact), *_equity(exact), *_overrides(exact), *_limits(exact)]
    paying = exact.pays_on_fee or exact.per_lot is not None or exact.turnover_rate is not None
    return found if paying else [Clause("none", Step(N_("This version pays nothing for trades."), {})), *found]


def yuan_words(value: int, places: int = 8) -> str:
    """An amount of yuan × 10**places as people write it: thousands commas, at least two decimals.

    >>> yuan_words(150000000000), yuan_words(1234567, 2)
    ('1,500.00', '12,345.67')
    """
    whole, _, decimals = decimal_text(abs(value), places).partition(".")
    return f"{'-' if value < 0 else ''}{int(whole):,}.{decimals.ljust(2, '0')}"


def fen_words(fen: int) -> str:
    """An amount of fen as people write it."""
    return yuan_words(fen, 2)


def lots_words(value: int) -> str:
    """Lots × 10**8 as people write them."""
    whole, dot, decimals = decimal_text(value, 8).partition(".")
    return f"{int(whole):,}{dot}{decimals}"


def _deductions(terms: Mapping[str, Any], exact: Terms) -> list[Clause]:
    given = terms.get("deductions") or []
    if not given:
        return []
    items = tuple(Step(N_("%(name)s: %(rate)s"), {"name": item["name"] or "–", "rate": percent(_exact(item["rate"]))}) for item in given)
    total = Step(N_("Before the broker's share is taken, %(total)s goes off his part of the retained fee."), {"total": percent(RATE_UNIT - exact.kept)})
    left = {"part": fen_words(SAMPLE), "left": fen_words(half_up(SAMPLE * exact.kept, RATE_UNIT))}
    return [Clause("deductions", total, items, (Step(N_("Of a part of %(part)s yuan, %(left)s yuan is left."), left),))]


def _fee(exact: Terms) -> list[Clause]:
    if exact.fee_rate is not None:
        rate = percent(exact.fee_rate)
        deducted = exact.kept != RATE_UNIT
        message = (
            N_("Of the retained fee of every trade, %(rate)s after the deductions.") if deducted else N_("Of the retained fee of every trade, %(rate)s; nothing is deducted first.")
        )
        paid = half_up(SAMPLE * exact.kept * exact.fee_rate, RATE_UNIT**2)
        values = {"part": fen_words(SAMPLE), "deductions": percent(RATE_UNIT - exact.kept), "rate": rate, "paid": fen_words(paid)}
        example = N_("A part of %(part)s yuan × (1 − %(deductions)s) × %(rate)s = %(paid)s yuan.") if deducted else N_("A part of %(part)s yuan × %(rate)s = %(paid)s yuan.")
        return [Clause("retained_fee", Step(message, {"rate": rate}), (), (Step(example, values if deducted else _without(values, "deductions")),))]
    return [_tiered(exact, exact.tiers)] if exact.tiers else []


WHOLE = {
    "retained_fee": N_("A share of the retained fee of every trade. The month's own retained fee says which step counts, and that step's rate then counts for all of it (whole)."),
    "average_equity": N_(
        "A share of the retained fee of every trade. The month's average daily equity says which step counts, and that step's rate then counts for all of it (whole)."
    ),
    "lots": N_("A share of the retained fee of every trade. The month's lots say which step counts, and that step's rate then counts for all of it (whole)."),
}
MARGINAL = N_("A share of the month's retained fee, slice by slice: every slice is paid at the rate of its own step (marginal).")


def _tiered(exact: Terms, tiers: Tiers) -> Clause:
    shown = lots_words if tiers.measure == "lots" else yuan_words
    first = tiers.steps[0][0]
    items = []
    if first > 0:
        below = N_("below %(first)s lots: nothing") if tiers.measure == "lots" else N_("below %(first)s yuan: nothing")
        items.append(Step(below, {"first": shown(first)}))
    ends = [threshold for threshold, _rate in tiers.steps[1:]] + [None]
    for (start, rate), end in zip(tiers.steps, ends, strict=True):
        values = {"start": shown(start), "rate": percent(rate)}
        if tiers.mode == "whole":
            items.append(Step(N_("from %(start)s lots on: %(rate)s of all of it") if tiers.measure == "lots" else N_("from %(start)s yuan on: %(rate)s of all of it"), values))
        elif end is None:
            items.append(Step(N_("the part above %(start)s yuan: %(rate)s"), values))
        else:
            items.append(Step(N_("the part from %(start)s to %(end)s yuan: %(rate)s"), {**values, "end": shown(end)}))
    sentence = Step(MARGINAL if tiers.mode == "marginal" else WHOLE[tiers.measure], {})
    return Clause("retained_fee", sentence, tuple(items), _tier_example(exact, tiers))


def _tier_example(exact: Terms, tiers: Tiers) -> tuple[Step, ...]:
    """A month half as much again as the last threshold (or 1,000.00 yuan, 100 lots), priced by the engine's own tiers."""
    last = tiers.steps[-1][0]
    if tiers.measure == "lots":
        lots = -(-(last * 3 // 2) // RATE_UNIT) or 100
        given = result_of(exact, lots * FEN, 0, 1)
        values = {"measure": f"{lots:,}", "part": fen_words(SAMPLE), "paid": fen_words(half_up(SAMPLE * given.above, given.below))}
        return (Step(N_("A month of %(measure)s lots with a retained fee of %(part)s yuan pays %(paid)s yuan."), values),)
    fen = -(-(last * 3 // 2) // FEN) or SAMPLE
    given = result_of(exact, fen, 0, 1)
    part = SAMPLE if tiers.measure == "average_equity" else fen
    values = {"measure": fen_words(fen), "part": fen_words(part), "paid": fen_words(half_up(part * given.above, given.below))}
    if tiers.measure == "average_equity":
        return (Step(N_("A month of %(measure)s yuan average equity with a retained fee of %(part)s yuan pays %(paid)s yuan."), values),)
    return (Step(N_("A month with a retained fee of %(part)s yuan pays %(paid)s yuan."), _without(values, "measure")),)


def _per_lot(terms: Mapping[str, Any], exact: Terms) -> list[Clause]:
    if exact.per_lot is None:
        return []
    given = next(item for item in terms["components"] if item["kind"] == "per_lot")["rates"]
    named = {name: rate for name, rate in given.items() if name != "*"}
    items = [Step(N_("%(product)s: %(rate)s yuan"), {"product": name, "rate": yuan_words(_exact(rate))}) for name, rate in named.items()]
    if "*" in given:
        items.append(Step(N_("every other product: %(rate)s yuan"), {"rate": yuan_words(_exact(given["*"]))}))
    else:
        items.append(Step(N_("every other product: nothing"), {}))
    sentence = Step(N_("A fixed amount for every lot, times the broker's share of the account; the exchange with the product counts before the product alone."), {})
    example: tuple[Step, ...] = ()
    if given:
        name, rate = next(iter((named or given).items()))
        values = {"rate": yuan_words(_exact(rate)), "paid": fen_words(half_up(10 * _exact(rate), FEN)), "product": name}
        message = (
            N_("10 lots at a share of 100 %%: 10 × %(rate)s = %(paid)s yuan.") if name == "*" else N_("10 lots of %(product)s at a share of 100 %%: 10 × %(rate)s = %(paid)s yuan.")
        )
        example = (Step(message, _without(values, "product") if name == "*" else values),)
    return [Clause("per_lot", sentence, tuple(items), example)]


def _turnover(exact: Terms) -> list[Clause]:
    if exact.turnover_rate is None:
        return []
    rate, turnover = exact.turnover_rate, 100_000_000
    values = {"turnover": fen_words(turnover), "rate": percent(rate), "paid": fen_words(half_up(turnover * rate, RATE_UNIT))}
    example = Step(N_("A turnover of %(turnover)s yuan × %(rate)s = %(paid)s yuan."), values)
    return [Clause("turnover", Step(N_("Of the turnover of every trade, %(rate)s, times the broker's share of the account."), {"rate": percent(rate)}), (), (example,))]


def _equity(exact: Terms) -> list[Clause]:
    if exact.equity_rate is None:
        return []
    equity, days = 100_000_000, decimal_text(exact.day_count, 8)
    values = {"equity": fen_words(equity), "rate": percent(exact.equity_rate), "days": days, "paid": fen_words(half_up(equity * exact.equity_rate, exact.day_count))}
    sentence = N_("On every settled day, %(rate)s a year of the broker's part of the closing equity; a year counts %(days)s days.")
    example = Step(N_("Equity of %(equity)s yuan × %(rate)s ÷ %(days)s = %(paid)s yuan a day."), values)
    return [Clause("equity", Step(sentence, {"rate": percent(exact.equity_rate), "days": days}), (), (example,))]


def _overrides(exact: Terms) -> list[Clause]:
    if not exact.overrides:
        return []
    items = tuple(Step(N_("%(level)s level(s) below: %(rate)s"), {"level": level, "rate": percent(rate)}) for level, rate in exact.overrides)
    level, rate = exact.overrides[0]
    values = {"part": fen_words(SAMPLE), "level": level, "paid": fen_words(half_up(SAMPLE * exact.kept * rate, RATE_UNIT**2))}
    example = Step(N_("A part of %(part)s yuan of a broker %(level)s level(s) below brings %(paid)s yuan."), values)
    sentence = Step(N_("An override on the retained fee that the brokers below earn on, after this plan's deductions; the firm pays it on top of their pay."), {})
    return [Clause("override", sentence, items, (example,))]


def _limits(exact: Terms) -> list[Clause]:
    found = []
    if exact.cap is not None:
        above = half_up(exact.cap, FEN) * 2 or SAMPLE
        values = {"earned": fen_words(above), "paid": fen_words(above + level_amount(above, exact, False))}
        example = Step(N_("A month that earned %(earned)s yuan pays %(paid)s yuan."), values)
        found.append(Clause("cap", Step(N_("A month never earns more than %(cap)s yuan."), {"cap": yuan_words(exact.cap)}), (), (example,)))
    if exact.guarantee is not None:
        sentence = N_("A month earns at least %(guarantee)s yuan, if on every settled day of it an agreement held and the broker was active and licensed.")
        values = {"earned": fen_words(0), "paid": fen_words(level_amount(0, exact, True))}
        example = Step(N_("A month that earned %(earned)s yuan pays %(paid)s yuan."), values)
        found.append(Clause("guarantee", Step(sentence, {"guarantee": yuan_words(exact.guarantee)}), (), (example,)))
    if exact.reserve_rate:
        often: dict[str, Any] = {"rate": percent(exact.reserve_rate), "months": exact.reserve_months}
        held: dict[str, Any] = {"earned": fen_words(SAMPLE), "held": fen_words(half_up(SAMPLE * exact.reserve_rate, RATE_UNIT)), "months": exact.reserve_months}
        example = Step(N_("Of %(earned)s yuan, %(held)s yuan is held back and comes %(months)s month(s) later."), held)
        found.append(Clause("reserve", Step(N_("Of every month's pay %(rate)s is held back as a reserve and paid %(months)s month(s) later."), often), (), (example,)))
    return found


def _exact(text: str) -> int:
    """A checked decimal as hundred-millionths."""
    whole, _, decimals = text.partition(".")
    return int(whole) * RATE_UNIT + int(decimals[:8].ljust(8, "0"))


def _without(values: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != name}
