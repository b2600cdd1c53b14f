"""The confirmation call (回访): somebody who is not the introducer asks the new client, and only then the attribution counts.

Only this, or an import, confirms. A refused attribution is suspended: it stays on the account, earns nothing, and people decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from models import db
from models.attribution import Attribution, AttributionState
from models.clients import Account
from models.confirmations import CallOutcome, ConfirmationCall, Conversion, ConversionState
from models.identity import User
from models.partners import Broker, BrokerVersion, Staff
from portal.actors import Actor
from portal.audit import log
from portal.audit.recordings import hold_clock, open_recording
from portal.leads.confirmation_script import Script, spoken_on
from portal.notices.kinds import N_, register
from portal.notices.verbs import tell
from portal.permissions import Can
from portal.refusals import Conflict, NotFound, Refusal
from portal.rules.attributing import attribute
from portal.rules.recheck import desk
from portal.sealing import Keyring
from portal.versions import Difference, columns_of, current

register(
    "confirmation.done", N_("The attribution of account %(account)s is confirmed from %(day)s on."), "clients", label=N_("A confirmation call confirms an attribution"), tone="good"
)
register(
    "confirmation.refused", N_("The client of account %(account)s did not confirm broker %(broker)s."), "clients", label=N_("A client does not confirm his broker"), tone="bad"
)


@dataclass(frozen=True)
class Call:
    """A call as written down. `version` is that of the script that was read."""

    outcome: str
    answers: Mapping[str, str]
    evidence: str
    note: str
    version: int
    locale: str


def pending_row(attribution_id: int, today: date) -> Attribution:
    """The attribution that an assertion is about, as believed now. Raises NotFound, and Conflict where it waits for no call."""
    named = db.session.get(Attribution, attribution_id)
    if named is None:
        raise NotFound("there is no attribution that waits for a call under this address")
    rows = db.session.scalars(current(Attribution, None, Attribution.account_id == named.account_id))
    row = next((one for one in rows if (one.broker_id, one.valid_from) == (named.broker_id, named.valid_from)), None)
    if row is None or row.state != AttributionState.PENDING or row.valid_to <= today:
        raise Conflict("this attribution does not wait for a call any more")
    return row


def record(attribution_id: int, call: Call, actor: Actor, moment: datetime, today: date, jurisdiction: str, keyring: Keyring | None = None) -> ConfirmationCall:
    """Write a call down, and confirm or suspend what it was about. Whose account the actor may call is for the caller to see to.

    Raises NotAllowed; NotFound; Conflict; Refusal for the introducer and his manager, where the answers do not bear the outcome, or without evidence;
    Stopped where a rule forbids the broker the account by now: then nothing is confirmed, and nothing of the call is kept.
    """
    actor.need(Can.CONFIRMATION_CALL)
    hold_clock()
    row = pending_row(attribution_id, today)
    broker_no = db.session.get_one(Broker, row.broker_id).broker_no
    need_outsider(actor, row.broker_id, broker_no)
    script = spoken_on(today)
    answers = _checked(call, script)
    kept = ConfirmationCall(
        account_id=row.account_id,
        broker_id=row.broker_id,
        valid_from=row.valid_from,
        called_on=today,
        outcome=call.outcome,
        script_version=script.version,
        script_digest=script.digest,
        locale=call.locale,
        answers=answers,
        evidence=call.evidence.strip()[:200],
        note=call.note.strip()[:1000],
        at=moment,
        user_id=actor.user_id,
        actor_label=actor.label,
    )
    db.session.add(kept)
    db.session.flush()
    account_no = db.session.get_one(Account, row.account_id).account_no
    after = {"broker_no": broker_no, "outcome": call.outcome, "script": script.version, "call": kept.id, "valid_from": str(row.valid_from)}
    log.write(actor, moment, "confirmation.called", "account", account_no, after=after)
    if call.outcome != CallOutcome.NOT_REACHED:
        asserted = _asserted(row, CallOutcome(call.outcome), today)
        attribute(Difference(Attribution, changed=[asserted]), open_recording(actor, moment, "confirmation", account_no).id, jurisdiction, keyring)
        _tell(row, asserted, account_no, broker_no, actor, moment)
    return kept


def waits(named: Attribution, today: date) -> bool:
    """Whether what an assertion is about still waits for its call."""
    try:
        pending_row(named.id, today)
    except Conflict:
        return False
    return True


def need_outsider(actor: Actor, broker_id: int, broker_no: str) -> None:
    """Raises Refusal where the caller is the introducer, or manages him."""
    if not is_outsider(actor, broker_id, broker_no):
        raise Refusal("the call is made by somebody who is neither the introducer nor his manager")


def is_outsider(actor: Actor, broker_id: int, broker_no: str) -> bool:
    """Whether somebody is neither the introducer nor his manager."""
    manager = current(BrokerVersion, None, BrokerVersion.broker_id == broker_id).subquery()
    manager_no = db.session.execute(select(Staff.staff_no).join(manager, manager.c.manager_staff_id == Staff.id)).scalar()
    return actor.broker_no != broker_no and not (actor.staff_no and actor.staff_no == manager_no)


def calls_of(row: Attribution) -> list[ConfirmationCall]:
    """Every call about an attribution, the newest first."""
    mine = (ConfirmationCall.account_id == row.account_id, ConfirmationCall.broker_id == row.broker_id, ConfirmationCall.valid_from == row.valid_from)
    return list(db.session.scalars(select(ConfirmationCall).where(*mine).order_by(ConfirmationCall.id.desc())))


def _checked(call: Call, script: Script) -> dict[str, str]:
    if call.outcome not in set(CallOutcome):
        raise Refusal("say how the call ended")
    if call.outcome == CallOutcome.NOT_REACHED:
        return {}
    if call.version != script.version:
        raise Refusal("the script is another version by now: read it again")
    if not call.evidence.strip():
        raise Refusal("name the recording of the call: without it nothing is confirmed or refused")
    answers = script.answered(call.answers)
    if call.outcome == CallOutcome.CONFIRMED and script.against(answers):
        place = script.questions.index(script.against(answers)[0]) + 1
        raise Refusal("the answer to question %(number)s does not confirm the attribution: choose “not confirmed” or call again", number=place)
    if call.outcome == CallOutcome.REFUSED and len(call.note.strip()) < 4:
        raise Refusal("write down what the client said: at least four characters")
    return answers


def _asserted(row: Attribution, outcome: CallOutcome, today: date) -> dict[str, Any]:
    """The attribution anew: confirmed from the day of the call, or suspended."""
    confirmed = outcome is CallOutcome.CONFIRMED
    values: dict[str, Any] = {name: getattr(row, name) for name in columns_of(Attribution)}
    values["state"] = AttributionState.CONFIRMED if confirmed else AttributionState.SUSPENDED
    values["confirmed_on"] = max(today, row.valid_from) if confirmed else None
    return values


def _tell(row: Attribution, values: dict[str, Any], account_no: str, broker_no: str, actor: Actor, moment: datetime) -> None:
    """Tell the broker, or whoever keeps the rules, what came of a call."""
    told = list(db.session.execute(select(User.id).where(User.broker_no == broker_no)).scalars())
    if values["state"] == AttributionState.CONFIRMED:
        tell(told, "confirmation.done", f"/clients/{account_no}", {"account": account_no, "day": str(values["confirmed_on"])}, actor=actor, moment=moment)
        return
    for conversion in db.session.scalars(select(Conversion).where(Conversion.account_id == row.account_id, Conversion.state == ConversionState.ATTRIBUTED)):
        conversion.state, conversion.decided_at, conversion.decided_label = ConversionState.REFUSED, moment, actor.label
    tell(desk(), "confirmation.refused", f"/clients/{account_no}", {"account": account_no, "broker": broker_no}, actor=actor, moment=moment)
