"""A lead becomes a client: its claim is settled, and who introduced it is written on the account, pending or as originator.

By hand (`convert`, with the account's number) or where an import brings an account that is a live lead's (`convert_arrivals`,
set-based). Returns the rows that were written, so that a door can renew what is counted by them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from models import db
from models.attribution import Attribution, AttributionState
from models.clients import Account, Servicing, ServicingRole
from models.columns import OPEN_END
from models.confirmations import Conversion, ConversionState, ConvertedHow
from models.leads import Claim, ClaimState, IntroducerKind, Lead, LeadState
from portal.actors import Actor
from portal.audit import log
from portal.audit.recordings import hold_clock, open_recording
from portal.leads import conversion_facts as known
from portal.leads.conversion_facts import Arrival
from portal.leads.conversion_plan import Decision, Spot, decide, look, share_left
from portal.leads.protection import holds
from portal.leads.steps import Facts as StepFacts
from portal.leads.steps import Taken, moved, tell_decided
from portal.leads.terms import Terms, terms
from portal.permissions import Can
from portal.refusals import Conflict, Refusal
from portal.rules import book
from portal.rules.attributing import attribute
from portal.rules.facts import ClientFacts, Facts
from portal.rules.stopping import Clause, judged, many_clauses
from portal.sealing import Keyring
from portal.versions import Difference, write


@dataclass(frozen=True)
class Setting:
    """What a conversion is told from outside: who, when, by which rules."""

    actor: Actor
    moment: datetime
    today: date
    jurisdiction: str
    zone: ZoneInfo
    keyring: Keyring | None = None


@dataclass
class Converted:
    """What came of it: one conversion for each lead, and the rows that were asserted."""

    conversions: list[Conversion] = field(default_factory=list)
    attributions: list[dict[str, Any]] = field(default_factory=list)
    servicing: list[dict[str, Any]] = field(default_factory=list)


def convert(lead: Lead, account_no: str, by: Setting) -> Converted:
    """Say by hand which account a lead opened. An account that no file has brought yet is awaited: the lead goes on when it comes.

    The lead is one over which the caller may work, locked after `hold_clock()`: an import takes the two in that order.
    Raises NotAllowed; Refusal where the lead is not ready; Conflict where it was said already."""
    by.actor.need(Can.LEAD_WORK)
    if lead.state != LeadState.SUITABILITY_PASSED:
        raise Refusal("a lead opens an account once its suitability stands")
    held = db.session.scalars(select(Conversion).where(Conversion.lead_id == lead.id)).first()
    if held is not None and held.state != ConversionState.AWAITED:
        raise Conflict("this lead was converted already")
    number = account_no.strip()
    if not number or len(number) > 64:
        raise Refusal("name the account's number")
    if held is None:
        held = _awaited(lead, number, by)
    held.account_no = number
    db.session.flush()
    log.write(by.actor, by.moment, "lead.account_named", "lead", lead.number, after={"account_no": number})
    if db.session.execute(select(Account.id).where(Account.account_no == number)).scalar() is None:
        return Converted([held])
    return convert_arrivals(by, only=[lead.id], right=Can.LEAD_WORK) or Converted([held])


def foreseen(lead: Lead, account_id: int, by: Setting) -> Decision:
    """What would come of naming an account that is known. Nothing is written."""
    arrival = Arrival(lead, known.places_of([account_id])[0])
    return _decisions([arrival], known.live_claims([lead.id]), by)[lead.id]


def convert_arrivals(by: Setting, *, only: list[int] | None = None, right: Can = Can.IMPORT_FILES) -> Converted:
    """Convert every live lead whose account is there, inside the open transaction. Once more is the same as once.

    An account that a file brings is a fact: its lead is a client from whatever open state it was in. Raises NotAllowed."""
    by.actor.need(right)
    hold_clock()
    found = known.arrivals(by.today, only)
    result = Converted()
    if not found:
        return result
    stood = [(arrival.lead, str(arrival.lead.state)) for arrival in found]
    claims = known.live_claims([arrival.lead.id for arrival in found])
    decisions = _decisions(found, claims, by)
    by_staff = known.won([arrival.place.account_id for arrival in found], by.today)
    lines = []
    for arrival in found:
        decision, claim = decisions[arrival.lead.id], claims.get(arrival.lead.id)
        conversion, line = _settle(arrival, claim, decision, "open_account" if right is Can.LEAD_WORK else "arrive", by)
        result.conversions.append(conversion)
        lines.append(line)
        if decision.opens and decision.share is not None and claim is not None and claim.broker_id is not None:
            result.attributions.append(attribution_row(arrival.place.account_id, claim.broker_id, decision.share, arrival.day(by.today)))
        if decision.state is ConversionState.SERVICING and claim is not None and claim.staff_id is not None and arrival.place.account_id not in by_staff:
            result.servicing.append(row_of_staff(arrival.place.account_id, claim.staff_id, arrival.day(by.today)))
    write_rows(result, by.actor, by.moment, by.jurisdiction, by.keyring)
    db.session.flush()
    log.write_many(by.actor, by.moment, lines)
    tell_decided(stood, by.moment)
    return result


def write_rows(result: Converted, actor: Actor, moment: datetime, jurisdiction: str, keyring: Keyring | None = None) -> None:
    """Assert the rows of some conversions under one recording. Raises Stopped where a rule forbids one. Verb."""
    if not (result.attributions or result.servicing):
        return
    recording = open_recording(actor, moment, "conversion", f"{len(result.conversions)} leads")
    if result.attributions:
        attribute(Difference(Attribution, new=list(result.attributions)), recording.id, jurisdiction, keyring)
    if result.servicing:
        write(Difference(Servicing, new=list(result.servicing)), recording.id)


def attribution_row(account_id: int, broker_id: int, share: int, day: date) -> dict[str, Any]:
    """A pending row from a day on."""
    return {
        "account_id": account_id,
        "broker_id": broker_id,
        "share": share,
        "state": AttributionState.PENDING,
        "valid_from": day,
        "valid_to": OPEN_END,
        "confirmed_on": None,
    }


def _decisions(found: list[Arrival], claims: dict[int, Claim], by: Setting) -> dict[int, Decision]:
    rules = terms()
    looks = known.hints(found, rules, by.today)
    rows = known.attributed([arrival.place.account_id for arrival in found])
    staff = known.staff_here({claim.staff_id for claim in claims.values() if claim.staff_id is not None}, by.today)
    pairs = {(claim.broker_id, one.place.account_id): one.day(by.today) for one in found if (claim := claims.get(one.lead.id)) is not None and claim.broker_id is not None}
    stopped = many_clauses(pairs, by.jurisdiction, by.keyring) if pairs else {}
    late_rules = [rule for rule in book.rules(by.jurisdiction) if "conversion" in rule.asked]
    result = {}
    for arrival in found:
        claim = claims.get(arrival.lead.id)
        if claim is None:
            result[arrival.lead.id] = decide(Spot(None, "", claim_holds=False))
            continue
        day = arrival.day(by.today)
        late = judged([rule for rule in late_rules if rule.holds_on(day)], _claim_facts(arrival, claim, by.zone), day)
        clauses = stopped.get((claim.broker_id or 0, arrival.place.account_id), [])
        result[arrival.lead.id] = decide(_spot(arrival, claim, rows.get(arrival.place.account_id, []), clauses, (late, looks.get(arrival.lead.id, []), staff), rules, by))
    return result


def _claim_facts(arrival: Arrival, claim: Claim, zone: ZoneInfo) -> Facts:
    place = arrival.place
    client = ClientFacts(place.account_id, place.account_no, "", "", opened_on=place.opened_on)
    return Facts(client=client, claimed_on=claim.registered_at.astimezone(zone).date())


def _spot(
    arrival: Arrival, claim: Claim, rows: list[Attribution], clauses: list[Clause], about: tuple[list[Clause], list[dict[str, Any]], set[int]], rules: Terms, by: Setting
) -> Spot:
    late, looks, staff = about
    day = arrival.day(by.today)
    registered = claim.registered_at.astimezone(by.zone).date()
    known_by_number = bool(arrival.lead.phone_index and arrival.lead.phone_index == arrival.place.phone) or bool(
        arrival.lead.id_no_index and arrival.lead.id_no_index == arrival.place.id_no
    )
    other = [] if known_by_number else [look("other_person")]
    mine = next((row for row in rows if row.broker_id == claim.broker_id and row.valid_to > day), None)
    return Spot(
        IntroducerKind(claim.kind),
        claim.state,
        claim.state == ClaimState.DISPUTED or holds(claim.state, claim.protected_until, claim.last_activity_on, max(day, registered), rules),
        tuple(clause.plain for clause in clauses if clause.rule.effect == "block"),
        (*(clause.plain for clause in late), *looks, *other),
        mine.share if mine else None,
        share_left([(row.share, row.valid_from, row.valid_to) for row in rows], day),
        claim.staff_id is None or claim.staff_id in staff,
    )


def _settle(arrival: Arrival, claim: Claim | None, decision: Decision, name: str, by: Setting) -> tuple[Conversion, log.Line]:
    """The lead and its claim taken a step on, with the conversion that says why and its line for the log."""
    lead, place = arrival.lead, arrival.place
    row = arrival.named or _awaited(lead, place.account_no, by, ConvertedHow.BY_IMPORT)
    row.claim_id, row.account_id, row.account_no = claim.id if claim else None, place.account_id, place.account_no
    row.opened_on, row.state, row.reasons, row.share = place.opened_on, decision.state, list(decision.reasons), decision.share
    before, values = lead.state, {"account_no": place.account_no, "how": row.how, "outcome": decision.state.value}
    moved(name, Taken(lead, claim, by.actor, by.moment, by.today, "", StepFacts(account_id=place.account_id, claim_becomes=decision.claim, details=values)))
    after = {**values, "codes": [reason["code"] for reason in decision.reasons], "share": decision.share}
    return row, log.Line("lead.converted", "lead", lead.number, {"state": before}, after)


def row_of_staff(account_id: int, staff_id: int, day: date) -> dict[str, Any]:
    """Who of the staff won an account, from a day on."""
    return {"account_id": account_id, "staff_id": staff_id, "role": ServicingRole.ORIGINATOR, "valid_from": day, "valid_to": OPEN_END}


def _awaited(lead: Lead, account_no: str, by: Setting, how: ConvertedHow = ConvertedHow.BY_HAND) -> Conversion:
    row = Conversion(
        lead_id=lead.id,
        claim_id=None,
        account_no=account_no,
        account_id=None,
        opened_on=None,
        how=how,
        state=ConversionState.AWAITED,
        reasons=[],
        share=None,
        converted_at=by.moment,
        user_id=by.actor.user_id,
        actor_label=by.actor.label,
        decided_label="",
    )
    db.session.add(row)
    return row
