"""What a desk kept while it had no network: taken over here, and what of it needs a look; and how many have come, for the phone at the door."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from models import db
from models.club import Booking, CheckIn, ClubEvent, Seat
from models.club_door import LateScan
from portal import clock
from portal.club import answers as said_at
from portal.club import door, events, late_scans, queries
from portal.club.door import Answer, Said
from portal.club.late_scans import CLOCK, Scan
from portal.pages import club_question_words, club_words
from portal.pages.club_words import DOOR
from portal.permissions import Can
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("club_late", __name__, url_prefix="/club/door")
LOOKS = {
    Said.AGAIN.value: _l("The same ticket was let in twice"),
    Said.CANCELLED.value: _l("Let in with a seat that was given back"),
    Said.UNPAID.value: _l("Let in without having paid"),
    Said.OTHER_EVENT.value: _l("Let in with a ticket for another event"),
    Said.UNKNOWN.value: _l("Let in with a ticket that we do not know"),
    CLOCK: _l("The clock of the desk was wrong: counted when it came"),
}
COLUMNS = columns(
    Column("claimed", _l("Scanned"), sort=True),
    Column("name", _l("Name"), sort=True),
    Column("what", _l("What")),
    Column("desk", _l("Desk"), sort=True),
    Column("first", _l("In since")),
    Column("recorded", _l("Uploaded"), sort=True),
)
_first = aliased(CheckIn)
_counts = select(_first.id).where(_first.seat_id == LateScan.seat_id, ~_first.undo).order_by(_first.at, _first.id).limit(1).correlate(LateScan).scalar_subquery()
LISTING = Listing(
    tiebreak=LateScan.id,
    sorts={"claimed": LateScan.claimed_at, "name": Seat.name, "desk": LateScan.desk, "recorded": LateScan.recorded_at},
    default="-recorded",
    filters=(Filter("what", _l("What"), lambda text: LateScan.said == text, choices=tuple(LOOKS.items())), Filter("desk", _l("Desk"), lambda text: LateScan.desk == text)),
)


def _late(asked: Asked) -> Any:
    event = events.event_for(asked.actor, str(asked.values["event_key"]))
    query = select(LateScan, Seat.name, CheckIn).outerjoin(Seat, Seat.id == LateScan.seat_id).outerjoin(CheckIn, CheckIn.id == _counts)
    return query.where(LateScan.event_id == event.id)


LIST = declare(
    ListPage(
        "club_late.index",
        _l("Kept scans to look at"),
        LISTING,
        COLUMNS,
        source=_late,
        fields=(
            Field("claimed", _l("Scanned"), lambda row: row[0].claimed_at),
            Field("name", _l("Name"), lambda row: row.name or ""),
            Field("code", _l("End of the code"), lambda row: row[0].code_end),
            Field("what", _l("What"), lambda row: str(LOOKS[row[0].said])),
            Field("desk", _l("Desk"), lambda row: row[0].desk),
            Field("first", _l("In since"), lambda row: row[2].at if row[2] else ""),
            Field("first_desk", _l("First desk"), lambda row: row[2].desk if row[2] else ""),
            Field("recorded", _l("Uploaded"), lambda row: row[0].recorded_at),
        ),
    )
)


@bp.get("/<event_key>/kept")
@requires(Can.CLUB_DOOR)
def index(event_key: str) -> ResponseReturnValue:
    """Scans that did not end as the desk believed."""
    return show_list(LIST, "club/late.html", event=events.event_for(current_actor(), event_key), looks=LOOKS, words=club_words)


@bp.get("/<event_key>/count")
@requires(Can.CLUB_DOOR)
def count(event_key: str) -> ResponseReturnValue:
    """How many came, and how many are expected."""
    event = events.event_for(current_actor(), event_key)
    query = select(func.count()).select_from(Seat).join(Booking, Booking.id == Seat.booking_id)
    expected = db.session.execute(query.where(Seat.event_id == event.id, queries.attending())).scalar_one()
    return jsonify(came=len(door.insides(event.id)), expected=expected)


@bp.post("/<event_key>/kept")
@requires(Can.CLUB_DOOR)
def upload(event_key: str) -> ResponseReturnValue:
    """Take kept scans over: a list of {code, at, desk, key} as JSON. The answer to each, by its key."""
    event = events.event_for(current_actor(), event_key)
    try:
        scans = _typed(request.form.get("scans", ""))
        with transaction():
            answers = late_scans.upload(event, scans, actor=current_actor(), moment=clock.now())
    except Refusal as refusal:
        return jsonify(error=_(refusal.message, **refusal.values)), refusal.status
    event = events.event_for(current_actor(), event_key)
    told = said_at.at_door([answer.seat_id for answer in answers.values() if answer.seat_id])
    return jsonify(answers={key: _said(event, answer, club_question_words.told(told.get(answer.seat_id or 0, []))) for key, answer in answers.items()})


def _typed(text: str) -> list[Scan]:
    """What was sent. Raises Refusal where it is no list of scans."""
    try:
        rows = json.loads(text)
        scans = [Scan(str(row["code"])[:200], datetime.fromisoformat(row["at"]), str(row.get("desk", "")).replace("\0", "")[:40], _key(row["key"])) for row in rows]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Refusal("kept scans come as a list of code, moment, desk and key") from error
    if any(scan.at.tzinfo is None or not scan.scan_key for scan in scans):
        raise Refusal("kept scans come as a list of code, moment, desk and key")
    return scans


def _key(text: str) -> str:
    return "".join(letter for letter in text if letter.isascii() and letter.isalnum())[:64]


def _said(event: ClubEvent, answer: Answer, told: str) -> dict[str, str]:
    """An answer in words, as the phone shows it."""
    word, tone = DOOR[answer.said.value]
    since = _("since %(when)s", when=club_words.clock_text(answer.at, event.zone)) if answer.said is Said.AGAIN and answer.at else ""
    return {"word": str(word), "tone": tone, "name": answer.name, "more": ", ".join(part for part in (since, answer.desk if since else "", told) if part)}
