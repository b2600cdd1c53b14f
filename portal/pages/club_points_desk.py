"""Points for who looks after them: who has how many, what happened to them, rewards, redemptions, and the rules by which they are earned."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from models import db
from models.club_points import PointEntry, PointFact, PointHolder, PointRedemption, PointReward
from models.columns import OPEN_END
from models.identity import User
from portal import clock, local_day
from portal.club import point_rules, points, rewards
from portal.jobs.club_points import trading_allowed
from portal.pages import club_points_words as say
from portal.pages.club_points import COLUMNS as ENTRY_COLUMNS
from portal.pages.club_points import FIELDS, entries_of, standing, why_of
from portal.pages.club_points import LISTING as ENTRY_LISTING
from portal.pages.club_points_words import FACTS, REDEMPTIONS, WHATS
from portal.permissions import Can
from portal.refusals import NotFound, Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("club_points_desk", __name__, url_prefix="/club/points")

COLUMNS = columns(
    Column("person", _l("Client"), sort=True),
    Column("email", _l("Sign-in")),
    Column("earned", _l("Points earned"), number=True, sort=True),
    Column("balance", _l("Club points"), number=True, sort=True),
)
_sums = (
    select(PointEntry.person, func.sum(PointEntry.points).label("balance"), func.sum(PointEntry.points).filter(PointEntry.what == "earned").label("earned"))
    .group_by(PointEntry.person)
    .subquery()
)
_balance, _earned = func.coalesce(_sums.c.balance, 0), func.coalesce(_sums.c.earned, 0)
LISTING = Listing(
    tiebreak=PointHolder.id,
    sorts={"person": PointHolder.person, "balance": _balance, "earned": _earned},
    default="-balance",
    filters=(
        Filter("client", _l("Client"), lambda text: PointHolder.client_no == text),
        Filter("email", _l("Sign-in"), lambda text: User.email.contains(text.lower(), autoescape=True)),
        Filter("below", _l("Which ones"), lambda _text: _balance < 0, choices=(("debt", _l("Below nought")),)),
    ),
)


def _listed(asked: Asked) -> Any:
    query = select(PointHolder, User.email, _balance.label("balance"), _earned.label("earned")).outerjoin(_sums, _sums.c.person == PointHolder.person)
    return query.outerjoin(User, User.id == PointHolder.user_id)


def name_of(person: str) -> str:
    """Who somebody is: a client by his number, else a sign-in."""
    kind, _colon, number = person.partition(":")
    return number if kind == "client" else f"#{number}"


LIST = declare(
    ListPage(
        "club_points_desk.index",
        _l("Club points"),
        LISTING,
        COLUMNS,
        source=_listed,
        sums={"balance": _balance, "earned": _earned},
        fields=(
            Field("person", _l("Client"), lambda row: name_of(row[0].person)),
            Field("email", _l("Sign-in"), lambda row: row.email or ""),
            Field("earned", _l("Points earned"), lambda row: int(row.earned)),
            Field("balance", _l("Club points"), lambda row: int(row.balance)),
        ),
        file_name="points",
    )
)


@bp.get("/desk")
@requires(Can.CLUB_SEE)
def index() -> ResponseReturnValue:
    """Who has how many."""
    waiting = db.session.execute(select(func.count()).where(PointRedemption.state == "asked")).scalar_one()
    return show_list(LIST, "club/points_desk.html", name_of=name_of, waiting=waiting, may_edit=current_actor().may(Can.CLUB_EDIT))


def _holder(holder_id: int) -> PointHolder:
    found = db.session.get(PointHolder, holder_id)
    if found is None:
        raise NotFound("nobody of this name has points")
    return found


ENTRIES = declare(
    ListPage(
        "club_points_desk.show",
        _l("What happened to the points"),
        ENTRY_LISTING,
        ENTRY_COLUMNS,
        source=lambda asked: entries_of(_holder(int(str(asked.values["holder_id"]))).person),
        fields=(*FIELDS, Field("who", _l("Written by"), lambda row: row[0].actor_label)),
        sums={"points": PointEntry.points},
        file_name="points",
    )
)


@bp.get("/desk/<int:holder_id>")
@requires(Can.CLUB_SEE)
def show(holder_id: int) -> ResponseReturnValue:
    """Everything that happened to somebody's points."""
    holder = _holder(holder_id)
    shown: dict[str, Any] = {"whats": WHATS, "why_of": why_of, "say": say, "may_edit": current_actor().may(Can.CLUB_EDIT)}
    return show_list(ENTRIES, "club/points_of.html", holder=holder, name=name_of(holder.person), **standing(holder.person), **shown)


