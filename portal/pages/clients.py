"""Clients: the accounts that the reader may see, and one account with its attribution and its days."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, func, select
from sqlalchemy.orm import aliased

from models import db
from models.clients import Account, AccountVersion
from models.partners import BranchVersion
from models.settlement import Balance, SettlementDay
from portal.attribution.queries import spans
from portal.clients.queries import accounts, visible_to
from portal.clients.reveal import Identity, opened, reveal
from portal.clock import now
from portal.commission.queries import last_settled_day
from portal.keys import keyring
from portal.pages import words
from portal.permissions import Can
from portal.refusals import NotFound
from portal.sealing import masked
from portal.transaction import transaction
from portal.versions import current
from portal.web.downloads import as_file, wants_file
from portal.web.exports import amount
from portal.web.formats import yuan_text
from portal.web.guard import current_actor, requires
from portal.web.paging import Column, Filter, Listing, columns, page_of, read
from portal.web.requests import request_id

bp = Blueprint("clients", __name__)
COLUMNS = columns(
    Column("account_no", _l("Account"), sort=True),
    Column("name", _l("Client"), sort=True),
    Column("branch", _l("Branch")),
    Column("equity", _l("Equity"), sort=True, number=True),
    Column("available", _l("Available"), number=True),
    Column("opened_on", _l("Opened"), sort=True),
)
LISTING = Listing(
    tiebreak=Account.id,
    sorts={"account_no": Account.account_no, "name": AccountVersion.name, "equity": Balance.equity, "opened_on": AccountVersion.opened_on},
    default="-equity",
    filters=(
        Filter("q", _l("Name or account"), lambda text: AccountVersion.name.contains(text, autoescape=True) | Account.account_no.contains(text, autoescape=True)),
        Filter("kind", _l("Kind"), lambda text: AccountVersion.kind == text, choices=(("person", _l("Person")), ("institution", _l("Institution")))),
        Filter("open", _l("State"), lambda text: AccountVersion.closed_on.is_(None) == (text == "open"), choices=(("open", _l("Account open")), ("closed", _l("Account closed")))),
    ),
)


def listed(day: date) -> Select[*tuple[Any, ...]]:
    """The reader's accounts with their balance of the last settled day."""
    newer = aliased(Balance)
    newest = select(func.max(newer.version)).where(newer.trade_date == day, newer.account_id == Account.id).scalar_subquery()
    balance = (Balance.trade_date == day) & (Balance.account_id == Account.id) & (Balance.version == newest) & ~Balance.gone
    branch = current(BranchVersion).subquery()
    query = accounts().outerjoin(Balance, balance).outerjoin(branch, branch.c.branch_id == AccountVersion.branch_id)
    return query.add_columns(Balance.equity, Balance.available, branch.c.name.label("branch")).where(visible_to(current_actor(), day))


@bp.get("/clients")
@requires(Can.ACCOUNT_SEE)
def index() -> ResponseReturnValue:
    """The list of accounts."""
    day = last_settled_day()
    wanted = read(LISTING, request.args, request.path)
    statement = listed(day or date.min)
    form = wants_file()
    if form:
        rows = db.session.execute(wanted.order(wanted.narrow(statement)).execution_options(yield_per=1000))
        headers = [str(column.label) for column in COLUMNS.values()]
        return as_file(form, "clients", headers, ((row[0].account_no, row[1].name, row.branch, amount(row.equity), amount(row.available), row[1].opened_on) for row in rows))
    return render_template("clients/index.html", page=page_of(statement, wanted), columns=COLUMNS, day=day)


@bp.get("/clients/<account_no>")
@requires(Can.ACCOUNT_SEE)
def account(account_no: str) -> ResponseReturnValue:
    """One account: who introduced it, its balance day by day. A foreign account is the same 404 as a missing one."""
    account, version = _found(account_no)
    numbers = opened(account_no, version, keyring())
    return _shown(account, version, Identity(masked(numbers.phone), masked(numbers.id_no, 3, 2)))


@bp.post("/clients/<account_no>/reveal")
@requires(Can.ACCOUNT_SEE, Can.IDENTITY_REVEAL)
def show_numbers(account_no: str) -> ResponseReturnValue:
    """The same page with phone and ID number in the clear, once, for a reason that is written down."""
    with transaction():
        account, version = _found(account_no)
        numbers = reveal(account_no, version, current_actor(), now(), reason=request.form.get("reason", ""), keyring=keyring(), request_id=request_id())
    account, version = _found(account_no)
    return _shown(account, version, numbers, revealed=True)


def _found(account_no: str) -> tuple[Account, AccountVersion]:
    """An account that the reader may see. Raises NotFound."""
    visible = visible_to(current_actor(), last_settled_day() or date.min)
    found = db.session.execute(accounts().where(Account.account_no == account_no, visible)).one_or_none()
    if found is None:
        raise NotFound("there is no account %(number)s that you may see", number=account_no)
    account, version = found
    return account, version


def _shown(account: Account, version: AccountVersion, numbers: Identity, *, revealed: bool = False) -> str:
    actor = current_actor()
    branch = db.session.execute(current(BranchVersion, None, BranchVersion.branch_id == version.branch_id)).scalar_one()
    shown = [span for span in spans(account.id) if not actor.broker_no or span.broker_no == actor.broker_no] if actor.may(Can.ATTRIBUTION_SEE) else []
    days = _days(account.id)
    return render_template(
        "clients/account.html",
        account=account,
        version=version,
        branch=branch.name,
        numbers=numbers,
        revealed=revealed,
        may_reveal=actor.may(Can.IDENTITY_REVEAL),
        spans=shown,
        days=days[:60],
        figure_of=_figure(days),
        states=words.STATES,
        tones=words.STATE_TONES,
    )


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
