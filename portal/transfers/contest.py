"""Contesting a claim: an introducer who was told `protected` or `client` opens a case, and what is disputed waits in suspense.

    found = contest(person, introducer, Evidence("contact", "…", "diary, p. 3"), actor=…, moment=…, today=…, keyring=…, jurisdiction=…)

It is a question about a person like any other: it counts against the limits, and who asks learns no name.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from sqlalchemy import func, select

from models import db
from models.attribution import Attribution
from models.clients import Account, AccountVersion
from models.leads import Claim, ClaimState, IntroducerKind, Lead, LeadDoor, LeadState
from models.partners import Broker
from models.transfers import CaseState, ClaimCase
from portal.actors import Actor
from portal.audit import log
from portal.audit.recordings import hold_clock
from portal.clients.reveal import opened
from portal.disputes.queries import due_from
from portal.leads import matching, register
from portal.leads.introducers import Introducer
from portal.leads.matching import Indexes, Match
from portal.leads.people import Person, index_of
from portal.leads.protection import first_end
from portal.leads.register import Answer
from portal.leads.terms import terms
from portal.permissions import Can
from portal.refusals import Conflict, NotAllowed
from portal.sealing import Keyring
from portal.transfers.case_entries import Evidence, note
from portal.transfers.case_queries import LIVE
from portal.transfers.case_states import DAYS_TO_DECIDE, Side
from portal.transfers.case_telling import tell_of
from portal.transfers.holding import hold_back
from portal.versions import current

MOST_LIVE = 10
"""So many cases of one introducer may be open at once: each keeps somebody else's pay waiting."""
HELD_BY = (ClaimState.PROTECTED, ClaimState.CONVERTED, ClaimState.DECIDED)
"""States in which a claim can be contested."""


@dataclass(frozen=True)
class Contested:
    """What the introducer is told, and his case where one was opened; `busy` where a case on the person is open already."""

    answer: Answer
    case: ClaimCase | None = None
    busy: bool = False


def contest(person: Person, introducer: Introducer, evidence: Evidence, *, actor: Actor, moment: datetime, today: date, keyring: Keyring, jurisdiction: str) -> Contested:
    """Open a case inside the open transaction. Raises NotAllowed, Refusal without evidence, Conflict above MOST_LIVE."""
    actor.need(Can.CASE_ANSWER)
    if introducer.kind is IntroducerKind.FIRM:
        raise NotAllowed("only who introduces people under a number of his own contests a claim")
    evidence = evidence.checked()
    _need_room(introducer)
    indexes = Indexes(*index_of(keyring, person))
    hold_clock()
    matching.lock(indexes)
    answer = register.look_up(person, introducer, actor=actor, moment=moment, today=today, keyring=keyring).answer
    if answer not in (Answer.PROTECTED, Answer.CLIENT):
        return Contested(answer)
    found = matching.match(indexes, terms(), today)
    lead = found.lead or _lead_of_client(found.account_ids[0], moment, today, keyring)
    if db.session.execute(select(ClaimCase.id).where(ClaimCase.lead_id == lead.id, LIVE)).first() is not None:
        return Contested(answer, busy=True)
    case = _opened(lead, found, introducer, actor, moment, today, jurisdiction)
    note(case, Side.CONTESTING, "opened", actor, moment)
    note(case, Side.CONTESTING, evidence.kind, actor, moment, evidence.text, evidence.reference)
    log.write(actor, moment, "case.opened", "claim_case", case.number, after={"due_on": str(case.due_on), "introducer": introducer.key, "suspended": bool(case.suspended)})
    tell_of(case, "opened", actor, moment)
    return Contested(answer, case)


def _need_room(introducer: Introducer) -> None:
    mine = select(Claim.id).where(introducer.claimed())
    live = db.session.execute(select(func.count()).select_from(ClaimCase).where(ClaimCase.contesting_claim_id.in_(mine), LIVE)).scalar_one()
    if live >= MOST_LIVE:
        raise Conflict("%(count)s cases of yours are open: another one is opened when one of them is decided", count=live)