@bp.get("/desk/<int:holder_id>/correct")
@requires(Can.CLUB_EDIT)
def ask_to_correct(holder_id: int) -> ResponseReturnValue:
    """The form of a correction."""
    return _correcting(holder_id)


def _correcting(holder_id: int, fault: str = "", status: int = 200) -> ResponseReturnValue:
    holder = _holder(holder_id)
    return render_template("club/points_correct.html", holder=holder, name=name_of(holder.person), balance=points.balance(holder.person), typed=request.form, fault=fault), status


@bp.post("/desk/<int:holder_id>/correct")
@requires(Can.CLUB_EDIT)
def correct(holder_id: int) -> ResponseReturnValue:
    """Put a correction before a second person."""
    person = _holder(holder_id).person
    try:
        count, lasts = say.whole("points", least=-rewards.MOST), say.whole("lasts", least=1)
        with transaction():
            rewards.propose_correction(person, count, request.form.get("reason", ""), lasts, actor=current_actor(), moment=clock.now())
    except Refusal as refusal:
        return _correcting(holder_id, _(refusal.message, **refusal.values), refusal.status)
    flash(_("A second person has to let it through first. You are told what is decided."), "success")
    return redirect(url_for("club_points_desk.show", holder_id=holder_id), 303)


REDEMPTION_COLUMNS = columns(
    Column("at", _l("When"), sort=True),
    Column("reward", _l("Reward")),
    Column("person", _l("Client"), sort=True),
    Column("cost", _l("Club points"), number=True, sort=True),
    Column("state", _l("State")),
)
REDEMPTION_LISTING = Listing(
    tiebreak=PointRedemption.id,
    sorts={"at": PointRedemption.at, "person": PointRedemption.person, "cost": PointRedemption.cost},
    default="-at",
    filters=(
        Filter("state", _l("State"), lambda text: PointRedemption.state == text, choices=tuple((name, label) for name, (label, _tone) in REDEMPTIONS.items())),
        Filter("client", _l("Client"), lambda text: PointRedemption.person == f"client:{text}"),
    ),
)


def _redeemed(asked: Asked) -> Any:
    return select(PointRedemption, PointReward).join(PointReward, PointReward.id == PointRedemption.reward_id)


REDEEMED = declare(
    ListPage(
        "club_points_desk.redemptions",
        _l("Redemptions"),
        REDEMPTION_LISTING,
        REDEMPTION_COLUMNS,
        source=_redeemed,
        fields=(
            Field("at", _l("When"), lambda row: row[0].at),
            Field("reward", _l("Reward"), lambda row: row[1].title),
            Field("person", _l("Client"), lambda row: name_of(row[0].person)),
            Field("cost", _l("Club points"), lambda row: row[0].cost),
            Field("state", _l("State"), lambda row: str(REDEMPTIONS[row[0].state][0])),
            Field("ended", _l("Over at"), lambda row: row[0].ended_at),
        ),
        file_name="redemptions",
    )
)


@bp.get("/redemptions")
@requires(Can.CLUB_SEE)
def redemptions() -> ResponseReturnValue:
    """Who redeemed what, and the rewards on offer."""
    shown: dict[str, Any] = {"name_of": name_of, "states": REDEMPTIONS, "say": say, "may_edit": current_actor().may(Can.CLUB_EDIT)}
    return show_list(REDEEMED, "club/redemptions.html", rewards=rewards.offered(clock.now()), **shown)


