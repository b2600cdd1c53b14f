"""Events and bookings for the permission matrix."""

from __future__ import annotations

import secrets
from datetime import timedelta

from sqlalchemy import select

from models import db
from models.club import Admitted, Booking, ClubEvent
from models.club_bank import BankReturn, ReturnWhy, TransferState
from models.club_membership import ClubTier, DuesKind, DuesState, TierKind, TierPrice
from models.club_money import Payment, PaymentState
from models.club_no_shows import ClubNoShow
from models.club_points import PointHolder
from models.identity import Role, User
from portal import clock
from portal.actors import TERMINAL, Actor
from portal.club import (
    applications,
    bank_in,
    bank_owed,
    booking,
    dues,
    guests,
    lot,
    materials,
    members,
    points,
    pools,
    prospects,
    rewards,
    rota,
    visitors,
    vouchers,
    waitlist,
    waves,
)
from portal.club.bank_in import Incoming
from portal.club.events import Kind, When
from portal.club.invites import Candidate
from portal.club.materials import Given
from portal.club.members import Person
from portal.club.points import Earning, Holder
from portal.club.rota import Turn
from portal.club.vouchers import Terms
from portal.identity import tokens
from portal.keys import keyring, secret
from portal.leads.people import person
from portal.local_day import today
from portal.transaction import transaction
from tests.matrix import Which, maker
from tests.rooms.club.invite_scene import drawn
from tests.rooms.club.membership_scene import add_tiers
from tests.rooms.club.scene import event_of, wish
from tests.rooms.club.statement_scene import statement_id
from tests.rooms.rules.makers import a_lead

EVERYBODY = tuple(kind.value for kind in Admitted)
"""Whoever is signed in may come: what a page does for a role is asked, not whom an event is for."""
OPEN = ("club_events.show", "club_events.calendar", "club_events.book", "club_waiting.show", "club_waiting.join", "club_waiting.leave", "club_visitors.show", "club_visitors.send")
"""Pages of an event for everybody: there is no event of somebody else's, only one that nobody may know yet."""


@maker("event_key")
def event_key(user: User | None, which: Which) -> str:
    """An event that is open for booking: the firm's, whoever looks; or none."""
    return "nothing" if which == "missing" else _key(event_of(f"e{secrets.token_hex(6)}"))


def _key(number: int) -> str:
    return db.session.execute(select(ClubEvent.key).where(ClubEvent.id == number)).scalar_one()


def _open_key(user: User | None, which: Which) -> str:
    return _key(event_of(f"e{secrets.token_hex(6)}")) if which == "own" else f"no-{which}"


for _endpoint in OPEN:
    maker("event_key", _endpoint)(_open_key)


def _drawn_key(user: User | None, which: Which) -> str:
    """An event whose seats are drawn by lot: for everybody to see; or none."""
    if which != "own":
        return f"no-{which}"
    number = event_of(f"e{secrets.token_hex(6)}")
    with transaction():
        lot.set_up(number, clock.now() + timedelta(days=1), actor=TERMINAL, moment=clock.now())
    return _key(number)


for _endpoint in ("club_lot.show", "club_lot.as_file"):
    maker("event_key", _endpoint)(_drawn_key)


@maker("booking_id")
def booking_id(user: User | None, which: Which) -> str:
    """Seats of one's own, of another client's, or none."""
    if which == "missing":
        return "nobody"
    number = event_of(f"e{secrets.token_hex(6)}", admitted=EVERYBODY)
    other = db.session.execute(select(User.id).order_by(User.id)).scalars().first()
    who = user.id if user is not None and which == "own" else db.session.execute(select(User.id).where(User.id != (user.id if user else other))).scalars().first()
    with transaction():
        made = booking.book(number, wish(number), actor=Actor(who, "somebody", (Role.CLIENT,)), moment=clock.now())
        return made.public_id


@maker("place_id")
def place_id(user: User | None, which: Which) -> str:
    """A place on a waitlist: the firm's to look at, whoever waits; or none."""
    if which == "missing":
        return "nobody"
    number = event_of(f"e{secrets.token_hex(6)}", capacity=0, admitted=EVERYBODY)
    waiting = db.session.execute(select(User.id).order_by(User.id)).scalars().first()
    with transaction():
        return waitlist.join(number, wish(number).kind_id, 1, actor=Actor(waiting, "somebody", (Role.CLIENT,)), moment=clock.now()).public_id


