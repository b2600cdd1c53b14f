"""What somebody who is no client yet allowed, purpose by purpose, each with the version and digest of the text that he read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from functools import cache
from pathlib import Path

from sqlalchemy import func, select

from models import db
from models.introductions import LeadPurpose
from models.leads import Lead, LeadConsent, LeadDoor
from portal.clients.consents import ConsentText, newest, read_texts

TEXTS = Path(__file__).with_name("consent_texts.json")


@cache
def texts() -> tuple[ConsentText, ...]:
    """Every version of every text, in the order of the file."""
    return read_texts(TEXTS, LeadPurpose)


def texts_on(day: date) -> list[ConsentText]:
    """The text of each purpose that counts on a day."""
    return [newest(texts(), purpose.value, day) for purpose in LeadPurpose]


def edition(day: date) -> str:
    """Which texts count on a day, in one word: what a form carries along, so that nobody agrees to what he did not read."""
    return ".".join(f"{text.purpose}-{text.version}" for text in texts_on(day))


def keep(lead: Lead, purposes: Iterable[str], *, locale: str, door: LeadDoor, moment: datetime, on: date, given: bool = True) -> None:
    """Write down that a person gave (or took back) his consent to these purposes, to the texts of a day."""
    wanted = set(purposes)
    for text in texts_on(on):
        if text.purpose in wanted:
            row = LeadConsent(lead_id=lead.id, purpose=text.purpose, given=given, text_version=text.version, text_digest=text.digest, locale=locale, at=moment, door=door)
            db.session.add(row)
    db.session.flush()


def who_allow(purpose: LeadPurpose, lead_ids: Iterable[int]) -> set[int]:
    """Those of the leads whose last word on a purpose is yes."""
    last = select(func.max(LeadConsent.id)).where(LeadConsent.purpose == purpose, LeadConsent.lead_id.in_(list(lead_ids))).group_by(LeadConsent.lead_id)
    return set(db.session.execute(select(LeadConsent.lead_id).where(LeadConsent.id.in_(last), LeadConsent.given)).scalars())


def last_words(lead_id: int) -> list[LeadConsent]:
    """A person's last word on each purpose on which he said one, in the order of the purposes."""
    last = select(func.max(LeadConsent.id)).where(LeadConsent.lead_id == lead_id).group_by(LeadConsent.purpose)
    said = {row.purpose: row for row in db.session.execute(select(LeadConsent).where(LeadConsent.id.in_(last))).scalars()}
    return [said[purpose.value] for purpose in LeadPurpose if purpose.value in said]
