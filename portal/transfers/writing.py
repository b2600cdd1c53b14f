"""Asserting what a transfer changes, under one recording: nothing is edited, so every earlier day and every earlier knowledge stays."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select

from models import db
from models.attribution import Attribution
from models.clients import Servicing, ServicingRole
from models.columns import OPEN_END
from models.partners import Broker, Staff, Upline
from models.transfers import SightEnd
from portal.attribution.history import Claim
from portal.bulk import insert_rows
from portal.refusals import Conflict
from portal.rules import attributing
from portal.rules.attributing import attribute
from portal.sealing import Keyring
from portal.transfers.proposal import Proposal
from portal.versions import Difference, current, numbers, table_of, write


def write_rows(found: Proposal, recording_id: int, today: date, jurisdiction: str, keyring: Keyring | None = None) -> None:
    """Write a proposal inside the open transaction. Nothing counts otherwise before the day from which it was asked.

    Raises Stopped where a rule forbids the new owner what he would gain."""
    brokers = numbers(Broker, "broker_no")
    attribute(attribution_difference(found, brokers), recording_id, jurisdiction, keyring, replace=True)
    for difference in (_servicing(found), _uplines(found, brokers)):
        write(difference, recording_id, replace=True)
    if found.asked.from_broker:
        ended = [one.account_id for one in found.accounts if not _holds(one.after, found.asked.from_broker, today)]
        pairs = ((brokers[found.asked.from_broker], account_id, recording_id) for account_id in ended)
        insert_rows(table_of(SightEnd), ("broker_id", "account_id", "recording_id"), pairs)


def need_lawful(found: Proposal, jurisdiction: str, keyring: Keyring | None = None) -> None:
    """Raises Stopped where a rule forbids what a proposal would write."""
    attributing.need_lawful(attribution_difference(found, numbers(Broker, "broker_no")), jurisdiction, keyring)


def attribution_difference(found: Proposal, brokers: dict[str, int]) -> Difference:
    """The attribution rows that are new, changed or taken back."""
    difference = Difference(Attribution)
    for one in found.accounts:
        before = {(claim.broker_no, claim.valid_from): claim for claim in one.before}
        after = {(claim.broker_no, claim.valid_from): claim for claim in one.after}
        difference.new += [_row(one.account_id, claim, brokers) for key, claim in after.items() if key not in before]
        difference.changed += [_row(one.account_id, claim, brokers) for key, claim in after.items() if key in before and before[key] != claim]
        difference.vanished += [_row(one.account_id, claim, brokers) for key, claim in before.items() if key not in after]
    return difference


def _row(account_id: int, claim: Claim, brokers: dict[str, int]) -> dict[str, Any]:
    values = claim._asdict()
    return {"account_id": account_id, "broker_id": brokers[values.pop("broker_no")], **values, "state": str(claim.state)}


def _holds(claims: tuple[Claim, ...], broker_no: str, today: date) -> bool:
    return any(claim.broker_no == broker_no and claim.valid_from <= today < claim.valid_to for claim in claims)


def _servicing(found: Proposal) -> Difference:
    staff, day = numbers(Staff, "staff_no"), found.asked.day
    difference = Difference(Servicing)
    begun: set[int] = set()
    for one in found.served:
        if one.old is not None:
            row = {name: one.old[name] for name in ("account_id", "staff_id", "role", "valid_from")}
            if one.old["valid_from"] < day:
                difference.changed.append({**row, "valid_to": day})
            else:
                difference.vanished.append({**row, "valid_to": one.old["valid_to"]})
        if one.account_id not in begun:
            begun.add(one.account_id)
            new = {"account_id": one.account_id, "staff_id": staff[one.staff_no], "role": ServicingRole.SERVICER.value, "valid_from": day}
            difference.new.append({**new, "valid_to": OPEN_END})
    return difference


def _uplines(found: Proposal, brokers: dict[str, int]) -> Difference:
    difference = Difference(Upline)
    to = brokers.get(found.asked.to_broker)
    _no_loop(found, to)
    for row in found.below:
        start = max(row["valid_from"], found.asked.day)
        if row["broker_id"] == to:
            continue  # nobody comes below himself: he stays where he is
        new = {"broker_id": row["broker_id"], "upline_id": to, "valid_from": start, "valid_to": row["valid_to"]}
        if row["valid_from"] < found.asked.day:
            difference.changed.append({"broker_id": row["broker_id"], "upline_id": row["upline_id"], "valid_from": row["valid_from"], "valid_to": found.asked.day})
            difference.new.append(new)
        else:
            difference.changed.append(new)
    return difference


def _no_loop(found: Proposal, to: int | None) -> None:
    """Refuse a new owner who stands below one of those who would come below him, on any later day."""
    if to is None or not found.below:
        return
    row = current(Upline).subquery()
    pairs = db.session.execute(select(row.c.broker_id, row.c.upline_id).where(row.c.valid_to > found.asked.day)).all()
    above: dict[int, set[int]] = {}
    for broker, upline in pairs:
        above.setdefault(broker, set()).add(upline)
    reached, wave = set(), {to}
    while wave:
        reached |= wave
        wave = {upline for broker in wave for upline in above.get(broker, ())} - reached
    looped = sorted(one["broker_no"] for one in found.below if one["broker_id"] in reached and one["broker_id"] != to)
    if looped:
        raise Conflict("%(broker)s stands above %(owner)s: the lines would go round in a circle", broker=looped[0], owner=found.asked.to_broker)
