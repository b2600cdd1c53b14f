"""Cases between two claims on screen: contesting one, showing evidence, deciding, appealing, and what waits in suspense."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models import db
from models.leads import Lead
from models.transfers import CaseState, ClaimCase
from portal import clock
from portal.documents.case_letter import case_letter
from portal.documents.paper import Paper
from portal.documents.pdf import pdf_of
from portal.jobs import case as door
from portal.jobs import queries as jobs
from portal.jobs.law import jurisdiction
from portal.keys import keyring
from portal.leads.introducers import introducer_of, of_claim
from portal.leads.people import person
from portal.leads.register import Answer
from portal.local_day import zone
from portal.pages.case_words import ACTIONS, HEARD, KINDS, SIDES, STATES, VERDICTS, ContestForm
from portal.pages.taken_out import paper_out
from portal.pages.transfers import said_of_job
from portal.permissions import Can, Scope
from portal.refusals import NotFound, Refusal
from portal.transaction import transaction
from portal.transfers import cases, holding
from portal.transfers.case_entries import Evidence
from portal.transfers.case_queries import case_for, claims_of_case, entries, side_of, verdict_of
from portal.transfers.case_queries import cases as visible_cases
from portal.transfers.case_states import WAITS_FOR_DESK, Side, is_final, is_overdue, steps_from
from portal.transfers.contest import Contested, contest
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("cases", __name__, url_prefix="/cases")

COLUMNS = columns(
    Column("number", _l("Number"), sort=True),
    Column("state", _l("State")),
    Column("opened_at", _l("Opened on"), sort=True),
    Column("due_on", _l("Decision due"), sort=True),
    Column("held_by", _l("Held by")),
    Column("contested_by", _l("Contested by")),
    Column("suspense", _l("In suspense")),
)
NUMBERS = ("held_by", "contested_by")


def _today() -> date:
    return clock.now().astimezone(zone()).date()


def _waits(text: str) -> Any:
    of_desk = ClaimCase.state.in_([state.value for state in WAITS_FOR_DESK])
    return {"desk": of_desk, "late": of_desk & (ClaimCase.due_on < _today())}[text]


LISTING = Listing(
    tiebreak=ClaimCase.id,
    sorts={"number": ClaimCase.id, "opened_at": ClaimCase.opened_at, "due_on": ClaimCase.due_on},
    default="-number",
    filters=(
        Filter("state", _l("State"), lambda text: ClaimCase.state == text, choices=tuple((name, label) for name, (label, _tone) in STATES.items())),
        Filter("waits", _l("Waits for"), _waits, choices=(("desk", _l("The firm")), ("late", _l("The firm, overdue")))),
    ),
)
LIST = declare(
    ListPage(
        "cases.index",
        _l("Cases between claims"),
        LISTING,
        COLUMNS,
        source=lambda asked: visible_cases(asked.actor),
        fields=(
            Field("number", _l("Number"), lambda row: row[0].number),
            Field("state", _l("State"), lambda row: str(STATES[row[0].state][0])),
            Field("opened_at", _l("Opened on"), lambda row: row[0].opened_at),
            Field("due_on", _l("Decision due"), lambda row: row[0].due_on),
            Field("held_by", _l("Held by"), lambda row: row.held_by),
            Field("contested_by", _l("Contested by"), lambda row: row.contested_by),
            Field("suspense", _l("In suspense"), lambda row: _("yes") if in_suspense(row[0]) else ""),
        ),
    )
)


def in_suspense(case: ClaimCase) -> bool:
    """Whether commission waits because of a case."""
    return bool(case.suspended) and not case.suspended.get("recording")


@bp.get("")
@requires(Can.CASE_SEE)
def index() -> ResponseReturnValue:
    """Every case that the reader may see. Who sees less than the whole firm is told nobody's number: no columns of dashes."""
    which = LIST
    if current_actor().scope(Can.CASE_SEE) is not Scope.ALL:
        shown = {key: column for key, column in LIST.columns.items() if key not in NUMBERS}
        which = replace(LIST, columns=shown, fields=tuple(one for one in LIST.fields if one.key not in NUMBERS))
    return show_list(which, "cases/index.html", case_states=STATES, in_suspense=in_suspense, overdue=lambda one: is_overdue(one.state, one.due_on, _today()))


