"""What channels cost, entered by month."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy import select
from wtforms import SelectField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, Length

from models.channels import ChannelCost, LeadChannel
from models.partners import Branch
from models.values.calendar import Month, NotADate
from models.values.money import parse_yuan
from portal import clock
from portal.channels import costs
from portal.commission.overview import branches, cut_for
from portal.pages.channels_behind import CHANNELS
from portal.permissions import Can
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.web.exports import amount
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("channels_costs", __name__, url_prefix="/channels")

_NEEDED = DataRequired(_l("Please fill this in."))
COLUMNS = columns(
    Column("period", _l("Month"), sort=True),
    Column("channel", _l("Channel")),
    Column("branch", _l("Branch")),
    Column("amount", _l("Amount"), number=True, sort=True, money=True),
    Column("note", _l("Note")),
    Column("entered", _l("Entered by")),
)
LISTING = Listing(
    tiebreak=ChannelCost.id,
    sorts={"period": ChannelCost.period, "amount": ChannelCost.amount},
    default="-period",
    filters=(
        Filter("channel", _l("Channel"), lambda text: ChannelCost.channel == text, choices=tuple(CHANNELS.items())),
        Filter("period", _l("Month"), lambda text: ChannelCost.period == text),
        Filter("from", _l("From month"), lambda text: ChannelCost.period >= text, hidden=True),
        Filter("to", _l("Through month"), lambda text: ChannelCost.period <= text, hidden=True),
    ),
)


class CostForm(FlaskForm):  # type: ignore[misc]
    """What a channel cost in a month."""

    channel = SelectField(_l("Channel"), choices=[SelectChoice(name, label) for name, label in CHANNELS.items()])
    period = StringField(_l("Month"), validators=[_NEEDED, Length(max=7)])
    amount = StringField(_l("Amount (yuan)"), validators=[_NEEDED, Length(max=20)])
    branch = SelectField(_l("Branch"))
    note = StringField(_l("Note"), validators=[_NEEDED, Length(max=400)])


def _listed(asked: Asked) -> Any:
    query = select(ChannelCost, Branch.branch_no).outerjoin(Branch, Branch.id == ChannelCost.branch_id)
    cut = cut_for(asked.actor)
    return query if cut.branch_id is None else query.where(ChannelCost.branch_id == cut.branch_id)


LIST = declare(
    ListPage(
        "channels_costs.index",
        _l("Costs of channels"),
        LISTING,
        COLUMNS,
        source=_listed,
        sums={"amount": ChannelCost.amount},
        fields=(
            Field("period", _l("Month"), lambda row: row[0].period),
            Field("channel", _l("Channel"), lambda row: str(CHANNELS[row[0].channel])),
            Field("branch", _l("Branch"), lambda row: row.branch_no or ""),
            Field("amount", _l("Amount"), lambda row: amount(row[0].amount)),
            Field("note", _l("Note"), lambda row: row[0].note),
            Field("entered", _l("Entered by"), lambda row: row[0].actor_label),
            Field("at", _l("Entered"), lambda row: row[0].at),
        ),
    )
)


@bp.get("/costs")
@requires(Can.CHANNEL_SEE)
def index() -> ResponseReturnValue:
    """What was entered, the newest month first."""
    return show_list(LIST, "channels/costs.html", channels=CHANNELS, may_edit=current_actor().may(Can.CHANNEL_EDIT))


@bp.get("/costs/new")
@requires(Can.CHANNEL_EDIT)
def new() -> ResponseReturnValue:
    """The form."""
    return render_template("channels/cost_new.html", form=_form(), fault="")


@bp.post("/costs")
@requires(Can.CHANNEL_EDIT)
def enter() -> ResponseReturnValue:
    """Enter a cost; what does not hold is said above the form, which keeps what was typed."""
    form = _form()
    if not form.validate_on_submit():
        return render_template("channels/cost_new.html", form=form, fault=""), 422
    try:
        period, fen = Month.parse(form.period.data.strip()), parse_yuan(form.amount.data.strip().replace(",", ""))
        with transaction():
            costs.enter(LeadChannel(form.channel.data), period, fen, form.note.data, form.branch.data, actor=current_actor(), moment=clock.now())
    except NotADate:
        return render_template("channels/cost_new.html", form=form, fault=_("a month is written like 2026-03")), 422
    except ValueError:
        return render_template("channels/cost_new.html", form=form, fault=_("an amount is written like 1200.00")), 422
    except Refusal as refusal:
        return render_template("channels/cost_new.html", form=form, fault=_(refusal.message, **refusal.values)), refusal.status
    flash(_("Kept."), "success")
    return redirect(url_for("channels_costs.index"), 303)


def _form() -> CostForm:
    form = CostForm()
    form.branch.choices = [("", _("The whole firm")), *((number, f"{number} {name}") for number, name in sorted(branches().values()))]
    return form
