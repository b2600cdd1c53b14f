"""Consents: for what may the firm use a client's data? Given and withdrawn one purpose at a time, each with the text that was read.

A newer version of a text asks anew: what was given to an older one stands for that one only.
"""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path

from sqlalchemy import func, select

from models import db
from models.consents import Consent, ConsentPurpose
from portal.actors import Actor
from portal.audit import log
from portal.permissions import Can
from portal.refusals import Conflict, NotFound

TEXTS = Path(__file__).with_name("consent_texts.json")


@dataclass(frozen=True)
class ConsentText:
    """A version of the text of a purpose, in both languages; `digest` covers all of it."""

    purpose: str
    version: int
    valid_from: date
    titles: Mapping[str, str]
    texts: Mapping[str, str]
    digest: str


@dataclass(frozen=True)
class Standing:
    """A purpose as it stands for a client: the text of today, his last row, and whether it allows what the text says."""

    text: ConsentText
    last: Consent | None

    @property
    def given(self) -> bool:
        """Whether the client allows it, to the text of today."""
        return self.last is not None and self.last.given and self.last.text_version == self.text.version

    @property
    def to_older_text(self) -> bool:
        """Whether he allowed it to a text that has been replaced."""
        return self.last is not None and self.last.given and self.last.text_version != self.text.version


@cache
def texts() -> tuple[ConsentText, ...]:
    """Every version of every text, in the order of the file."""
    return read_texts(TEXTS, ConsentPurpose)


def read_texts(path: Path, purposes: type[enum.StrEnum]) -> tuple[ConsentText, ...]:
    """The texts of a file. Raises ValueError for a purpose that there is not."""
    found = []
    for item in json.loads(path.read_text(encoding="utf-8")):
        digest = hashlib.sha256(json.dumps(item, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
        words = {language: item[language] for language in ("zh", "en")}
        titles, bodies = ({language: value[name] for language, value in words.items()} for name in ("title", "text"))
        found.append(ConsentText(purposes(item["purpose"]).value, item["version"], date.fromisoformat(item["valid_from"]), titles, bodies, digest))
    return tuple(found)


def text_of(purpose: str, on: date) -> ConsentText:
    """The text of a purpose that counts on a day: the newest that has begun. Raises NotFound where there is no such purpose."""
    return newest(texts(), purpose, on)


def newest(these: Iterable[ConsentText], purpose: str, on: date) -> ConsentText:
    """The newest of these texts of a purpose that has begun on a day. Raises NotFound."""
    begun = [text for text in these if text.purpose == purpose and text.valid_from <= on]
    if not begun:
        raise NotFound("there is no consent called %(purpose)s", purpose=purpose)
    return max(begun, key=lambda text: text.version)


def standings(client_no: str, on: date) -> list[Standing]:
    """Every purpose as it stands for a client."""
    newest = select(func.max(Consent.id)).where(Consent.client_no == client_no).group_by(Consent.purpose)
    last = {row.purpose: row for row in db.session.execute(select(Consent).where(Consent.id.in_(newest))).scalars()}
    return [Standing(text_of(purpose.value, on), last.get(purpose.value)) for purpose in ConsentPurpose]


def history(client_no: str) -> list[Consent]:
    """Everything a client gave or withdrew, the newest first."""
    return list(db.session.execute(select(Consent).where(Consent.client_no == client_no).order_by(Consent.id.desc())).scalars())


def decide(actor: Actor, moment: datetime, purpose: str, *, given: bool, version: int, locale: str, on: date) -> Consent:
    """Give or withdraw the actor's own consent to a purpose.

    Raises NotAllowed, NotFound for a purpose that is none or for somebody who is no client, Conflict where the text has
    changed since it was read or it stands as asked already.
    """
    actor.need(Can.CONSENT_GIVE)
    if not actor.client_no or actor.user_id is None:
        raise NotFound("your sign-in is not bound to a client")
    text = text_of(purpose, on)
    if given and version != text.version:
        raise Conflict("the text has changed since you read it: read it again")
    standing = next(one for one in standings(actor.client_no, on) if one.text.purpose == purpose)
    if standing.given == given and not standing.to_older_text:
        raise Conflict("this consent stands as you ask already")
    row = Consent(client_no=actor.client_no, purpose=purpose, given=given, text_version=text.version, text_digest=text.digest, locale=locale, at=moment, user_id=actor.user_id)
    db.session.add(row)
    db.session.flush()
    after = {"purpose": purpose, "given": given, "text_version": text.version, "text_digest": text.digest}
    log.write(actor, moment, "clients.consent.given" if given else "clients.consent.withdrawn", "client", actor.client_no, after=after)
    return row


def allows(client_no: str, purpose: ConsentPurpose, on: date) -> bool:
    """Whether a client allows a purpose on a day, to the text of that day: what any use of his data asks first."""
    return next(one for one in standings(client_no, on) if one.text.purpose == purpose.value).given
