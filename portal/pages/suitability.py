"""Suitability on screen: who was asked when with which grade, whose test is due again, the questions themselves, and the warning."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models import db
from models.leads import Lead
from models.suitability import SuitabilityTest
from portal.clock import now
from portal.jobs.law import jurisdiction
from portal.leads.conversion_suitability import after_test, missing, need_open, pass_suitability
from portal.leads.queries import lead_for
from portal.leads.states import OPEN
from portal.local_day import day_of
from portal.pages.suitability_words import WHERE, answers_in
from portal.permissions import Can
from portal.refusals import Refusal
from portal.suitability import queries, sittings
from portal.suitability.grading import PROOFS, needs_warning
from portal.suitability.questionnaires import asked_on, version, wording
from portal.suitability.sittings import Subject, Taken
from portal.transaction import transaction
from portal.web.formats import language
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns, day_filter

bp = Blueprint("suitability", __name__, url_prefix="/suitability")

SOON = timedelta(days=60)
INVESTORS = {"ordinary": (_l("Ordinary investor"), "neutral"), "professional": (_l("Professional investor"), "info")}
PROOF_WORDS = {
    "financial_assets": _l("Financial assets of 5 million yuan or more"),
    "income": _l("Yearly income of 500,000 yuan or more over three years"),
    "experience": _l("Two years of experience, or of work in finance"),
    "institution": _l("An institution of the kind, or with the assets, that the law names"),
}
"""What proves a professional investor."""
WHY = {
    "missing": _l("No test was taken"),
    "expired": _l("The test has run out"),
    "closed": _l("Unsuitable, left alone"),
    "unwarned": _l("Warning outstanding"),
}
COLUMNS = columns(
    Column("who", _l("Who")),
    Column("grade", _l("Risk capacity"), sort=True),
    Column("investor", _l("Kind of investor"), sort=True),
    Column("taken_on", _l("Taken on"), sort=True),
    Column("valid_until", _l("Valid through"), sort=True),
    Column("questions", _l("Questions")),
    Column("actor", _l("Recorded by")),
)


def _due(text: str) -> Any:
    day = day_of(now())
    last = queries.newest()
    return {"over": last & (SuitabilityTest.valid_until < day), "soon": last & SuitabilityTest.valid_until.between(day, day + SOON)}[text]


LISTING = Listing(
    tiebreak=SuitabilityTest.id,
    sorts={"grade": SuitabilityTest.grade, "investor": SuitabilityTest.investor, "taken_on": SuitabilityTest.taken_on, "valid_until": SuitabilityTest.valid_until},
    default="-taken_on",
    filters=(
        Filter("due", _l("To be asked again"), _due, choices=(("over", _l("Run out")), ("soon", _l("Within 60 days")))),
        Filter("grade", _l("Risk capacity"), lambda text: SuitabilityTest.grade == text, choices=tuple((name, name) for name in ("C1", "C2", "C3", "C4", "C5"))),
        Filter("where", _l("How it was taken"), lambda text: SuitabilityTest.taken_where == text, choices=tuple(WHERE.items())),
        Filter("lowest", _l("Lowest class"), lambda text: queries.newest() & queries.is_lowest(), choices=(("yes", _l("Left alone by their newest test")),)),
        Filter("investor", _l("Kind of investor"), lambda text: SuitabilityTest.investor == text, choices=tuple((name, label) for name, (label, _tone) in INVESTORS.items())),
        Filter("client", _l("Client number"), lambda text: SuitabilityTest.client_no == text),
        day_filter("from", _l("Taken from"), lambda day: SuitabilityTest.taken_on >= day),
    ),
)


def who(row: Any) -> str:
    """How a list names the person: the lead's number and name, or the client's number."""
    test, lead = row[0], row[1]
    return f"{lead.number} {lead.name}".strip() if lead is not None else test.client_no


def _source(asked: Asked) -> Any:
    return queries.tests(asked.actor, day_of(now()))


LIST = declare(
    ListPage(
        "suitability.index",
        _l("Suitability tests"),
        LISTING,
        COLUMNS,
        source=_source,
        fields=(
            Field("who", _l("Who"), who),
            Field("grade", _l("Risk capacity"), lambda row: row[0].grade),
            Field("investor", _l("Kind of investor"), lambda row: str(INVESTORS[row[0].investor][0])),
            Field("taken_on", _l("Taken on"), lambda row: row[0].taken_on),
            Field("valid_until", _l("Valid through"), lambda row: row[0].valid_until),
            Field("where", _l("How it was taken"), lambda row: str(WHERE[row[0].taken_where])),
            Field("questions", _l("Questions"), lambda row: row[0].questions_version),
            Field("actor", _l("Recorded by"), lambda row: row[0].actor_label),
        ),
        file_name="suitability",
    )
)


@bp.get("")
@requires(Can.SUITABILITY_SEE)
def index() -> ResponseReturnValue:
    """Every test that the reader may see; one click shows who is to be asked again."""
    return show_list(LIST, "suitability/index.html", today=day_of(now()), investors=INVESTORS, who=who, where=WHERE)


@bp.get("/take/lead/<lead_key>")
@requires(Can.SUITABILITY_TAKE)
def of_lead(lead_key: str) -> ResponseReturnValue:
    """The questions for a lead."""
    lead = lead_for(current_actor(), lead_key, can=Can.SUITABILITY_TAKE)
    need_open(lead)
    return _questions(lead.name, lead.number, url_for("suitability.take_lead", lead_key=lead_key))


@bp.post("/take/lead/<lead_key>")
@requires(Can.SUITABILITY_TAKE)
def take_lead(lead_key: str) -> ResponseReturnValue:
    """Keep a lead's answers; a person whom futures do not suit is closed kindly."""
    seen = lead_for(current_actor(), lead_key, can=Can.SUITABILITY_TAKE)
    moment, actor = now(), current_actor()
    day, rules, name, of_lead = day_of(moment), jurisdiction(), seen.name, seen.number
    need_open(seen)
    try:
        with transaction():
            lead = lead_for(actor, lead_key, can=Can.SUITABILITY_TAKE, lock=True)
            need_open(lead)
            test = sittings.take(Subject(lead.id, "", lead.number), _taken(), actor, moment, day, rules)
            after_test(lead, test, actor, moment, day, rules)
            number = test.public_id
    except sittings.BadSitting as refusal:
        return _questions(name, of_lead, url_for("suitability.take_lead", lead_key=lead_key), refusal)
    flash(_("The answers are kept."), "success")
    return redirect(url_for("suitability.show", test_key=number), 303)


