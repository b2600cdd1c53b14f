"""One settled day, from its files to its post."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from portal.imports.context import Context, Result
from portal.imports.kinds import Family, Kind
from portal.imports.received import Received
from portal.imports.steps import Refused, unit
from portal.refusals import Findings, Refusal
from portal.settlement.around import account_ids, around
from portal.settlement.day import DayInput
from portal.settlement.day_checks import check_day, check_rows
from portal.settlement.post_day import FileSeen, Posted, complete, post_day
from portal.settlement.received import received_before

Known = tuple[Kind, Received]


def import_day(day: date, family: Family, files: Sequence[Known], context: Context, findings: Findings, *, dry_run: bool) -> Result:
    """Post one day whole, or refuse it whole. Files are read and parsed before the transaction begins."""
    result = Result("day", str(day), files=len(files))
    if not all(_readable(file, findings) for _, file in files):
        return result
    fresh = _fresh(files)
    taken = list(files) if family.whole and fresh else fresh
    if not fresh:
        result.state = "same_bytes"
        return result
    given = family.read_day(day, taken, findings) if family.read_day else None
    if given is not None and given.left_alone:
        result.detail = {"notes": [f"{kind} left alone: {rows} rows" for kind, rows in sorted(given.left_alone.items())]}
        if given.balances is None and given.trades is None and not findings.refused:
            result.state = "left_alone"
            return result
    if given is None or findings.refused:
        if given is not None:
            check_rows(given, account_ids(), findings)
        return result
    seen = [FileSeen(file.digest, file.name, file.size, kind.name, day if len(kind.days) == 1 else None) for kind, file in fresh if holds_rows(kind, file)]
    try:
        with unit(dry_run):
            _post(given, seen, context, findings, result)
    except Refused:
        result.state = "refused"
    return result


def holds_rows(kind: Kind, file: Received) -> bool:
    """Whether a file has any row: those that have none all look alike, so their bytes cannot say that they came before."""
    data = file.read().strip()
    return (b"\n" in data or b"\r" in data) if kind.family == "own_day" else bool(data)


def _readable(file: Received, findings: Findings) -> bool:
    """Whether the bytes of a file can be read; if not, the file is refused by its own name."""
    try:
        return bool(file.digest)
    except (Refusal, OSError) as error:
        findings.refuse("unreadable_file", file.name, found=error, expected="a file that can be read")
        return False


def _fresh(files: Sequence[Known]) -> list[Known]:
    """The files whose bytes were not posted before. Where all that have rows were, those without rows came before too."""
    before = received_before([file.digest for _, file in files])
    fresh = [(kind, file) for kind, file in files if file.digest not in before]
    if before and not any(holds_rows(kind, file) for kind, file in fresh):
        return []
    return fresh


def _post(given: DayInput, seen: list[FileSeen], context: Context, findings: Findings, result: Result) -> None:
    balances_given = given.balances is not None
    day = complete(given)
    assert day.balances is not None
    assert day.trades is not None
    if day.balances.is_empty():
        findings.refuse("no_balances", day.trade_file, found=day.trade_date, expected="the balances of this day, in the same import or before")
        raise Refused
    known = around(day.trade_date, day.balances["account_no"])
    check_day(day, known, findings, balances_given=balances_given)
    if findings.refused:
        raise Refused
    posted = post_day(day, known.accounts, files=seen, actor=context.actor, moment=context.moment)
    result.rows = day.balances.height + day.trades.height
    result.state = {0: "unchanged", 1: "posted"}.get(posted.version, "corrected")
    if posted.version:
        result.detail = {**preview(posted), **result.detail}


def preview(posted: Posted) -> dict[str, object]:
    """What a day comes to, each as [before, after]; before is None for a new day. Amounts in fen."""
    amounts = {name: [getattr(posted.before, name, None), getattr(posted.after, name)] for name in ("accounts", "trades", "fee", "retained_fee", "equity")}
    return {"version": posted.version, "accounts_changed": posted.changed, "accounts_gone": posted.gone, **amounts}
