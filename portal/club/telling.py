"""What people are told about their seats and their money, each once."""

from __future__ import annotations

from portal.notices.kinds import N_, Group, register

_GRANTED = N_("Your seat at %(title)s is confirmed.")
_NO_SEAT = N_("Your payment for %(title)s came when no seat was left for it: %(amount_fen)s goes back to you.")
_REFUNDED = N_("%(amount_fen)s for %(title)s went back to you.")
_REFUND_FAILED = N_("The refund of %(amount_fen)s for %(title)s did not go through; we are looking at it.")
_MOVED = N_("%(title)s has another time or place now. Whoever cannot come gets the whole price back.")
_GIVEN_BACK = N_("The seat at %(title)s was given back.")
_TOMORROW = N_("%(title)s is near: we look forward to seeing you.")
_HOW_WAS_IT = N_("How was %(title)s? Two questions, half a minute.")
register("club.seat_granted", _GRANTED, Group.CLUB, label=N_("A seat is confirmed"), tone="good", mail=_GRANTED)
register("club.given_back", _GIVEN_BACK, Group.CLUB, label=N_("A seat is given back"), mail=_GIVEN_BACK)
register("club.reminder", _TOMORROW, Group.CLUB, label=N_("An event is near"), mail=_TOMORROW)
register("club.how_was_it", _HOW_WAS_IT, Group.CLUB, label=N_("I am asked how an event was"), mail=_HOW_WAS_IT)
register(
    "club.no_seat",
    _NO_SEAT,
    Group.CLUB,
    label=N_("A payment came too late and goes back"),
    tone="warn",
    mail=_NO_SEAT,
    urgent=True,
)
register("club.refunded", _REFUNDED, Group.CLUB, label=N_("A refund was paid"), tone="good", mail=_REFUNDED)
register(
    "club.refund_failed",
    _REFUND_FAILED,
    Group.CLUB,
    label=N_("A refund did not go through"),
    tone="bad",
    mail=_REFUND_FAILED,
)
register(
    "club.event_cancelled",
    N_("%(title)s does not take place. What you paid goes back to you."),
    Group.CLUB,
    label=N_("An event is called off"),
    tone="bad",
    mail=N_("%(title)s does not take place. What was paid goes back to who paid it."),
    urgent=True,
)
register(
    "club.event_moved",
    _MOVED,
    Group.CLUB,
    label=N_("An event has another time or place"),
    tone="warn",
    mail=_MOVED,
    urgent=True,
)
_OFFERED = N_("A seat at %(title)s is kept for you: take it before the offer ends.")
register("club.seat_offered", _OFFERED, Group.CLUB, label=N_("A seat is offered to me from the waitlist"), tone="good", mail=_OFFERED, urgent=True)
register(
    "club.offer_over", N_("Your offer of a seat at %(title)s has run out; the next person is asked."), Group.CLUB, label=N_("An offered seat was not taken in time"), tone="warn"
)
register("club.wait_closed", N_("The waitlist of %(title)s is closed: no seat came free for you."), Group.CLUB, label=N_("A waitlist is closed"))
register("club.wait_revoked", N_("The firm took your place off the waitlist of %(title)s: %(why)s"), Group.CLUB, label=N_("My place on a waitlist was taken away"), tone="warn")
_MATERIALS = N_("Handouts of %(title)s are ready: they stand beside your ticket.")
register("club.materials", _MATERIALS, Group.CLUB, label=N_("Handouts of an event are ready"), mail=_MATERIALS)
register("club.duty_given", N_("You have a duty at %(title)s."), Group.CLUB, label=N_("I am given a duty at an event"))
register("club.duty_moved", N_("%(title)s has another time or place, and your duty moves with it."), Group.CLUB, label=N_("My duty at an event moves"), tone="warn")
register("club.duty_ended", N_("You have no duty at %(title)s any more."), Group.CLUB, label=N_("A duty at an event is taken from me"))
_MISSED = N_("You had a seat at %(title)s and we did not see you. Were you there, or did something come in between? Say so here.")
register("club.missed", _MISSED, Group.CLUB, label=N_("I had a seat and was not seen"), tone="warn", mail=_MISSED)
register("club.no_show_appealed", N_("Somebody who was not seen at %(title)s has said why: decide it."), Group.CLUB, label=N_("Somebody says why he did not come"))
_EXCUSED = N_("Your absence from %(title)s does not count: your place on waitlists is as before.")
register("club.no_show_excused", _EXCUSED, Group.CLUB, label=N_("An absence does not count"), tone="good", mail=_EXCUSED)
register("club.no_show_upheld", N_("That you were not seen at %(title)s stays as it is: %(why)s"), Group.CLUB, label=N_("An absence counts after all"), tone="warn")
_INVITED = N_("You are invited: %(title)s. Look at it and take a seat.")
register("club.invited", _INVITED, Group.CLUB, label=N_("I am invited to an event"), mail=_INVITED)
INCIDENTS = {
    "mismatch": N_("A payment does not match what was asked"),
    "unknown": N_("Money came for a payment that we do not know"),
    "at_stripe": N_("A refund was made at Stripe, not here"),
    "refund_failed": N_("A refund did not go through"),
    "refund_refused": N_("Stripe refused a refund again and again"),
    "disputed": N_("A payment is disputed by its payer"),
    "status": N_("A subscription has a status that we do not know"),
    "transfers_differ": N_("Transfers, payments and what goes back do not add up"),
    "not_in_books": N_("Stripe has a payment that is not in our books"),
}
"""The kinds of incidents in words."""
register(
    "club.incident",
    N_("The club’s money needs a look: %(what)s."),
    Group.CLUB,
    label=N_("Something about the club’s money does not fit"),
    words=("what",),
    tone="bad",
    mail=N_("The club’s money needs a look."),
)
