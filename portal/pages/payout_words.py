"""The words of payments: states with their tones, why something waits or is held back, and what is wrong with a line of the bank's answer."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from models.payouts import BatchState, HoldWhy, PayoutState
from portal.commission.payout_balances import Standing
from portal.commission.payouts import BELOW_LEAST, HELD, NO_ACCOUNT

BATCHES = {
    BatchState.PREPARED.value: (_l("Waits for a second person"), "warn"),
    BatchState.APPROVED.value: (_l("Approved: hand it to the bank"), "info"),
    BatchState.DONE.value: (_l("Done"), "good"),
    BatchState.VOID.value: (_l("Refused or taken back"), "neutral"),
}
PAYMENTS = {
    PayoutState.PREPARED.value: (_l("Waits for a second person"), "warn"),
    PayoutState.APPROVED.value: (_l("In payment"), "info"),
    PayoutState.PAID.value: (_l("Paid"), "good"),
    PayoutState.RETURNED.value: (_l("Returned"), "bad"),
    PayoutState.VOID.value: (_l("Not approved"), "neutral"),
}
WAITS = {
    "": (_l("Is paid"), "good"),
    HELD: (_l("Held back"), "warn"),
    NO_ACCOUNT: (_l("No account"), "warn"),
    BELOW_LEAST: (_l("Below the least payout"), "neutral"),
}
"""What becomes of a payable statement in the next run."""
HOLDS = {
    HoldWhy.CLAWBACK.value: _l("Money is to be clawed back"),
    HoldWhy.DISPUTE.value: _l("A dispute is open"),
    HoldWhy.INVESTIGATION.value: _l("Compliance looks into it"),
    HoldWhy.INVOICE.value: _l("An invoice is missing"),
    HoldWhy.COURT.value: _l("By order of a court"),
    HoldWhy.OTHER.value: _l("Other (say why)"),
}
STANDINGS = {
    Standing.NOTHING.value: (_l("Final: nothing to pay"), "neutral"),
    Standing.CARRIED.value: (_l("Final: carried over"), "neutral"),
    Standing.APPROVED.value: (_l("Final: in the next payment run"), "good"),
    Standing.HELD.value: (_l("Final: held back"), "warn"),
    Standing.IN_PAYMENT.value: (_l("In payment"), "info"),
    Standing.PAID.value: (_l("Paid"), "good"),
    Standing.RETURNED.value: (_l("Came back: in the next payment run"), "bad"),
}
ANSWER_COLUMNS = {
    "reference": _l("Reference of the payment"),
    "result": _l("Result"),
    "paid_on": _l("Day of the payment"),
    "serial": _l("Bank’s serial number"),
    "amount": _l("Amount"),
    "why": _l("Why it failed"),
}
ANSWER_FAULTS = {
    "unknown": _l("No payment of this run has this reference: is it the answer to another run?"),
    "twice": _l("This reference stands twice: settle the payment by hand, by what the bank says"),
    "other_amount": _l("Another amount than was handed to the bank: ask the bank, and settle the payment by hand"),
    "result": _l("Expected is a result such as 成功, 失败, 退票, paid or failed"),
    "day": _l("Expected is a day such as 2026-11-20"),
    "future": _l("This day has not come yet"),
    "serial": _l("A paid line has the bank’s number, of at most 60 characters"),
}