@bp.post("/redemptions/<redemption_id>")
@requires(Can.CLUB_EDIT)
def end(redemption_id: str) -> ResponseReturnValue:
    """Hand a reward over, or give the points back."""
    with transaction():
        if request.form.get("wish") == "back":
            rewards.take_back(redemption_id, actor=current_actor(), moment=clock.now())
        else:
            rewards.hand_over(redemption_id, actor=current_actor(), moment=clock.now())
    flash(_("Kept."), "success")
    return redirect(url_for("club_points_desk.redemptions"), 303)


@bp.get("/rewards/new")
@requires(Can.CLUB_EDIT)
def new_reward() -> ResponseReturnValue:
    """The form of a reward."""
    return render_template("club/reward_new.html", typed=request.form, fault="")


@bp.post("/rewards/new")
@requires(Can.CLUB_EDIT)
def offer() -> ResponseReturnValue:
    """Put a reward on offer."""
    given = request.form
    try:
        stock = say.whole("stock") if given.get("stock", "").strip() else None
        last = say.day_of("ends") if given.get("ends", "").strip() else None
        ends_at = datetime.combine(last + timedelta(days=1), time(), local_day.zone()).astimezone(UTC) if last else None
        with transaction():
            rewards.offer(given.get("title", ""), given.get("title_en", ""), say.whole("cost"), stock, ends_at, actor=current_actor(), moment=clock.now())
    except Refusal as refusal:
        return render_template("club/reward_new.html", typed=given, fault=_(refusal.message, **refusal.values)), refusal.status
    flash(_("Kept."), "success")
    return redirect(url_for("club_points_desk.redemptions"), 303)


@bp.get("/rewards/<int:reward_id>/close")
@requires(Can.CLUB_EDIT)
def ask_close(reward_id: int) -> ResponseReturnValue:
    """What taking a reward off leaves as it is."""
    return render_template("club/reward_close.html", one=rewards.offer_of(reward_id), say=say)


@bp.post("/rewards/<int:reward_id>/close")
@requires(Can.CLUB_EDIT)
def close(reward_id: int) -> ResponseReturnValue:
    """Take a reward off."""
    with transaction():
        rewards.close(reward_id, actor=current_actor(), moment=clock.now())
    flash(_("It is not offered any more."), "success")
    return redirect(url_for("club_points_desk.redemptions"), 303)


@bp.get("/rules")
@requires(Can.CLUB_SEE)
def rules() -> ResponseReturnValue:
    """What earns points, and the form of another rule."""
    return _rules()


def _rules(fault: str = "", status: int = 200) -> ResponseReturnValue:
    shown = {"facts": FACTS, "say": say, "typed": request.form, "fault": fault, "allowed": trading_allowed(), "may_edit": current_actor().may(Can.CLUB_EDIT)}
    return render_template("club/points_rules.html", rules=point_rules.rules(), trading=[fact.value for fact in point_rules.READS_TRADING], **shown), status


@bp.post("/rules")
@requires(Can.CLUB_EDIT)
def propose() -> ResponseReturnValue:
    """Put a rule before a second person."""
    try:
        draft = _draft()
        with transaction():
            point_rules.propose(draft, actor=current_actor(), moment=clock.now(), trading_allowed=trading_allowed())
    except Refusal as refusal:
        return _rules(_(refusal.message, **refusal.values), refusal.status)
    flash(_("A second person has to let it through first. You are told what is decided."), "success")
    return redirect(url_for("club_points_desk.rules"), 303)


def _draft() -> point_rules.Draft:
    given = request.form
    fact = given.get("fact", "")
    if fact not in FACTS:
        raise Refusal("choose what the rule reads")
    code, title, title_en = (given.get(name, "").strip() for name in ("code", "title", "title_en"))
    first, end = say.day_of("valid_from"), say.day_of("valid_to", OPEN_END)
    count, most, wait, lasts = (say.whole(name) for name in ("points", "most_a_month", "wait_days", "lasts_days"))
    per = say.whole("per") if given.get("per", "").strip() else 1
    return point_rules.Draft(code, first, end, PointFact(fact), count, most, wait, lasts, title, title_en, per, given.get("withdrawn") == "yes")
