"""Two evenings that are over in the demonstration firm: one to which everybody could come, and one with an invitation list, a part of it held out by lot,
who came, what it cost, and what became of both sides in the settled days since. Dates are fixed, as the year's are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from models import db
from models.club import ClubEvent, Seat, TicketKind
from models.club_invites import Arm, CostKind, Invitee
from models.identity import Role, User
from portal.actors import Actor, actor_of
from portal.club import booking, costs, door, events, invites
from portal.club.events import Draft, Kind, When
from portal.club.invites import Terms
from portal.club.wishes import Wish
from portal.demo.club import NIGHT, ZONE
from portal.demo.scored import scored_before
from portal.demo.signed_in import acting
from portal.identity import verbs
from portal.risk import effects, invited, inviting
from portal.risk.gathering import Progress
from portal.risk.inviting import Criteria
from portal.transaction import transaction

PAST, FIRST = "spring-hedging", "new-year-outlook"
HELD_ON, DRAWN_ON, FIRST_ON = date(2026, 4, 22), date(2026, 4, 8), date(2026, 1, 14)
CRITERIA, PERCENT = Criteria(equity_from=50_000_000), 20
SIGNED_UP, CAME, CAME_BEFORE = 26, 21, 8
"""Of the invited: so many signed up, so many of them came, so many had come to the first evening."""
COSTS = (
    (CostKind.VENUE, 600_000, 0, "十六铺会议中心"),
    (CostKind.CATERING, 480_000, 0, "茶点四十份"),
    (CostKind.SPEAKER, 500_000, 0, "外请讲师一位"),
    (CostKind.SUBSIDY, 210_000, 0, "外地客户交通补贴"),
    (CostKind.STAFF, 416_000, 32 * 60, "客户经理邀约与现场"),
)


def add_past(until: date, hashed: str, progress: Progress) -> str:
    """Tell both stories where they are not told yet; `hashed` is the printed password of those who sign up. Returns what was found."""
    if db.session.execute(select(ClubEvent.id).where(ClubEvent.key == PAST)).first():
        return "two evenings that are over were there already"
    db.session.rollback()
    first, past = (
        evening(FIRST, "新年展望：黑色与化工", "Outlook for the new year: ferrous and chemicals", FIRST_ON),
        evening(PAST, "春季套保沙龙", "A spring evening on hedging", HELD_ON),
    )
    drawn = _draw(past, progress)
    people = _sign_ins(drawn[Arm.INVITED][:SIGNED_UP] + drawn[Arm.HELD_OUT][:1], hashed)
    come_to(first, people[:CAME_BEFORE], CAME_BEFORE, FIRST_ON)
    come_to(past, people[-1:] + people[:-1], CAME + 1, HELD_ON)
    admin = acting("admin@example.com")
    with transaction():
        for kind, amount, minutes, words in COSTS:
            costs.record(past, kind, amount, minutes, words, actor=admin, moment=at_hour(HELD_ON + timedelta(days=2)))
    found = invited.effects([past], until, progress)
    with transaction():
        effects.keep(found, until, actor=admin, moment=at_hour(until, 20))
    return f"{len(drawn[Arm.INVITED])} clients invited to an evening that is over, {len(drawn[Arm.HELD_OUT])} held out"


def at_hour(day: date, hour: int = 10) -> datetime:
    """A full hour of a day in Shanghai."""
    return datetime.combine(day, time(hour), ZoneInfo(ZONE)).astimezone(UTC)


def evening(key: str, title: str, title_en: str, day: date) -> int:
    """Prepare and open an evening four weeks ahead of it. Returns its number."""
    begins = at_hour(day, 18)
    when = When(begins, begins + timedelta(hours=2), "陆家嘴营业部 12 层", "上海市浦东新区世纪大道 1 号")
    said = {"title": title, "title_en": title_en, "capacity": 60, "sales_end_at": begins - timedelta(hours=2), "when": (when,), "kinds": (Kind("免费席", "Free seat", 0),)}
    admin, moment = acting("admin@example.com"), at_hour(day - timedelta(days=28))
    with transaction():
        event = events.create(Draft(**{**vars(NIGHT), **said}), actor=admin, moment=moment, key=key)
        events.publish(event.id, actor=admin, moment=moment)
        return event.id


def _draw(event_id: int, progress: Progress) -> dict[Arm, list[str]]:
    """Score the clients as of the day before, draw, and send. Returns the client numbers of both sides in drawn order."""
    admin, moment = acting("admin@example.com"), at_hour(DRAWN_ON)
    settled = scored_before(DRAWN_ON, ZoneInfo(ZONE), progress, actor=admin, moment=moment)
    found = inviting.eligible(db.session.get_one(ClubEvent, event_id), CRITERIA, settled, actor=admin, moment=moment, today=DRAWN_ON)
    db.session.rollback()
    with transaction():
        terms = Terms(percent=PERCENT, criteria=CRITERIA.plain(), settled_on=settled)
        public_id = invites.draw(event_id, found.candidates, terms, actor=admin, moment=moment).public_id
    with transaction():
        invites.send(public_id, actor=admin, moment=moment + timedelta(hours=1))
    sides: dict[Arm, list[str]] = {arm: [] for arm in Arm}
    for arm, number in db.session.execute(select(Invitee.arm, Invitee.client_no).where(Invitee.event_id == event_id).order_by(Invitee.place)):
        sides[Arm(arm)].append(number)
    db.session.rollback()
    return sides


def _sign_ins(numbers: Sequence[str], hashed: str) -> list[Actor]:
    """Clients who sign up have a sign-in each, with the printed password."""
    known = set(db.session.execute(select(User.client_no).where(User.client_no.in_(numbers))).scalars())
    admin, moment = acting("admin@example.com"), at_hour(FIRST_ON - timedelta(days=30))
    db.session.rollback()
    with transaction():
        for number in numbers:
            if number not in known:
                mail = f"{number.lower()}@example.com"
                verbs.add_user(email=mail, name=number, roles=[Role.CLIENT], client_no=number, demo_password_hash=hashed, actor=admin, moment=moment)
        users = {user.client_no: actor_of(user) for user in db.session.execute(select(User).where(User.client_no.in_(numbers))).scalars()}
    return [users[number] for number in numbers]


def come_to(event_id: int, people: Sequence[Actor], come: int, day: date) -> None:
    """They sign up a week before; the first of them are let in at the door."""
    kind = db.session.execute(select(TicketKind.id).where(TicketKind.event_id == event_id)).scalar_one()
    db.session.rollback()
    with transaction():
        made = [booking.book(event_id, Wish(kind, one.label.partition("@")[0], ()), actor=one, moment=at_hour(day - timedelta(days=7))).id for one in people]
    staff, at = acting("staff@example.com"), at_hour(day, 18)
    with transaction():
        event = db.session.get_one(ClubEvent, event_id)
        codes = db.session.execute(select(Seat.code).where(Seat.booking_id.in_(made[:come])).order_by(Seat.booking_id)).scalars().all()
        for place, code in enumerate(codes):
            moment = at + timedelta(minutes=place - 10)
            door.check_in(event, code, at=moment, desk="1", scan_key=f"{event_id}:{place}", actor=staff, moment=moment)