@bp.get("/take/client/<client_key>")
@requires(Can.SUITABILITY_TAKE)
def of_client(client_key: str) -> ResponseReturnValue:
    """The questions for a client."""
    name = queries.client_seen(current_actor(), Can.SUITABILITY_TAKE, client_key, day_of(now()))
    return _questions(name, client_key, url_for("suitability.take_client", client_key=client_key))


@bp.post("/take/client/<client_key>")
@requires(Can.SUITABILITY_TAKE)
def take_client(client_key: str) -> ResponseReturnValue:
    """Keep a client's answers."""
    moment, actor = now(), current_actor()
    day = day_of(moment)
    name = queries.client_seen(actor, Can.SUITABILITY_TAKE, client_key, day)
    try:
        with transaction():
            number = sittings.take(Subject(None, client_key, client_key), _taken(), actor, moment, day, jurisdiction()).public_id
    except sittings.BadSitting as refusal:
        return _questions(name, client_key, url_for("suitability.take_client", client_key=client_key), refusal)
    flash(_("The answers are kept."), "success")
    return redirect(url_for("suitability.show", test_key=number), 303)


@bp.get("/tests/<test_key>")
@requires(Can.SUITABILITY_SEE)
def show(test_key: str) -> ResponseReturnValue:
    """One test: grade, answers, evidence, warnings, and the tests before it."""
    day = day_of(now())
    test = queries.seen_test(current_actor(), test_key, day, Can.SUITABILITY_SEE)
    lead = db.session.get(Lead, test.lead_id) if test.lead_id is not None else None
    return render_template(
        "suitability/show.html",
        test=test,
        given=json.loads(test.answers) if test.answers else {},
        lead=lead,
        questions=version(test.questions_version),
        language=language(),
        history=queries.history(test),
        warnings=queries.warnings(test),
        investors=INVESTORS,
        where=WHERE,
        proofs=PROOF_WORDS,
        why=WHY,
        missing=missing(lead, day, jurisdiction()) if lead is not None else "",
        closed=sittings.is_closed(test),
        over=test.valid_until < day,
        again=_again(test, lead),
        **_words(test, day),
    )


