"""What somebody typed about a person, brought into the one form in which it is kept and looked up.

Phone numbers by phonenumbers (E.164), ID numbers by python-stdnum with their check digit: 身份证 of a person, 统一社会信用代码 of
an institution. What does not hold is refused with the field's name, never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from stdnum.cn import ric, uscc
from stdnum.exceptions import ValidationError

from models.partners import PersonKind
from portal.fields import Expected, prose, words
from portal.notices.kinds import N_
from portal.refusals import Refusal
from portal.sealing import Keyring, normal_id_no

NAME = words(120)
NOTE_LENGTH = 2000
UNFIT = {"missing_value": N_("this is missing: fill it in"), "blank_padded": N_("this begins or ends with a blank: take it away"), "too_long": N_("this is too long: shorten it")}
"""What is said of a text that is not what its field holds, by the code of portal/fields.py."""


@dataclass(frozen=True)
class Person:
    """A person as given, checked. `phone` is E.164 or empty, `id_no` without blanks in capitals or empty; one of the two is there."""

    name: str
    kind: PersonKind
    phone: str
    id_no: str
    email: str = ""
    note: str = ""


class BadField(Refusal):
    """A field that does not hold; `field` names it, so that a form or a row can show it there."""

    def __init__(self, field: str, message: str, **values: object) -> None:
        super().__init__(message, **values)
        self.field = field


def unfit(field: str, error: Expected) -> BadField:
    """What a form or a row shows where a text is not what its field holds."""
    return BadField(field, UNFIT.get(error.code, "this holds characters that cannot be kept"))


def person(*, name: str, phone: str, id_no: str = "", email: str = "", kind: str = "person", note: str = "") -> Person:
    """Check and normalise what was given. Raises BadField, naming the first field that does not hold."""
    if kind not in set(PersonKind):
        raise BadField("kind", "“%(given)s” is neither person nor institution", given=kind[:40])
    try:
        NAME(name)
    except Expected as error:
        raise unfit("name", error) from error
    if len(note) > NOTE_LENGTH:
        raise BadField("note", "this is too long: %(length)s characters, at most %(most)s", length=len(note), most=NOTE_LENGTH)
    try:
        prose(note)
    except Expected as error:
        raise BadField("note", "the note holds characters that cannot be kept") from error
    found = Person(name.strip(), PersonKind(kind), phone_number(phone), _id_no(id_no, PersonKind(kind)), _email(email), note.strip())
    if not found.phone and not found.id_no:
        raise BadField("phone", "give a phone number or an ID number: without one nobody can tell who is meant")
    return found


def index_of(keyring: Keyring, person: Person) -> tuple[str, str]:
    """The blind indexes of phone and ID number, empty where there is none: the same as those of clients' accounts."""
    return keyring.blind_index(person.phone), keyring.blind_index(person.id_no)


def phone_number(text: str) -> str:
    """A phone number in one form (E.164), or nothing. Raises BadField where it is none."""
    text = text.strip()
    if not text:
        return ""
    try:
        number = phonenumbers.parse(text, "CN")
    except phonenumbers.NumberParseException as error:
        raise BadField("phone", "“%(given)s” is no phone number, such as 138 0000 8000 or +852 5123 4567", given="…" + text[-4:]) from error
    if not phonenumbers.is_valid_number(number):
        raise BadField("phone", "“%(given)s” is no phone number that exists in its country: check the digits", given="…" + text[-4:])
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _id_no(text: str, kind: PersonKind) -> str:
    text = normal_id_no(text.strip())
    if not text:
        return ""
    check = ric if kind is PersonKind.PERSON else uscc
    try:
        return str(check.validate(text))
    except ValidationError as error:
        raise BadField("id_no", "this ID number does not hold: its length, its date or its check digit is wrong") from error


def _email(text: str) -> str:
    text = text.strip()
    if not text:
        return ""
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise BadField("email", "“%(given)s” is no mail address", given=text[:80]) from error
