"""Membership in words: tiers and benefits in the reader's language, causes, states."""

from __future__ import annotations

from datetime import date, timedelta

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from models.club_membership import ApplicationState, Cause, ClubBenefit, ClubTier, TierKind
from models.columns import OPEN_END
from portal.club.benefits import Left
from portal.club.membership import State
from portal.pages import words

KINDS = {
    TierKind.FREE.value: _l("Free"),
    TierKind.PAID.value: _l("With dues"),
    TierKind.EQUITY.value: _l("By equity"),
}
CAUSES = {
    Cause.APPLIED.value: _l("Applied for"),
    Cause.PAID.value: _l("Paid"),
    Cause.EQUITY.value: _l("By equity"),
    Cause.GRANTED.value: _l("Given by the club"),
}
STATES = {
    State.COMING.value: (_l("Begins later"), "info"),
    State.ACTIVE.value: (_l("Valid"), "good"),
    State.GRACE.value: (_l("In grace"), "warn"),
    State.LAPSED.value: (_l("Lapsed"), "bad"),
    State.ENDED.value: (_l("Ended"), "neutral"),
}
APPLICATION_STATES = {
    ApplicationState.OPEN.value: (_l("Waits for an answer"), "warn"),
    ApplicationState.APPROVED.value: (_l("Approved, may be paid"), "info"),
    ApplicationState.REFUSED.value: (_l("Refused"), "bad"),
    ApplicationState.USED.value: (_l("Approved"), "good"),
}
STATUS_WORDS = {
    "incomplete": (_l("The first payment is not confirmed"), "warn"),
    "incomplete_expired": (_l("The first payment did not come"), "neutral"),
    "trialing": (_l("Renews itself"), "good"),
    "active": (_l("Renews itself"), "good"),
    "past_due": (_l("The last dues could not be collected"), "bad"),
    "unpaid": (_l("The last dues could not be collected"), "bad"),
    "paused": (_l("Paused: no dues are collected"), "neutral"),
    "canceled": (_l("Ended"), "neutral"),
}
"""A subscription's status in words; every status has some."""


def name(tier: ClubTier) -> str:
    """A tier in the reader's language."""
    return tier.name if words.is_chinese() else tier.name_en or tier.name


def about(tier: ClubTier) -> str:
    """What a tier is about, in the reader's language where there is one."""
    return tier.about if words.is_chinese() else tier.about_en or tier.about


def benefit(one: ClubBenefit) -> str:
    """A benefit in the reader's language."""
    return one.name if words.is_chinese() else one.name_en or one.name


def limit(one: ClubBenefit) -> str:
    """How often a benefit may be used."""
    if one.yearly_limit is None:
        return str(_("as often as you like"))
    return str(ngettext("%(num)s time a year", "%(num)s times a year", one.yearly_limit))


def left(one: Left) -> str:
    """How often a benefit was used, and how often it may still be."""
    if one.left is None:
        return str(ngettext("used %(num)s time", "used %(num)s times", one.used))
    return str(_("%(left)s of %(limit)s left this year", left=one.left, limit=one.benefit.yearly_limit))


def period(months: int) -> str:
    """How often dues are paid."""
    if months == 12:
        return str(_("a year"))
    return str(ngettext("every %(num)s month", "every %(num)s months", months))


def last_day(end: date) -> str:
    """The last day of a span that ends before a day; empty where it has no end."""
    return "" if end >= OPEN_END else (end - timedelta(days=1)).isoformat()
