"""Which rows a transfer would write: those of each account before and after, who looks after it, and who stands above whom.

Reads the rows as believed now, a few queries whatever the number of accounts, and decides in `portal/transfers/spans.py`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select

from models import db
from models.attribution import Attribution
from models.clients import Account, Servicing, ServicingRole
from models.partners import Broker, Staff, Upline
from models.transfers import TransferKind
from portal.attribution.history import Claim
from portal.partners.here import left
from portal.refusals import NotFound, Refusal
from portal.transfers.asked import Asked
from portal.transfers.spans import Handing, handed_over, told
from portal.versions import current, numbers

AT_ONCE = 900
"""Ids in one condition: below every database's limit of parameters."""


@dataclass(frozen=True)
class AccountRows:
    """An account's attribution rows before and after."""

    account_id: int
    account_no: str
    before: tuple[Claim, ...]
    after: tuple[Claim, ...]


@dataclass(frozen=True)
class Served:
    """A servicing row that ends, and the one that begins."""

    account_id: int
    account_no: str
    old: dict[str, Any] | None
    staff_no: str


@dataclass
class Proposal:
    """Everything that a transfer would write; `below` are the numbers of the brokers who come below the new owner."""

    asked: Asked
    accounts: list[AccountRows] = field(default_factory=list)
    served: list[Served] = field(default_factory=list)
    below: list[dict[str, Any]] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """What a second person is shown and approves: rows before and after, by account."""
        return {
            "accounts": [{"account": one.account_no, "before": [told(row) for row in one.before], "after": [told(row) for row in one.after]} for one in self.accounts],
            "servicing": [{"account": one.account_no, "was": one.old["staff_no"] if one.old else "", "will_be": one.staff_no} for one in self.served],
            "downline": [row["broker_no"] for row in self.below],
        }


def proposal(asked: Asked) -> Proposal:
    """What a transfer would write now. Raises Refusal, NotFound, and Conflict where an account has nothing to hand over."""
    asked = asked.checked()
    brokers = numbers(Broker, "broker_no")
    for number in filter(None, (asked.from_broker, asked.to_broker)):
        if number not in brokers:
            raise NotFound("there is no broker %(number)s", number=number)
    accounts = _accounts(asked, brokers)
    handing = Handing(asked.from_broker or None, asked.to_broker or None, asked.day, asked.confirmed_on)
    claims = claims_of(list(accounts))
    found = Proposal(asked)
    for account_id, account_no in sorted(accounts.items(), key=lambda item: item[1].encode()):
        before = claims.get(account_id, [])
        found.accounts.append(AccountRows(account_id, account_no, tuple(before), tuple(handed_over(before, handing))))
    if asked.servicer:
        found.served = _served(asked, accounts)
    if asked.downline:
        found.below = _below(brokers[asked.from_broker], asked.day)
    return found


def claims_of(account_ids: list[int]) -> dict[int, list[Claim]]:
    """The attribution rows of accounts as believed now, by their days."""
    held: dict[int, list[Claim]] = defaultdict(list)
    for start in range(0, len(account_ids), AT_ONCE):
        row = current(Attribution, None, Attribution.account_id.in_(account_ids[start : start + AT_ONCE])).subquery()
        query = select(row.c.account_id, Broker.broker_no, row.c.valid_from, row.c.valid_to, row.c.share, row.c.state, row.c.confirmed_on)
        for account_id, *values in db.session.execute(query.join(Broker, Broker.id == row.c.broker_id)):
            held[account_id].append(Claim(*values))
    return {account: sorted(rows, key=lambda claim: (claim.valid_from, claim.broker_no.encode())) for account, rows in held.items()}


def _accounts(asked: Asked, brokers: dict[str, int]) -> dict[int, str]:
    """The accounts that move, by id: the named ones, or all of which the old owner holds something from the day on."""
    if asked.kind is TransferKind.BOOK:
        row = current(Attribution).subquery()
        book = select(row.c.account_id).where(row.c.broker_id == brokers[asked.from_broker], row.c.valid_to > asked.day)
        found = dict(db.session.execute(select(Account.id, Account.account_no).where(Account.id.in_(book))).all())
        if not found:
            raise Refusal("broker %(number)s has no account from %(day)s on", number=asked.from_broker, day=asked.day)
        return found
    found = {}
    for start in range(0, len(asked.accounts), AT_ONCE):
        found |= dict(db.session.execute(select(Account.id, Account.account_no).where(Account.account_no.in_(asked.accounts[start : start + AT_ONCE]))).all())
    missing = set(asked.accounts) - set(found.values())
    if missing:
        raise NotFound("there is no account %(number)s", number=min(missing))
    return found


def _served(asked: Asked, accounts: dict[int, str]) -> list[Served]:
    """Who looks after the accounts from the day on, where that is somebody else."""
    known = numbers(Staff, "staff_no")
    if asked.servicer not in known:
        raise NotFound("there is no staff member %(number)s", number=asked.servicer)
    if left([known[asked.servicer]], asked.day):
        raise Refusal("%(number)s has left the firm by %(day)s: clients are given to people who are there", number=asked.servicer, day=asked.day)
    names = {key: number for number, key in known.items()}
    ids, found = list(accounts), []
    for start in range(0, len(ids), AT_ONCE):
        row = current(Servicing, None, Servicing.account_id.in_(ids[start : start + AT_ONCE])).subquery()
        held = defaultdict(list)
        serving = (row.c.role == ServicingRole.SERVICER.value) & (row.c.valid_to > asked.day) & (row.c.valid_from <= asked.day)
        for one in db.session.execute(select(row).where(serving)).mappings():
            held[one["account_id"]].append({**one, "staff_no": names[one["staff_id"]]})
        for account_id in ids[start : start + AT_ONCE]:
            old = held.get(account_id, [])
            if not any(one["staff_no"] == asked.servicer for one in old):
                rows: list[dict[str, Any] | None] = [*old] if old else [None]
                found += [Served(account_id, accounts[account_id], one, asked.servicer) for one in rows]
    return found


def _below(broker_id: int, day: date) -> list[dict[str, Any]]:
    """The upline rows of the brokers directly below somebody on a day or after it."""
    row = current(Upline).subquery()
    query = select(row, Broker.broker_no).join(Broker, Broker.id == row.c.broker_id).where(row.c.upline_id == broker_id, row.c.valid_to > day)
    return [dict(one) for one in db.session.execute(query.order_by(Broker.broker_no)).mappings()]