@bp.route("/new", methods=["GET", "POST"])
@requires(Can.CASE_ANSWER)
def new() -> ResponseReturnValue:
    """The form. What a look-up asked for comes along as a sent form (who, name, phone, id_no), never in the address."""
    return render_template("cases/new.html", form=ContestForm(request.form if request.method == "POST" else None), fault="")


@bp.post("")
@requires(Can.CASE_ANSWER)
def begin() -> ResponseReturnValue:
    """Open a case, or say why there is none; the form keeps what was typed."""
    form = ContestForm()
    if not form.validate_on_submit():
        return render_template("cases/new.html", form=form, fault=""), 422
    actor, moment = current_actor(), clock.now()
    try:
        who = person(name=form.name.data, phone=form.phone.data or "", id_no=form.id_no.data or "", kind=form.who.data)
        with transaction():
            found = contest(who, introducer_of(actor), form.evidence(), actor=actor, moment=moment, today=_today(), keyring=keyring(), jurisdiction=jurisdiction())
            case = found.case
            if case is not None and case.suspended:
                door.after_rows(case, actor, moment)
            opened = (case.number, case.public_id, case.due_on) if case is not None else None
    except Refusal as refusal:
        return render_template("cases/new.html", form=form, fault=_(refusal.message, **refusal.values)), refusal.status
    if opened is None:
        return render_template("cases/new.html", form=form, fault=_why_not(found)), 429 if found.answer is Answer.LATER else 409
    flash(_("%(number)s is open. The firm decides by %(day)s.", number=opened[0], day=opened[2]), "success")
    return redirect(url_for("cases.show", public_id=opened[1]), 303)


def _why_not(found: Contested) -> str:
    if found.busy:
        return str(_("A case about this person is open already: ask again when it is decided."))
    said = {Answer.NEW: _l("Nobody’s claim stands in the way: register the person."), Answer.YOURS: _l("This person is yours already.")}
    return str(said.get(found.answer, _l("You asked very often: try again later.")))


@bp.get("/<public_id>")
@requires(Can.CASE_SEE)
def show(public_id: str) -> ResponseReturnValue:
    """One case: a party sees its own side, the firm's desk both with what the rules propose."""
    actor = current_actor()
    case = case_for(actor, public_id)
    side, claims = side_of(actor, case), claims_of_case(case)
    sees_both = side is None and actor.scope(Can.CASE_SEE) is Scope.ALL
    job = jobs.job(actor, request.args["job"]) if sees_both and request.args.get("job") else None
    said = said_of_job(job) if job else {}
    if request.headers.get("HX-Request"):
        if job is None or not said["running"]:
            return "", 204, {"HX-Redirect": url_for("cases.show", public_id=public_id)}
        return render_template("cases/_progress.html", case=case, job=job, **said)
    return render_template(
        "cases/show.html",
        case=case,
        side=side,
        sees_both=sees_both,
        lead=db.session.get_one(Lead, case.lead_id) if sees_both else None,
        claim=claims.get(side) if side else None,
        claims={which: (of_claim(claim) if claim else None, claim) for which, claim in claims.items()} if sees_both else {},
        entries=_entries(case, side, sees_both=sees_both),
        steps=steps_from(case.state, cases.standings_of(actor, case, side), today=_today(), appeal_until=case.appeal_until),
        verdict=verdict_of(case),
        proposal=(case.proposal or cases.proposal_of(case, zone()).plain()) if sees_both else None,
        suspense=_rehearsed(case) if sees_both else None,
        suspended=in_suspense(case),
        waits=holding.waits(case),
        final=is_final(case.state, case.appeal_until, _today()),
        overdue=is_overdue(case.state, case.due_on, _today()),
        may_decide=sees_both and actor.may(Can.CASE_DECIDE),
        job=job,
        case_states=STATES,
        actions=ACTIONS,
        kinds=KINDS,
        heard=HEARD,
        sides=SIDES,
        verdicts=VERDICTS,
        **said,
    )


def _rehearsed(case: ClaimCase) -> dict[str, Any] | None:
    """What a release was rehearsed to pay, as long as the case still goes the way it went then."""
    kept = case.suspended or {}
    return kept if kept.get("goes_to") == holding.outcome(case) else None


