"""What leaves as a file is known to the audit log: pages hand out rows by `taken_out`, lists by the lists' own doors."""

from __future__ import annotations

import ast
from pathlib import Path

from portal.settings import ROOT

WITHOUT_ROWS = {"leads_upload.py"}
"""The empty file that is filled in and handed in again."""


def unlogged(sources: dict[str, str]) -> set[str]:
    """The files that take `as_file`, which writes no line into the log, from portal.web.downloads."""
    return {
        name
        for name, source in sources.items()
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and node.module == "portal.web.downloads" and any(alias.name == "as_file" for alias in node.names)
    }


def sources(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.rglob("*.py")}


def test_no_page_hands_out_rows_that_the_log_does_not_know() -> None:
    assert unlogged(sources(ROOT / "portal")) == WITHOUT_ROWS


def test_control_a_page_that_does_is_named() -> None:
    assert unlogged({"planted.py": "from portal.web.downloads import as_file, wants_file"}) == {"planted.py"}