@maker("no_show_id")
def no_show_id(user: User | None, which: Which) -> str:
    """Somebody who was not seen: the firm decides, whoever it was; or none."""
    if which == "missing":
        return "nobody"
    made, moment = booking_id(user, "foreign"), clock.now()
    with transaction():
        one = db.session.execute(select(Booking).where(Booking.public_id == made)).scalar_one()
        shared = {"event_id": one.event_id, "booking_id": one.id, "person": one.person, "user_id": one.user_id, "client_no": "", "starts_at": one.starts_at}
        db.session.add(ClubNoShow(public_id=made, state="told", found_at=moment, appeal_until=moment, words="", decided_label="", decided_why="", **shared))
    return made


@maker("pool_id")
def pool_id(user: User | None, which: Which) -> str:
    """Seats that are kept: the firm's, whoever looks; or none."""
    if which == "missing":
        return "nothing"
    number = event_of(f"e{secrets.token_hex(6)}")
    with transaction():
        return pools.create(number, 2, 48, "at_risk", actor=TERMINAL, moment=clock.now()).public_id


@maker("voucher_id")
def voucher_id(user: User | None, which: Which) -> str:
    """A voucher: the firm's, whoever looks; or none."""
    if which == "missing":
        return "nothing"
    with transaction():
        [made] = vouchers.create(Terms(10, 0, 1, clock.now() + timedelta(days=9)), 1, actor=TERMINAL, moment=clock.now())
        return made.public_id


@maker("position")
def position(user: User | None, which: Which) -> str:
    """The seat of who booked; another's booking hides its seats."""
    return "0"


@maker("token", "club_guests.show")
@maker("token", "club_guests.calendar")
@maker("token", "club_guests.decline")
@maker("token", "club_guests.answer")
def guest_token(user: User | None, which: Which) -> str:
    """A guest's page: whoever has its address opens it; or none."""
    if which != "own":
        return "nobody"
    number = event_of(f"e{secrets.token_hex(6)}", admitted=EVERYBODY)
    someone_id = db.session.execute(select(User.id).order_by(User.id)).scalars().first()
    host = Actor(user.id if user is not None else someone_id, "somebody", (Role.CLIENT,))
    with transaction():
        made = booking.book(number, wish(number, "李四"), actor=host, moment=clock.now())
        return guests.invite(made.public_id, 1, actor=host, moment=clock.now(), today=clock.now().date()).token


def tiers_there() -> None:
    """The tiers, once."""
    if db.session.execute(select(ClubTier.id)).first() is None:
        db.session.rollback()
        add_tiers()


@maker("tier_key")
def tier_key(user: User | None, which: Which) -> str:
    """A tier: the firm's, whoever looks; or none."""
    tiers_there()
    return "nothing" if which == "missing" else "silver"


def _open_tier(user: User | None, which: Which) -> str:
    """A tier for who wants to join: nobody's own, so there is none of somebody else's."""
    return tier_key(user, which) if which == "own" else f"no-{which}"


for _endpoint in ("club_membership.apply", "club_dues.join", "club_dues.pay", "club_dues.look_at_change", "club_dues.change"):
    maker("tier_key", _endpoint)(_open_tier)


@maker("member_id")
def member_id(user: User | None, which: Which) -> str:
    """A member: the desk sees every one."""
    if which == "missing":
        return "nobody"
    tiers_there()
    with transaction():
        return members.join(Person(f"user:{secrets.token_hex(6)}", "王小明"), clock.now()).public_id


@maker("application_id")
def application_id(user: User | None, which: Which) -> str:
    """An application that waits: the desk decides every one."""
    if which == "missing":
        return "nobody"
    tiers_there()
    with transaction():
        who = Person(f"user:{secrets.token_hex(6)}", "王小明")
        made = applications.apply(who, "friend", "", today(), actor=Actor(None, "somebody", (Role.CLIENT,)), moment=clock.now())
        assert made is not None
        return made.public_id


