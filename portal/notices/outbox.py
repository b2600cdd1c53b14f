"""Messages that go out: written in the transaction of what they tell of, each once."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import aliased

from models import db
from models.identity import User, UserState
from models.outbox import MessageChoice, MessageContact, MessageState, MessageWay, OutboxMessage
from portal.notices.digest import USUAL, next_at
from portal.notices.kinds import Group, Kind
from portal.notices.quiet import opens
from portal.sealing import Keyring
from portal.transaction import on_postgresql

CHUNK = 5_000
ALWAYS = (Group.ACCOUNT,)
"""What nobody can turn off by mail: somebody took over a sign-in, or a link was asked for."""
Row = tuple[int, str, Mapping[str, str | int]]


@dataclass(frozen=True)
class Letter:
    """What goes with a message. `key`: what it tells of, so that the same is not written twice (empty: its link at this moment);
    `about`: what hangs on it; nothing is sent after `until`."""

    key: str = ""
    about: Mapping[str, Any] = field(default_factory=dict)
    until: datetime | None = None


PLAIN = Letter()


@dataclass(frozen=True)
class Guest:
    """Somebody without a sign-in who gave an address: in which language, where his message leads, and who brought him (`ref`)."""

    address: str
    locale: str
    link: str
    values: Mapping[str, str | int]
    ref: str = ""


def write(rows: Iterable[Row], kind: Kind, letter: Letter, moment: datetime) -> None:
    """Write messages for those of the users who want them: (user, link, values) each. Nothing for a kind without a mail."""
    if not kind.mail:
        return
    told = list(rows)
    for start in range(0, len(told), CHUNK):
        part = told[start : start + CHUNK]
        wishes = _wishes({user_id for user_id, _link, _values in part}, kind.group)
        _insert(
            _columns(
                kind,
                way,
                letter,
                moment,
                link,
                values,
                f"{user_id}:{digest_of(link)[:8]}",
                user_id=user_id,
                urgent=kind.urgent or wish.any_time,
                **_when(wish, way, kind, letter, moment),
            )
            for user_id, link, values in part
            for wish in [wishes.get(user_id, NOTHING)]
            for way in wish.ways
        )


def write_to_guests(guests: Iterable[Guest], kind: Kind, letter: Letter, moment: datetime) -> None:
    """Write mails to people without a sign-in."""
    _insert(
        _columns(
            kind,
            MessageWay.MAIL,
            letter,
            moment,
            guest.link,
            guest.values,
            f"{digest_of(guest.address)[:24]}:{guest.ref}",
            address=guest.address,
            locale=guest.locale,
            urgent=kind.urgent,
        )
        for guest in guests
    )


def write_secret(user: User, kind: Kind, link: str, letter: Letter, moment: datetime, keyring: Keyring) -> None:
    """Write a mail whose link only its receiver may know: it is sealed until it is sent."""
    row = _columns(kind, MessageWay.MAIL, letter, moment, "", {}, f"{user.id}", user_id=user.id, urgent=kind.urgent)
    _insert([row | {"secret_sealed": keyring.seal(link, f"outbox_message.secret_sealed:{row['business_key']}")}])


def write_secret_to_guest(guest: Guest, kind: Kind, letter: Letter, moment: datetime, keyring: Keyring) -> None:
    """The same to somebody without a sign-in: his link, a whole address, is sealed until it is sent."""
    who = f"{digest_of(guest.address)[:24]}:{guest.ref}"
    row = _columns(kind, MessageWay.MAIL, letter, moment, "", guest.values, who, address=guest.address, locale=guest.locale, urgent=kind.urgent)
    _insert([row | {"secret_sealed": keyring.seal(guest.link, f"outbox_message.secret_sealed:{row['business_key']}")}])


def forget_addresses(addresses: Collection[str], kind: str) -> int:
    """Delete the messages of a kind that went, or are to go, to these addresses of people without a sign-in. Returns how many."""
    gone = delete(OutboxMessage).where(OutboxMessage.kind == kind, OutboxMessage.user_id.is_(None), OutboxMessage.address.in_(addresses))
    return int(db.session.execute(gone, execution_options={"synchronize_session": False}).rowcount) if addresses else 0  # type: ignore[attr-defined]


def digest_of(address: str) -> str:
    """What is kept of an address that wants nothing more."""
    return hashlib.sha256(address.strip().lower().encode()).hexdigest()


class Wish(NamedTuple):
    """How a user wants a group: by which ways, whether at any time, and at which hour its mails gathered in one (None: at once)."""

    ways: Sequence[MessageWay]
    any_time: bool = False
    hour: int | None = None


NOTHING = Wish(())


def _when(wish: Wish, way: MessageWay, kind: Kind, letter: Letter, moment: datetime) -> dict[str, Any]:
    """Whether a message waits for the one mail of its day, and until when: not what is urgent or would be too late then."""
    if way is not MessageWay.MAIL or wish.hour is None or kind.urgent:
        return {}
    at = next_at(moment, wish.hour)
    return {} if letter.until is not None and letter.until <= at else {"digest": True, "send_at": at}


def _wishes(user_ids: set[int], topic: Group) -> dict[int, Wish]:
    """How each user wants a group; who has no open sign-in is left out."""
    mail, sms = aliased(MessageChoice), aliased(MessageChoice)
    query = select(User.id, mail.wanted, sms.wanted, mail.digest, MessageContact.any_time, MessageContact.phone_sealed, MessageContact.digest_hour)
    query = query.outerjoin(mail, (mail.user_id == User.id) & (mail.topic == topic) & (mail.way == MessageWay.MAIL))
    query = query.outerjoin(sms, (sms.user_id == User.id) & (sms.topic == topic) & (sms.way == MessageWay.SMS))
    query = query.outerjoin(MessageContact, MessageContact.user_id == User.id)
    found: dict[int, Wish] = {}
    for user_id, by_mail, by_sms, gathered, any_time, phone, hour in db.session.execute(query.where(User.id.in_(user_ids), User.state != UserState.DISABLED)):
        ways = [MessageWay.MAIL] if by_mail is not False or topic in ALWAYS else []
        found[user_id] = Wish([*ways, MessageWay.SMS] if by_sms and phone else ways, bool(any_time), (hour or USUAL) if gathered and topic not in ALWAYS else None)
    return found


def _columns(kind: Kind, way: MessageWay, letter: Letter, moment: datetime, link: str, values: Mapping[str, Any], who: str, *, urgent: bool, **more: Any) -> dict[str, Any]:
    key = letter.key or hashlib.sha256(f"{link} {moment.isoformat()}".encode()).hexdigest()[:24]
    plain: dict[str, Any] = {"user_id": None, "address": "", "locale": "", "secret_sealed": None, "failure": "", "attempts": 0, "digest": False}
    return {
        **plain,
        "business_key": f"{way}:{kind.kind}:{key}:{who}"[:400],
        "way": way,
        "kind": kind.kind,
        "link": link[:400],
        "values": dict(values),
        "about": dict(letter.about),
        "urgent": urgent,
        "state": MessageState.WAITING,
        "created_at": moment,
        "send_at": moment if urgent else opens(moment),
        "until": letter.until,
        **more,
    }


def _insert(rows: Iterable[dict[str, Any]]) -> None:
    """Write rows; one whose business key is there already stays as it was."""
    listed = list(rows)
    if listed:
        make = postgresql_insert if on_postgresql() else sqlite_insert
        db.session.execute(make(OutboxMessage).on_conflict_do_nothing(index_elements=["business_key"]), listed)
