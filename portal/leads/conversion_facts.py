"""Which accounts are whose: live leads matched with accounts by blind index or by the number that was named, in a few queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import select

from models import db
from models.attribution import Attribution
from models.clients import Account, AccountVersion, Servicing, ServicingRole
from models.confirmations import Conversion, ConversionState
from models.leads import Claim, ClaimState, Lead
from models.partners import StaffVersion
from models.values.months import months_later
from portal.leads.conversion_plan import look
from portal.leads.protection import HOLDING
from portal.leads.states import OPEN
from portal.leads.terms import Terms
from portal.partners.here import is_here
from portal.versions import current


class Place(NamedTuple):
    """An account as known now."""

    account_id: int
    account_no: str
    name: str
    phone: str
    id_no: str
    opened_on: date | None
    closed_on: date | None


@dataclass(frozen=True)
class Arrival:
    """A lead and the account that it opened; `named` where somebody said so by hand and it waited."""

    lead: Lead
    place: Place
    named: Conversion | None = None
    leads: int = 1

    def day(self, today: date) -> date:
        """The day of the opening, today where the file names none."""
        return self.place.opened_on or today


def arrivals(today: date, only: list[int] | None = None) -> list[Arrival]:
    """Every live lead whose account is there, each lead once: by the number that was named, else the first opened that matches.

    With `only`, of these leads alone.
    """
    leads = _live(only)
    if not leads:
        return []
    awaited = {row.lead_id: row for row in db.session.scalars(select(Conversion).where(Conversion.state == ConversionState.AWAITED, Conversion.lead_id.in_(list(leads))))}
    places = _places(leads.values(), {row.account_no for row in awaited.values()})
    by_number = {place.account_no: place for place in places}
    matches = _matches(leads.values(), places, today)
    claimed: dict[int, int] = defaultdict(int)
    for found in matches.values():
        for place in found:
            claimed[place.account_id] += 1
    result = []
    for lead_id, lead in leads.items():
        waits = awaited.get(lead_id)
        here = by_number.get(waits.account_no) if waits else next(iter(matches.get(lead_id, [])), None)
        if here is not None:
            result.append(Arrival(lead, here, waits, max(1, claimed[here.account_id])))
    return result


def _live(only: list[int] | None) -> dict[int, Lead]:
    """Leads in the work of somebody that are not converted yet, held until the transaction ends: of two who convert one, the second finds it done."""
    done = select(Conversion.lead_id).where(Conversion.state != ConversionState.AWAITED)
    query = select(Lead).where(Lead.state.in_(OPEN), Lead.erased_at.is_(None), Lead.id.not_in(done)).order_by(Lead.id)
    if only is not None:
        query = query.where(Lead.id.in_(only))
    return {lead.id: lead for lead in db.session.scalars(query.with_for_update().execution_options(populate_existing=True))}


def _places(leads: Iterable[Lead], numbers: set[str]) -> list[Place]:
    """The accounts with a number of one of the leads, and those that were named."""
    phones = {lead.phone_index for lead in leads if lead.phone_index}
    id_nos = {lead.id_no_index for lead in leads if lead.id_no_index}
    ids: set[int] = set()
    for column, values in ((AccountVersion.phone_index, phones), (AccountVersion.id_no_index, id_nos)):
        ids |= set(_in_chunks(select(AccountVersion.account_id), column, values))
    ids |= set(_in_chunks(select(Account.id), Account.account_no, numbers))
    return places_of(ids)


def places_of(ids: Iterable[int]) -> list[Place]:
    """Accounts as known now, the first opened first; one of which nothing but the number is known is left out."""
    wanted = sorted(ids)
    found: list[Place] = []
    for start in range(0, len(wanted), CHUNK):
        row = current(AccountVersion, None, AccountVersion.account_id.in_(wanted[start : start + CHUNK])).subquery()
        columns: list[Any] = [row.c[name] for name in ("account_id", "name", "phone_index", "id_no_index", "opened_on", "closed_on")]
        query = select(Account.account_no, *columns).join(Account, Account.id == row.c.account_id)
        found += [Place(account_id, number, *rest) for number, account_id, *rest in db.session.execute(query)]
    return sorted(found, key=lambda place: (place.opened_on or date.max, place.account_no))


def _matches(leads: Iterable[Lead], places: list[Place], today: date) -> dict[int, list[Place]]:
    """Open accounts by lead: those with its ID number before those with its phone number alone."""
    phones, id_nos = defaultdict(list), defaultdict(list)
    for place in places:
        if place.closed_on is None or place.closed_on > today:
            phones[place.phone].append(place)
            id_nos[place.id_no].append(place)
    found = {}
    for lead in leads:
        by_id = id_nos[lead.id_no_index] if lead.id_no_index else []
        by_phone = phones[lead.phone_index] if lead.phone_index else []
        found[lead.id] = [*by_id, *(place for place in by_phone if place not in by_id and not (lead.id_no_index and place.id_no))]
    return found


CHUNK = 5_000


def _in_chunks(query: Any, column: Any, values: set[str]) -> list[int]:
    found: list[int] = []
    ordered = sorted(values)
    for start in range(0, len(ordered), CHUNK):
        found += db.session.execute(query.where(column.in_(ordered[start : start + CHUNK]))).scalars()
    return found


def live_claims(lead_ids: list[int]) -> dict[int, Claim]:
    """The claim of each lead that is protected, decided by a case, or disputed."""
    live = Claim.state.in_([*HOLDING, ClaimState.DISPUTED])
    return {claim.lead_id: claim for claim in db.session.scalars(select(Claim).where(live, Claim.lead_id.in_(lead_ids)).order_by(Claim.id))}


def attributed(account_ids: list[int]) -> dict[int, list[Attribution]]:
    """The attribution rows of accounts that count now."""
    found: dict[int, list[Attribution]] = defaultdict(list)
    for row in db.session.scalars(current(Attribution, None, Attribution.account_id.in_(account_ids))):
        found[row.account_id].append(row)
    return found


def won(account_ids: list[int], today: date) -> set[int]:
    """The accounts that somebody of the staff is written to have won already."""
    row = current(Servicing, None, Servicing.account_id.in_(account_ids)).subquery()
    return set(db.session.execute(select(row.c.account_id).where(row.c.role == ServicingRole.ORIGINATOR, row.c.valid_to > today)).scalars())


def staff_here(staff_ids: set[int], day: date) -> set[int]:
    """Those of the staff who have not left."""
    known = current(StaffVersion, None, StaffVersion.staff_id.in_(sorted(staff_ids))).where(is_here(day))
    return set(db.session.execute(known.with_only_columns(StaffVersion.staff_id)).scalars())


def hints(found: list[Arrival], terms: Terms, today: date) -> dict[int, list[dict[str, Any]]]:
    """By lead, what people must look at: the person closed an account not long before, or somebody with the same phone number did."""
    phones = {arrival.place.phone for arrival in found if arrival.place.phone}
    id_nos = {arrival.place.id_no for arrival in found if arrival.place.id_no}
    ids = {*_in_chunks(select(AccountVersion.account_id), AccountVersion.phone_index, phones), *_in_chunks(select(AccountVersion.account_id), AccountVersion.id_no_index, id_nos)}
    closed = [place for place in places_of(ids) if place.closed_on is not None]
    by_phone, by_id = defaultdict(list), defaultdict(list)
    for place in closed:
        by_phone[place.phone].append(place)
        by_id[place.id_no].append(place)
    result: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for arrival in found:
        place, day = arrival.place, arrival.day(today)
        old = {*(by_id[place.id_no] if place.id_no else []), *(by_phone[place.phone] if place.phone else [])}
        for other in sorted(old):
            assert other.closed_on is not None
            if other.account_id != place.account_id and other.closed_on <= day <= months_later(other.closed_on, terms.reopened_months):
                same = (place.id_no and other.id_no == place.id_no) or (not (place.id_no and other.id_no) and other.name == place.name)
                result[arrival.lead.id].append(look("reopened" if same else "other_name", account=other.account_no, day=str(other.closed_on)))
        if arrival.leads > 1:
            result[arrival.lead.id].append(look("several_leads"))
    return result
