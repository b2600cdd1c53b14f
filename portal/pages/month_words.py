"""The month-end desk's words: what each block says and where it is mended, what is remarkable about a broker's month."""

from __future__ import annotations

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from portal.audit.wording import ADJUSTMENT_REASONS
from portal.commission.blocks import Block
from portal.commission.look import Looked
from portal.commission.outliers import Outlier
from portal.pages import words
from portal.web.formats import yuan_text
from portal.web.navigation import href

FLAGS = {
    "stands_out": (_l("Stands out"), "warn"),
    "in_the_firm": (_l("Unlike the firm"), "warn"),
    "new": (_l("New"), "info"),
    "gone": (_l("Gone"), "warn"),
    "earns_nothing": (_l("Earns nothing"), "warn"),
    "capped": (_l("Capped"), "neutral"),
    "guaranteed": (_l("Guaranteed"), "neutral"),
    "negative": (_l("Negative"), "bad"),
    "corrected": (_l("Corrected"), "info"),
    "adjusted": (_l("Adjusted"), "info"),
}
REASONS = ADJUSTMENT_REASONS
CAUSES = {
    "day": _l("A settled day was corrected"),
    "broker_status": _l("Status of a broker"),
    "licence": _l("Licence"),
    "upline": _l("Upline"),
    "relative": _l("Relative or insider"),
    "attribution": _l("Attribution"),
    "agreement": _l("Agreement"),
    "plan_version": _l("Terms of a plan"),
}
"""What made a correction."""
ACCEPTED = {
    "missing_days": _l("Missing days"),
    "refused_days": _l("Refused days"),
    "broken_links": _l("Days that do not follow on"),
    "differences": _l("Unexplained differences"),
    "approvals": _l("Waiting approvals"),
}
"""What may be accepted by name."""
MOST = 6


def few(items: tuple[object, ...]) -> str:
    """The first of some things, and how many more there are."""
    shown = str(_(", ")).join(str(item) for item in items[:MOST])
    return shown if len(items) <= MOST else str(_("%(first)s and %(count)s more", first=shown, count=len(items) - MOST))


def sentence_of(block: Block) -> str:
    """What stands before the close."""
    say = {
        "earlier_open": lambda: _("Close %(months)s first: this month builds on it.", months=few(block.items)),
        "missing_days": lambda: _("Settled days are missing: %(days)s.", days=few(block.items)),
        "refused_days": lambda: _("Files of these days were refused and nothing solved it since: %(days)s.", days=few(block.items)),
        "broken_links": lambda: ngettext(
            "%(num)s account begins a day with another balance than it ended the day before: %(days)s.",
            "%(num)s accounts begin a day with another balance than they ended the day before: %(days)s.",
            block.count,
            days=few(block.items),
        ),
        "differences": lambda: ngettext(
            "%(num)s difference from a statement or list is not explained.", "%(num)s differences from statements or lists are not explained.", block.count
        ),
        "approvals": lambda: ngettext(
            "%(num)s thing waits for a second person and could change this month.", "%(num)s things wait for a second person and could change this month.", block.count
        ),
        "no_preview": lambda: _("The month has not been previewed."),
        "stale": lambda: _("Something was recorded since the preview: preview again."),
        "sums": lambda: _("The preview's lines do not add up to its statements; do not close, and tell the administrator."),
        "statements": lambda: ngettext("%(num)s statement is not the sum of its columns.", "%(num)s statements are not the sums of their columns.", block.count),
    }
    return str(say[block.code]())


def way_of(block: Block, period: str) -> list[tuple[str, str]]:
    """Where a block is mended: addresses with their words."""
    if block.code == "earlier_open":
        return [(url_for("commission.month", period=month), _("Open month %(period)s", period=month)) for month in block.items[:MOST]]
    if block.code in {"missing_days", "broken_links"}:
        days = [(url_for("import_desk.day", day=str(day)), str(day)) for day in block.items[:MOST]]
        return [(url_for("imports.index"), _("Bring files in")), *days] if block.code == "missing_days" else days
    if block.code == "refused_days":
        return [(url_for("imports.show", import_id=number), str(day)) for day, number in list(block.values["imports"].items())[:MOST]]
    if block.code == "differences":
        found = list(block.values["comparisons"].items())[:MOST]
        return [(url_for("comparisons.show", comparison_id=number), _("Comparison %(number)s (%(count)s)", number=number, count=count)) for number, count in found]
    if block.code == "approvals":
        return [(href("audit.approval", approval_id=row.id), f"#{row.id} {row.subject}") for row in block.values["approvals"][:MOST] if href("audit.approval", approval_id=row.id)]
    return []


def why(row: Looked) -> list[str]:
    """Why a broker's month is remarkable, in sentences."""
    found = []
    if row.himself is not None:
        found.append(_himself(row.himself))
    if row.firm is not None:
        one = row.firm
        found.append(_("Earned %(seen)s of the retained fee; the median of %(over)s brokers is %(usual)s.", seen=_percent(one.seen), usual=_percent(one.usual), over=one.over))
    if "gone" in row.flags:
        found.append(_("Had a statement last month and has none now."))
    if "earns_nothing" in row.flags:
        reasons = _(", ").join(f"{words.REASONS[reason]} × {count}" for reason, count in row.reasons.items())
        found.append(_("Every line earns nothing: %(reasons)s.", reasons=reasons))
    if "negative" in row.flags:
        found.append(_("The payable is below 0 or carried over from below 0."))
    return found


def _himself(one: Outlier) -> str:
    away = f"{one.tenths // 10}.{one.tenths % 10}"
    values = {"seen": yuan_text(one.seen), "usual": yuan_text(one.usual), "over": one.over, "away": away}
    return str(_("Earned %(seen)s; the median of the last %(over)s months is %(usual)s: %(away)s times the usual spread away.", **values))


def _percent(bp: int) -> str:
    return f"{'-' if bp < 0 else ''}{abs(bp) // 100}.{abs(bp) % 100:02d} %"
