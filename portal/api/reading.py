"""Reading what a program sends: strict JSON of known fields, each of its kind. What is doubtful is refused by its name, never guessed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from typing import Any, NoReturn

from flask_babel import gettext
from werkzeug.datastructures import Headers

from models.introductions import LeadPurpose
from models.partners import PersonKind
from portal.api.faults import BadFields, Malformed, NotJson
from portal.audit.log import canonical
from portal.leads import lead_consents
from portal.leads.people import BadField, Person, person
from portal.notices.kinds import N_

TEXTS = {"name": 120, "phone": 40, "id_no": 40, "email": 254, "kind": 20, "note": 2000}
"""Every text field with its greatest length in characters."""
FIELDS = (*TEXTS, "consents")
REQUEST_KEY = re.compile(r"[\x21-\x7e]{1,255}\Z")
UNKEPT = re.compile(r"[\x00\ud800-\udfff]")
"""NUL and halves of characters: no database keeps them."""


@dataclass(frozen=True)
class Given:
    """A request to register somebody, checked; `written` is its one spelling, for comparing it with an earlier one."""

    person: Person
    agreed: frozenset[str]
    written: str


def request_key(headers: Headers) -> str:
    """The program's own name for its request. Raises Malformed."""
    found = headers.getlist("Idempotency-Key")
    if len(found) != 1 or not REQUEST_KEY.match(found[0]):
        raise Malformed("send one header Idempotency-Key of 1 to 255 visible ASCII characters, a new one for every new request")
    return str(found[0])


def read(content_type: str, body: bytes, today: date) -> Given:
    """What a program asks. Raises NotJson, Malformed, BadFields."""
    if content_type != "application/json":
        raise NotJson("send the body as application/json")
    given = _object(body)
    faults = [(name, N_("there is no such field")) for name in given if name not in FIELDS]
    faults += [(name, fault) for name in FIELDS if name in given and (fault := _fault(name, given[name]))]
    if "name" not in given:
        faults.append(("name", N_("this field is missing")))
    if "phone" not in given and "id_no" not in given:
        faults.append(("phone", N_("give a phone number or an ID number: without one nobody can tell who is meant")))
    if faults:
        raise BadFields([(name.encode("utf-8", "replace").decode()[:60], fault) for name, fault in faults[:50]])
    agreed = _agreed(given.get("consents", []), today)
    return Given(_person({name: given[name] for name in TEXTS if name in given}), agreed, canonical(given))


def _object(body: bytes) -> dict[str, Any]:
    try:
        given = json.loads(body.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number, parse_float=_no_number)
    except (ValueError, RecursionError) as error:
        raise Malformed("the body is no JSON that can be read: UTF-8, every name once, no NaN") from error
    if not isinstance(given, dict):
        raise Malformed("the body is a JSON object")
    return given


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a name stands twice")
    return dict(pairs)


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)


def _fault(name: str, value: Any) -> str:
    """What is wrong with the kind or the length of a field; empty where nothing is."""
    if name == "consents":
        return _consents_fault(value)
    if not isinstance(value, str):
        return N_("this is no text")
    if UNKEPT.search(value):
        return N_("this holds characters that cannot be kept")
    if len(value) > TEXTS[name]:
        return N_("this is too long")
    if name == "kind" and value not in set(PersonKind):
        return N_("this is neither person nor institution")
    return N_("this is empty") if name == "name" and not value.strip() else ""


def _consents_fault(value: Any) -> str:
    if not isinstance(value, list) or len(value) > len(LeadPurpose):
        return N_("this is no list of at most three consents")
    for item in value:
        if not isinstance(item, dict) or set(item) != {"purpose", "text_version"} or item["purpose"] not in [purpose.value for purpose in LeadPurpose]:
            return N_("each consent has a purpose (contact, introducer or marketing) and the text_version that was read")
        if isinstance(item["text_version"], bool) or not isinstance(item["text_version"], int):
            return N_("a text_version is a whole number")
    return "" if len({item["purpose"] for item in value}) == len(value) else N_("a purpose stands twice")


def _agreed(consents: list[dict[str, Any]], today: date) -> frozenset[str]:
    current = {text.purpose: text.version for text in lead_consents.texts_on(today)}
    if any(item["text_version"] != current[item["purpose"]] for item in consents):
        raise BadFields([("consents", N_("this is not the version of the text that counts today"))])
    return frozenset(item["purpose"] for item in consents)


def _person(given: dict[str, str]) -> Person:
    try:
        return person(**{"phone": "", **given})
    except BadField as fault:
        raise BadFields([(fault.field, gettext(fault.message, **fault.values))]) from fault
