"""The firm overview: what stands, what was earned, under what, compared with before, and how concentrated; each number leads to its list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models.values.calendar import Month
from models.values.money import half_up
from portal.actors import Actor
from portal.commission import overview as sums
from portal.commission.overview import Cut
from portal.pages import overview_sums as work
from portal.pages import words
from portal.pages.departures_card import card_of
from portal.pages.overview_notes import broken_limits, note_href, note_text
from portal.pages.overview_sums import Days, Window
from portal.permissions import Can, Scope
from portal.web.formats import compact_yuan_text, language, number_text, yuan_text
from portal.web.guard import current_actor, requires
from portal.web.listing import read_day

bp = Blueprint("overview", __name__, url_prefix="/overview")

MEASURES = {"equity": _l("Client equity"), "retained_fee": _l("Retained fee"), "commission": _l("Commission earned"), "clients": _l("Clients with equity"), "lots": _l("Lots")}
COLUMN = {"equity": "equity", "retained_fee": "retained_fee", "clients": "funded", "lots": "lots"}
KEYS = {"branch": _l("Branch"), "broker": _l("First broker"), "channel": _l("Channel"), "product": _l("Product")}
BACK = timedelta(days=430)
SHOWN = 60
"""Settled days in the picture by day."""
MOST = 30
"""Rows of a breakdown; the rest is one row."""


@dataclass(frozen=True)
class View:
    """What the address asks: the day, the part of the firm, the measure, under what, by day or month."""

    day: date
    cut: Cut
    measure: str
    by: str
    grain: str
    known: int

    def address(self, **changes: Any) -> str:
        """The overview with some of it changed."""
        parts: dict[str, Any] = {"day": str(self.day) if "day" in request.args else None, "branch": request.args.get("branch"), "channel": self.cut.channel}
        parts |= {"measure": self.measure, "by": self.by, "grain": self.grain} | changes
        return url_for("overview.index", **dict(pair for pair in parts.items() if pair[1]))


def view_of(actor: Actor) -> View | None:
    """What the address asks, as far as it can be read; None where no day is added up yet. Raises NotFound for a foreign branch."""
    args = request.args
    try:
        found = sums.known(read_day(args.get("day", "")))
    except ValueError:
        found = sums.known()
    if found is None:
        return None
    day = found[0]
    channel = args.get("channel", "") if args.get("channel") in words.CHANNELS else ""
    cut = sums.cut_for(actor, args.get("branch", ""), channel)
    chosen = {name: args.get(name, "") if args.get(name) in known else first for name, known, first in (("measure", MEASURES, "equity"), ("by", KEYS, "branch"))}
    return View(day, cut, chosen["measure"], chosen["by"], "month" if args.get("grain") == "month" else "day", found[1])


@bp.get("")
@requires(Can.OVERVIEW_SEE)
def index() -> ResponseReturnValue:
    """The overview."""
    actor = current_actor()
    view = view_of(actor)
    if view is None:
        return render_template("overview/empty.html", may_import=actor.may(Can.IMPORT_FILES))
    return render_template("overview/index.html", **shown(actor, view), departing=card_of(actor))


def shown(actor: Actor, view: View) -> dict[str, Any]:
    """Everything that the overview says."""
    days = sums.series(view.cut, view.day - BACK, view.day)
    if not days:
        days = {view.day: dict.fromkeys(sums.FIRM, 0)}
    found = work.windows(list(days), view.day)
    last = max(days)
    branches = sums.branches()
    notes = sums.notes(list(days)[-SHOWN:][0], last)
    periods = [str(window.month) if window else "" for window in found]
    commission = sums.commission_by_month(actor, view.cut, list(dict.fromkeys(str(Month.of(day)) for day in days)))
    return {
        "view": view,
        "last": last,
        "tiles": _tiles(view, days, found, commission),
        "trend": _trend(view, days, commission, notes),
        "compare": _compare(view, days, found) if view.measure != "commission" else None,
        "notes": notes,
        "unsummed": sums.unsummed(),
        "table": _breakdown(actor, view, found, periods, branches),
        "branches": branches,
        "measures": MEASURES,
        "keys": KEYS,
        "channels": words.CHANNELS,
        "text": lambda value: amount_text(value, view.measure),
        "note_text": note_text,
        "note_href": note_href,
        "one_branch": actor.scope(Can.OVERVIEW_SEE) != Scope.ALL,
        "broken": broken_limits(actor, view.cut),
    }


def amount_text(value: int | None, measure: str, *, short: bool = False) -> str:
    """A value with its unit; unknown is a dash."""
    if value is None:
        return "–"
    if measure in {"clients", "lots"}:
        return number_text(value)
    return compact_yuan_text(value, language()) if short else yuan_text(value)


def _tiles(view: View, days: Days, found: Sequence[Window | None], commission: dict[str, int]) -> list[dict[str, Any]]:
    window = found[0]
    assert window is not None
    first, last = window.span
    cut: dict[str, Any] = {"branch": view.cut.branch_no or None, "channel": view.cut.channel}

    def clients(**more: Any) -> str:
        return url_for("clients.index", **{**cut, **more})

    month = {"from": first, "to": last, **cut}
    opened, closed = sums.opened_and_closed(view.cut, first.replace(day=1), last)
    opened_days = {"opened_from": first.replace(day=1), "opened_to": last}
    closed_days = {"closed_from": first.replace(day=1), "closed_to": last}
    period = str(window.month)
    return [
        _tile(view, _("Client equity"), "equity", days, found, clients(day=last)),
        _tile(view, _("Clients with equity"), "clients", days, found, clients(day=last, equity="some")),
        _tile(view, _("Retained fee this month"), "retained_fee", days, found, url_for("trades.index", **month)),
        _tile(view, _("Lots this month"), "lots", days, found, url_for("trades.index", **month)),
        _plain(
            _("Commission earned this month"), amount_text(commission.get(period), "commission", short=True), url_for("commission.statements", period=period, branch=cut["branch"])
        ),
        _plain(_("Active clients of the day"), number_text(days[last]["active"]), clients(day=last, traded="yes")),
        _plain(_("New accounts this month"), number_text(opened), clients(**opened_days)),
        _plain(_("Closed accounts this month"), number_text(closed), clients(**closed_days)),
    ]


def _plain(label: str, value: str, href: str) -> dict[str, Any]:
    return {"label": label, "value": value, "href": href, "trends": []}


def _tile(view: View, label: str, measure: str, days: Days, found: Sequence[Window | None], href: str) -> dict[str, Any]:
    now, month, year = (work.value_of(days, window, COLUMN[measure]) for window in found)
    trends = [_change(now, before, against) for before, against in ((month, _("to last month")), (year, _("to last year"))) if before is not None]
    return {"label": label, "value": amount_text(now, measure, short=True), "full": amount_text(now, measure), "href": href, "trends": trends}


def _change(now: int | None, before: int, against: str) -> dict[str, str]:
    """How a value moved: the arrow says which way, the colour whether that is good (more is good of everything here)."""
    moved = (now or 0) - before
    text = _("%(part)s %(against)s", part=share_text(half_up(abs(moved) * 10_000, abs(before))) if before else "–", against=against)
    way = "up" if moved > 0 else "down" if moved < 0 else "flat"
    return {"text": text, "direction": way, "tone": {"up": "good", "down": "bad", "flat": "neutral"}[way]}


def share_text(hundredths: int) -> str:
    """A share of hundredths of a per cent: 12.3 %."""
    return f"{hundredths // 100}.{hundredths % 100 // 10} %"


def _trend(view: View, days: Days, commission: dict[str, int], notes: Sequence[sums.Note]) -> dict[str, Any]:
    if view.measure == "commission":
        values: dict[str, int] = dict(sorted(commission.items()))
        marks: list[dict[str, str]] = []
    elif view.grain == "month":
        values, marks = work.by_month(days, COLUMN[view.measure]), []
    else:
        values = {str(day): days[day][COLUMN[view.measure]] for day in list(days)[-SHOWN:]}
        marks = [{"x": str(day), "name": str(place)} for place, day in enumerate(_marked(notes), start=1) if str(day) in values]
    name = str(MEASURES[view.measure])
    kind = "bar" if view.measure == "commission" or (view.grain == "month" and view.measure not in {"equity", "clients"}) else "line"
    data = {"unit": _unit(view.measure), "x": list(values), "series": [{"name": name, "values": list(values.values()), "area": kind == "line"}], "marks": marks}
    said = {str(note.day): [] for note in notes}  # type: dict[str, list[str]]
    for note in notes:
        said[str(note.day)].append(note_text(note))
    rows = [(when, amount_text(value, view.measure), "; ".join(said.get(when, []))) for when, value in reversed(values.items())]
    return {
        "kind": kind,
        "title": name,
        "data": data,
        "rows": rows,
        "sentence": _moved(values, view.measure),
        "marks": [(place, day) for place, day in enumerate(_marked(notes), start=1)] if marks else [],
    }


def _marked(notes: Sequence[sums.Note]) -> list[date]:
    return list(dict.fromkeys(note.day for note in notes))


def _unit(measure: str) -> str:
    return "count" if measure in {"clients", "lots"} else "fen"


def _moved(values: dict[str, int], measure: str) -> str:
    if not values:
        return str(_("Nothing is known yet."))
    first, last = next(iter(values)), list(values)[-1]
    return str(
        _("From %(first)s to %(last)s: from %(before)s to %(after)s.", first=first, last=last, before=amount_text(values[first], measure), after=amount_text(values[last], measure))
    )


def _compare(view: View, days: Days, found: Sequence[Window | None]) -> dict[str, Any]:
    runs = [(window, work.run_of(days, window, COLUMN[view.measure])) for window in found]
    length = max(len(values) for _window, values in runs)
    series: list[dict[str, Any]] = [{"name": str(window.month), "values": [*values, *([None] * (length - len(values)))]} for window, values in runs if window]
    rows = [(place + 1, *(amount_text(one["values"][place], view.measure) for one in series)) for place in range(length)]
    ends = [(window, values[-1]) for window, values in runs if window and values]
    parts = [_("%(month)s: %(value)s", month=window.month, value=amount_text(value, view.measure)) for window, value in ends]
    return {
        "data": {"unit": _unit(view.measure), "x": [str(place + 1) for place in range(length)], "series": series},
        "rows": rows,
        "names": [one["name"] for one in series],
        "sentence": "; ".join(parts),
    }


def _breakdown(actor: Actor, view: View, found: Sequence[Window | None], periods: Sequence[str], branches: dict[int, tuple[str, str]]) -> dict[str, Any]:
    """The measure by branch, broker, channel or product: this window, and the two before it."""
    columns = [_values(actor, view, window, period) for window, period in zip(found, periods, strict=True)]
    now = columns[0]
    if now is None:
        return {"rows": [], "total": None, "rest": None, "share": []}
    total = sum(now.values())
    ordered = sorted(now, key=lambda key: (-now[key], str(key)))
    names = _names(view, ordered[:MOST], branches)
    rows = [
        {
            "name": names[key][1],
            "number": names[key][0],
            "value": now[key],
            "share": share_text(now[key] * 10_000 // total) if total > 0 else "–",
            "before": [None if column is None else column.get(key, 0) for column in columns[1:]],
            "href": _behind(view, found[0], key, names[key][0]),
        }
        for key in ordered[:MOST]
    ]
    rest = {"count": len(ordered) - MOST, "value": sum(now[key] for key in ordered[MOST:])} if len(ordered) > MOST else None
    return {"rows": rows, "total": total, "rest": rest}


def _values(actor: Actor, view: View, window: Window | None, period: str) -> dict[Any, int] | None:
    """The measure by the key over a window; None where it is not known by that key."""
    if window is None:
        return None
    if view.measure == "commission":
        key = {"branch": "branch_id", "broker": "broker_id"}.get(view.by)
        return sums.commission_by(actor, view.cut, key, period) if key else None
    column = COLUMN[view.measure]
    if view.by == "product":
        return sums.by_product(view.cut, window.span, column) if view.measure in {"lots", "retained_fee"} else None
    if view.by == "broker":
        return sums.by_broker(view.cut, window.span, column) if view.cut.channel in {None, "broker"} else {}
    return sums.by_firm(view.cut, "branch_id" if view.by == "branch" else "channel", window.span, column)


def _names(view: View, keys: Sequence[Any], branches: dict[int, tuple[str, str]]) -> dict[Any, tuple[str, str]]:
    if view.by == "branch":
        return {key: branches[key] for key in keys}
    if view.by == "channel":
        return {key: (key, str(words.CHANNELS[key])) for key in keys}
    return {key: (key, key) for key in keys} if view.by == "product" else sums.broker_names(keys)


def _behind(view: View, window: Window | None, key: Any, number: str) -> str:
    """The list behind a row of the breakdown: its total is the row's value."""
    assert window is not None
    first, last = window.span
    narrowed: dict[str, Any] = {"branch": view.cut.branch_no or None, "channel": view.cut.channel}
    if view.measure == "commission":
        statements: dict[str, Any] = {"branch": view.cut.branch_no or None, "period": str(window.month)} | {view.by: number}
        return url_for("commission.statements", **statements)
    if view.by == "product":
        exchange, _dot, product = number.partition(".")
        return url_for("trades.index", **{**narrowed, "from": first, "to": last, "exchange": exchange, "product": product})
    narrowed[view.by] = number
    if view.measure in {"lots", "retained_fee"}:
        return url_for("trades.index", **{**narrowed, "from": first, "to": last})
    return url_for("clients.index", **narrowed, day=last, equity="some" if view.measure == "clients" else None)
