"""What members are told about their bank transfers: that one does not fit and goes back, and that it went."""

from __future__ import annotations

from datetime import datetime

from models.club_bank import BankTransfer, ReturnWhy
from portal.actors import Actor
from portal.club import bank_match
from portal.notices import verbs as notices
from portal.notices.kinds import N_, Group, register
from portal.notices.outbox import Letter

WHYS = {
    ReturnWhy.REFUND: N_("A refund of a payment"),
    ReturnWhy.TOO_LITTLE: N_("Less than was asked came"),
    ReturnWhy.TOO_MUCH: N_("More than was asked came"),
    ReturnWhy.PAID_TWICE: N_("Paid twice"),
    ReturnWhy.OTHER_PAYER: N_("Another than the member paid"),
    ReturnWhy.EVENT_CANCELLED: N_("The event was called off"),
    ReturnWhy.BOOKING_OVER: N_("Booking cancelled"),
    ReturnWhy.NO_ORDER: N_("No order belongs to it"),
    ReturnWhy.NOT_WANTED: N_("The firm sends it back"),
}
"""Why money goes back, in words."""
_GOES_BACK = N_("%(amount_fen)s of your transfer for %(title)s goes back to you: %(why)s.")
_WENT_BACK = N_("%(amount_fen)s of your transfer for %(title)s went back to you.")
register(
    "club.transfer_goes_back",
    _GOES_BACK,
    Group.CLUB,
    label=N_("A transfer does not fit and goes back"),
    words=("why",),
    tone="warn",
    mail=N_("%(amount_fen)s of your transfer for %(title)s goes back to you."),
    urgent=True,
)
register("club.transfer_went_back", _WENT_BACK, Group.CLUB, label=N_("A transfer went back"), tone="good", mail=_WENT_BACK)


def goes_back(transfer: BankTransfer, amount: int, why: ReturnWhy, *, actor: Actor, moment: datetime) -> None:
    """Tell the member whose order it is, if it is anybody's, that so much (fen) goes back, and why."""
    _tell("club.transfer_goes_back", transfer, {"amount_fen": amount, "why": WHYS[why]}, "goes_back", actor, moment)


def went_back(transfer: BankTransfer, amount: int, *, actor: Actor, moment: datetime) -> None:
    """Tell him that it went."""
    _tell("club.transfer_went_back", transfer, {"amount_fen": amount}, "went_back", actor, moment)


def _tell(kind: str, transfer: BankTransfer, values: dict[str, str | int], key: str, actor: Actor, moment: datetime) -> None:
    order = bank_match.order_of(transfer.payment_id)
    if order is not None and order.readers:
        notices.tell(order.readers, kind, order.link, {"title": order.title, **values}, actor=actor, moment=moment, letter=Letter(f"transfer:{transfer.id}:{key}"))
