"""Pages: the inbox, and how one wants to be told."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from models.notices import Notice
from portal import clock, local_day
from portal.notices import (
    approvals,  # noqa: F401 - it watches what waits for a second person
    queries,
    verbs,
)
from portal.notices.kinds import KINDS
from portal.notices.wording import GROUPS, Line, line
from portal.permissions import Can
from portal.transaction import transaction
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Field, ListPage, declare, show_list
from portal.web.paging import Filter, Listing
from portal.web.requests import request_id, safe_next

bp = Blueprint("notices", __name__)

LISTING = Listing(
    tiebreak=Notice.id,
    sorts={"id": Notice.id},
    default="-id",
    filters=(
        Filter("show", _l("Which ones"), lambda _text: Notice.read_at.is_(None), choices=(("unread", _l("Unread only")),)),
        Filter("group", _l("Concerning"), queries.of_group, choices=tuple(GROUPS.items())),
    ),
    keyset=True,
)
INBOX = declare(
    ListPage(
        "notices.inbox",
        _l("Notices"),
        LISTING,
        {},
        source=lambda asked: queries.inbox(asked.actor),
        fields=(
            Field("at", _l("When"), lambda row: row.at),
            Field("group", _l("Concerning"), lambda row: str(_worded(row).group)),
            Field("text", _l("Notice"), lambda row: _worded(row).text),
            Field("read_at", _l("Read at"), lambda row: row.read_at),
        ),
        scalars=True,
        file_name="notices",
    )
)


def _worded(notice: Notice) -> Line:
    return line(notice, local_day.zone())


@bp.get("/notices")
@requires(Can.OWN_SETTINGS)
def inbox() -> ResponseReturnValue:
    """What the reader was told, the newest first."""
    return show_list(INBOX, "notices/inbox.html", lines_of=lambda rows: [_worded(row) for row in rows])


@bp.post("/notices/<int:notice_id>/open")
@requires(Can.OWN_SETTINGS)
def open_notice(notice_id: int) -> ResponseReturnValue:
    """Go where a notice leads; it counts as read from now on."""
    with transaction():
        link = verbs.mark_read(notice_id, current_actor(), clock.now()).link
    return redirect(safe_next(link) or url_for("notices.inbox"), 303)


@bp.post("/notices/read-all")
@requires(Can.OWN_SETTINGS)
def read_all() -> ResponseReturnValue:
    """Everything counts as read."""
    with transaction():
        count = verbs.mark_all_read(current_actor(), clock.now())
    flash(ngettext("%(num)s notice is marked as read.", "%(num)s notices are marked as read.", count) if count else _("There was nothing unread."), "success")
    return redirect(url_for("notices.inbox"), 303)


@bp.get("/notices/choices")
@requires(Can.OWN_SETTINGS)
def choices() -> ResponseReturnValue:
    """Of which kinds the reader wants to be told how."""
    quiet = queries.quiet_kinds(current_actor())
    groups = [(label, [(kind, kind.kind not in quiet) for kind in KINDS.values() if kind.group == group and kind.listed]) for group, label in GROUPS.items()]
    return render_template("notices/choices.html", groups=[(label, kinds) for label, kinds in groups if kinds])


@bp.post("/notices/choices")
@requires(Can.OWN_SETTINGS)
def change_choices() -> ResponseReturnValue:
    """Keep the choice: what is ticked is counted at the bell."""
    counted = set(request.form.getlist("counted"))
    with transaction():
        verbs.choose([kind.kind for kind in KINDS.values() if kind.listed and kind.kind not in counted], current_actor(), clock.now(), request_id=request_id())
    flash(_("Your settings are kept."), "success")
    return redirect(url_for("notices.choices"), 303)
