"""The demonstration firm's bank transfers: an account, an order that waits, a transfer before a second person, and one that belongs to no order."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from models import db
from models.club import ClubEvent, TicketKind
from models.club_bank import BankAccount
from models.identity import User
from portal.audit import approvals
from portal.club import bank_account, bank_in, bank_orders, booking
from portal.club.bank_in import Incoming
from portal.club.wishes import Guest, Wish
from portal.demo.club import CLIENT
from portal.demo.signed_in import acting
from portal.local_day import day_of
from portal.transaction import transaction

FIRST, SECOND = "finance@example.com", "admin@example.com"
ACCOUNT = ("居缘期货有限公司（演示）", "演示银行上海市陆家嘴支行", "9900 0000 2026 0001")


def add_transfers(moment: datetime) -> int:
    """Set the account by two people, order two seats by transfer, and record what came. Returns how many transfers there are."""
    if db.session.execute(select(BankAccount.id).limit(1)).first():
        return 0
    first, second, client = acting(FIRST), acting(SECOND), acting(CLIENT)
    found = select(TicketKind.id, TicketKind.event_id).join(ClubEvent, ClubEvent.id == TicketKind.event_id).where(ClubEvent.key == "copper-night")
    kind_id, event_id = db.session.execute(found.order_by(TicketKind.position).limit(1)).one()
    name = db.session.execute(select(User.name).where(User.id == client.user_id)).scalar_one()
    db.session.rollback()
    with transaction():
        waits = bank_account.propose(*ACCOUNT, actor=first, moment=moment)
        approvals.approve(waits.id, second, moment, digest=waits.digest)
    with transaction():
        made = booking.book(event_id, Wish(kind_id, name, (Guest("陈先生", True),)), actor=client, moment=moment)
        order, _sessions = bank_orders.choose(made.public_id, actor=client, moment=moment)
        reference, amount = order.reference or "", order.amount
    lines = (Incoming("DEMO-20260001", day_of(moment), amount, name, f"活动费 {reference}"), Incoming("DEMO-20260002", day_of(moment), 60_000, "周女士", "俱乐部会费"))
    with transaction():
        came = [bank_in.record(line, day_of(moment), actor=first, moment=moment).public_id for line in lines]
        bank_in.prepare(came[0], True, "", actor=first, moment=moment)
    return len(came)
