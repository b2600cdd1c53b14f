"""Who of the staff has left: by the day that stands of him, or by a departure that is certain. Nothing new is given to them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from sqlalchemy import ColumnElement, Select, func, or_, select

from models import db
from models.departures import Departure, DepartureKind, DepartureState
from models.partners import StaffVersion
from portal.versions import current

CERTAIN = (DepartureState.ANNOUNCED.value, DepartureState.EFFECTIVE.value, DepartureState.SETTLED.value)
"""States in which somebody is gone from the day that is named; a suspicion takes nobody away."""
_CERTAINLY = Departure.kind == DepartureKind.STAFF_LEAVES.value, Departure.state.in_(CERTAIN), Departure.staff_id.is_not(None)


def departed(day: date) -> Select[int | None]:
    """The ids of the staff whose departure from the firm counts on a day, also where the master file still shows them."""
    return select(Departure.staff_id).where(*_CERTAINLY, Departure.effective_on <= day)


def departures() -> Select[int | None, date | None]:
    """The staff whose departure from the firm counts on some day, and the first day without each."""
    return select(Departure.staff_id, func.min(Departure.effective_on).label("effective_on")).where(*_CERTAINLY).group_by(Departure.staff_id)


def is_here(day: date) -> ColumnElement[bool]:
    """The condition, on the current StaffVersion, that somebody has not left on a day."""
    return or_(StaffVersion.left_on.is_(None), StaffVersion.left_on > day) & StaffVersion.staff_id.not_in(departed(day))


def left(staff_ids: Collection[int], day: date) -> set[int]:
    """Those of some staff who have left on a day."""
    known = current(StaffVersion, None, StaffVersion.staff_id.in_(staff_ids)).where(~is_here(day))
    return set(db.session.execute(known.with_only_columns(StaffVersion.staff_id)).scalars())
