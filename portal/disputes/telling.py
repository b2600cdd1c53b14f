"""Whom a step of a dispute concerns. The one place from which notices about disputes go out."""

from __future__ import annotations

from datetime import datetime

from models.disputes import Dispute
from portal.actors import Actor
from portal.disputes import queries
from portal.disputes.states import Side
from portal.notices.kinds import N_, register
from portal.notices.verbs import tell

KINDS = {"opened": "dispute.opened", "answer": "dispute.answered"}
"""The kind of notice of a step; every other step is told as it is."""
MOVED = "dispute.moved"
STEPS = {
    "take": N_("taken up"),
    "accept": N_("accepted"),
    "escalate": N_("escalated"),
    "withdraw": N_("withdrawn"),
    "close": N_("closed"),
    "adjusted": N_("booked and closed"),
}
register(MOVED, N_("The question %(number)s was %(step)s."), "disputes", label=N_("A question goes a step on"), words=("step",))


def concerned(side: Side, broker_no: str, actor_id: int | None) -> list[int]:
    """The ids of the users on the other side of a step: the desk where the broker acted, the broker's where the desk did."""
    other = queries.users_of_broker(broker_no) if side is Side.DESK else queries.desk()
    return [user for user in other if user != actor_id]


def tell_of(dispute: Dispute, side: Side, action: str, broker_no: str, actor: Actor, moment: datetime) -> None:
    """Tell the other side of a step."""
    values = {"number": dispute.number, "who": broker_no, "what": dispute.number, "step": STEPS.get(action, action)}
    tell(concerned(side, broker_no, actor.user_id), KINDS.get(action, MOVED), f"/disputes/{dispute.id}", values, actor=actor, moment=moment)
