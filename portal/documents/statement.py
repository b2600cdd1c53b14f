"""A broker's monthly statement as PDF, XLSX, CSV and JSON, all made from its machine-readable file (portal/commission/pack.py).

Each function reads only and returns bytes; call it outside a transaction that writes. The same run gives the same bytes.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from flask_babel import force_locale
from flask_babel import gettext as _

from models import db
from models.commission import CommissionRun
from models.partners import Broker, BrokerVersion
from portal.commission.pack import canonical, statement_no, statement_pack
from portal.commission.pack_months import LINE_COLUMNS
from portal.commission.statement import COLUMNS
from portal.documents.paper import Cell, Column, Fen, Paper, Section
from portal.documents.pdf import pdf_of
from portal.documents.sheets import xlsx_of
from portal.pages import words
from portal.versions import current
from portal.web.exports import Cell as Plain
from portal.web.exports import amount, csv_lines

Form = Literal["pdf", "xlsx", "csv", "json"]
FORMS: dict[str, str] = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
}
SCRIPT = Path(__file__).with_name("check_statement.py")
LINES_ON_PAPER = 2_000
"""So many lines are printed; more are named with where they stand. XLSX takes LINES_IN_A_SHEET."""
LINES_IN_A_SHEET = 20_000


@cache
def offered_script() -> tuple[bytes, str]:
    """The script that recomputes a statement, and its SHA-256."""
    body = SCRIPT.read_bytes()
    return body, hashlib.sha256(body).hexdigest()


def statement_document(run: CommissionRun, broker: Broker, locale: str, form: Form) -> bytes:
    """A broker's statement of a run in a language (zh_Hans_CN or en) and a form. Raises NotFound where he has none."""
    return _written(statement_pack(run, broker), run, broker, locale, form)


def statement_documents(run: CommissionRun, broker: Broker, locale: str) -> dict[Form, bytes]:
    """All forms of a statement, the same bytes as one by one; what is behind them is gathered once. Raises NotFound."""
    pack, forms = statement_pack(run, broker), get_args(Form)
    return {form: _written(pack, run, broker, locale, form) for form in forms}


def _written(pack: dict[str, Any], run: CommissionRun, broker: Broker, locale: str, form: Form) -> bytes:
    if form == "json":
        return canonical(pack)
    with force_locale(locale):
        if form == "csv":
            return b"".join(csv_lines(LINE_COLUMNS, (_plain(line) for line in pack["lines"])))
        limit = LINES_ON_PAPER if form == "pdf" else LINES_IN_A_SHEET
        paper = statement_paper(pack, name_of(run, broker), locale, limit)
        return pdf_of(paper) if form == "pdf" else xlsx_of(paper)


def file_name(run: CommissionRun, broker: Broker, form: Form) -> str:
    """What a browser saves it as."""
    return f"statement-{statement_no(run, broker)}.{form}"


def name_of(run: CommissionRun, broker: Broker) -> str:
    """The broker's name as known to the run."""
    return str(db.session.execute(current(BrokerVersion, run.known_recording_id, BrokerVersion.broker_id == broker.id)).scalar_one().name)


def _plain(line: list[Any]) -> list[Plain]:
    """A line for CSV: amounts in yuan, exactly."""
    return [amount(value) if name in {"part", "amount"} else value for name, value in zip(LINE_COLUMNS, line, strict=True)]


def statement_paper(pack: dict[str, Any], name: str, locale: str, limit: int = LINES_ON_PAPER) -> Paper:
    """The statement as a paper, in the language of the context."""
    head, lines = pack["statement"], [dict(zip(LINE_COLUMNS, line, strict=True)) for line in pack["lines"]]
    facts = (
        (_("For"), f"{name} ({pack['broker']['broker_no']})"),
        (_("Month"), head["period"]),
        (_("State"), _("Closed") if head["state"] == "closed" else _("Open: a preview")),
        (_("Settled up to"), (pack["months"][0]["settled_days"] or ["–"])[-1]),
        (_("Settled days"), str(len(pack["months"][0]["settled_days"]))),
        (_("Lines"), str(len(lines))),
    )
    sections = [_totals(pack), _by_kind(lines), _unpaid(lines), _by_account(lines), _corrections(pack, lines), _adjustments(pack), _tiers(pack), _lines(lines, limit)]
    return Paper(
        name="statement",
        language="zh" if locale.startswith("zh") else "en",
        title=_("Commission statement"),
        number=head["no"],
        digest=pack["digest"],
        made=datetime.fromisoformat(head["closed_at"] or head["computed_at"]),
        head=facts,
        sections=tuple(section for section in sections if section.rows or section.notes),
        signatures=(_("For the firm"), _("Broker")),
        closing=(
            _("Amounts are yuan of CNY, exact to the fen; each line is rounded once, halves away from zero."),
            _("The digest is that of the machine-readable file of this statement. With it and the script offered beside it every line and total here can be computed again."),
            _("Digest of the month's books: %(digest)s", digest=head["books_digest"]),
        ),
    )


def _totals(pack: dict[str, Any]) -> Section:
    rows: list[tuple[Cell, ...]] = [(str(words.COLUMNS[name]), Fen(pack["totals"][name])) for name in COLUMNS]
    notes = []
    if pack["totals"]["reserve"]:
        notes.append(_("The reserve held back comes back in %(period)s.", period=pack["totals"]["reserve_release_period"]))
    if pack["totals"]["payable"] < 0:
        notes.append(_("The payable is negative: it is carried over to the next month."))
    sums = frozenset(place for place, name in enumerate(COLUMNS) if name in {"payable", "net"})
    return Section(_("The month in its order"), (Column(_("Step")), Column(_("Amount (yuan)"), number=True)), tuple(rows), sums, tuple(notes))


