"""Clients: the accounts that the reader may see, and one account with its attribution and its days."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, exists, func, select, true
from sqlalchemy.orm import aliased

from models import db
from models.clients import Account, AccountVersion
from models.partners import Branch, BranchVersion
from models.settlement import Balance, SettlementDay, Trade
from portal.actors import Actor
from portal.attribution.channels import came_by, first_broker_is
from portal.attribution.queries import spans
from portal.audit.recordings import last_recording_id
from portal.clients.balances import held
from portal.clients.queries import account_now, accounts, branch_of, visible_to
from portal.clients.reveal import Identity, opened, reveal
from portal.clock import now
from portal.commission import queries
from portal.commission.queries import last_settled_day
from portal.keys import keyring
from portal.local_day import today
from portal.pages import (
    broker_client,
    broker_clients,
    client_trades,
    words,
)
from portal.pages.attribution import wording
from portal.pages.channels_behind import won_accounts
from portal.pages.client_around import around
from portal.pages.clients_quick import day_of, newest, quick
from portal.pages.settled import last_day
from portal.permissions import Can
from portal.sealing import masked
from portal.suitability.sittings import newest_of
from portal.transaction import transaction
from portal.versions import current
from portal.web.exports import amount
from portal.web.formats import yuan_text
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns, day_filter
from portal.web.remembered import kept_part, remembered
from portal.web.requests import request_id

bp = Blueprint("clients", __name__)
COLUMNS = columns(
    Column("account_no", _l("Account"), sort=True),
    Column("name", _l("Client"), sort=True),
    Column("branch", _l("Branch")),
    Column("equity", _l("Equity"), sort=True, number=True, money=True),
    Column("available", _l("Available"), number=True, money=True),
    Column("opened_on", _l("Opened"), sort=True),
)
JUDGED_ON = func.coalesce(Balance.trade_date, select(func.max(SettlementDay.trade_date)).scalar_subquery())
"""On which day an account is looked at: that of its balance, or the last settled one where it has none."""
AROUND = (
    day_filter("day", _l("Balance of"), lambda day: true(), hidden=True),
    Filter("branch", _l("Branch"), lambda text: AccountVersion.branch_id.in_(select(Branch.id).where(Branch.branch_no == text)), hidden=True),
    Filter("channel", _l("Channel"), lambda text: came_by(text, Account.id, JUDGED_ON), choices=tuple(words.CHANNELS.items()), hidden=True),
    Filter("broker", _l("First broker"), lambda text: first_broker_is(text, Account.id, JUDGED_ON), hidden=True),
    won_accounts(Account.id),
    Filter("equity", _l("Equity"), lambda text: Balance.equity > 0, choices=(("some", _l("above 0")),), hidden=True),
    Filter("traded", _l("Traded"), lambda text: traded_on_its_day(), choices=(("yes", _l("on the day of the balance")),), hidden=True),
    *(
        day_filter(f"{what}_{side}", label, narrow, hidden=True)
        for what, side, label, narrow in (
            ("opened", "from", _l("Opened from"), lambda day: AccountVersion.opened_on >= day),
            ("opened", "to", _l("Opened until"), lambda day: AccountVersion.opened_on <= day),
            ("closed", "from", _l("Closed from"), lambda day: AccountVersion.closed_on >= day),
            ("closed", "to", _l("Closed until"), lambda day: AccountVersion.closed_on <= day),
        )
    ),
)
"""Filters that links from overviews set; they are shown as chips. What stands on a day is that of the balance's day."""


def traded_on_its_day() -> ColumnElement[bool]:
    """The accounts with a trade on the day of the balance, in its version."""
    return exists().where(Trade.trade_date == Balance.trade_date, Trade.account_id == Account.id, Trade.version == Balance.version)


LISTING = Listing(
    tiebreak=Account.id,
    sorts={"account_no": Account.account_no, "name": AccountVersion.name, "equity": Balance.equity, "opened_on": AccountVersion.opened_on},
    default="-equity",
    keyset=True,
    nullable=("equity", "opened_on"),
    filters=(
        Filter("q", _l("Name or account"), lambda text: AccountVersion.name.contains(text, autoescape=True) | Account.account_no.contains(text, autoescape=True), personal=True),
        Filter("kind", _l("Kind"), lambda text: AccountVersion.kind == text, choices=(("person", _l("Person")), ("institution", _l("Institution")))),
        Filter("open", _l("State"), lambda text: AccountVersion.closed_on.is_(None) == (text == "open"), choices=(("open", _l("Account open")), ("closed", _l("Account closed")))),
        *AROUND,
    ),
)


def listed(actor: Actor, day: date) -> Select[*tuple[Any, ...]]:
    """The accounts that somebody may see now, with their balance of a settled day."""
    query = accounts().outerjoin(Balance, held(day, newest(day))).add_columns(Balance.equity, Balance.available)
    return query.where(visible_to(actor, last_day() or day))


