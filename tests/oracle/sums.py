"""The arithmetic of the rules: exact fractions, one rounding, the split to the fen. Nothing of the portal is used here."""

from __future__ import annotations

from fractions import Fraction


def number(text: str) -> Fraction:
    """A decimal text, exactly."""
    return Fraction(text.strip())


def fen(text: str) -> int:
    """A yuan amount that must be whole fen."""
    value = number(text) * 100
    assert value.denominator == 1, text
    return int(value)


def half_up(value: Fraction) -> int:
    """Nearest fen, halves away from zero."""
    size = abs(value)
    whole = size.numerator // size.denominator
    if size - whole >= Fraction(1, 2):
        whole += 1
    return -whole if value < 0 else whole


def split(amount: int, shares: dict[str, Fraction]) -> dict[str, int]:
    """The parts of an amount: brokers in the order of their numbers' bytes, the house last and left out of the answer."""
    order: list[str] = sorted(shares, key=lambda broker: broker.encode())
    exact = {broker: abs(amount) * shares[broker] for broker in order}
    exact["the house"] = abs(amount) * (1 - sum(shares.values(), Fraction(0)))
    order.append("the house")
    part = {who: exact[who].numerator // exact[who].denominator for who in order}
    left = abs(amount) - sum(part.values())
    by_fraction = sorted(order, key=lambda who: (-(exact[who] - part[who]), order.index(who)))
    for who in by_fraction[:left]:
        part[who] += 1
    assert sum(part.values()) == abs(amount)
    sign = -1 if amount < 0 else 1
    return {who: sign * part[who] for who in order if who != "the house"}


def withholding(payable: int) -> int:
    """The tax kept back from one payment of labour remuneration to a person."""
    if payable <= 80_000:
        return 0
    taxable = Fraction(payable - 80_000) if payable <= 400_000 else Fraction(payable * 80, 100)
    if taxable <= 2_000_000:
        return half_up(taxable * Fraction(20, 100))
    if taxable <= 5_000_000:
        return half_up(taxable * Fraction(30, 100) - 200_000)
    return half_up(taxable * Fraction(40, 100) - 700_000)
