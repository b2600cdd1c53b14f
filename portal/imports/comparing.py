"""The job that holds clients' statements and lists of the back office against the books. Nothing of the books changes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import polars as pl

from portal import clock
from portal.imports.receive import Handed, add
from portal.imports.received import Received
from portal.jobs.handlers import Work, handler
from portal.permissions import Can
from portal.refusals import Findings
from portal.settlement import against, comparisons
from portal.settlement.back_office_tables import BALANCE_LIST, FEE_LIST
from portal.settlement.cfmmc_statement import parse_investor_statement, recognises
from portal.settlement.comparisons import Paper
from portal.settlement.ctp.statement import parse_statement
from portal.transaction import transaction

COMPARE = "comparisons.run"
"""The kind of the job. Its uploads are the papers."""
LISTED = 200
"""So many findings of a paper are kept."""
SPREADSHEETS = (".csv", ".xls", ".xlsx")


@handler(COMPARE)
def compare(work: Work) -> dict[str, Any]:
    """Compare each paper and keep what came of it, one transaction a paper."""
    work.actor.need(Can.IMPORT_FILES)
    handed, findings = Handed(), Findings()
    for name, content in work.uploads():
        add(Received(name, len(content), partial(bytes, content)), lambda _: True, handed, findings)
    kept: list[int] = []
    for place, file in enumerate(handed.files):
        work.progress(file.name, place, len(handed.files))
        for paper, lines in read(file):
            with transaction():
                kept.append(comparisons.keep(paper, lines, work.actor, clock.now(), work.public_id).id)
    refused = [{"file": one.file, "code": one.code, "found": one.found} for one in findings.listed[:LISTED]]
    return {"comparisons": kept, "refused": refused}


def read(file: Received) -> Iterator[tuple[Paper, pl.DataFrame]]:
    """What a file says beside the books; a workbook with several lists gives one comparison each."""
    content = file.read()
    if recognises(file.name, content[:4096]) or not file.base.lower().endswith(SPREADSHEETS):
        yield _statement(file, content)
        return
    findings = Findings()
    found = against.of_lists([(file.name, content)], findings)
    for title, there in found.items():
        # A list of balances or of fees is the firm's whole day; fills are exported by exchange, so what they leave out says nothing.
        lines = against.compared(there, whole=title in {BALANCE_LIST.title, FEE_LIST.title}, fills=title != BALANCE_LIST.title)
        yield Paper(title, file.name, file.digest, findings.listed[:LISTED]), lines
    if not found:
        yield Paper("list", file.name, file.digest, findings.listed[:LISTED]), nothing()


def _statement(file: Received, content: bytes) -> tuple[Paper, pl.DataFrame]:
    monitor = recognises(file.name, content[:4096])
    statement, findings = parse_investor_statement(file.name, content) if monitor else parse_statement(file.name, content)
    kind = "cfmmc" if monitor else "ctp"
    if statement is not None and not statement.daily:
        findings.warn("several_days", file.name, found=f"{statement.first_day} – {statement.last_day}", expected=str(statement.first_day))
    if statement is None or not statement.daily or findings.refused:
        return Paper(kind, file.name, file.digest, findings.listed[:LISTED]), nothing()
    lines = against.compared(against.of_statement(statement), whole=False, fills=True)
    return Paper(kind, file.name, file.digest, findings.listed[:LISTED]), lines


def nothing() -> pl.DataFrame:
    """No line: the paper could not be compared, and its findings say why."""
    return pl.DataFrame(schema=against.LINES)
