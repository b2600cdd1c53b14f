"""What is around one account on its page: where its facts come from, what was said, where the client was, and its lines of the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import select

from models import db
from models.audit import AuditEntry, Recording
from models.care import Contact
from models.clients import Account, AccountVersion
from models.club import Booking, BookingState, ClubEvent
from portal.actors import Actor
from portal.attribution.queries import Span
from portal.audit import queries as audit_queries
from portal.care import queries as care_queries
from portal.local_day import today
from portal.pages import care_words, club_words, words
from portal.pages.club_words import BOOKING_STATES
from portal.permissions import Can
from portal.web.formats import who_text

MOST = 8
"""So many of each are looked up, and so many of all are shown; the rest stands in their lists."""


class Happened(NamedTuple):
    """One thing on the timeline."""

    at: datetime
    title: str
    text: str = ""
    actor: str = ""
    tone: str = "neutral"
    href: str = ""


def around(actor: Actor, account: Account, version: AccountVersion, spans: list[Span]) -> dict[str, Any]:
    """The source of the facts, the timeline (newest first), and the newest lines of the log where the reader may read it."""
    told = [*_said(actor, account), *_attended(actor, version), *_attributed(account, spans)]
    return {
        "source": None if actor.client_no else db.session.get(Recording, version.recording_id),
        "happened": sorted(told, key=lambda one: one.at, reverse=True)[:MOST],
        "log": _log(actor, account) if actor.may(Can.AUDIT_READ) else None,
        "may_care": actor.may(Can.CARE_SEE),
        "may_travel": actor.may(Can.ATTRIBUTION_AUDIT),
    }


def _said(actor: Actor, account: Account) -> list[Happened]:
    """Contacts, where the reader sees the client's care."""
    if not actor.may(Can.CARE_SEE):
        return []
    rows = db.session.execute(care_queries.contacts(actor, today()).where(Contact.account_id == account.id).order_by(Contact.at.desc()).limit(MOST))
    said = []
    for row in rows:
        one, (outcome, tone) = row[0], care_words.OUTCOMES[row[0].outcome]
        title = f"{care_words.CHANNELS[one.channel]} · {outcome}"
        said.append(Happened(one.at, title, one.note, row.staff_name or row.staff_no, tone, url_for("care_contacts.show", contact_id=one.id)))
    return said


def _attended(actor: Actor, version: AccountVersion) -> list[Happened]:
    """Seats that the client took at the club's events, where the reader sees the club's bookings."""
    if not actor.may(Can.CLUB_SEE):
        return []
    query = select(Booking, ClubEvent).join(ClubEvent, ClubEvent.id == Booking.event_id)
    query = query.where(Booking.person == f"client:{version.client_no}", Booking.state.in_([BookingState.GRANTED, BookingState.CANCELLED]))
    rows = db.session.execute(query.order_by(Booking.starts_at.desc()).limit(MOST))
    return [
        Happened(
            booking.starts_at, _("Club event: %(title)s", title=club_words.title(event)), str(BOOKING_STATES[booking.state][0]), href=url_for("club_desk.show", event_key=event.key)
        )
        for booking, event in rows
    ]


def _attributed(account: Account, spans: list[Span]) -> list[Happened]:
    """What was recorded of the attribution, each with who recorded it."""
    newest = sorted(spans, key=lambda span: span.recorded_at, reverse=True)[:MOST]
    return [
        Happened(
            span.recorded_at,
            _("Attribution to %(broker)s from %(day)s: %(state)s", broker=span.broker_no, day=span.valid_from, state=words.STATES[span.state]),
            actor=who_text(span.recorded_by),
        )
        for span in newest
    ]


def _log(actor: Actor, account: Account) -> list[Any]:
    lines = audit_queries.lines(actor).where(AuditEntry.subject_type == "account", AuditEntry.subject_key == account.account_no)
    return list(db.session.execute(lines.order_by(AuditEntry.seq.desc()).limit(MOST)))
