"""The club in words: titles in the reader's language, times by the clocks of the event's place, states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models.club import Admitted, BookingState, ClubEvent, ClubSession, EventState, TicketKind
from models.club_money import PaymentState, RefundState, RefundWhy, Way
from portal.club import policy
from portal.club.door import Said
from portal.pages import words

EVENT_STATES = {
    EventState.DRAFT.value: (_l("Draft"), "neutral"),
    EventState.PUBLISHED.value: (_l("Open for booking"), "good"),
    EventState.CANCELLED.value: (_l("Called off"), "bad"),
}
BOOKING_STATES = {
    BookingState.HELD.value: (_l("Held, not paid yet"), "warn"),
    BookingState.GRANTED.value: (_l("Confirmed"), "good"),
    BookingState.CANCELLED.value: (_l("Cancelled"), "neutral"),
    BookingState.LAPSED.value: (_l("The time to pay ran out"), "neutral"),
}
ADMITTED = {
    Admitted.CLIENT.value: _l("Clients"),
    Admitted.PROSPECT.value: _l("People with a sign-in and no account yet"),
    Admitted.MEMBER.value: _l("Members of the club"),
    Admitted.BROKER.value: _l("Introducing brokers"),
    Admitted.STAFF.value: _l("Staff of the firm"),
}
"""Who may come, in words."""
WAYS = {Way.CARD.value: _l("Card or wallet"), Way.TRANSFER.value: _l("Bank transfer")}
PAYMENT_STATES = {
    PaymentState.INTENDED.value: (_l("Being prepared"), "neutral"),
    PaymentState.OPEN.value: (_l("Waits for the payer"), "warn"),
    PaymentState.PROCESSING.value: (_l("On its way"), "info"),
    PaymentState.PAID.value: (_l("Paid"), "good"),
    PaymentState.REFUND_DUE.value: (_l("To be refunded"), "bad"),
    PaymentState.PARTLY_REFUNDED.value: (_l("Partly refunded"), "info"),
    PaymentState.REFUNDED.value: (_l("Refunded"), "neutral"),
    PaymentState.LAPSED.value: (_l("Closed unpaid"), "neutral"),
    PaymentState.FAILED.value: (_l("Did not work"), "bad"),
}
REFUND_STATES = {
    RefundState.DUE.value: (_l("About to be sent"), "warn"),
    RefundState.PENDING.value: (_l("On its way"), "info"),
    RefundState.SUCCEEDED.value: (_l("Refunded"), "good"),
    RefundState.FAILED.value: (_l("Did not go through"), "bad"),
    RefundState.CANCELLED.value: (_l("Did not go through"), "bad"),
}
REFUND_WHYS = {
    RefundWhy.CANCELLED.value: _l("Booking cancelled"),
    RefundWhy.SEAT_RETURNED.value: _l("A guest’s seat was given back"),
    RefundWhy.EVENT_CANCELLED.value: _l("The event was called off"),
    RefundWhy.NO_SEAT.value: _l("The payment came when no seat was left"),
    RefundWhy.PAID_TWICE.value: _l("Paid twice"),
    RefundWhy.AT_STRIPE.value: _l("Refunded at Stripe"),
}
DOOR = {
    Said.WELCOME.value: (_l("Welcome"), "good"),
    Said.AGAIN.value: (_l("Already in"), "warn"),
    Said.UNDONE.value: (_l("Taken back: not in any more"), "info"),
    Said.NOT_IN.value: (_l("Is not in"), "neutral"),
    Said.OTHER_EVENT.value: (_l("This ticket is for another event"), "bad"),
    Said.CANCELLED.value: (_l("This seat was given back"), "bad"),
    Said.UNPAID.value: (_l("Not paid yet"), "bad"),
    Said.UNKNOWN.value: (_l("We know no such ticket"), "bad"),
}
"""The answers at the door, each in its own words."""


class Titled(Protocol):
    """What has a title in both languages."""

    @property
    def title(self) -> str:
        """In Chinese."""
        ...

    @property
    def title_en(self) -> str:
        """In English; it may be empty."""
        ...


def title(event: Titled | ClubEvent) -> str:
    """The title in the reader's language, where there is one."""
    return event.title if words.is_chinese() else event.title_en or event.title


def about(event: ClubEvent) -> str:
    """What it is about, in the reader's language where there is one."""
    return event.about if words.is_chinese() else event.about_en or event.about


def kind_name(kind: TicketKind) -> str:
    """The kind of ticket in the reader's language, where there is one."""
    return kind.name if words.is_chinese() else kind.name_en or kind.name


def day_text(moment: datetime, zone: str) -> str:
    """A day with its weekday, by the clocks of a place."""
    return str(format_datetime(moment, "M月d日 EEEE" if words.is_chinese() else "EEEE, d MMMM", tzinfo=ZoneInfo(zone), locale=get_locale()))


def clock_text(moment: datetime, zone: str) -> str:
    """The time of a day, by the clocks of a place."""
    return f"{moment.astimezone(ZoneInfo(zone)):%H:%M}"


def moment_of(moment: datetime, zone: str) -> str:
    """A day and a time, by the clocks of a place."""
    return f"{day_text(moment, zone)} {clock_text(moment, zone)}"


def times(row: ClubSession, zone: str) -> str:
    """From when to when."""
    return f"{clock_text(row.starts_at, zone)}–{clock_text(row.ends_at, zone)}"


def leaf(moment: datetime, zone: str) -> dict[str, str]:
    """A leaf of a wall calendar: month, day, weekday."""
    place, locale = ZoneInfo(zone), get_locale()
    return {name: str(format_datetime(moment, form, tzinfo=place, locale=locale)) for name, form in (("month", "MMM"), ("day", "d"), ("weekday", "EEE"))}


def brackets(rules: Sequence[Mapping[str, Any]], starts_at: datetime, zone: str) -> list[tuple[str, str]]:
    """What comes back until when, in words."""
    if not rules:
        return [(_("After booking"), _("nothing comes back"))]
    rows = [(_("until %(when)s", when=moment_of(policy.deadline(starts_at, row["hours"], zone), zone)), _("%(percent)s %% back", percent=row["percent"])) for row in rules]
    return [*rows, (_("after that"), _("nothing comes back"))]


def admitted(event: ClubEvent) -> list[str]:
    """For whom an event is, where it says so."""
    return [str(ADMITTED[key]) for key in event.admitted]


def code_text(code: str) -> str:
    """A ticket's code in two halves, as one reads it out."""
    return f"{code[:5]}-{code[5:]}"
