"""One settled day, from its files to its post."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from typing import Any

from portal.imports.context import Context, Result
from portal.imports.kinds import Family, Kind
from portal.imports.received import Received, read_once
from portal.imports.steps import Refused, unit
from portal.refusals import Findings, Refusal
from portal.settlement.around import account_ids, around
from portal.settlement.day import DayInput, identified
from portal.settlement.day_checks import Known, check_day, check_rows
from portal.settlement.post_day import FileSeen, Posted, complete, foresee, next_version, post_day
from portal.settlement.received import kinds_beside, received_before

Recognised = tuple[Kind, Received]
HEAD_AND_MORE = 1_000_000
"""A file of more bytes than this has rows, or is refused: it need not be read once more to know."""


def import_day(day: date, family: Family, files: Sequence[Recognised], context: Context, findings: Findings, *, dry_run: bool) -> Result:
    """Post one day whole, or refuse it whole. Files are read and parsed before the transaction begins."""
    with read_once([file for _, file in files]):
        return _import_day(day, family, files, context, findings, dry_run=dry_run)


def _import_day(day: date, family: Family, files: Sequence[Recognised], context: Context, findings: Findings, *, dry_run: bool) -> Result:
    result = Result("day", str(day), files=len(files))
    if not all(_readable(file, findings) for _, file in files):
        return result
    fresh, empty_only = _fresh(files)
    taken = list(files) if family.whole and fresh else fresh
    if not fresh:
        result.state = "same_bytes"
        return result
    given = _read(day, family, taken, findings)
    if given is not None:
        result.detail = _aside(given)
    if given is not None and given.left_alone and given.balances is None and given.trades is None and not findings.refused:
        result.state = "left_alone"
        return result
    if given is None or findings.refused:
        if given is not None:
            check_rows(given, account_ids(), findings)
        return result
    seen = [FileSeen(file.digest, file.name, file.size, kind.name, day if len(kind.days) == 1 else None) for kind, file in fresh if holds_rows(kind, file)]
    try:
        with unit(dry_run):
            _post(given, seen, context, findings, result, empty_only=empty_only)
    except Refused:
        result.state = "refused"
    return result


def _read(day: date, family: Family, files: Sequence[Recognised], findings: Findings) -> DayInput | None:
    """What the files say; where they are read without the database, what posting asks of all accounts is fetched from it meanwhile."""
    if family.read_day is None or not family.files_alone:
        return family.read_day(day, files, findings) if family.read_day else None
    with ThreadPoolExecutor(1) as beside:
        read = beside.submit(family.read_day, day, files, findings)
        foresee(day)
        return read.result()


def _aside(given: DayInput) -> dict[str, Any]:
    """What a day's files hold that goes into no sum: kinds that are not read, and rows in another currency. As data, and in words for the terminal."""
    others = given.other_currency
    counted = {} if others is None else dict(sorted(others.group_by("currency").len().iter_rows()))
    left = dict(sorted(given.left_alone.items()))
    notes = [f"{kind} left alone: {rows} rows" for kind, rows in left.items()] + [f"{currency}: {rows} rows kept, in no sum" for currency, rows in counted.items()]
    return {name: value for name, value in (("left_alone", left), ("other_currency", counted), ("notes", notes)) if value}


def holds_rows(kind: Kind, file: Received) -> bool:
    """Whether a file has any row: those that have none all look alike, so their bytes cannot say that they came before."""
    if file.size > HEAD_AND_MORE:
        return True
    data = file.read().strip()
    return (b"\n" in data or b"\r" in data) if kind.family == "own_day" else bool(data)


def _readable(file: Received, findings: Findings) -> bool:
    """Whether the bytes of a file can be read; if not, the file is refused by its own name."""
    try:
        return bool(file.digest)
    except (Refusal, OSError) as error:
        findings.refuse("unreadable_file", file.name, found=error, expected="a file that can be read")
        return False


def _fresh(files: Sequence[Recognised]) -> tuple[list[Recognised], bool]:
    """The files whose bytes were not posted before, and whether none of them has a row although others came before.

    A file without rows came before too, unless one of its kind that had rows was posted together with those that did: then
    only looking at the day says whether "no rows" is what is posted.
    """
    before = received_before([file.digest for _, file in files])
    fresh = [(kind, file) for kind, file in files if file.digest not in before]
    if not before or any(holds_rows(kind, file) for kind, file in fresh):
        return fresh, False
    beside = kinds_beside(before.values())
    return (fresh, True) if any(kind.name in beside for kind, _ in fresh) else ([], False)


def _post(given: DayInput, seen: list[FileSeen], context: Context, findings: Findings, result: Result, *, empty_only: bool) -> None:
    balances_given = given.balances is not None
    day = complete(given)
    assert day.balances is not None
    assert day.trades is not None
    if day.balances.is_empty():
        findings.refuse("no_balances", day.trade_file, found=day.trade_date, expected="the balances of this day, in the same import or before")
        raise Refused
    identified(day, account_ids())
    known = around(day.trade_date, day.balances["account_id"])
    if empty_only and _is_posted(day, known, findings, balances_given=balances_given):
        result.state = "same_bytes"
        return
    result.rows = day.balances.height + day.trades.height
    with ThreadPoolExecutor(1) as beside:
        # A day hardly ever is refused here, so its rows go in while it is checked; a finding throws them away with the transaction.
        judged = beside.submit(check_day, replace(day), known, findings, balances_given=balances_given)
        try:
            posted = post_day(day, files=seen, actor=context.actor, moment=context.moment)
        finally:
            judged.result()
            if findings.refused:
                raise Refused
    result.state = {0: "unchanged", 1: "posted"}.get(posted.version, "corrected")
    if posted.version:
        result.detail = {**preview(posted), **result.detail}


def _is_posted(day: DayInput, known: Known, findings: Findings, *, balances_given: bool) -> bool:
    """Whether a day holds together and is what is posted already; only then are its warnings added."""
    own = Findings()
    check_day(day, known, own, balances_given=balances_given)
    if own.refused or next_version(day).number:
        return False
    findings.extend(own)
    return True


def preview(posted: Posted) -> dict[str, object]:
    """What a day comes to, each as [before, after]; before is None for a new day. Amounts in fen."""
    amounts = {name: [getattr(posted.before, name, None), getattr(posted.after, name)] for name in ("accounts", "trades", "fee", "retained_fee", "equity")}
    return {"version": posted.version, "accounts_changed": posted.changed, "accounts_gone": posted.gone, **amounts}
