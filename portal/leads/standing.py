"""For which branch an introducer brings leads, and whether he may bring any now: nobody who has left introduces."""

from __future__ import annotations

from datetime import date

from sqlalchemy import or_, select

from models import db
from models.clients import AccountVersion
from models.leads import IntroducerKind
from models.partners import Branch, BrokerState, BrokerStatus, BrokerVersion, StaffVersion
from portal.leads.introducers import Introducer
from portal.versions import current


def standing_branch(introducer: Introducer, today: date) -> int | None:
    """The branch that his leads belong to: a broker's and a staff member's own, a client's by his accounts, for the firm the first.

    None where he does not stand: a broker who is not active, one of the staff who has left, a client without an open account.
    """
    if introducer.kind is IntroducerKind.BROKER:
        return _broker(introducer, today)
    if introducer.kind is IntroducerKind.STAFF:
        return _staff(introducer, today)
    if introducer.kind is IntroducerKind.CLIENT:
        return _client(introducer, today)
    return db.session.execute(select(Branch.id).order_by(Branch.branch_no).limit(1)).scalar()


def _broker(introducer: Introducer, today: date) -> int | None:
    status = current(BrokerStatus, None, BrokerStatus.broker_id == introducer.id)
    status = status.where(BrokerStatus.status == BrokerState.ACTIVE, BrokerStatus.valid_from <= today, BrokerStatus.valid_to > today)
    if db.session.execute(status.limit(1)).first() is None:
        return None
    known = current(BrokerVersion, None, BrokerVersion.broker_id == introducer.id)
    return db.session.execute(known.with_only_columns(BrokerVersion.branch_id)).scalar()


def _staff(introducer: Introducer, today: date) -> int | None:
    known = current(StaffVersion, None, StaffVersion.staff_id == introducer.id).where(or_(StaffVersion.left_on.is_(None), StaffVersion.left_on > today))
    return db.session.execute(known.with_only_columns(StaffVersion.branch_id)).scalar()


def _client(introducer: Introducer, today: date) -> int | None:
    his = select(AccountVersion.account_id).where(AccountVersion.client_no == introducer.number)
    known = current(AccountVersion, None, AccountVersion.account_id.in_(his)).where(AccountVersion.client_no == introducer.number)
    known = known.where(or_(AccountVersion.closed_on.is_(None), AccountVersion.closed_on > today))
    return db.session.execute(known.with_only_columns(AccountVersion.branch_id).order_by(AccountVersion.account_id).limit(1)).scalar()
