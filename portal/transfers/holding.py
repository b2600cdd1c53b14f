"""Suspense: the disputed broker's rows are asserted suspended while a case is open, and released as a final decision says.

What is remembered in `ClaimCase.suspended`: `since` (the day the case was opened), `broker`, the rows of each account `before` and
`during`; later `after`, `money` and `goes_to` of the rehearsed release with the recording it was `known` at; at last `recording`.
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from models import db
from models.audit import Approval, ApprovalState
from models.clients import Account
from models.partners import Broker
from models.transfers import ClaimCase, TransferKind, TransferReason
from models.values.calendar import parse_day
from portal.actors import Actor
from portal.audit import approvals, log
from portal.audit.recordings import hold_clock, last_recording_id, open_recording
from portal.permissions import Can
from portal.refusals import Conflict, NotAllowed
from portal.sealing import Keyring
from portal.transfers.asked import Asked
from portal.transfers.case_queries import case_for, claims_of_case, side_of, verdict_of
from portal.transfers.case_states import Side, State, is_final
from portal.transfers.case_telling import tell_of
from portal.transfers.proposal import AccountRows, Proposal, claims_of
from portal.transfers.spans import told
from portal.transfers.suspense import from_plain, held_back, released
from portal.transfers.writing import need_lawful, write_rows

RELEASE = "transfers.case"
"""The kind of the approval that releases what waited in suspense."""


def hold_back(case: ClaimCase, account_ids: tuple[int, ...], broker_id: int, actor: Actor, moment: datetime, today: date, jurisdiction: str) -> None:
    """Suspend the broker's rows of the person's accounts from today on, and remember what they were; earlier days stay."""
    broker = db.session.get_one(Broker, broker_id)
    numbers = dict(db.session.execute(select(Account.id, Account.account_no).where(Account.id.in_(account_ids))).all())
    rows = []
    for account_id, before in claims_of(list(account_ids)).items():
        during = held_back(before, broker.broker_no, today)
        if during != before:
            rows.append(AccountRows(account_id, numbers[account_id], tuple(before), tuple(during)))
    if not rows:
        return
    recording = open_recording(actor, moment, "case", case.number)
    write_rows(Proposal(_asked(case, "", broker.broker_no, today), rows), recording.id, today, jurisdiction)
    accounts = [{"id": one.account_id, "account": one.account_no, "before": [told(row) for row in one.before], "during": [told(row) for row in one.after]} for one in rows]
    case.suspended = {"since": str(today), "broker": broker.broker_no, "held_by": recording.id, "accounts": accounts}
    db.session.flush()


def release(case: ClaimCase, goes_to: Side) -> Proposal:
    """The rows that a release in favour of a side would write. Raises Conflict where they were changed since the case was opened."""
    kept = case.suspended
    if not kept or kept.get("recording"):
        raise Conflict("nothing of %(number)s waits in suspense", number=case.number)
    since, broker = parse_day(kept["since"]), kept["broker"]
    winner = broker if goes_to is Side.HELD else _broker_no(case) if goes_to is Side.CONTESTING else ""
    found = Proposal(_asked(case, "" if winner == broker else broker, winner, since))
    now = claims_of([one["id"] for one in kept["accounts"]])
    for one in kept["accounts"]:
        during, before = from_plain(one["during"]), from_plain(one["before"])
        if now.get(one["id"], []) != during:
            raise Conflict("the rows of account %(account)s were changed since the case was opened: set them right by a transfer", account=one["account"])
        found.accounts.append(AccountRows(one["id"], one["account"], tuple(during), tuple(released(before, broker, winner, since))))
    return found


def outcome(case: ClaimCase) -> Side:
    """In whose favour it would be released now: the winner's; while nothing is decided, or the case was withdrawn, who held it."""
    verdict = verdict_of(case)
    return Side.HELD if verdict is None or case.state == State.WITHDRAWN else verdict


def keep(case_id: int, goes_to: Side, rows: Any, money: Any, known: int) -> None:
    """Keep what a release would write and pay, as known at a recording. What waits for a second person stays as it was shown."""
    case = db.session.execute(select(ClaimCase).where(ClaimCase.id == case_id).with_for_update().execution_options(populate_existing=True)).scalar_one()
    if case.suspended and not waits(case):
        case.suspended = {**case.suspended, "goes_to": goes_to.value, "after": rows, "money": money, "known": known}


def waits(case: ClaimCase) -> bool:
    """Whether a release waits for a second person, or was done."""
    approval = db.session.get(Approval, case.suspended.get("approval", 0)) if case.suspended else None
    return approval is not None and approval.state in (ApprovalState.WAITING, ApprovalState.APPROVED)


