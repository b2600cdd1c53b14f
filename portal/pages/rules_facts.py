"""Facts about brokers and clients that no file brings: recorded with their paper, taken back with a reason."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, func, select

from models import db
from models.columns import FIRST_DAY, OPEN_END
from models.partners import Broker
from models.rules import FactKind, RuleFact
from portal.clock import now
from portal.pages.rules_words import CONDUCT, FACTS, end_of, start_of
from portal.permissions import Can
from portal.refusals import NotFound, Refusal
from portal.rules import recorded
from portal.rules.recorded import NewFact
from portal.transaction import transaction
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns, day_filter, read_day

bp = Blueprint("rule_facts", __name__, url_prefix="/rules/facts")

COLUMNS = columns(
    Column("kind", _l("What"), sort=True),
    Column("broker_no", _l("Broker"), sort=True),
    Column("client_no", _l("Client number"), sort=True),
    Column("says", _l("Which")),
    Column("valid_from", _l("From"), sort=True),
    Column("valid_to", _l("Until (exclusive)"), sort=True),
    Column("evidence", _l("Evidence")),
    Column("recorded_at", _l("Recorded at"), sort=True),
)
LISTING = Listing(
    tiebreak=RuleFact.id,
    sorts={
        "kind": RuleFact.kind,
        "broker_no": Broker.broker_no,
        "client_no": RuleFact.client_no,
        "valid_from": RuleFact.valid_from,
        "valid_to": RuleFact.valid_to,
        "recorded_at": RuleFact.recorded_at,
    },
    default="-recorded_at",
    filters=(
        Filter("kind", _l("What"), lambda text: RuleFact.kind == text, choices=tuple(FACTS.items())),
        Filter("broker", _l("Broker"), lambda text: Broker.broker_no == text),
        Filter("client", _l("Client number"), lambda text: RuleFact.client_no == text),
        day_filter("day", _l("Holds on"), lambda day: (RuleFact.valid_from <= day) & (RuleFact.valid_to > day)),
    ),
)


def held() -> Select[*tuple[Any, ...]]:
    """The facts that count now."""
    last = select(func.max(RuleFact.id)).group_by(RuleFact.fact_no)
    return select(RuleFact, Broker.broker_no).outerjoin(Broker, Broker.id == RuleFact.broker_id).where(RuleFact.id.in_(last), ~RuleFact.withdrawn)


LIST = declare(
    ListPage(
        "rule_facts.index",
        _l("Recorded facts"),
        LISTING,
        COLUMNS,
        source=lambda asked: held(),
        fields=(
            Field("kind", _l("What"), lambda row: str(FACTS[row[0].kind])),
            Field("broker_no", _l("Broker"), lambda row: row[1] or ""),
            Field("client_no", _l("Client number"), lambda row: row[0].client_no),
            Field("says", _l("Which"), lambda row: row[0].says),
            Field("valid_from", _l("From"), lambda row: start_of(row[0].valid_from)),
            Field("valid_to", _l("Until (exclusive)"), lambda row: end_of(row[0].valid_to)),
            Field("evidence", _l("Evidence"), lambda row: row[0].evidence),
            Field("recorded_at", _l("Recorded at"), lambda row: row[0].recorded_at),
        ),
        file_name="rule-facts",
    )
)


@bp.get("")
@requires(Can.RULE_SEE, Can.AUDIT_READ)
def index() -> ResponseReturnValue:
    """What was recorded and holds or held."""
    return show_list(LIST, "rules/facts.html", kinds=FACTS, conduct=CONDUCT, may_edit=current_actor().may(Can.RULE_EDIT), fact_kinds=list(FactKind))


@bp.post("")
@requires(Can.RULE_EDIT)
def record() -> ResponseReturnValue:
    """Record one."""
    given = {name: request.form.get(name, "") for name in ("kind", "broker_no", "client_no", "says", "evidence")}
    with transaction():
        recorded.record_fact(NewFact(**given, valid_from=_day("valid_from", FIRST_DAY), valid_to=_day("valid_to", OPEN_END)), current_actor(), now())
    flash(_("Recorded. The books are held against it at the next re-check."), "success")
    return redirect(url_for("rule_facts.index"), 303)


@bp.post("/<fact_no>/withdraw")
@requires(Can.RULE_EDIT)
def withdraw(fact_no: str) -> ResponseReturnValue:
    """Take one back."""
    if db.session.execute(held().where(RuleFact.fact_no == fact_no)).first() is None:
        raise NotFound("there is no such fact, or it was taken back already")
    with transaction():
        recorded.withdraw_fact(fact_no, request.form.get("reason", ""), current_actor(), now())
    flash(_("Taken back. What was recorded stays readable in the log."), "success")
    return redirect(url_for("rule_facts.index"), 303)


def _day(name: str, empty: Any) -> Any:
    text = request.form.get(name, "").strip()
    try:
        return read_day(text) if text else empty
    except ValueError as error:
        raise Refusal("“%(given)s” is no day, such as 2026-03-31", given=text[:20]) from error
