"""Holding back what is payable to a broker (暂扣): with a reason, until somebody ends it. What is payable stays payable; nothing is taken off."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from models import db
from models.partners import Broker
from models.payouts import HoldWhy, PayoutHold
from portal.actors import Actor
from portal.audit import log
from portal.commission.payouts import hold_payouts
from portal.fields import one_line
from portal.permissions import Can
from portal.refusals import Conflict, Refusal

SHORTEST, LONGEST = 4, 400


def hold_of(broker_id: int) -> PayoutHold | None:
    """What holds a broker's payments back now."""
    return db.session.execute(select(PayoutHold).where(PayoutHold.broker_id == broker_id, PayoutHold.ended_at.is_(None))).scalar_one_or_none()


def place(broker: Broker, why: str, note: str, *, actor: Actor, moment: datetime) -> PayoutHold:
    """Hold a broker's payments back from now on; a run that waits for its second person cannot be approved with him any more.
    Raises NotAllowed; Refusal without a coded reason and a note; Conflict where they are held already."""
    actor.need(Can.PAYOUT_PREPARE)
    if why not in set(HoldWhy):
        raise Refusal("choose why the payments are held back")
    note = _words(note)
    hold_payouts()
    if hold_of(broker.id) is not None:
        raise Conflict("the payments of %(broker)s are held back already", broker=broker.broker_no)
    row = PayoutHold(broker_id=broker.id, why=why, note=note, since=moment, placed_label=actor.label, ended_label="", ended_note="")
    db.session.add(row)
    db.session.flush()
    log.write(actor, moment, "payout.held", "broker", broker.broker_no, after={"hold": row.id, "why": why}, reason=note)
    return row


def end(broker: Broker, note: str, *, actor: Actor, moment: datetime) -> None:
    """Let a broker's payments go again: they are in the next run, which a second person approves. Raises NotAllowed, Refusal, Conflict."""
    actor.need(Can.PAYOUT_PREPARE)
    note = _words(note)
    hold_payouts()
    row = hold_of(broker.id)
    if row is None:
        raise Conflict("the payments of %(broker)s are not held back", broker=broker.broker_no)
    row.ended_at, row.ended_label, row.ended_note = moment, actor.label, note
    log.write(actor, moment, "payout.hold_ended", "broker", broker.broker_no, after={"hold": row.id}, reason=note)
    db.session.flush()


def _words(note: str) -> str:
    said = one_line(note)
    if not SHORTEST <= len(said) <= LONGEST:
        raise Refusal("say in %(shortest)s to %(longest)s characters why: it stands in the audit log", shortest=SHORTEST, longest=LONGEST)
    return said
