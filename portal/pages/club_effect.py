"""What an event did: who came, what it cost, and what became of the invited beside those held out, or beside others who were alike."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from models.club import ClubEvent
from models.club_invites import EventEffect
from models.values.money import parse_yuan
from portal import clock
from portal.club import costs, events, invites, tiers, turnout
from portal.jobs import club_effect
from portal.pages import club_invite_words, club_matched_words, club_member_words, club_words
from portal.pages.club_invite_words import ARMS, CLASSES, COSTS, MEASURES, difference_text, interval_text, value_text, verdict
from portal.pages.taken_out import taken_out
from portal.permissions import Can
from portal.refusals import NotFound, Refusal
from portal.risk import effects, methods
from portal.risk.comparing import FEWEST, cost_per
from portal.transaction import transaction
from portal.web.downloads import wants_file
from portal.web.exports import Cell
from portal.web.guard import current_actor, requires

bp = Blueprint("club_effect", __name__, url_prefix="/club/events")


@bp.get("/<event_key>/effect")
@requires(Can.CLUB_SEE)
def show(event_key: str) -> ResponseReturnValue:
    """The figures of one event."""
    event = events.event_for(current_actor(), event_key)
    known = next(iter(effects.newest([event.id])), None)
    if wants_file():
        return taken_out(wants_file(), "event-effect", *_file(known))
    return _page(event, known)


def _page(event: ClubEvent, known: EventEffect | None, fault: str = "", status: int = 200) -> ResponseReturnValue:
    actor, moment = current_actor(), clock.now()
    figures, sessions = turnout.of_event(event, moment), events.sessions_of(event.id)
    windows = sorted(known.result["windows"].items(), key=lambda one: int(one[0])) if known else []
    told = {
        "figures": figures,
        "per_head": figures.cost // figures.came if figures.came and figures.cost else None,
        "per_yuan": _per_yuan(figures.cost, windows),
        "lines": costs.of_event(event.id),
        "lists": invites.of_event(event.id),
        "over": bool(sessions) and sessions[-1].ends_at <= moment,
    }
    named = {"kinds": COSTS, "measures": MEASURES, "arms": ARMS, "fewest": FEWEST, "words": club_words, "say": club_invite_words}
    paired = {"counts": methods.of_events([event.id])[event.id], "paired": club_matched_words}
    shown = {"windows": windows, "known": known, "groups": _groups(windows, scores=actor.may(Can.RISK_SEE)), "picture": club_invite_words.picture(windows)}
    rights = {"may_edit": actor.may(Can.CLUB_EDIT), "typed": request.form, "fault": fault}
    return render_template("club/effect.html", event=event, **told, **named, **paired, **shown, **rights), status


def _per_yuan(cost: int, windows: list[Any]) -> tuple[float, float, float | None] | None:
    """What a yuan that inviting kept or brought has cost, by the longest window; None where it cannot be told."""
    return cost_per(cost, effects.gained(windows[-1][1])) if windows and cost else None


def _groups(windows: list[Any], *, scores: bool) -> list[tuple[str, Any]]:
    """Who is still active, by tier, and for who may see scores by class of cause; by the longest window."""
    names = {tier.key: club_member_words.name(tier) for tier in tiers.all_tiers()} | {"": _("No tier")}
    rows = windows[-1][1]["groups"] if windows else []
    return [(names.get(key, key) if by == "tier" else str(CLASSES[key]), row) for by, key, row in rows if by == "tier" or scores]


def _file(known: EventEffect | None) -> tuple[list[str], list[list[Cell]]]:
    headers = [_("Days after the event"), _("What is measured"), _("Clients invited"), _("Clients held out"), _("Of the invited"), _("Of the held out")]
    headers += [_("Invited less held out"), _("Interval, 95 per cent sure"), _("What it tells")]
    rows: list[list[Cell]] = []
    for window, found in sorted(known.result["windows"].items(), key=lambda one: int(one[0])) if known else []:
        for name, label in MEASURES.items():
            row = found[name]
            values = [value_text(name, row["of_invited"]), value_text(name, row["of_held"]), difference_text(name, row)]
            rows.append([int(window), str(label), row["invited"], row["held"], *values, interval_text(name, row), verdict(row, FEWEST)[0]])
    return headers, rows + (club_matched_words.file_rows(known.result["matched"]) if known and "matched" in known.result else [])


@bp.post("/<event_key>/effect")
@requires(Can.CLUB_EDIT)
def compute(event_key: str) -> ResponseReturnValue:
    """Look again what became of everybody: a job with its progress."""
    event = events.event_for(current_actor(), event_key)
    try:
        with transaction():
            public_id = club_effect.ask_for(event.id, current_actor(), clock.now()).public_id
    except Refusal as refusal:
        flash(_(refusal.message, **refusal.values), "error")
        return redirect(url_for("club_effect.show", event_key=event_key), 303)
    return redirect(url_for("jobs.job", public_id=public_id), 303)


@bp.post("/<event_key>/costs")
@requires(Can.CLUB_EDIT)
def cost(event_key: str) -> ResponseReturnValue:
    """Write a line of cost, or take one back."""
    event, actor, moment = events.event_for(current_actor(), event_key), current_actor(), clock.now()
    number, typed = request.form.get("take_back", ""), request.form
    try:
        with transaction():
            if number:
                costs.take_back(event.id, int(number) if number.isascii() and number.isdigit() and len(number) < 18 else 0, actor=actor, moment=moment)
            else:
                costs.record(event.id, typed.get("kind", ""), _amount(), _minutes(), typed.get("note", ""), actor=actor, moment=moment)
        flash(_("The cost is taken back.") if number else _("The cost is kept."), "success")
    except NotFound:
        raise
    except Refusal as refusal:
        found = events.event_for(current_actor(), event_key)
        return _page(found, next(iter(effects.newest([found.id])), None), _(refusal.message, **refusal.values), refusal.status)
    return redirect(url_for("club_effect.show", event_key=event_key) + "#costs", 303)


def _amount() -> int:
    try:
        return parse_yuan(request.form.get("amount", "").strip().replace(",", ""))
    except ValueError as error:
        raise Refusal("an amount is written like 1200.00") from error


def _minutes() -> int:
    """Hours with at most one decimal, in minutes. Raises Refusal."""
    text = request.form.get("hours", "").strip()
    whole, _dot, part = text.partition(".")
    if not text:
        return 0
    if not (whole.isascii() and whole.isdigit() and len(whole) < 5 and (not part or (part.isascii() and part.isdigit() and len(part) == 1))):
        raise Refusal("hours are written like 12 or 12.5")
    return int(whole) * 60 + int(part or 0) * 6
