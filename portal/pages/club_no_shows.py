"""The desk of no-shows: who was not seen, what he said, the decision; when nobody is held to have missed an event; and the rule."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import func, select

from models import db
from models.club import Booking, ClubEvent
from models.club_no_shows import COUNTING, ClubNoShow, NoShowState
from models.identity import User
from portal import clock
from portal.club import events, no_show_facts, no_shows
from portal.club.reliability import Rule
from portal.pages import club_words
from portal.pages.club_no_show_words import NO_SHOW_STATES, WAIVERS
from portal.permissions import Can
from portal.refusals import NotFound, Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("club_no_shows", __name__, url_prefix="/club")
RULE_WORDS = {
    "count": _l("Events that were missed"),
    "within_days": _l("Within days"),
    "behind_days": _l("Behind the others for days"),
    "half_life_days": _l("Days until half is forgotten"),
    "appeal_days": _l("Days to say why"),
}
RULE = tuple(RULE_WORDS)

COLUMNS = columns(
    Column("name", _l("Name"), sort=True),
    Column("client", _l("Client"), sort=True),
    Column("event", _l("Event"), sort=True),
    Column("starts", _l("Begins"), sort=True),
    Column("state", _l("State"), sort=True),
    Column("missed", _l("Times that count"), number=True, sort=True),
)
_counted = select(ClubNoShow.person, func.count().label("missed")).where(ClubNoShow.state.in_(COUNTING)).group_by(ClubNoShow.person).subquery()
_missed = func.coalesce(_counted.c.missed, 0)
LISTING = Listing(
    tiebreak=ClubNoShow.id,
    sorts={"name": User.name, "client": ClubNoShow.client_no, "event": ClubEvent.title, "starts": ClubNoShow.starts_at, "state": ClubNoShow.state, "missed": _missed},
    default="-starts",
    filters=(
        Filter("state", _l("State"), lambda text: ClubNoShow.state == text, choices=tuple((name, label) for name, (label, _tone) in NO_SHOW_STATES.items())),
        Filter("client", _l("Client"), lambda text: ClubNoShow.client_no == text),
        Filter("event", _l("Event"), lambda text: ClubEvent.title.contains(text, autoescape=True)),
    ),
)


def _listed(asked: Asked) -> Any:
    query = select(ClubNoShow, ClubEvent, User.name, _missed.label("missed")).join(ClubEvent, ClubEvent.id == ClubNoShow.event_id)
    return query.join(User, User.id == ClubNoShow.user_id).outerjoin(_counted, _counted.c.person == ClubNoShow.person)


LIST = declare(
    ListPage(
        "club_no_shows.index",
        _l("No-shows"),
        LISTING,
        COLUMNS,
        source=_listed,
        fields=(
            Field("name", _l("Name"), lambda row: row.name),
            Field("client", _l("Client"), lambda row: row[0].client_no),
            Field("event", _l("Event"), lambda row: row[1].title),
            Field("starts", _l("Begins"), lambda row: row[0].starts_at),
            Field("state", _l("State"), lambda row: str(NO_SHOW_STATES[row[0].state][0])),
            Field("missed", _l("Times that count"), lambda row: row.missed),
            Field("said", _l("What was said"), lambda row: row[0].words),
            Field("why", _l("Why"), lambda row: row[0].decided_why),
        ),
    )
)


@bp.get("/no-shows")
@requires(Can.CLUB_SEE)
def index() -> ResponseReturnValue:
    """Everybody who had a seat and was not seen, and the rule by which it counts."""
    return show_list(
        LIST, "club/no_shows.html", states=NO_SHOW_STATES, words=club_words, rule=no_show_facts.rule_now(), labels=RULE_WORDS, may_edit=current_actor().may(Can.CLUB_EDIT)
    )


@bp.get("/no-shows/<no_show_id>")
@requires(Can.CLUB_EDIT)
def show(no_show_id: str) -> ResponseReturnValue:
    """One of them: what is known, what he said, and the decision."""
    return _page(no_show_id)


def _page(no_show_id: str, fault: str = "", status: int = 200) -> ResponseReturnValue:
    query = select(ClubNoShow, ClubEvent, Booking, User.name).join(ClubEvent, ClubEvent.id == ClubNoShow.event_id).join(Booking, Booking.id == ClubNoShow.booking_id)
    found = db.session.execute(query.join(User, User.id == ClubNoShow.user_id).where(ClubNoShow.public_id == no_show_id)).first()
    if found is None:
        raise NotFound("there is no such no-show")
    row, event, booking, name = found
    missed, moment = no_show_facts.counting([row.person]).get(row.person, []), clock.now()
    until = no_show_facts.behind([row.person]).get(row.person)
    shown = {"row": row, "event": event, "booking": booking, "name": name, "state": NO_SHOW_STATES[row.state], "missed": len(missed)}
    rest = {"until": until if until and until > moment else None, "score": no_show_facts.scores([row.person], moment)[row.person], "own": row.user_id == current_actor().user_id}
    return render_template("club/no_show.html", **shown, **rest, waits=row.state == NoShowState.APPEALED, words=club_words, fault=fault), status


@bp.post("/no-shows/<no_show_id>")
@requires(Can.CLUB_EDIT)
def decide(no_show_id: str) -> ResponseReturnValue:
    """Excuse it, or uphold it against what was said."""
    wish = request.form.get("wish", "")
    try:
        if wish not in ("excuse", "uphold"):
            raise Refusal("choose whether it is excused or counts")
        with transaction():
            no_shows.decide(no_show_id, wish == "excuse", request.form.get("why", ""), actor=current_actor(), moment=clock.now())
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(no_show_id, _(refusal.message, **refusal.values), refusal.status)
    flash(_("Decided. The person is told."), "success")
    return redirect(url_for("club_no_shows.show", no_show_id=no_show_id), 303)


@bp.post("/no-shows/rule")
@requires(Can.CLUB_EDIT)
def set_rule() -> ResponseReturnValue:
    """What another rule would change for who waits; let no-shows count by it from now on once that was seen."""
    typed = [request.form.get(name, "") for name in RULE]
    try:
        if not all(one.isascii() and one.isdigit() and len(one) < 6 for one in typed):
            raise Refusal("a rule is whole numbers of events and days")
        rule = Rule(*map(int, typed))
        if request.form.get("seen") != "yes":
            now, then = no_shows.standing_back(rule, clock.now())
            return render_template("club/no_show_rule.html", before=no_show_facts.rule_now(), rule=rule, names=RULE, labels=RULE_WORDS, now=now, then=then)
        with transaction():
            no_shows.set_rule(rule, actor=current_actor(), moment=clock.now())
        flash(_("Kept."), "success")
    except Refusal as refusal:
        flash(_(refusal.message, **refusal.values), "error")
    return redirect(url_for("club_no_shows.index"), 303)


@bp.get("/events/<event_key>/waive")
@requires(Can.CLUB_EDIT)
def look_at_waiving(event_key: str) -> ResponseReturnValue:
    """What it would take back."""
    return _waiving(events.event_for(current_actor(), event_key))


def _waiving(event: ClubEvent, fault: str = "", status: int = 200) -> ResponseReturnValue:
    typed = {name: request.form.get(name, "") for name in ("why", "words")}
    shown = {"reached": no_shows.reached(event.id), "waiver": no_shows.waiver_of(event.id), "whys": WAIVERS}
    return render_template("club/waive.html", event=event, words=club_words, typed=typed, fault=fault, **shown), status


@bp.post("/events/<event_key>/waive")
@requires(Can.CLUB_EDIT)
def waive(event_key: str) -> ResponseReturnValue:
    """Nobody is held to have missed this event."""
    event = events.event_for(current_actor(), event_key)
    try:
        with transaction():
            count = no_shows.waive(event.id, request.form.get("why", ""), request.form.get("words", ""), actor=current_actor(), moment=clock.now())
    except Refusal as refusal:
        return _waiving(events.event_for(current_actor(), event_key), _(refusal.message, **refusal.values), refusal.status)
    flash(ngettext("%(num)s absence does not count any more.", "%(num)s absences do not count any more.", count), "success")
    return redirect(url_for("club_desk.show", event_key=event_key), 303)
