"""What a telephone system is told of a number: amounts in fen, the risk degree in hundredths of a per cent, days and moments as ISO 8601."""

from __future__ import annotations

from datetime import date
from typing import Any

from portal.care.caller import Caller, CallerAccount, Found


def told(found: Found, page: str, lead_form: str | None, settled: date | None) -> dict[str, Any]:
    """A look-up as plain data; `page` is the address that shows it, `lead_form` the one that registers a number nobody has."""
    return {
        "known": found.known,
        "as_of": settled.isoformat() if settled else None,
        "page": page,
        "lead_form": lead_form,
        "callers": [_caller(one) for one in found.callers],
        "looked_after_by": [_person(one.staff_no, one.name) for one in found.elsewhere],
        "staff": [_person(*one) for one in found.staff],
        "brokers": [_person(*one) for one in found.brokers],
    }


def _person(number: str, name: str) -> dict[str, str]:
    return {"number": number, "name": name}


def _caller(one: Caller) -> dict[str, Any]:
    return {
        "client_no": one.client_no,
        "name": one.name,
        "kind": one.kind,
        "grade": one.grade or None,
        "grade_until": one.grade_until.isoformat() if one.grade_until else None,
        "consents": one.consents,
        "next_event": {"title": one.next_event[0], "starts_at": one.next_event[2].isoformat()} if one.next_event else None,
        "accounts": [_account(account) for account in one.accounts],
        "contacts": [{"at": said.at.isoformat(), **{name: getattr(said, name) for name in ("channel", "outcome", "note", "staff_no")}} for said in one.contacts],
        "tasks": [{**{name: getattr(task, name) for name in ("kind", "note", "staff_no")}, "due_on": task.due_on.isoformat()} for task in one.tasks],
    }


def _account(one: CallerAccount) -> dict[str, Any]:
    return {
        "account_no": one.account_no,
        "closed": one.closed,
        "equity": one.equity,
        "risk_degree": one.risk_degree,
        "served_by": [_person(servicer.staff_no, servicer.name) for servicer in one.servicers],
        "introduced_by": [_person(*introducer) for introducer in one.introducers],
    }
