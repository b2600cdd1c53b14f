"""Invitation lists and what they came to, in words: criteria, sides, costs, and differences with their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import flash
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from models.club_invites import Arm, CostKind
from portal.clients.segments import Conditions
from portal.pages import segment_words
from portal.web.formats import yuan_text

ARMS = {Arm.INVITED.value: (_l("Invited"), "info"), Arm.HELD_OUT.value: (_l("Held out"), "neutral"), Arm.OWED.value: (_l("Invited by right"), "good")}
CLASSES = {"inevitable": _l("Inevitable loss"), "incidental": _l("Incidental loss"), "taken_along": _l("Taken along"), "": _l("Not scored")}
COSTS = {
    CostKind.VENUE.value: _l("Venue"),
    CostKind.CATERING.value: _l("Food and drink"),
    CostKind.SPEAKER.value: _l("Speakers"),
    CostKind.SUBSIDY.value: _l("Subsidy for guests"),
    CostKind.STAFF.value: _l("Hours of our own people"),
    CostKind.OTHER.value: _l("Other costs"),
}
LEFT_OUT = {
    "no_marketing": _l("want no invitations, or nothing of the club"),
    "no_profiling": _l("do not want to be chosen by scores"),
    "booked": _l("have seats already"),
    "listed": _l("stand in another list of this event"),
}
MEASURES = {"active": _l("Still active"), "net": _l("Paid in less taken out, a client"), "trading": _l("Days with trades, a client")}


def value_text(measure: str, value: int | None, *, sign: bool = False) -> str:
    """A value of a measure as it is kept, for people: a share in per cent (a difference in points), yuan, days."""
    if value is None:
        return "–"
    mark = "+" if sign and value > 0 else ""
    if measure == "active":
        return f"{mark}{value / 10_000:.1f}" + (str(_(" points")) if sign else " %")
    return f"{mark}{value / 1000:.1f}" if measure == "trading" else mark + yuan_text(value)


def difference_text(measure: str, row: Mapping[str, Any]) -> str:
    """Invited less held out; a dash where clients are too few for it to be worth reading."""
    return value_text(measure, row["value"], sign=True) if row["enough"] else "–"


def interval_text(measure: str, row: Mapping[str, Any]) -> str:
    """The 95 % interval of a difference; a dash where clients are too few for one to be worth reading."""
    if not row["enough"]:
        return "–"
    low, high = value_text(measure, row["low"], sign=True), value_text(measure, row["high"], sign=True)
    return str(_("%(low)s to %(high)s", low=low.removesuffix(str(_(" points"))), high=high))


def verdict(row: Mapping[str, Any], fewest: int, *, short: bool = False) -> tuple[str, str]:
    """What may be told of a difference, and its tone; `short`: without why nothing may be told."""
    if short and not row["tells"]:
        return _("too few to tell"), "neutral"
    if min(row["invited"], row["held"]) < fewest:
        return _("too few to tell (fewer than %(fewest)s on one side)", fewest=fewest), "neutral"
    if not row["tells"]:
        return _("too few to tell (chance alone may do as much)"), "neutral"
    return (_("more with an invitation"), "good") if row["low"] > 0 else (_("less with an invitation"), "bad")


def criteria_text(plain: Mapping[str, Any], tiers: Mapping[str, str], branches: Mapping[str, str]) -> list[str]:
    """What was asked of the clients of a list."""
    said = [_("tier %(tiers)s", tiers=" / ".join(tiers.get(key, key) for key in plain["tiers"]))] if plain.get("tiers") else []
    said += [_("branch %(branch)s", branch=branches.get(plain["branch"], plain["branch"]))] if plain.get("branch") else []
    said += [segment_words.said(Conditions.read(plain["segment"]))] if plain.get("segment") else []
    said += [_("equity of %(amount)s or more", amount=yuan_text(plain["equity_from"]))] if plain.get("equity_from") else []
    said += [_("key clients alone")] if plain.get("key") else []
    said += [_("not spoken with for %(days)s days", days=plain["silent_days"])] if plain.get("silent_days") else []
    said += [str(CLASSES[plain["risk_class"]])] if plain.get("risk_class") else []
    said += [_("%(chance)s %% or more likely to leave in 90 days", chance=plain["chance_from"])] if plain.get("chance_from") else []
    return said or [_("every client who may be seen")]


def picture(windows: Sequence[tuple[str, Mapping[str, Any]]]) -> dict[str, Any]:
    """Who is still active of the invited and of the held out, by window: bars in hundredths of a per cent."""
    series = [{"name": str(ARMS[arm.value][0]), "values": [(row["active"][name] or 0) // 100 for _window, row in windows]} for arm, name in _SIDES]
    return {"unit": "bp", "max": 10_000, "x": [_("after %(days)s days", days=window) for window, _row in windows], "series": series}


_SIDES = ((Arm.INVITED, "of_invited"), (Arm.HELD_OUT, "of_held"))


def say_sent(told: int, unreached: int) -> None:
    """Say how many invitations went out, and that some of the invited are to be called instead."""
    flash(ngettext("%(num)s invitation is on its way.", "%(num)s invitations are on their way.", told), "success")
    if unreached:
        flash(_("%(count)s of the invited have no sign-in: take the list out and let their advisers call them.", count=unreached), "warning")
