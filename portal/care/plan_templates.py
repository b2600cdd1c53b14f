"""What a service plan proposes: by what the client wants, what he is interested in, and how much risk he can bear. Pure.

The words are English here and translated where they are shown; whoever draws a plan changes, adds and leaves out steps before it is kept.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from models.service_plans import Goal, Interest
from portal.notices.kinds import N_
from portal.suitability.grading import needs_warning

REVIEW_AFTER: Final = 60
"""Trading days after which a plan is reviewed, where nobody says otherwise: about a quarter."""
LEARNING_RISK: Final = "R1"
OPTIONS_RISK: Final = "R5"
"""Options can lose more than was paid for them: the firm's own class, above that of futures."""


class Step(NamedTuple):
    """A step as it is proposed: what is done, and within how many trading days."""

    words: str
    days: int


FIRST: Final = {
    Goal.LEARN: (Step(N_("Talk: what the client knows and wants to know"), 2), Step(N_("Invite to the next lesson of the club"), 10)),
    Goal.TRADE: (Step(N_("Talk: how the client trades and what he misses"), 2), Step(N_("Set up price alerts and the morning report"), 5)),
    Goal.HEDGE: (Step(N_("Visit: what the client's business has to hedge"), 5), Step(N_("Send a hedging outline with margin needs"), 10)),
    Goal.PRESERVE: (Step(N_("Talk: what the client must not lose"), 2), Step(N_("Go through margin use and agree on a limit"), 5)),
}
OF_INTEREST: Final = {
    Interest.FERROUS: (Step(N_("Send the weekly report on ferrous metals"), 5),),
    Interest.ENERGY: (Step(N_("Send the weekly report on energy and chemicals"), 5),),
    Interest.AGRICULTURE: (Step(N_("Send the weekly report on farm products"), 5),),
    Interest.METALS: (Step(N_("Send the weekly report on base and precious metals"), 5),),
    Interest.FINANCIAL: (Step(N_("Explain what index and bond futures ask of an account"), 5),),
    Interest.OPTIONS: (Step(N_("Explain option risks with the client's own positions"), 5),),
    Interest.EDUCATION: (Step(N_("Send the course for beginners"), 3),),
}
CAREFUL: Final = Step(N_("Repeat what can be lost, and write down that it was said"), 3)
"""For who bears little (C1, C2)."""
LAST: Final = Step(N_("Ask whether the plan helps, and write the answer down"), 30)


def risk_of(interest: Interest, futures_risk: str) -> str:
    """The risk class (R1 to R5) of what a plan with this interest leads to; `futures_risk` is that of trading futures.

    >>> risk_of(Interest.FERROUS, "R4"), risk_of(Interest.EDUCATION, "R4"), risk_of(Interest.OPTIONS, "R3")
    ('R4', 'R1', 'R5')
    """
    return {Interest.EDUCATION: LEARNING_RISK, Interest.OPTIONS: OPTIONS_RISK}.get(interest, futures_risk)


def too_risky(grade: str, product_risk: str, *, professional: bool) -> bool:
    """Whether a plan would push something riskier than the client can bear. The ban protects ordinary investors.

    >>> too_risky("C3", "R4", professional=False), too_risky("C4", "R4", professional=False), too_risky("C3", "R4", professional=True)
    (True, False, False)
    """
    return not professional and needs_warning(grade, product_risk)


def proposed(interest: Interest, goal: Goal, grade: str) -> list[Step]:
    """The steps that are proposed, in their order.

    >>> [step.days for step in proposed(Interest.EDUCATION, Goal.LEARN, "C1")]
    [2, 3, 10, 3, 30]
    """
    first, *more = FIRST[goal]
    careful = [CAREFUL] if grade in ("C1", "C2") else []
    return [first, *careful, *more, *OF_INTEREST[interest], LAST]
