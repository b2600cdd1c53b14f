"""The letter to a party about the decision of a case between two claims: the page shows it, the PDF prints it.

It names neither the other side nor the person: who gets it knows whom he registered, and need not learn more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from flask_babel import LazyString
from flask_babel import gettext as _

from models.leads import Claim
from models.transfers import CaseEntry, CaseState, ClaimCase
from portal.commission.pack import digest_of
from portal.documents.paper import Column, Paper, Section
from portal.transfers.case_states import Side

DECISIONS = ("decide", "judge")


def case_letter(
    case: ClaimCase, side: Side, verdict: Side, claim: Claim | None, entries: Sequence[CaseEntry], kinds: Mapping[str, LazyString], locale: str, zone: ZoneInfo
) -> Paper:
    """The letter to one side. `entries` are those that this side may see, `kinds` names the kinds of evidence."""

    def day(moment: datetime) -> str:
        return str(moment.astimezone(zone).date())

    decisions = [entry for entry in entries if entry.action in DECISIONS]
    shown = [entry for entry in entries if entry.side == side and entry.action in kinds]
    head = (
        (_("Case"), case.number),
        (_("Opened on"), day(case.opened_at)),
        (_("Your claim of"), day(claim.registered_at) if claim is not None else "–"),
        (_("Decided on"), day(decisions[-1].at) if decisions else "–"),
    )
    content = {"case": case.number, "side": side, "verdict": verdict, "decisions": [[entry.action, day(entry.at), entry.text] for entry in decisions], "head": head}
    sections = [Section(_("The decision"), notes=(_outcome(side, verdict),))]
    sections += [Section(_("On appeal") if entry.action == "judge" else _("Why"), notes=tuple(entry.text.splitlines())) for entry in decisions]
    if shown:
        columns = (Column(_("Shown on")), Column(_("What")), Column(_("Where it can be found")))
        sections.append(Section(_("What you showed"), columns, tuple((day(entry.at), str(kinds[entry.action]), entry.reference) for entry in shown)))
    made = decisions[-1].at if decisions else case.opened_at
    title = _("Decision on a contested claim")
    return Paper(
        f"case-{case.number}",
        "zh" if locale.startswith("zh") else "en",
        title,
        case.number,
        digest_of(content),
        made,
        head,
        tuple(sections),
        closing=(_closing(case, side, verdict),),
    )


def _outcome(side: Side, verdict: Side) -> str:
    if verdict is Side.FIRM:
        return str(_("Neither claim stands: the person is introduced by nobody."))
    return str(_("Your claim stands.") if verdict is side else _("Your claim does not stand: the other one does."))


def _closing(case: ClaimCase, side: Side, verdict: Side) -> str:
    if case.state == CaseState.DECIDED and verdict is not side:
        return str(_("You may appeal once, until %(day)s: somebody else decides then.", day=case.appeal_until))
    if case.state == CaseState.DECIDED:
        return str(_("The other side may appeal until %(day)s; what waits in suspense is released after that.", day=case.appeal_until))
    return str(_("An appeal is being judged.") if case.state == CaseState.APPEALED else _("This is final."))