def _opened(lead: Lead, found: Match, introducer: Introducer, actor: Actor, moment: datetime, today: date, jurisdiction: str) -> ClaimCase:
    account_id = _account(lead, found.account_ids)
    held = _held(lead, account_id, moment, today)
    if held is not None:
        held.state = ClaimState.DISPUTED
        db.session.flush()
    claim = _claim(lead, introducer, moment, today)
    case = ClaimCase(
        public_id=secrets.token_urlsafe(12),
        lead_id=lead.id,
        account_id=account_id,
        held_claim_id=held.id if held else None,
        contesting_claim_id=claim.id,
        state=CaseState.OPEN,
        opened_at=moment,
        opened_by_id=actor.user_id,
        due_on=due_from(today, DAYS_TO_DECIDE),
    )
    db.session.add(case)
    db.session.flush()
    if held is not None and held.broker_id is not None:
        hold_back(case, found.account_ids, held.broker_id, actor, moment, today, jurisdiction)
    return case


def _account(lead: Lead, account_ids: tuple[int, ...]) -> int | None:
    return lead.account_id or (account_ids[0] if account_ids else None)


def _held(lead: Lead, account_id: int | None, moment: datetime, today: date) -> Claim | None:
    """The claim that is contested: the lead's newest that counts, or that of the broker to whom the account is attributed."""
    claim = db.session.execute(select(Claim).where(Claim.lead_id == lead.id, Claim.state.in_(HELD_BY)).order_by(Claim.id.desc()).limit(1)).scalar_one_or_none()
    if claim is not None or account_id is None:
        return claim
    row = current(Attribution, None, Attribution.account_id == account_id).subquery()
    holds = select(row.c.broker_id, row.c.valid_from).join(Broker, Broker.id == row.c.broker_id)
    owner = db.session.execute(holds.where(row.c.valid_from <= today, row.c.valid_to > today).order_by(row.c.share.desc(), Broker.broker_no).limit(1)).one_or_none()
    if owner is None:
        return None
    since = datetime.combine(owner[1], time(12), UTC)  # the same day in every zone; when the file was read says nothing about the claim
    return _kept(Claim(lead_id=lead.id, kind=IntroducerKind.BROKER, broker_id=owner[0], client_no="", door=LeadDoor.FILE, registered_at=since), today, today)


def _claim(lead: Lead, introducer: Introducer, moment: datetime, today: date) -> Claim:
    """The contesting claim, beside the one that holds."""
    return _kept(Claim(lead_id=lead.id, **introducer.columns, door=LeadDoor.FORM, registered_at=moment), first_end(today, terms()), today)


def _kept(claim: Claim, until: date, today: date) -> Claim:
    claim.public_id, claim.state, claim.protected_until, claim.last_activity_on, claim.ended_why = secrets.token_urlsafe(12), ClaimState.DISPUTED, until, today, ""
    db.session.add(claim)
    db.session.flush()
    return claim


def _lead_of_client(account_id: int, moment: datetime, today: date, keyring: Keyring) -> Lead:
    """The lead of a client by his account's numbers. One who came before leads were kept gets one, for claims to stand on."""
    account = db.session.execute(current(AccountVersion, None, AccountVersion.account_id == account_id)).scalar_one()
    known = matching.match(Indexes(account.phone_index, account.id_no_index), terms(), today).lead
    return known or _new_lead(account, moment, keyring)


def _new_lead(account: AccountVersion, moment: datetime, keyring: Keyring) -> Lead:
    account_id = account.account_id
    number = db.session.execute(select(Account.account_no).where(Account.id == account_id)).scalar_one()
    lead = Lead(
        public_id=secrets.token_urlsafe(12),
        name=account.name,
        kind=account.kind,
        phone_index=account.phone_index,
        id_no_index=account.id_no_index,
        email="",
        note="",
        state=LeadState.ACTIVE,
        state_since=moment,
        state_reason="client",
        registered_at=moment,
        door=LeadDoor.FILE,
        branch_id=account.branch_id,
        last_activity_at=moment,
        risk_grade=account.risk_grade or "",
        account_id=account_id,
        suppressed=False,
        version=1,
    )
    known = opened(number, account, keyring)
    lead.phone_sealed = keyring.seal(known.phone, f"lead.phone_sealed:{lead.public_id}")
    lead.id_no_sealed = keyring.seal(known.id_no, f"lead.id_no_sealed:{lead.public_id}")
    db.session.add(lead)
    db.session.flush()
    return lead
