"""What comes next with a lead, for one reader: the steps of the table that lead on, whether he may take them, and what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from models import db
from models.clients import AccountVersion
from models.confirmations import Conversion, ConversionState
from models.leads import Lead, LeadDoor, LeadState
from models.partners import PersonKind
from models.settlement import Balance, SettlementDay
from portal.actors import Actor
from portal.leads.conversion_suitability import missing
from portal.leads.introducers import branch_of, introducer_of
from portal.leads.look_ups import Limits
from portal.leads.people import Person
from portal.leads.queries import lead_for
from portal.leads.register import Registered, Source, register
from portal.leads.states import STEPS
from portal.leads.steps import GRADES, NO_DEPOSIT, Facts, held, take_step
from portal.notices.kinds import N_
from portal.permissions import Can
from portal.refusals import Conflict, Refusal
from portal.sealing import Keyring

PATH = (LeadState.REGISTERED, LeadState.CONTACTED, LeadState.QUALIFIED, LeadState.SUITABILITY_PASSED, LeadState.ACCOUNT_OPENED, LeadState.ACTIVE)
"""The way of a lead that becomes a client."""
ONWARD = ("contact", "qualify", "pass_suitability", "open_account", "activate", "take_up")
"""The steps that lead on; the others end."""
LEFT_ALONE = N_("Nobody approaches this person any more: nothing comes next.")
ERASED = N_("The person's data was deleted because its time was over: nothing comes next.")
AWAITED = N_("The account %(account)s is awaited: the lead goes on as soon as an import brings it.")
NAME_IT = N_("Name the account that was opened; or an import notices it by phone or ID number.")


@dataclass(frozen=True)
class Next:
    """A step that leads on. `right` is what it asks for, `may` whether the reader holds that over this lead; `missing` says what is
    not there yet (a msgid with its values), empty where it can be taken now."""

    name: str
    right: Can
    may: bool
    missing: str = ""
    values: tuple[tuple[str, str], ...] = ()


def next_steps(lead: Lead, holds: set[Can], today: date, jurisdiction: str) -> list[Next]:
    """The steps that lead on from where a lead is, at most one."""
    found = []
    for (state, name), step in STEPS.items():
        if state == lead.state and name in ONWARD and step.right is not None:
            right = Can.LEAD_WORK if name == "take_up" else step.right
            sentence, values = _missing(name, lead, today, jurisdiction)
            found.append(Next(name, right, right in holds, sentence, values))
    return found


def _missing(name: str, lead: Lead, today: date, jurisdiction: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    if lead.erased_at is not None or (lead.suppressed and lead.account_id is None):
        return ERASED if lead.erased_at is not None else LEFT_ALONE, ()
    if name == "pass_suitability":
        return GRADES.get(missing(lead, today, jurisdiction), ""), ()
    if name == "open_account":
        awaited = db.session.execute(select(Conversion.account_no).where(Conversion.lead_id == lead.id, Conversion.state == ConversionState.AWAITED)).scalar()
        return (AWAITED, (("account", awaited),)) if awaited else (NAME_IT, ())
    if name == "activate" and first_deposit(lead) is None:
        return NO_DEPOSIT, ()
    return "", ()


def first_deposit(lead: Lead) -> date | None:
    """The first settled day on which money came into the lead's account; None where there is none yet."""
    if lead.account_id is None:
        return None
    opened = db.session.execute(select(func.min(AccountVersion.opened_on)).where(AccountVersion.account_id == lead.account_id)).scalar() or date.min
    days = select(SettlementDay.trade_date).where(SettlementDay.trade_date >= opened).distinct()
    newer = aliased(Balance)
    newest = select(func.max(newer.version)).where(newer.trade_date == Balance.trade_date, newer.account_id == Balance.account_id).scalar_subquery()
    paid_in = select(func.min(Balance.trade_date)).where(Balance.trade_date.in_(days), Balance.account_id == lead.account_id, Balance.deposit > 0, ~Balance.gone)
    return db.session.execute(paid_in.where(Balance.version == newest)).scalar()


def activate(public_id: str, version: int, *, actor: Actor, moment: datetime, today: date) -> Lead:
    """A client whose first deposit is settled is active. Raises NotFound, Conflict, NotAllowed, Refusal where there is none yet. Verb."""
    lead = lead_for(actor, public_id, can=Can.LEAD_WORK, lock=True)
    return take_step(public_id, "activate", version, actor=actor, moment=moment, today=today, facts=Facts(first_deposit=first_deposit(lead)))


def take_up(public_id: str, version: int, *, actor: Actor, moment: datetime, today: date, keyring: Keyring, limits: Limits) -> Registered:
    """Register the person of a lead that lapsed or was taken back anew, as the actor's own, by the verb by which anybody is registered.

    Raises NotFound, NotAllowed; Conflict in another state, or where the lead was changed; Refusal where nobody may approach the person. Verb."""
    actor.need(Can.LEAD_REGISTER)
    lead = held(public_id, version, actor, Can.LEAD_WORK)
    if (LeadState(lead.state), "take_up") not in STEPS:
        raise Conflict("%(number)s is in another state by now: %(state)s", number=lead.number, state=lead.state)
    if lead.erased_at is not None or lead.suppressed:
        raise Refusal(ERASED if lead.erased_at is not None else LEFT_ALONE)
    phone, id_no = (keyring.open(getattr(lead, name), f"lead.{name}:{lead.public_id}") for name in ("phone_sealed", "id_no_sealed"))
    introducer = introducer_of(actor)
    source = Source(LeadDoor(lead.door), branch_of(introducer, actor))
    return register(Person(lead.name, PersonKind(lead.kind), phone, id_no), introducer, source, actor=actor, moment=moment, today=today, keyring=keyring, limits=limits)
