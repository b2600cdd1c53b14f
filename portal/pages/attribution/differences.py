"""What the firm pays differently by two states of its knowledge: who gained, who lost, by which accounts and days, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from models import db
from models.audit import Recording
from models.clients import Account
from models.jobs import Job, JobState
from models.values.calendar import Month, NotADate
from portal import clock
from portal.actors import Actor
from portal.attribution.known import asserted_between, ranks
from portal.bulk import read_frame
from portal.commission.moved import Moved
from portal.commission.reports import Asked, kept, read_report
from portal.jobs import queries as jobs
from portal.jobs.verbs import enqueue
from portal.pages.attribution import wording
from portal.pages.attribution.blueprint import bp, visible_ids
from portal.pages.attribution.state import owners_text
from portal.pages.attribution.when import read_known, read_when
from portal.pages.attribution.work import COMPARE, asked_by
from portal.permissions import Can
from portal.refusals import NotFound, Refusal
from portal.transaction import transaction
from portal.web import list_pages as lists
from portal.web.exports import amount
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Field, show_list
from portal.web.paging import Column, Filter, Listing, columns

KEEP = ("from", "to", "first", "last")
COLUMNS = columns(
    Column("account_no", _l("Account"), sort=True),
    Column("first_day", _l("Days"), sort=True),
    Column("cause", _l("Why")),
    Column("before", _l("Before")),
    Column("after", _l("After")),
    Column("broker_no", _l("Broker"), sort=True),
    Column("amount", _l("Moved"), sort=True, number=True, money=True),
)
LISTING = Listing(
    tiebreak="row",
    sorts={"account_no": "account_no", "first_day": "first_day", "broker_no": "broker_no", "amount": "amount"},
    default="account_no",
    filters=(
        Filter("account", _l("Account"), lambda text: pl.col("account_no") == text),
        Filter("broker", _l("Broker"), lambda text: pl.col("broker_no") == text),
        Filter("cause", _l("Why"), lambda cause: pl.col("cause") == cause, choices=tuple(wording.CAUSES.items())),
    ),
)


def _rows(asked: lists.Asked) -> pl.DataFrame:
    """The rows of a comparison that was computed. Raises NotFound where it was not."""
    report = kept(_read(asked.args)[0])
    if report is None:
        raise NotFound("these two states were not compared yet")
    return _named(read_report(report), asked.actor)


def _owners(row: Any, name: str) -> str:
    return "" if row["cause"] == "rounding" else owners_of(row[name])


LIST = lists.declare(
    lists.ListPage(
        "attribution.differences",
        _l("Differences of knowledge"),
        LISTING,
        COLUMNS,
        source=_rows,
        fields=(
            Field("account_no", _l("Account"), lambda row: row["account_no"]),
            Field("first_day", _l("First day"), lambda row: row["first_day"]),
            Field("last_day", _l("Last day"), lambda row: row["last_day"]),
            Field("days", _l("Settled days"), lambda row: row["days"]),
            Field("cause", _l("Why"), lambda row: str(wording.CAUSES[row["cause"]])),
            Field("before", _l("Before"), lambda row: _owners(row, "before")),
            Field("after", _l("After"), lambda row: _owners(row, "after")),
            Field("broker_no", _l("Broker"), lambda row: row["broker_no"]),
            Field("amount", _l("Moved"), lambda row: amount(row["amount"])),
        ),
        keep=KEEP,
        sums={"amount": pl.col("amount")},
        file_name="attribution-differences",
    )
)


@bp.get("/differences")
@requires(Can.ATTRIBUTION_AUDIT)
def differences() -> ResponseReturnValue:
    """The question, and its answer where it was computed."""
    asked, notices = _read(request.args)
    report = kept(asked)
    shared: dict[str, Any] = {"asked": asked, "notices_of": notices, "steps": _steps(asked), "causes": wording.CAUSES, "recorded": wording.RECORDED}
    touched = _touched(asked)
    if report is None:
        return render_template("attribution/differences.html", report=None, touched=touched, **shared)
    found = _named(read_report(report), current_actor())
    by_broker = (
        found.filter(pl.col("amount") != 0)
        .group_by("broker_no")
        .agg(pl.col("amount").sum(), won=pl.col("amount").clip(lower_bound=0).sum(), accounts=pl.col("account_no").n_unique())
    )
    return show_list(
        LIST,
        "attribution/differences.html",
        source=found,
        report=report,
        touched=touched,
        by_broker=by_broker.with_columns(lost=pl.col("amount") - pl.col("won")).sort("broker_no").rows(named=True),
        owners=owners_of,
        **shared,
    )


@bp.post("/differences")
@requires(Can.ATTRIBUTION_AUDIT)
def ask() -> ResponseReturnValue:
    """Ask for the comparison; an answer that is kept is shown at once."""
    asked = _of_form(request.form).checked()
    if kept(asked) is not None:
        return redirect(_address(asked), 303)
    arguments = {"before": asked.before, "after": asked.after, "first": str(asked.first), "last": str(asked.last)}
    with transaction():
        public_id = enqueue(current_actor(), clock.now(), COMPARE, arguments).public_id
    return redirect(url_for("attribution.comparing", public_id=public_id), 303)


@bp.get("/differences/work/<public_id>")
@requires(Can.ATTRIBUTION_AUDIT)
def comparing(public_id: str) -> ResponseReturnValue:
    """How far a comparison is; once it is done, the way to its answer."""
    job = jobs.job(current_actor(), public_id)
    if job.kind != COMPARE:
        raise NotFound("there is no such job")
    fragment = bool(request.headers.get("HX-Request"))
    if job.state == JobState.DONE:
        target = _address(asked_by(job.arguments))
        return ("", 204, {"HX-Redirect": target}) if fragment else redirect(target, 303)
    running = job.state in {JobState.WAITING, JobState.RUNNING}
    template = "attribution/_comparing.html" if fragment else "attribution/comparing.html"
    return render_template(template, job=job, running=running, sentence=_sentence(job, running), back=_address(asked_by(job.arguments)))


def _sentence(job: Job, running: bool) -> str:
    result = job.result if isinstance(job.result, dict) else {}
    if "refused" in result:
        return str(_(result["refused"], **result.get("values", {})))
    if job.state == JobState.WAITING:
        return str(_("Waiting for the worker"))
    if job.state == JobState.RUNNING and not job.cancel_asked:
        return str(_(job.step)) if job.step else ""
    return str(_("Stopping at the next step")) if running else str(_("Cancelled")) if job.state == JobState.CANCELLED else str(_("Failed"))


def _address(asked: Asked) -> str:
    parts: dict[str, Any] = {"from": asked.before, "to": asked.after, "first": str(asked.first), "last": str(asked.last)}
    return url_for("attribution.differences", **parts)


def _read(args: Mapping[str, str]) -> tuple[Asked, list[str]]:
    """The question of an address: by default what the last change of an attribution did to its last three months."""
    when = read_when({})
    notices: list[str] = []
    after = read_known(args, "to", when.newest, when.newest, notices)
    before = read_known(args, "from", max(0, _last_change(after) - 1), when.newest, notices)
    if before > after:
        notices.append(_("The first state of knowledge is the later one; they were exchanged."))
        before, after = after, before
    newest = Month.of(when.day) if when.day else Month(2026, 1)
    last = _month(args, "last", newest, notices)
    first = _month(args, "first", last.plus(-2), notices)
    return Asked(before, after, min(first, last), max(first, last)), notices


def _last_change(known: int) -> int:
    numbers = asserted_between(0, known)["recording_id"]
    return int(numbers.max() or 0)  # type: ignore[arg-type]


def _month(args: Mapping[str, str], name: str, default: Month, notices: list[str]) -> Month:
    text = args.get(name, "")
    try:
        return Month.parse(text) if text else default
    except NotADate:
        notices.append(_("Left out: “%(given)s” is no month; expected one such as 2026-03.", given="".join(letter if letter.isprintable() else "·" for letter in text)[:40]))
        return default


def _of_form(form: Any) -> Asked:
    try:
        return Asked(int(form.get("from", "")), int(form.get("to", "")), Month.parse(form.get("first", "")), Month.parse(form.get("last", "")))
    except ValueError as error:
        raise Refusal("two recordings (numbers) and two months such as 2026-03 are needed") from error


def _steps(asked: Asked) -> dict[int, Recording]:
    return {row.id: row for row in db.session.scalars(select(Recording).where(Recording.id.in_([asked.before, asked.after])))}


def _touched(asked: Asked) -> int:
    """How many accounts that the reader may see had an attribution recorded between the two states."""
    accounts = set(asserted_between(asked.before, asked.after)["account_id"].to_list())
    ids = visible_ids(current_actor())
    return len(accounts if ids is None else accounts & set(ids))


def _named(found: Moved, actor: Actor) -> pl.DataFrame:
    """The rows that the reader may see, with numbers instead of ids. Rounding lines, which have no account, are the whole firm's."""
    ids = visible_ids(actor)
    rows = found.rows if ids is None else found.rows.filter(pl.col("account_id").is_in(ids))
    accounts = read_frame(select(Account.id, Account.account_no), {"account_id": pl.Int64, "account_no": pl.String})
    named = rows.join(accounts, on="account_id", how="left").join(ranks().select("broker_id", "broker_no"), on="broker_id", how="left")
    return named.sort("account_no", "first_day", "broker_no", nulls_last=True).with_row_index("row")


def owners_of(text: str) -> str:
    """The owners of MOVED in words: `B011 60 % · B023 40 % (pending)`."""
    told = []
    for one in filter(None, text.split(";")):
        number, share, state = one.rsplit(" ", 2)
        told.append(owners_text([number], [int(share)]) + (f" ({wording.STATES[state]})" if state != "confirmed" else ""))
    return " · ".join(told) or str(_("the house"))
