"""What managers state of whom clients may be given to: how many, in which languages, for which products."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import select

from models import db
from models.handovers import SuccessorTerms
from models.partners import Branch, Staff, StaffVersion
from portal.actors import Actor
from portal.audit import log
from portal.handover import facts
from portal.handover.successors import Candidate
from portal.permissions import Can, Scope
from portal.refusals import NotFound, Refusal
from portal.versions import current

MOST = 5_000
LANGUAGE = re.compile(r"[a-z]{2}")
PRODUCT = re.compile(r"[A-Za-z]{1,8}")


def people(actor: Actor, day: date) -> list[tuple[Candidate, str]]:
    """Who may be given clients, as far as the actor decides over them, with their numbers in order."""
    mine = _staff_of(actor)
    found = [(one, mine[one.staff_id]) for one in facts.candidates(day) if one.staff_id in mine]
    return sorted(found, key=lambda one: one[1])


def named(numbers: Iterable[str]) -> dict[str, str]:
    """Staff numbers with the name of each behind it, as people read them. One query."""
    version = current(StaffVersion).subquery()
    rows = db.session.execute(select(Staff.staff_no, version.c.name).join(version, version.c.staff_id == Staff.id).where(Staff.staff_no.in_(set(numbers))))
    return {number: f"{number} {name}" for number, name in rows}


def state(staff_no: str, capacity: int, languages: str, products: str, *, actor: Actor, moment: datetime) -> None:
    """State it for one of the staff. Raises NotAllowed, NotFound for somebody of another branch, Refusal for what is no number, language or product."""
    mine = {number: key for key, number in _staff_of(actor).items()}
    if staff_no not in mine:
        raise NotFound("there is no staff member %(number)s", number=staff_no)
    if not 0 <= capacity <= MOST:
        raise Refusal("the number of clients is %(found)s: it has to be from 0 to %(most)s", found=capacity, most=MOST)
    spoken, known = languages.lower().split(), products.upper().split()
    for word, form in [(word, LANGUAGE) for word in spoken] + [(word, PRODUCT) for word in known]:
        if not form.fullmatch(word):
            raise Refusal("%(word)s is neither a language (two letters, such as zh) nor a product (letters, such as CU)", word=word)
    row = db.session.get(SuccessorTerms, mine[staff_no], with_for_update=True)
    before = None if row is None else {"capacity": row.capacity, "languages": row.languages, "products": row.products}
    if row is None:
        row = SuccessorTerms(staff_id=mine[staff_no])
        db.session.add(row)
    row.capacity, row.languages, row.products = capacity, " ".join(dict.fromkeys(spoken)), " ".join(dict.fromkeys(known))
    row.changed_at, row.changed_by_id = moment, actor.user_id
    log.write(actor, moment, "handover.terms", "staff", staff_no, before=before, after={"capacity": row.capacity, "languages": row.languages, "products": row.products})


def _staff_of(actor: Actor) -> dict[int, str]:
    """The staff over whom somebody decides, by id."""
    scope = actor.need(Can.HANDOVER_DECIDE)
    version = current(StaffVersion).subquery()
    query = select(Staff.id, Staff.staff_no).join(version, version.c.staff_id == Staff.id)
    if scope is not Scope.ALL:
        query = query.join(Branch, Branch.id == version.c.branch_id).where(Branch.branch_no == (actor.branch_no or ""))
    return dict(db.session.execute(query).all())
