"""A new broker's rows, made and sealed as an import makes them: himself, active, his licence, his agreement."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from models import db
from models.columns import OPEN_END
from models.commission import Plan
from models.onboarding import Application, Item
from models.partners import Branch, Broker, BrokerState, PersonKind, Staff
from portal.commission.files import AGREEMENTS
from portal.masters import Line, MasterFile, to_rows
from portal.partners import files as partners
from portal.sealing import Keyring
from portal.versions import Difference, bring, numbers, write


def write_broker(row: Application, shown: Mapping[str, Mapping[str, Any]], recording_id: int, keyring: Keyring) -> None:
    """Assert the broker under a recording, inside the open transaction. He is active from the first day of his agreement on."""
    licence, agreement = shown[Item.LICENCE], shown[Item.AGREEMENT]
    ids = {Broker: bring(Broker, "broker_no", {}, [row.broker_no]), Branch: numbers(Branch, "branch_no"), Staff: numbers(Staff, "staff_no"), Plan: numbers(Plan, "plan_code")}
    first = date.fromisoformat(agreement["valid_from"])
    whom = {"broker_no": row.broker_no}
    _write(partners.BROKERS, whom | _himself(row, ids, keyring), ids, recording_id, keyring)
    _write(partners.BROKER_STATUSES, whom | {"status": BrokerState.ACTIVE.value, "valid_from": first, "valid_to": OPEN_END}, ids, recording_id, keyring)
    _write(partners.LICENCES, whom | {"licence_no": licence["licence_no"], **_span(licence)}, ids, recording_id, keyring)
    _write(AGREEMENTS, whom | {"plan_code": agreement["plan_code"], **_span(agreement)}, ids, recording_id, keyring)


def _himself(row: Application, ids: Mapping[type[Any], dict[str, int]], keyring: Keyring) -> dict[str, Any]:
    named = {model: {key: number for number, key in ids[model].items()} for model in (Branch, Staff)}
    return {
        "name": row.name,
        "kind": PersonKind(row.kind).value,
        "id_no": keyring.open(row.id_no_sealed, f"application.id_no_sealed:{row.public_id}"),
        "phone": keyring.open(row.phone_sealed, f"application.phone_sealed:{row.public_id}"),
        "email": row.email,
        "branch_no": named[Branch][row.branch_id],
        "manager_staff_no": named[Staff].get(row.manager_staff_id or 0, ""),
    }


def _write(spec: MasterFile, values: dict[str, Any], ids: Mapping[type[Any], dict[str, int]], recording_id: int, keyring: Keyring) -> None:
    found = Difference(spec.model)
    found.new = list(to_rows(spec, [Line(None, values)], ids, keyring))
    write(found, recording_id, keyring=keyring)
    db.session.flush()


def _span(values: Mapping[str, Any]) -> dict[str, date]:
    return {name: date.fromisoformat(values[name]) for name in ("valid_from", "valid_to")}
