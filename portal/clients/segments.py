"""Client segments (客户分群): conditions on size, kind, age of the account, value and engagement, and the clients who meet them.

The same conditions, day and moment always mean the same accounts. A segment stores nobody: who is in it is found in one question when it
is asked. Any room to the right may use `meets`; its own visibility comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import polars as pl
from sqlalchemy import ColumnElement, and_, exists, func, or_, select, true
from sqlalchemy.orm import aliased

from models.care import Contact, ContactOutcome
from models.clients import Account, AccountVersion
from models.club import Booking, CheckIn, Seat
from models.partners import PersonKind
from models.settlement import Balance, SettlementDay, Trade
from models.values.months import months_later
from portal.bulk import listed
from portal.clients.balances import is_newest
from portal.refusals import Refusal

YEAR = timedelta(days=365)
MOST_DAYS, MOST_MONTHS, MOST_EVENTS = 3650, 600, 1000
LARGEST = 10**15


class AsOf(NamedTuple):
    """As of when conditions are looked at: the day and the moment, and the last settled day (balances and trades reach so far).

    `among`: a selection of the ids of the only accounts that are asked about. It changes no answer about them; the balances, trades and contacts
    of others are then not read. `kept` gives what every account came to up to the settled day (account, fee, traded_on; None where that is not kept):
    it changes no answer either, but a year of all trades is then not read."""

    day: date
    moment: datetime
    settled: date
    among: Any = None
    kept: Callable[[], pl.DataFrame | None] = lambda: None

    def of(self, account_id: Any) -> ColumnElement[bool]:
        """The condition that a row is about an account that is asked about."""
        return true() if self.among is None else account_id.in_(self.among)


@dataclass(frozen=True)
class Conditions:
    """What a client must meet; all of those that are named, and None names nothing. Both ends of a range are in it.

    Amounts are fen: `equity_*` of the last settled day (no balance is 0), `fee_*` the retained fee of the 365 days up to it. `age_*`: whole months
    since the account was opened (an unknown day meets none). `no_trade_for`, `no_contact_for`: at least so many days without one, also where there
    never was one; `traded_within`, `contacted_within`: one in the last so many days. `events_from`: evenings of the club that he himself attended in 365 days.
    """

    equity_from: int | None = None
    equity_to: int | None = None
    kind: str | None = None
    age_from: int | None = None
    age_to: int | None = None
    fee_from: int | None = None
    fee_to: int | None = None
    no_trade_for: int | None = None
    traded_within: int | None = None
    no_contact_for: int | None = None
    contacted_within: int | None = None
    events_from: int | None = None

    def kept(self) -> dict[str, Any]:
        """What is stored: the named conditions alone."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> Conditions:
        """From what was stored; what a later version does not know any more is left out."""
        return cls(**{one.name: kept[one.name] for one in fields(cls) if one.name in kept})

    def checked(self) -> Conditions:
        """Itself. Raises Refusal where nothing is named, a number is out of its range, or no client could meet both ends."""
        if not self.kept():
            raise Refusal("name at least one condition: a segment of everybody is the list itself")
        if self.kind is not None and self.kind not in set(PersonKind):
            raise Refusal("“%(given)s” is no kind of client", given=self.kind[:40])
        for name, value in self.kept().items():
            most = LARGEST if name.startswith(("equity", "fee")) else MOST_MONTHS if name.startswith("age") else MOST_EVENTS if name.startswith("events") else MOST_DAYS
            if name != "kind" and not (-LARGEST if name.startswith(("equity", "fee")) else 0) <= value <= most:
                raise Refusal("%(given)s is more than a condition can ask", given=value)
        for low, high in ((self.equity_from, self.equity_to), (self.fee_from, self.fee_to), (self.age_from, self.age_to)):
            if low is not None and high is not None and low > high:
                raise Refusal("the lower end of a condition lies above its upper end")
        return self


def meets(wanted: Conditions, as_of: AsOf) -> ColumnElement[bool]:
    """The condition, on Account and AccountVersion, that a client meets all that is wanted. One question, whatever the number of clients."""
    return and_(true(), *_size(wanted, as_of), *_age(wanted, as_of), *_value(wanted, as_of), *_trading(wanted, as_of), *_spoken(wanted, as_of), *_events(wanted, as_of))


HELD, TRADED, SAID = aliased(Balance), aliased(Trade), aliased(Contact)
"""Rows of their own: the list around them may read the same tables."""


def _size(wanted: Conditions, as_of: AsOf) -> Sequence[ColumnElement[bool]]:
    held = select(HELD.account_id).where(HELD.trade_date == as_of.settled, ~HELD.gone, is_newest(HELD), as_of.of(HELD.account_id))
    found: list[ColumnElement[bool]] = [AccountVersion.kind == wanted.kind] if wanted.kind else []
    return found + _between(held.where, HELD.equity, wanted.equity_from, wanted.equity_to)


