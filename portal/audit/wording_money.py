"""Why money of the club goes back, and how a transfer fits its order: coded values of previews in words."""

from __future__ import annotations

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

MONEY_BACK: dict[str, LazyString] = {
    "too_little": _l("Less than was asked came"),
    "too_much": _l("More than was asked came"),
    "paid_twice": _l("Paid twice"),
    "other_payer": _l("Another than the member paid"),
    "event_cancelled": _l("The event was called off"),
    "booking_over": _l("Booking cancelled"),
    "no_order": _l("No order belongs to it"),
    "not_wanted": _l("The firm sends it back"),
    "cancelled": _l("Booking cancelled"),
    "seat_returned": _l("A guest’s seat was given back"),
    "no_seat": _l("The payment came when no seat was left"),
    "dues_unused": _l("The days that are left"),
    "dues_ours": _l("Our fault"),
    "dues_error": _l("Paid in error"),
    "dues_goodwill": _l("Goodwill"),
}
"""Why money of the club goes back."""

BANK: dict[str, LazyString] = {
    **MONEY_BACK,
    "exact": _l("Amount and order fit"),
    "late": _l("The time to pay ran out: a seat where one is still free"),
    "pays": _l("It pays the order"),
    "goes_back": _l("It goes back"),
}
"""How a bank transfer of the club fits its order, and what comes of it."""
