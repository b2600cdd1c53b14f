"""Who introduces: a broker, one of the staff, a client, or the firm itself; and which introducer a signed-in person is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, select

from models import db
from models.clients import AccountVersion
from models.leads import Claim, IntroducerKind
from models.partners import Branch, Broker, BrokerVersion, Staff, StaffVersion
from portal.actors import Actor
from portal.refusals import NotFound
from portal.versions import current


@dataclass(frozen=True)
class Introducer:
    """An introducer by his number (empty for the firm) and, where he has a row, its id."""

    kind: IntroducerKind
    number: str = ""
    id: int | None = None

    @property
    def key(self) -> str:
        """How look-ups are counted and the log names him, such as broker-B001."""
        return f"{self.kind.value}:{self.number}" if self.number else self.kind.value

    @property
    def columns(self) -> dict[str, Any]:
        """The columns of a claim or a link that say who introduces."""
        return {
            "kind": self.kind,
            "broker_id": self.id if self.kind is IntroducerKind.BROKER else None,
            "staff_id": self.id if self.kind is IntroducerKind.STAFF else None,
            "client_no": self.number if self.kind is IntroducerKind.CLIENT else "",
        }

    def claimed(self) -> ColumnElement[bool]:
        """The condition, on Claim, that a claim is his."""
        condition: ColumnElement[bool] = Claim.kind == self.kind
        for name in ("broker_id", "staff_id", "client_no"):
            if self.columns[name]:
                condition &= getattr(Claim, name) == self.columns[name]
        return condition


FIRM = Introducer(IntroducerKind.FIRM)


def broker(number: str) -> Introducer:
    """A broker as introducer. Raises NotFound."""
    found = db.session.execute(select(Broker.id).where(Broker.broker_no == number)).scalar()
    if found is None:
        raise NotFound("there is no broker %(number)s", number=number)
    return Introducer(IntroducerKind.BROKER, number, found)


def staff(number: str) -> Introducer:
    """One of the staff as introducer. Raises NotFound."""
    found = db.session.execute(select(Staff.id).where(Staff.staff_no == number)).scalar()
    if found is None:
        raise NotFound("there is no staff member %(number)s", number=number)
    return Introducer(IntroducerKind.STAFF, number, found)


def introducer_of(actor: Actor) -> Introducer:
    """Which introducer a person is: his broker, his staff number, his client number; an employee without any registers for the firm."""
    if actor.broker_no:
        return broker(actor.broker_no)
    if actor.staff_no:
        return staff(actor.staff_no)
    if actor.client_no:
        return Introducer(IntroducerKind.CLIENT, actor.client_no)
    return FIRM


def branch_of(introducer: Introducer, actor: Actor) -> int:
    """The branch to which a lead belongs that somebody introduces: his own; without one the actor's, else the firm's first.

    Raises NotFound in a firm without branches."""
    found: int | None = None
    if introducer.kind is IntroducerKind.BROKER:
        found = db.session.execute(current(BrokerVersion, None, BrokerVersion.broker_id == introducer.id).with_only_columns(BrokerVersion.branch_id)).scalar()
    elif introducer.kind is IntroducerKind.STAFF:
        found = db.session.execute(current(StaffVersion, None, StaffVersion.staff_id == introducer.id).with_only_columns(StaffVersion.branch_id)).scalar()
    elif introducer.kind is IntroducerKind.CLIENT:
        his = current(AccountVersion).where(AccountVersion.client_no == introducer.number).with_only_columns(AccountVersion.branch_id)
        found = db.session.execute(his.order_by(AccountVersion.account_id).limit(1)).scalar()
    if found is None and actor.branch_no:
        found = db.session.execute(select(Branch.id).where(Branch.branch_no == actor.branch_no)).scalar()
    if found is None:
        found = db.session.execute(select(Branch.id).order_by(Branch.branch_no).limit(1)).scalar()
    if found is None:
        raise NotFound("the firm has no branch yet: bring in branches.csv first")
    return found


def of_claim(claim: Claim) -> Introducer:
    """The introducer of a claim."""
    if claim.broker_id is not None:
        return Introducer(IntroducerKind.BROKER, db.session.get_one(Broker, claim.broker_id).broker_no, claim.broker_id)
    if claim.staff_id is not None:
        return Introducer(IntroducerKind.STAFF, db.session.get_one(Staff, claim.staff_id).staff_no, claim.staff_id)
    if claim.client_no:
        return Introducer(IntroducerKind.CLIENT, claim.client_no)
    return FIRM
