"""The pictures of concentration with their tables and files: branches and brokers in a tree, and the figures month by month."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import polars as pl
from flask_babel import gettext as _

from models.concentration import Holder, Measure
from models.values.calendar import Month
from portal.commission import overview as sums
from portal.departures import concentration as kept
from portal.departures.concentration import Standing
from portal.pages.overview import share_text
from portal.web.exports import Cell, amount
from portal.web.formats import yuan_text

BRANCHES, BROKERS = 12, 8
"""So many branches are drawn, and of each so many brokers; the others together."""
ABOUT_HALF, PERSONS = 5_000, 9_600
"""What was told of the trade in 2009: brokers held about half of the equity, and 96 % of them were natural persons."""


def _tree(day: date, branch_id: int | None, brokers: pl.DataFrame) -> list[tuple[int, dict[int, int]]]:
    """Every branch with its brokers' equity above 0, the largest branch first."""
    found = kept.by_branch_and_broker(day, brokers)
    held = {branch: {key: value for key, value in each.items() if value > 0} for branch, each in found.items() if branch_id in (None, branch)}
    return sorted(((branch, each) for branch, each in held.items() if each), key=lambda one: (-sum(one[1].values()), one[0]))


def nested(day: date, branch_id: int | None, brokers: pl.DataFrame) -> dict[str, Any] | None:
    """The treemap branch → broker by equity, with its table; None where nothing is held. `brokers`: as `kept.brokers` gives them."""
    tree = _tree(day, branch_id, brokers)
    if not tree:
        return None
    branches = sums.branches()
    largest = {branch: sorted((key for key in each if key), key=lambda key: (-each[key], key))[:BROKERS] for branch, each in tree[:BRANCHES]}
    names = sums.broker_names(sorted({key for keys in largest.values() for key in keys}))
    items, rows = [], []
    for branch, each in tree[:BRANCHES]:
        parts = [(names[key][1], each[key]) for key in largest[branch]]
        others = sum(value for key, value in each.items() if key) - sum(value for _name, value in parts)
        parts += [(name, value) for name, value in ((_("others"), others), (_("no broker"), each.get(0, 0))) if value > 0]
        title = branches[branch][1]
        items.append({"name": title, "value": sum(value for _name, value in parts), "children": [{"name": str(name), "value": value} for name, value in parts]})
        rows += [(title, str(name), yuan_text(value)) for name, value in parts]
    rest = sum(sum(each.values()) for _branch, each in tree[BRANCHES:])
    if rest:
        items.append({"name": str(_("other branches")), "value": rest})
        rows.append((str(_("other branches")), "", yuan_text(rest)))
    return {"data": {"unit": "fen", "items": items}, "rows": rows}


def tree_cells(day: date, branch_id: int | None, brokers: pl.DataFrame) -> tuple[list[str], list[list[Cell]]]:
    """Every branch and broker with its equity, whole, as a file."""
    tree, branches = _tree(day, branch_id, brokers), sums.branches()
    names = sums.broker_names(sorted({key for _branch, each in tree for key in each if key}))
    headers = [_("Branch"), _("Branch name"), _("Broker"), _("Name"), _("Client equity"), _("As of")]
    rows: list[list[Cell]] = []
    for branch, each in tree:
        for key in sorted(each, key=lambda key: (-each[key], key)):
            rows.append([*branches[branch], *(names[key] if key else ("", _("no broker"))), amount(each[key]), str(day)])
    return headers, rows


def _shares(found: Standing) -> list[int | None]:
    """The shares of a month's end that are drawn and listed, hundredths of a per cent."""
    tops = [(found.figures.get((Holder.BROKER, Measure.EQUITY)), count) for count in (1, 5, 10)]
    staff = found.figures.get((Holder.STAFF, Measure.EQUITY))
    brokers = [None if one is None else one.share(count) for one, count in tops]
    return [found.brokers_share, *brokers, None if staff is None else staff.share(1), found.contact("one"), found.contact("several"), found.persons_share]


def _names() -> list[str]:
    largest = [_("The largest broker"), _("The %(count)s largest brokers", count=5), _("The %(count)s largest brokers", count=10), _("The largest of the staff")]
    return [_("Brokers’ share of the equity"), *largest, _("A single contact"), _("A second contact"), _("Natural persons among brokers")]


def _indexes(found: Standing) -> list[int | None]:
    both = (found.figures.get((holder, Measure.EQUITY)) for holder in (Holder.BROKER, Holder.STAFF))
    return [None if one is None else one.hhi for one in both]


def trend(view: Any, ends: Sequence[Standing]) -> dict[str, Any]:
    """The lines month by month: the brokers' share with its line of 2009, the largest, the contacts; and the table of all of it."""
    months = [str(Month.of(one.day)) for one in ends]
    names, columns = _names(), list(zip(*(_shares(one) for one in ends), strict=True)) if ends else []
    if not ends:
        return {"trend": None}

    def lines(*places: int) -> list[dict[str, Any]]:
        return [{"name": names[place], "values": list(columns[place])} for place in places]

    level = {"name": str(_("2009: about half")), "values": [ABOUT_HALF] * len(months)}
    rows = [(str(Month.of(one.day)), str(one.day), *(_told(value) for value in _shares(one)), *(str(value or "–") for value in _indexes(one))) for one in reversed(ends)]
    data = {"unit": "bp", "x": months, "from_zero": True, "max": 10_000}
    return {
        "trend": {
            "share": data | {"series": [*lines(0), level]},
            "largest": data | {"series": lines(1, 2, 3, 4)},
            "contacts": data | {"series": lines(5, 6)},
            "headers": [_("Month"), _("As of"), *names, _("HHI of brokers"), _("HHI of staff")],
            "rows": rows,
            "pick": lambda *places: [(row[0], *(row[2 + place] for place in places)) for row in rows],
            "names": names,
            "half": share_text(ABOUT_HALF),
            "persons": share_text(PERSONS),
            "now": _shares(ends[-1]),
            "from": ends[0].day,
        }
    }


def _told(value: int | None) -> str:
    return "–" if value is None else share_text(value)


def trend_cells(ends: Sequence[Standing]) -> tuple[list[str], list[list[Cell]]]:
    """The figures of every month's end as a file: shares in per cent."""
    headers = [_("Month"), _("As of"), *(f"{name} (%)" for name in _names()), _("HHI of brokers"), _("HHI of staff"), _("Client equity")]
    return headers, [[str(Month.of(one.day)), str(one.day), *(amount(value) for value in _shares(one)), *_indexes(one), amount(one.all_equity)] for one in ends]


def figure_headers() -> list[str]:
    """The columns of the file of all figures."""
    return [_("Who holds it"), _("What"), _("Holders"), _("Total"), _("Largest (%)"), _("5 largest (%)"), _("10 largest (%)"), _("HHI"), _("As of")]


def holder_headers(measure: str) -> list[str]:
    """The columns of the file of who holds how much."""
    return [_("Number"), _("Name"), measure, _("Share (%)"), _("As of")]
