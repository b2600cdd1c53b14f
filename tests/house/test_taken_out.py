"""What leaves as a file is known to the audit log: pages hand out rows by `taken_out`, papers by `paper_out`, lists by the lists' own doors.

Whoever hands a file out is found by what makes one (an attachment, or the helpers that build one), not by what it imports; it must itself write it
down, or be called, in its own file, by nobody who does not.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from portal.settings import ROOT

HELPERS = ("as_file", "as_attachment")
"""They build an attachment and write nothing: whoever calls them is looked at."""
WRITES = ("log.write", "list_files.record", "kept.record_fetch", "making.make", "taken_out", "paper_out")
"""What writes a line into the log, itself or (`making.make`) on the way."""
UNWRITTEN = {
    "portal/web/downloads.py:as_file": "the helper itself",
    "portal/web/downloads.py:as_attachment": "the helper itself",
    "portal/pages/leads_upload.py:empty": "the empty file that is filled in and handed in again",
    "portal/pages/statement_files.py:script": "the script that recomputes a statement: it tells of nobody",
    "portal/pages/receipts.py:script": "the script that checks a receipt: it tells of nobody",
    "portal/pages/introductions.py:qr": "one's own link, for handing out",
    "portal/pages/introductions.py:card": "one's own link, for handing out",
    "portal/pages/club_calendar.py:as_calendar": "an event that is announced",
    "portal/pages/club_duties.py:calendar": "one's own duties",
    "portal/pages/club_lot.py:as_file": "a draw, open to everybody, by numbers without names",
    "portal/pages/club_materials.py:show": "for who holds a seat; who opened it stands with the material itself (portal/club/materials.py)",
    "portal/pages/outbox_shown.py:_file": "the event that hangs on a mail",
    "portal/pages/research.py:pdf_answer": "what the firm publishes",
}
"""Who hands out what nobody needs to answer for, each with its reason: `path:function`."""


def unlogged(sources: dict[str, str]) -> set[str]:
    """Who hands out a file that the log does not know of: `path:function`."""
    return {f"{path}:{name}" for path, source in sources.items() for name in _unlogged(ast.parse(source))}


def _unlogged(tree: ast.Module) -> set[str]:
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    calls = {name: {ast.unparse(one.func) for one in ast.walk(node) if isinstance(one, ast.Call)} for name, node in functions.items()}
    writes = {name for name, called in calls.items() if called & set(WRITES)}
    callers = {name: {other for other, called in calls.items() if name in called and other != name} for name in functions}

    def known(name: str, seen: frozenset[str] = frozenset()) -> bool:
        return name in writes or (bool(callers[name] - seen) and all(known(other, seen | {name}) for other in callers[name] - seen))

    handed_out = {name for name, node in functions.items() if calls[name] & set(HELPERS) or any(_attaches(one) for one in ast.walk(node))}
    return {name for name in handed_out if not known(name)}


def _attaches(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("attachment")


def sources(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in folder.rglob("*.py")}


def test_no_file_leaves_that_the_log_does_not_know() -> None:
    assert unlogged(sources(ROOT / "portal")) == set(UNWRITTEN)


PLANTED = {
    "rows by the helper": "def page():\n    return as_file('csv', 'x', [], [])",
    "a paper by the helper": "def page():\n    return as_attachment(b'', 'application/pdf', 'x.pdf')",
    "an attachment by hand": "def page():\n    return Response(b'', headers={'Content-Disposition': f'attachment; filename={name}'})",
    "a helper that one caller uses unlogged": "def page():\n    log.write()\n    return _out()\ndef other():\n    return _out()\ndef _out():\n    return as_file('csv', 'x', [], [])",
}


@pytest.mark.parametrize("what", PLANTED)
def test_control_who_does_is_named(what: str) -> None:
    assert unlogged({"planted.py": PLANTED[what]}) & {"planted.py:page", "planted.py:_out"}


@pytest.mark.parametrize(
    "source",
    ["def page():\n    log.write()\n    return as_file('csv', 'x', [], [])", "def page():\n    log.write()\n    return _out()\ndef _out():\n    return as_attachment(b'', '', '')"],
)
def test_control_who_writes_it_down_is_not(source: str) -> None:
    assert unlogged({"planted.py": source}) == set()
