"""Leads on screen: the list, the board by state, and one lead with everything that was said and done about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, false, func, literal, select
from sqlalchemy.orm import aliased

from models import db
from models.leads import Campaign, Claim, Lead, LeadState
from models.partners import Branch, Broker, Staff
from portal import clock, local_day
from portal.actors import Actor
from portal.jobs.law import jurisdiction
from portal.keys import keyring
from portal.leads import next_steps, owners, queries, work
from portal.leads.introducers import introducer_of, of_claim
from portal.leads.lead_consents import last_words
from portal.leads.next_steps import Next
from portal.leads.policy import visible_to
from portal.leads.protection import HOLDING, holds, last_day
from portal.leads.states import OPEN, steps_from
from portal.leads.terms import terms
from portal.pages import leads_words as words
from portal.pages.channels_behind import won_leads
from portal.pages.leads_places import owner_place, state_place, ways
from portal.permissions import Can
from portal.sealing import masked
from portal.suitability.sittings import newest_of
from portal.web.guard import current_actor, requires
from portal.web.in_place import Place, Typed, by_id
from portal.web.list_pages import Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns, day_filter

bp = Blueprint("leads", __name__, url_prefix="/leads")
Brought, Owner = aliased(Staff), aliased(Staff)
BOARD = (*OPEN, LeadState.ACCOUNT_OPENED)
"""The columns of the board."""
ON_BOARD = 20
"""Cards of a column; the rest is in the list."""
COLUMNS = columns(
    Column("number", _l("Number"), sort=True),
    Column("name", _l("Name"), sort=True),
    Column("state", _l("State"), sort=True),
    Column("introducer", _l("Introduced by")),
    Column("owner", _l("Looked after by")),
    Column("due", _l("First contact by"), sort=True),
    Column("until", _l("Claim until"), sort=True),
    Column("registered_at", _l("Registered on"), sort=True),
)


def _claim_ends(text: str) -> ColumnElement[bool]:
    days, idle = timedelta(days=int(text)), timedelta(days=terms().idle_days)
    day = local_day.today()
    ends = (Claim.protected_until <= day + days) | (Claim.last_activity_on <= day + days - idle)
    return Claim.state.in_(HOLDING) & (Claim.protected_until >= day) & (Claim.last_activity_on >= day - idle) & ends


def _contact(text: str) -> ColumnElement[bool]:
    waits = owners.is_open() & Lead.contacted_at.is_(None) & Lead.contact_due_on.is_not(None)
    return waits & (Lead.contact_due_on < local_day.today()) if text == "late" else waits


def _owned(text: str) -> ColumnElement[bool]:
    return Lead.owner_staff_id.is_(None) & owners.is_open() if text == "-" else Owner.staff_no == text


LISTING = Listing(
    tiebreak=Lead.id,
    sorts={"number": Lead.id, "name": Lead.name, "state": Lead.state, "due": Lead.contact_due_on, "until": Claim.protected_until, "registered_at": Lead.registered_at},
    default="-registered_at",
    filters=(
        Filter("q", _l("Name"), lambda text: Lead.name.contains(text, autoescape=True), personal=True),
        Filter("state", _l("State"), lambda text: Lead.state == text, choices=tuple((name, label) for name, (label, _tone) in words.STATES.items())),
        Filter("contact", _l("First contact"), _contact, choices=(("due", _l("still to come")), ("late", _l("overdue")))),
        Filter("ends", _l("Claim ends"), _claim_ends, choices=(("7", _l("within 7 days")), ("14", _l("within 14 days")), ("30", _l("within 30 days")))),
        Filter("door", _l("Came by"), lambda text: Lead.door == text, choices=tuple(words.DOORS.items())),
        Filter("owner", _l("Looked after by"), _owned, hidden=True),
        Filter("broker", _l("Broker"), lambda text: Broker.broker_no == text, hidden=True),
        Filter("campaign", _l("Campaign"), lambda text: Lead.campaign_id.in_(select(Campaign.id).where(Campaign.code == text)), hidden=True),
        Filter("branch", _l("Branch"), lambda text: Lead.branch_id.in_(select(Branch.id).where(Branch.branch_no == text)), hidden=True),
        won_leads(Lead.id),
        day_filter("from", _l("Registered from"), lambda day: Lead.registered_at >= day, hidden=True),
    ),
)


def listed(actor: Actor) -> Select[*tuple[Any, ...]]:
    """The leads that somebody may see, each with its newest claim: an introducer's own, for who is no employee."""
    outside, newest = words.is_outside(actor), select(func.max(Claim.id)).where(Claim.lead_id == Lead.id)
    if outside:
        newest = newest.where(introducer_of(actor).claimed())
    query = select(Lead, Claim, Broker.broker_no, Brought.staff_no.label("by_staff"), (literal(None) if outside else Owner.staff_no).label("owner"))
    query = query.add_columns(literal(words.is_client(actor)).label("by_given_name")).outerjoin(Claim, Claim.id == newest.correlate(Lead).scalar_subquery())
    query = query.outerjoin(Broker, Broker.id == Claim.broker_id).outerjoin(Brought, Brought.id == Claim.staff_id).outerjoin(Owner, Owner.id == Lead.owner_staff_id)
    return query.where(visible_to(actor))


