"""The club's tiers: written down and changed; and once a month, who would reach or lose one by equity, before it is applied."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange
from wtforms.validators import Optional as Empty

from models.club_membership import ClubBenefit, ClubTier, TierKind, TierPrice
from models.values.money import parse_yuan, yuan
from portal import clock
from portal.club import equity_tiers, tiers
from portal.club.own_membership import shelf
from portal.club.tiers import BenefitDraft, TierDraft
from portal.local_day import today
from portal.pages import club_member_words
from portal.pages.club_member_words import KINDS
from portal.permissions import Can
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires

bp = Blueprint("club_tiers", __name__, url_prefix="/club/tiers")
_NEEDED = DataRequired(_l("Please fill this in."))
_NUMBER = InputRequired(_l("Please fill this in."))
SHOWN_MOVES = 200
"""Rows of a preview on screen; the command prints all of them."""


class TierForm(FlaskForm):  # type: ignore[misc]
    """Everything that is said of a tier. A benefit is a line: key | name | name in English | times a year."""

    version = HiddenField()
    key = StringField(_l("Key"), validators=[_NEEDED, Length(max=40)])
    kind = SelectField(_l("How one comes by it"), choices=[SelectChoice(value, label) for value, label in KINDS.items()])
    rank = IntegerField(_l("Rank"), validators=[_NUMBER, NumberRange(0, 10_000)])
    name = StringField(_l("Name of the tier"), validators=[_NEEDED, Length(max=60)])
    name_en = StringField(_l("Name in English"), validators=[_NEEDED, Length(max=60)])
    about = TextAreaField(_l("What the tier offers"), validators=[Length(max=600)])
    about_en = TextAreaField(_l("What the tier offers, in English"), validators=[Length(max=600)])
    dues = StringField(_l("Dues (yuan)"), validators=[Length(max=20)])
    months = IntegerField(_l("Months that dues last"), default=12, validators=[Empty(), NumberRange(1, 36)])
    grace_days = IntegerField(_l("Days of grace"), default=14, validators=[Empty(), NumberRange(0, 90)])
    threshold_up = StringField(_l("Reached at equity (yuan)"), validators=[Length(max=20)])
    threshold_down = StringField(_l("Lost below equity (yuan)"), validators=[Length(max=20)])
    by_approval = BooleanField(_l("The club approves who joins"))
    is_open = BooleanField(_l("Open for new members"), default=True)
    wait_priority = IntegerField(_l("Priority on waitlists"), default=0, validators=[Empty(), NumberRange(0, 9)])
    benefits = TextAreaField(_l("Benefits"), validators=[Length(max=4000)])

    def draft(self) -> TierDraft:
        """What was typed. Raises Refusal where an amount or a benefit is none."""
        kind = TierKind(self.kind.data)
        return TierDraft(
            key=self.key.data.strip(),
            kind=kind,
            rank=self.rank.data,
            name=self.name.data.strip(),
            name_en=self.name_en.data.strip(),
            about=(self.about.data or "").strip(),
            about_en=(self.about_en.data or "").strip(),
            grace_days=self.grace_days.data or 0,
            dues=_fen(self.dues.data) if kind == TierKind.PAID else None,
            months=self.months.data or 12,
            threshold_up=_fen(self.threshold_up.data),
            threshold_down=_fen(self.threshold_down.data),
            by_approval=bool(self.by_approval.data),
            is_open=bool(self.is_open.data),
            wait_priority=self.wait_priority.data or 0,
            benefits=tuple(_benefit(line) for line in (self.benefits.data or "").splitlines() if line.strip()),
        )


def _fen(text: str | None) -> int | None:
    """An amount that was typed; None where nothing was. Raises Refusal."""
    if not (text or "").strip():
        return None
    try:
        return parse_yuan(str(text).strip().replace(",", ""))
    except ValueError as error:
        raise Refusal("an amount is written like 1200.00") from error


def _benefit(line: str) -> BenefitDraft:
    """A benefit from its line. Raises Refusal."""
    parts = [part.strip() for part in line.replace("｜", "|").split("|")]
    if len(parts) != 4 or not (parts[3] == "" or (parts[3].isascii() and parts[3].isdigit() and len(parts[3]) < 6)):
        raise Refusal("a benefit is a line such as: guest-room | 会员接待室 | Guest room | 12; without a number, as often as one likes")
    return BenefitDraft(parts[0], parts[1][:80], parts[2][:80], int(parts[3]) if parts[3] else None)


def _filled(tier: ClubTier, price: TierPrice | None, benefits: list[ClubBenefit]) -> dict[str, Any]:
    """A tier as its form shows it."""
    names = ("key", "kind", "rank", "name", "name_en", "about", "about_en", "grace_days", "by_approval", "is_open", "wait_priority", "version")
    amounts = {name: yuan(getattr(tier, name)) if getattr(tier, name) is not None else "" for name in ("threshold_up", "threshold_down")}
    lines = "\n".join(f"{one.key} | {one.name} | {one.name_en} | {one.yearly_limit or ''}" for one in benefits)
    return {name: getattr(tier, name) for name in names} | amounts | {"dues": yuan(price.amount) if price else "", "months": price.months if price else 12, "benefits": lines}


@bp.get("")
@requires(Can.CLUB_EDIT)
def index() -> ResponseReturnValue:
    """All tiers."""
    return render_template("club/tiers.html", shelf=shelf(), kinds=KINDS, words=club_member_words)


@bp.get("/new")
@requires(Can.CLUB_EDIT)
def new() -> ResponseReturnValue:
    """An empty form."""
    return render_template("club/tier.html", form=TierForm(), tier=None, fault="")


@bp.get("/edit/<tier_key>")
@requires(Can.CLUB_EDIT)
def edit(tier_key: str) -> ResponseReturnValue:
    """The form with what stands."""
    tier = tiers.by_key(tier_key)
    return render_template("club/tier.html", form=TierForm(data=_filled(tier, tiers.price_of(tier.id), tiers.benefits_of([tier.id])[tier.id])), tier=tier, fault="")


@bp.post("/new")
@requires(Can.CLUB_EDIT)
def create() -> ResponseReturnValue:
    """Write a tier down."""
    return _kept(None)


@bp.post("/edit/<tier_key>")
@requires(Can.CLUB_EDIT)
def change(tier_key: str) -> ResponseReturnValue:
    """Keep what was changed; a new price counts for who joins or renews from now on."""
    return _kept(tiers.by_key(tier_key))


def _kept(tier: ClubTier | None) -> ResponseReturnValue:
    form = TierForm()
    if tier is not None:
        form.key.data, form.kind.data = tier.key, tier.kind
    if not form.validate_on_submit():
        return render_template("club/tier.html", form=form, tier=tier, fault=""), 422
    version = form.version.data or ""
    known = int(version) if tier is not None and version.isascii() and version.isdigit() and len(version) < 15 else 0
    try:
        draft = form.draft()
        with transaction():
            tiers.keep(draft, actor=current_actor(), moment=clock.now(), version=known)
    except Refusal as refusal:
        return render_template("club/tier.html", form=form, tier=tier, fault=_(refusal.message, **refusal.values)), refusal.status
    flash(_("Kept."), "success")
    return redirect(url_for("club_tiers.index"), 303)


@bp.get("/equity")
@requires(Can.CLUB_MEMBERS)
def look_at_moves() -> ResponseReturnValue:
    """Who would reach or lose a tier by the equity of the month before."""
    return _moves()


def _moves(fault: str = "", status: int = 200) -> ResponseReturnValue:
    found = None
    try:
        found = equity_tiers.moves(today())
    except Refusal as refusal:
        fault = fault or _(refusal.message, **refusal.values)
    rows = found.listed()[:SHOWN_MOVES] if found is not None else []
    return render_template("club/equity.html", found=found, rows=rows, fault=fault), status


@bp.post("/equity")
@requires(Can.CLUB_MEMBERS)
def apply() -> ResponseReturnValue:
    """Let them move, as it was shown."""
    try:
        with transaction():
            found = equity_tiers.moves(today())
            if request.form.get("shown") != f"{found.month} {found.trade_date} {found.rows.height}":
                raise Refusal("something else would move by now: look again")
            equity_tiers.apply(found, actor=current_actor(), moment=clock.now())
    except Refusal as refusal:
        return _moves(_(refusal.message, **refusal.values), refusal.status)
    flash(_("The tiers follow the equity of %(month)s.", month=str(found.month)), "success")
    return redirect(url_for("club_members.index"), 303)
