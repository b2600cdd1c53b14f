"""Inviting in waves: the plan as it would be drawn, the draw, sending each wave on its day, and what came of it."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models.club import ClubEvent
from models.club_waves import ClubWaveEffect, ClubWavePlan
from portal import clock
from portal.club import events, invites, queries, tiers, waves
from portal.club.waves import Steps
from portal.jobs import club_waves
from portal.local_day import today
from portal.pages import club_invite_words, club_member_words, club_words
from portal.pages.club_invites import asked_of, asking, branch_names, found_by, settled_day, whole
from portal.pages.taken_out import taken_out
from portal.permissions import Can
from portal.refusals import Conflict, NotFound, Refusal
from portal.risk import effects
from portal.transaction import transaction
from portal.web.downloads import wants_file
from portal.web.exports import Cell
from portal.web.formats import yuan_text
from portal.web.guard import current_actor, requires

bp = Blueprint("club_waves", __name__, url_prefix="/club")

MEASURES = {"trading": _l("Settled days with trades"), "net": _l("Paid in less taken out, a settled day")}


@bp.get("/events/<event_key>/waves")
@requires(Can.CLUB_EDIT)
def index(event_key: str) -> ResponseReturnValue:
    """The form; with what was asked, the plan as a draw would make it."""
    event = events.event_for(current_actor(), event_key)
    return _form(event, look=bool(request.args.get("look")))


def _form(event: ClubEvent, *, look: bool = False, fault: str = "", status: int = 200) -> ResponseReturnValue:
    shown: dict[str, Any] = {}
    try:
        if look:
            shown = _preview(event)
    except Refusal as refusal:
        fault, status = _(refusal.message, **refusal.values), refusal.status
    coming = [row.event for row in queries.coming(clock.now()) if row.event.sales_end_at > clock.now()]
    limits = {"least": waves.FEWEST, "most": waves.MOST, "shortest": waves.SHORTEST, "longest": waves.LONGEST}
    return render_template("club/waves_new.html", event=event, coming=coming, limits=limits, fault=fault, today=today(), **asking(), **shown), status


def _preview(event: ClubEvent) -> dict[str, Any]:
    """What a draw would store. Raises Refusal."""
    steps, found = _steps(event), found_by(event, asked_of(request.values))
    lot = [one for one in found.candidates if one.client_no not in invites.promised(event.id)]
    named = waves.check(steps, len(lot), today())
    rows = list(zip(steps.days, (named[number] for number in steps.event_ids), waves.sizes(len(lot), len(steps.event_ids)), strict=True))
    return {"found": found, "count": len(lot), "rows": rows, "digest": waves.digest_of(found.candidates, steps)}


def _steps(event: ClubEvent) -> Steps:
    """How the plan is to be. An evening that is not chosen is the one of this page. Raises Refusal."""
    typed = request.values
    number, gap = whole(typed, "waves", waves.MOST), whole(typed, "gap", waves.LONGEST)
    try:
        first = date.fromisoformat(typed.get("first", ""))
    except ValueError as error:
        raise Refusal("“%(given)s” is no day: write it like 2026-12-31", given=typed.get("first", "")[:20]) from error
    return Steps(tuple(whole(typed, f"event_{place}", 999_999) or event.id for place in range(1, number + 1)), first, gap)


@bp.post("/events/<event_key>/waves")
@requires(Can.CLUB_EDIT)
def draw(event_key: str) -> ResponseReturnValue:
    """Draw what the preview showed, and store it."""
    event = events.event_for(current_actor(), event_key)
    try:
        with transaction():
            steps, asked = _steps(event), asked_of(request.form)
            found = found_by(event, asked)
            if request.form.get("digest") != waves.digest_of(found.candidates, steps):
                raise Conflict("these are not the clients whom the preview showed: look again, nothing was drawn")
            plan = waves.draw(event.id, found.candidates, steps, asked.plain(), settled_day(), actor=current_actor(), moment=clock.now(), today=today())
            public_id = plan.public_id
    except Refusal as refusal:
        return _form(events.event_for(current_actor(), event_key), fault=_(refusal.message, **refusal.values), status=refusal.status)
    flash(_("The order is drawn and stored. Nobody was told anything yet."), "success")
    return redirect(url_for("club_waves.show", plan_id=public_id), 303)


@bp.get("/waves/<plan_id>")
@requires(Can.CLUB_SEE)
def show(plan_id: str) -> ResponseReturnValue:
    """A plan: its waves, and what the invitations changed."""
    plan = waves.plan_of(plan_id)
    known = effects.newest_of_plan(plan.id)
    if wants_file():
        return taken_out(wants_file(), "waves", *_file(known))
    names = {tier.key: club_member_words.name(tier) for tier in tiers.all_tiers()}
    return render_template("club/waves.html", **_shown(plan, known), criteria=club_invite_words.criteria_text(plan.criteria, names, branch_names()))


def _shown(plan: ClubWavePlan, known: ClubWaveEffect | None) -> dict[str, Any]:
    rows = waves.waves_of(plan.id)
    next_one = next((row.ClubWave for row in rows if row.ClubWaveSending is None), None)
    told = {"plan": plan, "rows": rows, "known": known, "next_one": next_one, "due": next_one is not None and next_one.on_day <= today()}
    named = {"measures": MEASURES, "value_text": value_text, "interval_text": interval_text, "verdict": verdict, "words": club_words}
    return {**told, **named, "picture": _picture(known), "table": _table(known), "may_edit": current_actor().may(Can.CLUB_EDIT)}


def value_text(measure: str, value: int | None, *, sign: bool = False) -> str:
    """A value as it is kept, for people: points of a per cent, or yuan."""
    if value is None:
        return "–"
    mark = "+" if sign and value > 0 else ""
    return f"{mark}{value / 10_000:.1f}" + (str(_(" points")) if sign else " %") if measure == "trading" else mark + yuan_text(value)


def interval_text(measure: str, row: Any) -> str:
    """The 95 % interval of an effect; a dash where there is none worth reading."""
    if not row["enough"]:
        return "–"
    low, high = value_text(measure, row["low"], sign=True), value_text(measure, row["high"], sign=True)
    return str(_("%(low)s to %(high)s", low=low.removesuffix(str(_(" points"))), high=high))


def verdict(row: Any) -> tuple[str, str]:
    """What may be told of an effect, and its tone."""
    if not row["tells"]:
        return _("too few to tell"), "neutral"
    return (_("more with an invitation"), "good") if row["low"] > 0 else (_("less with an invitation"), "bad")


def _picture(known: ClubWaveEffect | None) -> dict[str, Any]:
    """Of each wave's clients the settled days with trades, by period: lines in hundredths of a per cent."""
    if known is None or not known.result["series"]:
        return {}
    lines = [{"name": str(_("Wave %(number)s", number=place)), "values": [value // 100 for value in line]} for place, line in enumerate(known.result["series"]["trading"], 1)]
    return {"unit": "bp", "max": 10_000, "from_zero": True, "x": [row[0] for row in known.result["periods"]], "series": lines}


def _table(known: ClubWaveEffect | None) -> list[list[str]]:
    """The same in numbers: a row for each period."""
    if known is None or not known.result["series"]:
        return []
    return [[f"{row[0]} – {row[1]}", *(value_text("trading", line[place]) for line in known.result["series"]["trading"])] for place, row in enumerate(known.result["periods"])]


def _file(known: ClubWaveEffect | None) -> tuple[list[str], list[list[Cell]]]:
    headers = [
        _("What is measured"),
        _("Clients"),
        _("Waves"),
        _("What an invitation changed"),
        _("Interval, 95 per cent sure"),
        _("Chance alone brings as much"),
        _("What it tells"),
    ]
    found = known.result["measures"] if known else {}
    rows: list[list[Cell]] = []
    for name, label in MEASURES.items():
        if row := found.get(name):
            value = value_text(name, row["value"], sign=True) if row["enough"] else "–"
            chance = f"{row['chance'] * 100:.1f} %" if row["chance"] is not None else ""
            rows.append([str(label), row["clients"], row["waves"], value, interval_text(name, row), chance, verdict(row)[0]])
    return headers, rows


@bp.post("/waves/<plan_id>/send/<int:number>")
@requires(Can.CLUB_EDIT)
def send(plan_id: str, number: int) -> ResponseReturnValue:
    """Write to a wave."""
    try:
        with transaction():
            sent = waves.send(plan_id, number, actor=current_actor(), moment=clock.now(), today=today())
            told, unreached = sent.told, sent.unreached
        club_invite_words.say_sent(told, unreached)
    except NotFound:
        raise
    except Refusal as refusal:
        flash(_(refusal.message, **refusal.values), "error")
    return redirect(url_for("club_waves.show", plan_id=plan_id), 303)


@bp.post("/waves/<plan_id>/effect")
@requires(Can.CLUB_EDIT)
def compute(plan_id: str) -> ResponseReturnValue:
    """Look what the invitations changed so far: a job with its progress."""
    plan = waves.plan_of(plan_id)
    try:
        with transaction():
            public_id = club_waves.ask_for(plan.id, current_actor(), clock.now()).public_id
    except Refusal as refusal:
        flash(_(refusal.message, **refusal.values), "error")
        return redirect(url_for("club_waves.show", plan_id=plan_id), 303)
    return redirect(url_for("jobs.job", public_id=public_id), 303)
