"""What members are told about their membership and their dues, each once."""

from __future__ import annotations

from portal.notices.kinds import N_, Group, register

PAGE = "/membership"
"""Where a member looks at his membership."""

_APPROVED = N_("Your application for %(tier)s is approved.")
_GRANTED = N_("You have %(tier)s until %(until)s.")
_PAID = N_("Your dues for %(tier)s are paid until %(until)s.")
_FAILED = N_("The dues for %(tier)s could not be collected: please look at your card.")
_CONFIRM = N_("Your bank wants you to confirm the dues for %(tier)s.")
_RENEW = N_("Your dues for %(tier)s are paid until %(until)s: please renew them.")
_LAPSED = N_("Your membership %(tier)s lapsed on %(day)s; you can revive it at any time.")
register("club.application_approved", _APPROVED, Group.CLUB, label=N_("An application is approved"), tone="good", mail=_APPROVED)
register("club.application_refused", N_("Your application for %(tier)s is refused: %(why)s"), Group.CLUB, label=N_("An application is refused"), tone="warn")
register("club.applied", N_("Somebody asks for %(tier)s: please decide."), Group.CLUB, label=N_("An application for the club waits"), tone="warn")
register("club.tier_granted", _GRANTED, Group.CLUB, label=N_("A tier is given"), tone="good", mail=_GRANTED)
register("club.tier_reached", N_("By your equity at the end of the month you have %(tier)s now."), Group.CLUB, label=N_("A tier is reached by equity"), tone="good")
register("club.tier_lost", N_("By your equity at the end of two months you no longer have %(tier)s."), Group.CLUB, label=N_("A tier is lost by equity"), tone="warn")
register("club.dues_paid", _PAID, Group.CLUB, label=N_("Dues are paid"), tone="good", mail=_PAID)
register("club.dues_back", N_("You paid dues twice: %(amount_fen)s goes back to you."), Group.CLUB, label=N_("Dues were paid twice and go back"), tone="warn")
register(
    "club.ended_at_desk",
    N_("Your membership %(tier)s ended on %(day)s, and %(amount_fen)s of its dues goes back to you."),
    Group.CLUB,
    label=N_("A membership ended, and its dues go back"),
    tone="warn",
)
register("club.dues_refunded", N_("%(amount_fen)s of your dues went back to you."), Group.CLUB, label=N_("A refund of dues was paid"), tone="good")
register(
    "club.dues_refund_failed",
    N_("The refund of %(amount_fen)s of your dues did not go through; we are looking at it."),
    Group.CLUB,
    label=N_("A refund of dues did not go through"),
    tone="bad",
)
register("club.dues_failed", _FAILED, Group.CLUB, label=N_("Dues could not be collected"), tone="bad", mail=_FAILED)
register("club.dues_action", _CONFIRM, Group.CLUB, label=N_("Dues want to be confirmed"), tone="warn", mail=_CONFIRM)
register("club.dues_end", _RENEW, Group.CLUB, label=N_("Dues want to be renewed"), tone="warn", mail=_RENEW)
_CARD = N_("The card or account from which your dues are paid was changed. Was it not you? Tell the firm at once.")
register("club.card_changed", _CARD, Group.CLUB, label=N_("The card for my dues was changed"), tone="info", mail=_CARD, urgent=True)
register("club.lapsed", _LAPSED, Group.CLUB, label=N_("A membership lapsed"), tone="warn", mail=_LAPSED)
