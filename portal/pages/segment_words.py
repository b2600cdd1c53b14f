"""Client segments in words: their conditions as a sentence, the form that is typed, and the filter that other lists use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, select
from werkzeug.datastructures import MultiDict

from models import db
from models.partners import PersonKind
from models.segments import ClientSegment, Shared
from models.values.money import NotMoney, parse_yuan
from portal import clock
from portal.clients import segment_keeping
from portal.clients.segments import AsOf, Conditions, meets
from portal.local_day import today
from portal.pages.settled import last_day
from portal.permissions import Can
from portal.refusals import Refusal
from portal.settlement.windows import as_of_day
from portal.web.formats import yuan_text
from portal.web.guard import current_actor
from portal.web.listing import Filter, Label
from portal.web.once import once

LABELS = {
    "equity_from": _l("Equity at least (yuan)"),
    "equity_to": _l("Equity at most (yuan)"),
    "kind": _l("Kind"),
    "age_from": _l("Account open for at least (months)"),
    "age_to": _l("Account open for at most (months)"),
    "fee_from": _l("Retained fee of a year at least (yuan)"),
    "fee_to": _l("Retained fee of a year at most (yuan)"),
    "no_trade_for": _l("No trade for at least (days)"),
    "traded_within": _l("Traded in the last (days)"),
    "no_contact_for": _l("Not spoken with for at least (days)"),
    "contacted_within": _l("Spoken with in the last (days)"),
    "events_from": _l("Club evenings attended in a year, at least"),
}
GROUPS = (
    (_l("Size and kind"), ("equity_from", "equity_to", "kind")),
    (_l("Age of the account"), ("age_from", "age_to")),
    (_l("What they bring"), ("fee_from", "fee_to")),
    (_l("Engagement"), ("no_trade_for", "traded_within", "no_contact_for", "contacted_within", "events_from")),
)
KINDS = {PersonKind.PERSON.value: _l("Person"), PersonKind.INSTITUTION.value: _l("Institution")}
SHARED = {Shared.NOBODY: _l("Only me"), Shared.BRANCH: _l("My branch"), Shared.FIRM: _l("Everybody who looks after clients")}
MONEY = ("equity_from", "equity_to", "fee_from", "fee_to")


def as_of() -> AsOf:
    """As of when a request looks at segments."""
    return once("as of segments", _as_of)


def _as_of() -> AsOf:
    return as_of_day(today(), clock.now(), last_day())


def typed(form: MultiDict[str, str]) -> Conditions:
    """Conditions from a form; an empty field names nothing. Raises Refusal for what cannot be read."""
    given = {one.name: form.get(one.name, "").strip() for one in fields(Conditions)}
    return Conditions(**{name: _read(name, text) for name, text in given.items() if text})


def _read(name: str, text: str) -> Any:
    if name == "kind":
        return text
    try:
        if name in MONEY:
            return parse_yuan(text)
        if not (text.isascii() and text.isdigit() and len(text) < 7):
            raise ValueError(text)
        return int(text)
    except (NotMoney, ValueError) as error:
        raise Refusal("“%(given)s” is no value for %(name)s", given=text[:40], name=str(LABELS[name])) from error


def shown(wanted: Conditions) -> dict[str, str]:
    """Conditions as the form shows them."""
    return {name: yuan_text(value, unit=False).replace(",", "") if name in MONEY else str(value) for name, value in wanted.kept().items()}


def said(wanted: Conditions) -> str:
    """Conditions as one line."""
    parts = []
    for name, value in wanted.kept().items():
        text = str(KINDS.get(value, value)) if name == "kind" else yuan_text(value, unit=False) if name in MONEY else str(value)
        parts.append(f"{LABELS[name]}{_(': ')}{text}")
    return str(_(", ")).join(parts)


def offers() -> Sequence[tuple[str, Label]]:
    """The segments that the reader may use, to choose from."""
    actor = current_actor()
    if not actor.may(Can.SEGMENT_USE):
        return ()
    return [(one.public_id, one.name) for one in db.session.execute(segment_keeping.segments(actor).order_by(ClientSegment.name).limit(200)).scalars()]


def _known(text: str) -> Conditions:
    """The conditions of the segment that an address names. Its number cannot be guessed: a link shares the conditions, never a client whom the
    reader may not see."""
    kept = db.session.execute(select(ClientSegment.conditions).where(ClientSegment.public_id == text)).scalar()
    if kept is None:
        raise ValueError(text)
    return Conditions.read(kept)


def _narrow(wanted: Conditions) -> ColumnElement[bool]:
    return meets(wanted, as_of())


FILTER = Filter("segment", _l("Client segment"), _narrow, read=_known, offers=offers)
"""For every list whose rows stand for an Account and an AccountVersion."""
