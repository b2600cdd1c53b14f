"""How an evening is read, in words: which comparison and why, and what pairs of clients who were alike tell: balance, differences, what could still mislead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.risk.comparing import FEWEST
from portal.risk.methods import Counts, Method
from portal.web.exports import Cell
from portal.web.formats import yuan_text

METHODS = {
    Method.LOT.value: (_l("A part held out by lot"), "good"),
    Method.WAVES.value: (_l("Invited in waves, in an order drawn by lot"), "good"),
    Method.PAIRS.value: (_l("Pairs who were alike before"), "warn"),
    Method.NONE.value: (_l("No comparison"), "neutral"),
}
MEASURES = {"active": _l("Still active"), "trading": _l("Settled days with trades"), "net": _l("Paid in less taken out, a settled day")}
FACTS = {"size": _l("Average equity"), "trading": _l("Settled days with trades"), "age": _l("Age of the account"), "chance": _l("Chance of leaving, as scored then")}


def why(counts: Counts) -> str:
    """Why this comparison and no surer one."""
    method = counts.method
    if method is Method.LOT:
        return str(_("%(held)s clients were held out by lot: nothing but chance tells the two sides apart, so this is the surest reading there is.", held=counts.held))
    if method is Method.WAVES:
        return str(_("Everybody is invited in the end, but the lot decided when: whose wave had not come yet is what the invited are compared with."))
    few = _few(counts)
    if method is Method.PAIRS:
        who = _("each invited client is compared with one who was not invited") if counts.by_list else _("each client who signed up is compared with one who did not")
        return str(_("%(few)s Therefore %(who)s and was like him in the 90 days before.", few=few, who=who))
    return str(_("%(few)s And fewer than %(fewest)s clients were invited or signed up, too few for pairs.", few=few, fewest=FEWEST))


def _few(counts: Counts) -> str:
    if counts.held:
        return str(_("By lot %(held)s clients were held out: with fewer than %(fewest)s on a side that tells nothing.", held=counts.held, fewest=FEWEST))
    return str(_("Nobody was held out by lot."))


def plan_href(counts: Counts) -> str:
    """Where a plan in waves is read; empty where there is none."""
    return url_for("club_waves.show", plan_id=counts.plan) if counts.plan else ""


def value_text(measure: str, value: int | None, *, sign: bool = False) -> str:
    """A change as it is kept, for people: points of a per cent, or yuan."""
    if value is None:
        return "–"
    mark = "+" if sign and value > 0 else ""
    return mark + (yuan_text(value) if measure == "net" else f"{value / 10_000:.1f}{_(' points')}")


def interval_text(measure: str, row: Mapping[str, Any]) -> str:
    """The 95 % interval of a difference; a dash where there is none worth reading."""
    if not row["enough"]:
        return "–"
    low, high = value_text(measure, row["low"], sign=True), value_text(measure, row["high"], sign=True)
    return str(_("%(low)s to %(high)s", low=low.removesuffix(str(_(" points"))), high=high))


def verdict(row: Mapping[str, Any]) -> tuple[str, str]:
    """What may be told of a difference, and its tone."""
    if row.get("why") == "unlike":
        return _("the sides are not alike enough"), "neutral"
    if row.get("why") == "apart":
        return _("they moved apart before already"), "neutral"
    if not row["tells"]:
        return _("too few to tell"), "neutral"
    return (_("more with an invitation"), "good") if row["low"] > 0 else (_("less with an invitation"), "bad")


def apart_text(value: int | None) -> str:
    """How far means are apart, in standard deviations."""
    return "–" if value is None else f"{value / 1000:+.2f}"


def balance_picture(found: Mapping[str, Any]) -> dict[str, Any]:
    """How far the sides are apart before and after matching: bars in hundredths of a per cent of a standard deviation."""
    rows = [row for row in found["balance"] if row[2] is not None]
    if not rows:
        return {}
    series = [{"name": str(label), "values": [abs(row[place]) * 10 for row in rows]} for place, label in ((1, _("before matching")), (2, _("after matching")))]
    return {"unit": "bp", "x": [str(FACTS[row[0]]) for row in rows], "series": series}


def series_picture(found: Mapping[str, Any]) -> dict[str, Any]:
    """Settled days with trades of both sides, by period: lines in hundredths of a per cent, with a mark where the time after begins."""
    rows = found["series"]
    if not rows:
        return {}
    series = [{"name": str(label), "values": [row[place] // 100 for row in rows]} for place, label in ((3, _("Invited")), (4, _("Their partners")))]
    after = next((row[0] for row in rows if not row[2]), "")
    marks = [{"x": after, "name": str(_("invited"))}] if after else []
    return {"unit": "bp", "max": 10_000, "from_zero": True, "x": [row[0] for row in rows], "series": series, "marks": marks}


def series_table(found: Mapping[str, Any]) -> list[list[str]]:
    """The same in numbers."""
    return [[f"{row[0]} – {row[1]}", _("before") if row[2] else _("after"), f"{row[3] / 10_000:.1f} %", f"{row[4] / 10_000:.1f} %"] for row in found["series"]]


def rows_of(found: Mapping[str, Any]) -> list[tuple[str, str, Mapping[str, Any]]]:
    """By measure and window what pairs tell: the window (days), the measure, its row."""
    windows = sorted(found["windows"].items(), key=lambda one: int(one[0]))
    return [(days, name, row[name]) for name in MEASURES for days, row in windows]


def file_rows(found: Mapping[str, Any]) -> list[list[Cell]]:
    """What pairs tell, as lines of the file: window, measure, pairs on either side, both changes, the difference, its interval, what it tells."""
    rows: list[list[Cell]] = []
    for days, name, row in rows_of(found):
        values = [
            value_text(name, row["of_invited"], sign=True),
            value_text(name, row["of_others"], sign=True),
            value_text(name, row["value"], sign=True) if row["enough"] else "–",
        ]
        rows.append([int(days), f"{MEASURES[name]} ({METHODS[Method.PAIRS.value][0]})", row["pairs"], row["pairs"], *values, interval_text(name, row), verdict(row)[0]])
    return rows


def short(found: Mapping[str, Any]) -> str:
    """What pairs tell of who is still active by the longest window, for a list of events."""
    rows = [(int(days), row["active"]) for days, row in found["windows"].items()]
    if not rows:
        return str(_("not read yet"))
    days, row = max(rows, key=lambda one: one[0])
    said = _("in pairs, after %(days)s days", days=days)
    if not row["tells"]:
        return f"{said}{_(': ')}{verdict(row)[0]}"
    return f"{said}{_(': ')}{value_text('active', row['value'], sign=True)} ({interval_text('active', row)})"
