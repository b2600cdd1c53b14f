"""Handovers on screen: the list, one with its clients and successors, and the decision with its preview."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from models import db
from models.clients import Account, AccountVersion
from models.departures import Departure
from models.handovers import Handover, HandoverClient, HandoverState
from models.partners import Broker, BrokerVersion, Staff, StaffVersion
from portal import clock
from portal.handover import bridge, broker_verbs, outcomes, people, verbs
from portal.handover.policy import handovers_of, visible_to
from portal.handover.writing import first_call_due
from portal.local_day import today
from portal.pages.departures_words import KINDS
from portal.pages.handover_bridge import drawn
from portal.pages.handover_words import OUTCOMES, STATES, why
from portal.pages.risk_words import chance_text
from portal.permissions import Can
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.versions import current, version_of
from portal.web.exports import amount
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("handovers", __name__, url_prefix="/handovers")

_person = func.coalesce(Staff.staff_no, Broker.broker_no)
COLUMNS = columns(
    Column("number", _l("Number"), sort=True),
    Column("who", _l("Who leaves")),
    Column("kind", _l("Kind")),
    Column("counts_from", _l("Counts from"), sort=True),
    Column("state", _l("State")),
)
LISTING = Listing(
    tiebreak=Handover.id,
    sorts={"number": Handover.id, "counts_from": Handover.counts_from},
    default="-number",
    filters=(
        Filter("state", _l("State"), lambda text: Handover.state == text, choices=tuple((name, label) for name, (label, _tone) in STATES.items())),
        Filter("kind", _l("Kind"), lambda text: Departure.kind == text, choices=tuple(KINDS.items())),
        Filter("person", _l("Who leaves"), lambda text: _person == text),
    ),
)


def _listed(asked: Asked) -> Any:
    (staff, of_staff), (broker, of_broker) = version_of(StaffVersion, Departure.staff_id), version_of(BrokerVersion, Departure.broker_id)
    query = select(Handover, Departure, _person.label("person"), func.coalesce(staff.name, broker.name, "").label("name")).join(Departure, Departure.id == Handover.departure_id)
    query = query.outerjoin(Staff, Staff.id == Departure.staff_id).outerjoin(Broker, Broker.id == Departure.broker_id)
    query = query.outerjoin(staff, of_staff).outerjoin(broker, of_broker)
    return query.where(handovers_of(asked.actor))


LIST = declare(
    ListPage(
        "handovers.index",
        _l("Handovers"),
        LISTING,
        COLUMNS,
        source=_listed,
        fields=(
            Field("number", _l("Number"), lambda row: row[0].number),
            Field("who", _l("Who leaves"), lambda row: row.person),
            Field("name", _l("Name"), lambda row: row.name),
            Field("kind", _l("Kind"), lambda row: str(KINDS[row[1].kind])),
            Field("counts_from", _l("Counts from"), lambda row: row[0].counts_from),
            Field("state", _l("State"), lambda row: str(STATES[row[0].state][0])),
        ),
    )
)

_account = aliased(AccountVersion, current(AccountVersion).subquery())
_proposed, _decided = aliased(Staff), aliased(Staff)
_staff = func.coalesce(_decided.staff_no, _proposed.staff_no, "")
CLIENT_COLUMNS = columns(
    Column("account", _l("Account"), sort=True),
    Column("client", _l("Client"), sort=True),
    Column("equity", _l("Equity then"), sort=True, number=True, money=True),
    Column("follow", _l("Chance to go along"), sort=True, number=True),
    Column("staff", _l("Successor"), sort=True),
    Column("why", _l("Why")),
    Column("outcome", _l("Outcome")),
)
CLIENTS = Listing(
    tiebreak=HandoverClient.account_id,
    sorts={
        "account": Account.account_no,
        "client": _account.name,
        "equity": HandoverClient.equity,
        "follow": func.coalesce(HandoverClient.follow, -1),
        "staff": _staff,
    },
    default="-equity",
    filters=(
        Filter("q", _l("Name or account"), lambda text: _account.name.contains(text, autoescape=True) | Account.account_no.contains(text, autoescape=True), personal=True),
        Filter("staff", _l("Successor"), lambda text: _staff == text),
        Filter(
            "step",
            _l("Step"),
            lambda text: {
                "open": HandoverClient.proposed_id.is_(None) & HandoverClient.decided_id.is_(None),
                "proposed": HandoverClient.proposed_id.is_not(None) & HandoverClient.decided_id.is_(None),
                "decided": HandoverClient.decided_id.is_not(None),
            }[text],
            choices=(("open", _l("Nobody yet")), ("proposed", _l("Proposed")), ("decided", _l("Handed over"))),
        ),
        Filter(
            "outcome",
            _l("Outcome"),
            lambda text: HandoverClient.outcome == ("" if text == "unknown" else text),
            choices=tuple((name or "unknown", label) for name, (label, _tone) in OUTCOMES.items()),
        ),
    ),
)


def _clients(asked: Asked) -> Any:
    query = select(HandoverClient, Account.account_no, _account.name, _proposed.staff_no.label("proposed"), _decided.staff_no.label("decided"))
    query = query.join(Account, Account.id == HandoverClient.account_id).join(_account, _account.account_id == HandoverClient.account_id)
    query = query.outerjoin(_proposed, _proposed.id == HandoverClient.proposed_id).outerjoin(_decided, _decided.id == HandoverClient.decided_id)
    return query.where(HandoverClient.handover_id == int(asked.values["handover_id"]), visible_to(asked.actor))


CLIENT_LIST = declare(
    ListPage(
        "handovers.show",
        _l("Clients of a handover"),
        CLIENTS,
        CLIENT_COLUMNS,
        source=_clients,
        fields=(
            Field("account", _l("Account"), lambda row: row.account_no),
            Field("client", _l("Client"), lambda row: row.name),
            Field("equity", _l("Equity then"), lambda row: amount(row[0].equity)),
            Field("follow", _l("Chance to go along"), lambda row: chance_text(row[0].follow)),
            Field("proposed", _l("Proposed"), lambda row: row.proposed or ""),
            Field("staff", _l("Handed over to"), lambda row: row.decided or ""),
            Field("why", _l("Why"), lambda row: why(row[0].reasons)),
            Field("outcome", _l("Outcome"), lambda row: str(OUTCOMES[row[0].outcome][0])),
            Field("reason", _l("Reason"), lambda row: row[0].outcome_reason),
        ),
        sums={"equity": HandoverClient.equity},
        file_name="handover",
    )
)


@bp.get("")
@requires(Can.HANDOVER_SEE)
def index() -> ResponseReturnValue:
    """Every handover of which the reader sees a client."""
    return show_list(LIST, "handover/index.html", states=STATES, kinds=KINDS)


@bp.get("/<int:handover_id>")
@requires(Can.HANDOVER_SEE)
def show(handover_id: int) -> ResponseReturnValue:
    """One handover: its clients, who is proposed for whom and why, and what became of them."""
    actor = current_actor()
    handover = verbs.handover_for(actor, handover_id)
    person, departure = leaver(handover)
    may_decide = actor.may(Can.HANDOVER_DECIDE) and handover.state == HandoverState.OPEN
    said: dict[str, Any] = {"leaver": person, "departure": departure, "result": outcomes.of_handover(handover.id, actor), "may_decide": may_decide, "why": why}
    said["brokers"] = broker_verbs.rows_of(handover, actor)
    said["bridge"] = drawn(bridge.of_handover(handover.id, actor), handover=handover.id)
    return show_list(CLIENT_LIST, "handover/show.html", handover=handover, states=STATES, kinds=KINDS, outcomes=OUTCOMES, chance_text=chance_text, **said)


def leaver(handover: Handover) -> tuple[str, Departure]:
    """The number of who leaves, and the departure."""
    query = select(Departure, _person).outerjoin(Staff, Staff.id == Departure.staff_id).outerjoin(Broker, Broker.id == Departure.broker_id)
    departure, person = db.session.execute(query.where(Departure.id == handover.departure_id)).one()
    return person, departure


@bp.post("/<int:handover_id>/propose")
@requires(Can.HANDOVER_DECIDE)
def propose(handover_id: int) -> ResponseReturnValue:
    """Propose somebody for everybody who has none yet."""
    with transaction():
        without = verbs.propose_again(handover_id, actor=current_actor(), moment=clock.now(), today=today())
    if without:
        flash(ngettext("For %(num)s client nobody has room.", "For %(num)s clients nobody has room.", without), "warning")
    else:
        flash(_("Everybody has a proposal."), "success")
    return redirect(url_for("handovers.show", handover_id=handover_id), 303)


@bp.get("/<int:handover_id>/decide")
@requires(Can.HANDOVER_DECIDE)
def look(handover_id: int) -> ResponseReturnValue:
    """What deciding would do. Nothing is written."""
    return _looked(handover_id)


def _looked(handover_id: int, fault: str = "", status: int = 200) -> ResponseReturnValue:
    actor = current_actor()
    handover = verbs.handover_for(actor, handover_id, Can.HANDOVER_DECIDE)
    found = verbs.look(handover, actor, today())
    due = first_call_due(handover.counts_from, today())
    said: dict[str, Any] = {"leaver": leaver(handover)[0], "names": people.named(one.staff_no for one in found.shares)}
    return render_template("handover/decide.html", handover=handover, found=found, due=due, fault=fault, **said), status


@bp.post("/<int:handover_id>/decide")
@requires(Can.HANDOVER_DECIDE)
def decide(handover_id: int) -> ResponseReturnValue:
    """Hand over exactly what was looked at, all of it or nothing."""
    try:
        with transaction():
            count = verbs.decide(handover_id, request.form.get("digest", ""), actor=current_actor(), moment=clock.now(), today=today())
    except Refusal as refusal:
        return _looked(handover_id, _(refusal.message, **refusal.values), refusal.status)
    flash(ngettext("%(num)s client is handed over.", "%(num)s clients are handed over.", count), "success")
    return redirect(url_for("handovers.show", handover_id=handover_id), 303)


@bp.post("/<int:handover_id>/close")
@requires(Can.HANDOVER_DECIDE)
def close(handover_id: int) -> ResponseReturnValue:
    """Close it once every outcome stands."""
    with transaction():
        number = outcomes.close(handover_id, actor=current_actor(), moment=clock.now()).number
    flash(_("%(number)s is closed.", number=number), "success")
    return redirect(url_for("handovers.show", handover_id=handover_id), 303)
