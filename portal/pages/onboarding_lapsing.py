"""What of the brokers' lapses soon: licences and agreements with nothing after them."""

from __future__ import annotations

import polars as pl
from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from portal import clock
from portal.commission.overview import branches
from portal.local_day import day_of
from portal.onboarding.lapsing import AHEAD
from portal.onboarding.reminding import coming
from portal.permissions import Can, Scope
from portal.web.guard import requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("onboarding_lapsing", __name__, url_prefix="/onboarding")

WHAT = {"licence": _l("Licence"), "agreement": _l("Agreement")}
SCHEMA = {"place": pl.Int64, "broker_no": pl.String, "name": pl.String, "branch_no": pl.String, "what": pl.String, "on": pl.Date, "days": pl.Int64}
COLUMNS = columns(
    Column("broker_no", _l("Broker"), sort=True),
    Column("name", _l("Name")),
    Column("branch", _l("Branch")),
    Column("what", _l("What lapses")),
    Column("on", _l("First day without"), sort=True),
    Column("days", _l("In days"), number=True),
)
LISTING = Listing(
    tiebreak="place",
    sorts={"on": "on", "broker_no": "broker_no"},
    default="on",
    filters=(
        Filter("what", _l("What lapses"), lambda text: pl.col("what") == text, choices=tuple(WHAT.items())),
        Filter("branch", _l("Branch"), lambda text: pl.col("branch_no") == text),
        Filter("broker", _l("Broker"), lambda text: pl.col("broker_no") == text),
    ),
)


def _rows(asked: Asked) -> pl.DataFrame:
    """What lapses within 60 days, of the brokers whom the reader may see."""
    day, scope, known = day_of(clock.now()), asked.actor.need(Can.ONBOARD_SEE), branches()
    soon = [one for one in coming(day) if scope is Scope.ALL or known[one.branch_id][0] == asked.actor.branch_no]
    rows = [(place, one.broker_no, one.name, known[one.branch_id][0], one.what.value, one.on, (one.on - day).days) for place, one in enumerate(soon)]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


LIST = declare(
    ListPage(
        "onboarding_lapsing.index",
        _l("What lapses soon"),
        LISTING,
        COLUMNS,
        source=_rows,
        fields=(
            Field("broker_no", _l("Broker"), lambda row: row["broker_no"]),
            Field("name", _l("Name"), lambda row: row["name"]),
            Field("branch", _l("Branch"), lambda row: row["branch_no"]),
            Field("what", _l("What lapses"), lambda row: str(WHAT[row["what"]])),
            Field("on", _l("First day without"), lambda row: row["on"]),
            Field("days", _l("In days"), lambda row: row["days"]),
        ),
    )
)


@bp.get("/lapsing")
@requires(Can.ONBOARD_SEE)
def index() -> ResponseReturnValue:
    """What lapses within 60 days, the soonest first."""
    return show_list(LIST, "onboarding/lapsing.html", what_words=WHAT, ahead=max(AHEAD))
