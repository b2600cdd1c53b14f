"""Leads for the mixed load: as many for each broker, registered by the portal's own code for long lists."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from models import db
from models.leads import Claim, Lead, LeadDoor
from models.partners import Broker
from portal import clock, local_day
from portal.actors import TERMINAL
from portal.keys import keyring
from portal.leads import introducers
from portal.leads.look_ups import Limits
from portal.leads.many import CHUNK, Asked, Many
from portal.leads.people import person
from portal.transaction import transaction

LEADS = 200_000


def add_leads(broker_nos: list[str], leads: int = LEADS) -> None:
    """Register so many persons, in turn for every broker; they are those of the last hundred days."""
    asked = []
    for place in range(leads):
        who = person(name=f"客户{place}", phone=f"13{800_000_000 + place}")
        asked.append(Asked(place, who, introducers.broker(broker_nos[place % len(broker_nos)])))
    today, moment = local_day.today(), clock.now()
    many = Many(actor=TERMINAL, moment=moment, today=today, keyring=keyring(), door=LeadDoor.FILE, limits=Limits.NONE)
    for number, start in enumerate(range(0, leads, CHUNK)):
        ago = timedelta(days=number % 100)
        many.moment, many.today = moment - ago, today - ago
        with transaction():
            many.chunk(asked[start : start + CHUNK])


def lead_of(broker_no: str) -> str:
    """The address of one lead of a broker."""
    query = select(Lead.public_id).join(Claim, Claim.lead_id == Lead.id).join(Broker, Broker.id == Claim.broker_id).where(Broker.broker_no == broker_no)
    found: str = db.session.execute(query.order_by(Lead.id.desc()).limit(1)).scalar_one()
    return f"/leads/{found}"
