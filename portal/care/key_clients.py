"""Who is a key client (重点客户): by equity, or by being among the largest of the branch. The rule is dated and its cut-offs are exact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, or_, select

from models import db
from models.clients import Account, AccountVersion
from models.settlement import Balance
from portal.clients.balances import held
from portal.clients.queries import newest_version

WHOLE: Final = 1_000_000
NAME = "key_clients"


@dataclass(frozen=True)
class KeyRule:
    """Key is who has at least `equity` fen, or stands among the `share` (parts per million) of his branch's accounts with equity that have most.

    >>> KeyRule(100, 50_000).places(39), KeyRule(100, 50_000).places(40), KeyRule(100, 0).places(40)
    (1, 2, 0)
    """

    equity: int = 500_000_000
    share: int = 20_000

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> KeyRule:
        """The rule that the settings of a day name, or the one that counts where none was made."""
        found = values.get(NAME)
        return cls(found["equity"], found["share"]) if found else cls()

    def places(self, accounts: int) -> int:
        """How many of a branch's accounts with equity count by their place; part of a place does not."""
        return accounts * self.share // WHOLE


def cut_offs(day: date, rule: KeyRule) -> dict[int, int]:
    """For each branch the equity in fen from which an account counts by its place; a branch too small for one place has none."""
    of = select(AccountVersion.branch_id, Balance.equity).select_from(Account).join(AccountVersion, AccountVersion.account_id == Account.id)
    of = of.join(Balance, held(day)).where(newest_version(), Balance.equity > 0)
    rows = of.add_columns(
        func.row_number().over(partition_by=AccountVersion.branch_id, order_by=Balance.equity.desc()).label("place"),
        func.count().over(partition_by=AccountVersion.branch_id).label("accounts"),
    ).subquery()
    found = db.session.execute(select(rows.c.branch_id, rows.c.equity).where(rows.c.place == rows.c.accounts * rule.share // WHOLE))
    return {row.branch_id: row.equity for row in found}


def is_key(rule: KeyRule, cuts: Mapping[int, int]) -> ColumnElement[bool]:
    """The condition, on AccountVersion and Balance, that an account is a key client's."""
    ways = [and_(AccountVersion.branch_id == branch, Balance.equity >= equity) for branch, equity in cuts.items()]
    return or_(Balance.equity >= rule.equity, *ways)
