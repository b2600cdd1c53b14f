"""Which kinds of notices there are: each with the English sentence that is filled when it is read, and the group it belongs to.

A room registers its own when it is imported:

    register("dispute.opened", N_("%(who)s disputes %(amount_fen)s of %(month)s."), "disputes")

A hole that ends in `_fen` is written as an amount; one named in `words` holds an English text that is translated too. A kind with
a sentence for `mail` also goes out to who wants that: it says no more than what may be read over somebody's shoulder.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


def N_(message: str) -> str:
    """Mark a text that is translated when it is shown."""
    return message


class Group(enum.StrEnum):
    """What a notice is about, as the inbox sorts it."""

    MONEY = "money"
    APPROVALS = "approvals"
    DISPUTES = "disputes"
    PLANS = "plans"
    IMPORTS = "imports"
    CLIENTS = "clients"
    BROKERS = "brokers"
    CLUB = "club"
    RESEARCH = "research"
    LISTS = "lists"
    SYSTEMS = "systems"
    DIGEST = "digest"
    ACCOUNT = "account"


@dataclass(frozen=True)
class Kind:
    """A kind of notice. `label` names it where one chooses how to be told; `mail` is the sentence that goes out (empty: it stays in
    the portal), and an `urgent` one does so in quiet hours too."""

    kind: str
    template: str
    group: Group
    label: str
    words: tuple[str, ...] = ()
    tone: str = "info"
    mail: str = ""
    urgent: bool = False
    listed: bool = True


KINDS: dict[str, Kind] = {}
"""Every kind that can be told."""


def register(
    kind: str, template: str, group: str, *, label: str = "", words: tuple[str, ...] = (), tone: str = "info", mail: str = "", urgent: bool = False, listed: bool = True
) -> Kind:
    """Declare a kind of notice. `tone` is good, bad, warn, info or neutral; one that is not `listed` is a mail alone. Raises
    ValueError for an unknown group or a kind that is taken by something else."""
    new = Kind(kind, template, Group(group), label or template, words, tone, mail, urgent, listed)
    if KINDS.setdefault(kind, new) != new:
        raise ValueError(f"the kind of notice {kind!r} is registered already")
    return new


register(
    "statement.published",
    N_("Your statement of %(month)s is ready: %(net_fen)s net."),
    Group.MONEY,
    label=N_("A statement is ready"),
    tone="good",
    mail=N_("Your statement of %(month)s is ready."),
)
register("close.waiting", N_("%(month)s is prepared for its close and waits for a second person."), Group.MONEY, label=N_("A month waits for its close"), tone="warn")
register("dispute.opened", N_("%(who)s asks about %(what)s."), Group.DISPUTES, label=N_("Somebody disputes a line"), tone="warn")
register("dispute.answered", N_("Your question about %(what)s is answered."), Group.DISPUTES, label=N_("A question is answered"), mail=N_("A question that you asked is answered."))
register("plan.activated", N_("The plan %(plan)s counts from %(day)s."), Group.PLANS, label=N_("A plan is activated"))
register("import.finished", N_("The import %(number)s is done: %(refusals)s refusals, %(warnings)s warnings."), Group.IMPORTS, label=N_("An import is done"))
register("import.failed", N_("The import %(number)s did not come to its end."), Group.IMPORTS, label=N_("An import did not come to its end"), tone="bad")
register(
    "approval.waiting",
    N_("%(what)s %(subject)s waits for your decision; %(who)s prepared it."),
    Group.APPROVALS,
    label=N_("Something waits for me as the second person"),
    words=("what",),
    tone="warn",
    mail=N_("Something waits for your decision as the second person."),
)
register(
    "approval.approved",
    N_("%(what)s %(subject)s is approved by %(who)s."),
    Group.APPROVALS,
    label=N_("What I prepared is approved"),
    words=("what",),
    tone="good",
    mail=N_("Something that you prepared is approved."),
)
register(
    "approval.refused",
    N_("%(what)s %(subject)s is refused by %(who)s: %(note)s"),
    Group.APPROVALS,
    label=N_("What I prepared is refused"),
    words=("what",),
    tone="bad",
    mail=N_("Something that you prepared is refused."),
)
INVITED, RESET = "account.invited", "account.reset"
register(
    INVITED, N_("You are invited to the portal: choose your password."), Group.ACCOUNT, mail=N_("You are invited to the portal: choose your password."), urgent=True, listed=False
)
register(RESET, N_("Choose a new password for the portal."), Group.ACCOUNT, mail=N_("Choose a new password for the portal."), urgent=True, listed=False)
