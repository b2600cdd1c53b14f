"""What of the books does not comply with a rule: the list of the last re-check, and the button that asks for another."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, false, select, true

from models.clients import Account, AccountVersion
from models.partners import Branch, Broker, BrokerVersion
from models.rules import RuleBreach
from portal.actors import Actor
from portal.clock import now
from portal.jobs.law import ask_to_recheck, jurisdiction
from portal.pages.rules_words import EFFECTS, reason_text, start_of
from portal.permissions import Can, Scope
from portal.rules import recheck
from portal.transaction import transaction
from portal.versions import current
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("rule_breaches", __name__, url_prefix="/rules/breaches")

COLUMNS = columns(
    Column("code", _l("Rule"), sort=True),
    Column("effect", _l("What it does"), sort=True),
    Column("broker_no", _l("Broker"), sort=True),
    Column("account_no", _l("Account"), sort=True),
    Column("since", _l("Since"), sort=True),
    Column("reason", _l("Why")),
    Column("found_at", _l("Found on"), sort=True),
    Column("gone_at", _l("Mended"), sort=True),
)
LISTING = Listing(
    tiebreak=RuleBreach.id,
    sorts={
        "code": RuleBreach.code,
        "effect": RuleBreach.effect,
        "broker_no": Broker.broker_no,
        "account_no": Account.account_no,
        "since": RuleBreach.since,
        "found_at": RuleBreach.found_at,
        "gone_at": RuleBreach.gone_at,
    },
    default="code",
    filters=(
        Filter("standing", _l("State"), lambda text: RuleBreach.gone_at.is_(None) == (text == "yes"), choices=(("yes", _l("Standing")), ("no", _l("Mended")))),
        Filter("effect", _l("What it does"), lambda text: RuleBreach.effect == text, choices=tuple((name, label) for name, (label, _tone) in EFFECTS.items())),
        Filter("rule", _l("Rule"), lambda text: RuleBreach.code == text),
        Filter("broker", _l("Broker"), lambda text: Broker.broker_no == text),
        Filter("account", _l("Account"), lambda text: Account.account_no == text),
    ),
)


def seen_by(actor: Actor) -> Select[*tuple[Any, ...]]:
    """The breaches that somebody may see: a branch its own brokers' and accounts'."""
    query = select(RuleBreach, Broker.broker_no, Account.account_no)
    query = query.outerjoin(Broker, Broker.id == RuleBreach.broker_id).outerjoin(Account, Account.id == RuleBreach.account_id)
    scope = actor.scope(Can.ATTRIBUTION_AUDIT)
    if scope is Scope.BRANCH:
        here = select(Branch.id).where(Branch.branch_no == (actor.branch_no or ""))
        broker, account = current(BrokerVersion).subquery(), current(AccountVersion).subquery()
        of_broker = RuleBreach.broker_id.in_(select(broker.c.broker_id).where(broker.c.branch_id.in_(here)))
        return query.where(of_broker | RuleBreach.account_id.in_(select(account.c.account_id).where(account.c.branch_id.in_(here))))
    return query.where(true() if scope is Scope.ALL else false())


LIST = declare(
    ListPage(
        "rule_breaches.index",
        _l("What does not comply"),
        LISTING,
        COLUMNS,
        source=lambda asked: seen_by(asked.actor),
        fields=(
            Field("code", _l("Rule"), lambda row: row[0].code),
            Field("effect", _l("What it does"), lambda row: str(EFFECTS[row[0].effect][0])),
            Field("broker_no", _l("Broker"), lambda row: row[1] or ""),
            Field("account_no", _l("Account"), lambda row: row[2] or ""),
            Field("since", _l("Since"), lambda row: start_of(row[0].since)),
            Field("reason", _l("Why"), lambda row: reason_text(row[0].reason, row[0].details)),
            Field("found_at", _l("Found on"), lambda row: row[0].found_at),
            Field("gone_at", _l("Mended"), lambda row: row[0].gone_at),
        ),
        file_name="rule-breaches",
    )
)


@bp.get("")
@requires(Can.ATTRIBUTION_AUDIT)
def index() -> ResponseReturnValue:
    """What the last re-check found, the standing ones and those that are mended."""
    return show_list(
        LIST,
        "rules/breaches.html",
        effects=EFFECTS,
        reason_text=reason_text,
        last=recheck.newest(),
        may_ask=current_actor().may(Can.RULE_EDIT),
        jurisdiction=jurisdiction(),
    )


@bp.post("")
@requires(Can.RULE_EDIT)
def again() -> ResponseReturnValue:
    """Hold the books against the rules again, in the background."""
    with transaction():
        ask_to_recheck(current_actor(), now())
    flash(_("The books are held against the rules again; the list is renewed within a minute."), "success")
    return redirect(url_for("rule_breaches.index"), 303)
