"""Conversions that people look at before anyone is paid: late claims, reopened clients, a relative's name. Two people decide.

The first asks with a reason, the second approves exactly what was shown; then the attribution opens, pending as every other.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select

from models import db
from models.audit import Approval
from models.confirmations import Conversion, ConversionState
from models.leads import Claim, ClaimState
from models.partners import Broker, Staff
from portal.actors import Actor
from portal.audit import approvals, log
from portal.audit.recordings import hold_clock
from portal.leads import conversion_facts as known
from portal.leads.conversion import Converted, attribution_row, row_of_staff, write_rows
from portal.leads.conversion_plan import share_left
from portal.permissions import Can
from portal.refusals import Conflict, NotFound, Refusal
from portal.rules.stopping import refusal_of, stopped_by
from portal.sealing import Keyring

KIND = "leads.attribution"
"""The kind of the approval that recognises a claim nevertheless."""
SHORTEST_REASON = 4


def conversion_for(conversion_id: int, *, lock: bool = False) -> Conversion:
    """A conversion by its number. Raises NotFound."""
    query = select(Conversion).where(Conversion.id == conversion_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = db.session.execute(query).scalar_one_or_none()
    if found is None:
        raise NotFound("there is no conversion %(number)s", number=conversion_id)
    return found


def ask(conversion_id: int, reason: str, actor: Actor, moment: datetime, today: date, jurisdiction: str) -> Approval:
    """Put a claim that waits for people before a second person, with the first one's reason.

    Raises NotAllowed; NotFound; Conflict where it does not wait; Refusal without a reason, without a share that is left, or naming the clause that forbids it.
    """
    actor.need(Can.TRANSFER_PREPARE)
    hold_clock()
    row = conversion_for(conversion_id, lock=True)
    if row.state != ConversionState.REVIEW or _waits(row):
        raise Conflict("this conversion does not wait for anybody to look at it")
    if len(reason.strip()) < SHORTEST_REASON:
        raise Refusal("say why the claim is to be recognised: at least four characters")
    claim, introducer = _claim(row)
    share = _left_for(row, claim, row.opened_on or today, jurisdiction)
    payload = {"conversion": row.id, "share": share, "jurisdiction": jurisdiction, "see": f"/conversions/{row.id}"}
    preview = {
        "account_no": row.account_no,
        **introducer,
        "opened_on": str(row.opened_on or ""),
        "claimed_at": claim.registered_at.isoformat(),
        **({"share_ppm": share} if share is not None else {}),
        "looked_at": [entry["code"] for entry in row.reasons],
        "reason": reason.strip(),
    }
    approval = approvals.prepare(actor, moment, kind=KIND, subject=row.account_no, payload=payload, preview=preview)
    row.approval_id = approval.id
    return approval


def recognise(approval: Approval, approver: Actor, moment: datetime, today: date, keyring: Keyring | None = None) -> Converted:
    """What an approved recognition does, from the opening day on: a broker's attribution opens, pending, or one of the staff won the account. Raises Conflict where something is
    no longer as it was shown, and Refusal naming a clause that forbids it by now."""
    row = conversion_for(approval.payload["conversion"], lock=True)
    claim, _introducer = _claim(row)
    day, share = row.opened_on or today, approval.payload["share"]
    if row.state != ConversionState.REVIEW or row.approval_id != approval.id or _share(row, claim, day) != share:
        raise Conflict("this is no longer what was shown: look at it and ask again")
    result, account_id = Converted([row]), row.account_id or 0
    if claim.broker_id is not None:
        result.attributions.append(attribution_row(account_id, claim.broker_id, share, day))
    elif claim.staff_id is not None:
        result.servicing.append(row_of_staff(account_id, claim.staff_id, day))
    write_rows(result, approver, moment, approval.payload["jurisdiction"], keyring)
    row.state = ConversionState.ATTRIBUTED if claim.broker_id is not None else ConversionState.SERVICING
    row.share, row.decided_at, row.decided_label = share, moment, approver.label
    claim.state, claim.ended_at, claim.ended_why = ClaimState.CONVERTED, moment, "approved"
    log.write(approver, moment, "lead.recognised", "conversion", str(row.id), after={"account_no": row.account_no, "share": share, "approval": approval.id})
    return result


def turn_down(conversion_id: int, reason: str, actor: Actor, moment: datetime) -> Conversion:
    """Leave the account to the house. Raises NotAllowed, NotFound, Conflict, and Refusal without a reason."""
    actor.need(Can.TRANSFER_PREPARE)
    row = conversion_for(conversion_id, lock=True)
    if row.state != ConversionState.REVIEW or _waits(row):
        raise Conflict("this conversion does not wait for anybody to look at it")
    if len(reason.strip()) < SHORTEST_REASON:
        raise Refusal("say why the claim is not recognised: at least four characters")
    row.state, row.decided_at, row.decided_label = ConversionState.REFUSED, moment, actor.label
    claim, _introducer = _claim(row)
    claim.state, claim.ended_at, claim.ended_why = ClaimState.LAPSED, moment, "not recognised"
    log.write(actor, moment, "lead.not_recognised", "conversion", str(row.id), after={"account_no": row.account_no}, reason=reason.strip())
    return row


def _waits(row: Conversion) -> bool:
    approval = db.session.get(Approval, row.approval_id) if row.approval_id else None
    return approval is not None and approval.state == "waiting"


def _claim(row: Conversion) -> tuple[Claim, dict[str, str]]:
    """The claim that waits, and whose it is as a second person reads it."""
    claim = db.session.get(Claim, row.claim_id) if row.claim_id else None
    if claim is None or (claim.broker_id is None and claim.staff_id is None):
        raise Conflict("no broker and nobody of the staff claims this client: there is nothing to recognise")
    if claim.state == ClaimState.DISPUTED:
        raise Conflict("two people claim this client: the case decides")
    if claim.broker_id is not None:
        return claim, {"broker_no": db.session.get_one(Broker, claim.broker_id).broker_no}
    return claim, {"staff_no": db.session.get_one(Staff, claim.staff_id).staff_no}


def _left_for(row: Conversion, claim: Claim, day: date, jurisdiction: str) -> int | None:
    """The share that the claim's broker would have; None for one of the staff. Raises Conflict, and Refusal naming the clause that forbids it."""
    share = _share(row, claim, day)
    stopped = stopped_by(claim.broker_id, row.account_id or 0, day, jurisdiction) if claim.broker_id is not None else []
    if stopped:
        raise refusal_of(stopped)
    return share


def _share(row: Conversion, claim: Claim, day: date) -> int | None:
    account_id = row.account_id or 0
    if claim.broker_id is None:
        if known.won([account_id], day):
            raise Conflict("somebody of the staff is written to have won this account already")
        return None
    rows = known.attributed([account_id]).get(account_id, [])
    if any(one.broker_id == claim.broker_id and one.valid_to > day for one in rows):
        raise Conflict("the broker has a share of this account already: a transfer changes it")
    share = share_left([(one.share, one.valid_from, one.valid_to) for one in rows], day)
    if share <= 0:
        raise Refusal("the account is attributed whole to others: a transfer changes that")
    return share
