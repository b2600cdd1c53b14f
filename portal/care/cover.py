"""Who looks after how much of the clients' equity, and how much of it hangs on a single person."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

import polars as pl
from sqlalchemy import or_, select

from models.clients import Account, AccountVersion, Servicing
from models.settlement import Balance
from portal.bulk import read_frame
from portal.care import people
from portal.care.book import served
from portal.clients.balances import held
from portal.clients.queries import newest_version

SCHEMA: dict[str, Any] = {"account_id": pl.Int64, "equity": pl.Int64, "staff_no": pl.String, "name": pl.String}
ROWS: dict[str, Any] = {"staff_no": pl.String, "name": pl.String, "accounts": pl.Int64, "equity": pl.Int64, "alone": pl.Int64, "alone_equity": pl.Int64}


class Cover(NamedTuple):
    """`rows`: each of the staff (ROWS; what he alone looks after apart), the largest equity first. Sums are of accounts with equity, in fen:
    all of it, what two or more look after, one alone, nobody; and the accounts of each."""

    rows: pl.DataFrame
    equity: dict[str, int]
    accounts: dict[str, int]


def cover(day: date, settled: date, branch_id: int | None = None) -> Cover:
    """Who of the staff who are there looks after open accounts with equity on a day. An account that several look after counts whole for each."""
    query = select(Account.id, Balance.equity).join(AccountVersion, AccountVersion.account_id == Account.id).join(Balance, held(settled))
    query = query.where(newest_version(), or_(AccountVersion.closed_on.is_(None), AccountVersion.closed_on > day), Balance.equity > 0)
    if branch_id is not None:
        query = query.where(AccountVersion.branch_id == branch_id)
    accounts = read_frame(query, {"account_id": pl.Int64, "equity": pl.Int64})
    served_by = read_frame(select(Servicing.account_id, Servicing.staff_id).where(served(day)), {"account_id": pl.Int64, "staff_id": pl.Int64})
    here = people.there(day).subquery()
    there = read_frame(select(here.c.staff_id, here.c.staff_no, here.c.name), {"staff_id": pl.Int64, "staff_no": pl.String, "name": pl.String})
    # Three plain questions, put together here: as one, the database asks who is there anew for each account.
    serving = served_by.unique().join(there, on="staff_id")
    return summed(accounts.join(serving, on="account_id", how="left").select(*SCHEMA))


def summed(rows: pl.DataFrame) -> Cover:
    """The sums of accounts and who looks after them (SCHEMA; `staff_no` null where nobody does)."""
    by = rows.group_by("account_id").agg(pl.col("equity").first(), helpers=pl.col("staff_no").count())
    kinds = {"all": pl.lit(True), "several": pl.col("helpers") > 1, "one": pl.col("helpers") == 1, "nobody": pl.col("helpers") == 0}
    parts = {name: by.filter(condition) for name, condition in kinds.items()}
    mine = rows.filter(pl.col("staff_no").is_not_null()).join(by.select("account_id", "helpers"), on="account_id")
    alone = pl.col("helpers") == 1
    each = mine.group_by("staff_no", "name").agg(accounts=pl.len(), equity=pl.col("equity").sum(), alone=alone.sum(), alone_equity=pl.col("equity").filter(alone).sum())
    told = each.select(pl.col(name).cast(kind) for name, kind in ROWS.items()).sort("equity", "staff_no", descending=[True, False]).with_row_index("row")
    return Cover(told, {name: int(part["equity"].sum()) for name, part in parts.items()}, {name: part.height for name, part in parts.items()})
