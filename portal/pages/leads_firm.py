"""What the firm lays down about leads: its campaigns with their cost, and the terms of protection, pool and look-ups."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from models.leads import Campaign, Lead
from models.values.money import NotMoney, parse_yuan, yuan
from portal import clock
from portal.leads import campaigns
from portal.leads.campaigns import Plan
from portal.leads.people import BadField
from portal.leads.terms import BOUNDS, Terms, set_terms, terms
from portal.pages import leads_words as words
from portal.permissions import Can
from portal.refusals import Conflict, Refusal
from portal.transaction import transaction
from portal.web.exports import amount
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("leads_firm", __name__, url_prefix="/leads")
TERMS = {
    "protection_days": (_l("Protection of a claim"), _l("days from its registration")),
    "extension_days": (_l("Extension"), _l("days, once, with a recorded contact")),
    "idle_days": (_l("Ends early"), _l("days without anything happening")),
    "first_contact_trading_days": (_l("First contact"), _l("trading days after registration")),
    "unworked_days": (_l("Into the pool"), _l("days without work on it")),
    "picks_a_day": (_l("Picks from the pool"), _l("a day, for each of the staff")),
    "cool_down_days": (_l("Cool-down"), _l("days before its former owner may pick it")),
    "leads_per_staff": (_l("Capacity"), _l("open leads of one of the staff")),
    "look_ups_an_hour": (_l("Questions an hour"), _l("whether somebody is known, for each introducer")),
    "look_ups_a_day": (_l("Questions a day"), _l("whether somebody is known, for each introducer")),
    "retention_months": (_l("Deletion"), _l("months after the end of a lead that opened no account")),
    "reopened_months": (_l("Closed and reopened"), _l("months within which it goes to review")),
}
"""Each term with its name and its unit."""
FIELDS = ("code", "name", "kind", "starts_on", "ends_on", "cost")
COUNT = select(func.count()).select_from(Lead).where(Lead.campaign_id == Campaign.id).correlate(Campaign).scalar_subquery()
COLUMNS = columns(
    Column("code", _l("Code"), sort=True),
    Column("name", _l("Name"), sort=True),
    Column("kind", _l("Kind")),
    Column("starts_on", _l("From"), sort=True),
    Column("ends_on", _l("Until"), sort=True),
    Column("cost", _l("Cost"), sort=True, number=True, money=True),
    Column("leads", _l("Leads"), number=True),
)


def _rows(asked: Asked) -> Any:
    return campaigns.campaigns(asked.actor).add_columns(COUNT.label("leads"))


LIST = declare(
    ListPage(
        "leads_firm.campaign_list",
        _l("Campaigns and events"),
        Listing(
            tiebreak=Campaign.id,
            sorts={"code": Campaign.code, "name": Campaign.name, "starts_on": Campaign.starts_on, "ends_on": Campaign.ends_on, "cost": Campaign.cost},
            default="-starts_on",
            filters=(
                Filter("q", _l("Name"), lambda text: Campaign.name.contains(text, autoescape=True)),
                Filter("kind", _l("Kind"), lambda text: Campaign.kind == text, choices=tuple(words.CAMPAIGN_KINDS.items())),
            ),
        ),
        COLUMNS,
        source=_rows,
        fields=(
            Field("code", _l("Code"), lambda row: row[0].code),
            Field("name", _l("Name"), lambda row: row[0].name),
            Field("kind", _l("Kind"), lambda row: str(words.CAMPAIGN_KINDS[row[0].kind])),
            Field("starts_on", _l("From"), lambda row: row[0].starts_on),
            Field("ends_on", _l("Until"), lambda row: row[0].ends_on),
            Field("cost", _l("Cost"), lambda row: amount(row[0].cost)),
            Field("leads", _l("Leads"), lambda row: row.leads),
        ),
        sums={"cost": Campaign.cost},
        file_name="campaigns",
    )
)


@bp.get("/campaigns")
@requires(Can.CAMPAIGN_EDIT)
def campaign_list() -> ResponseReturnValue:
    """The campaigns of the firm, or of the reader's branch."""
    return show_list(LIST, "leads/campaigns.html", kinds=words.CAMPAIGN_KINDS)


@bp.route("/campaigns/new", methods=["GET", "POST"])
@requires(Can.CAMPAIGN_EDIT)
def new_campaign() -> ResponseReturnValue:
    """Begin one."""
    if request.method == "GET":
        return _form(dict.fromkeys(FIELDS, ""))
    given = {name: request.form.get(name, "").strip() for name in FIELDS}
    try:
        plan = _plan(given)
        with transaction():
            campaigns.begin(plan, current_actor(), clock.now())
    except (BadField, Conflict) as error:
        return _form(given, error), error.status
    flash(_("The campaign %(code)s is kept.", code=plan.code), "success")
    return redirect(url_for("leads_firm.campaign_list"), 303)


@bp.route("/campaigns/<campaign_code>", methods=["GET", "POST"])
@requires(Can.CAMPAIGN_EDIT)
def campaign(campaign_code: str) -> ResponseReturnValue:
    """Change one."""
    held = campaigns.campaign_for(current_actor(), campaign_code)
    given = {"code": held.code, "name": held.name, "kind": held.kind, "starts_on": str(held.starts_on), "ends_on": str(held.ends_on), "cost": yuan(held.cost)}
    if request.method == "GET":
        return _form(given, version=held.version)
    given |= {name: request.form.get(name, "").strip() for name in FIELDS if name != "code"}
    try:
        plan = _plan(given)
        with transaction():
            campaigns.change(campaign_code, plan, words.version_seen(), current_actor(), clock.now())
    except (BadField, Conflict) as error:
        return _form(given, error, version=words.version_seen(), code=campaign_code), error.status
    flash(_("The campaign %(code)s is kept.", code=campaign_code), "success")
    return redirect(url_for("leads_firm.campaign_list"), 303)


@bp.route("/terms", methods=["GET", "POST"])
@requires(Can.LEAD_TERMS)
def firm_terms() -> ResponseReturnValue:
    """The terms, and changing them. They count from then on, and change nothing that was promised before."""
    held, error = asdict(terms()), None
    given: dict[str, Any] = dict(held)
    if request.method == "POST":
        given = {name: request.form.get(name, "").strip() for name in TERMS}
        try:
            with transaction():
                set_terms({name: _whole(name, text) for name, text in given.items()}, current_actor(), clock.now())
            flash(_("The terms are kept. They count from now on."), "success")
            return redirect(url_for("leads_firm.firm_terms"), 303)
        except Refusal as found:
            error = found
    return render_template("leads/terms.html", terms=TERMS, given=given, usual=asdict(Terms()), bounds=BOUNDS, error=error), 422 if error else 200


def _whole(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        raise BadField(name, "this is a whole number")
    return int(text)


def _form(given: dict[str, str], error: Refusal | None = None, *, version: int = 0, code: str = "") -> str:
    code = code or (given["code"] if version else "")
    return render_template("leads/campaign.html", given=given, error=error, version=version, code=code, kinds=words.CAMPAIGN_KINDS)


def _plan(given: dict[str, str]) -> Plan:
    """What was typed. Raises BadField."""
    days = {}
    for name in ("starts_on", "ends_on"):
        days[name] = words.day_given(name)
        if days[name] is None:
            raise BadField(name, "choose a day")
    try:
        cost = parse_yuan(given["cost"] or "0")
    except NotMoney as error:
        raise BadField("cost", "the cost is an amount in yuan, 0 or more") from error
    return Plan(given["code"], given["name"], given["kind"], days["starts_on"], days["ends_on"], cost)  # type: ignore[arg-type]
