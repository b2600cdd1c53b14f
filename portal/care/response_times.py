"""The response time that a client has a claim to, and when it is over: the rule of the day, whether he is a key client, the trading calendar."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import select

from models import db
from models.clients import Account, AccountVersion
from models.settlement import Balance
from portal.care import settings
from portal.care.due import trading_ahead
from portal.care.key_clients import KeyRule, cut_offs, is_key
from portal.care.response import ResponseTime, due_at, read
from portal.clients.balances import held
from portal.clients.queries import newest_version


@dataclass(frozen=True)
class Now:
    """When something is done: the moment, its day and the time zone where the firm is, and the last settled day."""

    moment: datetime
    today: date
    settled: date
    zone: ZoneInfo


class Running(NamedTuple):
    """Something whose response time runs: about which account, on what subject, since when."""

    account_id: int
    subject: str
    since: datetime


def keys_among(account_ids: Iterable[int], now: Now) -> set[int]:
    """Which of some accounts are key clients' today."""
    rule = KeyRule.read(settings.values_on(now.today))
    query = select(Account.id).join(AccountVersion, AccountVersion.account_id == Account.id).join(Balance, held(now.settled))
    return set(db.session.execute(query.where(newest_version(), Account.id.in_(list(account_ids)), is_key(rule, cut_offs(now.settled, rule)))).scalars())


def due_times(these: Sequence[Running], now: Now, times: dict[str, ResponseTime] | None = None) -> list[datetime]:
    """When each response time is over, by the rule that counts today or by `times`. A constant number of questions."""
    if not these:
        return []
    counting, keys = times or read(settings.values_on(now.today)), keys_among({one.account_id for one in these}, now)
    trading = trading_ahead(min(one.since for one in these).astimezone(now.zone).date(), _enough(these, now))
    return [
        due_at(one.since, counting[one.subject].of(is_key=one.account_id in keys), [day for day in trading if day >= one.since.astimezone(now.zone).date()], now.zone)
        for one in these
    ]


def _enough(these: Sequence[Running], now: Now) -> int:
    """So many trading days are certainly enough from the first of these on: all those up to the last one, and 30 more."""
    days = [one.since.astimezone(now.zone).date() for one in these]
    return (max(days) - min(days)).days + 30
