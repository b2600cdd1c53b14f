"""What a new portal still needs before it can pay its first broker: a list for the administrator, who may put it away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import delete, exists, func, or_, select

from models import db
from models.clients import Account
from models.club import ClubEvent
from models.commission import CommissionRun, PlanVersion
from models.identity import User, UserState
from models.notices import Dismissal
from models.settlement import CalendarYear, SettlementDay
from portal import clock
from portal.actors import Actor
from portal.audit import log
from portal.permissions import Can
from portal.transaction import transaction
from portal.web.guard import current_actor, requires
from portal.web.navigation import href
from portal.web.requests import request_id
from portal.web.undo import flash_with_undo

bp = Blueprint("first_run", __name__)
LIST = "first_run"
"""The name under which a person has put the list away."""


@dataclass(frozen=True)
class Step:
    """One thing to do: whether it is done, what it is, why, and where."""

    done: bool
    title: str
    why: str
    href: str


def steps(actor: Actor, today: date) -> list[Step]:
    """The list with what is done; empty for who does not run the portal, who has put it away, and once everything is done."""
    if not actor.may(Can.USER_MANAGE) or actor.user_id is None:
        return []
    found = _looked_up(actor, today)
    if found.away:
        return []
    listed = [
        Step(
            found.protected >= 2,
            _("Two people with a second factor"),
            _("Whatever moves money needs a second person: invite him, and let both set up their codes."),
            href("identity.users"),
        ),
        Step(found.calendar, _("The trading calendar of this year"), _("It says which days must be settled; check the holidays."), href("calendar.this_year")),
        Step(found.masters, _("Branches, staff, brokers and accounts"), _("The master files come first: everything else refers to them by number."), href("imports.index")),
        Step(found.plans, _("The commission plans"), _("The file plans.json says by what terms each broker is paid."), href("imports.index")),
        Step(found.settled, _("The first settlement files"), _("Hand in one day and look at the preview before anything is written."), href("imports.index")),
        Step(found.month, _("The first month"), _("Once days are settled the month is computed; look at what it would pay."), href("commission.months")),
        Step(found.event, _("The first event of the club"), _("Prepare one: it stays a draft until you open it for booking."), href("club_desk.index")),
    ]
    return [] if all(step.done for step in listed) else listed


def _looked_up(actor: Actor, today: date) -> Any:
    protected = select(func.count()).select_from(User).where(User.state == UserState.ACTIVE, or_(User.totp_confirmed_at.is_not(None), User.demo)).scalar_subquery()
    return db.session.execute(
        select(
            exists().where(Dismissal.user_id == actor.user_id, Dismissal.what == LIST).label("away"),
            protected.label("protected"),
            exists().where(CalendarYear.year == today.year).label("calendar"),
            exists(select(Account.id)).label("masters"),
            exists(select(PlanVersion.id)).label("plans"),
            exists(select(SettlementDay.id)).label("settled"),
            exists(select(CommissionRun.id)).label("month"),
            exists(select(ClubEvent.id)).label("event"),
        )
    ).one()


@bp.post("/first-run/away")
@requires(Can.USER_MANAGE)
def away() -> ResponseReturnValue:
    """Put the list away, for oneself."""
    actor = current_actor()
    with transaction():
        db.session.merge(Dismissal(user_id=actor.user_id, what=LIST))
        log.write(actor, clock.now(), "home.first_run.put_away", "user", str(actor.user_id), request_id=request_id())
    flash_with_undo(_("The list is put away."), url_for("first_run.back"), {})
    return redirect(url_for("home.overview"), 303)


@bp.post("/first-run/back")
@requires(Can.USER_MANAGE)
def back() -> ResponseReturnValue:
    """Take the list out again, for oneself."""
    actor = current_actor()
    with transaction():
        db.session.execute(delete(Dismissal).where(Dismissal.user_id == actor.user_id, Dismissal.what == LIST))
        log.write(actor, clock.now(), "home.first_run.taken_out", "user", str(actor.user_id), request_id=request_id())
    return redirect(url_for("home.overview"), 303)
