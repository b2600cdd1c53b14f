"""Registering one person, and asking whether somebody is known: the answer is one word and, where a claim holds, its last day."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from models.leads import IntroducerKind, LeadDoor
from portal import clock, local_day
from portal.actors import Actor
from portal.keys import keyring
from portal.leads import campaigns, introducers, look_ups
from portal.leads.introducers import Introducer, branch_of, introducer_of
from portal.leads.look_ups import Limits
from portal.leads.people import BadField, Person, person
from portal.leads.register import Answer, Registered, Source, look_up, register
from portal.leads.terms import terms
from portal.pages import leads_words as words
from portal.permissions import Can
from portal.refusals import NotFound
from portal.transaction import transaction
from portal.web.formats import moment_text
from portal.web.guard import current_actor, requires
from portal.web.templating import give

bp = Blueprint("leads_new", __name__, url_prefix="/leads")
FIELDS = ("name", "phone", "id_no", "email", "kind", "note", "broker_no", "campaign", "consent")


@bp.route("/new", methods=["GET", "POST"])
@requires(Can.LEAD_REGISTER)
def new() -> ResponseReturnValue:
    """The form: short, so that it is filled in at a table in a café. What a look-up asked for comes along as a sent form."""
    asked = {name: request.form.get(name, "")[:40] for name in ("phone", "id_no")}
    return _form(dict.fromkeys(FIELDS, "") | asked | {"kind": request.form.get("kind") or "person", "phone": asked["phone"] or request.args.get("phone", "")[:40]})


@bp.post("")
@requires(Can.LEAD_REGISTER)
def create() -> ResponseReturnValue:
    """Register, and say at once what the person is."""
    actor, given = current_actor(), {name: request.form.get(name, "") for name in FIELDS}
    try:
        who, introducer, campaign_id = _read(given, actor)
    except BadField as error:
        return _form(given, error), 422
    with transaction():
        source = Source(_door(introducer, actor), branch_of(introducer, actor), campaign_id)
        limits = Limits.NONE if actor.may(Can.LEAD_ASSIGN) else Limits.ALL
        answer = register(who, introducer, source, actor=actor, moment=clock.now(), today=local_day.today(), keyring=keyring(), limits=limits)
        lead = answer.lead.public_id if answer.lead is not None else ""
    if not lead:  # the answer stands above what was typed: nothing has to be typed again to contest it, or to ask later
        return _form(given, told=told(answer)), 429 if answer.answer is Answer.LATER else 200
    flash(sentence(answer), "success" if answer.answer is Answer.NEW else "warning")
    own = introducer == introducer_of(actor)
    return redirect(url_for("leads.show", lead_public_id=lead) if own or actor.may(Can.LEAD_ASSIGN) else url_for("leads_new.new"), 303)


@bp.route("/check", methods=["GET", "POST"])
@requires(Can.LEAD_REGISTER)
def check() -> ResponseReturnValue:
    """Whether somebody is known, before one speaks with him. Every question is counted."""
    actor, given = current_actor(), {name: request.form.get(name, "").strip() for name in ("phone", "id_no", "kind")}
    answer, error = None, None
    if request.method == "POST":
        try:
            who = person(name="?", phone=given["phone"], id_no=given["id_no"], kind=given["kind"] or "person")
            with transaction():
                answer = look_up(who, introducer_of(actor), actor=actor, moment=clock.now(), today=local_day.today(), keyring=keyring())
        except BadField as found:
            error = found
    left = look_ups.seen_left(introducer_of(actor), terms(), clock.now())
    said = {"told": told(answer) if answer is not None else None, "again": heard_again() if left == 0 else None}
    page = render_template("leads/check.html", given=given, error=error, left=left, terms=terms(), kinds=words.KINDS, **said)
    return page, 422 if error else 200


def told(answer: Registered) -> dict[str, Any]:
    """An answer as a page shows it: its badge, its sentence, and what can be done about it."""
    contested = answer.answer is Answer.CLIENT or (answer.answer is Answer.PROTECTED and answer.until is not None)
    return {"badge": words.ANSWERS[answer.answer.value], "sentence": sentence(answer), "is_new": answer.answer is Answer.NEW, "is_contested": contested}


def heard_again() -> datetime:
    """When an introducer who has asked too often is heard again."""
    return clock.now() + timedelta(seconds=look_ups.seconds_to_wait(introducer_of(current_actor()), terms(), clock.now()))


def sentence(answer: Registered) -> str:
    """What an introducer is told, whole."""
    until = answer.until
    if answer.answer is Answer.LATER:
        return str(
            _(
                "You have asked as often as is possible for now. You may ask again from %(moment)s on.",
                moment=moment_text(heard_again(), local_day.zone()),
            )
        )
    said = {
        Answer.NEW: _("New. Your claim is protected until %(day)s if you stay in touch: it ends early when nothing happens for %(idle)s days.", day=until, idle=terms().idle_days)
        if until
        else _("Nobody has registered this person yet."),
        Answer.YOURS: _("This person is yours already."),
        Answer.CLIENT: _("This person is a client of the firm already."),
    }
    if answer.answer is Answer.PROTECTED:
        return str(_("Somebody else's claim holds until %(day)s.", day=until) if until else _("This person cannot be registered."))
    return str(said[answer.answer])


def _form(given: dict[str, str], error: BadField | None = None, told: dict[str, Any] | None = None) -> str:
    actor = current_actor()
    return render_template(
        "leads/new.html",
        given=given,
        error=error,
        told=told,
        kinds=words.KINDS,
        campaigns=[] if words.is_outside(actor) else campaigns.running(actor, local_day.today()),
        desk=actor.may(Can.LEAD_ASSIGN),
        outside=words.is_outside(actor),
    )


def _read(given: dict[str, str], actor: Actor) -> tuple[Person, Introducer, int | None]:
    """What was typed, checked. Raises BadField."""
    who = person(**{name: given[name] for name in ("name", "phone", "id_no", "email", "kind", "note")})
    if given["consent"] != "yes":
        raise BadField("consent", "without the person's consent his data cannot be handed to the firm")
    introducer = introducer_of(actor)
    if given["broker_no"].strip() and actor.may(Can.LEAD_ASSIGN):
        try:
            introducer = introducers.broker(given["broker_no"].strip())
        except NotFound as error:
            raise BadField("broker_no", error.message, **error.values) from error
    known = {one.code: one.id for one in campaigns.running(actor, local_day.today())} if given["campaign"] and not words.is_outside(actor) else {}
    return who, introducer, known.get(given["campaign"])


def _door(introducer: Introducer, actor: Actor) -> LeadDoor:
    return LeadDoor.FORM if words.is_outside(actor) or introducer.kind is IntroducerKind.BROKER else LeadDoor.STAFF_FORM


give(bp, lead_words=words)
