"""How a person wants to be told: by mail or text message, also at night, and the link in each mail with which he ends them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy import delete, insert, select, update

from models import db
from models.identity import User
from models.outbox import MessageChoice, MessageContact, MessageStop, MessageWay
from portal.actors import Actor, actor_of
from portal.audit import log
from portal.notices.digest import HOURS, USUAL
from portal.notices.kinds import KINDS, Group
from portal.notices.outbox import ALWAYS, digest_of
from portal.refusals import NotFound, Refusal

SALT = "juyuan.unsubscribe"
"""What the link is good for: this and nothing else."""


def mailed() -> list[Group]:
    """The groups of which something goes out at all, in the order of the inbox."""
    return [group for group in Group if group is not Group.DIGEST and any(kind.mail and kind.group == group for kind in KINDS.values())]


def wishes_of(user_id: int | None) -> dict[tuple[str, str], bool]:
    """What a person has said, by group and way."""
    rows = db.session.execute(select(MessageChoice.topic, MessageChoice.way, MessageChoice.wanted).where(MessageChoice.user_id == user_id))
    return {(topic, way): wanted for topic, way, wanted in rows}


def gathered_of(user_id: int | None) -> set[str]:
    """The groups whose mails a person wants in one a day."""
    return set(db.session.execute(select(MessageChoice.topic).where(MessageChoice.user_id == user_id, MessageChoice.digest)).scalars())


def contact_of(user_id: int | None) -> MessageContact | None:
    """Where a person wants text messages; None where he has said nothing."""
    return db.session.execute(select(MessageContact).where(MessageContact.user_id == user_id)).scalar_one_or_none()


def choose(
    wanted: Mapping[tuple[Group, MessageWay], bool], phone_sealed: str | None, any_time: bool, gathered: Collection[str] = (), hour: int = USUAL, *, actor: Actor, moment: datetime
) -> None:
    """Keep by which ways one wants which groups, which of them gathered in one mail a day, and at which hour. Raises Refusal where text messages are wanted and there is no number."""
    if any(yes and way is MessageWay.SMS for (_topic, way), yes in wanted.items()) and not phone_sealed:
        raise Refusal("text messages need a phone number: write one down, or take them away")
    if hour not in HOURS:
        raise Refusal("the mail of a day comes between %(first)s and %(last)s o’clock", first=HOURS[0], last=HOURS[-1])
    db.session.execute(delete(MessageChoice).where(MessageChoice.user_id == actor.user_id))
    rows = [
        {"user_id": actor.user_id, "topic": topic, "way": way, "wanted": yes, "digest": yes and way is MessageWay.MAIL and topic in gathered}
        for (topic, way), yes in wanted.items()
    ]
    if rows:
        db.session.execute(insert(MessageChoice), rows)
    contact = contact_of(actor.user_id)
    if contact is None:
        contact = MessageContact(user_id=actor.user_id)
        db.session.add(contact)
    contact.phone_sealed, contact.any_time, contact.digest_hour = phone_sealed, any_time, hour
    db.session.flush()
    said = sorted(f"{topic}:{way}" for (topic, way), yes in wanted.items() if yes)
    log.write(
        actor,
        moment,
        "outbox.chosen",
        "user",
        str(actor.user_id),
        after={"wanted": said, "any_time": any_time, "phone": bool(phone_sealed), "gathered": sorted(gathered), "hour": hour},
    )


def link_token(secret: str, who: str, topic: str) -> str:
    """The token that ends a group of mails for a person (his public id), or all mails to an address without a sign-in ("@" and its digest)."""
    return str(URLSafeSerializer(secret, salt=SALT).dumps([who, topic]))


def meant(token: str, secret: str) -> tuple[User | None, str, Group]:
    """Whom and what a token is about: a user or the digest of an address, and the group. Raises NotFound for one that was not made here."""
    try:
        who, topic = URLSafeSerializer(secret, salt=SALT).loads(token)
        group = Group(topic)
    except (BadData, ValueError, TypeError) as error:
        raise NotFound("this link was not copied whole: take it from the mail once more") from error
    if str(who).startswith("@"):
        return None, str(who)[1:], group
    user = db.session.execute(select(User).where(User.public_id == str(who))).scalar_one_or_none()
    if user is None:
        raise NotFound("this link was not copied whole: take it from the mail once more")
    return user, "", group


def stop(token: str, secret: str, *, moment: datetime) -> Group:
    """End a group of mails; once more changes nothing. Raises NotFound; Refusal for what is always sent."""
    user, digest, group = meant(token, secret)
    if group in ALWAYS:
        raise Refusal("mails about your sign-in are always sent: they are how you learn that somebody else uses it")
    if user is None:
        if not db.session.execute(select(MessageStop.id).where(MessageStop.address_digest == digest)).first():
            db.session.execute(insert(MessageStop), [{"address_digest": digest, "at": moment}])
        return group
    if group is Group.DIGEST:
        mine_gathered = (MessageChoice.user_id == user.id, MessageChoice.way == MessageWay.MAIL, MessageChoice.digest)
        db.session.execute(update(MessageChoice).where(*mine_gathered).values(wanted=False, digest=False))
        log.write(actor_of(user), moment, "outbox.stopped", "user", str(user.id), after={"topic": group})
        return group
    mine = (MessageChoice.user_id == user.id, MessageChoice.topic == group, MessageChoice.way == MessageWay.MAIL)
    db.session.execute(delete(MessageChoice).where(*mine))
    db.session.execute(insert(MessageChoice), [{"user_id": user.id, "topic": group, "way": MessageWay.MAIL, "wanted": False, "digest": False}])
    log.write(actor_of(user), moment, "outbox.stopped", "user", str(user.id), after={"topic": group})
    return group


def stopper(address: str) -> str:
    """How an address without a sign-in is named in a token."""
    return "@" + digest_of(address)
