"""Statements as text, for tests to change: read a shipped one, edit cells and lines, read it again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from portal.refusals import Findings, Severity
from portal.settlement.ctp.facts import Statement
from portal.settlement.ctp.statement import parse_statement

FILES = Path(__file__).parents[2] / "files" / "ctp"
REAL = "ctp_statement_20230215.gb18030.txt"
NEW = "0087961974_20260304.txt"
OLD = "85199303_20260121.txt"


def page(name: str) -> str:
    """A shipped statement as text, its line ends as they are."""
    return (FILES / name).read_bytes().decode("gb18030")


def read(text: str, *, encoding: str = "gb18030") -> tuple[Statement | None, Findings]:
    """Parse a page given as text."""
    return parse_statement("statement.txt", text.encode(encoding))


def codes(text: str, severity: Severity = Severity.REFUSAL) -> set[str]:
    """The codes of what a page is refused (or warned) for."""
    return {finding.code for finding in read(text)[1].listed if finding.severity is severity}


def replaced(text: str, old: str, new: str) -> str:
    """The page with one text changed; it must be there once."""
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
    return text.replace(old, new)


def amounts(text: str, label: str) -> re.Match[str]:
    """The number after a label of the first 资金状况 block."""
    found = re.search(re.escape(label) + r"[：:]+\s*(-?[\d.]+)", text)
    assert found, label
    return found


def stated(text: str, label: str, amount: str) -> str:
    """The page with another amount after a label."""
    found = amounts(text, label)
    return text[: found.start(1)] + amount + text[found.end(1) :]


def fen_more(amount: str, fen: int = 1) -> str:
    """An amount one fen away."""
    whole, decimals = amount.split(".")
    unit = 10 ** (len(decimals) - 2)
    value = int(whole + decimals) + fen * unit
    sign, digits = ("-" if value < 0 else ""), f"{abs(value):0{len(decimals) + 1}d}"
    return f"{sign}{digits[: -len(decimals)]}.{digits[-len(decimals) :]}"


def money_cells(text: str) -> Iterator[tuple[str, str, int, int]]:
    """Every cell of every table with two or three decimals: its title, head, and where it stands in the page."""
    title, at = "", 0
    heads: list[str] = []
    for line in text.splitlines(keepends=True):
        bare = line.strip()
        if bare.startswith("|"):
            cells = bare[1:-1].split("|")
            heads = heads or [re.sub(r"\s", "", cell) for cell in cells]
            start = at + line.index("|") + 1
            for index, cell in enumerate(cells):
                if re.fullmatch(r"-?\d+\.\d{2,3}", cell.strip()):
                    begin = start + len(cell) - len(cell.lstrip())
                    yield title, heads[index - len(cells)], begin, begin + len(cell.strip())
                start += len(cell) + 1
        elif bare and set(bare) != {"-"}:
            title, heads = bare.split()[0], []
        at += len(line)
