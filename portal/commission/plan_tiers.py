"""Checks of tiers: steps that pay less for more, jumps, steps that nobody reaches or feels. Pure.

What a whole tier pays changes only at its thresholds, so looking at both sides of each is looking everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from models.values.money import half_up
from models.values.rates import RATE_UNIT
from portal.commission.clauses import fen_words, lots_words, yuan_words
from portal.commission.plan_look import FEN, Check, Level, Looked, Shown
from portal.commission.plan_trial import Trial
from portal.commission.terms import Terms, Tiers
from portal.commission.wording import N_, Step, percent

SIZES = (*(10**power for power in range(5, 12)), 10**4, 10**3, 10**2)
"""Retained fees (fen) tried where the measure is something else than the retained fee: from 1,000.00 yuan up, then smaller ones."""


def never_pays_less(terms: Terms) -> bool:
    """Whether more of the measure can never lower what the tiers pay: marginal ones never do, whole ones where no rate falls."""
    if terms.tiers is None or terms.tiers.mode == "marginal" or terms.kept == 0:
        return True
    rates = [rate for _threshold, rate in terms.tiers.steps]
    return all(later >= earlier for earlier, later in pairwise(rates))


def tier_checks(looked: Looked) -> Iterator[Check]:
    """Everything about the steps of a tiered retained_fee component."""
    tiers = looked.version.terms.tiers
    if tiers is None:
        return
    yield from _first(looked, tiers)
    for step in range(1, len(tiers.steps)):
        (_, before), (_, rate) = tiers.steps[step - 1 : step + 1]
        if rate == before:
            yield _check(
                looked, step, Level.NOTES, "step_without_effect", N_("Step %(step)s has the rate of the step before: it changes nothing."), _around(looked, tiers, step, SIZES[0])
            )
        elif rate < before:
            yield from _falling(looked, tiers, step)
        elif tiers.mode == "whole":
            yield from _jump(looked, tiers, step)
        yield from _beyond_cap(looked, tiers, step)


def _first(looked: Looked, tiers: Tiers) -> Iterator[Check]:
    pair = _around(looked, tiers, 0, SIZES[0]) if tiers.steps[0][0] > 0 else None
    if pair:
        shown = tuple(looked.show(trial) for trial in pair)
        values = {"threshold": _threshold(tiers, 0), "less": fen_words(shown[0].paid.total), "more": fen_words(shown[1].paid.total)}
        yield Check(
            Level.WARNS,
            "below_first",
            _place(looked, 0),
            Step(N_("There is a gap below the first step: a month that stays under %(threshold)s earns nothing from the retained fee."), values),
            shown,
        )


def _falling(looked: Looked, tiers: Tiers, step: int) -> Iterator[Check]:
    if tiers.mode == "marginal":
        values = {"step": step + 1, "rate": percent(tiers.steps[step][1]), "before": percent(tiers.steps[step - 1][1])}
        sentence = Step(N_("Step %(step)s pays %(rate)s after %(before)s: every further yuan pays less, though never less in all."), values)
        pair = _around(looked, tiers, step, SIZES[0])
        yield Check(Level.NOTES, "falling_steps", _place(looked, step), sentence, tuple(looked.show(trial) for trial in pair or ()))
        return
    shown = _drop(looked, tiers, step)
    if shown:
        less, more = shown
        values = {
            "threshold": _threshold(tiers, step),
            "less": fen_words(less.paid.total),
            "more": fen_words(more.paid.total),
            "lost": fen_words(less.paid.total - more.paid.total),
        }
        sentence = Step(N_("Less for more: at %(threshold)s the month's pay falls from %(less)s to %(more)s yuan, by %(lost)s yuan."), values)
        yield Check(Level.BLOCKS, "tiers_pay_less", _place(looked, step), sentence, shown)


def _drop(looked: Looked, tiers: Tiers, step: int) -> tuple[Shown, Shown] | None:
    """Two months, the second with more than the first, for which the engine pays less; None where no fen is lost."""
    kept, before, after = looked.version.terms.kept, tiers.steps[step - 1][1], tiers.steps[step][1]
    for size in SIZES if tiers.measure != "retained_fee" else (0,):
        if size and half_up(size * kept * before, RATE_UNIT**2) <= half_up(size * kept * after, RATE_UNIT**2):
            continue
        pair = _around(looked, tiers, step, size)
        if pair is None:
            return None
        less, more = looked.show(pair[0]), looked.show(pair[1])
        if less.paid.total > more.paid.total:
            return less, more
    return None


def _jump(looked: Looked, tiers: Tiers, step: int) -> Iterator[Check]:
    pair = _around(looked, tiers, step, SIZES[0])
    if pair is None:
        return
    less, more = looked.show(pair[0]), looked.show(pair[1])
    gained = more.paid.total - less.paid.total
    if gained > 1:
        values = {"threshold": _threshold(tiers, step), "less": fen_words(less.paid.total), "more": fen_words(more.paid.total), "gained": fen_words(gained)}
        sentence = Step(N_("A jump: on reaching %(threshold)s the month's pay rises at once from %(less)s to %(more)s yuan, by %(gained)s yuan."), values)
        yield Check(Level.NOTES, "tier_jump", _place(looked, step), sentence, (less, more))


def _beyond_cap(looked: Looked, tiers: Tiers, step: int) -> Iterator[Check]:
    """A step that lies where the month is at its cap already: with rates that never fall it is never felt."""
    terms = looked.version.terms
    if terms.cap is None or tiers.measure != "retained_fee" or not never_pays_less(terms):
        return
    pair = _around(looked, tiers, step, 0)
    if pair is None:
        return
    less, more = looked.show(pair[0]), looked.show(pair[1])
    if less.paid.level < 0 or less.paid.direct * FEN >= terms.cap:
        values = {"step": step + 1, "cap": yuan_words(terms.cap), "threshold": _threshold(tiers, step)}
        sentence = Step(N_("Step %(step)s is never felt: a month below %(threshold)s is at the cap of %(cap)s yuan already."), values)
        yield Check(Level.WARNS, "step_beyond_cap", _place(looked, step), sentence, (less, more))


def _around(looked: Looked, tiers: Tiers, step: int, size: int) -> tuple[Trial, Trial] | None:
    """A month just below a threshold and one that reaches it; `size` is the retained fee (fen) where something else is measured."""
    threshold = tiers.steps[step][0]
    if tiers.measure == "lots":
        lots = -(-threshold // RATE_UNIT)
        return (looked.month(looked.trade(size, lots=lots - 1)), looked.month(looked.trade(size, lots=lots))) if lots > 1 else None
    fen = -(-threshold // FEN)
    if tiers.measure == "average_equity":
        return (looked.month(looked.trade(size), equity=fen - 1), looked.month(looked.trade(size), equity=fen)) if fen > 1 else None
    return (looked.month(looked.trade(fen - 1)), looked.month(looked.trade(fen))) if fen > 1 else None


def _check(looked: Looked, step: int, level: Level, code: str, message: str, pair: tuple[Trial, Trial] | None) -> Check:
    return Check(level, code, _place(looked, step), Step(message, {"step": step + 1}), tuple(looked.show(trial) for trial in pair or ()))


def _threshold(tiers: Tiers, step: int) -> str:
    threshold = tiers.steps[step][0]
    return lots_words(threshold) if tiers.measure == "lots" else yuan_words(threshold)


def _place(looked: Looked, step: int) -> str:
    return f"{looked.component('retained_fee')}.tiers.steps[{step}]"
