"""Chance without a clock or a machine: every draw is a function of whole numbers, in columns or one at a time.

The mixing is SplitMix64's finisher; it wraps in 64 bits everywhere, so a seed gives the same bytes on every machine.
"""

from __future__ import annotations

import hashlib
import math
from statistics import NormalDist

import polars as pl

_WORD = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15
_FIRST = 0xBF58476D1CE4E5B9
_SECOND = 0x94D049BB133111EB

SIGMA = 37837
"""One standard deviation of `bell`."""


def stream(seed: int, name: str) -> int:
    """A starting number of its own for each thing that is drawn, so that one more draw here moves none elsewhere."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{name}".encode()).digest()[:8], "big")


def _word(value: int) -> pl.Series:
    return pl.Series([value & _WORD], dtype=pl.UInt64)


def noise(start: int, *keys: pl.Series | int) -> pl.Series:
    """64 mixed bits (UInt64) of a stream and whole-number keys, row by row.

    Works on columns at once, not on expressions: each step uses its value twice, and an unfolded expression would double each time.
    """
    value = _word(start)
    for key in keys:
        word = _word(key) if isinstance(key, int) else key.cast(pl.UInt64)
        value = _mixed(value ^ (word * _word(_STEP) + _word(_STEP)))
    return value


def _mixed(value: pl.Series) -> pl.Series:
    value = (value ^ (value // _word(1 << 30))) * _word(_FIRST)
    value = (value ^ (value // _word(1 << 27))) * _word(_SECOND)
    return value ^ (value // _word(1 << 31))


def below(limit: int, start: int, *keys: pl.Series | int) -> pl.Series:
    """A whole number (Int64) from 0 up to but without `limit`."""
    return (noise(start, *keys) % _word(limit)).cast(pl.Int64)


def bell(start: int, *keys: pl.Series | int) -> pl.Series:
    """A whole number (Int64) around 0, nearly normal, with the standard deviation SIGMA."""
    bits = noise(start, *keys)
    total = sum((bits // _word(1 << shift) % _word(1 << 16) for shift in (16, 32, 48)), bits % _word(1 << 16))
    return total.cast(pl.Int64) - 2 * 65535


def half_up(numerator: pl.Expr, denominator: int) -> pl.Expr:
    """numerator ÷ denominator to the nearest whole, halves away from zero, in columns."""
    return numerator.sign() * ((2 * numerator.abs() + denominator) // (2 * denominator))


def lognormal(median: int, sigma: float, steps: int = 1024) -> list[int]:
    """The middles of `steps` equally likely slices of a skewed distribution, in whole hundreds of fen."""
    normal = NormalDist()
    return [round(median * math.exp(sigma * normal.inv_cdf((2 * step + 1) / (2 * steps))) / 100) * 100 for step in range(steps)]
