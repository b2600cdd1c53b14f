"""Pages: the search, as a page of its own and as what the command menu shows while one types."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from portal.commission.queries import last_settled_day
from portal.keys import keyring
from portal.local_day import today
from portal.permissions import Can
from portal.search.actions import actions
from portal.search.events import events
from portal.search.find import Asked, Group, find, holds_whole_number
from portal.search.pages import pages
from portal.web.guard import current_actor, requires

bp = Blueprint("search", __name__)

LONGEST = 80
KINDS = {
    "pages": (_l("Go to"), "window"),
    "actions": (_l("Begin"), "lightning"),
    "clients": (_l("Clients"), "people"),
    "leads": (_l("Leads"), "person-plus"),
    "brokers": (_l("Introducing brokers"), "person-badge"),
    "statements": (_l("Statements"), "file-earmark-text"),
    "months": (_l("Months"), "calendar3"),
    "plans": (_l("Plans"), "sliders"),
    "staff": (_l("Staff"), "person"),
    "branches": (_l("Branches"), "building"),
    "files": (_l("Settlement files"), "box-arrow-in-down"),
    "events": (_l("Club events"), "calendar-event"),
}
"""What each kind of thing is called, and its icon: icon="window" icon="person-badge" icon="sliders" icon="person" icon="building" icon="lightning"."""


@bp.route("/search", methods=["GET", "POST"])
@requires(Can.OWN_SETTINGS)
def page() -> ResponseReturnValue:
    """What is found, as a page; works without scripts. Words are asked for by an address, whole phone and ID numbers never."""
    text = _asked()
    number = holds_whole_number(text)
    if request.method == "POST" and not number:
        return redirect(url_for("search.page", q=text or None), 303)
    held_back = number and request.method == "GET"
    return render_template("search/page.html", text="" if held_back else text, held_back=held_back, groups=_groups(text) if text and not held_back else [], kinds=KINDS)


@bp.post("/search/quick")
@requires(Can.OWN_SETTINGS)
def quick() -> ResponseReturnValue:
    """What is found, as the part of a page that the command menu shows."""
    text = _asked()
    return render_template("search/quick.html", text=text, groups=_groups(text), kinds=KINDS)


def _asked() -> str:
    return " ".join(request.values.get("q", "").split())[:LONGEST]


def _groups(text: str) -> list[Group]:
    actor = current_actor()
    ways = [group for group in (pages(actor, text), actions(actor, text), events(actor, text)) if group.hits]
    return [*ways, *(find(Asked(text, actor, last_settled_day() or today(), keyring())) if text else [])]
