"""What a role asks of its first page: how many rows stand in each list of its work, and what no list says. Each number leads to where it comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

from flask import current_app, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from models.identity import Role
from models.values.calendar import Month
from portal.actors import Actor
from portal.audit import heads, verify
from portal.audit import queries as audit_queries
from portal.audit.verify_export import Broken
from portal.commission import queries
from portal.departures import association_sent
from portal.local_day import today
from portal.pages import month_desk
from portal.pages.overview_people import covered
from portal.pages.settled import last_day
from portal.permissions import Can
from portal.refusals import NotAllowed, NotFound
from portal.web.formats import compact_yuan_text, language, number_text
from portal.web.list_declared import COUNT, list_at
from portal.web.listing import Label
from portal.web.remembered import remembered

NEWEST = 500
"""So many of the newest lines of the log are computed anew for the auditor's first page; `flask audit verify` walks all of them."""


@dataclass(frozen=True)
class Answer:
    """One answer: what it is about, the number or word, what it means beside it and whether that is good, and where it comes from."""

    label: Label
    value: str
    href: str
    note: str = ""
    tone: str = "neutral"


@dataclass(frozen=True)
class Rows:
    """The rows of a list, by its address; `late`: the address of those of them that are late. `bad`: any row at all is too many."""

    label: Label
    address: str
    late: str = ""
    bad: bool = False

    def __call__(self, actor: Actor) -> Answer:
        """How many the reader sees. Raises NotAllowed where he may not open the list."""
        count = _count(actor, self.address)
        late = _count(actor, self.late) if self.late and count else 0
        note = ngettext("%(num)s overdue", "%(num)s overdue", late) if late else ""
        return Answer(self.label, number_text(count), self.late if late and late == count else self.address, note, "bad" if late or (self.bad and count) else "neutral")


Ask: TypeAlias = Callable[[Actor], Answer | None]


def _count(actor: Actor, address: str) -> int:
    which, asked, path = list_at(current_app, actor, address)
    return which.count(which.source(asked), which.read(asked, path))


def _second_person(actor: Actor) -> Answer:
    """What waits for the reader's own yes or no."""
    actor.need(Can.APPROVAL_DECIDE)
    return Answer(_("Waits for you as the second person"), number_text(len(audit_queries.waiting_for(actor))), url_for("audit.approvals"))


def _close(actor: Actor) -> Answer | None:
    """What stands before the close of the oldest open month whose days are over."""
    actor.need(Can.MONTH_SEE)
    row = next((row for row in reversed(queries.months()) if not row.closed_at), None)
    if row is None:
        return None
    found = remembered(("before the close", row.period, heads.current_head()), lambda: month_desk.standing(Month.parse(row.period)).blocks)
    hard = sum(block.hard for block in found)
    note = ngettext("%(num)s must be mended first", "%(num)s must be mended first", hard) if hard else _("mend it, or accept it by name") if found else _("can be closed")
    return Answer(
        _("Before the close of %(month)s", month=row.period),
        number_text(len(found)),
        url_for("commission.month", period=row.period),
        note,
        "bad" if hard else "good" if not found else "neutral",
    )


def _report(actor: Actor) -> Answer | None:
    """The report to the association that is due next, or the oldest that is overdue."""
    actor.need(Can.ASSOCIATION_SEND)
    day = today()
    waits = [one for one in association_sent.standings() if one.state(day) in {"due", "overdue"}]
    if not waits:
        return Answer(_("Reports due to the association"), number_text(0), url_for("association.index"))
    oldest = waits[-1]
    left = (oldest.due_on - day).days
    note = _("%(month)s was due on %(day)s", month=oldest.month, day=oldest.due_on) if left < 0 else _("%(month)s is due on %(day)s", month=oldest.month, day=oldest.due_on)
    return Answer(_("Reports due to the association"), number_text(len(waits)), url_for("association.index", month=str(oldest.month)), note, "bad" if left < 0 else "neutral")


def _chain(actor: Actor) -> Answer:
    """Whether the log holds: its newest lines computed anew, and the heads that were kept outside."""
    actor.need(Can.AUDIT_READ)
    try:
        verdict = verify.verify_newest(heads.kept_heads(current_app.config["PORTAL"].instance), NEWEST)
    except Broken as broken:
        return Answer(_("Does the log hold?"), _("no"), url_for("audit.log"), str(broken), "bad")
    if not verdict.holds:
        return Answer(_("Does the log hold?"), _("no"), url_for("audit.log"), _("line %(number)s does not fit", number=verdict.bad_seq), "bad")
    note = _(
        "%(lines)s lines; the newest %(newest)s computed anew, %(heads)s heads kept outside agree",
        lines=number_text(verdict.lines),
        newest=min(NEWEST, verdict.lines),
        heads=verdict.heads,
    )
    return Answer(_("Does the log hold?"), _("yes"), url_for("audit.log"), note, "good")


