"""One invitation list: how it was drawn, who stands on which side, and sending it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from models.clients import Account, AccountVersion
from models.club import Booking, BookingState
from models.club_invites import Invitee
from portal import clock
from portal.clients.queries import newest_version, visible_to
from portal.club import invites, tiers, topping_up
from portal.local_day import today
from portal.pages import club_invite_words, club_member_words, club_words
from portal.pages.club_invite_words import ARMS
from portal.pages.club_invites import branch_names, whole
from portal.permissions import Can
from portal.refusals import NotFound, Refusal
from portal.transaction import transaction
from portal.web.exports import amount
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("club_invited", __name__, url_prefix="/club/invitations")

COLUMNS = columns(
    Column("client", _l("Client"), sort=True),
    Column("name", _l("Name")),
    Column("arm", _l("Side"), sort=True),
    Column("equity", _l("Equity at the draw"), sort=True, number=True, money=True),
    Column("tier", _l("Tier")),
    Column("booked", _l("Signed up")),
)
_name = select(func.min(AccountVersion.name)).where(AccountVersion.client_no == Invitee.client_no, newest_version()).correlate(Invitee).scalar_subquery()
_seat = select(func.count()).where(Booking.event_id == Invitee.event_id, Booking.client_no == Invitee.client_no, Booking.state == BookingState.GRANTED)
_booked = _seat.correlate(Invitee).scalar_subquery()
LISTING = Listing(
    tiebreak=Invitee.id,
    sorts={"client": Invitee.client_no, "arm": Invitee.arm, "equity": Invitee.equity},
    default="client",
    filters=(
        Filter("arm", _l("Side"), lambda text: Invitee.arm == text, choices=tuple((name, label) for name, (label, _tone) in ARMS.items())),
        Filter("client", _l("Client"), lambda text: Invitee.client_no == text, personal=True),
    ),
)


def _listed(asked: Asked) -> Any:
    """The clients of the list whom the reader may see."""
    found = invites.list_of(str(asked.values["list_id"]))
    seen = select(AccountVersion.client_no).join(Account, Account.id == AccountVersion.account_id).where(newest_version(), visible_to(asked.actor, today()))
    return select(Invitee, _name.label("name"), _booked.label("booked")).where(Invitee.list_id == found.id, Invitee.client_no.in_(seen))


LIST = declare(
    ListPage(
        "club_invited.show",
        _l("Invitation list"),
        LISTING,
        COLUMNS,
        source=_listed,
        fields=(
            Field("client", _l("Client"), lambda row: row[0].client_no),
            Field("name", _l("Name"), lambda row: row.name or ""),
            Field("arm", _l("Side"), lambda row: str(ARMS[row[0].arm][0])),
            Field("place", _l("Place in the draw"), lambda row: row[0].place),
            Field("equity", _l("Equity at the draw"), lambda row: amount(row[0].equity)),
            Field("tier", _l("Tier"), lambda row: row[0].tier),
            Field("booked", _l("Signed up"), lambda row: "1" if row.booked else ""),
        ),
        sums={"equity": Invitee.equity},
        file_name="invitation-list",
    )
)


@bp.get("/<list_id>")
@requires(Can.CLUB_SEE)
def show(list_id: str) -> ResponseReturnValue:
    """The list."""
    found = invites.list_of(list_id)
    event = invites.event_of(found)
    counts = next(row for row in invites.of_event(event.id) if row[0].id == found.id)
    names = {tier.key: club_member_words.name(tier) for tier in tiers.all_tiers()}
    return show_list(
        LIST,
        "club/invited.html",
        event=event,
        found=found,
        sending=counts.InviteSending,
        reserve=topping_up.look(found, event, clock.now()),
        invited=counts.invited,
        held=counts.held,
        arms=ARMS,
        tiers=names,
        criteria=club_invite_words.criteria_text(found.criteria, names, branch_names()),
        words=club_words,
        may_edit=current_actor().may(Can.CLUB_EDIT),
    )


@bp.post("/<list_id>/send")
@requires(Can.CLUB_EDIT)
def send(list_id: str) -> ResponseReturnValue:
    """Write to the invited."""
    try:
        with transaction():
            sent = invites.send(list_id, actor=current_actor(), moment=clock.now(), first=whole(request.form, "first", invites.MOST_CLIENTS))
            told, unreached = sent.told, sent.unreached
        club_invite_words.say_sent(told, unreached)
    except NotFound:
        raise
    except Refusal as refusal:
        flash(_(refusal.message, **refusal.values), "error")
    return redirect(url_for("club_invited.show", list_id=list_id), 303)


@bp.post("/<list_id>/top-up")
@requires(Can.CLUB_EDIT)
def top_up(list_id: str) -> ResponseReturnValue:
    """Write to the next of the drawn order."""
    try:
        with transaction():
            count = whole(request.form, "count", invites.MOST_CLIENTS)
            more = topping_up.top_up(list_id, count, actor=current_actor(), moment=clock.now())
            told, unreached = more.told, more.unreached
        club_invite_words.say_sent(told, unreached)
    except NotFound:
        raise
    except Refusal as refusal:
        flash(_(refusal.message, **refusal.values), "error")
    return redirect(url_for("club_invited.show", list_id=list_id), 303)