@maker("reward_id")
def reward_id(user: User | None, which: Which) -> str:
    """Something that points can be redeemed for: the firm's, whoever looks; or none."""
    if which == "missing":
        return "987654321"
    with transaction():
        return str(rewards.offer("x", "", 10, None, None, actor=TERMINAL, moment=clock.now()).id)


for _endpoint in ("club_points.look", "club_points.redeem"):
    maker("reward_id", _endpoint)(lambda user, which: reward_id(user, "own" if which == "own" else "missing"))
maker("parcel_id", "club_statement.show")(maker("parcel_id", "club_statement.take_in")(statement_id))


@maker("holder_id")
def holder_id(user: User | None, which: Which) -> str:
    """Somebody who has points: the firm sees them all."""
    if which == "missing":
        return "987654321"
    with transaction():
        points.hold([Holder(f"user:{secrets.token_hex(4)}", "", None)])
        return str(db.session.execute(select(PointHolder.id).order_by(PointHolder.id.desc())).scalars().first())


@maker("redemption_id")
def redemption_id(user: User | None, which: Which) -> str:
    """Points that somebody gave for a reward: the firm hands all of them over."""
    if which == "missing":
        return "nobody"
    number = int(reward_id(user, "own"))
    who = db.session.execute(select(User.id).order_by(User.id)).scalars().first()
    one, moment = Actor(who, "somebody", (Role.CLIENT,)), clock.now()
    with transaction():
        earning = Earning(rewards.holder_of(one), secrets.token_hex(6), 10, "x", moment, moment, moment + timedelta(days=9))
        points.earn([earning], actor=TERMINAL, moment=moment)
        return rewards.redeem(number, 10, actor=one, moment=moment).public_id


@maker("transfer_id", "club_transfers.show")
@maker("transfer_id", "club_transfers.match")
@maker("transfer_id", "club_transfers.prepare")
@maker("transfer_id", "club_transfers.void")
def bank_transfer_id(user: User | None, which: Which) -> str:
    """A bank transfer: the firm's, whoever looks; or none."""
    if which == "missing":
        return "nobody"
    line = Incoming(secrets.token_hex(6), today(), 100, "王小明", "")
    with transaction():
        return bank_in.record(line, today(), actor=TERMINAL, moment=clock.now()).public_id


@maker("return_id")
def bank_return_id(user: User | None, which: Which) -> str:
    """Money that is to be transferred back: the firm's, whoever looks; or none."""
    public_id = bank_transfer_id(user, which)
    if which == "missing":
        return public_id
    with transaction():
        row = bank_in.by_public_id(public_id)
        row.state = TransferState.GIVEN_BACK
        bank_owed.write_for_transfer(row, row.amount, ReturnWhy.NO_ORDER, actor=TERMINAL, moment=clock.now())
        return db.session.execute(select(BankReturn.public_id).where(BankReturn.transfer_id == row.id)).scalar_one()


@maker("list_id")
def list_id(user: User | None, which: Which) -> str:
    """An invitation list: the firm's, whoever looks; or none."""
    return "nothing" if which == "missing" else drawn(event_of(f"e{secrets.token_hex(6)}"), 10)


def _material(number: int) -> str:
    with transaction():
        return materials.add(number, Given("幻灯片", "booked", address="https://example.com/slides"), actor=TERMINAL, moment=clock.now()).public_id


@maker("material_id")
def material_id(user: User | None, which: Which) -> str:
    """Something that is handed out at an event: the firm's, whoever prepares events; or none."""
    return "nothing" if which == "missing" else _material(event_of(f"e{secrets.token_hex(6)}"))


@maker("material_id", "club_materials.show")
def opened_material_id(user: User | None, which: Which) -> str:
    """What is handed out to who has a seat: oneself, or another."""
    if which == "missing":
        return "nothing"
    number = event_of(f"e{secrets.token_hex(6)}", admitted=EVERYBODY, kinds=(Kind("免费席", "Free seat", 0),))
    first = db.session.execute(select(User.id).order_by(User.id)).scalars().first()
    other = db.session.execute(select(User.id).where(User.id != (user.id if user else first))).scalars().first()
    who = user.id if user is not None and which == "own" else other
    with transaction():
        booking.book(number, wish(number), actor=Actor(who, "somebody", (Role.CLIENT,)), moment=clock.now())
    return _material(number)