def _changes(actor: Actor) -> Answer:
    """How much was changed today, and by whom: the log since midnight."""
    return Rows(_l("Lines of the log today"), f"/audit?from={today()}")(actor)


def _reveals(actor: Actor) -> Answer:
    """How often phone and ID numbers were shown in the clear in the last seven days: each with who, whose and why."""
    return Rows(_l("Phone and ID numbers shown in 7 days"), f"/audit?action=clients.identity.reveal&from={today() - timedelta(days=7)}")(actor)


def _owned(actor: Actor) -> Answer:
    """Who owned what, when, as known when: the place where one travels in both."""
    actor.need(Can.ATTRIBUTION_AUDIT)
    return Answer(_("Who owned what, on any day, as known at any time"), str(last_day() or "–"), url_for("attribution.index"))


def _at_risk(actor: Actor) -> Answer | None:
    """What may be lost within 90 days, by the newest scores of the clients whom the reader sees."""
    actor.need(Can.RISK_SEE)
    which, asked, path = list_at(current_app, actor, "/risk")
    wanted = which.read(asked, path)
    quick = which.quick(asked, wanted)
    sums = quick.sums if quick is not None else which.total(which.source(asked), wanted)
    if not sums.get(COUNT):
        return None
    return Answer(_("Equity likely to be lost in 90 days"), compact_yuan_text(sums["expected"] or 0, language()), url_for("risk.index"))


def _uncovered(actor: Actor) -> Answer:
    """Accounts with equity that nobody of the staff looks after, and how much that is: of the same sums as the people who do."""
    _cut, _day, found = covered(list_at(current_app, actor, "/overview/people")[1])
    count, equity = found.accounts["nobody"], found.equity["nobody"]
    note = compact_yuan_text(equity, language()) if count else ""
    return Answer(_("Clients with equity whom nobody looks after"), number_text(count), url_for("overview_people.index"), note, "bad" if count else "neutral")


WORK: dict[Role, tuple[Ask, ...]] = {
    Role.COMPLIANCE: (
        Rows(_l("Cases that wait for the firm"), "/cases?waits=desk", late="/cases?waits=late"),
        Rows(_l("Attributions without a confirmation"), "/confirmations", late="/confirmations?late=yes"),
        Rows(_l("Standing breaches of rules"), "/rules/breaches?standing=yes", bad=True),
        _reveals,
        Rows(_l("Looks at signals of departures"), "/departures/signals/looks"),
        _report,
        Rows(_l("Requests to erase"), "/compliance/erase-requests?state=asked"),
        _second_person,
    ),
    Role.FINANCE: (
        _close,
        _second_person,
        Rows(_l("Comparisons that differ from the books"), "/imports/comparisons?differs=some"),
        Rows(_l("Questions to lines that wait for the firm"), "/disputes?waits=desk", late="/disputes?waits=late"),
        Rows(_l("Payment runs to hand to the bank"), "/commission/payouts?state=approved"),
    ),
    Role.AUDITOR: (_chain, _changes, _owned, Rows(_l("Standing breaches of rules"), "/rules/breaches?standing=yes", bad=True)),
    Role.ADMIN: (
        _second_person,
        Rows(_l("Imports that failed"), "/imports?state=failed", bad=True),
        Rows(_l("Mails given up"), "/admin/outbox?state=given_up", bad=True),
        Rows(_l("Webhooks given up"), "/admin/webhooks/log?state=given_up", bad=True),
        _at_risk,
    ),
    Role.BRANCH_MANAGER: (
        Rows(_l("People who look after clients"), "/overview/people"),
        _uncovered,
        Rows(_l("Cases that wait for the firm"), "/cases?waits=desk", late="/cases?waits=late"),
        Rows(_l("Attributions without a confirmation"), "/confirmations", late="/confirmations?late=yes"),
        _at_risk,
    ),
}
"""What each role asks first, in its order. What somebody may not open is left out; what two of his roles ask stands once."""


def answers(actor: Actor) -> list[Answer]:
    """The answers for all roles of somebody."""
    asks = list(dict.fromkeys(ask for role, of_role in WORK.items() if role in actor.roles for ask in of_role))
    return [answer for ask in asks if (answer := _answer(ask, actor)) is not None]


def _answer(ask: Ask, actor: Actor) -> Answer | None:
    try:
        return ask(actor)
    except (NotAllowed, NotFound):
        return None
