"""Applications to become an introducing broker on screen: who applies, what is shown, what stands against it, and the second person."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from models import db
from models.commission import Plan
from models.identity import Role
from models.onboarding import Application, ApplicationState, Item
from models.partners import Branch
from portal import clock
from portal.commission.overview import branches
from portal.documents.agreement import agreement_pdf
from portal.identity import verbs as people
from portal.jobs.law import jurisdiction
from portal.keys import keyring
from portal.leads.people import BadField, person
from portal.local_day import day_of
from portal.onboarding import applicant, queries, states, verbs
from portal.onboarding.policy import visible_to
from portal.pages import onboarding_mine
from portal.pages.onboarding_forms import ITEMS, KINDS, ApplicationForm, form_for
from portal.pages.onboarding_words import PROGRESS
from portal.pages.taken_out import paper_out
from portal.permissions import Can, Scope
from portal.refusals import Conflict, NotFound, Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, fresh, requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns
from portal.web.requests import request_id

bp = Blueprint("onboarding", __name__, url_prefix="/onboarding")
bp.register_blueprint(onboarding_mine.bp)

COLUMNS = columns(
    Column("number", _l("Number"), sort=True),
    Column("broker_no", _l("Broker number"), sort=True),
    Column("name", _l("Name"), sort=True),
    Column("branch", _l("Branch")),
    Column("state", _l("State")),
    Column("opened", _l("Taken in by")),
)
LISTING = Listing(
    tiebreak=Application.id,
    sorts={"number": Application.id, "broker_no": Application.broker_no, "name": Application.name},
    default="-number",
    filters=(
        Filter("state", _l("State"), lambda text: Application.state == text, choices=tuple((name, label) for name, (label, _tone) in PROGRESS.items())),
        Filter("branch", _l("Branch"), lambda text: Branch.branch_no == text),
    ),
)


def _listed(asked: Asked) -> Any:
    return select(Application, Branch.branch_no).join(Branch, Branch.id == Application.branch_id).where(visible_to(asked.actor))


LIST = declare(
    ListPage(
        "onboarding.index",
        _l("Applications of brokers"),
        LISTING,
        COLUMNS,
        source=_listed,
        fields=(
            Field("number", _l("Number"), lambda row: row[0].number),
            Field("broker_no", _l("Broker number"), lambda row: row[0].broker_no),
            Field("name", _l("Name"), lambda row: row[0].name),
            Field("branch", _l("Branch"), lambda row: row.branch_no),
            Field("state", _l("State"), lambda row: str(PROGRESS[row[0].state][0])),
            Field("opened", _l("Taken in by"), lambda row: row[0].opened_label),
            Field("opened_at", _l("Taken in"), lambda row: row[0].opened_at),
            Field("ended_at", _l("Decided"), lambda row: row[0].ended_at),
        ),
    )
)


@bp.get("")
@requires(Can.ONBOARD_SEE)
def index() -> ResponseReturnValue:
    """Every application that the reader may see."""
    return show_list(LIST, "onboarding/index.html", progress_words=PROGRESS, may_edit=current_actor().may(Can.ONBOARD_EDIT))


@bp.get("/new")
@requires(Can.ONBOARD_EDIT)
def new() -> ResponseReturnValue:
    """The form of a new application."""
    return render_template("onboarding/new.html", form=_form(), fault="")


@bp.post("")
@requires(Can.ONBOARD_EDIT)
def begin() -> ResponseReturnValue:
    """Take an application in; what does not hold is said at its field, and what was typed stays."""
    form = _form()
    if not form.validate_on_submit():
        return render_template("onboarding/new.html", form=form, fault=""), 422
    try:
        with transaction():
            who = person(name=form.name.data, phone=form.phone.data, id_no=form.id_no.data, email=form.email.data or "", kind=form.kind.data)
            numbers = ((form.broker_no.data or "").strip(), form.branch_no.data, (form.manager_no.data or "").strip())
            row = verbs.open_application(who, *numbers, actor=current_actor(), moment=clock.now(), keyring=keyring())
            public_id = row.public_id
    except BadField as refusal:
        form[refusal.field].errors = [_(refusal.message, **refusal.values)]
        return render_template("onboarding/new.html", form=form, fault=""), 422
    except Refusal as refusal:
        return render_template("onboarding/new.html", form=form, fault=_(refusal.message, **refusal.values)), refusal.status
    return redirect(url_for("onboarding.show", public_id=public_id), 303)


@bp.get("/<public_id>")
@requires(Can.ONBOARD_SEE)
def show(public_id: str) -> ResponseReturnValue:
    """One application: what is shown for it, what stands against it, and what may be done now."""
    actor = current_actor()
    row = verbs.application_for(actor, public_id)
    live = row.state in (ApplicationState.DRAFT, ApplicationState.CHECKED, ApplicationState.WAITING)
    ready = row.state in (ApplicationState.CHECKED, ApplicationState.WAITING)
    return render_template(
        "onboarding/show.html",
        row=row,
        state=PROGRESS[row.state],
        kinds=KINDS,
        branch=queries.number_of(Branch, "branch_no", row.branch_id),
        manager=queries.manager_of(row),
        items=ITEMS,
        shown=queries.shown_for(row),
        history=queries.history_of(row),
        against=[(one.at, one.rule, _(one.refusal.message, **one.refusal.values)) for one in _against(row)] if live else [],
        digest=verbs.digest_of(row) if ready else "",
        steps=states.steps_from(row.state),
        may_edit=actor.may(Can.ONBOARD_EDIT),
        mailed_at=applicant.mailed_at(row),
        may_invite=row.state == ApplicationState.ACTIVE and actor.may(Can.USER_MANAGE) and bool(row.email),
    )


@bp.get("/<public_id>/items/<item>")
@requires(Can.ONBOARD_EDIT)
def item(public_id: str, item: str) -> ResponseReturnValue:
    """The form of one thing to be shown."""
    row = verbs.application_for(current_actor(), public_id, can=Can.ONBOARD_EDIT)
    return _item_page(row, _item(item), form_for(_item(item), _plans()))


@bp.post("/<public_id>/items/<item>")
@requires(Can.ONBOARD_EDIT)
def keep(public_id: str, item: str) -> ResponseReturnValue:
    """Keep what is shown."""
    actor, moment, which = current_actor(), clock.now(), _item(item)
    row = verbs.application_for(actor, public_id, can=Can.ONBOARD_EDIT)
    form = form_for(which, _plans())
    if not form.validate_on_submit():
        return _item_page(row, which, form), 422
    try:
        with transaction():
            verbs.show(public_id, which, form.evidence.data, form.shown_on.data, form.details(), actor=actor, moment=moment, today=day_of(moment))
    except Conflict:
        raise
    except Refusal as refusal:
        row = verbs.application_for(actor, public_id, can=Can.ONBOARD_EDIT)
        return _item_page(row, which, form, _(refusal.message, **refusal.values)), refusal.status
    flash(_("Kept."), "success")
    return redirect(url_for("onboarding.show", public_id=public_id), 303)


@bp.post("/<public_id>/check")
@requires(Can.ONBOARD_EDIT)
def check(public_id: str) -> ResponseReturnValue:
    """Count it as checked, where nothing stands against it."""
    with transaction():
        moment = clock.now()
        against = verbs.check(public_id, current_actor(), moment, today=day_of(moment), least_hours=_least_hours(), jurisdiction=jurisdiction())
    flash(_("Something stands against it still.") if against else _("Nothing stands against it."), "warning" if against else "success")
    return redirect(url_for("onboarding.show", public_id=public_id), 303)


@bp.post("/<public_id>/reopen")
@requires(Can.ONBOARD_EDIT)
def reopen(public_id: str) -> ResponseReturnValue:
    """Change something once more."""
    return _step(public_id, "reopen")


@bp.post("/<public_id>/withdraw")
@requires(Can.ONBOARD_EDIT)
def withdraw(public_id: str) -> ResponseReturnValue:
    """Take it back."""
    return _step(public_id, "withdraw")


@bp.post("/<public_id>/ask")
@requires(Can.ONBOARD_EDIT)
def ask(public_id: str) -> ResponseReturnValue:
    """Put exactly this before a second person."""
    with transaction():
        moment = clock.now()
        approval = verbs.ask(public_id, request.form.get("digest", ""), current_actor(), moment, today=day_of(moment), least_hours=_least_hours(), jurisdiction=jurisdiction())
        number = approval.id
    flash(_("It waits for a second person (approval %(id)s).", id=number), "success")
    return redirect(url_for("onboarding.show", public_id=public_id), 303)


@bp.get("/<public_id>/agreement.pdf")
@requires(Can.ONBOARD_SEE)
def agreement(public_id: str) -> ResponseReturnValue:
    """The agreement on paper, once everything is shown."""
    row = verbs.application_for(current_actor(), public_id)
    if not set(Item) <= set(queries.shown_for(row)):
        raise Conflict("the agreement is printed once everything is shown")
    made = queries.history_of(row)[0].at
    body = agreement_pdf(queries.plain(row), row.name, row.number, verbs.digest_of(row), made, str(get_locale()))
    return paper_out(body, "application/pdf", f"agreement-{row.number}.pdf", "application", row.number)


@bp.post("/<public_id>/invite")
@requires(Can.ONBOARD_SEE, Can.USER_MANAGE)
@fresh
def invite(public_id: str) -> ResponseReturnValue:
    """Give the new broker a sign-in; the page that follows makes the link."""
    actor = current_actor()
    with transaction():
        row = verbs.application_for(actor, public_id)
        if row.state != ApplicationState.ACTIVE or not row.email:
            raise Conflict("only a new broker with a mail address is invited")
        user = people.add_user(email=row.email, name=row.name, roles=[Role.BROKER], broker_no=row.broker_no, actor=actor, moment=clock.now(), request_id=request_id())
        user_public_id = user.public_id
    return redirect(url_for("identity.user", user_public_id=user_public_id), 303)


def _step(public_id: str, name: str) -> ResponseReturnValue:
    with transaction():
        number = verbs.step(public_id, name, current_actor(), clock.now()).number
    flash(_("%(number)s is withdrawn.", number=number) if name == "withdraw" else _("%(number)s can be changed again.", number=number), "success")
    return redirect(url_for("onboarding.show", public_id=public_id), 303)


def _item_page(row: Application, which: Item, form: Any, fault: str = "") -> str:
    return render_template("onboarding/item.html", row=row, item=which.value, title=ITEMS[which.value], form=form, fault=fault, least_hours=_least_hours())


def _item(name: str) -> Item:
    if name not in set(Item):
        raise NotFound("there is no application that you may see under this address")
    return Item(name)


def _against(row: Application) -> list[Any]:
    return verbs.against_it(row, day_of(clock.now()), _least_hours(), jurisdiction())


def _least_hours() -> int:
    return int(current_app.config["PORTAL"].training_hours)


def _plans() -> list[str]:
    return list(db.session.execute(select(Plan.plan_code).order_by(Plan.plan_code)).scalars())


def _form() -> ApplicationForm:
    """The form, with the branches for which the reader may take an application in."""
    actor, form = current_actor(), ApplicationForm()
    known = sorted(branches().values())
    mine = known if actor.scope(Can.ONBOARD_EDIT) is Scope.ALL else [pair for pair in known if pair[0] == actor.branch_no]
    form.branch_no.choices = [(number, f"{number} {name}") for number, name in mine]
    return form
