"""The words of the plan editor on screen, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from portal.commission.plan_trial import Trial
from portal.pages.words import REASONS
from portal.web.formats import number_text, yuan_text

DRAFT_STATES = {
    "open": (_l("Being written"), "info"),
    "asked": (_l("Waits for a second person"), "warn"),
    "activated": (_l("In force"), "good"),
    "discarded": (_l("Thrown away"), "neutral"),
}
LEVELS = {"blocks": (_l("To be corrected first"), "bad"), "warns": (_l("Warning"), "warn"), "notes": (_l("Note"), "info")}
COMPONENTS = {"retained_fee": _l("Share of the retained fee"), "per_lot": _l("Per lot"), "turnover": _l("On turnover"), "equity": _l("On equity")}
MEASURES = {"retained_fee": _l("Retained fee of the month"), "average_equity": _l("Average daily equity"), "lots": _l("Lots of the month")}
MODES = {"marginal": _l("Marginal: each slice at its own rate"), "whole": _l("Whole: one rate for all of it")}
PLACES = {
    "code": _l("Plan code"),
    "name": _l("What it is called"),
    "versions": _l("Version"),
    "deductions": _l("Deductions"),
    "components": _l("Component"),
    "overrides": _l("Overrides"),
    "cap": _l("Cap"),
    "guarantee": _l("Guarantee"),
    "reserve": _l("Reserve"),
    "valid_from": _l("Valid from"),
    "valid_to": _l("Valid until"),
    "rate": _l("Rate"),
    "from": _l("From"),
    "level": _l("Level"),
    "months": _l("Number of months"),
    "steps": _l("Step"),
    "rates": _l("Rate per lot"),
    "product": _l("Product"),
    "annual_rate": _l("Rate a year"),
    "day_count": _l("Days a year counts"),
    "measure": _l("Measure"),
    "mode": _l("Mode"),
}
"""What a field is called where a finding points at it."""


def place_words(field: str) -> str:
    """A field's way through the sheet in words: `versions.0.components.1.rate` is Version 1 · Component 2 · Rate."""
    words: list[str] = []
    for step in field.split("."):
        if step.isdecimal() and words:
            words[-1] += f" {int(step) + 1}"
        elif step in PLACES:
            words.append(str(PLACES[step]))
    return " · ".join(words)


def trial_words(trial: Trial) -> str:
    """A month that was tried, in words: its trades by day, or its equity where it has none."""
    said = [
        ngettext(
            "%(day)s: %(lots)s lot of %(product)s",
            "%(day)s: %(lots)s lots of %(product)s",
            trade.lots,
            day=trade.day,
            lots=number_text(trade.lots),
            product=f"{trade.exchange}.{trade.product}",
        )
        + (", " + _("turnover %(amount)s", amount=yuan_text(trade.turnover)) if trade.turnover else "")
        for trade in trial.trades
    ] or [_("no trade")]
    if trial.equity:
        said.append(_("equity %(amount)s every day", amount=yuan_text(trial.equity)))
    if trial.levels:
        said.append(_("%(count)s brokers of the same plan above", count=trial.levels))
    return "; ".join(said)


def reason_words(reasons: Iterable[str]) -> str:
    """Why lines paid nothing."""
    return ", ".join(str(REASONS.get(reason, reason)) for reason in reasons)
