"""The firm on day D as known at recording K: totals, brokers, branches, and every account with its owners."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from models.values.money import half_up
from models.values.rates import SHARE_WHOLE, decimal_text
from portal.attribution.known import recordings
from portal.commission.holdings import STATES
from portal.local_day import zone
from portal.pages import words
from portal.pages.attribution import wording
from portal.pages.attribution.blueprint import bp, firm_at
from portal.pages.attribution.when import PinnedList, Stop, When, changes_around, read_when, settled, steps
from portal.pages.taken_out import taken_out
from portal.permissions import Can
from portal.refusals import NotFound
from portal.web.downloads import wants_file
from portal.web.exports import amount
from portal.web.formats import moment_text
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns
from portal.web.templating import give

COLUMNS = columns(
    Column("account_no", _l("Account"), sort=True),
    Column("client", _l("Client"), sort=True),
    Column("branch", _l("Branch")),
    Column("equity", _l("Equity"), sort=True, number=True, money=True),
    Column("owners", _l("Owners")),
    Column("house", _l("The house's"), sort=True, number=True, money=True),
    Column("recording_id", _l("Last changed by"), sort=True),
)
CLASSES = {
    "confirmed": (_l("Confirmed"), (pl.col("owners") > 0) & ~pl.col("is_pending") & ~pl.col("is_suspended")),
    "pending": (_l("Pending"), pl.col("is_pending")),
    "suspended": (_l("Suspended"), pl.col("is_suspended")),
    "split": (_l("Split"), pl.col("owners") > 1),
    "partly": (_l("Partly the house's"), (pl.col("owners") > 0) & (pl.col("share") < SHARE_WHOLE)),
    "uncovered": (_l("Nobody's"), pl.col("owners") == 0),
}
LISTING = Listing(
    tiebreak="account_no",
    sorts={name: name for name in ("account_no", "client", "equity", "house", "recording_id")},
    default="-equity",
    filters=(
        Filter("q", _l("Name or account"), lambda text: pl.col("client").str.contains(text, literal=True) | pl.col("account_no").str.contains(text, literal=True), personal=True),
        Filter("broker", _l("Broker"), lambda text: pl.col("broker_nos").list.contains(text).fill_null(value=False)),
        Filter("branch", _l("Branch"), lambda text: (pl.col("branch_no") == text) | (pl.col("branch") == text)),
        Filter("state", _l("State"), lambda name: CLASSES[name][1], choices=tuple((name, label) for name, (label, _) in CLASSES.items())),
    ),
)
TILES = (
    ("confirmed", _l("Confirmed"), "confirmed"),
    ("pending", _l("Pending"), "pending"),
    ("suspended", _l("Suspended"), "suspended"),
    ("house", _l("The house's part of shared accounts"), "partly"),
    ("uncovered", _l("Nobody's"), "uncovered"),
    ("split", _l("Of which in split accounts"), "split"),
)
TOP = 8


def _accounts(asked: Asked) -> pl.DataFrame:
    """Every account that the reader may see, with its owners on the day as known at the recording."""
    held = firm_at(asked.actor, read_when(asked.args))
    if held is None:
        raise NotFound("no day is settled yet")
    return held.accounts


LIST = declare(
    PinnedList(
        "attribution.index",
        _l("Attribution audit"),
        LISTING,
        COLUMNS,
        source=_accounts,
        fields=(
            Field("account_no", _l("Account"), lambda row: row["account_no"]),
            Field("client", _l("Client"), lambda row: row["client"]),
            Field("branch", _l("Branch"), lambda row: row["branch"]),
            Field("equity", _l("Equity"), lambda row: amount(row["equity"])),
            Field("owners", _l("Owners"), lambda row: owners_text(row["broker_nos"], row["shares"])),
            Field("house", _l("The house's"), lambda row: amount(row["house"])),
            Field("recording_id", _l("Last changed by"), lambda row: row["recording_id"]),
        ),
        keep=("on", "known"),
        sums={"equity": pl.col("equity"), "house": pl.col("house")},
        file_name="attribution",
    )
)


@bp.get("")
@requires(Can.ATTRIBUTION_AUDIT)
def index() -> ResponseReturnValue:
    """The firm at two times. The address holds both, so it can be sent to somebody else."""
    when = read_when(request.args)
    held = firm_at(current_actor(), when)
    if held is None:
        return render_template("attribution/empty.html", title=_l("Attribution audit"))
    stops = steps(when.newest)
    before, after = changes_around(when.known, stops)
    brokers = held.by_broker()
    return show_list(
        LIST,
        "attribution/index.html",
        source=held.accounts,
        when=when,
        held=held,
        totals=held.totals(),
        tiles=TILES,
        sources_of=lambda rows: recordings(sorted({row["recording_id"] for row in rows if row["recording_id"]})),
        brokers=brokers.head(TOP).rows(named=True),
        broker_count=brokers.height,
        branches=held.by_branch().rows(named=True),
        before=before,
        after=after,
        states=words.STATES,
        tones=words.STATE_TONES,
        recorded=wording.RECORDED,
        travel=_travel(when, stops),
        states_of=STATES,
    )


@bp.get("/brokers")
@requires(Can.ATTRIBUTION_AUDIT)
def brokers() -> ResponseReturnValue:
    """Every broker's equity on the day, as a file."""
    when = read_when(request.args)
    held = firm_at(current_actor(), when)
    rows = held.by_broker().iter_rows() if held else iter(())
    headers = [str(label) for label in (_l("Broker"), _l("Name"), _l("Accounts"), *(words.STATES[state] for state in STATES), _l("Equity"))]
    return taken_out(wants_file() or "csv", f"attribution-brokers-{when.day}-as-known-at-{when.known}", headers, ((*row[:3], *map(amount, row[3:])) for row in rows))


def owners_text(broker_nos: list[str] | None, shares: list[int] | None) -> str:
    """Owners in one line: `B011 60 % · B023 40 %`; empty for none."""
    return " · ".join(f"{number} {decimal_text(share, 4)} %" for number, share in zip(broker_nos or [], shares or [], strict=True))


def _travel(when: When, stops: Sequence[Stop]) -> dict[str, Any]:
    """What the sliders step through."""
    days = settled()
    known = [[stop.number, moment_text(stop.moment, zone()), str(wording.RECORDED.get(stop.kind, stop.kind))] for stop in stops]
    return {"days": [str(day) for day in days], "steps": [[0, "", ""], *known], "on": str(when.day), "known": when.known}


def percent_of(part: int, whole: int) -> str:
    """A part of a whole above 0, to a tenth of a per cent: `60.2 %`."""
    tenths = half_up(part * 1_000, whole)
    return f"{tenths // 10}.{tenths % 10} %"


give(bp, owners_text=owners_text, percent_of=percent_of)
