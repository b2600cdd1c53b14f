"""Transfers at the door: what one would move, rehearsed as a job; and what an approved one sets off."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy import select

from models import db
from models.audit import Approval
from models.clients import Account
from models.identity import User
from models.partners import Broker
from models.settlement import SettlementDay
from models.transfers import Transfer
from models.values.calendar import Month
from portal import clock
from portal.actors import Actor
from portal.audit import approvals
from portal.audit.recordings import last_recording_id, open_recording
from portal.commission.month import Progress
from portal.commission.moved import moved
from portal.imports.context import Context
from portal.imports.masters import renew_sums
from portal.imports.moves import of_month, reached
from portal.jobs.handlers import Work, handler
from portal.jobs.law import jurisdiction
from portal.jobs.refresh import ask_for_refresh
from portal.jobs.verbs import enqueue
from portal.keys import keyring
from portal.local_day import day_of
from portal.notices.kinds import N_, register
from portal.notices.verbs import tell
from portal.permissions import Can
from portal.refusals import Conflict
from portal.rehearsal import rehearsal
from portal.transaction import transaction
from portal.transfers import verbs
from portal.transfers.asked import from_plain
from portal.transfers.proposal import proposal
from portal.transfers.writing import write_rows

PREVIEW = "transfers.preview"
"""The kind of the job. Argument: `transfer` (its id)."""
TOLD = ("earned", "corrections", "payable", "withholding", "net")
LISTED = 2_000
"""So many spans are kept with a transfer, those that move most first; the rest is counted."""

register("transfer.done", N_("%(number)s: accounts changed hands from %(day)s on (%(accounts)s in all)."), "clients", label=N_("Accounts change hands"))


def ask_for_preview(transfer: Transfer, actor: Actor, moment: datetime) -> str:
    """Ask for the job inside the open transaction; returns its public id."""
    return enqueue(actor, moment, PREVIEW, {"transfer": transfer.id}).public_id


@handler(PREVIEW)
def preview_job(work: Work) -> dict[str, Any]:
    """Rehearse the transfer, price what it moves, keep that. Once more is the same as once."""
    work.actor.need(Can.TRANSFER_PREPARE)
    transfer = db.session.get_one(Transfer, work.arguments["transfer"])
    public_id, asked = transfer.public_id, from_plain(transfer.asked)
    with rehearsal(Path(current_app.config["PORTAL"].instance) / "rehearsals"):
        known = last_recording_id(real=True)
        found = proposal(asked)
        recording = open_recording(work.actor, clock.now(), "transfer")
        write_rows(found, recording.id, day_of(clock.now()), jurisdiction(), keyring())
        money, rows = money_moved(asked.day, known, recording.id, work.progress), found.plain()
        if last_recording_id(real=True) != known:
            raise Conflict("something was recorded while this was previewed: preview it again")
    with transaction():
        verbs.keep_preview(work.arguments["transfer"], money, rows, known)
    return {"transfer": public_id}


def money_moved(day: date, before: int, after: int, progress: Progress) -> dict[str, Any]:
    """What the settled days from the day on pay differently: by statement of the months that pay it, by broker, and by span (fen)."""
    last = db.session.execute(select(SettlementDay.trade_date).order_by(SettlementDay.trade_date.desc()).limit(1)).scalar()
    if last is None or last < day:
        return {"months": [], "brokers": [], "spans": [], "more_spans": 0}
    first, end = Month.of(day), Month.of(last)
    found = moved(first, end, before, after, progress)
    brokers = dict(db.session.execute(select(Broker.id, Broker.broker_no)).all())
    days = [max(day, month.first) for month in first.until(end)]
    months = [of_month(month, origins, progress, TOLD) for month, origins in reached(days).items()]
    totals = [{"broker_no": brokers[broker], "amount": new - old} for broker, old, new in found.totals.iter_rows() if new != old]
    spans = sorted(found.rows.iter_rows(named=True), key=lambda row: (-abs(row["amount"]), row["first_day"], row["account_id"] or 0))
    numbers = dict(db.session.execute(select(Account.id, Account.account_no).where(Account.id.in_({row["account_id"] for row in spans[:LISTED]} - {None}))).all())
    return {
        "months": months,
        "brokers": sorted(totals, key=lambda row: row["broker_no"].encode()),
        "spans": [_span(row, numbers, brokers) for row in spans[:LISTED]],
        "more_spans": max(0, len(spans) - LISTED),
    }


def _span(row: dict[str, Any], numbers: dict[int, str], brokers: dict[int, str]) -> dict[str, Any]:
    told = {name: str(row[name]) for name in ("first_day", "last_day", "cause", "before", "after")}
    return {**told, "account": numbers.get(row["account_id"], ""), "days": row["days"], "broker_no": brokers.get(row["broker_id"], ""), "amount": row["amount"]}


def _effect(approval: Approval, approver: Actor, moment: datetime) -> None:
    """What an approved transfer does: rows, sums that count otherwise now, open months anew, and word to whom it concerns."""
    transfer = verbs.do(approval, approver, moment, day_of(moment), jurisdiction(), keyring())
    renew_sums(transfer.effective_on, Context(approver, moment, keyring()))
    ask_for_refresh(approver, moment)
    numbers = [transfer.asked["from_broker"], transfer.asked["to_broker"]]
    people = db.session.execute(select(User.id).where(User.broker_no.in_(numbers) | ((User.staff_no == transfer.asked["servicer"]) & (User.staff_no != "")))).scalars()
    values = {"number": transfer.number, "day": transfer.asked["day"], "accounts": len(transfer.rows["accounts"])}
    tell(sorted(people), "transfer.done", "/clients", values, actor=approver, moment=moment)


approvals.register(verbs.TRANSFER, Can.TRANSFER_APPROVE, _effect, label="Transfer of attribution", amounts=("amount", *TOLD))
