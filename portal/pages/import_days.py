"""What an import's summary says of its files and days, laid out for lists."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import polars as pl
from flask_babel import lazy_gettext as _l

from portal.pages import words
from portal.web.exports import amount
from portal.web.list_pages import Field
from portal.web.paging import Column, Filter, Listing, columns

PARTS = ("accounts", "trades", "fee", "retained_fee", "equity")
SCHEMA = {"day": pl.String, "outcome": pl.String, "version": pl.Int64, "changed": pl.Int64, "gone": pl.Int64}
SCHEMA |= {f"{part}_{when}": pl.Int64 for part in PARTS for when in ("before", "after")}
COLUMNS = columns(
    Column("day", _l("Trade date"), sort=True),
    Column("outcome", _l("Result")),
    Column("accounts", _l("Accounts"), number=True),
    Column("fee", _l("Fee"), number=True),
    Column("retained_fee", _l("Retained fee"), number=True),
    Column("equity", _l("Equity"), number=True),
)
LISTING = Listing(
    tiebreak="row",
    sorts={"day": "day"},
    default="day",
    filters=(Filter("outcome", _l("Result"), lambda text: pl.col("outcome") == text, choices=tuple((name, label) for name, (label, _tone) in words.OUTCOMES.items())),),
)


def days(summary: dict[str, Any]) -> pl.DataFrame:
    """One row a day: what becomes of it, and its totals before and after (fen)."""
    details = summary.get("details", {})
    rows = [_row(day, outcome, details.get(day, {})) for outcome, names in summary.get("days", {}).items() for day in names]
    return pl.DataFrame(rows, schema=SCHEMA).sort("day")


def _row(day: str, outcome: str, detail: dict[str, Any]) -> dict[str, Any]:
    row = {"day": day, "outcome": outcome, "version": detail.get("version"), "changed": detail.get("accounts_changed"), "gone": detail.get("accounts_gone")}
    for part in PARTS:
        row[f"{part}_before"], row[f"{part}_after"] = detail.get(part, (None, None))
    return row


def files(summary: dict[str, Any]) -> list[tuple[str, dict[str, int], str]]:
    """Each kind of file that is no day: its name, its counts, and its outcome where that says more than they do."""
    outcomes = {PurePosixPath(name).name.lower(): state for state in ("refused", "same_bytes", "waiting") for name in summary.get(state, [])}
    return [(name, counts, outcomes.get(name, "")) for name, counts in summary.get("kinds", {}).items() if name != "day"]


def asides(summary: dict[str, Any]) -> list[tuple[str, str, str, int]]:
    """What files of days hold that goes into no sum: the day, `left_alone` or `other_currency`, the kind of file or the currency, and how many rows."""
    details = {day: detail for day, detail in summary.get("details", {}).items() if isinstance(detail, dict)}
    return [(day, what, name, rows) for day, detail in sorted(details.items()) for what in ("left_alone", "other_currency") for name, rows in detail.get(what, {}).items()]


def all_refused(summary: dict[str, Any]) -> bool:
    """Whether nothing would be brought in: what is not refused was received before."""
    still = {"refused", "same_bytes"}
    return bool(summary.get("refusals")) and set(summary.get("days", {})) <= still and all(outcome in still for _kind, _counts, outcome in files(summary))


def nothing_new(summary: dict[str, Any]) -> bool:
    """Whether everything that was handed in had been received before."""
    outcomes = set(summary.get("days", {}))
    others = any(counts.get(name) for _kind, counts, _outcome in files(summary) for name in ("new", "changed", "vanished"))
    came_before = bool(summary.get("same_bytes")) or "same_bytes" in outcomes
    return came_before and outcomes <= {"same_bytes"} and not others and not summary.get("refused") and not summary.get("waiting")


def _total(part: str, when: str) -> Field:
    name, counted = f"{part}_{when}", part in {"accounts", "trades"}
    return Field(name, name, lambda row: row[name] if counted else amount(row[name]))


FIELDS = (
    Field("day", _l("Trade date"), lambda row: row["day"], "trade_date"),
    Field("outcome", _l("Result"), lambda row: str(words.OUTCOMES[row["outcome"]][0]), "result"),
    *(_total(part, when) for part in PARTS for when in ("before", "after")),
)
"""The columns of the days as a file."""
