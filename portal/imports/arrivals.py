"""After master files came in: leads whose accounts are there become clients; and what a second person approved of late claims."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from models import db
from models.audit import Approval
from models.leads import Lead
from portal import local_day
from portal.actors import Actor
from portal.audit import approvals
from portal.imports.context import Context
from portal.imports.masters import renew_sums
from portal.jobs.law import jurisdiction
from portal.keys import keyring
from portal.leads import conversion_review
from portal.leads.conversion import Converted, Setting, convert_arrivals
from portal.leads.states import OPEN
from portal.local_day import day_of
from portal.permissions import Can
from portal.transaction import transaction


def setting(actor: Actor, moment: datetime) -> Setting:
    """What a conversion is told from outside, by this portal's settings."""
    return Setting(actor, moment, day_of(moment), jurisdiction(), local_day.zone(), keyring())


def bring_in_clients(actor: Actor, moment: datetime, right: Can = Can.IMPORT_FILES) -> Converted:
    """Convert every live lead whose account is there, in a transaction of its own. Cheap where nobody is in the work of anybody."""
    if db.session.execute(select(Lead.id).where(Lead.state.in_(OPEN), Lead.erased_at.is_(None)).limit(1)).first() is None:
        return Converted()
    with transaction():
        found = convert_arrivals(setting(actor, moment), right=right)
        renew(found, actor, moment)
    return found


def renew(found: Converted, actor: Actor, moment: datetime) -> None:
    """Make the sums anew that count otherwise after a conversion's rows. In the transaction that wrote them."""
    days = [row["valid_from"] for row in (*found.attributions, *found.servicing)]
    renew_sums(min(days, default=None), Context(actor, moment, keyring()))


def recognise(approval: Approval, approver: Actor, moment: datetime) -> None:
    """What an approved recognition of a late or reviewed claim does."""
    renew(conversion_review.recognise(approval, approver, moment, day_of(moment), keyring()), approver, moment)


approvals.register(conversion_review.KIND, Can.TRANSFER_APPROVE, recognise, label="Attribution from a lead")
