"""The products that the demonstration firm's clients trade.

Contract sizes, ticks and margin ratios are those of the real contracts of 2025; prices start where they plausibly stood
and walk on by chance; exchange fees are of the usual order. Everything is counted in ticks and fen per tick, so that
price × lots × multiplier is a whole number of fen.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date

import polars as pl


@dataclass(frozen=True)
class Product:
    """One product: `tick_value` is fen per tick and lot, `price` the first price in ticks, `margin` per mille of the value.

    `by_money` is in hundred-millionths of the turnover, `by_lot` in fen per lot; `swing` is a usual day's move in
    hundred-thousandths of the price, `weight` how often clients choose it.
    """

    exchange: str
    code: str
    tick_value: int
    price: int
    margin: int
    by_money: int
    by_lot: int
    swing: int
    weight: int


PRODUCTS = (
    Product("SHFE", "rb", 1000, 3150, 160, 10_000, 0, 1000, 12),
    Product("SHFE", "ag", 1500, 8200, 190, 5_000, 0, 1500, 7),
    Product("SHFE", "au", 2000, 39_000, 140, 0, 1000, 900, 5),
    Product("SHFE", "cu", 5000, 7_900, 160, 5_000, 0, 950, 3),
    Product("SHFE", "al", 2500, 4_100, 160, 0, 300, 900, 3),
    Product("SHFE", "ni", 1000, 12_200, 210, 0, 300, 1400, 2),
    Product("SHFE", "ru", 5000, 2_900, 170, 0, 300, 1300, 3),
    Product("INE", "sc", 10_000, 5_000, 170, 0, 2000, 1700, 2),
    Product("INE", "lu", 1000, 3_500, 170, 1_000, 0, 1500, 1),
    Product("DCE", "m", 1000, 2_950, 140, 0, 150, 900, 12),
    Product("DCE", "i", 5000, 1_560, 190, 10_000, 0, 1700, 6),
    Product("DCE", "p", 2000, 4_300, 170, 0, 250, 1400, 6),
    Product("DCE", "y", 2000, 4_050, 140, 0, 250, 1000, 4),
    Product("DCE", "jm", 3000, 2_200, 260, 10_000, 0, 2000, 3),
    Product("DCE", "c", 1000, 2_280, 150, 0, 120, 600, 5),
    Product("DCE", "lh", 8000, 2_800, 190, 10_000, 0, 1200, 2),
    Product("CZCE", "TA", 1000, 2_350, 140, 0, 300, 1200, 7),
    Product("CZCE", "MA", 1000, 2_350, 160, 10_000, 0, 1200, 7),
    Product("CZCE", "SR", 1000, 5_700, 130, 0, 300, 800, 4),
    Product("CZCE", "SA", 2000, 1_280, 160, 20_000, 0, 2000, 7),
    Product("CZCE", "FG", 2000, 1_100, 170, 0, 600, 2000, 5),
    Product("CZCE", "CF", 2500, 2_720, 140, 0, 430, 800, 3),
    Product("CFFEX", "IF", 6000, 23_000, 150, 2_300, 0, 1000, 3),
    Product("CFFEX", "IM", 4000, 36_500, 150, 2_300, 0, 1400, 3),
    Product("CFFEX", "T", 5000, 21_700, 30, 0, 300, 180, 1),
    Product("GFEX", "lc", 2000, 3_600, 90, 8_000, 0, 2000, 4),
    Product("GFEX", "si", 2500, 1_720, 100, 10_000, 0, 1500, 2),
    Product("DCE", "m_o", 500, 120, 140, 0, 50, 3000, 2),
)

NEW_FEE = (25, date(2026, 4, 1), 16_000)
"""One exchange fee changed in the year: the product's place above, from which day on, and the new rate by money."""


def by_money_on(index: int, day: date) -> int:
    """The exchange fee rate by money (hundred-millionths) of a product on a trade date."""
    changed, since, rate = NEW_FEE
    return rate if index == changed and day >= since else PRODUCTS[index].by_money


def settlement_prices(chance: random.Random, days: int) -> list[list[int]]:
    """Settlement prices in ticks: for day 0 (the day before the first) to `days`, one per product."""
    prices = [[product.price for product in PRODUCTS]]
    for _ in range(days):
        today = []
        for product, last in zip(PRODUCTS, prices[-1], strict=True):
            bell = sum(chance.randrange(2001) for _ in range(12)) - 12_000  # 2,000 to the standard deviation
            pull = (product.price - last) * 40_000 // product.price  # prices wander, but not away
            today.append(max(last + last * product.swing * (bell + pull) // (2000 * 100_000), product.price // 4))
        prices.append(today)
    return prices


def product_table(day: date, before: list[int], after: list[int]) -> pl.DataFrame:
    """The products on one trade date, `slot` by `slot`, with the last and the new settlement price."""
    return pl.DataFrame(
        {
            "slot": range(len(PRODUCTS)),
            "exchange": [product.exchange for product in PRODUCTS],
            "product": [product.code for product in PRODUCTS],
            "tick_value": [product.tick_value for product in PRODUCTS],
            "margin_rate": [product.margin for product in PRODUCTS],
            "by_lot": [product.by_lot for product in PRODUCTS],
            "by_money": [by_money_on(index, day) for index in range(len(PRODUCTS))],
            "swing": [product.swing for product in PRODUCTS],
            "before": before,
            "after": after,
        },
        schema_overrides={"slot": pl.Int64},
    )
