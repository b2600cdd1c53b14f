"""Adjustments (commission rules §6, 4): amounts entered by hand for an open month, booked once a second person approved them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select

from models import db
from models.commission import Adjustment, MonthClose
from models.partners import Broker
from portal.actors import Actor
from portal.audit import log
from portal.audit.recordings import open_recording
from portal.bulk import insert_rows
from portal.refusals import Conflict, NotFound
from portal.versions import numbers, table_of


class Entry(NamedTuple):
    """One adjustment: the broker's number, the month, the amount in fen, why."""

    broker_no: str
    period: str
    amount: int
    reason: str
    note: str


def closed_periods(periods: Iterable[str]) -> set[str]:
    """Those of some months that are closed: nothing can be booked in them any more."""
    return set(db.session.execute(select(MonthClose.period).where(MonthClose.period.in_(list(periods)))).scalars())


def are_new(entries: list[Entry]) -> list[bool]:
    """For each entry whether it is not booked yet; two equal entries are two bookings."""
    query = select(Broker.broker_no, Adjustment.period, Adjustment.amount, Adjustment.reason, Adjustment.note).join(Broker, Broker.id == Adjustment.broker_id)
    held = Counter(Entry(*row) for row in db.session.execute(query.where(Adjustment.period.in_({entry.period for entry in entries}))))
    new = []
    for entry in entries:
        new.append(not held[entry])
        held[entry] -= bool(held[entry])
    return new


def not_booked(entries: list[Entry]) -> list[Entry]:
    """The entries without those that are booked already."""
    return [entry for entry, new in zip(entries, are_new(entries), strict=True) if new]


def book(entries: list[Entry], approval_id: int, *, actor: Actor, moment: datetime, note: str) -> tuple[int, int]:
    """Book those entries that are not booked yet; returns the recording and how many were booked.

    Raises Conflict where a month was closed meanwhile or all are booked, NotFound for a broker who is not known.
    """
    fresh = not_booked(entries)
    if not fresh:
        raise Conflict("these adjustments are booked already")
    closed = closed_periods(entry.period for entry in fresh)
    if closed:
        raise Conflict("%(period)s is closed; adjustments go to a month that is open", period=min(closed))
    brokers = numbers(Broker, "broker_no")
    unknown = sorted({entry.broker_no for entry in fresh} - set(brokers))
    if unknown:
        raise NotFound("there is no broker %(number)s: import brokers.csv first", number=unknown[0])
    recording = open_recording(actor, moment, "adjustments", note)
    columns = ("broker_id", "period", "amount", "reason", "note", "recording_id", "approval_id")
    rows = ((brokers[entry.broker_no], entry.period, entry.amount, entry.reason, entry.note, recording.id, approval_id) for entry in fresh)
    insert_rows(table_of(Adjustment), columns, rows)
    after = {"approval": approval_id, "count": len(fresh), "amount": sum(entry.amount for entry in fresh), "periods": sorted({entry.period for entry in fresh})}
    log.write(actor, moment, "adjustments.booked", "approval", str(approval_id), after=after)
    return recording.id, len(fresh)
