"""Plays: from facts about each client to the tasks that are due. Pure; each play is a row of data and one condition on the facts.

A task's key names the play, the account and the occasion (a birthday of a year, a day of a margin call), so that the play sets it once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import polars as pl

FACTS: Final[dict[str, Any]] = {
    "account_id": pl.Int64,
    "owner_id": pl.Int64,
    "name": pl.String,
    "birthday": pl.Date,
    "opened_on": pl.Date,
    "equity": pl.Int64,
    "margin": pl.Int64,
    "losing_days": pl.Int64,
    "losing_since": pl.Date,
    "spoken_on": pl.Date,
    "is_key": pl.Boolean,
    "broker_left_on": pl.Date,
    "awaits_call": pl.Boolean,
}
"""What a play knows of an open account on a day: `owner_id` who looks after it and is there (null: nobody), amounts in fen, `losing_days`
the settled days in a row up to the last one on which its trading lost, `spoken_on` when it was last spoken with, `awaits_call` whether
its client waits for the confirmation call (portal/care/return_visits.py): he is not called twice."""


@dataclass(frozen=True)
class Play:
    """A play: on whom it is set on a day, what tells one occasion from the next, and within how many trading days it is due."""

    name: str
    due_in: int
    applies: Callable[[date], pl.Expr]
    occasion: Callable[[date], pl.Expr]
    note: str = ""

    def tasks(self, facts: pl.DataFrame, day: date, due_on: date) -> pl.DataFrame:
        """The tasks that are due by the facts of a day: business_key, kind, account_id, owner_id (null: nobody looks after the client), due_on."""
        key = pl.concat_str(pl.lit(f"play:{self.name}:"), pl.col("account_id").cast(pl.String), pl.lit(":"), self.occasion(day).cast(pl.String))
        found = facts.filter(self.applies(day).fill_null(value=False))
        return found.select(key.alias("business_key"), pl.lit(self.name).alias("kind"), "account_id", "owner_id", pl.lit(due_on).alias("due_on"), "name")


NEW_DAYS, SILENT_DAYS, LOSING_DAYS, LEFT_DAYS = 30, 90, 5, 60
BIRTHDAY_AHEAD = 3


def _silent_since(day: date) -> pl.Expr:
    return pl.coalesce(pl.col("spoken_on"), pl.col("opened_on"))


def _birthday(day: date) -> pl.Expr:
    """The client's birthday of this year; 29 February is kept on the 28th."""
    month, of = pl.col("birthday").dt.month(), pl.col("birthday").dt.day()
    return pl.date(day.year, month, pl.when((month == 2) & (of == 29)).then(28).otherwise(of))


def _within(since: pl.Expr, day: date, days: int) -> pl.Expr:
    return ((pl.lit(day) - since).dt.total_days()).is_between(0, days)


PLAYS: Final = (
    Play("new_client", 3, lambda day: _within(pl.col("opened_on"), day, NEW_DAYS) & ~pl.col("awaits_call").fill_null(value=False), lambda day: pl.col("opened_on")),
    Play("birthday", 0, lambda day: ((_birthday(day) - pl.lit(day)).dt.total_days()).is_between(0, BIRTHDAY_AHEAD), lambda day: pl.lit(day.year)),
    Play("losing_streak", 1, lambda day: pl.col("losing_days") >= LOSING_DAYS, lambda day: pl.col("losing_since")),
    Play("margin_call", 0, lambda day: (pl.col("margin") > 0) & (pl.col("margin") > pl.col("equity")), pl.lit),
    Play("silent", 5, lambda day: (pl.lit(day) - _silent_since(day)).dt.total_days() >= SILENT_DAYS, _silent_since),
    Play("key_client", 10, lambda day: pl.col("is_key"), lambda day: pl.lit(f"{day:%Y}-{(day.month - 1) // 3 + 1}")),
    Play("broker_left", 2, lambda day: _within(pl.col("broker_left_on"), day, LEFT_DAYS), lambda day: pl.col("broker_left_on")),
)
"""Every play in the order of its page. A margin call is a play of each day on which it stands; a key client is called once a quarter."""
BY_NAME: Final = {play.name: play for play in PLAYS}