def _again(test: SuitabilityTest, lead: Lead | None) -> str:
    """Where the questions are asked again of who may be asked."""
    if lead is None:
        return url_for("suitability.of_client", client_key=test.client_no)
    return url_for("suitability.of_lead", lead_key=lead.public_id) if lead.state in OPEN and not lead.suppressed and lead.erased_at is None else ""


def _words(test: SuitabilityTest, day: date) -> dict[str, Any]:
    """What is read to the person: the warning where one is due, the kind close where he is left alone."""
    risk = sittings.product_risk(jurisdiction(), day)
    due = needs_warning(test.grade, risk) and not sittings.is_closed(test)
    return {
        "risk": risk,
        "warning": wording("warning", day).texts[language()].format(grade=test.grade, risk=risk) if due else "",
        "goodbye": wording("goodbye", day).texts[language()],
        "may_take": current_actor().may(Can.SUITABILITY_TAKE),
    }


@bp.post("/tests/<test_key>/warn")
@requires(Can.SUITABILITY_TAKE)
def warn(test_key: str) -> ResponseReturnValue:
    """Keep that the warning was read; a qualified lead who goes on by his own wish goes on."""
    moment, actor = now(), current_actor()
    day, rules = day_of(moment), jurisdiction()
    queries.seen_test(actor, test_key, day, Can.SUITABILITY_TAKE)
    accepted, evidence = request.form.get("wish") == "accept", request.form.get("evidence", "")
    if accepted and not evidence.strip():
        flash(_("Name the recording or the signed paper of the warning: without it nobody goes on."), "warning")
        return redirect(url_for("suitability.show", test_key=test_key), 303)
    with transaction():
        test = queries.seen_test(actor, test_key, day, Can.SUITABILITY_TAKE)
        sittings.warn(test, accepted=accepted, evidence=evidence, locale=str(get_locale()), actor=actor, moment=moment, today=day, jurisdiction=rules)
        lead = db.session.get(Lead, test.lead_id, with_for_update=True) if test.lead_id is not None else None
        if accepted and lead is not None and lead.state == "qualified" and not missing(lead, day, rules):
            pass_suitability(lead, actor, moment, day, rules)
    flash(_("The warning is kept with its text."), "success")
    return redirect(url_for("suitability.show", test_key=test_key), 303)


def _questions(name: str, number: str, action: str, refusal: Refusal | None = None) -> ResponseReturnValue:
    """The questions; where a sitting does not hold, with what was answered and why it does not."""
    fault = _(refusal.message, **refusal.values) if refusal is not None else ""
    places = {key: label for key, label in WHERE.items() if key in sittings.BEFORE_STAFF}
    known = {"questions": asked_on(day_of(now())), "language": language(), "where": places, "proofs": PROOF_WORDS}
    page = render_template("suitability/take.html", name=name, number=number, action=action, fault=fault, given=request.form if refusal is not None else {}, **known)
    return page, refusal.status if refusal is not None else 200


def _taken() -> Taken:
    form = request.form
    answers, number = answers_in(form)
    proofs = {name: bool(form.get(f"proof-{name}")) for name in PROOFS}
    return Taken(answers, number, form.get("where", ""), form.get("present", ""), form.get("evidence", ""), str(get_locale()), proofs)
