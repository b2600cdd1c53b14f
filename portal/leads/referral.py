"""May a client be paid for a friend whom he brings? Not here: the law makes whoever is paid for clients an introducing broker.

Thanks in points or benefits are the club's; money is what this module refuses. Only under a rule set that allows it, and only after two
people have said so, is it another answer; a rule set that nobody wrote down allows nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from models import db
from models.audit import Approval
from models.introductions import ReferralPay
from models.leads import IntroducerKind
from portal.actors import Actor
from portal.audit import approvals, log
from portal.permissions import Can
from portal.refusals import NotAllowed, Refusal

KIND = "leads.referral_pay"


@dataclass(frozen=True)
class PayRule:
    """What a rule set says of paying a client for a friend: whether it can be allowed at all, and where that stands."""

    jurisdiction: str
    possible: bool
    code: str
    source: str


RULES = {
    "CN": PayRule("CN", False, "paid-is-ib", "期货公司居间人管理办法（试行）2021 Art. 2; revised 2025-08-01"),
    "US": PayRule("US", True, "", "17 CFR 1.3, 3.4: only as a registered associated person or introducing broker"),
}
"""By rule set. One that is not here forbids."""


class PayForbidden(NotAllowed):
    """Money to a client for a friend, where the rule set forbids it or nobody has switched it on."""


def rule_of(jurisdiction: str) -> PayRule:
    """The rule of a rule set."""
    return RULES.get(jurisdiction, PayRule(jurisdiction, False, "unknown", ""))


def need_payable(kind: str, jurisdiction: str, *, switched_on: bool) -> None:
    """Pure: whether an introducer of this kind may be paid in money at all. Raises PayForbidden for a client, but where the rule set
    can allow it and two people have."""
    if kind != IntroducerKind.CLIENT:
        return
    rule = rule_of(jurisdiction)
    if not rule.possible or not switched_on:
        raise PayForbidden(
            "a client is not paid in money for friends: whoever is paid for clients is an introducing broker (%(code)s, %(jurisdiction)s)",
            code=rule.code or "off",
            jurisdiction=jurisdiction,
        )


def switched_on(jurisdiction: str) -> bool:
    """Whether two people have switched it on under this rule set; what was said under another does not count."""
    last = db.session.execute(select(ReferralPay).order_by(ReferralPay.id.desc()).limit(1)).scalar_one_or_none()
    return last is not None and last.allowed and last.jurisdiction == jurisdiction


def need_payable_now(kind: str, jurisdiction: str) -> None:
    """The same by the switch of this moment. Whatever would pay an introducer asks this first, with the firm's rule set. Raises
    PayForbidden."""
    need_payable(kind, jurisdiction, switched_on=switched_on(jurisdiction))


def ask_to_switch(actor: Actor, moment: datetime, *, jurisdiction: str, allowed: bool, reason: str) -> Approval:
    """Put switching it on or off under the firm's rule set before a second person. Raises NotAllowed; PayForbidden where the rule set forbids it; Refusal
    without a reason."""
    actor.need(Can.LEAD_TERMS)
    if allowed:
        need_payable(IntroducerKind.CLIENT, jurisdiction, switched_on=True)
    if not reason.strip():
        raise Refusal("say why: the reason stands in the audit log")
    payload = {"jurisdiction": jurisdiction, "allowed": allowed, "reason": reason.strip()[:500]}
    preview = {**payload, "source": rule_of(jurisdiction).source}
    return approvals.prepare(actor, moment, kind=KIND, subject=jurisdiction, payload=payload, preview=preview)


def _switch(approval: Approval, approver: Actor, moment: datetime) -> None:
    wanted = approval.payload
    if wanted["allowed"]:
        need_payable(IntroducerKind.CLIENT, wanted["jurisdiction"], switched_on=True)
    db.session.add(ReferralPay(jurisdiction=wanted["jurisdiction"], allowed=wanted["allowed"], reason=wanted["reason"], at=moment, user_id=approver.user_id))
    log.write(approver, moment, "referral_pay.set", "referral_pay", wanted["jurisdiction"], after={"allowed": wanted["allowed"]}, reason=wanted["reason"])


approvals.register(KIND, Can.LEAD_TERMS, _switch, label="Money to clients for friends")
