"""Taking a case on: evidence, the decision, an appeal, the end. Every step writes an entry that stays and a line of the audit log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select

from models import db
from models.clients import AccountVersion
from models.leads import Claim, ClaimState, Lead, LeadDoor, LeadEntry, LeadState
from models.transfers import CaseEntry, CaseState, ClaimCase
from portal.actors import Actor
from portal.audit import log
from portal.disputes.queries import due_from
from portal.leads.protection import last_day
from portal.leads.terms import terms
from portal.permissions import Can
from portal.refusals import Conflict, NotAllowed, Refusal
from portal.transfers.case_entries import OF_FIRM, OF_PARTIES, Evidence, note, words
from portal.transfers.case_queries import appellant_of, case_for, claims_of_case, side_of, verdict_of
from portal.transfers.case_rules import Facts, Ground, Proposed, proposed
from portal.transfers.case_states import DAYS_TO_APPEAL, DAYS_TO_DECIDE, STEPS, Side, Step, Who, in_time, standings
from portal.transfers.case_telling import tell_of
from portal.versions import current
from portal.webhooks.recording import Happened, record


@dataclass(frozen=True)
class Said:
    """What comes with a step: words, evidence, a verdict (firm: neither of the two)."""

    words: str = ""
    evidence: Evidence | None = None
    verdict: Side | None = None


def step(public_id: str, name: str, said: Said, *, actor: Actor, moment: datetime, zone: ZoneInfo) -> ClaimCase:
    """Take a step of the table inside the open transaction.

    Raises NotFound; Conflict where the state has no such step, or its time is over or has not come; NotAllowed in another standing
    than the step asks for; Refusal where words, evidence or a verdict are missing."""
    case = case_for(actor, public_id, lock=True)
    today = moment.astimezone(zone).date()
    taken = STEPS.get((CaseState(case.state), name))
    if taken is None:
        raise Conflict("%(number)s is in another state by now: %(state)s", number=case.number, state=case.state)
    side = side_of(actor, case)
    if taken.who not in standings_of(actor, case, side):
        raise NotAllowed("this step belongs to somebody else: %(who)s", who=taken.who.value)
    if not in_time(taken, today, case.appeal_until):
        if "time_left" in taken.needs:
            raise Conflict("the time to appeal is over since %(day)s", day=case.appeal_until)
        raise Conflict("it may still be appealed until %(day)s", day=case.appeal_until)
    text, reference, action = _given(taken, name, said, side)
    _done(case, name, taken, said, actor, moment, zone)
    case.state = taken.to
    note(case, side or Side.FIRM, action, actor, moment, text, reference)
    verdict = verdict_of(case)
    log.write(actor, moment, f"case.{name}", "claim_case", case.number, after={"state": case.state, "verdict": verdict.value if verdict else "", **_days(case)})
    tell_of(case, name, actor, moment)
    if "verdict" in taken.needs:
        record("case.decided", [Happened(case.number, f"/cases/{case.public_id}", {"state": str(case.state)})], moment)
    return case


def _days(case: ClaimCase) -> dict[str, str]:
    return {"due_on": str(case.due_on), "appeal_until": str(case.appeal_until or "")}


def standings_of(actor: Actor, case: ClaimCase, side: Side | None) -> set[Who]:
    """In which standings an actor may act in a case; a party needs the right to answer, the desk that to decide."""
    if side is not None and not actor.may(Can.CASE_ANSWER):
        return set()
    decided_it = actor.user_id is None or actor.user_id == case.decided_by_id
    return standings(side, decides=actor.may(Can.CASE_DECIDE), decided_it=decided_it, verdict=verdict_of(case), appellant=appellant_of(case))


def _given(taken: Step, name: str, said: Said, side: Side | None) -> tuple[str, str, str]:
    """The words, the reference and the name of the entry that a step writes. Raises Refusal where something is missing."""
    if "evidence" in taken.needs:
        if said.evidence is None:
            raise Refusal("say what is shown, and where it can be found")
        evidence = said.evidence.checked(OF_PARTIES if side is not None else OF_FIRM)
        return evidence.text, evidence.reference, evidence.kind
    if "verdict" in taken.needs and said.verdict is None:
        raise Refusal("say whose claim stands, or that neither does")
    return words(said.words) if "words" in taken.needs or said.words.strip() else "", "", name


def _done(case: ClaimCase, name: str, taken: Step, said: Said, actor: Actor, moment: datetime, zone: ZoneInfo) -> None:
    """What a step changes of the case and its claims."""
    today = moment.astimezone(zone).date()
    if name == "decide":
        case.proposal = proposal_of(case, zone).plain()
        case.decided_at, case.decided_by_id, case.appeal_until = moment, actor.user_id, due_from(today, DAYS_TO_APPEAL)
    if name == "judge":
        case.appeal_decided_by_id = actor.user_id
    if "verdict" in taken.needs:
        _settle(case, said.verdict, moment, zone)
    if name == "appeal":
        case.due_on = due_from(today, DAYS_TO_DECIDE)
    if name == "withdraw":
        _withdrawn(case, moment, zone)


def _settle(case: ClaimCase, verdict: Side | None, moment: datetime, zone: ZoneInfo) -> None:
    """Write the verdict into the claims: the winner's is decided and prolonged by the days that the case took, the other lapses."""
    claims = claims_of_case(case)
    winner = claims.get(verdict) if verdict is not None else None
    if winner is None and verdict is Side.HELD:
        raise Refusal("nobody held a claim here: decide for the other side, or for neither")
    for claim in filter(None, claims.values()):
        if claim is winner:
            claim.state, claim.ended_at, claim.ended_why = ClaimState.DECIDED, None, ""
            _prolong(claim, case, moment, zone)
        else:
            claim.state, claim.ended_at, claim.ended_why = ClaimState.LAPSED, moment, "case"
    case.winner_claim_id = winner.id if winner is not None else None
    db.session.flush()


