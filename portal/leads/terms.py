"""The firm's terms of protection, pool, look-ups and retention: settings with defaults, kept by version, the newest counts."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import select

from models import db
from models.leads import LeadTerms
from portal.actors import Actor
from portal.audit import log
from portal.permissions import Can
from portal.refusals import Refusal


@dataclass(frozen=True)
class Terms:
    """Days are calendar days but where a name says trading days; a span of n days ends on the n-th day after its first."""

    protection_days: int = 90
    extension_days: int = 30
    idle_days: int = 30
    look_ups_an_hour: int = 20
    look_ups_a_day: int = 100
    first_contact_trading_days: int = 2
    unworked_days: int = 14
    picks_a_day: int = 5
    cool_down_days: int = 30
    leads_per_staff: int = 200
    retention_months: int = 12
    reopened_months: int = 12


BOUNDS: dict[str, tuple[int, int]] = {field.name: (1, 3660) for field in fields(Terms)}
"""The least and the largest value of each term."""


def terms() -> Terms:
    """The terms that count now."""
    row = db.session.execute(select(LeadTerms.values).order_by(LeadTerms.id.desc()).limit(1)).scalar()
    known = {field.name for field in fields(Terms)}
    return Terms(**{name: value for name, value in (row or {}).items() if name in known})


def set_terms(values: dict[str, int], actor: Actor, moment: datetime) -> Terms:
    """Write new terms; names that are left out stay. They count from now on and change nothing that was promised before.

    Raises NotAllowed, and Refusal for an unknown name or a value out of bounds."""
    actor.need(Can.LEAD_TERMS)
    for name, value in values.items():
        if name not in BOUNDS:
            raise Refusal("there is no term %(name)s", name=name)
        least, most = BOUNDS[name]
        if not least <= value <= most:
            raise Refusal("%(name)s lies between %(least)s and %(most)s", name=name, least=least, most=most)
    before: dict[str, Any] = asdict(terms())
    after = before | values
    db.session.add(LeadTerms(values=after, at=moment, user_id=actor.user_id))
    log.write(actor, moment, "lead_terms.set", "lead_terms", "terms", before=before, after=after)
    return Terms(**after)