def name_of(row: Any) -> str:
    """A lead's name as its reader may see it."""
    return queries.given_name(row[0].name) if row.by_given_name else str(row[0].name)


def introducer_text(row: Any) -> str:
    """Who introduced: the kind, and the number where there is one."""
    claim = row[1]
    return "–" if claim is None else " ".join(str(part) for part in (words.INTRODUCERS[claim.kind], row.broker_no or row.by_staff or claim.client_no) if part)


LIST = declare(
    ListPage(
        "leads.index",
        _l("Leads"),
        LISTING,
        COLUMNS,
        source=lambda asked: listed(asked.actor),
        fields=(
            Field("number", _l("Number"), lambda row: row[0].number),
            Field("name", _l("Name"), name_of),
            Field("state", _l("State"), lambda row: str(words.STATES[row[0].state][0])),
            Field("introducer", _l("Introduced by"), introducer_text),
            Field("owner", _l("Looked after by"), lambda row: row.owner),
            Field("due", _l("First contact by"), lambda row: None if row[0].contacted_at else row[0].contact_due_on),
            Field("until", _l("Claim until"), lambda row: row[1].protected_until if row[1] and row[1].state in HOLDING else None),
            Field("registered_at", _l("Registered on"), lambda row: row[0].registered_at),
        ),
    )
)


@bp.get("")
@requires(Can.LEAD_SEE)
def index() -> ResponseReturnValue:
    """Every lead that the reader may see."""
    which = LIST
    if words.is_outside(current_actor()):  # who looks after a lead in the firm is told to nobody outside: no column of dashes
        shown = {key: column for key, column in LIST.columns.items() if key != "owner"}
        which = replace(LIST, columns=shown, fields=tuple(one for one in LIST.fields if one.key != "owner"))
    return show_list(which, "leads/index.html", name_of=name_of, introducer_text=introducer_text, ends=ends_of(), today=local_day.today(), states=words.STATES)


def ends_of() -> Any:
    """How the rows of a page find the last day of their claims, with the terms read once."""
    rules, day = terms(), local_day.today()

    def end(claim: Claim | None) -> Any:
        if claim is None or not holds(claim.state, claim.protected_until, claim.last_activity_on, day, rules):
            return None
        return last_day(claim.protected_until, claim.last_activity_on, rules)

    return end


@bp.get("/board")
@requires(Can.LEAD_SEE)
def board() -> ResponseReturnValue:
    """The open leads by state, those with the next deadline first."""
    actor = current_actor()
    states = [state.value for state in BOARD]
    counted = select(Lead.state, func.count()).where(visible_to(actor), Lead.state.in_(states)).group_by(Lead.state)
    counts = {state: int(count) for state, count in db.session.execute(counted)}
    place = func.row_number().over(partition_by=Lead.state, order_by=(Lead.contact_due_on.is_(None), Lead.contact_due_on, Lead.id))
    first = select(Lead.id, place.label("place")).where(visible_to(actor), Lead.state.in_(states)).subquery()
    query = listed(actor).join(first, first.c.id == Lead.id).where(first.c.place <= ON_BOARD).order_by(first.c.place)
    rows = db.session.execute(query).all()
    cards = {state: [row for row in rows if row[0].state == state] for state in states}
    return render_template(
        "leads/board.html", cards=cards, counts=counts, states=words.STATES, name_of=name_of, introducer_text=introducer_text, ends=ends_of(), today=local_day.today()
    )


@bp.get("/<lead_public_id>")
@requires(Can.LEAD_SEE)
def show(lead_public_id: str) -> ResponseReturnValue:
    """One lead: facts, claim and its last day, what is to be done, what was said."""
    return shown(queries.lead_for(current_actor(), lead_public_id))


