"""The words of a commission line: its kinds and its reasons, with the small codes that column segments hold."""

from __future__ import annotations

import enum

import polars as pl


class Kind(enum.IntEnum):
    """What a line is paid on. The code is what column segments hold; the name is what files and pages show."""

    none = 0
    retained_fee = 1
    per_lot = 2
    turnover = 3
    equity = 4
    override = 5
    rounding = 6


class Reason(enum.IntEnum):
    """Why a line is 0, in the order in which the first that holds is shown (commission rules §5). 0 is no reason."""

    earns = 0
    broker_inactive = 1
    licence_expired = 2
    no_agreement = 3
    no_plan_version = 4
    attribution_pending = 5
    attribution_suspended = 6
    self_account = 7
    related_account = 8
    no_rate = 9
    below_first_tier = 10


def kind_text(column: str = "kind") -> pl.Expr:
    """The words for a column of kind codes."""
    return pl.col(column).replace_strict({kind.value: kind.name for kind in Kind}, return_dtype=pl.String)


def reason_text(column: str = "reason") -> pl.Expr:
    """The words for a column of reason codes; empty where the line earns."""
    return pl.col(column).replace_strict({reason.value: reason.name if reason else "" for reason in Reason}, return_dtype=pl.String)
