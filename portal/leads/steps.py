"""Taking a lead one step on: who may, what the step needs, what it writes. The table is portal/leads/states.py.

Every step names the version that its taker saw: of two at once the second is told, and overwrites nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, update

from models import db
from models.leads import Claim, ClaimState, Lead, LeadState, LeadTask
from portal.actors import Actor
from portal.audit import log
from portal.leads.introducers import introducer_of, of_claim
from portal.leads.policy import visible_to
from portal.leads.protection import HOLDING, holds
from portal.leads.queries import lead_for
from portal.leads.register import note
from portal.leads.states import CONSENT, DECIDED, ENDED, STEPS, UNSUITABLE, Step
from portal.leads.terms import terms
from portal.notices.kinds import N_
from portal.permissions import Can
from portal.refusals import Conflict, NotAllowed, Refusal
from portal.suitability import sittings
from portal.webhooks.recording import Happened, record

LONGEST = 2000
SHORTEST = 2
GRADES = {
    "missing": N_("no suitability test was taken: ask the questions first"),
    "expired": N_("the suitability test has run out: ask the questions again"),
    "closed": N_("futures do not suit this person: the lead is closed and left alone"),
    "unwarned": N_("the written warning was not read and accepted yet"),
}
"""Why a grade does not stand, by the words of portal/suitability/sittings.py."""


@dataclass(frozen=True)
class Facts:
    """What a step may need beside words: the rule set by which a grade stands, the account that was opened and what becomes of the
    claim by it (state and word), the day of the first deposit, the public id of the lead into which this one goes. `details` are
    kept with the entry."""

    jurisdiction: str = ""
    account_id: int | None = None
    claim_becomes: tuple[ClaimState, str] = (ClaimState.CONVERTED, "account_opened")
    first_deposit: date | None = None
    other: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Taken:
    """One step as it is taken: the lead, its claim that counts (or None), who, when, and what he brings."""

    lead: Lead
    claim: Claim | None
    actor: Actor
    moment: datetime
    today: date
    words: str
    facts: Facts = field(default_factory=Facts)


def take_step(public_id: str, name: str, version: int, *, actor: Actor, moment: datetime, today: date, words: str = "", facts: Facts | None = None) -> Lead:
    """Take a step of the table inside the open transaction.

    Raises NotFound; Conflict where the state has no such step or somebody changed the lead meanwhile; NotAllowed; Refusal
    where something that the step needs is missing.
    """
    lead = held(public_id, version, actor)
    right = step_of(lead, name).right
    if right is None:
        raise NotAllowed("%(number)s is not yours to work on", number=lead.number)
    need_over(lead, actor, right)
    go(name, Taken(lead, live_claim(lead.id, today), actor, moment, today, words, facts or Facts()))
    return lead


def go(name: str, taken: Taken) -> None:
    """Take a step over a lead that is held and over which the caller may act; his right alone is asked for here.

    Raises NotAllowed; Conflict where the state has no such step; Refusal where something that the step needs is missing."""
    lead, before = taken.lead, taken.lead.state
    line = moved(name, taken)
    db.session.flush()
    log.write(taken.actor, taken.moment, line, "lead", lead.number, before={"state": before}, after={"state": lead.state, "grade": lead.risk_grade, "account_id": lead.account_id})
    tell_decided([(lead, before)], taken.moment)


def moved(name: str, taken: Taken) -> str:
    """The same for whoever writes his own lines of the log, and tells other systems, many at once. Returns what the line is called."""
    lead, step = taken.lead, step_of(taken.lead, name)
    if step.right is not None:
        taken.actor.need(step.right)
    words = said(taken.words, needed="words" in step.needs)
    for need in step.needs:
        NEEDS[need](taken)
    before = lead.state
    lead.state, lead.state_since, lead.state_reason = step.to, taken.moment, name
    lead.version += 1
    note(lead, name, taken.actor, taken.moment, claim=taken.claim, words=words, values={"from": before, "to": step.to.value, **taken.facts.details})
    WRITES.get(name, _work)(taken)
    if step.to in ENDED:
        _end(taken)
    return f"lead.{name}"


def tell_decided(moved_on: Iterable[tuple[Lead, str]], moment: datetime) -> None:
    """Tell other systems of those leads of which it is decided now what became of them; each with the state in which it was before."""
    told = [(lead, {"from": str(before), "to": str(lead.state)}) for lead, before in moved_on if lead.state in DECIDED]
    record("lead.decided", [Happened(lead.number, f"/leads/{lead.public_id}", details) for lead, details in told], moment)


def step_of(lead: Lead, name: str) -> Step:
    """The step of the table that leads on from where a lead stands. Raises Conflict where there is none."""
    step = STEPS.get((LeadState(lead.state), name))
    if step is None:
        raise Conflict("%(number)s is in another state by now: %(state)s", number=lead.number, state=lead.state)
    return step


def held(public_id: str, version: int, actor: Actor, can: Can = Can.LEAD_SEE) -> Lead:
    """A lead that the actor may see, held until the transaction ends. Raises NotFound, and Conflict where it was changed since it was looked at."""
    lead = lead_for(actor, public_id, can=can, lock=True)
    if lead.version != version:
        raise Conflict("%(number)s was changed by somebody meanwhile: look again, nothing of yours was written", number=lead.number)
    return lead


def changed(lead: Lead) -> None:
    """Count a change of a lead."""
    lead.version += 1
    db.session.flush()


def need_over(lead: Lead, actor: Actor, right: Can) -> None:
    """Raises NotAllowed where the actor does not hold a right over this lead."""
    actor.need(right)
    if db.session.execute(select(Lead.id).where(Lead.id == lead.id, visible_to(actor, right))).first() is None:
        raise NotAllowed("%(number)s is not yours to work on", number=lead.number)


def live_claim(lead_id: int, today: date) -> Claim | None:
    """The claim of a lead that counts today: protected by the clock, also as a case decided it, or disputed."""
    query = select(Claim).where(Claim.lead_id == lead_id, Claim.state.in_([*HOLDING, ClaimState.DISPUTED])).order_by(Claim.id.desc())
    rules = terms()
    for claim in db.session.execute(query.with_for_update().execution_options(populate_existing=True)).scalars():
        if claim.state == ClaimState.DISPUTED or holds(claim.state, claim.protected_until, claim.last_activity_on, today, rules):
            return claim
    return None


def said(words: str, *, needed: bool = False, most: int = LONGEST) -> str:
    """Words as they are kept. Raises Refusal where they are missing or too long."""
    words = words.strip().replace("\0", "")
    if needed and len(words) < SHORTEST:
        raise Refusal("say it in a few words: at least %(least)s characters", least=SHORTEST)
    if len(words) > most:
        raise Refusal("this is too long: %(length)s characters, at most %(most)s", length=len(words), most=most)
    return words


def worked(lead: Lead, claim: Claim | None, moment: datetime, today: date) -> None:
    """Something was done about a lead: it is not idle, and its claim lives on. A claim that has run out does not come back."""
    lead.last_activity_at = moment
    if claim is not None:
        claim.last_activity_on = max(claim.last_activity_on, today)


def _end(taken: Taken) -> None:
    """Nothing goes on: the claim ends with the lead, what was to be done is done with, and nobody finds it in the pool."""
    if taken.claim is not None and taken.claim.lead_id == taken.lead.id and taken.claim.state != ClaimState.LAPSED:
        taken.claim.state, taken.claim.ended_at, taken.claim.ended_why = ClaimState.LAPSED, taken.moment, taken.lead.state
    taken.lead.pool_since = taken.lead.contact_due_on = None
    undone = update(LeadTask).where(LeadTask.lead_id == taken.lead.id, LeadTask.done_at.is_(None))
    db.session.execute(undone.values(done_at=taken.moment, done_by_id=taken.actor.user_id, outcome=""))


def _work(taken: Taken) -> None:
    worked(taken.lead, taken.claim, taken.moment, taken.today)


def _contact(taken: Taken) -> None:
    _work(taken)
    taken.lead.contacted_at = taken.lead.contacted_at or taken.moment


def _open_account(taken: Taken) -> None:
    """The claim has done its work: what was introduced is a client. Nobody is to speak with the lead any more."""
    worked(taken.lead, None, taken.moment, taken.today)
    taken.lead.account_id, taken.lead.pool_since, taken.lead.contact_due_on = taken.facts.account_id, None, None
    if taken.claim is not None and taken.claim.state in HOLDING:
        taken.claim.state, taken.claim.ended_why = taken.facts.claim_becomes
        taken.claim.ended_at = taken.moment


def _refuse(taken: Taken) -> None:
    taken.lead.suppressed = True


def _leave_alone(taken: Taken) -> None:
    """Nobody approaches the person any more, and whatever claim on him is left, run out or not, ends for this reason."""
    _refuse(taken)
    live = Claim.state.in_([*HOLDING, ClaimState.DISPUTED])
    ended = {"state": ClaimState.LAPSED, "ended_at": taken.moment, "ended_why": taken.lead.state_reason}
    db.session.execute(update(Claim).where(Claim.lead_id == taken.lead.id, live).values(**ended))


def _merge(taken: Taken) -> None:
    """The other lead takes over: the history stays here, the claim goes along unless it has one of its own."""
    other = _other(taken)
    if taken.claim is not None:
        if live_claim(other.id, taken.today) is not None:
            raise Conflict("both %(one)s and %(two)s are claimed: a case decides first whose claim counts", one=taken.lead.number, two=other.number)
        note(other, "claimed", taken.actor, taken.moment, claim=taken.claim, values={"introducer": of_claim(taken.claim).key, "merged": taken.lead.number})
    taken.lead.merged_into_id = other.id
    if taken.claim is not None:
        taken.claim.lead_id = other.id
    changed(other)


def _other(taken: Taken) -> Lead:
    other = lead_for(taken.actor, taken.facts.other, can=Can.LEAD_ASSIGN, lock=True)
    if other.id == taken.lead.id or other.state == LeadState.MERGED:
        raise Refusal("a lead goes into another one, which is there")
    return other


def _need(missing: Callable[[Taken], bool], message: str) -> Callable[[Taken], None]:
    def check(taken: Taken) -> None:
        if missing(taken):
            raise Refusal(message)

    return check


def _need_grade(taken: Taken) -> None:
    why = sittings.stands(sittings.newest_of(lead_id=taken.lead.id), taken.today, taken.facts.jurisdiction)
    if why:
        raise Refusal(GRADES[why])


def _need_own_claim(taken: Taken) -> None:
    if taken.claim is None or of_claim(taken.claim) != introducer_of(taken.actor):
        raise Refusal("only whose claim it is takes a lead back")


NO_DEPOSIT = N_("a client is active from his first deposit on: there is none yet")
NEEDS: dict[str, Callable[[Taken], None]] = {
    "words": lambda taken: None,
    "suitability": _need_grade,
    "account": _need(lambda taken: taken.facts.account_id is None, N_("name the account that was opened")),
    "first_deposit": _need(lambda taken: taken.facts.first_deposit is None, NO_DEPOSIT),
    "claim": _need(lambda taken: taken.claim is None, N_("a lead is taken up by a claim: register the person anew")),
    "own_claim": _need_own_claim,
    "other": _need(lambda taken: not taken.facts.other, N_("name the lead into which this one goes")),
}
"""What the words of the table's `needs` ask for."""
WRITES: dict[str, Callable[[Taken], None]] = {
    "contact": _contact,
    "open_account": _open_account,
    "arrive": _open_account,
    "refuse": _refuse,
    UNSUITABLE: _leave_alone,
    CONSENT: _leave_alone,
    "merge": _merge,
    "lapse": lambda taken: None,
    "withdraw": lambda taken: None,
}
"""What a step writes beside the state; every other one counts as work."""
