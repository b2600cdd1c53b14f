"""Who left the demonstration firm in its year: a staff member with whom some clients went along, and a broker whose clients stayed. Each departure was
recorded, took effect, and its clients were handed over, called and followed until every outcome stood. By the verbs that people use, each at its moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from models import db
from models.care import CareTask, ContactChannel, ContactOutcome, TaskOutcome
from models.clients import Account, AccountVersion
from models.departures import Departure, DepartureKind
from models.handovers import ClientOutcome, Handover, HandoverClient
from models.identity import Role
from models.settlement import Balance
from portal.actors import TERMINAL
from portal.care import contacts, tasks
from portal.care.contacts import Said
from portal.demo import stories
from portal.demo.club_past import DRAWN_ON, at_hour
from portal.demo.scored import scored_before
from portal.demo.signed_in import acting
from portal.departures import leaving, register
from portal.departures.register import Told
from portal.handover import outcomes, verbs
from portal.handover.opening import exposed_to, forecast_by
from portal.identity import verbs as identity
from portal.identity.queries import user_by_email
from portal.risk.gathering import Progress
from portal.transaction import transaction
from portal.versions import current

ADMIN, COMPLIANCE = "admin@example.com", "compliance@example.com"
SIGN_IN, SINCE = "s029@example.com", date(2025, 10, 20)
"""The sign-in of who left, and since when there was one."""


@dataclass(frozen=True)
class Story:
    """A departure as it was told, and the day on which it was known of every client what had become of him."""

    told: Told
    known_on: date


STORIES = (
    Story(
        Told(DepartureKind.STAFF_LEAVES, stories.GONE, stories.GONE_TOLD, stories.GONE_ON, "薪酬与职业发展", "另一家期货公司", "收到书面辞职信，约定工作到 4 月 9 日"),
        date(2026, 7, 10),
    ),
    Story(
        Told(DepartureKind.BROKER_ENDS, stories.ENDED_BROKER, date(2026, 6, 15), stories.ENDED_ON, "不再从事居间业务", "", "书面通知终止居间合同"),
        date(2026, 9, 15),
    ),
)
FIRST_CALLS = ("说明人员变动，客户表示账户照常使用", "约定每周电话，关注螺纹钢与铁矿", "客户询问手续费是否变化，已答复不变", "客户希望先观察一段时间")
GONE_ALONG = ("随原客户经理转至另一家期货公司，已销户", "资金全部转出，称在另一家期货公司开户")
GONE_IN_PART = ("转出一部分资金，账户保留", "减少交易并转出部分资金，愿意继续联系")


class Became(NamedTuple):
    """What became of a client of a handover, and in which words."""

    account_no: str
    outcome: ClientOutcome
    reason: str = ""


def add_gone(zone: ZoneInfo, hashed: str, progress: Progress) -> str:
    """Tell it where nobody told it yet; `hashed` is the printed password of who left. Returns a sentence."""
    if db.session.execute(select(Departure.id).limit(1)).first() is not None:
        return "departures were told already"
    db.session.rollback()
    scored_before(DRAWN_ON, zone, progress, actor=acting(ADMIN), moment=at_hour(DRAWN_ON))
    db.session.rollback()
    with transaction():
        if user_by_email(SIGN_IN) is None:
            bound = {"staff_no": stories.GONE, "demo_password_hash": hashed}
            identity.add_user(email=SIGN_IN, name="职员二十九", roles=[Role.STAFF], actor=TERMINAL, moment=at_hour(SINCE), **bound)
    clients = sum(_tell(story, zone) for story in STORIES)
    return f"{len(STORIES)} departures of the past, {clients} clients handed over"


def _tell(story: Story, zone: ZoneInfo) -> int:
    """One departure from its letter to its end. Returns how many clients were handed over."""
    admin, compliance, day = acting(ADMIN), acting(COMPLIANCE), story.told.effective_on or story.known_on
    heard = story.told.announced_on or day
    db.session.rollback()
    with transaction():
        departure = register.record(story.told, actor=compliance, moment=at_hour(heard), today=heard)
        leaving.take_effect(departure.id, day, story.told.person_no, actor=compliance, moment=at_hour(day, 8), today=day)
        opened = verbs.open_handover(departure.id, exposed_to(departure, day), day, actor=admin, moment=at_hour(day, 9), by=forecast_by(departure, day, zone))
        verbs.propose_again(opened.id, actor=admin, moment=at_hour(day, 9), today=day)
        decided = verbs.decide(opened.id, verbs.look(opened, admin, day).digest, actor=admin, moment=at_hour(day), today=day)
        _first_calls(opened.id, day)
    with transaction():
        for one in _became(opened, story.known_on):
            outcomes.record(opened.id, one.account_no, one.outcome, one.reason, actor=admin, moment=at_hour(story.known_on, 17))
        outcomes.close(opened.id, actor=admin, moment=at_hour(story.known_on + timedelta(days=3)))
        register.settle(departure.id, actor=compliance, moment=at_hour(story.known_on + timedelta(days=4)))
    return decided


def _first_calls(handover_id: int, day: date) -> None:
    """Whoever got a client calls him on the same day, and the task that the handover set is done."""
    row, admin = HandoverClient, acting(ADMIN)
    key = func.concat(f"handover:{handover_id}:", row.account_id)
    query = select(Account, func.coalesce(row.decided_id, 0), CareTask).join(row, row.account_id == Account.id).join(CareTask, CareTask.business_key == key)
    for place, (account, staff_id, task) in enumerate(db.session.execute(query.where(row.handover_id == handover_id).order_by(Account.id)).all()):
        at = _during(day, place)
        said = Said(at, ContactChannel.CALL, ContactOutcome.REACHED, FIRST_CALLS[place % len(FIRST_CALLS)])
        made = contacts.record(account, staff_id, said, admin, at + timedelta(minutes=6))
        tasks.finish(task, TaskOutcome.DONE, "", admin, at + timedelta(minutes=6), contact=made)


def _during(day: date, place: int) -> datetime:
    """A minute of an afternoon for the client at a place."""
    return at_hour(day, 13) + timedelta(minutes=place * 7 % 180)


def _became(handover: Handover, known_on: date) -> Sequence[Became]:
    """What the books say of every client of a handover up to a day: closed, or four fifths of his equity then drawn out, he left; a fifth, he was kept
    in part. Profit and loss are neither."""
    row, version = HandoverClient, current(AccountVersion).subquery()
    paid = select(Balance.account_id, func.sum(Balance.deposit - Balance.withdrawal).label("paid")).where(Balance.trade_date.between(handover.counts_from, known_on), ~Balance.gone)
    flows = paid.where(Balance.account_id.in_(select(row.account_id).where(row.handover_id == handover.id))).group_by(Balance.account_id).subquery()
    query = select(Account.account_no, row.equity, version.c.closed_on, func.coalesce(flows.c.paid, 0)).join(row, row.account_id == Account.id)
    query = query.join(version, version.c.account_id == Account.id).outerjoin(flows, flows.c.account_id == Account.id).where(row.handover_id == handover.id)
    found = []
    for place, (number, equity, closed_on, flow) in enumerate(db.session.execute(query.order_by(Account.id)).all()):
        if closed_on is not None and closed_on <= known_on:
            found.append(Became(number, ClientOutcome.LEFT, GONE_ALONG[0]))
        elif -flow * 5 >= max(equity, 1) * 4:
            found.append(Became(number, ClientOutcome.LEFT, GONE_ALONG[1]))
        elif -flow * 5 >= max(equity, 1):
            found.append(Became(number, ClientOutcome.PARTLY_KEPT, GONE_IN_PART[place % len(GONE_IN_PART)]))
        else:
            found.append(Became(number, ClientOutcome.KEPT))
    return found
