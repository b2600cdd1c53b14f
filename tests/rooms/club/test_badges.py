"""Name badges: read back from the PDF, in the order of pinyin, eight to a page."""

from __future__ import annotations

from flask import Flask

from models import db
from models.club import Seat
from models.identity import Role
from portal import clock
from portal.club import badges, booking
from portal.club.events import Kind
from portal.transaction import transaction
from tests.people import post, seat, someone
from tests.rooms.club.scene import booking_of, clients, event_of, wish
from tests.rooms.documents.reading import pages, structure

NAMES = ("张伟", "白晶晶", "Anna Bell", "李四", "曾国强", "欧阳修", "赵一", "钱二", "孙三")
ORDER = ["Anna Bell", "白晶晶", "李四", "欧阳修", "钱二", "孙三", "曾国强", "张伟", "赵一"]
"""Bai, Li, Ouyang, Qian, Sun, Zeng (曾 as a surname, not ceng), Zhang, Zhao; letters before them."""


def test_badges_are_read_back_from_the_pdf(app: Flask) -> None:
    """Nine people: two pages, by the order in which names are read, each with the firm that was agreed, the ticket and the code. A seat that was given back
    has none; a new name takes no firm over."""
    people = clients(app, len(NAMES) + 1)
    with app.app_context():
        night, made = event_of(kinds=(Kind("前排席", "Front row", 0),), capacity=20), []
        for one, name in zip(people, (*NAMES, "周五"), strict=True):
            with transaction():
                made.append(booking.book(night, wish(night, name=name), actor=one, moment=clock.now()).public_id)
        with transaction():
            badges.say(made[0], 0, " 华东铜业  有限公司 ", actor=people[0], moment=clock.now())
            badges.say(made[1], 0, "旧公司", actor=people[1], moment=clock.now())
            booking.rename(made[1], 0, "白晶晶", False, actor=people[1], moment=clock.now())
        with transaction():
            booking.rename(made[1], 0, "别人", False, actor=people[1], moment=clock.now())
            booking.rename(made[1], 0, NAMES[1], False, actor=people[1], moment=clock.now())
            booking.cancel(made[-1], actor=people[-1], moment=clock.now())
        codes = {db.session.execute(db.select(Seat.code).where(Seat.booking_id == booking_of(key).id)).scalar_one() for key in made[:-1]}
        db.session.remove()
    body = seat(app, someone(app, Role.ADMIN)).get("/club/events/night/badges.pdf?lang=zh_Hans_CN").data
    first, second = pages(body)
    text = (first + second).replace("\n", "").replace(" ", "")
    places = [text.index(name.replace(" ", "")) for name in ORDER]
    assert places == sorted(places)
    assert (ORDER[8] in second, ORDER[7] in first) == (True, True)
    assert ("华东铜业有限公司" in text, "旧公司" in text, "周五" in text, text.count("前排席")) == (True, False, False, 9)
    assert all(f"{code[:5]}-{code[5:]}" in text for code in codes)
    assert structure(body)["/Figure"] == 9


def test_what_stands_on_a_badge_is_said_on_the_page_of_the_seat(app: Flask) -> None:
    """Kept by its holder; another's seat is not found; too long a text is refused with words."""
    one, other = clients(app, 2)
    with app.app_context():
        night = event_of(kinds=(Kind("免费席", "Free seat", 0),))
        with transaction():
            made = booking.book(night, wish(night), actor=one, moment=clock.now()).public_id
        db.session.remove()
    mine, at = seat(app, one.user_id or 0), f"/club/bookings/{made}/seats/0"
    assert post(mine, f"{at}/badge", at, badge="现货部").status_code == 303
    assert 'value="现货部"' in mine.get(at).text
    post(mine, f"{at}/badge", at, badge="x" * 41)
    assert "at most 40 characters" in mine.get(at).text
    assert post(seat(app, other.user_id or 0), f"{at}/badge", "/me", badge="x").status_code == 404
