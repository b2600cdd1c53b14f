"""How one wants to be told: by mail, by text message, at night; and the page behind the link with which mails end."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from models.outbox import MessageWay
from portal import clock
from portal.gateways.sms import texter
from portal.keys import keyring, secret
from portal.leads.people import phone_number
from portal.notices import choices
from portal.notices.digest import HOURS, USUAL
from portal.notices.kinds import Group
from portal.notices.outbox import ALWAYS
from portal.notices.wording import GROUPS
from portal.permissions import Can
from portal.refusals import Refusal
from portal.sealing import Unreadable, masked
from portal.transaction import transaction
from portal.web.guard import current_actor, public, requires
from portal.web.navigation import href
from portal.web.signed_in import signed_in

bp = Blueprint("outbox_choices", __name__, url_prefix="/notices/ways")
stop = Blueprint("unsubscribe", __name__, url_prefix="/unsubscribe")


@bp.get("")
@requires(Can.OWN_SETTINGS)
def show() -> ResponseReturnValue:
    """Which groups go out how."""
    return _page()


def _page(fault: str = "", status: int = 200) -> ResponseReturnValue:
    actor = current_actor()
    said, contact = choices.wishes_of(actor.user_id), choices.contact_of(actor.user_id)
    rows = [(group, GROUPS[group], said.get((group, "mail"), True) or group in ALWAYS, said.get((group, "sms"), False), group in ALWAYS) for group in choices.mailed()]
    phone = masked(_phone(), 3, 4) if contact is not None and contact.phone_sealed else ""
    gathered, hour = choices.gathered_of(actor.user_id), contact.digest_hour if contact is not None else USUAL
    more = {
        "gathered": gathered,
        "hour": hour,
        "hours": HOURS,
        "any_time": contact is not None and contact.any_time,
        "phone": phone,
        "texts": texter() is not None,
        "shown": href("outbox_shown.index"),
    }
    return render_template("notices/ways.html", rows=rows, fault=fault, typed=request.form, **more), status


def _about() -> str:
    person = signed_in()
    assert person is not None
    return f"message_contact.phone_sealed:{person.public_id}"


def _phone() -> str:
    contact = choices.contact_of(current_actor().user_id)
    try:
        return keyring().open(contact.phone_sealed or "", _about()) if contact is not None else ""
    except Unreadable:
        return ""


@bp.post("")
@requires(Can.OWN_SETTINGS)
def change() -> ResponseReturnValue:
    """Keep the choice. An empty number leaves the one that stands; ticking takes it away."""
    wanted = {(Group(group), way): f"{group}:{way}" in request.form.getlist("wanted") for group in choices.mailed() for way in MessageWay}
    try:
        typed = phone_number(request.form.get("phone", ""))
        phone = "" if request.form.get("forget") == "yes" else typed or _phone()
        with transaction():
            sealed = keyring().seal(phone, _about()) if phone else None
            said = request.form.get("hour", str(USUAL))
            hour = int(said) if said.isascii() and said.isdigit() and len(said) < 3 else -1
            choices.choose(wanted, sealed, request.form.get("any_time") == "yes", request.form.getlist("gathered"), hour, actor=current_actor(), moment=clock.now())
    except Refusal as refusal:
        return _page(_(refusal.message, **refusal.values), refusal.status)
    flash(_("Your settings are kept."), "success")
    return redirect(url_for("outbox_choices.show"), 303)


@stop.get("/<unsubscribe_token>")
@public
def ask(unsubscribe_token: str) -> ResponseReturnValue:
    """What would end; nothing has, because programs follow links too."""
    _user, _digest, group = choices.meant(unsubscribe_token, secret())
    return render_template("notices/unsubscribe.html", group=GROUPS[group], done=False, always=group in ALWAYS)


@stop.post("/<unsubscribe_token>")
@public
def end(unsubscribe_token: str) -> ResponseReturnValue:
    """End such mails: by the button, or by a mail program's one click."""
    with transaction():
        group = choices.stop(unsubscribe_token, secret(), moment=clock.now())
    return render_template("notices/unsubscribe.html", group=GROUPS[group], done=True, always=False)
