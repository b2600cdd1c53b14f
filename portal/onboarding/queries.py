"""What is known of applications: what was shown, and what stands in the books beside it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import func, select
from stdnum.cn import ric
from stdnum.exceptions import ValidationError

from models import db
from models.columns import FIRST_DAY, OPEN_END
from models.onboarding import Application, ApplicationItem, Item
from models.partners import Branch, Broker, BrokerVersion, PersonKind, Staff, StaffVersion
from portal.actors import Actor
from portal.keys import keyring
from portal.onboarding.checks import Facts
from portal.onboarding.policy import visible_to
from portal.permissions import Can
from portal.rules.facts import BrokerFacts, Spell, Spells
from portal.sealing import Unreadable
from portal.versions import current


def application(actor: Actor, public_id: str, *, can: Can = Can.ONBOARD_SEE, lock: bool = False) -> Application | None:
    """An application that the actor may see, or hold another right over."""
    query = select(Application).where(Application.public_id == public_id, visible_to(actor, can))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return db.session.execute(query).scalar_one_or_none()


def locked(application_id: int) -> Application:
    """An application by its key, held until the transaction ends."""
    return db.session.execute(select(Application).where(Application.id == application_id).with_for_update().execution_options(populate_existing=True)).scalar_one()


def shown_for(row: Application) -> dict[str, ApplicationItem]:
    """The newest of what was shown, by item."""
    newest = select(func.max(ApplicationItem.id)).where(ApplicationItem.application_id == row.id).group_by(ApplicationItem.item)
    return {one.item: one for one in db.session.execute(select(ApplicationItem).where(ApplicationItem.id.in_(newest))).scalars()}


def history_of(row: Application) -> list[ApplicationItem]:
    """Everything that was ever shown, the newest first."""
    return list(db.session.execute(select(ApplicationItem).where(ApplicationItem.application_id == row.id).order_by(ApplicationItem.id.desc())).scalars())


def details_of(row: Application) -> dict[str, dict[str, Any]]:
    """The details of what was shown, by item."""
    return {item: one.details for item, one in shown_for(row).items()}


def birthday_of(row: Application) -> date | None:
    """The birthday that a person's ID number tells; None where it tells none."""
    if row.kind != PersonKind.PERSON:
        return None
    try:
        found: date = ric.get_birth_date(keyring().open(row.id_no_sealed, f"application.id_no_sealed:{row.public_id}"))
    except (ValidationError, Unreadable):
        return None
    return found


def facts_of(row: Application, least_hours: int) -> Facts:
    """All that the checks look at."""
    items = details_of(row)
    twin = current(BrokerVersion).where(BrokerVersion.id_no_index == row.id_no_index).with_only_columns(BrokerVersion.broker_id)
    return Facts(
        himself=_himself(row, items),
        items=items,
        least_hours=least_hours,
        broker=db.session.execute(select(Broker.broker_no).where(Broker.id.in_(twin)).limit(1)).scalar() or "",
        number_taken=db.session.execute(select(Broker.id).where(Broker.broker_no == row.broker_no)).first() is not None,
    )


def _himself(row: Application, items: Mapping[str, Mapping[str, Any]]) -> BrokerFacts:
    """The broker whom the books would hold, as the rules look at one."""
    licence, agreement = (_spell(items.get(item), says) for item, says in ((Item.LICENCE, "licence_no"), (Item.AGREEMENT, "plan_code")))
    active = tuple(Spell("active", one.start, OPEN_END) for one in agreement)
    return BrokerFacts(0, row.broker_no, row.kind, row.id_no_index, birthday_of(row), active, licence, agreement, _staff_of_phone(row))


def _spell(details: Mapping[str, Any] | None, says: str) -> Spells:
    return (Spell(details[says], date.fromisoformat(details["valid_from"]), date.fromisoformat(details["valid_to"])),) if details else ()


def _staff_of_phone(row: Application) -> Spells:
    """The staff who have his phone number, over the time in which they belong to the firm."""
    staff = current(StaffVersion).where(StaffVersion.phone_index == row.phone_index).subquery()
    query = select(Staff.staff_no, staff.c.joined_on, staff.c.left_on).join(staff, staff.c.staff_id == Staff.id)
    return tuple(Spell(number, joined or FIRST_DAY, left or OPEN_END) for number, joined, left in db.session.execute(query)) if row.phone_index else ()


def plain(row: Application) -> dict[str, Any]:
    """What the second person and the log are told: codes, numbers and days, no phone or ID number and no name."""
    shown = shown_for(row)
    licence, agreement = shown[Item.LICENCE], shown[Item.AGREEMENT]
    return {
        "broker_no": row.broker_no,
        "kind": PersonKind(row.kind).value,
        "branch": number_of(Branch, "branch_no", row.branch_id),
        "manager": number_of(Staff, "staff_no", row.manager_staff_id),
        "plan": agreement.details["plan_code"],
        "agreement_from": agreement.details["valid_from"],
        "agreement_to": agreement.details["valid_to"],
        "licence_no": licence.details["licence_no"],
        "licence_from": licence.details["valid_from"],
        "licence_to": licence.details["valid_to"],
        "training_hours": shown[Item.TRAINING].details["hours"],
        "test_percent": shown[Item.TEST].details["percent"],
        "declared": shown[Item.DECLARATION].details["declared"],
        "evidence": [{"item": item, "evidence": one.evidence, "day": str(one.shown_on), "digest": one.details.get("digest", "")} for item, one in sorted(shown.items())],
    }


def number_of(model: Any, column: str, key: int | None) -> str:
    """The number of a branch or staff member; empty where there is none."""
    return str(db.session.execute(select(getattr(model, column)).where(model.id == key)).scalar() or "") if key is not None else ""


def manager_of(row: Application) -> str:
    """The staff number of who is to look after the broker; empty where nobody is."""
    return number_of(Staff, "staff_no", row.manager_staff_id)
