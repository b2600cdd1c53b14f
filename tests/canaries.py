"""What must never be shown to the wrong person: names, numbers, phones and ID numbers of the firm in tests/rooms/pages/firm.py.

The permission matrix looks for them in every answer that it gets, whatever the page, the method, the person and the form:
HTML, JSON, CSV, XLSX, PDF, and the pages of refusals and faults.
"""

from __future__ import annotations

import io
import re

from pypdf import PdfReader
from python_calamine import CalamineWorkbook
from werkzeug.test import TestResponse

from models.identity import Role
from portal.permissions import Can, Scope, scope_of
from tests.rooms.pages.firm import ACCOUNTS, BROKERS

ANOTHERS = {
    Can.ACCOUNT_SEE: (f"客户{ACCOUNTS['foreign']}", f"C{ACCOUNTS['foreign']}", ACCOUNTS["foreign"]),
    Can.BROKER_SEE: (f"居间人{BROKERS['foreign']}", BROKERS["foreign"]),
}
"""What belongs to the other branch, its broker and its client, by the right to see it."""
OWN = (f"客户{ACCOUNTS['own']}", f"居间人{BROKERS['own']}", f"C{ACCOUNTS['own']}")
"""What a stranger must not see either."""
SEALED = tuple(number for account in (ACCOUNTS["own"], ACCOUNTS["foreign"]) for number in (f"199{account}001", f"9900001970010{account}"))
"""Phones and ID numbers: nobody's page shows them whole."""
REVEALS = {"clients.show_numbers"}
"""Where whoever may unmask them sees them, with a reason that is written down."""


def leaks(response: TestResponse, *, roles: list[Role], stranger: bool, endpoint: str, asked: str) -> list[str]:
    """The canaries in an answer that this person should not see. What the address itself names is no leak."""
    text = readable(response)
    found = [number for number in SEALED if number in text and endpoint not in REVEALS]
    if stranger:
        forbidden = [*OWN, *(canary for canaries in ANOTHERS.values() for canary in canaries)]
    else:
        forbidden = [canary for right, canaries in ANOTHERS.items() if scope_of(roles, right) != Scope.ALL for canary in canaries]
    return found + [canary for canary in forbidden if canary not in asked and _stands(canary, text)]


def _stands(canary: str, text: str) -> bool:
    """Whether it stands there as a word of its own: digits of a number stand in form tokens and digests too."""
    return canary in text and re.search(rf"(?<![\w.-]){re.escape(canary)}(?![\w-])", text) is not None


def readable(response: TestResponse) -> str:
    """The text of an answer, whatever its form, with where it leads."""
    body, kind = response.data, response.content_type or ""
    if body.startswith(b"%PDF"):
        return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(body)).pages)
    if body.startswith(b"PK"):
        book = CalamineWorkbook.from_filelike(io.BytesIO(body))
        return "\n".join(f"{cell}" for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python() for cell in row)
    return f"{response.headers.get('Location', '')}\n{body.decode('utf-8', 'replace')}" if "image" not in kind else ""
