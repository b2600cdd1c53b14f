"""What the parts of a preview are called where money comes to the club or goes back, and why dues go back."""

from __future__ import annotations

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

OF_CLUB_MONEY: dict[str, LazyString] = {
    "serial": _l("Bank’s serial number"),
    "received_on": _l("Received on"),
    "sent_on": _l("Transferred on"),
    "payer": _l("Payer"),
    "payee": _l("Goes back to"),
    "remark": _l("Words on the transfer"),
    "order": _l("Reference of the order"),
    "ordered_by": _l("Ordered by"),
    "asked": _l("Amount asked for"),
    "fit": _l("How it fits"),
    "effect": _l("What happens then"),
    "back": _l("Of it goes back"),
    "if_no_seat": _l("If no seat is left by then"),
    "why": _l("Why it goes back"),
    "membership_ends": _l("The membership ends on"),
    "subscription_ends": _l("The subscription ends"),
    "came_with": _l("Came with the serial number"),
    "came_on": _l("Came on"),
}

WHY_DUES: dict[str, LazyString] = {
    "dues_unused": _l("The days that are left"),
    "dues_ours": _l("Our fault"),
    "dues_error": _l("Paid in error"),
    "dues_goodwill": _l("Goodwill"),
}
