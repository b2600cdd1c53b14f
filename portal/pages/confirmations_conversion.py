"""Leads that became clients: the account named by hand, what people must look at, and who is recognised nevertheless."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from models import db
from models.audit import Approval
from models.clients import Account
from models.confirmations import Conversion
from models.leads import Claim
from models.partners import Broker
from portal.audit.recordings import hold_clock
from portal.clock import now
from portal.imports.arrivals import renew, setting
from portal.jobs.law import jurisdiction
from portal.leads import confirmation_queries as queries
from portal.leads import conversion_review
from portal.leads.conversion import convert, foreseen
from portal.leads.conversion_facts import live_claims
from portal.leads.queries import lead_for
from portal.local_day import day_of
from portal.pages import leads_words
from portal.pages.confirmations import OUTCOMES
from portal.pages.rules_words import reason_text
from portal.permissions import Can
from portal.rules.stopping import stopped_by
from portal.transaction import transaction
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("conversions", __name__, url_prefix="/conversions")

STATES = {
    "awaited": (_l("Account awaited"), "info"),
    "attributed": (_l("Attributed"), "good"),
    "servicing": (_l("Won by staff"), "good"),
    "house": (_l("The house's"), "neutral"),
    "blocked": (_l("A clause forbids it"), "bad"),
    "review": (_l("To be looked at"), "warn"),
    "refused": (_l("Not recognised"), "bad"),
}
HOW = {"by_hand": _l("by hand"), "by_import": _l("by an import")}
COLUMNS = columns(
    Column("number", _l("Lead"), sort=True),
    Column("account_no", _l("Account"), sort=True),
    Column("opened_on", _l("Opened"), sort=True),
    Column("state", _l("What became of it"), sort=True),
    Column("why", _l("Why")),
    Column("converted_at", _l("Noticed"), sort=True),
)
LISTING = Listing(
    tiebreak=Conversion.id,
    sorts={
        "number": Conversion.lead_id,
        "account_no": Conversion.account_no,
        "opened_on": Conversion.opened_on,
        "state": Conversion.state,
        "converted_at": Conversion.converted_at,
    },
    default="-converted_at",
    filters=(
        Filter("state", _l("What became of it"), lambda text: Conversion.state == text, choices=tuple((name, label) for name, (label, _tone) in STATES.items())),
        Filter("account", _l("Account"), lambda text: Conversion.account_no == text),
    ),
)


def why(row: Conversion) -> str:
    """The reasons of a conversion in the reader's language."""
    return "; ".join(reason_text(one["reason"], one["details"]) for one in row.reasons)


def _source(asked: Asked) -> Any:
    return queries.conversions(asked.actor)


LIST = declare(
    ListPage(
        "conversions.index",
        _l("Leads that opened an account"),
        LISTING,
        COLUMNS,
        source=_source,
        fields=(
            Field("number", _l("Lead"), lambda row: row[1].number),
            Field("account_no", _l("Account"), lambda row: row[0].account_no),
            Field("opened_on", _l("Opened"), lambda row: row[0].opened_on),
            Field("state", _l("What became of it"), lambda row: str(STATES[row[0].state][0])),
            Field("why", _l("Why"), lambda row: why(row[0])),
            Field("converted_at", _l("Noticed"), lambda row: row[0].converted_at),
        ),
        file_name="conversions",
    )
)


@bp.get("")
@requires(Can.CONFIRMATION_SEE, Can.LEAD_SEE)
def index() -> ResponseReturnValue:
    """Every lead that opened an account, with what became of its claim."""
    return show_list(LIST, "confirmations/conversions.html", states=STATES, why=why, how=HOW)


