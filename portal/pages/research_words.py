"""Research in words: kinds, states, chains, audiences, and why something is kept from somebody or fits him."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models import db
from models.club_membership import ClubTier
from models.research import Audience, ResearchItem, ResearchKind, ResearchState, ResearchVersion
from models.segments import ClientSegment
from models.service_plans import Interest
from portal.clients.segments import Conditions
from portal.club.tiers import all_tiers
from portal.pages import segment_words
from portal.pages.plan_form import INTERESTS
from portal.permissions import Can, Scope
from portal.research.fitting import Fit, Reason
from portal.research.verdicts import LEAST, Verdict
from portal.web.formats import language, number_text
from portal.web.guard import current_actor

__all__ = ["INTERESTS", "LEAST"]

KINDS = {ResearchKind.REPORT: _l("Report"), ResearchKind.COURSE: _l("Course")}
STATES = {ResearchState.DRAFT: (_l("Draft"), "neutral"), ResearchState.PUBLISHED: (_l("Published to readers"), "good"), ResearchState.WITHDRAWN: (_l("Withdrawn"), "bad")}
LOCALES = {"zh": "简体中文", "en": "English"}
LANG = {"zh": "zh-Hans", "en": "en"}
"""The language of a text as its element says it."""
AUDIENCES = {Audience.EVERYBODY: _l("Everybody"), Audience.TIER: _l("Members of a tier and those above it"), Audience.SEGMENT: _l("A client segment")}
VERDICTS = {
    Verdict.NO_ANSWER: _l("Never answered the questions of suitability"),
    Verdict.RAN_OUT: _l("The grade ran out"),
    Verdict.TOO_LOW: _l("The grade is too low"),
    Verdict.OPTED_OUT: _l("Wants no research put before him"),
}
SMALL = 5
"""Counts of a segment below this are not told to who does not see every client: they might say who it is."""


def needs(version: Any) -> str:
    """The grade that a version needs."""
    return f"{LEAST[version.risk]} / {version.risk}"


def chains() -> tuple[tuple[str, Any], ...]:
    """The product chains to choose from."""
    return tuple((chain.value, label) for chain, label in INTERESTS.items())


def told(count: int, version: ResearchVersion) -> str:
    """A count of a preview, as far as its reader may know it."""
    if version.audience == Audience.SEGMENT and 0 < count < SMALL and current_actor().scope(Can.SEGMENT_USE) is not Scope.ALL:
        return str(_("fewer than %(count)s", count=SMALL))
    return number_text(count)


def audience_said(version: Any) -> str:
    """For whom a version is, as one line."""
    if version.audience == Audience.SEGMENT:
        name = db.session.execute(db.select(ClientSegment.name).where(ClientSegment.public_id == version.audience_ref)).scalar()
        return f"{_('A client segment')}{_(': ')}{name or segment_words.said(Conditions.read(version.conditions))}"
    if version.audience == Audience.TIER:
        tier = db.session.execute(db.select(ClubTier).where(ClubTier.key == version.audience_ref)).scalar()
        return str(_("Members of %(tier)s and the tiers above it", tier=tier_name(tier) if tier is not None else version.audience_ref))
    return str(AUDIENCES[Audience.EVERYBODY])


def tier_name(tier: ClubTier) -> str:
    """A tier in the reader's language."""
    return tier.name if language() == "zh" or not tier.name_en else tier.name_en


def tiers() -> Sequence[tuple[str, str]]:
    """The tiers of the club to choose from."""
    return [(tier.key, tier_name(tier)) for tier in all_tiers()]


def segments() -> Sequence[tuple[str, Any]]:
    """The client segments that the reader may use."""
    return segment_words.offers()


def why_fits(fit: Fit) -> str:
    """Why something stands on somebody's first page."""
    if fit.reason is Reason.SUBSCRIBED:
        return str(_("because you subscribed to %(chain)s", chain=INTERESTS[Interest(fit.shown.version.chain)]))
    products = str(_(", ")).join(fit.because)
    if fit.reason is Reason.PRODUCT:
        return str(_("because you traded %(products)s in the last 90 days", products=products))
    return str(_("because you traded %(products)s, which belongs to %(chain)s", products=products, chain=INTERESTS[Interest(fit.shown.version.chain)]))


def own_state(item: ResearchItem) -> tuple[Any, str]:
    """How far an item is, as the desk says it: what waits goes before what stands."""
    if item.approval_id is not None:
        return _("Waits for a second person"), "warn"
    return STATES[ResearchState(item.state)]