def _between(rows: Callable[[Any], Any], amount: Any, low: int | None, high: int | None) -> list[ColumnElement[bool]]:
    """That an account's amount lies between two ends; `rows` are those that meet a condition. An account without a row counts as 0."""
    found: list[ColumnElement[bool]] = []
    if low is not None:
        found.append(Account.id.in_(rows(amount >= low)) if low > 0 else Account.id.not_in(rows(amount < low)))
    if high is not None:
        found.append(Account.id.in_(rows(amount <= high)) if high < 0 else Account.id.not_in(rows(amount > high)))
    return found


def _age(wanted: Conditions, as_of: AsOf) -> Sequence[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.age_from is not None:
        found.append(AccountVersion.opened_on <= months_later(as_of.day, -wanted.age_from))
    if wanted.age_to is not None:
        found.append(AccountVersion.opened_on > months_later(as_of.day, -wanted.age_to - 1))
    return found


def _traded(since: date, as_of: AsOf) -> Any:
    """The accounts of the trades after a day and up to the settled one, each of the version that counts; a day that was never corrected needs no look."""
    corrected = select(SettlementDay.trade_date).where(SettlementDay.version > 1)
    newest = select(func.max(HELD.version)).where(HELD.trade_date == TRADED.trade_date, HELD.account_id == TRADED.account_id).correlate(TRADED).scalar_subquery()
    counts = or_(TRADED.trade_date.not_in(corrected), TRADED.version == newest)
    return select(TRADED.account_id).where(TRADED.trade_date > since, TRADED.trade_date <= as_of.settled, counts, as_of.of(TRADED.account_id))


def _value(wanted: Conditions, as_of: AsOf) -> Sequence[ColumnElement[bool]]:
    if wanted.fee_from is None and wanted.fee_to is None:
        return []
    rows = _kept(as_of)
    if rows is not None:
        return _between(lambda which: listed(rows.filter(which)["account"]), pl.col("fee"), wanted.fee_from, wanted.fee_to)
    paid = _traded(as_of.settled - YEAR, as_of).group_by(TRADED.account_id)
    return _between(paid.having, func.sum(TRADED.fee - TRADED.exchange_fee), wanted.fee_from, wanted.fee_to)


def _trading(wanted: Conditions, as_of: AsOf) -> Sequence[ColumnElement[bool]]:
    def traded(days: int) -> Any:
        since = as_of.day - timedelta(days=days)
        rows = _kept(as_of) if since >= as_of.settled - YEAR else None
        return _traded(since, as_of) if rows is None else listed(rows.filter(pl.col("traded_on") > since)["account"])

    found: list[ColumnElement[bool]] = []
    if wanted.traded_within is not None:
        found.append(Account.id.in_(traded(wanted.traded_within)))
    if wanted.no_trade_for is not None:
        found.append(Account.id.not_in(traded(wanted.no_trade_for)))
    return found


def _kept(as_of: AsOf) -> pl.DataFrame | None:
    """What every account came to, where all are asked about: of a few their own trades are read sooner."""
    return as_of.kept() if as_of.among is None else None


def _spoken(wanted: Conditions, as_of: AsOf) -> Sequence[ColumnElement[bool]]:
    later = aliased(Contact)

    def reached(days: int) -> Any:
        counts = and_(SAID.outcome == ContactOutcome.REACHED, ~exists().where(later.replaces_id == SAID.id))
        return select(SAID.account_id).where(as_of.of(SAID.account_id), counts, SAID.at > as_of.moment - timedelta(days=days), SAID.at <= as_of.moment)

    found: list[ColumnElement[bool]] = []
    if wanted.contacted_within is not None:
        found.append(Account.id.in_(reached(wanted.contacted_within)))
    if wanted.no_contact_for is not None:
        found.append(Account.id.not_in(reached(wanted.no_contact_for)))
    return found


def _events(wanted: Conditions, as_of: AsOf) -> Sequence[ColumnElement[bool]]:
    if not wanted.events_from:
        return []
    later = aliased(CheckIn)
    last = ~exists().where(later.seat_id == CheckIn.seat_id, later.id > CheckIn.id)
    came = select(Booking.client_no).join(Seat, Seat.booking_id == Booking.id).join(CheckIn, CheckIn.seat_id == Seat.id)
    came = came.where(Booking.client_no != "", Seat.position == 0, last, ~CheckIn.undo, CheckIn.at > as_of.moment - YEAR, CheckIn.at <= as_of.moment)
    return [AccountVersion.client_no.in_(came.group_by(Booking.client_no).having(func.count(Booking.event_id.distinct()) >= wanted.events_from))]
