"""Why not? What an event's booking would answer to one client, asked by who prepares events."""

from __future__ import annotations

from typing import NamedTuple

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import Select, select

from models import db
from models.club import ClubEvent
from models.identity import Role, User, UserRole, UserState
from portal import clock
from portal.actors import actor_of
from portal.audit import log
from portal.club import booking, events
from portal.club.wishes import Wish
from portal.pages import club_words
from portal.permissions import Can
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires

bp = Blueprint("club_why", __name__, url_prefix="/club")


class _TakenBack(Exception):
    pass


class Told(NamedTuple):
    """Who was asked about, and what he would be told; empty: he would get a seat."""

    user: User
    said: str


@bp.get("/events/<event_key>/why")
@requires(Can.CLUB_EDIT)
def ask(event_key: str) -> ResponseReturnValue:
    """The form."""
    return _page(events.event_for(current_actor(), event_key))


@bp.post("/events/<event_key>/why")
@requires(Can.CLUB_EDIT)
def answer(event_key: str) -> ResponseReturnValue:
    """Book a seat for the client and take it back in the same breath: nothing is kept of it but the line in the log that somebody asked."""
    event = events.event_for(current_actor(), event_key)
    typed = request.form.get("number", "").strip()[:64]
    kinds = {str(kind.id): kind for kind in events.kinds_of(event.id)}
    kind = kinds.get(request.form.get("kind", ""), next(iter(kinds.values()), None))
    user = db.session.execute(_clients().where(User.client_no == typed)).scalars().first() if typed else None
    if user is None or kind is None:
        return _page(event, fault=_("There is no client %(number)s with a sign-in: nobody books without one. Give a client number.", number=typed or "–")), 422
    with transaction():
        log.write(current_actor(), clock.now(), "club.why_asked", "club_event", event.key, after={"client_no": user.client_no})
    told = Told(user, _answered(event, kind.id, user))
    return _page(event, told=told)


def _clients() -> Select[User]:
    client = select(UserRole.user_id).where(UserRole.role == Role.CLIENT)
    return select(User).where(User.id.in_(client), User.state == UserState.ACTIVE).order_by(User.id)


def _answered(event: ClubEvent, kind_id: int, user: User) -> str:
    try:
        with transaction():
            booking.book(event.id, Wish(kind_id, user.name or user.email, answers=None), actor=actor_of(user), moment=clock.now())
            raise _TakenBack
    except _TakenBack:
        return ""
    except Refusal as refusal:
        return str(_(refusal.message, **refusal.values))


def _page(event: ClubEvent, told: Told | None = None, fault: str = "") -> str:
    return render_template("club/why.html", event=event, kinds=events.kinds_of(event.id), told=told, fault=fault, typed=request.form, words=club_words)
