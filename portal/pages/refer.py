"""Bring a friend: a client's own link, words to send with it, and how far his friends have come, by first name only."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.clock import now
from portal.leads import links, referral
from portal.leads.friends import FriendStep, friends_of
from portal.local_day import today
from portal.pages.introductions import address_of, only_client
from portal.pages.qr import drawn
from portal.permissions import Can
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires

bp = Blueprint("refer", __name__, url_prefix="/refer")

STEPS = {
    FriendStep.IN_TOUCH: (_l("has been in touch"), "info"),
    FriendStep.TALKING: (_l("is talking with us"), "info"),
    FriendStep.OPENED: (_l("has opened an account"), "good"),
    FriendStep.ENDED: (_l("is not going on at present"), "neutral"),
}


@bp.get("")
@requires(Can.LEAD_REGISTER)
def index() -> ResponseReturnValue:
    """The client's link and his friends."""
    if not only_client():
        return redirect(url_for("introductions.index"), 302)
    actor = current_actor()
    found = links.own(actor, today())
    link = next((one.link for one in found if one.works), None)
    address = address_of(link.code) if link else ""
    return render_template(
        "introductions/refer.html",
        link=link,
        visits=sum(one.link.visits for one in found),
        address=address,
        picture=drawn(address) if link else "",
        friends=friends_of(actor.client_no or ""),
        steps=STEPS,
    )


def rule_set() -> str:
    """The rule set that holds for the firm."""
    return str(getattr(current_app.config["PORTAL"], "jurisdiction", "CN"))


@bp.get("/pay")
@requires(Can.LEAD_TERMS)
def pay() -> ResponseReturnValue:
    """Whether clients may be paid in money for friends, and by which rule."""
    return render_template("introductions/pay.html", rule=referral.rule_of(rule_set()), on=referral.switched_on(rule_set()))


@bp.post("/pay")
@requires(Can.LEAD_TERMS)
def switch_pay() -> ResponseReturnValue:
    """Put switching it on or off before a second person."""
    wish = request.form.get("wish", "")
    if wish not in {"on", "off"}:
        raise Refusal("say whether it is to be on or off: use the buttons of the page")
    with transaction():
        approval = referral.ask_to_switch(current_actor(), now(), jurisdiction=rule_set(), allowed=wish == "on", reason=request.form.get("reason", ""))
        number = approval.id
    flash(_("It waits for a second person (approval %(number)s).", number=number), "success")
    return redirect(url_for("refer.pay"), 303)
