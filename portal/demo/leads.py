"""Leads of the demonstration firm, in every state, made by the verbs that people use. Their days count back from today, so that
there is always somebody to call."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import cycle
from zoneinfo import ZoneInfo

from sqlalchemy import select

from models import db
from models.clients import AccountVersion
from models.leads import CampaignKind, Lead, LeadDoor
from models.suitability import TakenWhere
from portal.actors import TERMINAL, Actor
from portal.demo.people import person_name
from portal.demo.signed_in import acting
from portal.leads import campaigns, introducers, work
from portal.leads.conversion_suitability import after_test
from portal.leads.introducers import Introducer, branch_of
from portal.leads.look_ups import Limits
from portal.leads.people import person
from portal.leads.register import Answer, Source, register
from portal.leads.steps import Facts, take_step
from portal.leads.tidy import tidy
from portal.leads.work import Contact, Outcome, Way
from portal.refusals import NotFound
from portal.sealing import Keyring
from portal.suitability import sittings
from portal.suitability.questionnaires import Questionnaire, asked_on
from portal.suitability.sittings import Subject, Taken

JURISDICTION = "CN"
CAMPAIGN, EVENT = "EXPO2026", "SALON-STEEL"
ROUNDS = 3
"""So often each of PATHS is walked, each time by other introducers."""
PATHS: tuple[tuple[int, tuple[str, ...]], ...] = (
    (0, ()),
    (2, ()),
    (8, ()),
    (5, ("attempt",)),
    (9, ("contact",)),
    (12, ("contact", "task")),
    (15, ("contact", "qualify")),
    (18, ("contact", "qualify", "extend")),
    (20, ("contact", "qualify", "pass_suitability")),
    (24, ("contact", "qualify", "pass_suitability", "open_account")),
    (28, ("contact", "qualify", "pass_suitability", "open_account", "activate")),
    (22, ("contact", "refuse")),
    (16, ("contact", "lapse")),
    (14, ("contact", "withdraw")),
    (21, ("contact", "lapse", "merge")),
    (20, ()),
    (45, ()),
)
"""How many days ago somebody was registered, and what was done about him since. The last two were left alone: pool, and lapsed."""
SAID = {
    "contact": "对螺纹钢套保有兴趣，希望了解手续费",
    "attempt": "未接通，稍后再打",
    "qualify": "计划本月开户",
    "lapse": "暂无投资意向",
    "refuse": "明确表示不希望再被联系",
}


@dataclass(frozen=True)
class Story:
    """One lead to be told: who, by whom, through which door, how many days ago, and what was done."""

    number: int
    introducer: Introducer
    door: LeadDoor
    days: int
    path: tuple[str, ...]


def add_leads(keyring: Keyring, zone: str, moment: datetime) -> int:
    """Add them inside the open transaction where there are none yet. Returns how many."""
    if db.session.execute(select(Lead.id).limit(1)).first() is not None:
        return 0
    today, chance = moment.astimezone(ZoneInfo(zone)).date(), random.Random(20261128)  # noqa: S311 - invented names
    admin = acting("admin@example.com")
    known = {plan.code: campaigns.begin(plan, admin, moment).id for plan in _campaigns(today)}
    accounts = iter(db.session.execute(select(AccountVersion.account_id).order_by(AccountVersion.account_id).limit(40)).scalars().all())
    last, told = "", 0
    for story in _stories():
        then, day = moment - timedelta(days=story.days), today - timedelta(days=story.days)
        somebody = person(name=person_name(chance), phone=f"1993{story.number + 1:07d}")
        campaign = {LeadDoor.CAMPAIGN: known[CAMPAIGN], LeadDoor.EVENT: known[EVENT]}.get(story.door)
        source = Source(story.door, branch_of(story.introducer, admin), campaign)
        found = register(somebody, story.introducer, source, actor=admin, moment=then, today=day, keyring=keyring, limits=Limits.NONE)
        if found.answer is Answer.NEW and found.lead is not None:
            _live(found.lead, story, admin, then, day, accounts, last)
            last, told = found.lead.public_id, told + 1
    tidy(today, TERMINAL, moment, since=today - timedelta(days=1))
    return told


def _live(lead: Lead, story: Story, actor: Actor, then: datetime, day: date, accounts: Iterator[int], other: str) -> None:
    """Do what was done, one thing every third day; `other` is the lead before this one, into which it may go."""
    for place, name in enumerate(story.path):
        later = timedelta(days=min(1 + 3 * place, story.days))
        at, on, words = then + later, day + later, SAID.get(name, "")
        if name in ("contact", "attempt"):
            outcome = Outcome.REACHED if name == "contact" else Outcome.NO_ANSWER
            work.record_contact(lead.public_id, Contact(Way.CALL, outcome, words), lead.version, actor=actor, moment=at, today=on)
        elif name == "task":
            work.add_task(lead.public_id, "发送手续费标准", on + timedelta(days=10), lead.version, actor=actor, moment=at, today=on)
        elif name == "extend":
            introducer = _as_introducer(story.introducer, actor)
            work.extend(lead.public_id, lead.version, actor=introducer, moment=at, today=on)
        elif name == "pass_suitability":
            _answer(lead, actor, at, on)
        else:
            who = _as_introducer(story.introducer, actor) if name == "withdraw" else actor
            account = next(accounts, None) if name == "open_account" else None
            facts = Facts(account_id=account, first_deposit=on if name == "activate" else None, other=other if name == "merge" else "")
            take_step(lead.public_id, name, lead.version, actor=who, moment=at, today=on, words=words, facts=facts)


def _answer(lead: Lead, actor: Actor, at: datetime, on: date) -> None:
    """The lead answers the questions as somebody who bears the risk, and goes on by them."""
    questions = asked_on(on)
    sitting = Taken(boldest(questions), questions.version, TakenWhere.AT_DESK.value, "S001", "录音 1", "zh", {})
    test = sittings.take(Subject(lead.id, "", lead.number), sitting, actor, at, on, JURISDICTION)
    after_test(lead, test, actor, at, on, JURISDICTION)


def boldest(questions: Questionnaire) -> dict[str, str]:
    """Of each question the answer of who bears most."""
    return {one.key: max((option for option in one.options if not option.unsuitable), key=lambda option: option.score).key for one in questions.questions}


def _stories() -> Iterator[Story]:
    introducers_in_turn = cycle(_introducers())
    for turn in range(ROUNDS):
        for place, (days, path) in enumerate(PATHS):
            introducer, door = next(introducers_in_turn)
            yield Story(turn * len(PATHS) + place, introducer, door, days + turn % 2, path)


def _introducers() -> list[tuple[Introducer, LeadDoor]]:
    """Who brings leads in the demonstration firm; those whom its files do not have are left out."""
    wanted = [
        ("broker", "B011", LeadDoor.FORM),
        ("staff", "S007", LeadDoor.STAFF_FORM),
        ("broker", "B004", LeadDoor.LINK),
        ("broker", "B011", LeadDoor.UPLOAD),
        ("staff", "S002", LeadDoor.CAMPAIGN),
        ("broker", "B016", LeadDoor.FORM),
        ("staff", "S007", LeadDoor.EVENT),
    ]
    found = []
    for kind, number, door in wanted:
        try:
            found.append((introducers.broker(number) if kind == "broker" else introducers.staff(number), door))
        except NotFound:
            continue
    return found or [(introducers.FIRM, LeadDoor.FORM)]


def _campaigns(today: date) -> tuple[campaigns.Plan, ...]:
    return (
        campaigns.Plan(CAMPAIGN, "期货投资博览会", CampaignKind.CAMPAIGN.value, today - timedelta(days=60), today + timedelta(days=30), 4_800_000),
        campaigns.Plan(EVENT, "黑色产业沙龙", CampaignKind.EVENT.value, today - timedelta(days=35), today + timedelta(days=35), 1_260_000),
    )


def _as_introducer(introducer: Introducer, actor: Actor) -> Actor:
    """The introducer himself, with the rights of his role; an employee acts as the one who looks after the lead."""
    roles = acting("broker@example.com").roles if introducer.kind.value == "broker" else acting("staff@example.com").roles
    if introducer.kind.value == "broker":
        return Actor(actor.user_id, introducer.key, roles, broker_no=introducer.number)
    return Actor(actor.user_id, introducer.key, roles, staff_no=introducer.number)
