"""Membership for everybody: which tiers there are and what they bring; for a client his own, how to come by one, and his card."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from models.club_money import Payment
from portal import clock
from portal.actors import Actor
from portal.club import applications, bank_account, bank_orders, dues, persons
from portal.club.booking import person_of
from portal.club.membership import state_on
from portal.club.own_membership import Own, open_page, own, shelf
from portal.gateways.stripe import till
from portal.local_day import today
from portal.pages import club_member_words, club_words
from portal.pages.club_events import reader
from portal.pages.club_words import PAYMENT_STATES
from portal.pages.qr import drawn
from portal.permissions import Can
from portal.refusals import NotFound, Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, public, requires
from portal.web.signed_in import signed_in

bp = Blueprint("club_membership", __name__, url_prefix="/membership")
CARD = "JUYUAN-CARD:"
"""What stands in a card's QR code before its code."""


@bp.get("")
@public
def index() -> ResponseReturnValue:
    """The tiers, and one's own membership."""
    return page(reader())


def page(actor: Actor, *, fault: str = "", billing: str = "", status: int = 200) -> ResponseReturnValue:
    """The page as a reader sees it, with what cannot be done on top; `billing`: the address of his page at Stripe, just opened."""
    day, mine = today(), actor.may(Can.CLUB_BOOK)
    found = own(person_of(actor), day) if mine else None
    return (
        render_template(
            "club/membership.html",
            shelf=shelf(),
            own=found,
            state=state_on(found.now, day).value if found is not None and found.now is not None else "",
            open_try=open_page(found, clock.now()),
            mine=mine,
            signed_in=actor.user_id is not None,
            transfer=transfer_of(found),
            cards=till() is not None,
            pays=till() is not None or bank_account.present() is not None,
            words=club_member_words,
            club_words=club_words,
            payment_states=PAYMENT_STATES,
            fault=fault,
            billing=billing,
        ),
        status,
    )


def transfer_of(found: Own | None) -> Payment | None:
    """The transfer that is awaited for one's dues, if any."""
    if found is None or found.dues is None:
        return None
    return bank_orders.waiting(dues.of_dues(found.dues.id), clock.now())


@bp.post("/<tier_key>/apply")
@requires(Can.CLUB_BOOK)
def apply(tier_key: str) -> ResponseReturnValue:
    """Ask for a tier."""
    person = signed_in()
    try:
        with transaction():
            who = persons.oneself(current_actor(), person.name if person is not None else "")
            row = applications.apply(who, tier_key, request.form.get("words", "").replace("\0", ""), today(), actor=current_actor(), moment=clock.now())
            waits = row is not None
    except NotFound:
        raise
    except Refusal as refusal:
        return page(current_actor(), fault=_(refusal.message, **refusal.values), status=refusal.status)
    flash(_("Your application is with the club; you are told what it says.") if waits else _("You are a member."), "success")
    return redirect(url_for("club_membership.index"), 303)


@bp.get("/card")
@requires(Can.CLUB_BOOK)
def card() -> ResponseReturnValue:
    """The member card, to hold out at the desk."""
    day = today()
    found = own(person_of(current_actor()), day)
    if found is None or found.now is None:
        return redirect(url_for("club_membership.index"), 303)
    return render_template(
        "club/card.html",
        own=found,
        tier=shelf().tiers[found.now.tier_id],
        state=state_on(found.now, day).value,
        qr=drawn(CARD + found.member.code),
        code=club_words.code_text(found.member.code),
        words=club_member_words,
    )
