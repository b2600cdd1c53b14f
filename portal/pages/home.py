"""The first page: what the reader wants to know in the first five seconds, by role."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import BigInteger, cast, func, select

from models import db
from models.audit import Approval, ApprovalState
from models.commission import RunStatement
from models.settlement import ImportRun
from portal import clock
from portal.actors import Actor
from portal.care import question_queries
from portal.club import rota
from portal.commission import payout_balances, queries
from portal.commission.statement import COLUMNS
from portal.local_day import today
from portal.pages import broker_home, care, club_duties, club_words, first_run, question_words
from portal.pages.book_home import book_home
from portal.pages.book_today import book_today
from portal.pages.client_home import client_home
from portal.pages.departures_card import card_of
from portal.pages.overview import shown, view_of
from portal.pages.research_home import fits_of
from portal.pages.waiting import answers
from portal.permissions import Can
from portal.web.guard import current_actor, requires
from portal.web.remembered import kept_part, remembered

bp = Blueprint("home", __name__)
YEAR = timedelta(days=366)
LATE = 5
"""So many questions whose answer is late are named; the rest stands in their list."""


@bp.get("/")
@requires(Can.OWN_SETTINGS)
def overview() -> ResponseReturnValue:
    """The reader's own overview."""
    actor = current_actor()
    known = queries.now_known()
    day = known.day
    if day is None:
        return render_template("home/empty.html", may_import=actor.may(Can.IMPORT_FILES), checklist=first_run.steps(actor, today()))
    if actor.broker_no and actor.may(Can.COMMISSION_SEE):
        return _broker(actor, day, known)
    if actor.client_no and actor.may(Can.CONSENT_GIVE):
        return client_home(actor, day)
    if actor.may(Can.OVERVIEW_SEE) and (view := view_of(actor)):
        return render_template(
            "overview/index.html",
            **shown(actor, view),
            answers=answers(actor),
            firm=_firm() if actor.may(Can.MONTH_SEE) else None,
            asked=asked_of(actor),
            rota=rota_of(actor),
            departing=card_of(actor),
            checklist=first_run.steps(actor, today()),
        )
    counts = care.counted(actor, today()) if actor.may(Can.CARE_SEE) else None
    return render_template(
        "home/book.html", **book_home(actor, day), **book_today(actor, day), counts=counts, asked=asked_of(actor), rota=rota_of(actor), research=fits_of(actor, [], None)
    )


def _broker(actor: Actor, day: date, now: queries.Now) -> str:
    """A broker's first page: his books as computed last, from what was known at the last recording."""
    broker, marks = queries.broker_and(actor, actor.broker_no or "", payout_balances.MARKS)
    books = kept_part((broker.id, *now, *marks), "home/_broker.html", lambda: broker_home.overview(actor, day))
    name = remembered(("name", broker.id, now.known), lambda: queries.name_of(broker))
    return render_template("home/broker.html", books=books, broker_no=broker.broker_no, name=name)


def rota_of(actor: Actor) -> dict[str, Any]:
    """The reader's own duties at the club's events that are not over, with the words for them."""
    return {"duties": rota.of_person(actor.staff_no, clock.now()), "kinds": club_duties.KINDS, "warning": club_duties.warning, "words": club_words}


def asked_of(actor: Actor) -> dict[str, Any] | None:
    """Questions of the clients whose care the reader sees that wait for an answer, and the first that are late."""
    if not actor.may(Can.CARE_SEE):
        return None
    moment, present = clock.now(), today()
    return {"counts": question_queries.counted(actor, present, moment), "late": question_queries.late(actor, present, moment, LATE), "subjects": question_words.SUBJECTS}


def _firm() -> dict[str, Any]:
    waiting = db.session.execute(select(func.count()).select_from(Approval).where(Approval.state == ApprovalState.WAITING)).scalar_one()
    imports = db.session.execute(select(ImportRun).order_by(ImportRun.id.desc()).limit(5)).scalars().all()
    months = queries.months()[:6]
    return {"waiting": waiting, "imports": imports, "months": months, "totals": _month_totals([row.run_id for row in months])}


def _month_totals(run_ids: list[int | None]) -> dict[int, Any]:
    sums = [cast(func.coalesce(func.sum(getattr(RunStatement, name)), 0), BigInteger).label(name) for name in COLUMNS]  # a sum of bigints is numeric on PostgreSQL
    query = select(RunStatement.run_id, func.count().label("brokers"), *sums).where(RunStatement.run_id.in_([run_id for run_id in run_ids if run_id])).group_by(RunStatement.run_id)
    return {row.run_id: row for row in db.session.execute(query)}