@bp.get("/<int:conversion_id>")
@requires(Can.CONFIRMATION_SEE, Can.LEAD_SEE)
def show(conversion_id: int) -> ResponseReturnValue:
    """One of them, with the claim and what may be done now."""
    row, lead = queries.conversion_seen(current_actor(), conversion_id)
    claim = db.session.get(Claim, row.claim_id) if row.claim_id else None
    approval = db.session.get(Approval, row.approval_id) if row.approval_id else None
    return render_template(
        "confirmations/conversion.html",
        row=row,
        lead=lead,
        claim=claim,
        broker=db.session.get(Broker, claim.broker_id) if claim is not None and claim.broker_id else None,
        approval=approval,
        calls=queries.calls_about(row),
        outcomes=OUTCOMES,
        states=STATES,
        how=HOW,
        reasons=[(one["code"], reason_text(one["reason"], one["details"])) for one in row.reasons],
        may_ask=current_actor().may(Can.TRANSFER_PREPARE) and row.state == "review" and (approval is None or approval.state in ("refused", "withdrawn")),
    )


@bp.get("/new/<lead_key>")
@requires(Can.LEAD_WORK)
def new(lead_key: str) -> ResponseReturnValue:
    """Name the account that a lead opened, with what would come of it first."""
    lead = lead_for(current_actor(), lead_key, can=Can.LEAD_WORK)
    number = request.args.get("account", "").strip()[:64]
    account_id = db.session.execute(select(Account.id).where(Account.account_no == number)).scalar() if number else None
    claim = live_claims([lead.id]).get(lead.id)
    moment = now()
    outcome = foreseen(lead, account_id, setting(current_actor(), moment)) if account_id is not None else None
    clauses = stopped_by(claim.broker_id, account_id, day_of(moment), jurisdiction()) if account_id is not None and claim is not None and claim.broker_id is not None else []
    return render_template(
        "confirmations/new.html",
        lead=lead,
        number=number,
        account_id=account_id,
        claim=claim,
        broker=db.session.get(Broker, claim.broker_id) if claim is not None and claim.broker_id else None,
        introducer=leads_words.INTRODUCERS[claim.kind] if claim is not None else "",
        outcome=STATES[outcome.state] if outcome is not None else STATES["awaited"],
        looks=[reason_text(one["reason"], one["details"]) for one in outcome.reasons] if outcome is not None and outcome.state == "review" else [],
        clauses=[(clause.code, reason_text(clause.reason, clause.values), clause.rule.source) for clause in clauses],
    )


@bp.post("/new/<lead_key>")
@requires(Can.LEAD_WORK)
def name(lead_key: str) -> ResponseReturnValue:
    """Say which account a lead opened."""
    lead_for(current_actor(), lead_key, can=Can.LEAD_WORK)
    moment, actor = now(), current_actor()
    with transaction():
        hold_clock()
        lead = lead_for(actor, lead_key, can=Can.LEAD_WORK, lock=True)
        found = convert(lead, request.form.get("account", ""), setting(actor, moment))
        renew(found, actor, moment)
        state, number = STATES[found.conversions[0].state][0], lead.number
    flash(_("%(number)s: %(action)s.", number=number, action=state), "success")
    return redirect(url_for("conversions.index") if actor.may(Can.CONFIRMATION_SEE) else url_for("home.overview"), 303)


@bp.post("/<int:conversion_id>/ask")
@requires(Can.TRANSFER_PREPARE)
def ask(conversion_id: int) -> ResponseReturnValue:
    """Put a claim before a second person."""
    moment, actor = now(), current_actor()
    queries.conversion_seen(actor, conversion_id)
    with transaction():
        number = conversion_review.ask(conversion_id, request.form.get("reason", ""), actor, moment, day_of(moment), jurisdiction()).id
    flash(_("It waits for a second person (approval %(id)s).", id=number), "success")
    return redirect(url_for("conversions.show", conversion_id=conversion_id), 303)


@bp.post("/<int:conversion_id>/refuse")
@requires(Can.TRANSFER_PREPARE)
def refuse(conversion_id: int) -> ResponseReturnValue:
    """Leave the account to the house."""
    actor = current_actor()
    queries.conversion_seen(actor, conversion_id)
    with transaction():
        conversion_review.turn_down(conversion_id, request.form.get("reason", ""), actor, now())
    flash(_("The claim is not recognised; the account is the house's."), "success")
    return redirect(url_for("conversions.show", conversion_id=conversion_id), 303)
