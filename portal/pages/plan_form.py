"""A service plan as it is typed: interest and goal, the steps with their days, the day of the review; and its words."""

from __future__ import annotations

from flask import request
from flask_babel import lazy_gettext as _l

from models.service_plans import Goal, Interest, PlanState
from portal.care.service_plans import MOST_STEPS, Drawn
from portal.pages.care_words import typed_day
from portal.refusals import Refusal

INTERESTS = {
    Interest.FERROUS: _l("Ferrous metals"),
    Interest.ENERGY: _l("Energy and chemicals"),
    Interest.AGRICULTURE: _l("Farm products"),
    Interest.METALS: _l("Base and precious metals"),
    Interest.FINANCIAL: _l("Index and bond futures"),
    Interest.OPTIONS: _l("Options"),
    Interest.EDUCATION: _l("To learn, without a product"),
}
GOALS = {Goal.LEARN: _l("Learn how futures work"), Goal.TRADE: _l("Trade with better support"), Goal.HEDGE: _l("Hedge a business"), Goal.PRESERVE: _l("Keep risk small")}
STATES = {PlanState.ACTIVE: (_l("Plan runs"), "info"), PlanState.REACHED: (_l("Goal reached"), "good"), PlanState.ENDED: (_l("Ended without its goal"), "neutral")}
SPARE = 2
"""So many empty steps stand below those that are proposed."""


def chosen(values: dict[str, str]) -> tuple[Interest, Goal] | None:
    """What was chosen first; None before. Raises Refusal for what there is not."""
    interest, goal = values.get("interest", ""), values.get("goal", "")
    if not interest and not goal:
        return None
    if interest not in set(Interest) or goal not in set(Goal):
        raise Refusal("say what the client is interested in and what he wants")
    return Interest(interest), Goal(goal)


def drawn() -> Drawn:
    """The whole plan from the form. Raises Refusal."""
    what = chosen(request.form.to_dict())
    if what is None:
        raise Refusal("say what the client is interested in and what he wants")
    steps = [
        (request.form.get(f"step-{place}", ""), _days(request.form.get(f"days-{place}", ""))) for place in range(1, MOST_STEPS + 1) if request.form.get(f"step-{place}", "").strip()
    ]
    return Drawn(*what, request.form.get("note", ""), steps, typed_day("review_on"))


def _days(text: str) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) < 5):
        raise Refusal("“%(given)s” is no number of trading days", given=text[:20])
    return int(text)
