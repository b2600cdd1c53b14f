"""Name badges to cut out: eight to a page of A4 (tagged PDF, its font inside), in the order in which names are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from flask_babel import gettext as _

from portal.documents.pdf import compiled
from portal.search.words import reading


@dataclass(frozen=True)
class Badge:
    """What stands on a badge: the name, a firm or role, the ticket, its code in letters and as a QR code (SVG)."""

    name: str
    line: str
    ticket: str
    code: str
    picture: str


def badges_of(title: str, when: str, badges: Sequence[Badge], made: datetime, locale: str) -> bytes:
    """The bytes of all badges of an event, in the language of the context."""
    moment = made.astimezone(UTC)
    rows = sorted(badges, key=lambda badge: (reading(badge.name), badge.name, badge.code))
    content = {
        "language": "zh" if locale.startswith("zh") else "en",
        "made": [moment.year, moment.month, moment.day],
        "brand": _("Juyuan"),
        "title": title,
        "when": when,
        "nobody": _("Nobody has a seat yet."),
        "badges": [asdict(badge) | {"says": _("QR code of the ticket %(code)s", code=badge.code)} for badge in rows],
    }
    return compiled("badges.typ", content, int(moment.timestamp()))