def _prolong(claim: Claim, case: ClaimCase, moment: datetime, zone: ZoneInfo) -> None:
    today, opened = moment.astimezone(zone).date(), max(claim.last_activity_on, case.opened_at.astimezone(zone).date())
    claim.protected_until += timedelta(days=max(0, (today - opened).days))
    claim.last_activity_on = today


def _withdrawn(case: ClaimCase, moment: datetime, zone: ZoneInfo) -> None:
    """The contesting claim lapses, the other is again what it was."""
    claims = claims_of_case(case)
    held, contesting = claims[Side.HELD], claims[Side.CONTESTING]
    if contesting is not None:
        contesting.state, contesting.ended_at, contesting.ended_why = ClaimState.LAPSED, moment, "withdrawn"
    db.session.flush()
    if held is not None:
        held.state = ClaimState.CONVERTED if case.account_id is not None else ClaimState.PROTECTED
        _prolong(held, case, moment, zone)
        db.session.flush()


def proposal_of(case: ClaimCase, zone: ZoneInfo) -> Proposed:
    """What the rules propose with what was shown so far."""
    claims = claims_of_case(case)
    lead = db.session.get_one(Lead, case.lead_id)
    shown = {(side, action): count for side, action, count in db.session.execute(_counted(case))}
    named = db.session.execute(
        select(CaseEntry.action).where(CaseEntry.case_id == case.id, CaseEntry.side == Side.FIRM, CaseEntry.action.like("named_%")).order_by(CaseEntry.id.desc()).limit(1)
    ).scalar()
    opened = current(AccountVersion, None, AccountVersion.account_id == (case.account_id or 0)).with_only_columns(AccountVersion.opened_on)
    held, contesting = claims[Side.HELD], claims[Side.CONTESTING]
    assert contesting is not None
    return proposed(
        Facts(
            held=_ground(held, Side.HELD, shown, case, zone) if held is not None else None,
            contesting=_ground(contesting, Side.CONTESTING, shown, case, zone),
            named={"named_held": Side.HELD, "named_contesting": Side.CONTESTING, "named_nobody": Side.FIRM}.get(named or ""),
            left_alone=lead.suppressed or lead.state == LeadState.REFUSED,
            opened_on=db.session.execute(opened).scalar() if case.account_id else None,
        )
    )


def _counted(case: ClaimCase) -> Select[str, str, int]:
    return select(CaseEntry.side, CaseEntry.action, func.count()).where(CaseEntry.case_id == case.id).group_by(CaseEntry.side, CaseEntry.action)


def _ground(claim: Claim, side: Side, shown: dict[tuple[str, str], int], case: ClaimCase, zone: ZoneInfo) -> Ground:
    """What a side stands on. A claim that led to an account held; else its window must have reached the day of the contest."""
    opened_on = case.opened_at.astimezone(zone).date()
    recorded = select(func.count()).select_from(LeadEntry).where(LeadEntry.claim_id == claim.id, LeadEntry.action == "contact", LeadEntry.at < case.opened_at)
    contacts = db.session.execute(recorded).scalar_one() + shown.get((side, "contact"), 0)
    documents = sum(shown.get((side, kind), 0) for kind in ("document", "statement", "other"))
    held = case.account_id is not None or opened_on <= last_day(claim.protected_until, min(claim.last_activity_on, opened_on), terms())
    return Ground(claim.registered_at, claim.registered_at.astimezone(zone).date(), held, contacts, documents, by_file=claim.door == LeadDoor.FILE)
