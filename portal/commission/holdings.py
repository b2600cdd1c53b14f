"""Whose the firm's equity was on a day, as known at a recording: every account, its owners, and each owner's part to the fen.

The account's closing equity is split by the rules' own split (§2), with its sign, so the parts of all owners and the house
add up to the day's total exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import polars as pl
from sqlalchemy import literal, select, union_all

from models.clients import Account, AccountVersion
from models.partners import Branch, BranchVersion, Broker, BrokerVersion
from models.values.rates import SHARE_WHOLE
from portal.attribution.known import known_rows, ranked, rows_on
from portal.bulk import read_frame
from portal.commission.attribute import split_amounts
from portal.settlement.facts import day_balances
from portal.versions import newest_frame, version_of

STATES = ("confirmed", "pending", "suspended")
ACCOUNT: dict[str, Any] = {"account_id": pl.Int64, "account_no": pl.String, "client": pl.String, "branch_id": pl.Int64, "opened_on": pl.Date, "closed_on": pl.Date}
PARTNER: dict[str, Any] = {"what": pl.String, "id": pl.Int64, "number": pl.String, "name": pl.String, "kind": pl.String}


@dataclass(frozen=True)
class Firm:
    """What was known of the firm at a recording, whatever the day. `accounts`: ACCOUNT, branch_no, branch; `brokers`: broker_id,
    broker_no, b (the rank of his number), broker (his name), kind; `rows`: every attribution row (portal/attribution/known.py)."""

    known: int
    accounts: pl.DataFrame
    brokers: pl.DataFrame
    rows: pl.DataFrame


@dataclass(frozen=True)
class Holdings:
    """The firm on `day` as known at `known`; amounts in fen, null where the account has no balance that day as known then.

    `accounts`: account_id, account_no, client, branch_no, branch, equity, owners, share (given away, parts per million), one column of
    fen for each of STATES, `house` (what is left), the flags is_pending and is_suspended, `recording_id` of the newest row, and
    lists broker_nos, shares, states. `rows`: one per owner, with `part`, `accounts` split by them. `firm` is not cut by `only`.
    """

    day: date
    firm: Firm
    settled: bool
    accounts: pl.DataFrame
    rows: pl.DataFrame

    @property
    def known(self) -> int:
        """The recording by which this is told."""
        return self.firm.known

    def only(self, account_ids: list[int]) -> Holdings:
        """The same of some accounts alone."""
        mine = pl.DataFrame({"account_id": account_ids}, schema={"account_id": pl.Int64})
        accounts, rows = (frame.join(mine, on="account_id", how="semi", maintain_order="left") for frame in (self.accounts, self.rows))
        return replace(self, accounts=accounts, rows=rows)

    def totals(self) -> dict[str, tuple[int, int]]:
        """(accounts, fen) in all, of each state, of the house's rest of shared accounts, of uncovered and of split accounts."""
        accounts, owned = self.accounts, pl.col("owners") > 0
        found = {"all": _sum(accounts, "equity")}
        for state in STATES:
            mine = self.rows.filter(pl.col("state") == state)
            found[state] = (mine["account_id"].n_unique(), int(mine["part"].sum() or 0))
        found["house"] = _sum(accounts.filter(owned & (pl.col("share") < SHARE_WHOLE)), "house")
        found["uncovered"] = _sum(accounts.filter(~owned), "equity")
        found["split"] = _sum(accounts.filter(pl.col("owners") > 1), "equity")
        return found

    def by_broker(self) -> pl.DataFrame:
        """broker_no, broker, accounts, one column of fen for each of STATES, and their sum `equity`, the greatest first."""
        sums = [pl.col("part").filter(pl.col("state") == state).sum().alias(state) for state in STATES]
        table = self.rows.group_by("broker_no", "broker").agg(pl.col("account_id").n_unique().alias("accounts"), *sums, pl.col("part").sum().alias("equity"))
        return table.sort(["equity", "broker_no"], descending=[True, False])

    def by_branch(self) -> pl.DataFrame:
        """branch_no, branch, accounts, equity, attributed (to brokers, whatever the state), uncovered and its number of accounts."""
        bare = pl.col("owners") == 0
        table = self.accounts.group_by("branch_no", "branch").agg(
            accounts=pl.len(),
            equity=pl.col("equity").sum(),
            attributed=pl.sum_horizontal(pl.col(STATES)).sum(),
            uncovered=pl.col("equity").filter(bare).sum(),
            uncovered_accounts=bare.sum(),
        )
        return table.sort("branch_no")


