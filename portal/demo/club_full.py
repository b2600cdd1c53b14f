"""A full evening of the demonstration firm: seats kept for key clients, a voucher, a waitlist where one stands behind the others; and the two
evenings of this autumn that he missed. Told by the verbs that people use, some days around the moment of loading."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from models import db
from models.club import Booking, ClubEvent, TicketKind
from models.club_invites import CostKind
from models.club_reserve import PoolReason
from models.identity import User
from portal.actors import Actor, actor_of
from portal.club import booking, costs, events, no_shows, pools, vouchers, waitlist
from portal.club.events import Draft, Kind, When
from portal.club.vouchers import Terms
from portal.club.wishes import Wish
from portal.demo.club import CLIENT, NIGHT, ZONE
from portal.demo.club_past import PAST, at_hour, come_to, evening
from portal.demo.signed_in import acting
from portal.local_day import day_of
from portal.transaction import transaction

FULL, OCTOBER, NOVEMBER = "gold-forum", "autumn-copper", "autumn-meal"
SEATS, KEPT, FRONT = 12, 2, 12_800
GUESTS = 14
"""So many clients with a sign-in take part: nine have seats, one comes by a voucher, three wait, one is named for a kept seat."""


def add_full(moment: datetime) -> str:
    """Tell the story where it is not told yet. Returns what there is."""
    if db.session.execute(select(ClubEvent.id).where(ClubEvent.key == FULL)).first():
        return "the full evening of the club was there already"
    people = _people()
    db.session.rollback()
    if len(people) < GUESTS:
        return "no full evening of the club: too few clients have a sign-in"
    client = acting(CLIENT)
    db.session.rollback()
    _missed(moment, people, client)
    number = _prepared(moment)
    _keep(number, people[13], moment)
    _taken(number, people, moment)
    for one in (people[11], client, people[12]):
        with transaction():
            waitlist.join(number, _kind(number, 0), 1, actor=one, moment=moment)
    return f"a full evening of the club: {SEATS} seats, {KEPT} of them kept, 3 wait"


def _people() -> list[Actor]:
    """Clients who came to the evening in spring, in a fixed order."""
    query = select(User).join(Booking, Booking.user_id == User.id).join(ClubEvent, ClubEvent.id == Booking.event_id).where(ClubEvent.key == PAST, User.email != CLIENT)
    return [actor_of(user) for user in db.session.execute(query.order_by(User.client_no).limit(GUESTS)).scalars()]


def _missed(moment: datetime, people: Sequence[Actor], client: Actor) -> None:
    """Two evenings: the last of those who had a seat did not come. One of them missed both, and one says why."""
    today = day_of(moment)
    stories = (
        (OCTOBER, "金秋铜市沙龙", "An autumn evening on copper", 20, [*people[:8], people[11]], 8, 0),
        (NOVEMBER, "油粕套利夜话", "Oil, meal and the crush spread", 4, [*people[:7], people[9], client, people[11]], 7, 320_000),
    )
    for key, title, title_en, days, seats, came, cost in stories:
        day = today - timedelta(days=days)
        number = evening(key, title, title_en, day)
        come_to(number, seats, came, day)
        with transaction():
            no_shows.find(number, actor=acting("admin@example.com"), moment=at_hour(day + timedelta(days=2)))
        if cost:
            with transaction():
                costs.record(number, CostKind.VENUE, cost, 0, "会议室与茶点", actor=acting("admin@example.com"), moment=at_hour(day + timedelta(days=2)))
    own = select(Booking.public_id).join(ClubEvent, ClubEvent.id == Booking.event_id).where(ClubEvent.key == NOVEMBER, Booking.user_id == people[9].user_id)
    public_id = db.session.execute(own).scalar_one()
    db.session.rollback()
    with transaction():
        no_shows.appeal(public_id, "当天航班取消，已请客户经理转告。", actor=people[9], moment=at_hour(today - timedelta(days=1)))


def _prepared(moment: datetime) -> int:
    zone = ZoneInfo(ZONE)
    day = moment.astimezone(zone).date() + timedelta(days=16)
    begins, ends = (datetime.combine(day, at, zone).astimezone(UTC) for at in (time(18), time(20)))
    when = When(begins, ends, "陆家嘴营业部 12 层", "上海市浦东新区世纪大道 1 号")
    said: dict[str, Any] = {
        "title": "黄金与利率：闭门圆桌",
        "title_en": "Gold and rates: a round table",
        "about": "十二个座位，一张圆桌：三种利率情景下，黄金多头如何移仓、何时减仓。",
        "about_en": "Twelve chairs around one table: how to roll and when to cut a long gold position under three paths of rates.",
        "host": "贵金属研究组",
        "capacity": SEATS,
        "party_most": 2,
        "kinds": (Kind("圆桌席", "Chair", 0), Kind("前排席（含资料集）", "Front row, with the reader", FRONT, 2)),
    }
    admin = acting("admin@example.com")
    with transaction():
        event = events.create(Draft(**{**vars(NIGHT), **said, "when": (when,), "sales_end_at": begins - timedelta(hours=2)}), actor=admin, moment=moment, key=FULL)
        events.publish(event.id, actor=admin, moment=moment)
        return event.id


def _kind(event_id: int, position: int) -> int:
    return db.session.execute(select(TicketKind.id).where(TicketKind.event_id == event_id, TicketKind.position == position)).scalar_one()


def _keep(event_id: int, key_client: Actor, moment: datetime) -> None:
    """Two seats are kept for key clients until two days before it; one of them is named."""
    admin = acting("admin@example.com")
    with transaction():
        pool = pools.create(event_id, KEPT, 48, PoolReason.KEY_CLIENT, actor=admin, moment=moment)
        pools.add_people(pool.public_id, [key_client.client_no or ""], actor=admin, moment=moment)


def _taken(event_id: int, people: Sequence[Actor], moment: datetime) -> None:
    """Everybody else's seats are taken: nine chairs, and one in the front row by a voucher that pays for it."""
    with transaction():
        for one in people[:9]:
            booking.book(event_id, Wish(_kind(event_id, 0), one.label.partition("@")[0]), actor=one, moment=moment)
    with transaction():
        ends_at = moment + timedelta(days=14)
        [made] = vouchers.create(Terms(100, 0, 1, ends_at, event_id, _kind(event_id, 1), None, "讲座答谢"), 1, actor=acting("admin@example.com"), moment=moment)
        booking.book(event_id, Wish(_kind(event_id, 1), people[10].label.partition("@")[0], code=made.code), actor=people[10], moment=moment)
