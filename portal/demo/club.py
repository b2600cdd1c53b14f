"""Events of the demonstration firm's club, by the verbs that people use: two evenings with a price, a morning that is free, one being prepared."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from models import db
from models.club import ClubEvent, TicketKind
from models.identity import User
from portal.actors import TERMINAL
from portal.club import booking, events
from portal.club.events import Draft, Kind, When
from portal.club.wishes import Guest, Wish
from portal.demo.signed_in import acting
from portal.transaction import transaction

ZONE = "Asia/Shanghai"
CLIENT = "client@example.com"
NIGHT = Draft(
    title="套保之夜：铜与美元",
    title_en="Hedging night: copper and the dollar",
    about="美元走强时，铜价为何常常走弱？两位研究员用三个真实案例讲清：现货企业怎样用期货锁住利润，哪里容易算错。\n最后半小时自由交流，茶点已备好。夜盘开始前结束。",
    about_en="Why does copper tend to fall when the dollar rises? Two analysts show with three real cases how a trader of physical metal locks his margin in, "
    "and where the sums go wrong.\nThe last half hour is for talking, with tea. It ends before the night session begins.",
    host="有色金属研究组",
    zone=ZONE,
    capacity=40,
    party_most=3,
    hold_minutes=30,
    sales_end_at=datetime(2026, 1, 1, tzinfo=UTC),
    when=(),
    kinds=(Kind("标准席", "Standard seat", 19_800), Kind("前排席（含资料集）", "Front row, with the reader", 29_800, 8)),
)
"""The event in full; the others say only what is different. Times are set when it is loaded."""

SALON: dict[str, Any] = {
    "title": "居间人合规沙龙",
    "title_en": "Introducing brokers: what the rules say",
    "about": "新的居间管理规定逐条讲解，现场答疑。仅面向居间人和公司员工。",
    "about_en": "The new rules for introducing brokers, line by line, with time for questions. For introducing brokers and staff.",
    "host": "合规部",
    "capacity": 30,
    "party_most": 1,
    "kinds": (Kind("免费席", "Free seat", 0),),
    "admitted": ("broker", "staff"),
}
"""An afternoon for brokers and staff alone: who else opens its page reads why not, and what is open to him."""


def add_events(moment: datetime) -> int:
    """Prepare and open the events that are not there yet. Returns how many were added."""
    added = 0
    for key, days, start, end, more, is_open in _planned():
        if db.session.execute(select(ClubEvent.id).where(ClubEvent.key == key)).first():
            continue
        db.session.rollback()
        with transaction():
            event = events.create(_draft(moment, days, start, end, more), actor=TERMINAL, moment=moment, key=key)
            if is_open:
                events.publish(event.id, actor=TERMINAL, moment=moment)
        added += 1
    if added:
        _book(moment)
    return added


def _planned() -> list[tuple[str, int, time, time, dict[str, Any], bool]]:
    place = {"venue": "陆家嘴营业部 12 层", "address": "上海市浦东新区世纪大道 1 号"}
    class_ = {
        "title": "期权小班：卖方怎样活下来",
        "title_en": "Options, a small class: how sellers survive",
        "about": "只讲一件事：卖出期权前先算好最坏的一天。每人带一份自己的持仓，现场算保证金与回撤。仅限投资者教育，不推介开户。",
        "about_en": "One thing only: before selling an option, work out the worst day. Bring a position of your own and compute margin and drawdown on the spot. "
        "Education only; nobody is asked to open an account.",
        "host": "期权研究组",
        "capacity": 6,
        "party_most": 1,
        "kinds": (Kind("小班席", "Seat", 9_800),),
        "education_only": True,
        "grade_least": "C4",
        **place,
    }
    morning = {
        "title": "豆粕基差晨会",
        "title_en": "Soybean meal: the basis this morning",
        "about": "二十分钟看完南美天气、到港与库存，再用十分钟回答提问。线上参加，免费。",
        "about_en": "Twenty minutes on South American weather, arrivals and stocks, then ten for questions. Online and free.",
        "host": "农产品研究组",
        "capacity": 200,
        "party_most": 2,
        "kinds": (Kind("免费席", "Free seat", 0),),
        "online_url": "https://meet.example.com/basis",
    }
    visit = {"title": "走进冷轧车间（筹备中）", "title_en": "A morning in a cold-rolling mill (being prepared)", "capacity": 25, **place}
    return [
        ("copper-night", 12, time(18, 30), time(20, 30), place, True),
        ("options-class", 19, time(15, 30), time(17, 30), class_, True),
        ("basis-morning", 5, time(8, 0), time(8, 30), morning, True),
        ("broker-salon", 26, time(15, 30), time(17, 0), {**SALON, **place}, True),
        ("mill-visit", 40, time(9, 30), time(12, 0), visit, False),
    ]


def _draft(moment: datetime, days: int, start: time, end: time, more: dict[str, Any]) -> Draft:
    zone = ZoneInfo(ZONE)
    day = moment.astimezone(zone).date() + timedelta(days=days)
    begins, ends = (datetime.combine(day, at, zone).astimezone(UTC) for at in (start, end))
    where = {name: more.get(name, "") for name in ("venue", "address", "online_url")}
    said = {name: value for name, value in more.items() if name not in where}
    return Draft(**{**vars(NIGHT), **said, "when": (When(begins, ends, **where),), "sales_end_at": begins - timedelta(hours=2)})


def _book(moment: datetime) -> None:
    """The client of the printed sign-ins comes to the free morning, with a guest."""
    actor = acting(CLIENT)
    found = select(TicketKind.id, TicketKind.event_id).join(ClubEvent, ClubEvent.id == TicketKind.event_id).where(ClubEvent.key == "basis-morning")
    kind_id, event_id = db.session.execute(found).one()
    name = db.session.execute(select(User.name).where(User.id == actor.user_id)).scalar_one()
    db.session.rollback()
    with transaction():
        booking.book(event_id, Wish(kind_id, name, (Guest("陈先生", True),)), actor=actor, moment=moment)
