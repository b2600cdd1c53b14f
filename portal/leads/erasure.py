"""A lead that never opened an account is erased when its time is over: the row stays and is counted, nothing says any more who it was.

What was sealed is gone with the row's sealed text (its nonce and its index), the words of its entries, tasks, tests, warnings and cases
are blanked, nobody finds it by a word, and a receipt keeps its digest alone. The log never held personal data, so its chain stays as it is. A client's file is never
erased here: it is kept by the rule keep-20y and may only be restricted.
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime, time
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, delete, or_, select, update

from models import db
from models.confirmations import Conversion, ConversionState
from models.leads import Claim, ClaimState, Lead, LeadEntry, LeadState, LeadTask
from models.lists import DefaultView, SavedView
from models.search import SearchWord
from models.transfers import CaseEntry, ClaimCase
from models.values.months import months_later
from portal.actors import Actor
from portal.audit import log
from portal.leads.protection import HOLDING
from portal.leads.states import FORGET, end_of, starts_of
from portal.leads.terms import Terms
from portal.leads.withdrawal import MAILED
from portal.notices import outbox
from portal.suitability import sittings

CLIENTS = (LeadState.ACCOUNT_OPENED, LeadState.ACTIVE)
"""States of a lead that became a client: its file follows another clock."""
RETENTION = FORGET
FOUND_AS = "lead"
"""Under which kind the words stand by which a lead is found."""
LISTS = ("leads.index", "leads_work.assign_many.index")
"""Lists that are looked through by a lead's name."""
CHUNK = 1_000


def due(terms: Terms, today: date, zone: ZoneInfo) -> list[int]:
    """The leads whose time is over: nothing happened for so many months, no account was opened, and one that was named has not
    come for as long either. They are held until the transaction ends: somebody who works on one meanwhile is waited for, and keeps it."""
    since = datetime.combine(months_later(today, -terms.retention_months), time(), zone)
    named = select(Conversion.lead_id).where(or_(Conversion.state != ConversionState.AWAITED, Conversion.converted_at >= since))
    query = select(Lead.id).where(Lead.erased_at.is_(None), Lead.account_id.is_(None), Lead.state.not_in(CLIENTS), Lead.last_activity_at < since)
    return list(db.session.execute(query.where(Lead.id.not_in(named)).order_by(Lead.id).with_for_update(of=Lead)).scalars())


def erase(lead_ids: list[int], actor: Actor, moment: datetime) -> int:
    """Erase leads that are due. Once more is the same as once. Returns how many. Verb."""
    done = 0
    for start in range(0, len(lead_ids), CHUNK):
        done += _erase_some(lead_ids[start : start + CHUNK], actor, moment)
    return done


def _erase_some(ids: list[int], actor: Actor, moment: datetime) -> int:
    leads = [lead for lead in db.session.scalars(select(Lead).where(Lead.id.in_(ids)).with_for_update().execution_options(populate_existing=True)) if _may(lead)]
    kept = [lead.id for lead in leads]
    if not kept:
        return 0
    _receipts(kept)
    live = Claim.state.in_([*HOLDING, ClaimState.DISPUTED])
    db.session.execute(update(Claim).where(Claim.lead_id.in_(kept), live).values(state=ClaimState.LAPSED, ended_at=moment, ended_why=RETENTION))
    db.session.execute(update(LeadEntry).where(LeadEntry.lead_id.in_(kept), LeadEntry.text != "").values(text=""))
    db.session.execute(update(LeadTask).where(LeadTask.lead_id.in_(kept)).values(what="", outcome=""))
    db.session.execute(update(LeadTask).where(LeadTask.lead_id.in_(kept), LeadTask.done_at.is_(None)).values(done_at=moment))
    db.session.execute(update(Conversion).where(Conversion.lead_id.in_(kept)).values(account_no=""))
    sittings.forget_answers(kept)
    cases = select(ClaimCase.id).where(ClaimCase.lead_id.in_(kept))
    db.session.execute(update(CaseEntry).where(CaseEntry.case_id.in_(cases)).values(text="", reference=""), execution_options={"synchronize_session": False})
    db.session.execute(delete(SearchWord).where(SearchWord.kind == FOUND_AS, SearchWord.ref.in_(kept)), execution_options={"synchronize_session": False})
    outbox.forget_addresses({lead.email for lead in leads if lead.email}, MAILED)
    _views({lead.name for lead in leads})
    for lead in leads:
        _blank(lead, moment)
    db.session.flush()
    log.write_many(actor, moment, [log.Line("lead.erased", "lead", lead.number, after={"state": lead.state}, reason=RETENTION) for lead in leads])
    return len(kept)


def _views(names: set[str]) -> None:
    """Saved views of lists of leads that look for one of these names go."""
    of_leads = (SavedView.endpoint.in_(LISTS), SavedView.query.contains("q="))
    found = [view.id for view in db.session.scalars(select(SavedView).where(*of_leads)) if _looks_for(view.query, names)]
    if found:
        db.session.execute(delete(DefaultView).where(DefaultView.view_id.in_(found)))
        db.session.execute(delete(SavedView).where(SavedView.id.in_(found)))


def _looks_for(query: str, names: set[str]) -> bool:
    wanted = dict(parse_qsl(query)).get("q", "").strip()
    return bool(wanted) and any(wanted in name for name in names)


def _may(lead: Lead) -> bool:
    """The lead as it is under the lock: somebody may have gone on with it meanwhile."""
    return lead.erased_at is None and lead.account_id is None and lead.state not in CLIENTS


def _blank(lead: Lead, moment: datetime) -> None:
    lead.name = lead.email = lead.note = ""
    lead.phone_sealed = lead.phone_index = lead.id_no_sealed = lead.id_no_index = ""
    if lead.state in starts_of(FORGET):
        lead.state, lead.state_since, lead.state_reason = end_of(FORGET), moment, FORGET
    lead.pool_since = lead.contact_due_on = lead.owner_staff_id = None
    lead.erased_at = moment
    lead.version += 1


def _receipts(lead_ids: list[int]) -> None:
    """Of each signed receipt its digest alone stays: who holds the paper can still show that it is the one."""
    held = db.session.execute(select(Claim.id, Claim.receipt).where(Claim.lead_id.in_(lead_ids), Claim.receipt.is_not(None))).all()
    changed = [{"row": row, "now": {"digest": hashlib.sha256(log.canonical(receipt).encode()).hexdigest()}} for row, receipt in held if set(receipt) != {"digest"}]
    if changed:
        table = Claim.__table__
        statement = update(table).where(table.c.id == bindparam("row")).values(receipt=bindparam("now", type_=table.c.receipt.type))  # type: ignore[arg-type]
        db.session.connection().execute(statement, changed)
