"""The bank's statement handed in: looked at line by line before anything is recorded, then taken in as by hand."""

from __future__ import annotations

from typing import Any

import polars as pl
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models.jobs import Job
from portal import clock
from portal.club import bank_statement, bank_upload
from portal.club.bank_statement import Statement, columns_named
from portal.club.bank_upload import NEW, Judged, Verdict, digest_of
from portal.imports import parcels
from portal.local_day import today
from portal.pages.club_bank_words import FITS
from portal.pages.club_statement_words import COLUMNS as NAMED
from portal.pages.club_statement_words import FAULTS, VERDICTS
from portal.permissions import Can
from portal.refusals import NotFound, Refusal
from portal.transaction import transaction
from portal.web.exports import amount
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("club_statement", __name__, url_prefix="/club/money/statement")
FOR = {"for": "club.statement"}
"""What marks a parcel of this desk: the import desk has its own."""
LARGEST = 8 * 2**20
SCHEMA = {
    "row": pl.Int64,
    "received": pl.Date,
    "serial": pl.String,
    "payer": pl.String,
    "remark": pl.String,
    "amount": pl.Int64,
    "order": pl.String,
    "verdict": pl.String,
    "fit": pl.String,
}
COLUMNS = columns(
    Column("row", _l("Line"), number=True, sort=True),
    Column("received", _l("Received on"), sort=True),
    Column("serial", _l("Bank’s serial number"), sort=True),
    Column("payer", _l("Payer"), sort=True),
    Column("amount", _l("Amount"), number=True, sort=True, money=True),
    Column("order", _l("Reference of the order")),
    Column("verdict", _l("What becomes of it")),
)
LISTING = Listing(
    tiebreak="row",
    sorts={name: name for name in ("row", "received", "serial", "payer", "amount")},
    default="row",
    per_page=50,
    filters=(
        Filter("verdict", _l("What becomes of it"), lambda text: pl.col("verdict") == text, choices=tuple((name, said[0]) for name, said in VERDICTS.items())),
        Filter("payer", _l("Payer"), lambda text: pl.col("payer").str.contains(text, literal=True)),
    ),
)


def _kept(parcel_id: str) -> Job:
    found = parcels.named(parcel_id)
    if found is None or found.arguments != FOR:
        raise NotFound("this statement is no longer kept: hand it in again")
    return found


def _read(parcel_id: str) -> tuple[str, Statement]:
    """The statement's name, and what it holds. Raises Refusal."""
    file = next(iter(parcels.files_in(_kept(parcel_id))))
    return file.name, bank_statement.read(file.name, file.read(), today())


def _frame(judged: list[Judged]) -> pl.DataFrame:
    rows = [
        (
            one.line,
            one.came.received_on,
            one.came.serial,
            one.came.payer,
            one.came.remark,
            one.came.amount,
            one.order.reference if one.order else "",
            one.verdict.value,
            one.fit or "",
        )
        for one in judged
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _source(asked: Asked) -> pl.DataFrame:
    return _frame(bank_upload.judge(_read(str(asked.values["parcel_id"]))[1].lines, clock.now()))


LIST = declare(
    ListPage(
        "club_statement.show",
        _l("Bank statement"),
        LISTING,
        COLUMNS,
        source=_source,
        sums={"amount": pl.col("amount")},
        fields=(
            Field("row", _l("Line"), lambda row: row["row"]),
            Field("received", _l("Received on"), lambda row: row["received"]),
            Field("serial", _l("Bank’s serial number"), lambda row: row["serial"]),
            Field("payer", _l("Payer"), lambda row: row["payer"]),
            Field("remark", _l("Words on the transfer"), lambda row: row["remark"]),
            Field("amount", _l("Amount"), lambda row: amount(row["amount"])),
            Field("order", _l("Reference of the order"), lambda row: row["order"]),
            Field("verdict", _l("What becomes of it"), lambda row: str(VERDICTS[row["verdict"]][0])),
        ),
    )
)


@bp.get("")
@requires(Can.CLUB_MONEY)
def index() -> ResponseReturnValue:
    """The form, and what a statement may look like."""
    return _form()


def _form(fault: str = "", status: int = 200) -> ResponseReturnValue:
    known = columns_named(("serial", "received_on", "credit", "payer", "remark"))
    return render_template("club/statement_new.html", known=known, named=NAMED, limit=LARGEST // 2**20, most=bank_statement.MOST_LINES, fault=fault), status


@bp.post("")
@requires(Can.CLUB_MONEY)
def hand_in() -> ResponseReturnValue:
    """Keep the statement until somebody has seen what it would do; nothing is recorded yet."""
    file = request.files.get("file")
    try:
        if file is None or not file.filename:
            raise Refusal("no file was chosen: choose one")
        content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise Refusal("this file is larger than %(limit)s MB: split it", limit=LARGEST // 2**20)
        bank_statement.read(file.filename, content, today())
    except Refusal as refusal:
        return _form(_(refusal.message, **refusal.values), refusal.status)
    with transaction():
        parcel = parcels.begin(current_actor(), clock.now(), [file.filename])
        parcel.arguments = dict(FOR)
        parcels.add(parcel.id, file.filename, parcels.pack(content))
        public_id = parcel.public_id
    return redirect(url_for("club_statement.show", parcel_id=public_id), 303)


@bp.get("/<parcel_id>")
@requires(Can.CLUB_MONEY)
def show(parcel_id: str) -> ResponseReturnValue:
    """What the statement would do, line by line, and what is refused."""
    return _page(parcel_id)


def _page(parcel_id: str, fault: str = "") -> ResponseReturnValue:
    name, found = _read(parcel_id)
    judged = bank_upload.judge(found.lines, clock.now())
    counts = {verdict: sum(one.verdict is verdict for one in judged) for verdict in Verdict}
    shown = {"name": name, "parcel_id": parcel_id, "digest": digest_of(judged), "counts": counts, "new": sum(counts[one] for one in NEW)}
    words = {"verdicts": VERDICTS, "fits": FITS, "faults": FAULTS, "named": NAMED}
    return show_list(LIST, "club/statement.html", source=_frame(judged), found=found, fault=fault, **shown, **words)


@bp.post("/<parcel_id>")
@requires(Can.CLUB_MONEY)
def take_in(parcel_id: str) -> ResponseReturnValue:
    """Record what the preview showed, and put what fits before a second person; or throw the file away."""
    name, found = _read(parcel_id)
    made: Any = None
    try:
        with transaction():
            parcel = _kept(parcel_id)
            if request.form.get("wish") != "throw_away":
                made = bank_upload.take_in(found.lines, request.form.get("digest", ""), name, actor=current_actor(), moment=clock.now())
            parcels.throw_away(parcel, current_actor(), clock.now(), "brought_in" if made else "thrown_away")
    except NotFound:
        raise
    except Refusal as refusal:
        flash(_(refusal.message, **refusal.values), "error")
        return redirect(url_for("club_statement.show", parcel_id=parcel_id), 303)
    flash(_("Recorded: %(made)s. Of them wait for a second person: %(fits)s.", made=made[0], fits=made[1]) if made else _("Thrown away; nothing was recorded."), "success")
    return redirect(url_for("club_transfers.index"), 303)
