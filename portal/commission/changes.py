"""What changed in a broker's book between two settled days: who came, who went, whose share or state changed, whose equity moved. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl


@dataclass(frozen=True)
class Moved:
    """A client's equity on two days (fen), and what moved it: deposits − withdrawals, profit or loss, fees."""

    account: int
    before: int
    now: int
    paid_in: int
    gain: int
    fee: int


@dataclass(frozen=True)
class Turned:
    """An attribution that is another one: share in millionths and state, before and now."""

    account: int
    share_before: int
    share: int
    state_before: str
    state: str


@dataclass(frozen=True)
class Changes:
    """The changes from one settled day to the next, by account id."""

    came: list[int]
    went: list[int]
    turned: list[Turned]
    moved: list[Moved]

    @property
    def nothing(self) -> bool:
        """Whether the attribution is what it was."""
        return not (self.came or self.went or self.turned)


def changes(before: pl.DataFrame, now: pl.DataFrame, most: int = 5) -> Changes:
    """Compare two days of a book (portal/commission/book.py): of the moved the `most` largest, by the size of the move."""
    was, is_ = _by_account(before), _by_account(now)
    stayed = [account for account in is_ if account in was]
    turned = [
        Turned(account, was[account]["share"], is_[account]["share"], was[account]["state"], is_[account]["state"])
        for account in stayed
        if (was[account]["share"], was[account]["state"]) != (is_[account]["share"], is_[account]["state"])
    ]
    moved = [_moved(account, was[account]["equity"], is_[account]) for account in stayed if was[account]["equity"] is not None and is_[account]["equity"] is not None]
    moved = sorted((one for one in moved if one.now != one.before), key=lambda one: (-abs(one.now - one.before), one.account))
    return Changes([account for account in is_ if account not in was], [account for account in was if account not in is_], turned, moved[:most])


def _by_account(book: pl.DataFrame) -> dict[int, dict[str, Any]]:
    return {row["account"]: row for row in book.sort("account").iter_rows(named=True)}


def _moved(account: int, before: int, row: dict[str, Any]) -> Moved:
    return Moved(account, before, row["equity"], row["paid_in"], row["gain"], row["fee"])
