"""A paper as a tagged PDF (PDF/UA-1, PDF/A-2a) with its fonts inside: the same paper gives the same bytes.

Nothing of a paper is read as markup: it goes in as JSON. No font of the machine is used, and nothing is fetched. A character that the font does
not have is printed as its number (portal/documents/glyphs.py).
"""

from __future__ import annotations

import json
from datetime import UTC
from threading import Lock
from typing import Any

from flask_babel import gettext as _

from portal.documents.glyphs import legible
from portal.documents.paper import Paper, Section, text_of
from portal.documents.press import pressed

TEMPLATE = "paper.typ"
_ONE_AT_A_TIME = Lock()
"""A compiler is not made for several threads."""


def pdf_of(paper: Paper) -> bytes:
    """The bytes of a paper's PDF, in the language of the application context."""
    moment = paper.made.astimezone(UTC)
    content = {
        "language": paper.language,
        "brand": _("Juyuan"),
        "title": paper.title,
        "number": paper.number,
        "digest": paper.digest,
        "made": [moment.year, moment.month, moment.day],
        "head": [[label, value] for label, value in paper.head],
        "sections": [_section(section) for section in paper.sections],
        "closing": list(paper.closing),
        "picture": {"svg": paper.picture[0], "says": paper.picture[1]} if paper.picture else None,
        "signatures": list(paper.signatures),
        "words": {"number": _("No."), "digest": _("Digest (SHA-256)"), "page": _("Page {page} of {pages}"), "date": _("Date")},
    }
    return compiled(TEMPLATE, content, int(moment.timestamp()))


def compiled(template: str, content: dict[str, Any], timestamp: int) -> bytes:
    """The PDF that a template of templates/print makes of what can be JSON; `timestamp` (seconds) is what the file says of its making."""
    with _ONE_AT_A_TIME:
        return pressed(template, json.dumps(legible(content)), timestamp)


def _section(section: Section) -> dict[str, Any]:
    return {
        "title": section.title,
        "columns": [{"label": column.label, "number": column.number} for column in section.columns],
        "rows": [[text_of(cell) for cell in row] for row in section.rows],
        "sums": sorted(section.sums),
        "notes": list(section.notes),
    }