def ask_for_release(public_id: str, actor: Actor, moment: datetime, today: date, jurisdiction: str) -> Approval:
    """Put exactly the rehearsed release of a final case before a second person.

    Raises NotFound; NotAllowed for a party; Conflict where it is not final, was not rehearsed for this outcome, or is stale; Stopped
    where a rule forbids who won it the account (a transfer to the house sets the rows right then)."""
    actor.need(Can.CASE_DECIDE)
    hold_clock()
    case = case_for(actor, public_id, lock=True)
    kept = case.suspended or {}
    if not kept or kept.get("recording") or waits(case):
        raise Conflict("nothing of %(number)s waits to be released", number=case.number)
    if not is_final(case.state, case.appeal_until, today):
        raise Conflict("%(number)s may still be appealed: it is released when that time is over", number=case.number)
    if side_of(actor, case) is not None:
        raise NotAllowed("who is a party of a case does not decide it")
    if kept.get("goes_to") != outcome(case) or kept.get("known") != last_recording_id():
        raise Conflict("something was recorded since the release of %(number)s was previewed: preview it again", number=case.number)
    need_lawful(release(case, outcome(case)), jurisdiction)
    payload = {"case": case.id, "digest": digest_of(case), "see": f"/cases/{case.public_id}"}
    approval = approvals.prepare(actor, moment, kind=RELEASE, subject=case.number, payload=payload, preview=_preview(case))
    case.suspended = {**kept, "approval": approval.id}
    return approval


def do_release(approval: Approval, approver: Actor, moment: datetime, today: date, jurisdiction: str, keyring: Keyring | None = None) -> ClaimCase:
    """Write exactly what was approved, inside the approval's transaction. Raises Conflict where it is no longer what was shown, and
    Stopped where a rule forbids it by now."""
    case = db.session.execute(select(ClaimCase).where(ClaimCase.id == approval.payload["case"]).with_for_update().execution_options(populate_existing=True)).scalar_one()
    if side_of(approver, case) is not None:
        raise NotAllowed("who is a party of a case does not decide it")
    if digest_of(case) != approval.payload["digest"] or case.suspended["goes_to"] != outcome(case) or case.suspended["known"] != last_recording_id():
        raise Conflict("something was recorded since the release of %(number)s was previewed: preview it again", number=case.number)
    found = release(case, outcome(case))
    if found.plain()["accounts"] != case.suspended["after"]:
        raise Conflict("something was recorded since the release of %(number)s was previewed: preview it again", number=case.number)
    recording = open_recording(Actor(approval.prepared_by_id, approval.prepared_label), moment, "case", f"{case.number}, approved by {approver.label}")
    write_rows(found, recording.id, today, jurisdiction, keyring)
    case.suspended = {**case.suspended, "recording": recording.id}
    log.write(approver, moment, "case.released", "claim_case", case.number, after={"goes_to": outcome(case).value, "approval": approval.id, "recording": recording.id})
    tell_of(case, "released", approver, moment)
    return case


def digest_of(case: ClaimCase) -> str:
    """The SHA-256 of the rows and sums of a rehearsed release."""
    shown = {name: case.suspended.get(name) for name in ("since", "broker", "goes_to", "after", "money", "known")}
    return hashlib.sha256(log.canonical(shown).encode()).hexdigest()


def _preview(case: ClaimCase) -> dict[str, Any]:
    """What the second person is shown."""
    kept = case.suspended
    return {
        "case": case.number,
        "goes_to": kept["goes_to"],
        "day": kept["since"],
        "from_broker": kept["broker"],
        "accounts": [one["account"] for one in kept["accounts"]],
        "months": [{"period": one["period"], **{name: one["totals"][name] for name in ("earned", "corrections", "net")}} for one in kept["money"]["months"]],
        "by_broker": [{"broker": one["broker_no"], "amount": one["amount"]} for one in kept["money"]["brokers"]],
        "digest": digest_of(case),
    }


def _broker_no(case: ClaimCase) -> str:
    """The number of the contesting broker; empty where a staff member or a client contests."""
    claim = claims_of_case(case)[Side.CONTESTING]
    return db.session.get_one(Broker, claim.broker_id).broker_no if claim is not None and claim.broker_id is not None else ""


def _asked(case: ClaimCase, from_broker: str, to_broker: str, day: date) -> Asked:
    return Asked(TransferKind.CORRECTION, from_broker, to_broker, day, TransferReason.CASE_DECIDED, case.number)
