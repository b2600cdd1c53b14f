"""`flask statements`: read clients' own settlement statements and hold them against the books. Nothing is stored."""

from __future__ import annotations

from pathlib import Path

import click
from flask.cli import AppGroup
from flask_babel import gettext as _

from models.values.money import yuan
from models.values.rates import decimal_text
from portal.refusals import Finding, Findings
from portal.settlement.cfmmc_statement import parse_investor_statement, recognises
from portal.settlement.ctp.compare import Books, compare
from portal.settlement.ctp.facts import Statement
from portal.settlement.ctp.queries import Key, posted_books
from portal.settlement.ctp.statement import parse_statement
from portal.settlement.ctp.wording import SENTENCES

group = AppGroup("statements", help="Clients' own settlement statements.")

SHOWN = ("previous_balance", "deposit_withdrawal", "realized_pnl", "mtm_pnl", "total_pnl", "floating_pnl", "fee", "balance", "equity", "margin", "available")

Checked = tuple[Statement | None, Findings]


@group.command("check")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check_statements(files: tuple[Path, ...]) -> None:
    """Check that each FILE adds up, and compare it with the posted books of its account and day. Exit 1 if one is refused."""
    checked = [_parse(path.name, path.read_bytes()) for path in files]
    books = posted_books([key for statement, _findings in checked if statement and (key := _key(statement))])
    for path, (statement, findings) in zip(files, checked, strict=True):
        _print(path, statement, findings, books)
    if any(findings.refused for _statement, findings in checked):
        raise SystemExit(1)


def _parse(name: str, data: bytes) -> Checked:
    """An investor statement of the market monitor is a workbook; anything else is read as a CTP statement."""
    return parse_investor_statement(name, data) if recognises(name, data[:4096]) else parse_statement(name, data)


def _key(statement: Statement) -> Key | None:
    """What to look up: a statement of many days has no books of its own."""
    return (statement.account_no, statement.first_day) if statement.daily else None


def _print(path: Path, statement: Statement | None, findings: Findings, books: dict[Key, Books]) -> None:
    key = _key(statement) if statement and not findings.refused else None
    posted = books.get(key) if key else None
    if statement and posted:
        findings.extend(compare(statement, posted))
    verdict = _("refused") if findings.refused else _("adds up")
    click.echo(f"{path}: {verdict} ({_('%(refusals)d refusals, %(warnings)d warnings', refusals=findings.refused, warnings=findings.warned)})")
    if statement:
        _print_facts(statement, compared=bool(posted))
    for finding in findings.listed:
        click.echo(f"  {_sentence(finding)}")


def _print_facts(statement: Statement, *, compared: bool) -> None:
    days = str(statement.first_day) if statement.daily else f"{statement.first_day} – {statement.last_day}"
    click.echo(f"  {statement.account_no}  {days}")
    for block in statement.blocks:
        risk = "–" if block.risk_degree is None else f"{decimal_text(block.risk_degree, 2)}%"
        names = [name for name in SHOWN if name in block.amounts]
        click.echo(f"  {block.currency}  " + "  ".join(f"{name}={yuan(block[name])}" for name in names) + f"  risk_degree={risk}")
    tables = ("funds", "trades", "closed", "detail", "positions")
    click.echo("  " + "  ".join(f"{name}={len(getattr(statement, name))}" for name in tables))
    if not compared:
        click.echo("  " + _("Not compared: no books of that account and day are posted, or the statement is of several days or refused."))


def _sentence(finding: Finding) -> str:
    place = " ".join(part for part in (f"{finding.line}:" if finding.line else "", finding.field) if part)
    sides = _("found %(found)s, expected %(expected)s", found=finding.found or "–", expected=finding.expected or "–")
    return f"{finding.severity.value} {finding.code} {place} {SENTENCES[finding.code]} {sides}"
