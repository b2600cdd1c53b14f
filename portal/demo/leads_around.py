"""What else happens around leads in the demonstration firm, by the verbs that people use: links and who came through them, a consent
taken back, what channels cost, applications to become a broker, cases between claims, a transfer that waits, tests to be taken again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from flask import current_app
from sqlalchemy import select

from models import db
from models.channels import LeadChannel
from models.clients import Account, AccountVersion
from models.commission import Plan
from models.identity import Role
from models.introductions import LeadPurpose
from models.leads import Campaign, CampaignKind, Claim, ClaimState, IntroductionLink, Lead, LeadState
from models.onboarding import Item
from models.partners import Branch, PersonKind
from models.settlement import SettlementDay
from models.transfers import TransferKind, TransferReason
from models.values.calendar import Month
from models.values.months import months_later
from portal.actors import Actor
from portal.channels import costs
from portal.demo import people, stories
from portal.demo.leads import JURISDICTION, boldest
from portal.demo.signed_in import acting
from portal.jobs.handlers import Work
from portal.jobs.transfer import PREVIEW, preview_job
from portal.keys import secret, signer
from portal.leads import campaigns, introducers, links, withdrawal
from portal.leads.arrivals import Arrival, Arrived, arrive
from portal.leads.people import Person, person
from portal.leads.receipts import commitment
from portal.onboarding import items
from portal.onboarding import verbs as onboarding
from portal.onboarding.texts import QUESTIONS, STATEMENTS
from portal.refusals import NotFound
from portal.sealing import Keyring
from portal.suitability import own, sittings
from portal.suitability.questionnaires import asked_on
from portal.suitability.sittings import Subject, Taken
from portal.transaction import transaction
from portal.transfers import cases, contest
from portal.transfers import verbs as transfers
from portal.transfers.asked import Asked
from portal.transfers.case_entries import Evidence
from portal.transfers.case_states import Side

RESEARCH = "BASIS-STUDY"
HELD, CONTESTING = stories.DISPUTE_BROKERS[0], stories.MOVED_BROKERS[0]
"""Whose claims are contested, and by whom."""
NEW_BROKERS = ("B061", "B062")


@dataclass(frozen=True)
class Setting:
    """When, where, and with which keys."""

    keyring: Keyring
    zone: str
    base_url: str
    moment: datetime

    @property
    def today(self) -> date:
        """Today where the firm stands."""
        return self.moment.astimezone(ZoneInfo(self.zone)).date()

    def ago(self, days: int) -> tuple[datetime, date]:
        """A moment so many days ago, and its day."""
        return self.moment - timedelta(days=days), self.today - timedelta(days=days)


def add_around(at: Setting, progress: Callable[[str, int, int], None]) -> int:
    """Tell all of it, each story in a transaction of its own, where nobody has told it yet. Returns how many stories were told."""
    if db.session.execute(select(IntroductionLink.id).limit(1)).first() is not None:
        return 0
    told = (_links, _costs, _applications, _cases, _tests, _transfer)
    for place, story in enumerate(told):
        progress("what happens around leads", place, len(told))
        story(at)
    return len(told)


def _links(at: Setting) -> None:
    """Links of a broker, an employee, a client and a campaign; three people came through them, and one took his consents back."""
    then, day = at.ago(30)
    admin = acting("admin@example.com")
    with transaction():
        plan = campaigns.Plan(RESEARCH, "基差研究报告", CampaignKind.RESEARCH.value, day, at.today + timedelta(days=60), 2_350_000)
        study = campaigns.begin(plan, admin, then).id
        salon = db.session.execute(select(Campaign.id).where(Campaign.kind == CampaignKind.EVENT).limit(1)).scalar()
        codes = {name: links.make(acting(f"{name}@example.com"), then, day, campaign_id=campaign).code for name, campaign in (("broker", None), ("staff", salon), ("client", None))}
        links.make(admin, then, day, campaign_id=study, for_firm=True)
    for place, (name, days) in enumerate((("broker", 6), ("broker", 11), ("client", 4))):
        came = _arrive(at, codes[name], place, days)
        if place == 1:
            moment, on = at.ago(days - 3)
            with transaction():
                withdrawal.use(came.token, [LeadPurpose.CONTACT.value], secret=secret(), locale="zh_Hans_CN", moment=moment, today=on)


def _arrive(at: Setting, code: str, place: int, days: int) -> Arrived:
    """Somebody fills the form of a link in."""
    moment, on = at.ago(days)
    name = ("许静涵", "冯国梁", "曹晓雅")[place]
    who = person(name=name, phone=f"1994{place + 1:07d}", note="想了解开户流程")
    agreed = frozenset({LeadPurpose.CONTACT.value, LeadPurpose.INTRODUCER.value})
    arrival = Arrival(who, agreed, "zh_Hans_CN", commitment(who))
    with transaction():
        found = links.live(code, on)
        links.count_visit(found.link.id)
        return arrive(found, arrival, firm=at.base_url, signer=signer(), keyring=at.keyring, secret=secret(), moment=moment, today=on)


def _costs(at: Setting) -> None:
    """What channels cost in the last three months."""
    admin, now = acting("admin@example.com"), Month.of(at.today)
    spent = ((LeadChannel.STAFF, 1_860_000, "电话与差旅"), (LeadChannel.BROKER, 620_000, "居间人培训"), (LeadChannel.REFERRAL, 145_000, "老客户答谢礼品"))
    with transaction():
        for back in (3, 2, 1):
            for channel, amount, note in spent:
                costs.enter(channel, now.plus(-back), amount + back * 10_000, note, "", actor=admin, moment=at.moment)


def _applications(at: Setting) -> None:
    """Two people who want to become brokers: one has shown a part of what he needs, the other waits for a second person."""
    admin = acting("admin@example.com")
    plan = db.session.execute(select(Plan.plan_code).order_by(Plan.plan_code).limit(1)).scalar_one()
    first, end = at.today, months_later(at.today, 24)
    shown = {
        Item.DOCUMENTS: {},
        Item.LICENCE: items.licence("F2026901", at.today - timedelta(days=40), months_later(at.today, 36)),
        Item.TRAINING: items.training(16),
        Item.DECLARATION: items.declaration([statement.key for statement in STATEMENTS]),
        Item.TEST: items.test([question.right for question in QUESTIONS]),
        Item.AGREEMENT: items.agreement(plan, first, end),
    }
    for place, number in enumerate(NEW_BROKERS):
        who = Person(
            ("魏嘉宁", "俞博文")[place], PersonKind.PERSON, f"+861995{place + 1:07d}", people.person_id(date(1988, 4, 2 + place), 901 + place), f"{number.lower()}@example.com"
        )
        moment, _day = at.ago(12 - 5 * place)
        with transaction():
            branch = db.session.execute(select(Branch.branch_no).order_by(Branch.branch_no).limit(1)).scalar_one()
            row = onboarding.open_application(who, number, branch, "", actor=admin, moment=moment, keyring=at.keyring)
            public_id = row.public_id
            for item, details in list(shown.items())[: len(shown) if place else 3]:
                onboarding.show(public_id, item, f"档案 {number}-{item.value}", at.today, details, actor=admin, moment=moment, today=at.today)
            if place:
                hours = int(current_app.config["PORTAL"].training_hours)
                onboarding.check(public_id, admin, at.moment, today=at.today, least_hours=hours, jurisdiction=JURISDICTION)
                onboarding.ask(public_id, onboarding.digest_of(row), admin, at.moment, today=at.today, least_hours=hours, jurisdiction=JURISDICTION)


def _cases(at: Setting) -> None:
    """Two claims that another broker contests: the older case is decided for who held it, the newer one is open."""
    try:
        held, other = introducers.broker(HELD), introducers.broker(CONTESTING)
    except NotFound:
        return
    query = select(Lead).join(Claim, Claim.lead_id == Lead.id).where(Claim.broker_id == held.id, Claim.state == ClaimState.PROTECTED, Lead.state == LeadState.CONTACTED)
    zone, desk = ZoneInfo(at.zone), acting("compliance@example.com")
    broker = Actor(None, other.key, acting("broker@example.com").roles, broker_no=CONTESTING)
    for place, lead in enumerate(list(db.session.execute(query.order_by(Lead.id).limit(2)).scalars())):
        moment, on = at.ago(3 - 2 * place)
        phone = at.keyring.open(lead.phone_sealed, f"lead.phone_sealed:{lead.public_id}")
        who = Person(lead.name, PersonKind(lead.kind), phone, "")
        with transaction():
            said = Evidence("contact", "我在此之前已与客户两次面谈，并发送过合约规则。", f"会谈记录 {place + 1}")
            found = contest.contest(who, other, said, actor=broker, moment=moment, today=on, keyring=at.keyring, jurisdiction=JURISDICTION)
            if found.case is not None and place == 0:
                verdict = cases.Said("先报备且有联系记录的一方成立；争议方未能提供报备前的书面证据。", verdict=Side.HELD)
                cases.step(found.case.public_id, "decide", verdict, actor=desk, moment=at.moment, zone=zone)


def _tests(at: Setting) -> None:
    """Two clients whose suitability must be asked again: one test has run out, one will in three weeks; a third answered by himself and is of the
    lowest class."""
    query = select(AccountVersion.client_no).where(AccountVersion.client_no != "").order_by(AccountVersion.account_id).limit(20)
    actor = acting("compliance@example.com")
    clients = list(dict.fromkeys(db.session.execute(query).scalars()))
    for place, client_no in enumerate(clients[:2]):
        day = months_later(at.today, -24) + timedelta(days=21 * place - 9 * (1 - place))
        questions = asked_on(day)
        taken = Taken(boldest(questions), questions.version, "at_desk", "S001", f"录音 {day:%Y%m%d}", "zh_Hans_CN", {})
        with transaction():
            sittings.take(Subject(None, client_no, client_no), taken, actor, at.moment - (at.today - day), day, JURISDICTION)
    _alone(at, clients[2:])


def _alone(at: Setting, clients: list[str]) -> None:
    """The first of some clients who are persons answers by himself that he wants no risk."""
    questions, moment = asked_on(at.today), at.moment - timedelta(days=9)
    letters = boldest(questions) | dict(questions.averse)
    for client_no in clients:
        with transaction():
            client = Actor(None, client_no, (Role.CLIENT,), client_no=client_no)
            if not own.standing(client, at.today, JURISDICTION).message:
                own.hand_in(own.Answers(letters, questions.version, "zh_Hans_CN"), client, moment, at.today - timedelta(days=9), JURISDICTION)
                return


def _transfer(at: Setting) -> None:
    """A client asks for another broker: previewed, and waiting for a second person."""
    number = stories.account_no(stories.MOVED)
    last = db.session.execute(select(SettlementDay.trade_date).order_by(SettlementDay.trade_date.desc()).limit(1)).scalar()
    there = db.session.execute(select(Account.id).where(Account.account_no == number)).first()
    if last is None or there is None:
        return
    actor, owner = acting("compliance@example.com"), stories.MOVED_BROKERS[last >= stories.MOVED_ON]
    asked = Asked(TransferKind.ACCOUNTS, owner, HELD, last, TransferReason.CLIENT_ASKED, "客户书面申请 2026-11", accounts=(number,))
    with transaction():
        public_id = transfers.draft(asked.checked(), actor, at.moment, JURISDICTION).public_id
        key = transfers.transfer_for(actor, public_id).id
    preview_job(Work(0, "demo", PREVIEW, {"transfer": key}, actor, 1))
    with transaction():
        transfers.ask(public_id, transfers.rows_digest(transfers.transfer_for(actor, public_id)), actor, at.moment)
