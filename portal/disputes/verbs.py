"""Putting a question to a line, and what becomes of it. Every step writes an entry that stays and a line of the audit log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from models import db
from models.audit import Approval, ApprovalState
from models.commission import CommissionRun
from models.disputes import ONE_LIVE, Dispute, DisputeEntry, DisputeState, Outcome
from models.partners import Broker
from portal.actors import Actor
from portal.audit import approvals, log
from portal.commission.adjust import Entry, book
from portal.commission.wording import N_
from portal.disputes.policy import sides_of
from portal.disputes.queries import dispute_for
from portal.disputes.states import STEPS, Side
from portal.disputes.telling import tell_of
from portal.permissions import Can
from portal.refusals import Conflict, NotAllowed, Refusal
from portal.webhooks.recording import Happened, record

ADJUST = "disputes.adjustment"
"""The kind of the approval that books what a dispute granted."""
LONGEST = 4000
NEEDS_WORDS = ("answer", "escalate")


@dataclass(frozen=True)
class Line:
    """A line as a reader names it; a rounding line has neither account nor day nor product."""

    period: str
    kind: str
    account_no: str
    trade_date: date | None
    exchange: str
    product: str

    @property
    def key(self) -> str:
        """What tells lines of a broker's month apart, compared without case as the rules do."""
        return "|".join([self.kind, self.account_no, str(self.trade_date or ""), self.exchange.upper(), self.product.upper()])


@dataclass(frozen=True)
class Answer:
    """The firm's answer: whether the broker is right, and what an adjustment should add (fen)."""

    outcome: Outcome
    granted: int = 0


def ask(broker: Broker, line: Line, run: CommissionRun, *, amount: int, evidence: Any, question: str, due_on: date, actor: Actor, moment: datetime) -> Dispute:
    """Put a question to a line of one's own. Raises NotAllowed, Refusal without words, Conflict where one about this line is open."""
    actor.need(Can.DISPUTE_ASK)
    if actor.user_id is None or actor.broker_no != broker.broker_no:
        raise NotAllowed("only broker %(number)s may question this line", number=broker.broker_no)
    words = _words(question, needed=True)
    db.session.execute(select(Broker.id).where(Broker.id == broker.id).with_for_update())  # of two at once, the second finds the first
    held = db.session.execute(select(Dispute).where(Dispute.broker_id == broker.id, Dispute.period == line.period, Dispute.line_key == line.key, ONE_LIVE)).scalar()
    if held is not None:
        raise Conflict("this line is questioned already: %(number)s", number=held.number)
    dispute = Dispute(
        broker_id=broker.id,
        **{name: getattr(line, name) for name in ("period", "kind", "account_no", "trade_date", "exchange", "product")},
        line_key=line.key,
        run_id=run.id,
        amount=amount,
        evidence=evidence,
        state=DisputeState.OPEN,
        opened_at=moment,
        opened_by_id=actor.user_id,
        due_on=due_on,
        outcome="",
        granted=0,
    )
    db.session.add(dispute)
    db.session.flush()
    _note(dispute, Side.BROKER, "opened", words, actor, moment)
    record("dispute.opened", _told(dispute, broker.broker_no), moment)
    return dispute


def step(dispute_id: int, name: str, actor: Actor, moment: datetime, *, words: str = "", answer: Answer | None = None, due_on: date | None = None) -> Dispute:
    """Take a step of the table. `answer` comes with `answer` and with the `close` of an escalated dispute, `due_on` with `escalate`.

    Raises NotFound; NotAllowed for the wrong side, for an answer by who asked, and for an escalated one decided by who answered;
    Conflict where the state has no such step; Refusal where words are missing.
    """
    dispute, broker_no = dispute_for(actor, dispute_id, lock=True)
    taken = STEPS.get((DisputeState(dispute.state), name))
    if taken is None:
        raise Conflict("%(number)s is in another state by now: %(state)s", number=dispute.number, state=dispute.state)
    if taken.side not in sides_of(actor, broker_no):
        raise NotAllowed("this step belongs to the other side")
    escalated = dispute.state == DisputeState.ESCALATED
    said = _words(words, needed=name in NEEDS_WORDS or (name == "close" and escalated))
    if taken.side is Side.DESK and actor.user_id == dispute.opened_by_id:
        raise NotAllowed("who put the question may not answer it")
    if name == "close" and escalated and actor.user_id == dispute.answered_by_id:
        raise NotAllowed("an escalated dispute is decided by somebody else than who answered it")
    if name == "answer" or (name == "close" and escalated):
        _answer(dispute, answer)
        dispute.answered_by_id = actor.user_id
    if name == "take":
        dispute.taken_by_id = actor.user_id
    if due_on is not None and name == "escalate":
        dispute.due_on = due_on
    dispute.state = _after(dispute, name, taken.to)
    _note(dispute, taken.side, name, said, actor, moment)
    if name == "answer" or (name == "close" and escalated):
        record("dispute.answered", _told(dispute, broker_no, outcome=str(dispute.outcome)), moment)
    return dispute


