"""Findings: what is wrong, or soon will be, with the attribution on a day as known at a recording."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from portal.commission.findings import KINDS, findings, summary
from portal.pages.attribution import wording
from portal.pages.attribution.blueprint import bp, firm_at
from portal.pages.attribution.when import read_when
from portal.permissions import Can
from portal.refusals import NotFound
from portal.web.exports import amount
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

COLUMNS = columns(
    Column("kind", _l("What")),
    Column("account_no", _l("Account"), sort=True),
    Column("broker_no", _l("Broker"), sort=True),
    Column("since", _l("Since"), sort=True),
    Column("until", _l("Ends"), sort=True),
    Column("days", _l("Number of days"), sort=True, number=True),
    Column("accounts", _l("Accounts"), number=True),
    Column("equity", _l("Equity"), sort=True, number=True),
    Column("remedy", _l("What to do")),
)
LISTING = Listing(
    tiebreak="row",
    sorts={name: name for name in ("row", "account_no", "broker_no", "since", "until", "days", "equity")},
    default="row",
    filters=(
        Filter("kind", _l("What"), lambda kind: pl.col("kind") == kind, choices=tuple(wording.KINDS.items())),
        Filter("broker", _l("Broker"), lambda text: pl.col("broker_no") == text),
        Filter("account", _l("Account"), lambda text: pl.col("account_no") == text),
    ),
)
WITHIN = (7, 30, 60, 90, 180, 365)


def _plain(name: str) -> Field:
    return Field(name, COLUMNS[name].label, lambda row: row[name])


def _within(args: Mapping[str, str]) -> int:
    """How many days ahead an end counts as soon; what cannot be read counts as none given."""
    text = args.get("within", "")
    return int(text) if text in {str(days) for days in WITHIN} else 30


def _findings(asked: Asked) -> pl.DataFrame:
    """Every finding on the day as known at the recording."""
    held = firm_at(asked.actor, read_when(asked.args))
    if held is None:
        raise NotFound("no day is settled yet")
    return findings(held, _within(asked.args)).with_row_index("row")


LIST = declare(
    ListPage(
        "attribution.all_findings",
        _l("Attribution findings"),
        LISTING,
        COLUMNS,
        source=_findings,
        fields=(
            Field("kind", _l("What"), lambda row: str(wording.KINDS[row["kind"]])),
            *(_plain(name) for name in ("account_no", "broker_no", "since", "until", "days", "accounts")),
            Field("equity", _l("Equity"), lambda row: amount(row["equity"])),
            Field("remedy", _l("What to do"), lambda row: str(wording.REMEDIES[row["kind"]])),
        ),
        keep=("on", "known", "within"),
        file_name="attribution-findings",
    )
)


@bp.get("/findings")
@requires(Can.ATTRIBUTION_AUDIT)
def all_findings() -> ResponseReturnValue:
    """Every finding with what it concerns and what to do."""
    when = read_when(request.args)
    soon = _within(request.args)
    held = firm_at(current_actor(), when)
    if held is None:
        return render_template("attribution/empty.html", title=_l("Attribution findings"))
    found = findings(held, soon)
    return show_list(
        LIST,
        "attribution/findings.html",
        source=found.with_row_index("row"),
        when=when,
        within=soon,
        choices=WITHIN,
        summary=summary(found),
        kinds=KINDS,
        names=wording.KINDS,
        tones=wording.TONES,
        remedies=wording.REMEDIES,
    )