def firm(known: int) -> Firm:
    """The firm as known at a recording. Three questions, whatever its size."""
    partners = _partners(known)
    branches = partners.filter(pl.col("what") == "branch").select(branch_id="id", branch_no="number", branch="name")
    brokers = partners.filter(pl.col("what") == "broker").select("kind", broker_id="id", broker_no="number", broker="name")
    columns = {"account_id": pl.Int64, "account_no": pl.String, "name": pl.String, "branch_id": pl.Int64, "opened_on": pl.Date, "closed_on": pl.Date}
    accounts = newest_frame(AccountVersion, columns, known=known, of=Account).rename({"name": "client"})
    return Firm(known, accounts.join(branches, on="branch_id"), ranked(brokers), known_rows(known))


def holdings(day: date, whole: Firm) -> Holdings:
    """Whose the firm's equity was on a day, as known by `whole`. One question."""
    equity = day_balances(day, ["equity"], whole.known)
    rows = _parts(rows_on(day, whole.rows, whole.brokers.drop("kind")), equity)
    accounts = whole.accounts.join(equity, on="account_id", how="left")
    open_then = (pl.col("opened_on").is_null() | (pl.col("opened_on") <= day)) & (pl.col("closed_on").is_null() | (pl.col("closed_on") > day))
    owners = _by_account(rows)
    table = accounts.join(owners, on="account_id", how="left").filter(open_then | pl.col("equity").is_not_null() | pl.col("owners").is_not_null())
    table = table.with_columns(pl.col("owners", "share").fill_null(0), pl.col("is_pending", "is_suspended").fill_null(value=False))
    table = table.with_columns(pl.when(pl.col("equity").is_null()).then(None).otherwise(pl.col(state).fill_null(0)).alias(state) for state in STATES)
    table = table.with_columns(house=pl.col("equity") - pl.sum_horizontal(STATES))
    return Holdings(day, whole, equity.height > 0, table.sort("account_no"), rows)


def _parts(rows: pl.DataFrame, equity: pl.DataFrame) -> pl.DataFrame:
    """The rows with each owner's `part` of the account's equity; null where the account has none."""
    counted = rows.with_columns(owners=pl.len().over("account_id").cast(pl.UInt16)).join(equity, on="account_id", how="left")
    held = split_amounts(counted.filter(pl.col("equity").is_not_null()), "equity", ["account_id"]).select("row_id", "part")
    return counted.join(held, on="row_id", how="left").sort("account_id", "b", "valid_from")


def _by_account(rows: pl.DataFrame) -> pl.DataFrame:
    sums = [pl.col("part").filter(pl.col("state") == state).sum().alias(state) for state in STATES]
    return rows.group_by("account_id").agg(
        pl.len().cast(pl.Int64).alias("owners"),
        pl.col("share").sum(),
        *sums,
        (pl.col("state") == "pending").any().alias("is_pending"),
        (pl.col("state") == "suspended").any().alias("is_suspended"),
        pl.col("recording_id").max(),
        pl.col("broker_no").alias("broker_nos"),
        pl.col("share").alias("shares"),
        pl.col("state").alias("states"),
    )


def _partners(known: int) -> pl.DataFrame:
    """Every broker and every branch: PARTNER, by one question. The name and kind of one of whom nothing was known yet are empty."""
    (person, is_his), (house, is_its) = version_of(BrokerVersion, Broker.id, known), version_of(BranchVersion, Branch.id, known)
    brokers = select(literal("broker"), Broker.id, Broker.broker_no, person.name, person.kind).outerjoin(person, is_his)
    branches = select(literal("branch"), Branch.id, Branch.branch_no, house.name, literal("")).outerjoin(house, is_its)
    return read_frame(union_all(brokers, branches), PARTNER)


def _sum(accounts: pl.DataFrame, column: str) -> tuple[int, int]:
    return accounts.height, int(accounts[column].sum() or 0)
