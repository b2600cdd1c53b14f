"""On how few the firm's client equity stands: by broker, staff, branch and channel, on a settled day and month by month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl
from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from models.concentration import Holder, Measure
from portal.actors import Actor
from portal.commission import overview as sums
from portal.commission.overview import Cut
from portal.departures import concentration as kept
from portal.departures import limits
from portal.departures.concentration import Standing
from portal.departures.holders import CHANNELS
from portal.departures.spread import concentration as spread_of
from portal.local_day import today
from portal.pages import concentration_pictures as pictures
from portal.pages import words
from portal.pages.overview import MOST, bp, share_text
from portal.pages.taken_out import taken_out
from portal.permissions import Can, Scope
from portal.web.downloads import wants_file
from portal.web.exports import amount
from portal.web.formats import yuan_text
from portal.web.guard import current_actor, requires
from portal.web.listing import read_day
from portal.web.remembered import remembered_frame

HOLDERS = {Holder.BROKER: _l("Broker"), Holder.STAFF: _l("Staff"), Holder.BRANCH: _l("Branch"), Holder.CHANNEL: _l("Channel")}
MEASURES = {Measure.EQUITY: _l("Client equity"), Measure.RETAINED_FEE: _l("Retained fee of the month")}


@dataclass(frozen=True)
class View:
    """What the address asks: the settled day, the part of the firm, who holds, and what. `known`: the step of knowledge of the day's sums."""

    day: date
    known: int
    cut: Cut
    holder: Holder
    measure: Measure

    @property
    def parts(self) -> dict[str, Any]:
        """The same as parts of an address."""
        found = {"day": request.args.get("day") and str(self.day), "branch": request.args.get("branch"), "of": self.holder.value, "measure": self.measure.value}
        return dict(pair for pair in found.items() if pair[1])

    def address(self, **changes: Any) -> str:
        """The page with some of it changed."""
        return url_for("overview.concentration", **(self.parts | changes))


def view_of(actor: Actor) -> View | None:
    """What the address asks, as far as it can be read; None where no day is added up yet. Raises NotFound for a foreign branch."""
    args = request.args
    try:
        found = sums.known(read_day(args.get("day", "")))
    except ValueError:
        found = sums.known()
    if found is None:
        return None
    holder = Holder(args["of"]) if args.get("of") in set(Holder) else Holder.BROKER
    measure = Measure(args["measure"]) if args.get("measure") in set(Measure) else Measure.EQUITY
    return View(found[0], found[1], sums.cut_for(actor, args.get("branch", "")), holder, measure)


@bp.get("/concentration")
@requires(Can.OVERVIEW_SEE)
def concentration() -> ResponseReturnValue:
    """On how few the firm's client equity stands; one of its tables as a file where the address asks for it."""
    actor = current_actor()
    view = view_of(actor)
    if view is None:
        return render_template("overview/empty.html", may_import=actor.may(Can.IMPORT_FILES))
    ends = kept.standings(list({*kept.month_ends(view.day), view.day}), view.cut.branch_id)
    if wants_file():
        return _file(view, ends)
    return render_template(
        "overview/concentration.html", view=view, holders=HOLDERS, measures=MEASURES, today_of=ends.get(view.day), one_branch=actor.scope(Can.OVERVIEW_SEE) != Scope.ALL,
        may_report=actor.may(Can.AUDIT_READ), may_limits=actor.may(Can.AUDIT_READ), may_channels=actor.may(Can.CHANNEL_SEE), share_text=share_text, yuan=yuan_text,
        branches=sums.branches(), **concentrated(view), **_figures(view, ends), **pictures.trend(view, list(ends.values())), **_limits(actor, view, ends.get(view.day)),
    )  # fmt: skip


def _brokers(view: View) -> pl.DataFrame:
    """The brokers' equity on the day as known: two pictures and two files are made of it, and the next reader's."""
    return remembered_frame(("brokers", view.day, view.known), lambda: kept.brokers(view.day))


def _held(view: View) -> dict[int, int]:
    """What each of the chosen holders has (fen) of the chosen measure."""
    if view.holder is Holder.BROKER and view.measure is Measure.EQUITY:
        return kept.added(_brokers(view), view.cut.branch_id)
    return kept.holders(view.day, view.cut.branch_id, view.holder, view.measure)


