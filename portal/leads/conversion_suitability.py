"""What a suitability test means for a lead: it goes on with a grade that stands, or it is closed kindly and left alone."""

from __future__ import annotations

from datetime import date, datetime

from models.leads import Lead, LeadState
from models.suitability import SuitabilityTest
from portal.actors import Actor
from portal.audit import log
from portal.leads.left_alone import leave_alone
from portal.leads.register import note
from portal.leads.states import OPEN, UNSUITABLE
from portal.leads.steps import Facts, Taken, go, live_claim
from portal.refusals import Refusal
from portal.suitability import sittings


def need_open(lead: Lead) -> None:
    """Raises Refusal where nobody may ask this lead anything any more."""
    if lead.suppressed or lead.erased_at is not None or lead.state not in OPEN:
        raise Refusal("this lead is closed: nobody asks it anything any more")


def after_test(lead: Lead, test: SuitabilityTest, actor: Actor, moment: datetime, today: date, jurisdiction: str) -> bool:
    """Write a test's grade on its lead; a person whom futures do not suit is closed kindly and suppressed, one who is qualified
    and may go on does. Returns whether the lead goes on. Verb."""
    lead.risk_grade, lead.last_activity_at = test.grade, moment
    lead.version += 1
    note(lead, "tested", actor, moment, values={"grade": test.grade, "test": test.public_id, "questions": test.questions_version})
    if sittings.is_closed(test):
        close(lead, actor, moment, today)
        return False
    if lead.state == LeadState.QUALIFIED and not sittings.stands(test, today, jurisdiction):
        pass_suitability(lead, actor, moment, today, jurisdiction)
    return True


def close(lead: Lead, actor: Actor, moment: datetime, today: date) -> None:
    """Close a lead kindly and keep everybody from approaching it. Raises NotAllowed. Verb."""
    before = lead.state
    leave_alone(lead, UNSUITABLE, actor, moment, today)
    log.write(actor, moment, "lead.refused", "lead", lead.number, before={"state": before}, after={"state": LeadState.REFUSED, "suppressed": True}, reason=UNSUITABLE)


def pass_suitability(lead: Lead, actor: Actor, moment: datetime, today: date, jurisdiction: str) -> None:
    """The step of the table for a lead that is held, whose test the actor may take. Raises NotAllowed; Conflict where the lead is not
    qualified; Refusal where its grade does not stand, saying why. Verb."""
    facts = Facts(jurisdiction=jurisdiction, details={"grade": lead.risk_grade})
    go("pass_suitability", Taken(lead, live_claim(lead.id, today), actor, moment, today, "", facts))


def missing(lead: Lead, today: date, jurisdiction: str) -> str:
    """Why a lead's grade does not stand (missing, expired, closed, unwarned); empty where it does."""
    return sittings.stands(sittings.newest_of(lead_id=lead.id), today, jurisdiction)