def _entries(case: ClaimCase, side: Side | None, *, sees_both: bool) -> Any:
    """What the reader may see of what was said: of a reader of a branch neither side's evidence."""
    return entries(case, None if sees_both else side or Side.FIRM) if side or sees_both else [one for one in entries(case, Side.FIRM) if one.action in ("decide", "judge", "close")]


@bp.post("/<public_id>/<any(show,withdraw,appeal,take_back):name>")
@requires(Can.CASE_ANSWER)
def party_step(public_id: str, name: str) -> ResponseReturnValue:
    """What a party does: show evidence, take the contest back, appeal, take the appeal back. For others the case is not there."""
    actor = current_actor()
    if side_of(actor, case_for(actor, public_id)) is None:
        raise NotFound("there is no case that you may see under this address")
    return _stepped(public_id, name)


@bp.post("/<public_id>/<any(hear,decide,judge,close):name>")
@requires(Can.CASE_DECIDE)
def desk_step(public_id: str, name: str) -> ResponseReturnValue:
    """What the firm does: write down what it heard, decide, decide on appeal, close."""
    return _stepped(public_id, name)


def _stepped(public_id: str, name: str) -> ResponseReturnValue:
    sent = request.form
    evidence = Evidence(sent.get("kind", ""), sent.get("text", ""), sent.get("reference", "")) if sent.get("kind") else None
    verdict = Side(sent["verdict"]) if sent.get("verdict") in set(Side) else None
    with transaction():
        case = cases.step(public_id, name, cases.Said(sent.get("words", ""), evidence, verdict), actor=current_actor(), moment=clock.now(), zone=zone())
        number = case.number
    flash(_("%(number)s: written down.", number=number), "success")
    return redirect(url_for("cases.show", public_id=public_id), 303)


@bp.post("/<public_id>/suspense")
@requires(Can.CASE_DECIDE)
def suspense(public_id: str) -> ResponseReturnValue:
    """Rehearse what a release would pay as the case stands."""
    actor = current_actor()
    with transaction():
        case = case_for(actor, public_id)
        if not in_suspense(case) or side_of(actor, case) is not None:
            raise Refusal("nothing of %(number)s waits in suspense", number=case.number)
        job = door.ask_for_suspense(case, actor, clock.now())
    return redirect(url_for("cases.show", public_id=public_id, job=job), 303)


@bp.post("/<public_id>/release")
@requires(Can.CASE_DECIDE)
def release(public_id: str) -> ResponseReturnValue:
    """Put exactly the rehearsed release before a second person."""
    with transaction():
        number = holding.ask_for_release(public_id, current_actor(), clock.now(), _today(), jurisdiction()).id
    flash(_("It waits for a second person (approval %(id)s).", id=number), "success")
    return redirect(url_for("cases.show", public_id=public_id), 303)


@bp.get("/<public_id>/letter")
@requires(Can.CASE_SEE)
def letter(public_id: str) -> ResponseReturnValue:
    """The decision letter on screen: a party's own, or either for the desk (`?side=`)."""
    case, side, paper = _letter(public_id)
    return render_template("cases/letter.html", case=case, side=side, paper=paper)


@bp.get("/<public_id>/letter.pdf")
@requires(Can.CASE_SEE)
def letter_pdf(public_id: str) -> ResponseReturnValue:
    """The decision letter on paper."""
    case, side, paper = _letter(public_id)
    return paper_out(pdf_of(paper), "application/pdf", f"{case.number}-{side}.pdf", "case", case.number)


def _letter(public_id: str) -> tuple[ClaimCase, Side, Paper]:
    """Raises NotFound where nothing is decided, or the reader is neither a party nor one who sees both sides."""
    actor = current_actor()
    case = case_for(actor, public_id)
    verdict, side = verdict_of(case), side_of(actor, case)
    if side is None and actor.scope(Can.CASE_SEE) is Scope.ALL:
        side = Side.CONTESTING if request.args.get("side") == Side.CONTESTING else Side.HELD
    if verdict is None or side is None or case.state == CaseState.WITHDRAWN:
        raise NotFound("there is no letter for you in %(number)s", number=case.number)
    return case, side, case_letter(case, side, verdict, claims_of_case(case)[side], entries(case, side), KINDS, str(get_locale()), zone())