def shown(lead: Lead, *, phone: str = "", reason: str = "", consent_link: str = "", typed: Typed | None = None) -> str:
    """The page of a lead; `phone` in the clear where it was just asked for, with the `reason` that was given, or the link with which
    the person takes consents back; `typed` while one of its values is a form."""
    actor = current_actor()
    if words.is_client(actor):
        return render_template("leads/progress.html", lead=lead, name=queries.given_name(lead.name) or lead.number, states=words.STATES, steps=BOARD)
    held, claims = queries.rights_over(lead, actor), _claims(lead, actor)
    number = keyring().open(lead.phone_sealed, f"lead.phone_sealed:{lead.public_id}")
    until = ends_of()
    live = next((claim for claim in reversed(claims) if until(claim) is not None), None)
    onward = _onward(lead, held, actor)
    return render_template(
        "leads/show.html",
        lead=lead,
        phone=phone or masked(number.removeprefix("+86")),
        phone_shown=bool(phone),
        reason=reason,
        has_phone=bool(number),
        **_people(lead, claims, actor),
        live=live,
        until=until(live),
        consent_link=consent_link,
        **onward,
        places=_places(lead, onward["nexts"], held, actor, typed),
        entries=queries.entries(lead.id),
        tasks=[] if words.is_outside(actor) else queries.tasks(lead.id),
        outside=words.is_outside(actor),
        may_work=Can.LEAD_WORK in held and lead.state in OPEN,
        may_note=Can.LEAD_WORK in held,
        steps=[name for name in steps_from(lead.state) if name in ("qualify", "lapse", "refuse")],
        own_claim=live is not None and Can.LEAD_REGISTER in held and of_claim(live) == introducer_of(actor),
        may_extend=live is not None and Can.LEAD_REGISTER in held and live.extended_on is None and live.state in HOLDING and work.was_contacted(live),
        words=words,
        today=local_day.today(),
        late=lead.contacted_at is None and lead.contact_due_on is not None and lead.contact_due_on < local_day.today() and lead.state in OPEN,
        now=clock.now(),
    )


def _places(lead: Lead, nexts: list[Next], held: set[Can], actor: Actor, typed: Typed | None) -> dict[str, Place]:
    """What the reader may change of a lead where it stands on its page."""
    if words.is_outside(actor):
        return {}
    colleagues = owners.colleagues(actor, local_day.today()) if Can.LEAD_ASSIGN in held and lead.state in OPEN else []
    return by_id([*owner_place(lead, colleagues, terms().leads_per_staff), *state_place(lead, ways(lead, nexts, held))], typed)


def _onward(lead: Lead, held: set[Can], actor: Actor) -> dict[str, Any]:
    """Where a lead stands on its way, what comes next for the reader with what is missing, and what the person allowed."""
    if words.is_outside(actor):
        return {"nexts": [], "path": (), "consents": [], "may_merge": False}
    test = newest_of(lead_id=lead.id) if lead.state in OPEN else None
    return {
        "path": next_steps.PATH,
        "nexts": next_steps.next_steps(lead, held, local_day.today(), jurisdiction()),
        "holders": words.holders_of,
        "test": test,
        "consents": last_words(lead.id),
        "may_merge": Can.LEAD_ASSIGN in held and "merge" in steps_from(lead.state) and lead.erased_at is None,
        "left_alone": lead.suppressed and lead.account_id is None,
    }


def _claims(lead: Lead, actor: Actor) -> list[Claim]:
    """The claims of a lead; those of others are nothing for who is no employee."""
    claims = queries.claims(lead.id)
    if not words.is_outside(actor):
        return claims
    me = introducer_of(actor)
    return [claim for claim in claims if of_claim(claim) == me]


def _people(lead: Lead, claims: list[Claim], actor: Actor) -> dict[str, Any]:
    """Who introduced the lead and who looks after it, by number."""
    brokers = _numbers(Broker.id, Broker.broker_no, {claim.broker_id for claim in claims})
    staff = _numbers(Staff.id, Staff.staff_no, {claim.staff_id for claim in claims} | {lead.owner_staff_id})
    by = {claim.id: brokers.get(claim.broker_id or 0) or staff.get(claim.staff_id or 0) or claim.client_no for claim in claims}
    campaign = db.session.get(Campaign, lead.campaign_id) if lead.campaign_id else None
    owner = "" if words.is_outside(actor) else staff.get(lead.owner_staff_id or 0, "")
    return {"claims": claims, "by": by, "campaign": campaign, "owner": owner}


def _numbers(key: Any, number: Any, wanted: set[int | None]) -> dict[int, str]:
    some = [one for one in wanted if one is not None]
    return {int(one): str(text) for one, text in db.session.execute(select(key, number).where(key.in_(some) if some else false()))}
