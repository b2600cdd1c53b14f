"""Paying dues: a look at what they cost, the page where one pays, another tier, the end of a subscription. Every step shows what it does first."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from models import db
from models.club_membership import ClubDues, ClubMember, DuesKind, DuesState
from models.club_money import Payment, Way
from portal import clock
from portal.club import bank_account, bank_orders, dues, persons, tiers
from portal.club.booking import person_of
from portal.club.dues import Order
from portal.club.members import Person
from portal.club.own_membership import own, shelf
from portal.club.payments import LIVE, Terms
from portal.gateways.stripe import Stripe, till
from portal.jobs import club_dues, club_paying
from portal.local_day import today
from portal.pages import club_member_words
from portal.pages.club_membership import page
from portal.permissions import Can
from portal.refusals import Conflict, NotFound, Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires
from portal.web.signed_in import signed_in

bp = Blueprint("club_dues", __name__, url_prefix="/membership")


def _oneself() -> Person:
    person = signed_in()
    return persons.oneself(current_actor(), person.name if person is not None else "")


def _till() -> Stripe:
    found = till()
    if found is None:
        raise Refusal("cards cannot be taken at present: ask the firm how to pay")
    return found


def _refused(refusal: Refusal) -> ResponseReturnValue:
    return page(current_actor(), fault=_(refusal.message, **refusal.values), status=refusal.status)


@bp.get("/<tier_key>/join")
@requires(Can.CLUB_BOOK)
def join(tier_key: str) -> ResponseReturnValue:
    """What joining or renewing costs, from when to when; once or by subscription."""
    try:
        tier, price, quote = dues.look(person_of(current_actor()), Order(tier_key, DuesKind.ONCE), today(), actor=current_actor())
        if bank_account.present() is None:
            _till()
    except NotFound:
        raise
    except Refusal as refusal:
        return _refused(refusal)
    ways = {"cards": till() is not None, "transfers": bank_account.present() is not None}
    subscribes = ways["cards"] and quote.starts == today() and not quote.credit
    return render_template("club/join.html", tier=tier, amount=price.amount, months=price.months, quote=quote, subscribes=subscribes, **ways, words=club_member_words)


@bp.post("/<tier_key>/pay")
@requires(Can.CLUB_BOOK)
def pay(tier_key: str) -> ResponseReturnValue:
    """Open the page where one pays; its address stands on the page of the membership, or what is to be transferred."""
    tier = tiers.by_key(tier_key)
    if request.form.get("kind") == Way.TRANSFER:
        return _transfer(tier_key)
    title = club_member_words.name(tier)
    base = current_app.config["PORTAL"].base_url.rstrip("/")
    kind = DuesKind.SUBSCRIPTION if request.form.get("kind") == DuesKind.SUBSCRIPTION else DuesKind.ONCE
    try:
        gateway = _till()
        terms = Terms(gateway.env, gateway.livemode, title, base + url_for("club_dues.paid"), base + url_for("club_membership.index"))
        who, actor = _oneself(), current_actor()
        db.session.rollback()
        club_dues.pay(who, Order(tier_key, kind), gateway, terms, actor)
    except NotFound:
        raise
    except Refusal as refusal:
        return _refused(refusal)
    return redirect(url_for("club_membership.index"), 303)


def _transfer(tier_key: str) -> ResponseReturnValue:
    """Pay one period by bank transfer. Where a subscription was begun and never paid, the job ends it."""
    who, actor, gateway = _oneself(), current_actor(), till()
    try:
        with transaction():
            _payment, sessions, _subscriptions = bank_orders.choose_for_dues(who, tier_key, today(), actor=actor, moment=clock.now())
    except NotFound:
        raise
    except Refusal as refusal:
        return _refused(refusal)
    if gateway is not None:
        for session_id in sessions:
            club_paying.close_session(gateway, session_id)
    return redirect(url_for("club_membership.index"), 303)


@bp.get("/paid")
@requires(Can.CLUB_BOOK)
def paid() -> ResponseReturnValue:
    """Back from the payment page. That somebody comes here proves nothing: Stripe is asked."""
    gateway = till()
    query = select(Payment.session_id).join(ClubDues, ClubDues.id == Payment.dues_id).join(ClubMember, ClubMember.id == ClubDues.member_id)
    query = query.where(ClubMember.person == person_of(current_actor()), Payment.session_id.is_not(None), Payment.state.in_(LIVE))
    found = [number for number in db.session.execute(query.order_by(Payment.id.desc()).limit(3)).scalars() if number]
    db.session.rollback()
    if gateway is not None:
        outcomes = {club_paying.look_at(gateway, session_id) for session_id in found}
        if outcomes & {"unanswered", "waiting", "processing", "learnt"}:
            flash(_("Your payment is not confirmed yet: reload this page in a moment. Do not pay again."), "warning")
    return redirect(url_for("club_membership.index"), 303)


@bp.get("/<tier_key>/change")
@requires(Can.CLUB_BOOK)
def look_at_change(tier_key: str) -> ResponseReturnValue:
    """What another tier costs now, and from when it counts."""
    return _changing(tier_key)


def _changing(tier_key: str, fault: str = "", status: int = 200) -> ResponseReturnValue:
    tiers.by_key(tier_key)
    at = int(clock.now().timestamp())
    actor = current_actor()
    try:
        change, cost = club_dues.look_at_change(person_of(actor), tier_key, at, _till(), actor)
    except Refusal as refusal:
        return _refused(refusal)
    found = own(person_of(actor), today())
    return render_template("club/change.html", tier=tiers.by_key(tier_key), change=change, cost=cost, at=at, own=found, words=club_member_words, fault=fault), status


@bp.post("/<tier_key>/change")
@requires(Can.CLUB_BOOK)
def change(tier_key: str) -> ResponseReturnValue:
    """Change to another tier as it was shown."""
    tiers.by_key(tier_key)
    at, cost = _number("at"), _number("cost")
    actor = current_actor()
    try:
        if not 0 <= int(clock.now().timestamp()) - at <= 3_600:
            raise Conflict("the difference is another one by now: look again before you change")
        done = club_dues.change(person_of(actor), tier_key, at, cost, _till(), actor)
    except Conflict as refusal:
        return _changing(tier_key, _(refusal.message, **refusal.values), refusal.status)
    except Refusal as refusal:
        return _refused(refusal)
    flash(_("The tier counts from now on.") if done else _("Asked for: the tier counts as soon as its dues are paid."), "success")
    return redirect(url_for("club_membership.index"), 303)


def _number(name: str) -> int:
    text = request.form.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 15 else -1


@bp.get("/cancel")
@requires(Can.CLUB_BOOK)
def look_at_ending() -> ResponseReturnValue:
    """What ending the subscription means."""
    found = own(person_of(current_actor()), today())
    if found is None or found.dues is None or found.dues.state != DuesState.LIVE:
        return _refused(Conflict("you have no subscription"))
    return render_template("club/end_dues.html", own=found, shelf=shelf(), words=club_member_words)


@bp.post("/cancel")
@requires(Can.CLUB_BOOK)
def end() -> ResponseReturnValue:
    """End the subscription at the end of what is paid."""
    return _end_or_keep(True)


@bp.post("/keep")
@requires(Can.CLUB_BOOK)
def keep() -> ResponseReturnValue:
    """Keep the subscription after all."""
    return _end_or_keep(False)


def _end_or_keep(ends: bool) -> ResponseReturnValue:
    actor = current_actor()
    try:
        club_dues.end_or_keep(person_of(actor), ends, _till(), actor)
    except Refusal as refusal:
        return _refused(refusal)
    flash(_("Ended: what you paid for stays until its end.") if ends else _("Your subscription goes on."), "success")
    return redirect(url_for("club_membership.index"), 303)
