"""Checks of the products that a per-lot component names: gaps, names that nobody knows, rows that never count. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from portal.commission.clauses import fen_words
from portal.commission.plan_look import Check, Level, Looked
from portal.commission.wording import N_, Step

LISTED = 12
"""Products that a sentence names."""


def scope_checks(looked: Looked) -> Iterator[Check]:
    """Everything about the products and exchanges of a per_lot component."""
    if looked.version.terms.per_lot is None:
        return
    yield from _uncovered(looked)
    for exchange, name in looked.named():
        traded = [pair for pair in looked.products if pair[1].lower() == name]
        here = [pair for pair in traded if exchange in {"", pair[0].lower()}]
        key = f"{exchange.upper()}.{name}" if exchange else name
        if looked.products and not here:
            yield _unknown(looked, key, traded)
        elif not exchange and all((pair[0].lower(), name) in looked.named() for pair in traded):
            yield _shadowed(looked, name, traded[0])


def _uncovered(looked: Looked) -> Iterator[Check]:
    terms = looked.version.terms
    bare = [pair for pair in looked.products if terms.lot_rate(*pair) is None]
    if bare:
        shown = looked.show(looked.month(looked.trade(1_000, product=bare[0])))
        names = ", ".join(".".join(pair) for pair in bare[:LISTED]) + (" …" if len(bare) > LISTED else "")
        values = {"count": len(bare), "products": names}
        yield Check(
            Level.WARNS, "products_without_rate", _place(looked), Step(N_("There is a gap: %(count)s product(s) have no rate per lot and pay 0: %(products)s."), values), (shown,)
        )
    elif terms.lot_rate("", "") is None:
        yield Check(Level.NOTES, "no_rate_for_others", _place(looked), Step(N_("There is no rate for other products (*): a new product will pay 0 until it is named."), {}))


def _unknown(looked: Looked, key: str, traded: list[tuple[str, str]]) -> Check:
    if traded:
        shown = looked.show(looked.month(looked.trade(1_000, product=traded[0])))
        values = {"product": key, "known": ", ".join(".".join(pair) for pair in traded), "paid": fen_words(shown.paid.total)}
        sentence = Step(N_("%(product)s is not known, %(known)s is: a lot of it that brings 10.00 yuan pays %(paid)s yuan."), values)
        return Check(Level.WARNS, "unknown_product", _place(looked, key), sentence, (shown,))
    sentence = Step(N_("%(product)s was never traded here and has no exchange fee: perhaps it is misspelt."), {"product": key})
    return Check(Level.WARNS, "unknown_product", _place(looked, key), sentence)


def _shadowed(looked: Looked, name: str, pair: tuple[str, str]) -> Check:
    shown = looked.show(looked.month(looked.trade(1_000, product=pair)))
    values = {"product": name, "other": ".".join(pair), "paid": fen_words(shown.paid.total)}
    sentence = Step(N_("The row %(product)s never counts: %(other)s has a row of its own, which pays %(paid)s yuan for a lot that brings 10.00 yuan."), values)
    return Check(Level.WARNS, "row_never_counts", _place(looked, name), sentence, (shown,))


def _place(looked: Looked, key: str = "") -> str:
    at = f"{looked.component('per_lot')}.rates"
    return f"{at}.{key}" if key else at
