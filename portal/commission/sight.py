"""Who stood in a relation to an account that lets him see it, between two trade dates, as known at a recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Select, select

from models import db
from models.clients import AccountVersion, Servicing, ServicingRole
from models.identity import Role, User, UserState
from models.partners import Branch, Broker, BrokerVersion, Staff, StaffVersion
from portal.attribution.history import at, history
from portal.permissions import PERMISSIONS, Can, Scope
from portal.versions import current


@dataclass(frozen=True)
class Sight:
    """One way to see an account: `way` as in the desk's words, the person by number and name, the days, and his sign-ins."""

    way: str
    number: str
    name: str
    share: int | None
    first: date
    until: date
    users: tuple[str, ...]


def could_see(account_id: int, first: date, last: date, known: int) -> list[Sight]:
    """Every way to see the account on a trade date from `first` to `last`: attribution, servicing, branch, and roles that see all.

    Spans are cut to the days asked for (`until` exclusive). Roles and sign-ins are those of now: they are not dated.
    """
    end = last + timedelta(days=1)
    found = [*_brokers(account_id, first, end, known), *_staff(account_id, first, end, known)]
    version = db.session.execute(current(AccountVersion, known, AccountVersion.account_id == account_id)).scalar_one_or_none()
    users = db.session.execute(select(User).where(User.state == UserState.ACTIVE).order_by(User.email)).scalars().all()
    if version is not None:
        branch_no = db.session.execute(select(Branch.branch_no).where(Branch.id == version.branch_id)).scalar_one()
        found += [Sight("branch", branch_no, user.name, None, first, end, (user.email,)) for user in users if user.branch_no == branch_no and _scope(user) is Scope.BRANCH]
        found += [Sight("client", version.client_no, version.name, None, first, end, (user.email,)) for user in users if user.client_no == version.client_no]
    found += [Sight("all", ", ".join(row.role for row in user.roles), user.name, None, first, end, (user.email,)) for user in users if _scope(user) is Scope.ALL]
    return _signed(found, users)


def _scope(user: User) -> Scope | None:
    scopes = [PERMISSIONS[Role(row.role)].get(Can.ACCOUNT_SEE) for row in user.roles]
    return max((scope for scope in scopes if scope is not None), default=None)


def _signed(found: list[Sight], users: Sequence[User]) -> list[Sight]:
    """The ways with the sign-ins of brokers and staff."""
    brokers, staff = _by(users, "broker_no"), _by(users, "staff_no")
    table = {"broker": brokers, "servicer": staff}
    return [Sight(one.way, one.number, one.name, one.share, one.first, one.until, tuple(table.get(one.way, {}).get(one.number, one.users))) for one in found]


def _by(users: Sequence[User], column: str) -> dict[str, list[str]]:
    table: dict[str, list[str]] = {}
    for user in users:
        if getattr(user, column):
            table.setdefault(getattr(user, column), []).append(user.email)
    return table


def _brokers(account_id: int, first: date, end: date, known: int) -> list[Sight]:
    believed = at(history(account_id), known)
    claims = [claim for claim in (believed.claims if believed else ()) if claim.valid_from < end and claim.valid_to > first]
    names = {row.broker_no: row.name for row in db.session.execute(_broker_names(known))} if claims else {}
    return [Sight("broker", one.broker_no, names.get(one.broker_no, ""), one.share, max(one.valid_from, first), min(one.valid_to, end), ()) for one in claims]


def _broker_names(known: int) -> Select[*tuple[Any, ...]]:
    row = current(BrokerVersion, known).subquery()
    return select(Broker.broker_no, row.c.name).join(row, row.c.broker_id == Broker.id)


def _staff(account_id: int, first: date, end: date, known: int) -> list[Sight]:
    row, version = current(Servicing, known, Servicing.account_id == account_id).subquery(), current(StaffVersion, known).subquery()
    query = select(row.c.role, Staff.staff_no, version.c.name, row.c.valid_from, row.c.valid_to).join(Staff, Staff.id == row.c.staff_id)
    query = query.outerjoin(version, version.c.staff_id == Staff.id).where(row.c.role == ServicingRole.SERVICER, row.c.valid_from < end, row.c.valid_to > first)
    rows = sorted(db.session.execute(query).all(), key=lambda found: (found.valid_from, found.staff_no))
    return [Sight(found.role, found.staff_no, found.name or "", None, max(found.valid_from, first), min(found.valid_to, end), ()) for found in rows]
