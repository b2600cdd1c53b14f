"""A plan version's terms as exact numbers (commission rules §3, §4, §6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from models.values.rates import RATE_UNIT, parse_decimal

CENTS_OF_RATE = RATE_UNIT // 100
"""A yuan amount with 8 decimals, counted in fen: its unit is 10**-6 fen."""


@dataclass(frozen=True)
class Tiers:
    """Steps of a tiered rate. Thresholds are hundred-millionths of the measure's unit (yuan or lots), rates hundred-millionths."""

    measure: str
    mode: str
    steps: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Terms:
    """What a plan version pays. Rates are hundred-millionths; rates per lot are millionths of a fen; cap and guarantee are fen × 10**6."""

    kept: int
    """1 − Σ deductions, in hundred-millionths."""
    fee_rate: int | None = None
    tiers: Tiers | None = None
    per_lot: tuple[tuple[str, int], ...] | None = None
    turnover_rate: int | None = None
    equity_rate: int | None = None
    day_count: int = RATE_UNIT
    overrides: tuple[tuple[int, int], ...] = ()
    cap: int | None = None
    guarantee: int | None = None
    reserve_rate: int = 0
    reserve_months: int = 0

    @property
    def pays_on_fee(self) -> bool:
        """Whether there is a retained_fee component, flat or tiered."""
        return self.fee_rate is not None or self.tiers is not None

    @property
    def needs_equity(self) -> bool:
        """Whether equity is paid on or measured."""
        return self.equity_rate is not None or (self.tiers is not None and self.tiers.measure == "average_equity")

    def lot_rate(self, exchange: str, product: str) -> int | None:
        """The rate per lot of a product: `EXCHANGE.product`, else `product`, else `*`, compared without case; None where none fits."""
        rates = dict(self.per_lot or ())
        product = product.lower()
        for key in (f"{exchange.lower()}.{product}", product, "*"):
            if key in rates:
                return rates[key]
        return None


def read_terms(terms: dict[str, Any]) -> Terms:
    """The exact terms of a checked plan version, as its file gave it."""
    values: dict[str, Any] = {}
    for component in terms.get("components") or []:
        kind = component["kind"]
        if kind == "retained_fee":
            if component.get("tiers"):
                tiers = component["tiers"]
                steps = tuple((_rate(threshold), _rate(rate)) for threshold, rate in tiers["steps"])
                values["tiers"] = Tiers(tiers["measure"], tiers["mode"], steps)
            else:
                values["fee_rate"] = _rate(component["rate"])
        elif kind == "per_lot":
            values["per_lot"] = tuple(sorted((key.lower(), _rate(rate)) for key, rate in component["rates"].items()))
        elif kind == "turnover":
            values["turnover_rate"] = _rate(component["rate"])
        elif kind == "equity":
            values["equity_rate"] = _rate(component["annual_rate"])
            values["day_count"] = _rate(component["day_count"])
    reserve = terms.get("reserve") or {}
    return Terms(
        kept=RATE_UNIT - sum(_rate(item["rate"]) for item in terms.get("deductions") or []),
        overrides=tuple(sorted((int(item["level"]), _rate(item["rate"])) for item in terms.get("overrides") or [])),
        cap=_optional(terms.get("cap")),
        guarantee=_optional(terms.get("guarantee")),
        reserve_rate=_rate(reserve["rate"]) if reserve else 0,
        reserve_months=int(reserve["months"]) if reserve else 0,
        **values,
    )


def _rate(text: str) -> int:
    return parse_decimal(str(text), 8)


def _optional(text: str | None) -> int | None:
    return None if text in (None, "") else _rate(str(text))
