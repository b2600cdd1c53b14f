"""What explains a change of the firm's sums: in words, and where it can be looked at."""

from __future__ import annotations

from flask_babel import gettext as _

from models.concentration import LimitName
from portal.actors import Actor
from portal.commission.overview import Cut, Note
from portal.departures import limits
from portal.permissions import Can, Scope
from portal.web.guard import current_actor
from portal.web.navigation import href


def note_text(note: Note) -> str:
    """A note in words."""
    sentences = {"plan": _("plan %(what)s has new terms", what=note.what), "close": _("%(what)s was closed", what=note.what), "correction": _("the day was corrected")}
    return str(sentences[note.kind])


def note_href(note: Note) -> str:
    """The page of the plan, the month or the day; empty where the reader may not open it."""
    actor = current_actor()
    if note.kind == "plan":
        return href("plans.plan", plan_code=note.what) if actor.may(Can.PLAN_SEE) else ""
    if note.kind == "close":
        return href("commission.month", period=note.what) if actor.may(Can.MONTH_SEE) else ""
    return href("import_desk.day", day=note.day.isoformat()) if actor.may(Can.IMPORT_SEE) else ""


def broken_limits(actor: Actor, cut: Cut) -> list[tuple[str, str]]:
    """The limits on concentration that are broken, each with its value, where the whole firm is looked at by who sees all of it: they are the firm's."""
    if cut.branch_id is not None or actor.scope(Can.OVERVIEW_SEE) is not Scope.ALL:
        return []
    return [(limits.NAMES[LimitName(row.name)], limits.said(LimitName(row.name), row.value)) for row in limits.broken_now()]
