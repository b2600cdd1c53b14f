"""Codes that make seats cheaper or open seats that are kept. A use counts while its booking holds its seats: whoever cancels has it again."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from models import db
from models.club import Booking, ClubEvent, TicketKind
from models.club_reserve import SeatPool, Voucher, VoucherUse
from portal.actors import Actor
from portal.audit import log
from portal.bulk import insert_rows
from portal.club import capacity, policy
from portal.permissions import Can
from portal.refusals import Conflict, NotFound, Refusal
from portal.versions import table_of

LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Letters of a code: none that is taken for another."""
LENGTH, MOST_USES, MOST_CODES = 10, 10_000, 200


@dataclass(frozen=True)
class Terms:
    """What a voucher is worth, how often and until when, and for what: all events, one, one kind of ticket of it, or a pool that it opens."""

    percent: int
    off: int
    uses_most: int
    ends_at: datetime
    event_id: int | None = None
    ticket_kind_id: int | None = None
    pool_id: int | None = None
    note: str = ""


def cleaned(code: str) -> str:
    """A code as it is kept, from what was typed."""
    return "".join(letter for letter in code.upper() if letter.isalnum())[:16]


def found(code: str) -> Voucher | None:
    """A voucher by its code, whatever it is worth now."""
    return db.session.execute(select(Voucher).where(Voucher.code == cleaned(code))).scalar_one_or_none()


def taken_up(code: str, event: ClubEvent, kind: TicketKind, moment: datetime) -> Voucher:
    """The voucher that is to be used, held until the open transaction ends, so that of many who use the last one at once one does.

    Raises Refusal where it is none, over, or for something else; Conflict where it is used up."""
    query = select(Voucher).where(Voucher.code == cleaned(code)).with_for_update().execution_options(populate_existing=True)
    voucher = db.session.execute(query).scalar_one_or_none()
    if voucher is None:
        raise Refusal("there is no voucher with this code")
    if voucher.ended_at is not None or voucher.ends_at <= moment:
        raise Refusal("this voucher is over")
    if voucher.event_id not in (None, event.id) or voucher.ticket_kind_id not in (None, kind.id):
        raise Refusal("this voucher is for another event or another kind of ticket")
    if uses([voucher.id], moment).get(voucher.id, 0) >= voucher.uses_most:
        raise Conflict("this voucher is used up")
    return voucher


def uses(voucher_ids: Iterable[int], moment: datetime) -> dict[int, int]:
    """How often vouchers are used at a moment: by bookings that hold their seats."""
    query = select(VoucherUse.voucher_id, func.count()).join(Booking, Booking.id == VoucherUse.booking_id)
    return {row[0]: int(row[1]) for row in db.session.execute(query.where(VoucherUse.voucher_id.in_(list(voucher_ids)), capacity.holding(moment)).group_by(VoucherUse.voucher_id))}


def off(voucher: Voucher | None, price: int) -> int:
    """What a voucher takes off the price of one seat (fen); a fraction of a fen goes to who pays."""
    if voucher is None:
        return 0
    return policy.part(price, voucher.percent) if voucher.percent else min(voucher.off, price)


def used(voucher: Voucher | None, booking: Booking, taken_off: int, moment: datetime) -> None:
    """Write down that a booking used a voucher, with the price before it."""
    if voucher is not None:
        db.session.add(VoucherUse(voucher_id=voucher.id, booking_id=booking.id, price=booking.price + taken_off, off=taken_off, at=moment))
        db.session.flush()


def use_of(booking_id: int) -> tuple[VoucherUse, Voucher] | None:
    """The voucher that a booking used."""
    query = select(VoucherUse, Voucher).join(Voucher, Voucher.id == VoucherUse.voucher_id).where(VoucherUse.booking_id == booking_id)
    row = db.session.execute(query).first()
    return (row[0], row[1]) if row else None


def still_free(booking_id: int, moment: datetime) -> bool:
    """Whether a booking whose hold ran out could use its voucher now, or used none. The voucher is held until the open transaction ends."""
    number = db.session.execute(select(VoucherUse.voucher_id).where(VoucherUse.booking_id == booking_id)).scalar()
    if number is None:
        return True
    voucher = db.session.execute(select(Voucher).where(Voucher.id == number).with_for_update().execution_options(populate_existing=True)).scalar_one()
    return uses([number], moment).get(number, 0) < voucher.uses_most


def create(terms: Terms, count: int, *, actor: Actor, moment: datetime) -> list[Voucher]:
    """Make so many codes of the same worth. Raises NotAllowed, Refusal where the terms make no sense."""
    actor.need(Can.CLUB_EDIT)
    _check(terms, count, moment)
    shared = (terms.percent, terms.off, terms.uses_most, terms.ends_at, terms.event_id, terms.ticket_kind_id, terms.pool_id, terms.note.strip()[:200], moment, actor.user_id)
    codes = ["".join(secrets.choice(LETTERS) for _ in range(LENGTH)) for _ in range(count)]
    columns = ("public_id", "code", "percent", "off", "uses_most", "ends_at", "event_id", "ticket_kind_id", "pool_id", "note", "created_at", "created_by_id")
    insert_rows(table_of(Voucher), columns, [(secrets.token_hex(8), code, *shared) for code in codes])
    log.write(actor, moment, "club.vouchers_made", "voucher", str(count), after={"percent": terms.percent, "off": terms.off, "uses": terms.uses_most, "event": terms.event_id})
    return list(db.session.execute(select(Voucher).where(Voucher.code.in_(codes)).order_by(Voucher.id)).scalars())


def _check(terms: Terms, count: int, moment: datetime) -> None:
    if not (0 <= terms.percent <= policy.WHOLE and terms.off >= 0) or (terms.percent and terms.off):
        raise Refusal("a voucher takes off a part from 0 to 100 percent, or an amount: not both")
    if not (terms.percent or terms.off or terms.pool_id):
        raise Refusal("this voucher would be worth nothing")
    if not (1 <= terms.uses_most <= MOST_USES and 1 <= count <= MOST_CODES):
        raise Refusal("1 to %(codes)s codes at a time, for 1 to %(uses)s bookings each", codes=MOST_CODES, uses=MOST_USES)
    if terms.ends_at <= moment:
        raise Refusal("a voucher ends in the future")
    inside = (select(TicketKind.id, TicketKind.event_id), TicketKind, terms.ticket_kind_id), (select(SeatPool.id, SeatPool.event_id), SeatPool, terms.pool_id)
    for query, table, number in inside:
        if number is not None and not db.session.execute(query.where(table.id == number, table.event_id == terms.event_id)).first():
            raise Refusal("this ticket or pool is not of that event")


def end(public_id: str, *, actor: Actor, moment: datetime) -> None:
    """Nobody can use a voucher any more; seats that were booked with it stay. Raises NotAllowed, NotFound, Conflict where it is over."""
    actor.need(Can.CLUB_EDIT)
    voucher = db.session.execute(select(Voucher).where(Voucher.public_id == public_id).with_for_update()).scalar_one_or_none()
    if voucher is None:
        raise NotFound("there is no such voucher")
    if voucher.ended_at is not None:
        raise Conflict("this voucher is over")
    voucher.ended_at = moment
    db.session.flush()
    log.write(actor, moment, "club.voucher_ended", "voucher", voucher.public_id)