def with_branches(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """The same with the names of the branches. Looked up for every account of the firm, they would take nine tenths of the time."""
    branch = current(BranchVersion).subquery()
    return query.outerjoin(branch, branch.c.branch_id == AccountVersion.branch_id).add_columns(branch.c.name.label("branch"))


LIST = declare(
    ListPage(
        "clients.index",
        _l("Clients"),
        LISTING,
        COLUMNS,
        source=lambda asked: listed(asked.actor, day_of(asked)),
        fields=(
            Field("account_no", _l("Account"), lambda row: row[0].account_no),
            Field("name", _l("Client"), lambda row: row[1].name),
            Field("branch", _l("Branch"), lambda row: row.branch),
            Field("equity", _l("Equity"), lambda row: amount(row.equity)),
            Field("available", _l("Available"), lambda row: amount(row.available)),
            Field("opened_on", _l("Opened"), lambda row: row[1].opened_on),
        ),
        sums={"equity": Balance.equity, "available": Balance.available},
        beside=with_branches,
        quick=quick,
        instead=lambda actor: broker_clients.LIST if broker_clients.is_broker(actor) else None,
    )
)


@bp.get("/clients")
@requires(Can.ACCOUNT_SEE)
def index() -> ResponseReturnValue:
    """The list of accounts; a broker's says what each holds and brings him."""
    if broker_clients.is_broker(current_actor()):
        return broker_clients.index()
    return show_list(LIST, "clients/index.html")


@bp.get("/clients/<account_no>")
@requires(Can.ACCOUNT_SEE)
def account(account_no: str) -> ResponseReturnValue:
    """One account: who introduced it, its balance day by day. A foreign account is the same 404 as a missing one."""
    known = queries.now_known()
    account, version = account_now(current_actor(), account_no, known.day, today())
    numbers = opened(account_no, version, keyring())
    if broker_clients.is_broker(current_actor()):
        return broker_client.show(account, version, masked(numbers.phone))
    return _shown(account, version, Identity(masked(numbers.phone), masked(numbers.id_no, 3, 2)), known.known)


@bp.get("/clients/<account_no>/trades")
@requires(Can.ACCOUNT_SEE)
def trades(account_no: str) -> ResponseReturnValue:
    """What the account traded. Its broker sees on the account's own page what his lines are paid on, and no more."""
    if broker_clients.is_broker(current_actor()):
        return redirect(url_for("clients.account", account_no=account_no), 303)
    account, version = _found(account_no)
    return show_list(client_trades.LIST, "clients/own_trades.html", account=account, version=version, most_days=client_trades.MOST_DAYS)


@bp.post("/clients/<account_no>/reveal")
@requires(Can.ACCOUNT_SEE, Can.IDENTITY_REVEAL)
def show_numbers(account_no: str) -> ResponseReturnValue:
    """The same page with phone and ID number in the clear, once, for a reason that is written down."""
    with transaction():
        account, version = _found(account_no)
        numbers = reveal(account_no, version, current_actor(), now(), reason=request.form.get("reason", ""), keyring=keyring(), request_id=request_id())
    account, version = _found(account_no)
    return _shown(account, version, numbers, last_recording_id(), reason=request.form.get("reason", "").strip())


def _found(account_no: str) -> tuple[Account, AccountVersion]:
    """An account that the reader may see: on the last settled day, or today where he has come to it since. Raises NotFound."""
    return account_now(current_actor(), account_no, last_settled_day(), today())


def _shown(account: Account, version: AccountVersion, numbers: Identity, known: int, *, reason: str = "") -> str:
    actor = current_actor()
    shown = [span for span in spans(account.id) if not actor.broker_no or span.broker_no == actor.broker_no] if actor.may(Can.ATTRIBUTION_SEE) else []
    return render_template(
        "clients/account.html",
        account=account,
        version=version,
        branch=remembered(("branch", version.branch_id, known), lambda: branch_of(version)),
        numbers=numbers,
        revealed=bool(reason),
        reason=reason,
        may_reveal=actor.may(Can.IDENTITY_REVEAL),
        spans=shown,
        test=newest_of(client_no=version.client_no) if actor.may(Can.SUITABILITY_SEE) else None,
        today=today(),
        around=around(actor, account, version, shown),
        recorded_kinds=wording.RECORDED,
        settled=kept_part((account.id, known), "clients/_days.html", lambda: _settled(account.id)),
        states=words.STATES,
        tones=words.STATE_TONES,
    )


def _settled(account_id: int) -> dict[str, Any]:
    """What is shown of an account's settled days."""
    days = _days(account_id)
    return {"days": days[:60], "figure_of": _figure(days)}


def _days(account_id: int) -> list[Balance]:
    """The account's balances, newest day first, of each day the version that counts."""
    newer = aliased(Balance)
    newest = select(func.max(newer.version)).where(newer.trade_date == Balance.trade_date, newer.account_id == Balance.account_id).scalar_subquery()
    # The key begins with the day, so the days are named: each is one look-up instead of a walk through all balances.
    settled = list(db.session.execute(select(SettlementDay.trade_date).distinct().order_by(SettlementDay.trade_date.desc()).limit(260)).scalars())
    query = select(Balance).where(Balance.trade_date.in_(settled), Balance.account_id == account_id, Balance.version == newest, ~Balance.gone).order_by(Balance.trade_date.desc())
    return list(db.session.execute(query).scalars())


def _figure(days: list[Balance]) -> dict[str, Any]:
    if not days:
        return {}
    ordered = days[::-1]
    sentence = _(
        "From %(first)s to %(last)s: from %(before)s to %(after)s.",
        first=ordered[0].trade_date,
        last=ordered[-1].trade_date,
        before=yuan_text(ordered[0].equity),
        after=yuan_text(ordered[-1].equity),
    )
    data = {"unit": "fen", "x": [str(row.trade_date) for row in ordered], "series": [{"name": _("Equity"), "values": [row.equity for row in ordered], "area": True}]}
    return {"sentence": sentence, "data": data, "rows": [(row.trade_date, yuan_text(row.equity), yuan_text(row.margin)) for row in days]}
