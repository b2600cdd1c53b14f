"""The steps of a lead that need more than words: suitability that stands, the first deposit, taken up again, two leads of one person;
and the link with which the person takes his consents back."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from models import db
from models.leads import Lead, number_of
from portal import clock, local_day
from portal.actors import Actor
from portal.i18n import LOCALES
from portal.jobs.law import jurisdiction
from portal.keys import keyring, secret
from portal.leads import next_steps, queries, withdrawal
from portal.leads.conversion_suitability import pass_suitability
from portal.leads.look_ups import Limits
from portal.leads.policy import visible_to
from portal.leads.register import Answer
from portal.leads.steps import Facts, held, take_step
from portal.pages import leads_words as words
from portal.pages.introduction_consents import address_of
from portal.pages.leads import shown
from portal.pages.leads_new import sentence
from portal.permissions import Can
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires

bp = Blueprint("onward", __name__)


@bp.post("/<lead_public_id>/steps/pass_suitability")
@requires(Can.SUITABILITY_TAKE)
def suitability(lead_public_id: str) -> ResponseReturnValue:
    """A qualified lead whose test stands goes on."""
    actor, moment = current_actor(), clock.now()
    queries.lead_for(actor, lead_public_id, can=Can.SUITABILITY_TAKE)
    with transaction():
        pass_suitability(held(lead_public_id, words.version_seen(), actor, Can.SUITABILITY_TAKE), actor, moment, local_day.today(), jurisdiction())
    return _back(lead_public_id, str(words.STATES["suitability_passed"][0]))


@bp.post("/<lead_public_id>/steps/activate")
@requires(Can.LEAD_WORK)
def activate(lead_public_id: str) -> ResponseReturnValue:
    """A client with a first deposit is active."""
    with transaction():
        next_steps.activate(lead_public_id, words.version_seen(), actor=current_actor(), moment=clock.now(), today=local_day.today())
    return _back(lead_public_id, str(words.STATES["active"][0]))


@bp.post("/<lead_public_id>/steps/take_up")
@requires(Can.LEAD_WORK)
def take_up(lead_public_id: str) -> ResponseReturnValue:
    """Register the person anew."""
    actor = current_actor()
    queries.lead_for(actor, lead_public_id, can=Can.LEAD_WORK)
    limits = Limits.NONE if actor.may(Can.LEAD_ASSIGN) else Limits.ALL
    with transaction():
        answer = next_steps.take_up(lead_public_id, words.version_seen(), actor=actor, moment=clock.now(), today=local_day.today(), keyring=keyring(), limits=limits)
    flash(sentence(answer), "success" if answer.answer is Answer.NEW else "warning")
    return redirect(url_for("leads.show", lead_public_id=lead_public_id), 303)


@bp.get("/<lead_public_id>/merge")
@requires(Can.LEAD_ASSIGN)
def merging(lead_public_id: str) -> ResponseReturnValue:
    """Which lead this one goes into, and what would come of it."""
    actor = current_actor()
    lead, number = queries.lead_for(actor, lead_public_id, can=Can.LEAD_ASSIGN), request.args.get("into", "").strip()[:40]
    other = _numbered(actor, number) if number else None
    both = [] if other is None else [(one, queries.claims(one.id), len(queries.tasks(one.id))) for one in (lead, other)]
    return render_template("leads/merge.html", lead=lead, other=other, number=number, both=both, words=words)


@bp.post("/<lead_public_id>/merge")
@requires(Can.LEAD_ASSIGN)
def merge(lead_public_id: str) -> ResponseReturnValue:
    """Merge it."""
    actor = current_actor()
    queries.lead_for(actor, lead_public_id, can=Can.LEAD_ASSIGN)
    with transaction():
        other = _numbered(actor, request.form.get("into", "").strip()[:40])
        if other is None:
            raise Refusal("there is no lead of this number that you may merge with")
        address = other.public_id
        take_step(lead_public_id, "merge", words.version_seen(), actor=actor, moment=clock.now(), today=local_day.today(), facts=Facts(other=address))
    return _back(address, str(words.STATES["merged"][0]))


@bp.post("/<lead_public_id>/consent-link")
@requires(Can.LEAD_WORK)
def consent_link(lead_public_id: str) -> ResponseReturnValue:
    """A link to hand to the person himself, shown once."""
    with transaction():
        token = withdrawal.hand_out(lead_public_id, secret=secret(), actor=current_actor(), moment=clock.now())
    lead = queries.lead_for(current_actor(), lead_public_id, can=Can.LEAD_WORK)
    return shown(lead, consent_link=address_of(token))


@bp.post("/<lead_public_id>/consent-link/mail")
@requires(Can.LEAD_WORK)
def mail_consent_link(lead_public_id: str) -> ResponseReturnValue:
    """The same by mail, to the address that the person gave."""
    locale, given = request.form.get("locale", ""), request.form.get("given") == "yes"
    with transaction():
        withdrawal.mail(
            lead_public_id,
            given=given,
            locale=locale if locale in LOCALES else "",
            link=address_of,
            secret=secret(),
            actor=current_actor(),
            moment=clock.now(),
            keyring=keyring(),
        )
    return _back(lead_public_id, _("The link for taking consents back is on its way by mail."))


def _numbered(actor: Actor, number: str) -> Lead | None:
    """A lead by its number, among those that one may give; None where there is none."""
    year, _dash, key = number.upper().removeprefix("L").partition("-")
    if not (key.isascii() and key.isdigit() and len(key) < 10):
        return None
    found: Lead | None = db.session.execute(select(Lead).where(Lead.id == int(key), visible_to(actor, Can.LEAD_ASSIGN))).scalar_one_or_none()
    return found if found is not None and number_of(found.registered_at, found.id).removeprefix("L").startswith(year) else None


def _back(lead_public_id: str, said: Any) -> ResponseReturnValue:
    flash(said, "success")
    return redirect(url_for("leads.show", lead_public_id=lead_public_id), 303)