def _after(dispute: Dispute, name: str, to: DisputeState) -> DisputeState:
    """Where a step leads. What an escalation grants still has to be booked: the dispute stays accepted until it is."""
    return DisputeState.ACCEPTED if name == "close" and dispute.state == DisputeState.ESCALATED and dispute.granted else to


def prepare_adjustment(dispute_id: int, period: str, actor: Actor, moment: datetime) -> Approval:
    """Put what an accepted dispute granted before a second person, as an adjustment of an open month. Raises NotFound, NotAllowed, Conflict."""
    actor.need(Can.DISPUTE_ANSWER)
    dispute, broker_no = dispute_for(actor, dispute_id, lock=True)
    before = db.session.get(Approval, dispute.approval_id) if dispute.approval_id else None
    if dispute.state != DisputeState.ACCEPTED or not dispute.granted:
        raise Conflict("%(number)s grants nothing that could be booked now", number=dispute.number)
    if before is not None and before.state in (ApprovalState.WAITING, ApprovalState.APPROVED):
        raise Conflict("the adjustment of %(number)s waits for a second person already", number=dispute.number)
    row = Entry(broker_no, period, dispute.granted, "dispute", dispute.number)
    preview = {"dispute": dispute.number, "line": dispute.line_key, "amount": dispute.granted, "broker": broker_no, "period": period}
    approval = approvals.prepare(actor, moment, kind=ADJUST, subject=dispute.number, payload={"dispute": dispute.id, "row": list(row)}, preview=preview)
    dispute.approval_id = approval.id
    return approval


def _book(approval: Approval, approver: Actor, moment: datetime) -> None:
    """What the approval does: it books the adjustment and closes the dispute."""
    dispute = db.session.execute(select(Dispute).where(Dispute.id == approval.payload["dispute"]).with_for_update()).scalar_one()
    if dispute.state != DisputeState.ACCEPTED:
        raise Conflict("%(number)s is in another state by now: %(state)s", number=dispute.number, state=dispute.state)
    preparer = Actor(approval.prepared_by_id, approval.prepared_label)
    book([Entry(*approval.payload["row"])], approval.id, actor=preparer, moment=moment, note=f"{dispute.number}, approved by {approver.label}")
    dispute.state = DisputeState.CLOSED
    _note(dispute, Side.DESK, "adjusted", "", approver, moment)


def _answer(dispute: Dispute, answer: Answer | None) -> None:
    if answer is None:
        raise Refusal("an answer says whether the line stands or the broker is right")
    if answer.granted and answer.outcome is not Outcome.UPHELD:
        raise Refusal("an amount goes only with an answer that says the broker is right")
    dispute.outcome, dispute.granted = answer.outcome, answer.granted


def _words(text: str, *, needed: bool) -> str:
    words = text.strip()
    if needed and len(words) < 4:
        raise Refusal("say it in a few words: at least four characters")
    if len(words) > LONGEST:
        raise Refusal("this is too long: %(length)s characters, at most %(most)s", length=len(words), most=LONGEST)
    return words


def _note(dispute: Dispute, side: Side, action: str, words: str, actor: Actor, moment: datetime) -> None:
    """Write down a step. The log keeps codes and amounts only; the words stand in the entry."""
    entry = DisputeEntry(dispute_id=dispute.id, at=moment, actor_id=actor.user_id, actor_label=actor.label, by_desk=side is Side.DESK, action=action, text=words)
    db.session.add(entry)
    after: dict[str, Any] = {"state": dispute.state, "line": dispute.line_key, "period": dispute.period, "due_on": str(dispute.due_on)}
    if dispute.outcome:
        after |= {"outcome": dispute.outcome, "granted": dispute.granted}
    log.write(actor, moment, f"dispute.{action}", "dispute", dispute.number, after=after)
    broker = db.session.get_one(Broker, dispute.broker_id)
    tell_of(dispute, side, action, broker.broker_no, actor, moment)


def _told(dispute: Dispute, broker_no: str, **more: str) -> list[Happened]:
    """A dispute as other systems are told of it."""
    return [Happened(dispute.number, f"/disputes/{dispute.id}", {"month": dispute.period, "broker_no": broker_no, **more})]


approvals.register(ADJUST, Can.IMPORT_APPROVE, _book, label=N_("Adjustment from a dispute"), amounts=("amount",))
