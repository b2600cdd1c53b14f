"""Stripe's own page for payers of a subscription: the card, invoices, the end of it. Only one's own, and only at Stripe's address."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from flask import Blueprint, current_app, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from models import db
from portal.club.booking import person_of
from portal.club.facts import Refused, Unanswered
from portal.club.own_membership import own
from portal.gateways.stripe import Stripe, till
from portal.jobs import club_invoices
from portal.local_day import today
from portal.pages.club_membership import page
from portal.permissions import Can
from portal.refusals import Conflict, Refusal
from portal.web.guard import current_actor, requires

bp = Blueprint("club_portal", __name__, url_prefix="/membership/billing")

THERE = "billing.stripe.com"
"""Where Stripe serves that page."""


@bp.post("")
@requires(Can.CLUB_BOOK)
def go() -> ResponseReturnValue:
    """Open the page of the one who asks, and show the way there: a form may lead to no other site (Content-Security-Policy), a link may."""
    gateway, actor = till(), current_actor()
    found = own(person_of(actor), today())
    customer = found.member.customer_id if found is not None and found.dues is not None and found.dues.subscription_id else None
    member_id = found.member.id if found is not None else 0
    db.session.rollback()
    try:
        if gateway is None or not customer:
            raise Conflict("you have no subscription that is paid by card")
        back = str(current_app.config["PORTAL"].base_url).rstrip("/") + url_for("club_portal.back")
        key = f"portal:{gateway.env}:{member_id}:{secrets.token_hex(8)}"  # each opening is one of its own: its address is good for minutes
        address = _safe(gateway.open_portal(customer, back, "zh" if str(get_locale()).startswith("zh") else "en", key), gateway)
    except (Unanswered, Refused):
        return page(actor, fault=_("Stripe does not answer: try again later"), status=503)
    except Refusal as refusal:
        return page(actor, fault=_(refusal.message, **refusal.values), status=refusal.status)
    return page(actor, billing=address)


def _safe(address: str, gateway: Stripe) -> str:
    """An address at Stripe, or at the stand-in that the settings name. Raises Refused for any other."""
    found, standin = urlsplit(address), urlsplit(gateway.base)
    at_stripe = (found.scheme, found.hostname) == ("https", THERE)
    at_standin = bool(gateway.base) and not gateway.livemode and (found.scheme, found.netloc) == (standin.scheme, standin.netloc)
    if not (at_stripe or at_standin):
        raise Refused("an address that is not Stripe's")
    return address


@bp.get("/back")
@requires(Can.CLUB_BOOK)
def back() -> ResponseReturnValue:
    """Back from there. What was changed is asked of Stripe, whether or not its word has come; coming here proves nothing."""
    gateway = till()
    found = own(person_of(current_actor()), today())
    number = found.dues.subscription_id if found is not None and found.dues is not None else None
    db.session.rollback()
    if gateway is not None and number and club_invoices.look_at(number, gateway) == "unanswered":
        flash(_("What you changed is not confirmed yet: reload this page in a moment."), "warning")
    return redirect(url_for("club_membership.index"), 303)