def _by_kind(lines: list[dict[str, Any]]) -> Section:
    own = [line for line in lines if not line["origin"]]
    counts, sums = Counter(line["kind"] for line in own), _sums(own, "kind")
    rows = tuple((str(words.KINDS[kind]), counts[kind], Fen(sums[kind])) for kind in words.KINDS if counts[kind])
    total = ((_("Earned"), len(own), Fen(sum(sums.values()))),) if rows else ()
    return Section(_("Earned, by what it is paid on"), (Column(_("Paid on")), Column(_("Lines"), True), Column(_("Amount (yuan)"), True)), (*rows, *total), frozenset({len(rows)}))


def _unpaid(lines: list[dict[str, Any]]) -> Section:
    counts = Counter(line["reason"] for line in lines if line["reason"] and not line["origin"])
    rows = tuple((str(words.REASONS[reason]), count) for reason, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
    return Section(_("What pays 0 this month, and why"), (Column(_("Reason")), Column(_("Lines"), True)), rows)


def _sums(lines: list[dict[str, Any]], name: str) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for line in lines:
        found[line[name]] += line["amount"]
    return found


def _by_account(lines: list[dict[str, Any]]) -> Section:
    own, corrected = _sums([line for line in lines if not line["origin"]], "account"), _sums([line for line in lines if line["origin"]], "account")
    counts = Counter(line["account"] for line in lines)
    accounts = sorted((account for account in counts if account), key=lambda account: (-(own[account] + corrected[account]), account))
    rows: list[tuple[Cell, ...]] = [(account, counts[account], Fen(own[account]), Fen(corrected[account])) for account in accounts]
    if counts[None]:
        rows.append((_("Without an account (rounding)"), counts[None], Fen(own[None]), Fen(corrected[None])))  # type: ignore[index]
    rows.append((_("Together"), len(lines), Fen(sum(own.values())), Fen(sum(corrected.values()))))
    columns = (Column(_("Account")), Column(_("Lines"), True), Column(_("Earned"), True), Column(_("Corrections"), True))
    return Section(_("By account"), columns, tuple(rows), frozenset({len(rows) - 1}))


def _corrections(pack: dict[str, Any], lines: list[dict[str, Any]]) -> Section:
    sums, levels = _sums([line for line in lines if line["origin"]], "origin"), dict(pack["levels"])
    rows = tuple((origin, Fen(sums.get(origin, 0)), Fen(levels.get(origin, 0)), Fen(sums.get(origin, 0) + levels.get(origin, 0))) for origin in sorted(sums.keys() | levels.keys()))
    columns = (Column(_("Month corrected")), Column(_("Lines"), True), Column(_("Cap or guarantee"), True), Column(_("Together"), True))
    return Section(_("Corrections of closed months"), columns, rows)


def _adjustments(pack: dict[str, Any]) -> Section:
    rows = tuple((str(words.ADJUSTMENTS.get(reason, reason)), note or "–", Fen(fen)) for fen, reason, note in pack["adjustments"])
    rows += tuple((_("Reserve released"), origin or _("of months still open"), Fen(fen)) for origin, fen in pack["release"])
    return Section(_("Adjustments and releases"), (Column(_("Reason")), Column(_("Note")), Column(_("Amount (yuan)"), True)), rows)


def _tiers(pack: dict[str, Any]) -> Section:
    rows = tuple((period, plan, version, summed, days, Fen(total) if total else None) for period, plan, version, summed, days, total in pack["tiers"])
    columns = (Column(_("Month")), Column(_("Plan")), Column(_("Version since")), Column(_("Sum measured"), True), Column(_("Settled days"), True), Column(_("Total T"), True))
    notes = (_("The sum is in fen of retained fee, fen of equity over all days, or millionths of a lot, as the plan measures."),) if rows else ()
    return Section(_("Steps of the plan"), columns, rows, frozenset(), notes)


def _lines(lines: list[dict[str, Any]], limit: int) -> Section:
    columns = (
        Column(_("Trade date")),
        Column(_("Account")),
        Column(_("Paid on")),
        Column(_("Product")),
        Column(_("Broker's part"), True),
        Column(_("Amount (yuan)"), True),
        Column(_("Result")),
        Column(_("Corrects")),
    )
    shown = sorted(lines, key=lambda line: (line["origin"], line["day"] or "", line["account"] or "", line["kind"], line["exchange"] or "", line["product"] or ""))
    rows = tuple(
        (
            line["day"] or "–",
            line["account"] or "–",
            str(words.KINDS[line["kind"]]),
            f"{line['exchange']}.{line['product']}" if line["product"] else "–",
            None if line["part"] is None else Fen(line["part"]),
            Fen(line["amount"]),
            str(words.REASONS[line["reason"]]),
            line["origin"] or "–",
        )
        for line in shown[:limit]
    )
    more = (_("%(count)s of %(all)s lines are shown here; all of them stand in the CSV and the machine-readable file.", count=limit, all=len(lines)),) if len(lines) > limit else ()
    return Section(_("Lines"), columns, rows, frozenset(), more)
