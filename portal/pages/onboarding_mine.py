"""An applicant's own pages: open the link, see how far the application is, show papers, declare, answer the questions. No sign-in, and
nothing in the address but the link itself, which opening alone does not use up."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from models.onboarding import ApplicationState, Item
from portal.clock import now
from portal.i18n import LOCALES
from portal.jobs.law import jurisdiction
from portal.keys import keyring, secret
from portal.local_day import today
from portal.onboarding import applicant, queries, verbs
from portal.onboarding.applicant import OWN, DeadLink
from portal.pages.onboarding_forms import ITEMS, form_for
from portal.pages.onboarding_words import PROGRESS
from portal.permissions import Can
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, public, requires

bp = Blueprint("mine", __name__)

GRANT = "application"
"""Under which name the browser's session keeps its grant."""
BY_HIMSELF = "own link"
"""Where the evidence of a declaration and of answers is: they were given at this page."""


@bp.post("/<public_id>/own-link")
@requires(Can.ONBOARD_EDIT)
def hand_out(public_id: str) -> ResponseReturnValue:
    """Make an applicant's link, shown once."""
    with transaction():
        token = applicant.issue(public_id, secret=secret(), actor=current_actor(), moment=now())
    row = verbs.application_for(current_actor(), public_id)
    return render_template("onboarding/own_link.html", row=row, address=_address(token), days=applicant.LASTS.days)


@bp.post("/<public_id>/own-link/mail")
@requires(Can.ONBOARD_EDIT)
def mail(public_id: str) -> ResponseReturnValue:
    """Mail an applicant a new link, to the address that he gave."""
    locale, given = request.form.get("locale", ""), request.form.get("given") == "yes"
    with transaction():
        row = applicant.mail(
            public_id, given=given, locale=locale if locale in LOCALES else "", link=_address, secret=secret(), actor=current_actor(), moment=now(), keyring=keyring()
        )
        number = row.number
    flash(_("The link of %(number)s is on its way by mail; the ones before have ended.", number=number), "success")
    return redirect(url_for("onboarding.show", public_id=public_id), 303)


def _address(token: str) -> str:
    """The address of a link as it is handed out: from the settings, never from the request."""
    return str(current_app.config["PORTAL"].base_url).rstrip("/") + url_for("onboarding.mine.open_link", token=token)


@bp.get("/mine/open/<token>")
@public
def open_link(token: str) -> ResponseReturnValue:
    """What the link is for, with the button that opens it: what looks at links before people do uses nothing up."""
    try:
        applicant.look(token, secret=secret(), moment=now())
    except DeadLink as refusal:
        return _dead(refusal, 404)
    return render_template("onboarding/own_begin.html", token=token, hours=applicant.HOLDS.seconds // 3600)


@bp.post("/mine/open/<token>")
@public
def begin(token: str) -> ResponseReturnValue:
    """Open it in this browser."""
    try:
        with transaction():
            grant = applicant.open_link(token, secret=secret(), moment=now())
    except DeadLink as refusal:
        return _dead(refusal, 404)
    session[GRANT] = grant
    return redirect(url_for("onboarding.mine.show"), 303)


@bp.get("/mine")
@public
def show() -> ResponseReturnValue:
    """How far the application is, or (`?item=…`) the form of one of the applicant's own items."""
    try:
        return _page(_item(request.args.get("item", "")))
    except DeadLink as refusal:
        return _dead(refusal, 410)


@bp.post("/mine")
@public
def keep() -> ResponseReturnValue:
    """Keep what the applicant shows."""
    item = _item(request.form.get("item", ""))
    try:
        applicant.application_of(_grant(), now())
        if item is None:
            return _page(None), 422
        form = _form(item)
        if not form.validate_on_submit():
            return _page(item, form), 422
        evidence = form.evidence.data if "evidence" in form else BY_HIMSELF
        with transaction():
            applicant.show(_grant(), item, evidence, form.details(), moment=now(), today=today())
    except DeadLink as refusal:
        return _dead(refusal, 410)
    except Refusal as refusal:
        return _page(item, fault=_(refusal.message, **refusal.values)), refusal.status
    flash(_("Kept."), "success")
    return redirect(url_for("onboarding.mine.show"), 303)


@bp.post("/mine/leave")
@public
def leave() -> ResponseReturnValue:
    """Leave this browser: nobody who sits down here after you sees the application."""
    with transaction():
        applicant.leave(_grant(), now())
    session.pop(GRANT, None)
    return render_template("onboarding/own_left.html")


def _page(item: Item | None, form: Any = None, *, fault: str = "") -> str:
    """The applicant's page. Raises DeadLink."""
    row = applicant.application_of(_grant(), now())
    least_hours = int(current_app.config["PORTAL"].training_hours)
    draft, shown = row.state == ApplicationState.DRAFT, queries.shown_for(row)
    against = [one for one in verbs.against_it(row, today(), least_hours, jurisdiction()) if one.at in OWN] if draft else []
    return render_template(
        "onboarding/own.html",
        row=row,
        state=PROGRESS[row.state],
        items=ITEMS,
        own=[one.value for one in OWN],
        shown=shown,
        against={one.at: _(one.refusal.message, **one.refusal.values) for one in against},
        draft=draft,
        item=item.value if item is not None and draft else "",
        form=form or (_form(item) if item is not None and draft else None),
        fault=fault,
        tests_left=applicant.tests_left(row),
    )


def _form(item: Item) -> Any:
    """The form of an item as an applicant fills it in: the day is today, and where it was given is here."""
    form = form_for(item, [])
    del form.shown_on
    if item is not Item.DOCUMENTS:
        del form.evidence
    return form


def _item(name: str) -> Item | None:
    return Item(name) if name in {one.value for one in OWN} else None


def _grant() -> str:
    return str(session.get(GRANT, ""))[:100]


def _dead(refusal: Refusal, status: int) -> ResponseReturnValue:
    return render_template("onboarding/own_dead.html", said=_(refusal.message)), status
