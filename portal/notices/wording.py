"""A notice as its reader sees it: the sentence of its kind, filled, in his language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from models.notices import Notice
from portal.notices.kinds import KINDS, Group, Kind
from portal.web.formats import yuan_text

GROUPS = {
    Group.APPROVALS.value: _l("Second person"),
    Group.MONEY.value: _l("Commission and months"),
    Group.DISPUTES.value: _l("Questions and disputes"),
    Group.PLANS.value: _l("Plans"),
    Group.IMPORTS.value: _l("Settlement files"),
    Group.CLIENTS.value: _l("Clients"),
    Group.BROKERS.value: _l("Brokers and rules"),
    Group.CLUB.value: _l("Club"),
    Group.RESEARCH.value: _l("Research and courses"),
    Group.LISTS.value: _l("Ordered lists"),
    Group.SYSTEMS.value: _l("Other systems"),
    Group.DIGEST.value: _l("The notices of a day in one mail"),
    Group.ACCOUNT.value: _l("My sign-in"),
}


@dataclass(frozen=True)
class Line:
    """A notice, worded."""

    id: int
    day: str
    at: datetime
    text: str
    group: object
    tone: str
    unread: bool
    link: str


def line(notice: Notice, zone: ZoneInfo) -> Line:
    """Word a notice. One of a kind that is no more, or whose values do not fill its sentence, says its kind alone."""
    kind = KINDS.get(notice.kind)
    text = notice.kind if kind is None else sentence(kind, notice.values)
    return Line(
        notice.id,
        notice.at.astimezone(zone).date().isoformat(),
        notice.at,
        text,
        GROUPS[kind.group] if kind else "",
        kind.tone if kind else "neutral",
        notice.read_at is None,
        notice.link,
    )


def sentence(kind: Kind, values: dict[str, Any]) -> str:
    """The sentence of a kind, filled."""
    filled = {name: _shown(kind, name, value) for name, value in values.items()}
    try:
        return str(gettext(kind.template)) % filled
    except (KeyError, ValueError, TypeError):
        return str(gettext(kind.label))


def _shown(kind: Kind, name: str, value: Any) -> str:
    if name.endswith("_fen") and isinstance(value, int):
        return yuan_text(value)
    return str(gettext(value)) if name in kind.words and value else str(value)