@maker("duty_id")
def duty_id(user: User | None, which: Which) -> str:
    """A duty at an event: the firm's, whoever prepares events; or none."""
    if which == "missing":
        return "nothing"
    number = event_of(f"e{secrets.token_hex(6)}")
    with transaction():
        return rota.give(number, "S001", Turn("door", clock.now(), clock.now() + timedelta(hours=1)), confirmed=True, actor=TERMINAL, moment=clock.now()).public_id


@maker("payment_key")
def payment_key(user: User | None, which: Which) -> str:
    """A payment of dues: the firm's, whoever looks; or none."""
    if which == "missing":
        return "nothing"
    key = secrets.token_hex(6)
    with transaction():
        tier = db.session.execute(select(ClubTier).where(ClubTier.kind == TierKind.PAID).limit(1)).scalar_one_or_none()
    if tier is None:
        add_tiers()
    with transaction():
        price = db.session.execute(select(TierPrice).order_by(TierPrice.id).limit(1)).scalar_one()
        member = members.join(Person(f"user:{key}", "会员"), clock.now())
        row = dues.opened(member, price, DuesKind.ONCE, clock.now())
        payment = Payment(public_id=key, dues_id=row.id, number=1, state=PaymentState.PAID, amount=60_000, currency="cny", livemode=False)
        payment.idempotency_key, payment.params, payment.url, payment.failure = key, {}, "", ""
        payment.created_at = payment.expires_at = payment.paid_at = clock.now()
        db.session.add(payment)
        row.state = DuesState.PAID
    return key


def prospect_token(user: User | None, which: Which) -> str:
    """A prospect's link; foreign is one that was opened already."""
    if which == "missing":
        return tokens.fresh(secret(), prospects.PURPOSE)
    with transaction():
        lead = a_lead("own").public_id
    with transaction():
        token = prospects.issue(lead, secret=secret(), actor=TERMINAL, moment=clock.now())[0]
        if which == "foreign":
            prospects.open_link(token, secret=secret(), moment=clock.now())
    return token


def visitor_token(user: User | None, which: Which) -> str:
    """A link to somebody's mail address; foreign is one that was opened already."""
    if which == "missing":
        return tokens.fresh(secret(), visitors.PURPOSE)
    made: list[str] = []
    keys, moment = visitors.Keys(secret(), keyring()), clock.now()
    number = event_of(f"e{secrets.token_hex(6)}")
    who = person(name="来宾", phone="13800008000", email=f"{secrets.token_hex(6)}@example.com")
    with transaction():
        asked = visitors.Asked(who, frozenset(), "zh_Hans_CN")
        visitors.ask(db.session.get_one(ClubEvent, number), asked, visitors.Links(lambda token: made.append(token) or token, "", ""), keys=keys, moment=moment)  # type: ignore[func-returns-value]
    if which == "foreign":
        with transaction():
            visitors.use(made[0], keys=keys, moment=moment, today=today())
    return made[0]


def wave_plan(user: User | None, which: Which) -> str:
    """A plan in waves: the firm's, whoever looks; or none."""
    if which == "missing":
        return "nothing"
    start = clock.now() + timedelta(days=90)
    number = event_of(f"e{secrets.token_hex(6)}", sales_end_at=start - timedelta(hours=1), when=(When(start, start + timedelta(hours=2), "陆家嘴"),))
    with transaction():
        candidates = [Candidate(f"W{secrets.token_hex(4)}", 10_000_000) for _ in range(4)]
        return waves.draw(number, candidates, waves.Steps((number,) * 2, today(), 7), {}, None, actor=TERMINAL, moment=clock.now(), today=today()).public_id


for _endpoint in ("club_waves.show", "club_waves.send", "club_waves.compute", "club_wave_clients.index"):
    maker("plan_id", _endpoint)(wave_plan)


@maker("number", "club_waves.send")
def wave_number(user: User | None, which: Which) -> str:
    """The first wave."""
    return "1"


for _endpoint in ("club_visitors.open_link", "club_visitors.begin"):
    maker("token", _endpoint)(visitor_token)
for _endpoint in ("club_prospects.open_link", "club_prospects.begin"):
    maker("token", _endpoint)(prospect_token)
