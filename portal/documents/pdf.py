"""A paper as a tagged PDF (PDF/UA-1, PDF/A-2a) with its fonts inside: the same paper gives the same bytes.

Nothing of a paper is read as markup: it goes in as JSON. No font of the machine is used, and nothing is fetched.
"""

from __future__ import annotations

import json
from datetime import UTC
from functools import cache
from threading import Lock
from typing import Any

import typst
from flask_babel import gettext as _
from pylopdf_fonts_zh_cn import sans_path

from portal.documents.paper import Paper, Section, text_of
from portal.settings import ROOT

TEMPLATE = ROOT / "templates" / "print" / "paper.typ"
STANDARDS: Any = ["ua-1", "a-2a"]
_ONE_AT_A_TIME = Lock()
"""A compiler is not made for several threads."""


@cache
def _compiler() -> Any:
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(sans_path().parent)])
    return typst.Compiler(font_paths=fonts, root=str(TEMPLATE.parent))


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
    return compiled(TEMPLATE.name, json.dumps(content), int(moment.timestamp()))


def compiled(template: str, content: str, timestamp: int) -> bytes:
    """The PDF that a template of templates/print makes of some JSON; `timestamp` (seconds) is what the file says of its making."""
    with _ONE_AT_A_TIME:
        made = _compiler().compile((TEMPLATE.parent / template).read_bytes(), format="pdf", sys_inputs={"paper": content}, pdf_standards=STANDARDS, timestamp=timestamp)
    return bytes(made)


def _section(section: Section) -> dict[str, Any]:
    return {
        "title": section.title,
        "columns": [{"label": column.label, "number": column.number} for column in section.columns],
        "rows": [[text_of(cell) for cell in row] for row in section.rows],
        "sums": sorted(section.sums),
        "notes": list(section.notes),
    }
