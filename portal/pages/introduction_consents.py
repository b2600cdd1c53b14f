"""Taking consents back without a sign-in: by the link that the person got, or by giving his number so that somebody calls.

Every answer is the same whether the firm knows the person or not. Opening a link does nothing yet: what looks at links before people
do only opens them. Tries are counted in the database.
"""

from __future__ import annotations

from flask import Blueprint, current_app, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from models.introductions import LeadPurpose
from portal.clock import now
from portal.identity import throttle
from portal.keys import keyring, secret
from portal.leads import lead_consents, sent_forms, withdrawal
from portal.leads.people import BadField, person
from portal.leads.withdrawal import DeadLink
from portal.local_day import today
from portal.pages import words
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.web.guard import public
from portal.web.requests import caller_address

bp = Blueprint("consents", __name__, url_prefix="/consents")

TRAP = "website"
"""A field that no person sees. What fills it in is a program."""


def address_of(token: str) -> str:
    """The address of a link as it is handed out: from the settings, never from the request."""
    return str(current_app.config["PORTAL"].base_url).rstrip("/") + url_for("introduction_form.consents.show", token=token)


@bp.get("")
@public
def without_link() -> ResponseReturnValue:
    """For whoever has no link any more: his number, and somebody calls back."""
    return _page("introductions/consents_ask.html", typed="", fault="")


@bp.post("")
@public
def ask() -> ResponseReturnValue:
    """Ask that somebody calls back. The answer is the same for every number."""
    typed = request.form.get("phone", "")[:40]
    try:
        if not typed.strip():
            raise BadField("phone", "without a phone number nobody can call you back")
        phone = person(name="?", phone=typed).phone
    except BadField as refusal:
        return _page("introductions/consents_ask.html", typed=typed, fault=_(refusal.message, **refusal.values)), 422
    _count(keyring().blind_index(phone))
    if not request.form.get(TRAP):
        with transaction():
            withdrawal.ask(phone, keyring=keyring(), moment=now(), today=today())
    return _page("introductions/consents_done.html", asked=True)


@bp.get("/<token>")
@public
def show(token: str) -> ResponseReturnValue:
    """What can be taken back. Nothing of the person stands here, and nothing is done yet."""
    try:
        withdrawal.look(token, secret=secret(), moment=now())
    except DeadLink as refusal:
        return _dead(refusal)
    return _page("introductions/consents.html", token=token, texts=lead_consents.texts_on(today()), sentence="")


@bp.post("/<token>")
@public
def take_back(token: str) -> ResponseReturnValue:
    """Take back what was ticked."""
    try:
        withdrawal.look(token, secret=secret(), moment=now())
        wanted = [purpose.value for purpose in LeadPurpose if request.form.get(purpose.value) == "yes"]
        if wanted:
            _count(f"link:{token}")
        with transaction():
            withdrawal.use(token, wanted, secret=secret(), locale=str(get_locale()), moment=now(), today=today())
    except DeadLink as refusal:
        return _dead(refusal)
    except throttle.TooMany:
        raise
    except Refusal as refusal:
        return _page("introductions/consents.html", token=token, texts=lead_consents.texts_on(today()), sentence=_(refusal.message, **refusal.values)), 422
    return _page("introductions/consents_done.html", asked=False)


def _count(what: str) -> None:
    """Count a try of this number or link, and of this address. Raises TooMany where the limit is reached."""
    key = throttle.account_key(secret(), "consents", what)
    with transaction():
        _number, over = throttle.start(key=key, address=sent_forms.address_digest(secret(), f"consents:{caller_address()}"), moment=now(), outcome=throttle.Outcome.ASKED)
    if over is not None:
        raise over


def _page(template: str, **more: object) -> str:
    return render_template(template, trap=TRAP, language="zh" if words.is_chinese() else "en", **more)


def _dead(refusal: Refusal) -> ResponseReturnValue:
    return _page("introductions/consents_dead.html", said=_(refusal.message)), 404
