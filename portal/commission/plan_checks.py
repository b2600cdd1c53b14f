"""What may be wrong with a plan that is written correctly: each finding with a month, and what the engine would pay for it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from models.values.calendar import Month
from models.values.money import half_up
from models.values.rates import RATE_UNIT
from portal.commission.clauses import fen_words, yuan_words
from portal.commission.plan_look import FEN, Check, Level, Look, Looked, Shown, day_before
from portal.commission.plan_scope import scope_checks
from portal.commission.plan_tiers import tier_checks
from portal.commission.plan_trial import Trial, Version, pay
from portal.commission.terms import read_terms
from portal.commission.wording import N_, Step, percent
from portal.fields import span_end, span_start

ORDER = list(Level)


def check_plan(plan: Mapping[str, Any], products: Sequence[tuple[str, str]] = ()) -> list[Check]:
    """Everything that may be wrong with a plan that the reader accepts (an entry of plans.json), the gravest first.

    `products` are the pairs of exchange and product that the portal knows: traded, or in the exchange fee table.
    """
    versions = tuple(Version(span_start(item["valid_from"]), span_end(item.get("valid_to") or ""), read_terms(item)) for item in plan["versions"])
    found: list[Check] = []
    for index, raw in enumerate(plan["versions"]):
        looked = Looked(versions, index, f"versions[{index}]", raw, tuple(products))
        for look in LOOKS:
            found += look(looked)
    return sorted(found, key=lambda check: ORDER.index(check.level))


def blocking(checks: Sequence[Check]) -> list[Check]:
    """Those that keep a plan from being activated."""
    return [check for check in checks if check.level is Level.BLOCKS]


def rate_checks(looked: Looked) -> Iterator[Check]:
    """Rates above 100 %."""
    terms = looked.version.terms
    rates = []
    if terms.pays_on_fee:
        at = looked.component("retained_fee")
        steps = enumerate(terms.tiers.steps) if terms.tiers else ()
        rates = [(f"{at}.rate", terms.fee_rate)] if terms.fee_rate is not None else [(f"{at}.tiers.steps[{place}]", rate) for place, (_threshold, rate) in steps]
    if terms.equity_rate is not None:
        rates.append((f"{looked.component('equity')}.annual_rate", terms.equity_rate))
    rates += [(f"{looked.place}.overrides[{place}].rate", _exact(item["rate"])) for place, item in enumerate(looked.raw.get("overrides") or [])]
    for place, rate in rates:
        if rate is not None and rate > RATE_UNIT:
            threshold = next((start for start, own in terms.tiers.steps if own == rate), 0) if terms.tiers else 0
            shown = looked.show(next(_generous(looked, threshold or 1000 * RATE_UNIT)))
            yield Check(Level.BLOCKS, "rate_over_whole", place, Step(N_("The rate %(rate)s is above 100 %%."), {"rate": percent(rate)}), (shown,))


def above_fee_checks(looked: Looked) -> Iterator[Check]:
    """Whether share and overrides together can be more than the retained fee that they are a share of."""
    terms = looked.version.terms
    steps = terms.tiers.steps if terms.tiers else ((0, terms.fee_rate or 0),)
    highest = max(rate for _threshold, rate in steps)
    together = terms.kept * (highest + sum(rate for _level, rate in terms.overrides))
    if not terms.pays_on_fee or together <= RATE_UNIT**2:
        return
    for trial in _generous(looked, next(threshold for threshold, rate in steps if rate == highest)):
        shown = looked.show(trial)
        if shown.paid.total > trial.retained > 0:
            values = {"rate": percent(together // RATE_UNIT), "retained": fen_words(trial.retained), "paid": fen_words(shown.paid.total)}
            sentence = Step(N_("Share and overrides together reach %(rate)s of the retained fee: for %(retained)s yuan the firm would pay %(paid)s yuan."), values)
            yield Check(Level.BLOCKS, "pay_above_fee", looked.component("retained_fee"), sentence, (shown,))
            return


def _generous(looked: Looked, threshold: int) -> Iterator[Trial]:
    """Months in which the highest rate counts: at its threshold, then larger ones."""
    terms = looked.version.terms
    levels = max((level for level, _rate in terms.overrides), default=0)
    measure = terms.tiers.measure if terms.tiers else "retained_fee"
    first = -(-threshold // FEN) if measure == "retained_fee" else 0
    lots = max(1, -(-threshold // RATE_UNIT)) if measure == "lots" else 1
    equity = max(1, -(-threshold // FEN)) if measure == "average_equity" else 0
    for size in (max(first, 1), *(max(first, 1) * 10**power for power in range(1, 9)), 100_000, 10_000_000):
        yield looked.month(looked.trade(size, lots=lots), equity=equity, levels=levels)


def without_fee_checks(looked: Looked) -> Iterator[Check]:
    """What is paid whatever the trades brought: per lot, on turnover, on equity, the guarantee."""
    terms = looked.version.terms
    largest = max(terms.per_lot or (), key=lambda pair: pair[1], default=None)
    if largest and largest[1]:
        exchange, _dot, name = largest[0].rpartition(".")
        product = (
            looked.product()
            if name == "*"
            else next((pair for pair in looked.products if pair[1].lower() == name and exchange in {"", pair[0].lower()}), ((exchange or "shfe").upper(), name))
        )
        yield from _at_a_loss(looked, "per_lot", lots=100, turnover=0, product=product)
    if terms.turnover_rate:
        yield from _at_a_loss(looked, "turnover", lots=1, turnover=100_000_000, product=looked.product())
    if terms.equity_rate:
        shown = looked.show(looked.month(equity=100_000_000))
        sentence = Step(N_("Equity is paid for without any trade: %(paid)s yuan a day for 1,000,000.00 yuan."), {"paid": fen_words(shown.paid.direct)})
        yield Check(Level.WARNS, "pay_without_fee", looked.component("equity"), sentence, (shown,))
    if terms.guarantee:
        shown = looked.show(looked.month())
        sentence = Step(N_("The guarantee pays %(paid)s yuan for a month without any trade."), {"paid": fen_words(shown.paid.total)})
        yield Check(Level.WARNS, "pay_without_fee", f"{looked.place}.guarantee", sentence, (shown,))


def _at_a_loss(looked: Looked, kind: str, *, lots: int, turnover: int, product: tuple[str, str]) -> Iterator[Check]:
    paid = pay(looked.versions, looked.month(looked.trade(0, lots=lots, turnover=turnover, product=product))).direct
    if paid < 2:
        return
    shown = looked.show(looked.month(looked.trade(paid - 1, lots=lots, turnover=turnover, product=product)))
    values = {"lots": lots, "product": ".".join(product), "turnover": fen_words(turnover), "retained": fen_words(paid - 1), "paid": fen_words(shown.paid.total)}
    message = N_("It is paid whatever the trade brought: %(lots)s lots of %(product)s that bring %(retained)s yuan are paid %(paid)s yuan.")
    if kind == "turnover":
        message = N_("It is paid whatever the trade brought: a turnover of %(turnover)s yuan that brings %(retained)s yuan is paid %(paid)s yuan.")
    used = {name: value for name, value in values.items() if f"%({name})s" in message}
    if shown.paid.total > shown.trial.retained:
        yield Check(Level.WARNS, "pay_without_fee", looked.component(kind), Step(message, used), (shown,))


def limit_checks(looked: Looked) -> Iterator[Check]:
    """Caps, guarantees, reserves and deductions that leave nothing or contradict each other."""
    terms = looked.version.terms
    shown = (looked.show(looked.month(looked.trade(1_000_000))),)
    if terms.cap is not None and terms.guarantee is not None and terms.cap < terms.guarantee:
        values = {"cap": yuan_words(terms.cap), "guarantee": yuan_words(terms.guarantee)}
        yield Check(Level.BLOCKS, "cap_below_guarantee", f"{looked.place}.cap", Step(N_("The cap of %(cap)s yuan is below the guarantee of %(guarantee)s yuan."), values), shown)
    elif terms.cap is not None and half_up(terms.cap, FEN) == 0:
        yield Check(Level.WARNS, "cap_zero", f"{looked.place}.cap", Step(N_("The cap is 0: whatever is earned, nothing is paid. For no cap leave the field empty."), {}), shown)
    if terms.kept == 0 and terms.pays_on_fee:
        yield Check(Level.WARNS, "nothing_left", f"{looked.place}.deductions", Step(N_("The deductions take the whole retained fee: its share is always 0."), {}), shown)
    if terms.reserve_rate == RATE_UNIT:
        yield Check(Level.WARNS, "reserve_whole", f"{looked.place}.reserve", Step(N_("The reserve holds back the whole pay of every month."), {}), shown)
    if not (terms.pays_on_fee or terms.per_lot is not None or terms.turnover_rate is not None):
        yield Check(Level.WARNS, "pays_nothing", f"{looked.place}.components", Step(N_("No component pays for trades."), {}), shown)


def span_checks(looked: Looked) -> Iterator[Check]:
    """Gaps and overlaps between versions, and versions that change inside a month."""
    mine, place = looked.version, f"{looked.place}.valid_from"
    others = [version for index, version in enumerate(looked.versions) if index != looked.index]
    over = next((other for other in others if other.valid_from <= mine.valid_from < other.valid_to), None)
    if over is not None:
        yield Check(Level.BLOCKS, "versions_overlap", place, Step(N_("On %(day)s two versions count."), {"day": mine.valid_from}))
        return
    before = max((other for other in others if other.valid_to <= mine.valid_from), key=lambda other: other.valid_to, default=None)
    if before is None:
        return
    if before.valid_to < mine.valid_from:
        shown = looked.show(looked.month(looked.trade(100_000, day=before.valid_to)))
        values = {"start": before.valid_to, "end": day_before(mine.valid_from)}
        yield Check(Level.WARNS, "versions_gap", place, Step(N_("From %(start)s to %(end)s no version counts: trades of those days pay 0."), values), (shown,))
    elif mine.valid_from.day != 1:
        yield from _inside_a_month(looked, before)


def _inside_a_month(looked: Looked, before: Version) -> Iterator[Check]:
    """A change inside a month: tiers are measured each over their own days, thresholds are not cut."""
    mine = looked.version
    tiers = mine.terms.tiers
    if tiers is None or tiers.measure != "retained_fee" or before.valid_from > Month.of(mine.valid_from).first:
        return
    half = -(-tiers.steps[-1][0] * 3 // (4 * FEN)) or 100_000
    trial = looked.month(looked.trade(half, day=day_before(mine.valid_from)), looked.trade(half, day=mine.valid_from))
    changed = looked.show(trial)
    whole = Shown(trial, pay((Version(before.valid_from, mine.valid_to, mine.terms),), trial))
    values = {"day": mine.valid_from, "paid": fen_words(changed.paid.total), "whole": fen_words(whole.paid.total)}
    sentence = Step(
        N_(
            "The version changes inside a month: each measures its own days alone, so this month pays %(paid)s yuan; were it one version, %(whole)s yuan. From the first of a month there is no such split."
        ),
        {name: values[name] for name in ("paid", "whole")},
    )
    yield Check(Level.WARNS, "inside_a_month", f"{looked.place}.valid_from", sentence, (changed, whole))


def _exact(text: str) -> int:
    whole, _, decimals = text.partition(".")
    return int(whole) * RATE_UNIT + int(decimals[:8].ljust(8, "0"))


LOOKS: tuple[Look, ...] = (span_checks, rate_checks, above_fee_checks, tier_checks, limit_checks, without_fee_checks, scope_checks)
