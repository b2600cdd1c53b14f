"""On how few brokers the firm's client equity stands."""

from __future__ import annotations

from typing import Any

from flask import render_template, url_for
from flask.typing import ResponseReturnValue

from portal.commission import overview as sums
from portal.commission.overview import Cut
from portal.pages import overview_sums as work
from portal.pages.overview import MOST, View, bp, share_text, view_of
from portal.permissions import Can
from portal.web.formats import yuan_text
from portal.web.guard import current_actor, requires


@bp.get("/concentration")
@requires(Can.OVERVIEW_SEE)
def concentration() -> ResponseReturnValue:
    """On how few brokers the firm's client equity stands."""
    actor = current_actor()
    view = view_of(actor)
    if view is None:
        return render_template("overview/empty.html", may_import=actor.may(Can.IMPORT_FILES))
    return render_template("overview/concentration.html", may_report=actor.may(Can.AUDIT_READ), **concentrated(view))


def concentrated(view: View) -> dict[str, Any]:
    """What the page of concentration says."""
    held = sums.by_broker(view.cut, (view.day, view.day), "equity")
    firm = sums.series(Cut(view.cut.branch_id, view.cut.branch_no), view.day, view.day)
    found = work.concentration(list(held.values()))
    top = sorted(held, key=lambda key: (-held[key], key))[:MOST]
    names = sums.broker_names(top)
    cut: dict[str, Any] = {"branch": view.cut.branch_no or None, "day": view.day}
    rows: list[dict[str, Any]] = [
        {"number": names[key][0], "name": names[key][1], "value": held[key], "href": url_for("clients.index", broker=names[key][0], **cut)} for key in top if held[key] > 0
    ]
    rest = found.total - sum(row["value"] for row in rows) if found else 0
    steps = [f"{5 * step} %" for step in range(21)]
    return {
        "view": view,
        "found": found,
        "rows": rows,
        "rest": rest,
        "firm": sum(row["equity"] for row in firm.values()),
        "table_rows": [(row["name"], yuan_text(row["value"])) for row in rows],
        "curve_x": steps,
        "even": [500 * step for step in range(21)],
        "curve_rows": list(zip(steps, (share_text(share) for share in found.curve), strict=True)) if found else [],
        "share_text": share_text,
        "yuan": yuan_text,
    }
