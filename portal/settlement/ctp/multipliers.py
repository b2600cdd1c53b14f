"""How many units a lot holds (合约乘数), by product. The shipped table comes from a list of instruments of 2025 (see NOTICE)."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from pathlib import Path
from types import MappingProxyType

from models.values.rates import parse_decimal

PLACES = 8
FILE = Path(__file__).with_name("multipliers.csv")


def read_multipliers(text: str) -> dict[str, Fraction]:
    """Product to multiplier, out of a table with the columns product and multiplier. Raises NotARate, KeyError."""
    return {row["product"]: Fraction(parse_decimal(row["multiplier"], PLACES), 10**PLACES) for row in csv.DictReader(text.splitlines())}


@cache
def shipped_multipliers() -> Mapping[str, Fraction]:
    """The multipliers that come with the portal."""
    return MappingProxyType(read_multipliers(FILE.read_text(encoding="utf-8")))


@cache
def shipped_exchanges() -> Mapping[str, str]:
    """The exchange of each product of the shipped table, for statements that do not name it."""
    return MappingProxyType({row["product"]: row["exchange"] for row in csv.DictReader(FILE.read_text(encoding="utf-8").splitlines())})


def exchange_of(product: str) -> str:
    """A product's exchange (SHFE …), empty where it is unknown; an option is listed where its future is."""
    return shipped_exchanges().get(product) or shipped_exchanges().get(product.removesuffix("_o"), "")


def multiplier_of(product: str, multipliers: Mapping[str, Fraction]) -> Fraction | None:
    """A product's multiplier, None where it is unknown. A commodity option is on one lot of its future, so it has the future's."""
    return multipliers.get(product) or multipliers.get(product.removesuffix("_o"))
