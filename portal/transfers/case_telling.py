"""Whom a step of a case concerns. The one place from which notices about cases go out; none of them names the other side."""

from __future__ import annotations

from datetime import datetime

from models.transfers import ClaimCase
from portal.actors import Actor
from portal.notices.kinds import N_, register
from portal.notices.verbs import tell
from portal.transfers.case_queries import claims_of_case, desk, users_of_claim
from portal.transfers.case_states import Side

CONTESTED, WAITS, DECIDED, MOVED = "case.contested", "case.waits", "case.decided", "case.moved"
register(CONTESTED, N_("Case %(number)s: a claim of yours is contested. Show by %(day)s what you stand on."), "clients", label=N_("A claim of mine is contested"), tone="warn")
register(WAITS, N_("Case %(number)s: two claims on one person wait for a decision by %(day)s."), "clients", label=N_("Two claims wait for a decision"), tone="warn")
register(DECIDED, N_("Case %(number)s is decided; the letter is ready."), "clients", label=N_("A case of mine is decided"))
register(MOVED, N_("Case %(number)s was %(step)s."), "clients", label=N_("A case of mine goes a step on"), words=("step",))
STEPS = {
    "appeal": N_("appealed"),
    "withdraw": N_("withdrawn"),
    "close": N_("closed"),
    "take_back": N_("closed: the appeal was taken back"),
    "released": N_("settled: what was in suspense is released"),
}


def tell_of(case: ClaimCase, action: str, actor: Actor, moment: datetime) -> None:
    """Tell the parties and the desk of a step, each what concerns him; who took it is not told."""
    claims = claims_of_case(case)
    held, contesting = users_of_claim(claims[Side.HELD]), users_of_claim(claims[Side.CONTESTING])
    values = {"number": case.number, "day": str(case.due_on), "step": STEPS.get(action, action)}

    def send(users: list[int], kind: str) -> None:
        tell([user for user in users if user != actor.user_id], kind, f"/cases/{case.public_id}", values, actor=Actor(None, ""), moment=moment)

    if action == "opened":
        send(held, CONTESTED)
        send([user for user in desk() if user not in held], WAITS)
    elif action in ("decide", "judge"):
        send(held + contesting, DECIDED)
    elif action == "appeal":
        send(held + contesting, MOVED)
        send([user for user in desk() if user not in held + contesting], WAITS)
    elif action in STEPS:
        send(held + contesting, MOVED)
