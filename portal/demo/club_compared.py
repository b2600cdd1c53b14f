"""More evenings of the demonstration firm's club: two by which one can see how an evening is compared where no part was held out (everybody of a list invited; everybody
invited in waves whose order was drawn), what the next events ask of who signs up, and a visitor without an account who answered. What the comparisons tell is read by the
night's work, as in a real firm."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from sqlalchemy import func, select

from models import db
from models.club import ClubEvent, TicketKind
from models.identity import User
from models.settlement import SettlementDay
from portal.actors import actor_of
from portal.club import booking, invites, questions, visitors, waves
from portal.club.invites import Terms
from portal.club.questions import Asking
from portal.club.visitors import Asked, Keys, Links
from portal.club.waves import Steps
from portal.club.wishes import Wish
from portal.demo.club_past import at_hour, evening
from portal.demo.leads_around import Setting
from portal.demo.partners import branch_no
from portal.demo.signed_in import acting
from portal.keys import secret
from portal.leads.people import person
from portal.risk import inviting
from portal.risk.inviting import Criteria, Found
from portal.transaction import transaction

PAIRED, STAGGERED, NIGHT, MORNING = "summer-basis", "july-options", "copper-night", "basis-morning"
PAIRED_ON, LISTED_ON = date(2026, 6, 17), date(2026, 6, 3)
STAGGERED_ON, DRAWN_ON, FIRST, GAP, WAVES = date(2026, 7, 29), date(2026, 7, 2), date(2026, 7, 6), 7, 4
EQUITY = 30_000_000
FOOD = (("都可以", "Anything"), ("素食", "Vegetarian"), ("清真", "Halal"), ("对坚果过敏", "Allergic to nuts"))


class Question(NamedTuple):
    """A question and the event that asks it."""

    event: str
    asking: Asking


QUESTIONS = (
    Question(NIGHT, Asking("choice", "餐饮偏好", "What you eat", FOOD, private=True)),
    Question(NIGHT, Asking("words", "车牌号（如需停车位）", "Plate of your car, if you need a place to park", at_door=True)),
    Question(NIGHT, Asking("tick", "我知晓活动内容不构成投资建议", "I know that nothing said there is advice to invest", required=True)),
    Question(MORNING, Asking("words", "最想听哪个品种", "Which product you most want to hear about")),
)


def add_compared(at: Setting) -> str:
    """Tell all of it where it is not told yet. Returns what there is."""
    if db.session.execute(select(ClubEvent.id).where(ClubEvent.key == PAIRED)).first():
        return "the evenings that are compared were there already"
    db.session.rollback()
    listed, drawn, asked = _listed(), _in_waves(), _questions(at)
    return f"{listed} clients invited without a hold-out, {drawn} in waves; {asked} questions asked; {_visitor(at)} visitor without an account"


def _eligible(event_id: int, branch: int, on: date) -> tuple[Found, Criteria, date]:
    """The clients of a branch with some equity as of the last settled day before a day; and how they were asked for."""
    criteria = Criteria(branch=branch_no(branch), equity_from=EQUITY)
    settled = db.session.execute(select(func.max(SettlementDay.trade_date)).where(SettlementDay.trade_date < on)).scalar_one()
    found = inviting.eligible(db.session.get_one(ClubEvent, event_id), criteria, settled, actor=acting("admin@example.com"), moment=at_hour(on), today=on)
    db.session.rollback()
    return found, criteria, settled


def _listed() -> int:
    """A whole branch was invited to a summer evening; nobody was held out. Returns how many clients."""
    number = evening(PAIRED, "夏日基差茶会", "Tea and the basis, a summer evening", PAIRED_ON)
    found, criteria, settled = _eligible(number, 1, LISTED_ON)
    if not found.candidates:
        return 0
    admin, moment = acting("admin@example.com"), at_hour(LISTED_ON)
    with transaction():
        terms = Terms(percent=0, why_none="营业部周年答谢，人人都请", criteria=criteria.plain(), settled_on=settled)
        public_id = invites.draw(number, found.candidates, terms, actor=admin, moment=moment).public_id
        invites.send(public_id, actor=admin, moment=moment + timedelta(hours=1))
    return len(found.candidates)


def _in_waves() -> int:
    """Another branch was invited to an evening in July, a quarter of its clients each week. Returns how many clients."""
    number = evening(STAGGERED, "七月期权夜话", "Options, an evening in July", STAGGERED_ON)
    found, criteria, settled = _eligible(number, 2, DRAWN_ON)
    if len(found.candidates) < WAVES:
        return 0
    admin, steps = acting("admin@example.com"), Steps((number,) * WAVES, FIRST, GAP)
    with transaction():
        public_id = waves.draw(number, found.candidates, steps, criteria.plain(), settled, actor=admin, moment=at_hour(DRAWN_ON), today=DRAWN_ON).public_id
        for place, day in enumerate(steps.days, 1):
            waves.send(public_id, place, actor=admin, moment=at_hour(day), today=day)
    return len(found.candidates)


def _questions(at: Setting) -> int:
    """What the next events ask. Returns how many questions."""
    numbers = {row.key: row.id for row in db.session.execute(select(ClubEvent.key, ClubEvent.id).where(ClubEvent.key.in_((NIGHT, MORNING))))}
    admin = acting("admin@example.com")
    db.session.rollback()
    with transaction():
        for one in QUESTIONS:
            questions.add(numbers[one.event], one.asking, actor=admin, moment=at.moment)
        questions.set_hours(numbers[NIGHT], 24, actor=admin, moment=at.moment)
    return len(QUESTIONS)


def _visitor(at: Setting) -> int:
    """Somebody without an account proves her address, takes a seat for the free morning and says what she wants to hear. Returns how many did."""
    keys = Keys(secret(), at.keyring)
    tokens: list[str] = []

    def link(token: str) -> str:
        tokens.append(token)
        return f"{at.base_url}/events/visit/{token}"

    event = db.session.execute(select(ClubEvent).where(ClubEvent.key == MORNING)).scalar_one()
    if not visitors.welcome(event, at.moment):
        return 0
    kind = db.session.execute(select(TicketKind.id).where(TicketKind.event_id == event.id)).scalars().first()
    asked = questions.of_event(event.id)[0].id
    number = event.id
    db.session.rollback()
    who = person(name="周女士", phone="19930009002", email="visitor@example.net")
    with transaction():
        visitors.ask(db.session.get_one(ClubEvent, number), Asked(who, frozenset(), "zh_Hans_CN"), Links(link, at.base_url, at.base_url), keys=keys, moment=at.moment)
    with transaction():
        user_id = visitors.use(tokens[0], keys=keys, moment=at.moment, today=at.today)[0].user_id
        actor = actor_of(db.session.get_one(User, user_id))
        booking.book(number, Wish(kind or 0, who.name, answers=({asked: "豆粕和菜粕价差"},)), actor=actor, moment=at.moment)
    return 1
