"""Plays and the rule of key clients: what is on, what each would set today, and switching it with its history."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models.values.money import NotMoney, parse_yuan
from models.values.rates import NotARate, decimal_text, parse_share
from portal import clock
from portal.care import key_clients, playing, settings
from portal.care.key_clients import KeyRule
from portal.care.plays import BY_NAME, PLAYS
from portal.commission.queries import last_settled_day
from portal.local_day import today
from portal.pages import care_words as words
from portal.permissions import Can
from portal.refusals import NotFound, Refusal
from portal.transaction import transaction
from portal.web.formats import yuan_text
from portal.web.guard import current_actor, requires

bp = Blueprint("care_plays", __name__, url_prefix="/care/plays")
SHOWN = 50
WHEN = {
    "new_client": _l("The account was opened within 30 days: a return visit within 3 trading days."),
    "birthday": _l("The client's birthday is within 3 days: a greeting on the day."),
    "losing_streak": _l("Trading lost on 5 settled days in a row: a call by the next trading day."),
    "margin_call": _l("The margin is more than the equity: a call on the day."),
    "silent": _l("Nobody spoke with the client for 90 days: a call within 5 trading days."),
    "key_client": _l("A key client: one talk in every quarter, within 10 trading days."),
    "broker_left": _l("The broker of the account left within 60 days: a call within 2 trading days."),
}


@bp.get("")
@requires(Can.CARE_EDIT)
def index() -> ResponseReturnValue:
    """Every play, whether it is on, and the rule of key clients."""
    values = settings.values_on(today())
    on = {play.name for play in playing.plays_on(today())}
    return render_template(
        "care/plays.html", plays=PLAYS, on=on, when=WHEN, words=words, rule=KeyRule.read(values), history=settings.history(playing.PREFIX, key_clients.NAME), told=_told
    )


def _told(value: dict[str, Any]) -> str:
    """A setting's value in words."""
    if "on" in value:
        return str(_("on") if value["on"] else _("off"))
    return f"{yuan_text(value['equity'])} · {decimal_text(value['share'], 4)} %"


@bp.get("/<name>")
@requires(Can.CARE_EDIT)
def show(name: str) -> ResponseReturnValue:
    """What a play would set today, before it is switched."""
    if name not in BY_NAME:
        raise NotFound("there is no play %(name)s", name=name[:40])
    found = playing.wanted([BY_NAME[name]], today(), last_settled_day() or date.min)
    nobody = found.filter(pl.col("owner_id").is_null()).height
    rows = found.head(SHOWN).rows(named=True)
    is_on = name in {play.name for play in playing.plays_on(today())}
    return render_template("care/play.html", name=name, when=WHEN[name], words=words, rows=rows, count=found.height, nobody=nobody, shown=SHOWN, is_on=is_on)


@bp.post("/<name>")
@requires(Can.CARE_EDIT)
def switch(name: str) -> ResponseReturnValue:
    """Switch a play on or off."""
    with transaction():
        playing.switch(name, request.form.get("on") == "yes", current_actor(), clock.now(), today())
    flash(_("Switched on: it sets its tasks within a day.") if request.form.get("on") == "yes" else _("Switched off; what it set stays."), "success")
    return redirect(url_for("care_plays.index"), 303)


@bp.post("/key-clients")
@requires(Can.CARE_EDIT)
def key_rule() -> ResponseReturnValue:
    """Say who is a key client from a day on."""
    try:
        value = {"equity": parse_yuan(request.form.get("equity", "").strip()), "share": parse_share(request.form.get("share", "").strip())}
    except (NotMoney, NotARate) as error:
        raise Refusal("write the equity in yuan such as 5000000.00 and the share in percent such as 2") from error
    if value["equity"] <= 0:
        raise Refusal("the equity of a key client is above 0")
    with transaction():
        settings.put(key_clients.NAME, value, words.typed_day("counts_from"), current_actor(), clock.now(), today())
    flash(_("Set."), "success")
    return redirect(url_for("care_plays.index"), 303)
