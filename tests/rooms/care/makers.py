"""Contacts and tasks for the permission matrix, on the firm in tests/rooms/pages/firm.py."""

from __future__ import annotations

import secrets

from sqlalchemy import select

from models import db
from models.care import CareTask, Contact, ContactChannel, ContactOutcome, TaskState
from models.clients import Account
from models.identity import User
from models.partners import Staff
from models.questions import ClientQuestion, ReusableAnswer
from models.segments import ClientSegment
from models.service_plans import ServicePlan
from portal import clock
from portal.transaction import transaction
from tests.matrix import Which, maker
from tests.rooms.pages.firm import ACCOUNTS


def _ids(which: Which) -> tuple[int, int]:
    """The account, and a staff member: one's own, or one that nobody is."""
    account = db.session.execute(select(Account.id).where(Account.account_no == ACCOUNTS[which])).scalar_one()
    number = "S001" if which == "own" else "S777"
    staff = db.session.execute(select(Staff.id).where(Staff.staff_no == number)).scalar()
    if staff is None:
        made = Staff(staff_no=number)
        db.session.add(made)
        db.session.flush()
        staff = made.id
    return account, staff


@maker("contact_id")
def contact_id(user: User | None, which: Which) -> str:
    """A contact with one's own client, with another's, or none."""
    if which == "missing":
        return "987654321"
    with transaction():
        account, staff = _ids(which)
        told = {"channel": ContactChannel.CALL, "outcome": ContactOutcome.REACHED, "note": ""}
        made = Contact(account_id=account, staff_id=staff, at=clock.now(), recorded_at=clock.now(), **told)
        db.session.add(made)
        db.session.flush()
        return str(made.id)


@maker("name", "care_plays.show")
def play(user: User | None, which: Which) -> str:
    """A play; nobody's own."""
    return "no_play" if which == "missing" else "birthday"


@maker("name", "care_plays.switch")
def switched(user: User | None, which: Which) -> str:
    """The same."""
    return play(user, which)


@maker("task_id")
def task_id(user: User | None, which: Which) -> str:
    """A task for one's own client, for another's, or none."""
    if which == "missing":
        return "987654321"
    with transaction():
        account, staff = _ids(which)
        told = {"kind": "other", "note": "", "state": TaskState.OPEN, "outcome": "", "outcome_note": ""}
        made = CareTask(business_key=secrets.token_hex(8), account_id=account, owner_id=staff, due_on=clock.now().date(), created_at=clock.now(), **told)
        db.session.add(made)
        db.session.flush()
        return str(made.id)


@maker("question_id")
def question_id(user: User | None, which: Which) -> str:
    """A question about one's own account, another's, or none; it is closed, so that refusals alone could change it."""
    return "987654321" if which == "missing" else str(asked(which))


def asked(which: Which, state: str = "closed") -> int:
    """A question that S001 answered, or the one that nobody did."""
    with transaction():
        account, staff = _ids(which)
        told = {"subject": "margin", "via": "phone", "words": "保证金何时上调", "state": state, "owner_id": staff}
        made = ClientQuestion(account_id=account, asked_at=clock.now(), runs_from=clock.now(), due_at=clock.now(), answered_at=clock.now(), **told)
        db.session.add(made)
        db.session.flush()
        return made.id


@maker("name", "care_questions.step")
def staff_step(user: User | None, which: Which) -> str:
    """A step of the staff's."""
    return "close"


@maker("name", "own_questions.step")
def client_step(user: User | None, which: Which) -> str:
    """A step of the client's."""
    return "close"


@maker("answer_id")
def answer_id(user: User | None, which: Which) -> str:
    """A reusable answer: everybody's who may see them."""
    if which == "missing":
        return "987654321"
    with transaction():
        texts = {"title_zh": "题", "title_en": "Title", "text_zh": "答", "text_en": "Answer"}
        made = ReusableAnswer(subject="margin", state="retired", prepared_at=clock.now(), prepared_label="test", decided_label="", **texts)
        db.session.add(made)
        db.session.flush()
        return str(made.id)


@maker("segment_key")
def segment_key(user: User | None, which: Which) -> str:
    """A segment of one's own, one that somebody else keeps for himself, or none."""
    if which == "missing":
        return "nothing-here"
    with transaction():
        someone = db.session.execute(select(User.id).order_by(User.id)).scalars().first()
        maker_id = user.id if user is not None and which == "own" else someone
        assert maker_id is not None
        told = {"name": "x", "conditions": {"kind": "person"}, "shared": "nobody", "branch_no": "", "made_label": "test"}
        made = ClientSegment(public_id=secrets.token_urlsafe(12), made_by_id=maker_id, made_at=clock.now(), changed_at=clock.now(), **told)
        db.session.add(made)
        db.session.flush()
        return made.public_id


@maker("plan_id")
def plan_id(user: User | None, which: Which) -> str:
    """A service plan of one's own client, of another's, or none; it is over, so that nothing more can be done with it."""
    return "987654321" if which == "missing" else str(planned(which))


def planned(which: Which) -> int:
    """An ended plan."""
    with transaction():
        account, staff = _ids(which)
        told = {"grade": "C4", "interest": "ferrous", "product_risk": "R4", "goal": "trade", "note": "", "state": "ended", "begun_label": "test"}
        made = ServicePlan(client_no="C" + ACCOUNTS[which], account_id=account, owner_id=staff, begun_at=clock.now(), ended_at=clock.now(), review_on=clock.now().date(), **told)
        db.session.add(made)
        db.session.flush()
        return made.id


@maker("place", "care_service.follow")
def place(user: User | None, which: Which) -> str:
    """A step that no plan has."""
    return "99"


@maker("how", "care_service.follow")
def how(user: User | None, which: Which) -> str:
    """What is said of it."""
    return "done"


@maker("subject", "care_response.show")
def subject(user: User | None, which: Which) -> str:
    """What has a response time; nobody's own."""
    return "weather" if which == "missing" else "margin"


@maker("subject", "care_response.put")
def set_subject(user: User | None, which: Which) -> str:
    """The same."""
    return subject(user, which)
