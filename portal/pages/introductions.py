"""My links: the link and QR code with which I introduce, a card to print, what came of them; made and ended here."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from models.leads import IntroducerKind, IntroductionLink
from portal.clock import now
from portal.documents.card import card_of
from portal.leads import links
from portal.leads.introducers import introducer_of
from portal.local_day import today
from portal.pages.qr import drawn, picture
from portal.permissions import Can
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.web.downloads import as_attachment
from portal.web.guard import current_actor, requires

bp = Blueprint("introductions", __name__, url_prefix="/introduce")


def address_of(code: str) -> str:
    """The address of a link as it is given away: from the settings, never from the request."""
    return str(current_app.config["PORTAL"].base_url).rstrip("/") + url_for("introduction_form.show", code=code)


def only_client() -> bool:
    """Whether the reader introduces as a client."""
    return introducer_of(current_actor()).kind is IntroducerKind.CLIENT


@bp.get("")
@requires(Can.LEAD_REGISTER)
def index() -> ResponseReturnValue:
    """My links, the first that works with its QR code."""
    if only_client():
        return redirect(url_for("refer.index"), 302)
    actor, on = current_actor(), today()
    found = links.own(actor, on)
    first = next((one.link for one in found if one.works), None)
    shown = address_of(first.code) if first else ""
    return render_template(
        "introductions/index.html",
        links=found,
        first=first,
        address=shown,
        picture=drawn(shown) if first else "",
        address_of=address_of,
        campaigns=links.campaigns(actor, on),
        may_firm=actor.may(Can.CAMPAIGN_EDIT),
        personal=introducer_of(actor).kind is not IntroducerKind.FIRM,
        today=on,
    )


@bp.post("")
@requires(Can.LEAD_REGISTER)
def make() -> ResponseReturnValue:
    """Make a link."""
    ends, campaign = request.form.get("expires_on", "").strip(), request.form.get("campaign", "")
    with transaction():
        links.make(current_actor(), now(), today(), expires_on=_day(ends), campaign_id=_number(campaign) if campaign else None, for_firm=request.form.get("for_firm") == "yes")
    flash(_("Your link is ready."), "success")
    return redirect(url_for("refer.index") if only_client() else url_for("introductions.index"), 303)


@bp.get("/<code>")
@requires(Can.LEAD_REGISTER)
def show(code: str) -> ResponseReturnValue:
    """One of my links: large, for showing on a phone or on paper."""
    link = links.one_for(current_actor(), code)
    address = address_of(link.code)
    return render_template("introductions/link.html", link=link, address=address, picture=drawn(address), works=_works(link))


@bp.post("/<code>/end")
@requires(Can.LEAD_REGISTER)
def end(code: str) -> ResponseReturnValue:
    """End a link for good."""
    with transaction():
        links.revoke(current_actor(), now(), code)
    flash(_("The link has ended: whoever opens it is told so kindly."), "success")
    return redirect(url_for("refer.index") if only_client() else url_for("introductions.index"), 303)


@bp.get("/<code>/qr.svg")
@requires(Can.LEAD_REGISTER)
def qr(code: str) -> ResponseReturnValue:
    """The QR code as a file."""
    link = links.one_for(current_actor(), code)
    return as_attachment(picture(address_of(link.code), size=8).encode(), "image/svg+xml", f"juyuan-{link.code}.svg")


@bp.get("/<code>/card.pdf")
@requires(Can.LEAD_REGISTER)
def card(code: str) -> Response:
    """A card to print."""
    link = links.one_for(current_actor(), code)
    address = address_of(link.code)
    return as_attachment(card_of(address, link.code, picture(address, size=8), link.created_at, str(get_locale())), "application/pdf", f"juyuan-card-{link.code}.pdf")


def _works(link: IntroductionLink) -> bool:
    return link.revoked_at is None and (link.expires_on is None or link.expires_on >= today())


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Refusal("“%(given)s” is no day: write it like 2026-12-31", given=text[:20]) from error


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Refusal("choose a campaign from the list")
    return int(text)
