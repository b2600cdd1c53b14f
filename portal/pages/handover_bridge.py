"""The picture of what a handover, or all of a period, saved and lost, with its table and its file."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import func, select

from models import db
from models.handovers import Handover
from portal.handover import bridge, verbs
from portal.handover.bridge import Bridge
from portal.local_day import today
from portal.pages.overview import share_text
from portal.pages.taken_out import taken_out
from portal.permissions import Can
from portal.refusals import Refusal
from portal.web.exports import amount
from portal.web.formats import number_text, yuan_text
from portal.web.guard import current_actor, requires
from portal.web.listing import read_day

bp = Blueprint("handover_bridge", __name__, url_prefix="/handovers")


def period_of(args: Any) -> tuple[date, date]:
    """The period that an address asks for; else from the year of the newest handover up to today. Raises Refusal for what is none."""
    newest = db.session.execute(select(func.max(Handover.counts_from))).scalar() or today()
    first, last = (_day(args.get(name, ""), otherwise) for name, otherwise in (("from", min(newest, today()).replace(month=1, day=1)), ("to", today())))
    if last < first:
        raise Refusal("a period begins before it ends: %(first)s is after %(last)s", first=first, last=last)
    return first, last


def _day(text: str, otherwise: date) -> date:
    if not text.strip():
        return otherwise
    try:
        return read_day(text.strip())
    except ValueError as error:
        raise Refusal("“%(given)s” is no date such as 2026-03-31", given=text[:40]) from error


def _steps(found: Bridge) -> list[tuple[str, int | None, int, str, bool]]:
    """Each step: its name, how many clients, what it takes from the bridge (fen), whether that is good, whether it is a total."""
    count = found.clients
    return [
        (_("Equity exposed"), sum(count.values()), found.exposed, "", True),
        (_("Kept"), count["kept"], -found.kept, "good", False),
        (_("Kept in part: still here"), count["partly"], -found.partly_here, "good", False),
        (_("Kept in part: gone"), None, -found.partly_gone, "bad", False),
        (_("Has left"), count["left"], -found.left, "bad", False),
        (_("Outcome still open"), count["open"], found.open, "", True),
    ]


def drawn(found: Bridge, **query: Any) -> dict[str, Any] | None:
    """The picture, its sentence, its table and the address of its file; None where nothing was exposed."""
    if not found.exposed:
        return None
    steps = _steps(found)
    said = _("Of %(exposed)s exposed %(saved)s are saved and %(lost)s lost; of %(open)s it is not known yet.", exposed=yuan_text(found.exposed), saved=yuan_text(found.saved), lost=yuan_text(found.lost), open=yuan_text(found.open))  # fmt: skip
    share = "" if found.saved_share is None else " " + _("Saved of what is known: %(share)s.", share=share_text(found.saved_share))
    return {
        "data": {"unit": "fen", "steps": [{"name": str(name), "value": value, "total": total, "tone": tone} for name, _count, value, tone, total in steps]},
        "sentence": said + share,
        "rows": [(name, "–" if count is None else number_text(count), yuan_text(abs(value))) for name, count, value, _tone, _total in steps],
        "headers": [_("Step"), _("Clients"), _("Equity then")],
        "csv": url_for("handover_bridge.as_file", format="csv", **query),
    }


@bp.get("/bridge")
@requires(Can.HANDOVER_SEE)
def as_file() -> ResponseReturnValue:
    """What one handover (`handover`), or a period, saved and lost, as a file. Raises NotFound for a handover of which one sees no client."""
    actor = current_actor()
    if request.args.get("handover"):
        handover = verbs.handover_for(actor, request.args.get("handover", 0, type=int))
        found, name = bridge.of_handover(handover.id, actor), f"saved-and-lost-{handover.number}"
    else:
        first, last = period_of(request.args)
        found, name = bridge.of_period(first, last, actor), f"saved-and-lost-{first}-{last}"
    rows = [[str(label), count, amount(abs(value))] for label, count, value, _tone, _total in _steps(found)]
    return taken_out("xlsx" if request.args.get("format") == "xlsx" else "csv", name, [_("Step"), _("Clients"), _("Equity then")], rows)
