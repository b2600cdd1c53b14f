"""The persons of a period: leads registered in it and accounts opened in it, with what they brought. A fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Any

import polars as pl
from sqlalchemy import Select, case, exists, func, literal, or_, select
from sqlalchemy.orm import aliased

from models import db
from models.channels import LeadChannel
from models.clients import Account, AccountVersion
from models.leads import Campaign, Claim, Lead, LeadEntry, LeadState
from models.rollups import Channel
from models.settlement import Balance, SettlementDay, Trade
from models.values.calendar import Month
from portal.attribution.channels import came_by
from portal.channels.claims import By, Said, channel_of, parts
from portal.channels.economics import Won
from portal.clients.queries import newest_version
from portal.commission.by_account import Run, paid_for, runs_between

QUALIFIED = (LeadState.QUALIFIED, LeadState.SUITABILITY_PASSED, LeadState.ACCOUNT_OPENED, LeadState.ACTIVE)


@dataclass(frozen=True)
class Person:
    """A person of the period as a list shows him: by the lead's number, the account's, or both."""

    lead_no: str
    account_no: str
    registered_on: date | None
    opened_on: date | None
    won: Won
    lead_id: int | None = None
    account_id: int | None = None

    def is_one(self, what: str) -> bool:
        """Whether a number of this name counts the person: leads, qualified, opened, active."""
        won = self.won
        return {"leads": won.lead, "qualified": won.lead and won.qualified, "opened": won.opened, "active": won.opened and won.active}[what]


@dataclass
class _Opened:
    account_no: str
    opened_on: date
    channel: LeadChannel
    retained_fee: int = 0
    traded: bool = False
    equity: int = 0
    commission: int = 0


def people_of(first: Month, last: Month, branch_id: int | None, paid: Callable[[tuple[Run, ...]], pl.DataFrame] = paid_for) -> list[Person]:
    """Everybody who was registered or opened an account from a month to a month, of a branch or the firm. `paid` answers as `paid_for` does."""
    opened = _opened(first, last, branch_id)
    _traded(opened, first, last, branch_id)
    _paid(opened, first, last, paid)
    return _divided(opened, first, last, branch_id)


def counted(first: Month, last: Month, branch_id: int | None, by: By, channel: LeadChannel | None, what: str) -> list[Person]:
    """Those of them whom one number of the channels counts; all channels where none is named. What was paid for them is left out."""
    opened = _opened(first, last, branch_id)
    _traded(opened, first, last, branch_id)
    return [one for one in _divided(opened, first, last, branch_id) if one.is_one(what) and (channel is None or channel in one.won.parts[by])]


def _divided(opened: dict[int, _Opened], first: Month, last: Month, branch_id: int | None) -> list[Person]:
    """The persons, each divided over the channels that claim him."""
    leads = db.session.execute(_leads(first, last, branch_id)).all()
    said = _claims(first, last, branch_id)
    found, known = [], set()
    for row in leads:
        account = opened.get(row.account_id)
        known.add(row.account_id)
        claims = said.get(row.id) or [Said(row.registered_at, channel_of("firm", row.campaign_kind))]
        registered = first.first <= row.registered_at.date() <= last.last
        is_qualified = row.state in QUALIFIED or row.qualified
        one = _person(row, account, claims, registered=registered, qualified=is_qualified, last=last)
        found.append(replace(one, lead_id=row.id, account_id=row.account_id if account else None))
    for key, account in opened.items():
        if key not in known:
            claims = [Said(datetime.min.replace(tzinfo=UTC), account.channel)]
            found.append(replace(_person(None, account, claims, registered=False, qualified=False, last=last), account_id=key))
    return found


def _person(row: Any, account: _Opened | None, claims: list[Said], *, registered: bool, qualified: bool, last: Month) -> Person:
    opened_at = datetime.combine(account.opened_on, time.max, UTC) if account else None
    divided = {by: parts(claims, opened_at, by) for by in By}
    won = Won(divided, lead=registered, qualified=qualified)
    if account:
        months = (last.last.year - account.opened_on.year) * 12 + last.last.month - account.opened_on.month + 1
        days = max((account.opened_on - row.registered_at.date()).days, 0) if row else None
        won = Won(divided, registered, qualified, True, account.traded, account.equity, account.retained_fee, account.commission, months, days)
    number = f"L{row.registered_at:%Y}-{row.id:05d}" if row else ""
    return Person(number, account.account_no if account else "", row.registered_at.date() if row else None, account.opened_on if account else None, won)


def _in_period(first: Month, last: Month, branch_id: int | None) -> Select[Any]:
    """The keys of the leads of the period: registered in it, or with an account that opened in it."""
    start, end = datetime.combine(first.first, time.min, UTC), datetime.combine(last.last, time.max, UTC)
    accounts = select(AccountVersion.account_id).where(newest_version(), AccountVersion.opened_on.between(first.first, last.last))
    query = select(Lead.id).where(Lead.state != LeadState.MERGED, or_(Lead.registered_at.between(start, end), Lead.account_id.in_(accounts)))
    return query if branch_id is None else query.where(Lead.branch_id == branch_id)


def _leads(first: Month, last: Month, branch_id: int | None) -> Select[*tuple[Any, ...]]:
    """The leads of the period; `qualified`: they were so once, whatever became of them."""
    qualified = exists().where(LeadEntry.lead_id == Lead.id, LeadEntry.action == "qualify").label("qualified")
    query = select(Lead.id, Lead.state, Lead.registered_at, Lead.account_id, qualified, Campaign.kind.label("campaign_kind")).outerjoin(Campaign, Campaign.id == Lead.campaign_id)
    return query.where(Lead.id.in_(_in_period(first, last, branch_id))).order_by(Lead.id)


def _claims(first: Month, last: Month, branch_id: int | None) -> dict[int, list[Said]]:
    query = select(Claim.lead_id, Claim.registered_at, Claim.kind, Campaign.kind.label("campaign")).outerjoin(Campaign, Campaign.id == Claim.campaign_id)
    found: dict[int, list[Said]] = defaultdict(list)
    for row in db.session.execute(query.where(Claim.lead_id.in_(_in_period(first, last, branch_id))).order_by(Claim.registered_at, Claim.id)):
        found[row.lead_id].append(Said(row.registered_at, channel_of(row.kind, row.campaign)))
    return found


def _opened_ids(first: Month, last: Month, branch_id: int | None) -> Select[Any]:
    query = select(AccountVersion.account_id).where(newest_version(), AccountVersion.opened_on.between(first.first, last.last))
    return query if branch_id is None else query.where(AccountVersion.branch_id == branch_id)


def _opened(first: Month, last: Month, branch_id: int | None) -> dict[int, _Opened]:
    came = case(*((came_by(channel, Account.id, last.last), literal(channel.value)) for channel in (Channel.BROKER, Channel.STAFF)), else_=literal(Channel.DIRECT.value))
    query = select(Account.id, Account.account_no, AccountVersion.opened_on, came).join(AccountVersion, AccountVersion.account_id == Account.id)
    rows = db.session.execute(query.where(newest_version(), Account.id.in_(_opened_ids(first, last, branch_id))))
    return {key: _Opened(number, day, LeadChannel(channel)) for key, number, day, channel in rows if day is not None}


def _traded(opened: dict[int, _Opened], first: Month, last: Month, branch_id: int | None) -> None:
    """What the accounts paid in retained fee in the period, and their equity on its last settled day."""
    if not opened:
        return
    newer = aliased(Balance)
    newest = select(func.max(newer.version)).where(newer.trade_date == Trade.trade_date, newer.account_id == Trade.account_id).scalar_subquery()
    query = select(Trade.account_id, func.sum(Trade.fee - Trade.exchange_fee)).where(Trade.version == newest, Trade.trade_date.between(first.first, last.last))
    for key, retained in db.session.execute(query.where(Trade.account_id.in_(_opened_ids(first, last, branch_id))).group_by(Trade.account_id)):
        opened[key].retained_fee, opened[key].traded = int(retained), True
    day = select(func.max(SettlementDay.trade_date)).where(SettlementDay.trade_date <= last.last).scalar_subquery()
    newest = select(func.max(newer.version)).where(newer.trade_date == Balance.trade_date, newer.account_id == Balance.account_id).scalar_subquery()
    held = select(Balance.account_id, Balance.equity).where(Balance.trade_date == day, Balance.version == newest, ~Balance.gone)
    for key, equity in db.session.execute(held.where(Balance.account_id.in_(_opened_ids(first, last, branch_id)))):
        opened[key].equity = equity


def _paid(opened: dict[int, _Opened], first: Month, last: Month, paid: Callable[[tuple[Run, ...]], pl.DataFrame]) -> None:
    """What the months of the period pay brokers for the accounts, corrections included; an open month by its preview."""
    if opened:
        sums = paid(runs_between(first, last))
        for key, amount in sums.filter(pl.col("account_id").is_in(list(opened))).iter_rows():
            opened[key].commission = amount
