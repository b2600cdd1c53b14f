"""On how few of the staff the clients' equity stands, and how much of it a single one looks after."""

from __future__ import annotations

from typing import Any

import polars as pl
from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.audit.recordings import last_recording_id
from portal.care.cover import Cover, cover
from portal.commission import overview as sums
from portal.commission.overview import Cut
from portal.departures.spread import concentration
from portal.local_day import today
from portal.pages.overview import share_text
from portal.permissions import Can
from portal.refusals import NotFound
from portal.web.exports import amount
from portal.web.formats import yuan_text
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, asked_now, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns
from portal.web.remembered import remembered

bp = Blueprint("overview_people", __name__, url_prefix="/overview")
DRAWN = 12
"""So many of the staff are drawn; the others together."""
COLUMNS = columns(
    Column("staff_no", _l("Staff"), sort=True),
    Column("accounts", _l("Accounts"), sort=True, number=True),
    Column("equity", _l("Equity"), sort=True, number=True, money=True),
    Column("alone", _l("Alone"), sort=True, number=True),
    Column("alone_equity", _l("Equity looked after alone"), sort=True, number=True, money=True),
)
LISTING = Listing(
    tiebreak="row",
    sorts={name: name for name in ("staff_no", "accounts", "equity", "alone", "alone_equity")},
    default="-equity",
    filters=(Filter("q", _l("Name or number"), lambda text: pl.col("name").str.contains(text, literal=True) | pl.col("staff_no").str.contains(text, literal=True)),),
)


def covered(asked: Asked) -> tuple[Cut, Any, Cover]:
    """Within what, up to which settled day, and who looks after it. Raises NotFound before the first day and for a foreign branch."""
    found = sums.known()
    if found is None:
        raise NotFound("no day is settled yet")
    cut, day = sums.cut_for(asked.actor, asked.args.get("branch", ""), ""), today()
    return cut, found[0], remembered(("cover", cut.branch_id, day, found[0], last_recording_id()), lambda: cover(day, found[0], cut.branch_id))


LIST = declare(
    ListPage(
        "overview_people.index",
        _l("Who looks after the equity"),
        LISTING,
        COLUMNS,
        source=lambda asked: covered(asked)[2].rows,
        fields=(
            Field("staff_no", _l("Staff"), lambda row: row["staff_no"]),
            Field("name", _l("Name"), lambda row: row["name"]),
            Field("accounts", _l("Accounts"), lambda row: row["accounts"]),
            Field("equity", _l("Equity"), lambda row: amount(row["equity"])),
            Field("alone", _l("Alone"), lambda row: row["alone"]),
            Field("alone_equity", _l("Equity looked after alone"), lambda row: amount(row["alone_equity"])),
        ),
        sums={"alone": pl.col("alone").sum(), "alone_equity": pl.col("alone_equity").sum()},
        keep=("branch",),
        file_name="who-looks-after",
    )
)


@bp.get("/people")
@requires(Can.OVERVIEW_SEE)
def index() -> ResponseReturnValue:
    """The staff with what they look after, and the shares of the largest."""
    actor = current_actor()
    if sums.known() is None:
        return render_template("overview/empty.html", may_import=actor.may(Can.IMPORT_FILES))
    cut, day, found = covered(asked_now())
    spread = concentration(found.rows["equity"].to_list())
    return show_list(
        LIST, "overview/people.html", source=found.rows, found=found, spread=spread, cut=cut, day=day, share_text=share_text, may_ask=actor.may(Can.DEPARTURE_SEE), **_drawn(found)
    )


def _drawn(found: Cover) -> dict[str, Any]:
    """The pictures: how much hangs on one, several or nobody; and the largest of the staff."""
    words = {"several": _("two or more"), "one": _("a single person"), "nobody": _("nobody")}
    whole = found.equity["all"]
    rows = [(label, found.accounts[name], yuan_text(found.equity[name]), share_text(found.equity[name] * 10_000 // whole if whole else 0)) for name, label in words.items()]
    items = [{"name": row["name"] or row["staff_no"], "value": row["equity"]} for row in found.rows.head(DRAWN).to_dicts()]
    return {
        "shares": {"unit": "fen", "x": list(words.values()), "series": [{"name": _("Equity"), "values": [found.equity[name] for name in words]}]},
        "share_rows": rows,
        "items": {"unit": "fen", "items": items},
        "item_rows": [(one["name"], yuan_text(one["value"])) for one in items],
        "single": share_text(found.equity["one"] * 10_000 // whole) if whole else "–",
        "bare": share_text(found.equity["nobody"] * 10_000 // whole) if whole else "–",
    }
