"""Bank transfers of the club in words: their states, how they fit their orders, why money goes back, and what to do next."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from models.club_bank import ReturnState, TransferState
from portal.audit.wording import MONEY_BACK
from portal.club.bank_match import Fit

TRANSFER_STATES = {
    TransferState.RECORDED.value: (_l("Recorded"), "warn"),
    TransferState.PREPARED.value: (_l("Waits for a second person"), "info"),
    TransferState.TAKEN.value: (_l("Paid its order"), "good"),
    TransferState.GIVEN_BACK.value: (_l("To go back"), "neutral"),
    TransferState.VOID.value: (_l("Taken out"), "neutral"),
}
RETURN_STATES = {
    ReturnState.DUE.value: (_l("To be transferred back"), "bad"),
    ReturnState.PREPARED.value: (_l("Waits for a second person"), "info"),
    ReturnState.DONE.value: (_l("Transferred back"), "good"),
}
WHYS = MONEY_BACK
FITS = {
    Fit.EXACT.value: (_l("It fits"), "good", _l("Amount and order fit. Prepare it; a second person lets it pay the order.")),
    Fit.TOO_MUCH.value: (_l("Too much"), "warn", _l("More than was asked came. Prepare it: the order is paid, and the rest stands under what is to be transferred back.")),
    Fit.LATE.value: (_l("Late"), "warn", _l("The time to pay ran out. Prepare it: if a seat is still free when it is approved the member has it, else all of it goes back.")),
    Fit.TOO_LITTLE.value: (
        _l("Too little"),
        "bad",
        _l("Less than was asked came. It cannot pay the order: prepare that it goes back. The member may transfer again while his time lasts."),
    ),
    Fit.PAID_TWICE.value: (_l("Paid already"), "bad", _l("The order is paid, or another transfer is held to be for it. Prepare that this one goes back.")),
    Fit.EVENT_CANCELLED.value: (_l("Event called off"), "bad", _l("The event does not take place. Prepare that the money goes back.")),
    Fit.BOOKING_OVER.value: (_l("Booking cancelled"), "bad", _l("The member gave his seats back. Prepare that the money goes back.")),
    Fit.NO_ORDER.value: (_l("No order"), "bad", _l("Its words name no order. Choose the order that it is for, or prepare that it goes back.")),
}
"""Each answer with its tone and the next step."""
