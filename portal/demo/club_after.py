"""What came after in the demonstration firm's club: dues that a member paid by transfer and of which a part went back, and a guest who left his number."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from models import db
from models.club import Booking, BookingState, Seat
from models.club_bank import BankAccount
from models.club_money import Refund, RefundWhy
from models.identity import Role, User, UserRole
from models.introductions import LeadPurpose
from portal.actors import actor_of
from portal.audit import approvals
from portal.club import bank_in, bank_orders, desk_refunds, guests, persons
from portal.club.bank_in import Incoming
from portal.club.desk_refunds import Asked
from portal.demo.club import CLIENT
from portal.demo.club_bank import FIRST, SECOND
from portal.demo.leads_around import Setting
from portal.demo.signed_in import acting
from portal.keys import secret, signer
from portal.leads import links
from portal.leads.arrivals import Arrival, arrive
from portal.leads.people import person
from portal.leads.receipts import commitment
from portal.transaction import transaction

PART = 10_000


def add_after(at: Setting) -> str:
    """Tell both, where nobody has told them yet. Returns what was told, in words."""
    if db.session.execute(select(Refund.id).where(Refund.why == RefundWhy.DUES_GOODWILL).limit(1)).first() is not None:
        return "nothing more of the club"
    paid = _dues(at.moment, at)
    return f"{paid} fen of dues came, {PART if paid else 0} of it goes back; {_number(at)} guests left a number"


def _dues(moment: datetime, at: Setting) -> int:
    """A client pays for the silver tier by transfer, and is given a part back. Returns what he paid (fen); 0 where nobody can."""
    first, second, client = acting(FIRST), acting(SECOND), acting(CLIENT)
    others = select(User).join(UserRole, UserRole.user_id == User.id).where(UserRole.role == Role.CLIENT, User.id != client.user_id)
    payer = db.session.execute(others.order_by(User.client_no).limit(1)).scalars().first()
    if payer is None or db.session.execute(select(BankAccount.id).limit(1)).first() is None:
        return 0
    member, name = actor_of(payer), payer.name
    db.session.rollback()
    with transaction():
        order = bank_orders.choose_for_dues(persons.oneself(member, name), "silver", at.today, actor=member, moment=moment)[0]
        key, amount, reference = order.public_id, order.amount, order.reference or ""
    with transaction():
        line = Incoming("DEMO-20260003", at.today, amount, name, f"会费 {reference}")
        waits = bank_in.prepare(bank_in.record(line, at.today, actor=first, moment=moment).public_id, True, "会员本人账户，已电话核对", actor=first, moment=moment)
        approvals.approve(waits.id, second, moment, digest=waits.digest)
    with transaction():
        asked = Asked(PART, RefundWhy.DUES_GOODWILL, "接待室装修期间的补偿", ends=False, ends_subscription=False, left=amount)
        desk_refunds.give_back(key, asked, at.today, actor=first, moment=moment)
    return amount


def _number(at: Setting) -> int:
    """The client's guest opens his page and leaves his number. Returns how many did."""
    host = acting(CLIENT)
    seat = select(Booking.public_id, Seat.id, Seat.position, Seat.name).join(Seat, Seat.booking_id == Booking.id)
    seat = seat.where(Booking.user_id == host.user_id, Booking.state == BookingState.GRANTED, Seat.position > 0, Seat.freed_at.is_(None))
    found = db.session.execute(seat.order_by(Seat.id).limit(1)).first()
    if found is None or guests.of_seats([found.id]):
        return 0
    with transaction():
        token = guests.invite(found.public_id, found.position, actor=host, moment=at.moment, today=at.today).token
    code = guests.page_of(token, at.moment, at.today).code
    if not code:
        return 0
    who = person(name=found.name, phone="19930009001", note="想了解豆粕套保")
    arrival = Arrival(who, frozenset({LeadPurpose.CONTACT.value}), "zh_Hans_CN", commitment(who))
    with transaction():
        live = links.live(code, at.today)
        arrive(live, arrival, firm=at.base_url, signer=signer(), keyring=at.keyring, secret=secret(), moment=at.moment, today=at.today)
    return 1