def concentrated(view: View) -> dict[str, Any]:
    """What the page says of the chosen holders and measure."""
    held = _held(view)
    found = spread_of(list(held.values()))
    top = [key for key in sorted(held, key=lambda key: (-held[key], key))[:MOST] if held[key] > 0]
    names = names_of(view.holder, top)
    rows: list[dict[str, Any]] = [{"number": names[key][0], "name": names[key][1], "value": held[key], "href": _behind(view, names[key][0])} for key in top]
    rest = found.total - sum(row["value"] for row in rows) if found else 0
    steps = [f"{5 * step} %" for step in range(21)]
    nested = pictures.nested(view.day, view.cut.branch_id, _brokers(view)) if view.holder is Holder.BROKER and view.measure is Measure.EQUITY else None
    return {
        "found": found,
        "rows": rows,
        "rest": rest,
        "nested": nested,
        "table_rows": [(row["name"], yuan_text(row["value"])) for row in rows],
        "curve_x": steps,
        "even": [500 * step for step in range(21)],
        "curve_rows": list(zip(steps, (share_text(share) for share in found.curve), strict=True)) if found else [],
    }


def names_of(holder: Holder, keys: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Number and name of some holders."""
    if holder is Holder.BROKER:
        return sums.broker_names(keys)
    if holder is Holder.STAFF:
        return kept.staff_names(list(keys))
    if holder is Holder.BRANCH:
        return sums.branches()
    return {key: (CHANNELS[key].value, str(words.CHANNELS[CHANNELS[key].value])) for key in keys}


def _behind(view: View, number: str) -> str | None:
    """The list behind a holder: its sum is the value where the list has that filter; what one of the staff looks after is asked of departures."""
    first, cut = view.day.replace(day=1), {"branch": view.cut.branch_no or None}
    if view.holder is Holder.STAFF:
        return url_for("exposure.show", person=f"staff-{number}", on=view.day) if current_actor().may(Can.DEPARTURE_SEE) else None
    narrowed: dict[str, Any] = cut | {view.holder.value: number}
    if view.measure is Measure.EQUITY:
        return url_for("clients.index", day=view.day, **narrowed)
    return url_for("trades.index", **(narrowed | {"from": first, "to": view.day}))


def figure_rows(view: View, found: Standing | None) -> list[list[Any]]:
    """Every holder and measure with its figures: names, holders, total, the shares of the 1, 5 and 10 largest (hundredths of a per cent), the index."""
    rows: list[list[Any]] = []
    for measure, what in MEASURES.items():
        for holder, name in HOLDERS.items():
            one = found.figures.get((holder, measure)) if found else None
            if one is not None:
                rows.append([str(name), str(what), one.holders, one.total, *(one.share(count) for count in (1, 5, 10)), one.hhi])
    return rows


def _figures(view: View, ends: dict[date, Standing]) -> dict[str, Any]:
    found = ends.get(view.day)
    return {"figure_rows": figure_rows(view, found), "contacts": {name: found.contact(name) if found else None for name in ("one", "several", "nobody")}}


def _limits(actor: Actor, view: View, found: Standing | None) -> dict[str, Any]:
    """The limits held against the day, where the whole firm is looked at: they are limits of the firm."""
    if view.cut.branch_id is not None or actor.scope(Can.OVERVIEW_SEE) is not Scope.ALL:
        return {"held": None}
    allowed = limits.limits_on(today())
    held = [limits.held_against(name, found, value) for name, value in allowed.items() if value is not None]
    since = {row.name: row.trade_date for row in limits.broken_now()}
    return {"held": sorted(held, key=lambda one: (not one.over, one.name)), "since": since, "limit_names": limits.NAMES, "said": limits.said}


def _file(view: View, ends: dict[date, Standing]) -> ResponseReturnValue:
    """The trend, the figures, or who holds how much (all of them) as a file."""
    part = request.args.get("part", "holders")
    if part == "trend":
        return taken_out(wants_file(), "concentration-by-month", *pictures.trend_cells(list(ends.values())))
    if part == "figures":
        rows = [[*row[:3], amount(row[3]), *(amount(share) for share in row[4:7]), row[7], str(view.day)] for row in figure_rows(view, ends.get(view.day))]
        return taken_out(wants_file(), f"concentration-{view.day}", pictures.figure_headers(), rows)
    if part == "tree":
        return taken_out(wants_file(), f"equity-by-branch-and-broker-{view.day}", *pictures.tree_cells(view.day, view.cut.branch_id, _brokers(view)))
    held = _held(view)
    whole, names = sum(value for value in held.values() if value > 0), names_of(view.holder, list(held))
    order = sorted(held, key=lambda key: (-held[key], key))
    cells = [[*names.get(key, (str(key), "")), amount(held[key]), amount(max(held[key], 0) * 10_000 // whole) if whole else None, str(view.day)] for key in order]
    return taken_out(wants_file(), f"concentration-{view.holder.value}-{view.day}", pictures.holder_headers(str(MEASURES[view.measure])), cells)
