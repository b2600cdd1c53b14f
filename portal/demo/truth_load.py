"""The firm of known truth comes in: files through the import; contacts and departures as rows, each known from its own moment on, since what a file
brings is known from the import on and a score of an earlier day would not see it."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from models import db
from models.care import Contact, ContactChannel, ContactOutcome
from models.clients import Account
from models.departures import Departure, DepartureKind, DepartureState, DepartureStep
from models.partners import Broker, Staff
from portal.actors import TERMINAL
from portal.demo.truth_fees import add_fee_requests
from portal.demo.truth_life import Life, account_no
from portal.imports.receive import receive
from portal.imports.recognise import recognise
from portal.imports.run import Options, run_import
from portal.keys import keyring
from portal.refusals import Findings, Refusal
from portal.transaction import transaction
from portal.versions import numbers


def load(life: Life, folder: Path, zone: ZoneInfo) -> None:
    """Bring the firm in. Raises Refusal where something is refused."""
    findings = Findings()
    handed = receive([folder], lambda file: recognise(file) is not None, findings)
    outcome = run_import(handed, actor=TERMINAL, options=Options(keyring=keyring()), findings=findings)
    if outcome.findings.refused:
        first = outcome.findings.listed[0]
        raise Refusal("the made firm's files were refused: %(first)s", first=f"{first.file}:{first.line} {first.field} {first.code} {first.found}")
    with transaction():
        add_contacts(life, zone)
        add_departures(life, zone)
        add_fee_requests(life, zone)


def add_contacts(life: Life, zone: ZoneInfo) -> None:
    """Whom the staff reached, written down in the same minute. Verb."""
    accounts, staff = numbers(Account, "account_no"), numbers(Staff, "staff_no")
    rows = []
    for day, place, number in life.contacts:
        at = datetime.combine(life.days[day], time(10, 30), zone)
        who = {"account_id": accounts[account_no(place)], "staff_id": staff[f"S{number + 1:03d}"], "at": at, "recorded_at": at}
        rows.append({**who, "channel": ContactChannel.CALL.value, "outcome": ContactOutcome.REACHED.value, "note": "", "recorded_by_id": None, "replaces_id": None})
    db.session.execute(insert(Contact), rows)


def add_departures(life: Life, zone: ZoneInfo) -> None:
    """Who left, known from that morning on. Verb."""
    brokers, staff = numbers(Broker, "broker_no"), numbers(Staff, "staff_no")
    for when, broker, number in life.events:
        day = life.days[when]
        at = datetime.combine(day, time(9), zone)
        kind = DepartureKind.BROKER_MOVES if broker else DepartureKind.STAFF_LEAVES
        person = {"broker_id": brokers[f"B{number + 1:03d}"]} if broker else {"staff_id": staff[f"S{number + 1:03d}"]}
        made = Departure(kind=kind.value, state=DepartureState.EFFECTIVE.value, announced_on=day, effective_on=day, cause="", destination="", evidence="", recorded_at=at, **person)
        db.session.add(made)
        db.session.flush()
        after = {"state": DepartureState.EFFECTIVE.value, "announced_on": day.isoformat(), "effective_on": day.isoformat(), "cause": "", "destination": ""}
        db.session.add(DepartureStep(departure_id=made.id, at=at - timedelta(minutes=1), actor_label="file", action="recorded", note="", after=after))
    db.session.flush()
